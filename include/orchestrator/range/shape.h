/*
 * Shapes: what a network is made worse by (rate, delay, loss), as a queueing discipline on the host's end of each port: for what goes to that guest.
 * A rate alone is a token bucket (tbf), which every kernel has; delay and loss, and a rate beside them, are netem's. Where the kernel
 * has no netem the rate is still kept.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_SHAPE_H
#define TORIDE_ORCHESTRATOR_RANGE_SHAPE_H

#include "orchestrator/range/state.h"

/* `nics` of a host, each on its port; those of a network that is made no worse are left alone. */
int shape_ports(struct range *range, const struct nic *nics, size_t count, const char (*ports)[IFNAME_MAX], struct error **err);

#endif
