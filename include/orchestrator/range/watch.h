/* Watches running guests (their controllers' pidfds, on a thread of its own) and tells of one that stops although nobody asked
 * for it. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_WATCH_H
#define TORIDE_ORCHESTRATOR_RANGE_WATCH_H

#include "orchestrator/range/state.h"

struct watch *watch_create(void);
void watch_destroy(struct watch *watch);

/* From now on the guest's end is unexpected; a guest that is watched already is watched anew. */
void watch_add(struct watch *watch, const struct mark *mark, virDomainPtr domain);
/* We are about to stop it ourselves. */
void watch_remove(struct watch *watch, const struct mark *mark);

#endif
