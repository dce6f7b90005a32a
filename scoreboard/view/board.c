/* The public board, and a team's line on it. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

/* ---- phases ---- */

struct phase_sum {
	int64_t points_milli, max_milli;
	size_t count, done, missed, unmeasured, open;
};

static void add_to_phase(struct phase_sum *sum, const json_t *scored)
{
	const char *state = json_string_value(json_object_get(scored, "state"));
	sum->points_milli += json_integer_value(json_object_get(scored, "points_milli"));
	sum->max_milli += json_integer_value(json_object_get(scored, "max_milli"));
	sum->count++;
	sum->done += strcmp(state, "done") == 0;
	sum->missed += strcmp(state, "missed") == 0;
	sum->unmeasured += strcmp(state, "unmeasured") == 0;
	sum->open += strcmp(state, "open") == 0;
}

/* What could not be measured neither helps nor hinders: done is "all that counts is done". */
static const char *phase_state(const struct phase_sum *sum)
{
	size_t counted = sum->count - sum->unmeasured;
	if (counted == 0)
		return "unmeasured";
	if (sum->done == counted)
		return "done";
	if (sum->missed == counted)
		return "missed";
	return sum->open == counted ? "open" : "partial";
}

static void sum_phases(const struct view *view, int team, struct phase_sum sums[PHASE_REPORT + 1])
{
	const json_t *scored = view_scored(view, team);
	for (size_t i = 0; i < view->scenario->objectives_count; i++)
		add_to_phase(&sums[view->scenario->objectives[i].phase],
			     json_array_get(json_object_get(scored, "objectives"), i));
	for (size_t i = 0; i < view->scenario->duties_count; i++)
		add_to_phase(&sums[PHASE_REPORT], json_array_get(json_object_get(scored, "duties"), i));
}

static json_t *phases_json(const struct view *view, int team)
{
	struct phase_sum sums[PHASE_REPORT + 1] = {0};
	sum_phases(view, team, sums);
	json_t *phases = json_object();
	for (size_t i = 0; i <= PHASE_REPORT; i++)
		if (sums[i].count)
			json_object_set_new(phases, phase_names[i],
					    json_pack("{s:I, s:I, s:s}", "points_milli", (json_int_t)sums[i].points_milli,
						      "max_milli", (json_int_t)sums[i].max_milli, "state",
						      phase_state(&sums[i])));
	return phases;
}

/* The phases that this scenario has, in the order of an incident. */
static json_t *phase_list(const struct scenario *scenario)
{
	bool used[PHASE_REPORT + 1] = {[PHASE_REPORT] = scenario->duties_count > 0};
	for (size_t i = 0; i < scenario->objectives_count; i++)
		used[scenario->objectives[i].phase] = true;
	json_t *list = json_array();
	for (size_t i = 0; i <= PHASE_REPORT; i++)
		if (used[i])
			json_array_append_new(list, json_string(phase_names[i]));
	return list;
}

/* ---- lines ---- */

static json_t *clock_json(const struct view *view, const struct view_clock *clock)
{
	return json_pack("{s:s, s:I, s:I, s:I}", "state", clock->state, "ms", (json_int_t)clock->ms, "wall_ms",
			 (json_int_t)clock->wall_ms, "duration_ms", (json_int_t)view->scenario->duration_ms);
}

json_t *view_team_line(const struct view *view, int team)
{
	static const char *const points[] = {"points_milli", "measured_milli", NULL};
	const struct view_team_state *state = &view->states[team - 1];
	json_t *line = json_pack("{s:i, s:o, s:o, s:o}", "team", team, "clock", clock_json(view, &state->clock), "phases",
				 phases_json(view, team), "series", json_deep_copy(state->series));
	view_copy(line, view_scored(view, team), points);
	return line;
}

json_t *view_board(const struct view *view)
{
	json_t *teams = json_array();
	for (int team = 1; team <= view->teams; team++)
		json_array_append_new(teams, view_team_line(view, team));
	return json_pack("{s:s, s:o, s:o, s:s, s:I, s:o, s:o}", "exercise", view->exercise, "title",
			 view_text(&view->scenario->title), "summary", view_text(&view->scenario->summary), "level",
			 view->scenario->level ? view->scenario->level : "", "seq", (json_int_t)view->seq, "phases",
			 phase_list(view->scenario), "teams", teams);
}
