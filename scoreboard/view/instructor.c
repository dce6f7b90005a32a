/* What the instructor sees: all teams' numbers, the attack, the reports to grade, the alarms. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

static json_t *ms_json(int64_t ms)
{
	return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *steps(const struct scenario *scenario, const struct view_team_state *state)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->steps_count; i++) {
		const struct step *step = &scenario->steps[i];
		const struct view_step *seen = &state->steps[i];
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:o}", "id", step->id, "technique",
						      step->technique, "on", step->on->name, "state", seen->state, "at_ms",
						      ms_json(seen->at_ms), "detail", seen->detail, "traces",
						      json_deep_copy(seen->traces)));
	}
	return list;
}

static json_t *reports(const struct view_team_state *state)
{
	cleanup_json json_t *last = view_last(state->reports, VIEW_REPORTS_MAX, VIEW_REPORTS_BYTES);
	json_t *list = json_deep_copy(last), *report;
	size_t index;
	json_array_foreach (list, index, report) {
		json_t *percent = json_object_get(state->grades, json_string_value(json_object_get(report, "duty")));
		json_object_set_new(report, "percent", percent ? json_incref(percent) : json_null());
	}
	return list;
}

/* Without the claims' texts: the numbers and their reasons. */
static json_t *scored_list(const json_t *scored, const char *const *keys)
{
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(scored); i++) {
		json_t *entry = json_object();
		view_copy(entry, json_array_get(scored, i), keys);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *duties_of(const struct view *view, int team)
{
	static const char *const keys[] = {"id", "state", "points_milli", "max_milli", "due_ms", "provisional", "why", NULL};
	json_t *list = scored_list(json_object_get(view_scored(view, team), "duties"), keys);
	for (size_t i = 0; i < view->scenario->duties_count; i++)
		json_object_set_new(json_array_get(list, i), "sent_at_ms", ms_json(view->states[team - 1].sent_ms[i]));
	return list;
}

/* null where nobody has anything to do. */
static json_t *staff(const struct scenario *scenario, const struct view_staff *seen)
{
	size_t busy = 0;
	for (size_t i = 0; i < scenario->people_count; i++)
		busy += scenario->people[i].does_count > 0;
	return busy ? json_pack("{s:i, s:I, s:I, s:O?}", "percent", seen->percent, "done", (json_int_t)seen->done, "failed",
				(json_int_t)seen->failed, "last", seen->last)
		    : json_null();
}

static json_t *team_json(const struct view *view, int team)
{
	static const char *const keys[] = {"id", "state", "points_milli", "max_milli", "at_ms", "why", NULL};
	const struct view_team_state *state = &view->states[team - 1];
	const json_t *scored = view_scored(view, team);
	json_t *json = view_team_line(view, team);
	cleanup_json json_t *more =
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:O, s:o, s:o}", "last_action_ms", ms_json(state->last_action_ms),
			  "objectives", scored_list(json_object_get(scored, "objectives"), keys), "duties", duties_of(view, team),
			  "steps", steps(view->scenario, state), "reports", reports(state), "why", json_object_get(scored, "why"),
			  "staff", staff(view->scenario, &state->staff), "hosts", view_hosts_json(view->scenario, state->hosts));
	json_object_update(json, more);
	return json;
}

static json_t *objectives(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->objectives_count; i++) {
		const struct objective *objective = &scenario->objectives[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:i}", "id", objective->id, "title",
						      view_text(&objective->title), "phase", phase_names[objective->phase],
						      "max_milli", objective->points * 1000));
	}
	return list;
}

static json_t *duties(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->duties_count; i++) {
		const struct duty *duty = &scenario->duties[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:i, s:o}", "id", duty->id, "title", view_text(&duty->title),
						      "max_milli", duty->points * 1000, "rubric", view_text(&duty->rubric)));
	}
	return list;
}

static json_t *injects(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->injects_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "id", scenario->injects[i].id, "text",
						      view_text(&scenario->injects[i].text)));
	return list;
}

static json_t *hosts(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		json_t *networks = json_array();
		for (size_t n = 0; n < host->nics_count; n++)
			json_array_append_new(networks, json_string(host->nics[n].network->name));
		json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "name", host->name, "label", view_text(&host->label),
						      "networks", networks));
	}
	return list;
}

json_t *view_instructor(const struct view *view)
{
	json_t *teams = json_array();
	for (int team = 1; team <= view->teams; team++)
		json_array_append_new(teams, team_json(view, team));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "exercise", view->exercise, "title",
			 view_text(&view->scenario->title), "teams", teams, "objectives", objectives(view->scenario), "duties",
			 duties(view->scenario), "injects", injects(view->scenario), "hosts", hosts(view->scenario), "networks",
			 view_networks(view->scenario), "alarms", json_deep_copy(view->alarms));
}
