/*
 * When the simulated staff acts, and what it does: turns. Pure: what comes next follows from the team, the person and the number of the turn alone, on a
 * time of the staff's own ("work"), which is the team's exercise time as fast as the load says. So a restart goes on where the journal says, and every
 * run of the same class is the same.
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_TURN_H
#define TORIDE_ORCHESTRATOR_EXERCISE_TURN_H

#include <stddef.h>
#include <stdint.h>

enum { LOAD_FULL_PERCENT = 100, LOAD_MAX_PERCENT = 200 };

struct work_clock { /* work is counted in hundredths of a millisecond: at a load of 100 % a millisecond is 100 */
	int percent;
	int64_t done;	  /* work done when the load was last changed */
	int64_t since_ms; /* exercise time then */
};

void work_init(struct work_clock *clock);
int64_t work_done(const struct work_clock *clock, int64_t now_ms);
void work_set_load(struct work_clock *clock, int percent, int64_t now_ms);
/* Exercise time at which so much will be done; INT64_MAX at a load of 0. */
int64_t work_when_ms(const struct work_clock *clock, int64_t work);

struct turns { /* of one person of one team */
	int team;
	const char *person;
	int64_t pace_ms;
	int64_t number;
	int64_t due; /* in work: the next turn; the mean gap between two is pace_ms at a load of 100 % */
};

void turns_init(struct turns *turns, int team, const char *person, int64_t pace_ms);
/* Which of `count` things is done in the turn that is due. */
size_t turns_pick(const struct turns *turns, size_t count);
/* On to the first turn after that much work: what was missed is not made up for. */
void turns_pass(struct turns *turns, int64_t work);

#endif
