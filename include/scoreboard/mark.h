/*
 * Marks: what one objective or duty of one team is worth, by the facts so far (docs/scoring.md). Pure; internal to scoreboard/score/ but for the
 * names of states.
 */
#ifndef TORIDE_SCOREBOARD_MARK_H
#define TORIDE_SCOREBOARD_MARK_H

#include "scoreboard/compare.h"
#include "scoreboard/record.h"
#include "scoreboard/timing.h"

enum mark_state { MARK_OPEN, MARK_PARTIAL, MARK_DONE, MARK_MISSED, MARK_UNMEASURED };
extern const char *const mark_state_names[]; /* "open", "partial", "done", "missed", "unmeasured" */

struct mark {
	enum mark_state state;
	int64_t points_milli; /* with the cost of hints: may be below 0 */
	int64_t max_milli;
	int64_t measured_milli; /* of the maximum, what could be measured */
	int64_t at_ms;		/* when what counts was done; NEVER */
	struct timing timing;	/* full_by_ms, for a duty: due */
	bool provisional;	/* a rubric waits for its grade */
	json_t *why;		/* lines are added when it is a list; NULL: nobody asks */
};

/* `mark` is zeroed but for `why`, which is borrowed. */
void mark_objective(const struct score *score, const struct team_record *team, size_t index, struct mark *mark);
void mark_duty(const struct score *score, const struct team_record *team, size_t index, struct mark *mark);

/* What came of a claim on an objective; "noted": nothing to compare (yet). */
enum claim_result { CLAIM_NOTED, CLAIM_RIGHT, CLAIM_PARTIAL, CLAIM_WRONG };
extern const char *const claim_result_names[];
enum claim_result claim_judge(const struct score *score, const struct team_record *team, size_t index,
			      const struct claim_record *claim, int *share);

/* When an objective was reached; NEVER. */
int64_t objective_reached_ms(const struct score *score, const struct team_record *team, size_t index);

/* ---- truths (truth.c) ---- */
enum truth_status {
	TRUTH_STANDS,	  /* a wrong answer is wrong */
	TRUTH_PREVENTED,  /* it never happened: a right answer counts, any other is left out */
	TRUTH_UNMEASURED, /* the range could not run it, or it left no trace: left out */
	TRUTH_WAITING,	  /* a time that is not known yet */
};
enum truth_status truth_status(const struct score *score, const struct team_record *team, const struct question *question);
/* Share of an answer; -1: left out. */
int truth_share(const struct score *score, const struct team_record *team, const struct question *question, int64_t answer);
/* The moment's exercise time; TIMING_UNKNOWN while what it counts from has not happened, or when it is not given. */
int64_t truth_moment_ms(const struct score *score, const struct team_record *team, const struct moment *moment);
const struct step_record *truth_step(const struct score *score, const struct team_record *team, const struct step *step);

/* ---- why lines (why.c) ---- */
struct why_time {
	char text[24];
};
const char *why_time(int64_t ms, struct why_time *buffer);	       /* "00:41:10" */
const char *why_points(int64_t points_milli, struct why_time *buffer); /* "16.667" */
const char *why_percent(int64_t share_milli, struct why_time *buffer); /* "83.3" */
/* Adds {"text":{ja,en},"events":[…],"points_milli"} to the mark's lines, and the points to the mark. Takes over `events` (a list; NULL: none). */
void why_add(struct mark *mark, int64_t points_milli, json_t *events, const char *ja, const char *en);
void why_addf(struct mark *mark, int64_t points_milli, json_t *events, const char *ja, const char *en, ...)
	__attribute__((format(printf, 4, 6), format(printf, 5, 6)));
/* The same; takes over the texts too. */
void why_take(struct mark *mark, int64_t points_milli, json_t *events, char *ja, char *en);
/* How the time rule bears on what was done at `at_ms`: "in time (full points until 00:02:10)". */
struct why_rule {
	char ja[160], en[160];
};
void why_timing(const struct timing *timing, int64_t at_ms, struct why_rule *rule);

#endif
