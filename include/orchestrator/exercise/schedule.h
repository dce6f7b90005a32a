/*
 * What one team's exercise still has to send and to play, and when. Pure: it reads the step graph (attacker/attack.h) and
 * exercise time.
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_SCHEDULE_H
#define TORIDE_ORCHESTRATOR_EXERCISE_SCHEDULE_H

#include "attacker/attack.h"

struct schedule {
	const struct scenario *scenario; /* borrowed */
	struct graph *graph;
	bool *sent;   /* per inject */
	bool *played; /* per solution step */
};

void schedule_init(struct schedule *schedule, const struct scenario *scenario);
void schedule_finish(struct schedule *schedule);

/* The earliest that is due and was not yet sent or played, or NULL; the caller marks it. */
const struct inject *schedule_inject_due(const struct schedule *schedule, int64_t now_ms);
const struct solution_step *schedule_play_due(const struct schedule *schedule, int64_t now_ms);

/* When something will be due, as far as can be foreseen; INT64_MAX: nothing. `steps`, `bot`: whether those count. */
int64_t schedule_next_ms(const struct schedule *schedule, bool steps, bool bot);

#endif
