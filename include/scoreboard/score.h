/*
 * The score: a pure fold of a scenario's rules over events (docs/scoring.md). No clock, no I/O. Points are whole thousandths ("milli"), so that
 * every machine computes the same number.
 */
#ifndef TORIDE_SCOREBOARD_SCORE_H
#define TORIDE_SCOREBOARD_SCORE_H

#include "common/event.h"
#include "orchestrator/scenario.h"

struct score;

struct score *score_create(const struct scenario *scenario, int teams); /* borrows the scenario */
void score_apply(struct score *score, const struct event *event);	/* in journal order */
void score_destroy(struct score *score);

/* Whether events of this kind can change a score. */
bool score_counts(const char *kind);

/* A team's points now, in thousandths; team from 1. */
int64_t score_points(const struct score *score, int team);

/* When a team reached an objective, in its exercise time; -1: not yet, or there is no such objective. */
int64_t score_reached(const struct score *score, int team, const char *objective);

/* The whole result as JSON, as `toride score --json` prints it; keys sorted when dumped. New reference.
 * {"seq", "teams":[{"team","points_milli","measured_milli" (of the maximum, what could be measured),"percent_milli","wrong_claims","penalty_milli",
 *   "adjusted_milli","why":[…] (what belongs to no objective),
 *   "objectives":[{"id","phase","points_milli","max_milli","measured_milli","state":"open|done|partial|missed|unmeasured","at_ms","full_by_ms","floor_at_ms",
 *     "claims":[{"seq","at_ms","value","result":"right|partial|wrong|noted"}],"why":[{"text":{"ja","en"},"events":[seq…],"points_milli"}]}],
 *   "duties":[{"id","points_milli","max_milli","measured_milli","state","due_ms","at_ms","provisional","why":[…]}]}]}
 * An objective's points are the sum of its lines. `claims` are in order of seq, identical ones once. */
json_t *score_to_json(const struct score *score);

static inline void cleanup_score_(struct score **held)
{
	score_destroy(*held);
}
#define cleanup_score __attribute__((cleanup(cleanup_score_)))

#endif
