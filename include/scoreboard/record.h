/*
 * What the score keeps of the events: facts alone, no points. score_apply() writes it (O(1) for an event); the rules read it. That no fact depends on
 * another's order is why simultaneous events may come in any order. Internal to scoreboard/score/.
 */
#ifndef TORIDE_SCOREBOARD_RECORD_H
#define TORIDE_SCOREBOARD_RECORD_H

#include "scoreboard/score.h"

enum { NEVER = -1 };

enum { /* limits and prices of docs/scoring.md */
       SCORE_FREE_WRONG_CLAIMS = 2,
       SCORE_WRONG_CLAIM_MILLI = 1000,
       SCORE_WRONG_CAP_PERCENT = 10,
       SCORE_STATE_PERCENT = 70, /* of a state objective; the rest for writing it down */
       SCORE_MEASURE_LENGTH_MIN = 10,
       SCORE_REPORTS_MARKED_MAX = 3,
       SCORE_COMPLETENESS_WEIGHT = 40,
       SCORE_AGREEMENT_WEIGHT = 40,
       SCORE_RUBRIC_WEIGHT = 20,
};

struct fact { /* something happened */
	int64_t seq, at_ms;
};

struct claim_record {
	struct fact fact;
	json_t *value;
	int64_t *answers; /* one for each field of the objective: answer_read() */
	bool measure;	  /* says long enough what was done */
};

struct probe_record {
	struct fact fact;
	int holds; /* 1, 0, -1: could not be measured */
	int64_t held_ms;
};

struct hint_record {
	struct fact fact;
	int index;
};

struct adjustment {
	struct fact fact;
	int64_t points_milli;
	char *reason;
};

struct objective_record {
	struct claim_record *claims; /* identical ones once */
	size_t claims_count;
	struct probe_record *probes;
	size_t probes_count;
	struct hint_record *hints;
	size_t hints_count;
	struct adjustment *marks; /* of a manual objective */
	size_t marks_count;
};

struct report_record {
	struct fact fact;
	json_t *fields;
	int64_t *answers; /* one for each field of the duty */
};

struct grade_record { /* a grader's latest */
	char *actor;
	int64_t seq;
	int percent;
};

struct duty_record {
	struct report_record *reports; /* the first SCORE_REPORTS_MARKED_MAX */
	size_t reports_count;
	size_t sent; /* all of them */
	struct grade_record *grades;
	size_t grades_count;
};

/* From weak to strong: a step that was tried again counts by its best. */
enum step_fate { STEP_FATE_WAITING, STEP_FATE_FAILED, STEP_FATE_SKIPPED, STEP_FATE_BLOCKED, STEP_FATE_DONE };

struct step_record {
	enum step_fate fate;
	struct fact fate_fact;	    /* when it came to that */
	struct fact begun;	    /* first begin; at_ms NEVER: none */
	struct fact found, missing; /* a trace that was found, one that was not; at_ms NEVER: none */
};

struct team_record {
	struct step_record *steps;
	struct objective_record *objectives;
	struct duty_record *duties;
	struct fact *injects; /* at_ms NEVER: not sent */
	struct adjustment *adjustments;
	size_t adjustments_count;
	json_t *claims_seen; /* an object used as a set */
	json_t *secrets;     /* name -> digest_secret(); NULL: not told */
	int64_t secrets_seq; /* the event that told them */
	struct fact ended;   /* at_ms NEVER: goes on */
};

struct score {
	const struct scenario *scenario;
	int teams;
	struct team_record *records;
	int64_t seq; /* of the last event */
};

#endif
