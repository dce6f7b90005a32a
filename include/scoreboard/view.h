/*
 * Views: what each audience may see, as JSON (docs/architecture.md, "Views"). Pure fold of events beside the score.
 * One struct view per exercise; view_apply() feeds it (and its score) every event in journal order.
 */
#ifndef TORIDE_SCOREBOARD_VIEW_H
#define TORIDE_SCOREBOARD_VIEW_H

#include "common/event.h"
#include "scoreboard/score.h"
#include "orchestrator/scenario.h"

struct view;

struct view *view_create(const struct scenario *scenario, const char *exercise, int teams);
void view_apply(struct view *view, const struct event *event);
void view_destroy(struct view *view);

const struct score *view_score(const struct view *view); /* the fold that it shows; borrowed */
json_t *view_board(const struct view *view);		 /* for everybody: no answers, no attack */
json_t *view_team(const struct view *view, int team);
json_t *view_instructor(const struct view *view);

#endif
