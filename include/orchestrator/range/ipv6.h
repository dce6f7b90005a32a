/*
 * IPv6 off where the range has none: on the host's ends of guests' interfaces (so that the host says nothing into them), and inside guests (a
 * link-local address would be a second way around the firewalls' rules). Done from outside when all guests have started, by one thread: each write
 * waits, busily, for a lock that every start of a guest takes again and again; a guest's own init would spend more on it than on all else.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_IPV6_H
#define TORIDE_ORCHESTRATOR_RANGE_IPV6_H

#include "orchestrator/range/kind.h"

/* For every guest that has just been made (it is held open): its ports, then itself. */
int ipv6_off(const struct work *works, size_t count, struct error **err);

/* No interface in the process's network has an IPv6 address. */
bool ipv6_is_off(pid_t pid);

#endif
