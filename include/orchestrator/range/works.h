/* A plan's resources on their way into being, and the lock on the exercise that they are part of. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_WORKS_H
#define TORIDE_ORCHESTRATOR_RANGE_WORKS_H

#include "orchestrator/range/kind.h"

/*
 * One at a time makes, removes or verifies; any number may reset hosts, but not while one of the former is at work. The descriptor holds the lock:
 * a dead process's is gone. Waits for a few seconds; to reset or verify, which are soon done, for a minute. Only LOCK_TO_MAKE makes the exercise's folder.
 */
enum lock_purpose { LOCK_TO_MAKE, LOCK_TO_REMOVE, LOCK_TO_RESET, LOCK_TO_VERIFY };
int exercise_lock(const struct range *range, const char *exercise, enum lock_purpose purpose, struct error **err);

/* False: somebody holds the lock just now. */
bool exercise_is_still(const struct range *range, const char *exercise);

/* Who makes or uses cached folders holds it shared (LOCK_SH) until disks that stand on them are written; who removes some, alone (LOCK_EX). Waits. */
int cache_lock(const struct range *range, int how, struct error **err);

/* One for each of the plan's resources, by its indexes, with their digests; `cancel` may be NULL. NULL with *err. */
struct work *works_create(struct range *range, const struct plan *plan, int block, const volatile bool *cancel,
			  struct error **err);
/* Closes the guests that are held open, too. NULL is fine. */
void works_destroy(struct work *works, size_t count);

#endif
