/* The wall of a bridge: an nftables netdev table "toride-BRIDGE" with our mark as its comment. The only caller of libnftnl. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_WALL_H
#define TORIDE_ORCHESTRATOR_RANGE_WALL_H

#include "orchestrator/range/bridge.h"

int wall_create(const char *bridge, const char *mark, struct error **err);
int wall_destroy(const char *bridge, struct error **err); /* one that is not there is fine */
/* -1 with *err unless the wall stands as it was made: nothing of it gone, nothing let through. */
int wall_check(const char *bridge, struct error **err);
int wall_each(const char *site, bridge_visit *visit, void *context, struct error **err);

#endif
