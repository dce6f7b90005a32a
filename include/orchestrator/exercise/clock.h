/*
 * A team's exercise clock. Pure: the caller says what CLOCK_MONOTONIC shows. Counts microseconds inside, so that pausing never
 * rounds time away.
 *
 *     ready --run--> running --pause--> paused --run--> running ... --end--> ended (from any state)
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_CLOCK_H
#define TORIDE_ORCHESTRATOR_EXERCISE_CLOCK_H

#include <stdint.h>

enum clock_state { CLOCK_READY, CLOCK_RUNNING, CLOCK_PAUSED, CLOCK_ENDED };
extern const char *const clock_state_names[]; /* "ready", "running", "paused", "ended" */

struct clock {
	enum clock_state state;
	int64_t duration_us; /* it never shows more */
	int64_t shown_us;    /* when it last changed state */
	int64_t since_us;    /* CLOCK_MONOTONIC then */
};

void clock_init(struct clock *clock, int64_t duration_ms);
int64_t clock_ms(const struct clock *clock, int64_t now_us);

void clock_run(struct clock *clock, int64_t now_us);   /* from ready or paused; otherwise nothing */
void clock_pause(struct clock *clock, int64_t now_us); /* from running; otherwise nothing */
void clock_end(struct clock *clock, int64_t now_us);
/* Makes it show what a journal says, without running. */
void clock_set(struct clock *clock, enum clock_state state, int64_t ms);

/* When a running clock will show `ms`, on CLOCK_MONOTONIC. */
int64_t clock_when_us(const struct clock *clock, int64_t ms);

#endif
