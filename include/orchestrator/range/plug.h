/*
 * Plugs: a guest's interfaces taken off their networks and put back while it runs. The host's end of the interface goes down: the guest sees its cable
 * pulled, keeps its addresses and routes, and its root cannot reach that end. What is unplugged is remembered beside the guests' disks
 * (exercises/EX/guests/unplugged/tN.HOST.NETWORK): a guest that is made anew stays unplugged until it is plugged.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_PLUG_H
#define TORIDE_ORCHESTRATOR_RANGE_PLUG_H

#include "orchestrator/range/state.h"

/* Takes a port that was just made off its network again where that is remembered. */
int plug_restore(struct range *range, const struct mark *guest, const char *network, const char *port, struct error **err);

/* ["office", …]: the networks that the guest is off. New reference. */
json_t *plug_list(const struct range *range, const char *exercise, int team, const char *host);

#endif
