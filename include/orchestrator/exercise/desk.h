/*
 * What people hand in, checked in full against the scenario: everything in `args` comes from a browser that may be hostile. Pure.
 *
 * Each check makes the event's body (a new reference: trimmed texts, known keys only), or sets *err to a text for that person, in both
 * languages.
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_DESK_H
#define TORIDE_ORCHESTRATOR_EXERCISE_DESK_H

#include "orchestrator/scenario.h"

enum {
	DESK_TEXT_MAX_BYTES = 4096,
	DESK_LIST_MAX = 32,
	DESK_VALUES_MAX_BYTES = 256 << 10, /* all texts of one claim or report */
	DESK_POINTS_MAX_MILLI = 1000000,   /* one adjustment, up or down */
	DESK_RATE_PER_MINUTE = 30,	   /* commands of one team */
	DESK_ENTRIES_MAX = 200,		   /* different claims on one objective, or versions of one report */
};

int desk_claim(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_report(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_hint(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_inject(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_adjust(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_grade(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_reset(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_plug(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_npc(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
int desk_clock(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);

/* args.team: 1 to `teams`; 0 where it is absent and may be. -1 with *err. */
int desk_team(const json_t *args, int teams, bool optional, int *team, struct error **err);

/* So many commands a minute, evenly: a bucket of a minute's worth that fills again. */
struct desk_rate {
	int64_t spent_us; /* of the bucket; one command spends a minute / DESK_RATE_PER_MINUTE */
	int64_t at_us;
};
/* -1: too many; *err tells when the next one may come (error_retry_ms). */
int desk_rate_take(struct desk_rate *rate, int64_t now_us, struct error **err);

#endif
