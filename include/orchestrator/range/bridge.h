/*
 * A network's bridge on the host, and the wall in front of the host: an nftables netdev table that drops whatever a guest sends
 * towards the host's own stack. No address, no IPv6. Needs the host's own network namespace, and /sys mounted from it.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_BRIDGE_H
#define TORIDE_ORCHESTRATOR_RANGE_BRIDGE_H

#include "orchestrator/range/mark.h"

/* Makes the bridge, its wall, and takes it up. */
int bridge_create(const struct mark *mark, struct error **err);
/* Removes the bridge `name`, guests' ports still on it, and its wall; what is not there is fine. The caller knows that it is
 * ours. */
int bridge_destroy(const char *name, struct error **err);

/* Takes IPv6 off an interface of the host; one that is gone, or a kernel without IPv6, is fine. */
int interface_without_ipv6(const char *name, struct error **err);

/* Takes an interface of the host up or down; one that is not there is fine. */
int interface_switch(const char *name, bool up, struct error **err);

/* The bridge learns no addresses from this port of a guest; it knows the guest's own. The table of what a bridge has learned is the
 * host's memory, counted against nobody: a guest that sends with ever new addresses would fill it. Other addresses that a guest
 * takes still work: their frames go to every port. */
int port_learns_nothing(const char *port, const char *mac, struct error **err);

/* Calls `visit` for each bridge and each wall (table) that is ours by its mark or, for a bridge not marked yet, by its name and
 * hardware address: then `mark` is NULL. */
typedef void bridge_visit(const char *name, const struct mark *mark, bool is_wall, void *context);
int bridge_each(const char *site, bridge_visit *visit, void *context, struct error **err);

#endif
