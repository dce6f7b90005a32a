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
void score_apply(struct score *score, const struct event *event); /* in journal order */
void score_destroy(struct score *score);

/* The whole result as JSON, as `toride score --json` prints it; keys sorted when dumped. New reference.
 * {"seq", "teams":[{"team","points_milli","measured_milli" (of the maximum, what could be measured),"percent_milli","wrong_claims","penalty_milli","adjusted_milli",
 *   "objectives":[{"id","phase","points_milli","max_milli","state":"open|done|partial|missed|unmeasured","at_ms","why":[{"text":{"ja","en"},"events":[seq…],"points_milli"}]}],
 *   "duties":[{"id","points_milli","max_milli","state","due_ms","at_ms","provisional","why":[…]}]}]} */
json_t *score_to_json(const struct score *score);

#endif
