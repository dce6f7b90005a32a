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
};

/*
 * The host's routes, by address of the target, the default last; the caller frees. The default leads to the nearest network of kind `internet`
 * (which then has no entry of its own). A host on such a network, and one that has closed networks only, has none.
 */
struct route *routes_find(const struct scenario *scenario, const struct host *host, size_t *count);

/* Address of the nearest host whose role resolves (the host's own if it is one; among equals the smaller name); 0: none can be reached. */
uint32_t resolver_find(const struct scenario *scenario, const struct host *host);

#endif
