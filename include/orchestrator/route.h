/*
 * Routes: how a host of the plan reaches the networks that it is not attached to, and who answers its DNS questions. Pure.
 *
 * The way is the one over the fewest hosts whose role forwards; among equals the one whose first such host has the smaller name.
 */
#ifndef TORIDE_ORCHESTRATOR_ROUTE_H
#define TORIDE_ORCHESTRATOR_ROUTE_H

#include "orchestrator/scenario.h"

struct route {
	const struct network *to; /* NULL: default */
	uint32_t via;		  /* host byte order */
	bool by_dhcp;		  /* the guest learns it with its address */
};

/*
 * The host's routes, by address of the target, the default last; the caller frees. The default leads to the nearest network of kind `internet`
 * (which then has no entry of its own). A host on such a network, and one that has closed networks only, has none. Over a nic with dhcp there is
 * one route only: the default, to the network's router.
 */
struct route *routes_find(const struct scenario *scenario, const struct host *host, size_t *count);

/* What a DHCP server tells as the way out of the network: the first forwarding host towards the internet; where no way leads there (a closed
 * network) the forwarding host on it with the smallest name; 0: there is none. */
uint32_t router_find(const struct scenario *scenario, const struct network *network);

/* The interface by which the other is reached: the nearest, among equals the first of sorted_nics(); NULL: no way leads there. */
const struct nic *route_target(const struct scenario *scenario, const struct host *host, const struct host *other);

/* The forwarding host that the host's routes name for a network that it is not on; *out: its own interface towards it. NULL: no route. */
const struct host *route_next(const struct scenario *scenario, const struct host *host, const struct network *to,
			      const struct nic **out);

/* Address of the nearest host whose role resolves (the host's own if it is one; among equals the smaller name); 0: none can be reached. No
 * way into or out of a closed network counts. */
uint32_t resolver_find(const struct scenario *scenario, const struct host *host);

#endif
