/* From events to what the views keep: view_create, view_apply, view_destroy. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

/* ---- clocks ---- */

static void set_clock(struct view_team_state *team, const struct event *event, const char *state)
{
	team->clock = (struct view_clock){state, view_at_ms(event), event->wall_ms};
}

static void clock_runs(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	set_clock(team, event, "running");
}

static void clock_paused(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	set_clock(team, event, "paused");
}

static void clock_ended(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	set_clock(team, event, "ended");
}

/* ---- the attack ---- */

static struct view_step *find_step(const struct view *view, struct view_team_state *team, const struct event *event)
{
	const char *id = view_body_text(event, "step");
	for (size_t i = 0; i < view->scenario->steps_count; i++)
		if (strcmp(view->scenario->steps[i].id, id) == 0)
			return &team->steps[i];
	return NULL;
}

static void on_step(struct view *view, struct view_team_state *team, const struct event *event)
{
	static const char *const outcomes[] = {"done", "blocked", "failed", "skipped"};
	struct view_step *step = find_step(view, team, event);
	if (!step)
		return;
	if (strcmp(view_body_text(event, "phase"), "begin") == 0)
		step->state = "running";
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (strcmp(view_body_text(event, "phase"), "end") == 0 &&
		    strcmp(view_body_text(event, "outcome"), outcomes[i]) == 0)
			step->state = outcomes[i];
	if (step->at_ms < 0)
		step->at_ms = view_at_ms(event);
	const char *detail = json_string_value(json_object_get(event->body, "detail"));
	if (detail) {
		free(step->detail);
		step->detail = view_cut(detail, VIEW_DETAIL_BYTES);
	}
}

static void on_trace(struct view *view, struct view_team_state *team, const struct event *event)
{
	struct view_step *step = find_step(view, team, event);
	if (!step)
		return;
	json_t *trace;
	size_t index;
	json_array_foreach (step->traces, index, trace) { /* looked for again: the newer answer */
		if (json_equal(json_object_get(trace, "host"), json_object_get(event->body, "host")) &&
		    json_equal(json_object_get(trace, "file"), json_object_get(event->body, "file"))) {
			json_object_set(trace, "found", json_object_get(event->body, "found"));
			return;
		}
	}
	json_array_append_new(step->traces,
			      json_pack("{s:O, s:O, s:O}", "host", json_object_get(event->body, "host"), "file",
					json_object_get(event->body, "file"), "found", json_object_get(event->body, "found")));
}

/* ---- the team ---- */

static void on_inject(struct view *view, struct view_team_state *team, const struct event *event)
{
	const struct inject *inject = scenario_inject(view->scenario, view_body_text(event, "inject"));
	if (inject)
		view_append(team->inbox,
			    json_pack("{s:s, s:I, s:I, s:o, s:o}", "id", inject->id, "seq", (json_int_t)event->seq, "at_ms",
				      (json_int_t)view_at_ms(event), "from", view_contact(inject->from), "text_html",
				      view_markdown(&inject->text)),
			    VIEW_INBOX_MAX);
}

static void on_claim(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	team->last_action_ms = view_at_ms(event);
}

static void on_report(struct view *view, struct view_team_state *team, const struct event *event)
{
	team->last_action_ms = view_at_ms(event);
	const char *id = view_body_text(event, "duty");
	for (size_t i = 0; i < view->scenario->duties_count; i++) {
		if (strcmp(view->scenario->duties[i].id, id) != 0)
			continue;
		if (team->sent_ms[i] < 0)
			team->sent_ms[i] = view_at_ms(event);
		view_append(team->reports,
			    json_pack("{s:s, s:I, s:I, s:O}", "duty", id, "seq", (json_int_t)event->seq, "at_ms",
				      (json_int_t)view_at_ms(event), "fields", json_object_get(event->body, "fields")),
			    VIEW_REPORTS_MAX);
	}
}

static void on_grade(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	json_object_set(team->grades, view_body_text(event, "duty"), json_object_get(event->body, "percent"));
}

static void on_hint(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	team->last_action_ms = view_at_ms(event);
	cleanup_free char *key = xasprintf("%s %" JSON_INTEGER_FORMAT, view_body_text(event, "objective"),
					   json_integer_value(json_object_get(event->body, "hint")));
	json_object_set_new(team->hints, key, json_true());
}

/* ---- the simulated staff ---- */

static void on_load(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	team->staff.percent = (int)json_integer_value(json_object_get(event->body, "percent"));
}

static int64_t sum(const json_t *counts)
{
	const char *activity;
	json_t *count;
	int64_t all = 0;
	json_object_foreach ((json_t *)counts, activity, count)
		all += json_integer_value(count);
	return all;
}

static void on_tally(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	team->staff.done += sum(json_object_get(event->body, "done"));
	team->staff.failed += sum(json_object_get(event->body, "failed"));
}

static void on_staff_failed(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)view;
	cleanup_free char *message = view_cut(view_body_text(event, "message"), VIEW_DETAIL_BYTES);
	json_decref(team->staff.last);
	team->staff.last = json_pack("{s:I, s:s, s:s, s:s}", "at_ms", (json_int_t)view_at_ms(event), "person",
				     view_body_text(event, "person"), "host", view_body_text(event, "host"), "message", message);
}

/* ---- alarms ---- */

static void add_alarm(struct view *view, const struct event *event, const char *text)
{
	cleanup_free char *cut = view_cut(text, VIEW_DETAIL_BYTES);
	view_append(view->alarms, json_pack("{s:I, s:i, s:s}", "seq", (json_int_t)event->seq, "team", event->team, "text", cut),
		    VIEW_ALARMS_MAX);
}

static void on_alarm(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)team;
	add_alarm(view, event, view_body_text(event, "text"));
}

static void on_lost(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)team;
	cleanup_free char *text = xasprintf("%s stopped: %s", view_body_text(event, "host"), view_body_text(event, "detail"));
	add_alarm(view, event, text);
}

/* No alarm, but the instructor's to know: who did it, and what came of it. */
static void on_reset(struct view *view, struct view_team_state *team, const struct event *event)
{
	(void)team;
	const char *fault = json_string_value(json_object_get(event->body, "error"));
	cleanup_free char *text =
		xasprintf("%s %s by %s%s%s", view_body_text(event, "host"), fault ? "could not be reset" : "was reset",
			  event->actor, fault ? ": " : "", fault ? fault : "");
	if (strcmp(view_body_text(event, "phase"), "end") == 0)
		add_alarm(view, event, text);
}

/* ---- the fold ---- */

static const struct {
	const char *kind;
	void (*apply)(struct view *, struct view_team_state *, const struct event *);
} handlers[] = {
	{"clock.started", clock_runs}, {"clock.paused", clock_paused},	  {"clock.resumed", clock_runs},
	{"clock.ended", clock_ended},  {"truth.step", on_step},		  {"truth.trace", on_trace},
	{"inject.sent", on_inject},    {"claim.made", on_claim},	  {"report.sent", on_report},
	{"report.graded", on_grade},   {"hint.taken", on_hint},		  {"alarm.raised", on_alarm},
	{"range.lost", on_lost},       {"range.reset", on_reset},	  {"npc.load", on_load},
	{"staff.tally", on_tally},     {"staff.failed", on_staff_failed},
};

/* Every second point goes when the line is full: the form stays. The last one always stays. */
static void thin_series(json_t *series)
{
	for (size_t i = json_array_size(series) - 1; i-- > 0;)
		if (i % 2 == 1)
			json_array_remove(series, i);
}

static void extend_series(struct view *view, int number, const struct event *event)
{
	struct view_team_state *team = &view->states[number - 1];
	int64_t points_milli = score_points(view->score, number);
	if (points_milli == team->points_milli)
		return;
	team->points_milli = points_milli;
	int64_t now_ms = event->at_ms < 0 ? team->clock.ms : event->at_ms;
	size_t count = json_array_size(team->series);
	const json_t *last = count ? json_array_get(team->series, count - 1) : NULL;
	if (last && json_integer_value(json_array_get(last, 0)) == now_ms)
		json_array_remove(team->series, count - 1);
	else if (count >= VIEW_SERIES_MAX)
		thin_series(team->series);
	json_array_append_new(team->series, json_pack("[I, I]", (json_int_t)now_ms, (json_int_t)points_milli));
}

static void apply_to_team(struct view *view, int number, const struct event *event)
{
	struct view_team_state *team = &view->states[number - 1];
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
		if (strcmp(handlers[i].kind, event->kind) == 0)
			handlers[i].apply(view, team, event);
	view_hosts_apply(view->scenario, team->hosts, event);
	json_t *entry = view_timeline_entry(view, event);
	if (entry)
		view_append(team->timeline, entry, VIEW_TIMELINE_MAX);
	if (score_counts(event->kind))
		extend_series(view, number, event);
}

void view_apply(struct view *view, const struct event *event)
{
	view->seq = event->seq > view->seq ? event->seq : view->seq;
	score_apply(view->score, event);
	json_decref(view->cache->score);
	view->cache->score = NULL;
	if (event->team >= 1 && event->team <= view->teams)
		apply_to_team(view, event->team, event);
	else if (event->team == 0 && strcmp(event->kind, "alarm.raised") == 0)
		add_alarm(view, event, view_body_text(event, "text"));
}

const json_t *view_scored(const struct view *view, int team)
{
	if (!view->cache->score)
		view->cache->score = score_to_json(view->score);
	return json_array_get(json_object_get(view->cache->score, "teams"), (size_t)team - 1);
}

/* ---- life ---- */

static void team_init(const struct scenario *scenario, struct view_team_state *team)
{
	team->clock.state = "ready";
	team->last_action_ms = -1;
	team->series = json_array();
	team->inbox = json_array();
	team->timeline = json_array();
	team->reports = json_array();
	team->grades = json_object();
	team->hints = json_object();
	team->staff.percent = 100;
	team->hosts = view_hosts_create(scenario);
	team->steps = xcalloc(scenario->steps_count + 1, sizeof *team->steps);
	for (size_t i = 0; i < scenario->steps_count; i++)
		team->steps[i] = (struct view_step){.state = "waiting", .at_ms = -1, .traces = json_array()};
	team->sent_ms = xcalloc(scenario->duties_count + 1, sizeof *team->sent_ms);
	for (size_t i = 0; i < scenario->duties_count; i++)
		team->sent_ms[i] = -1;
}

static void team_finish(const struct scenario *scenario, struct view_team_state *team)
{
	json_t *const owned[] = {team->series, team->inbox, team->timeline,  team->reports,
				 team->grades, team->hints, team->staff.last};
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		json_decref(owned[i]);
	for (size_t i = 0; i < scenario->steps_count; i++) {
		free(team->steps[i].detail);
		json_decref(team->steps[i].traces);
	}
	view_hosts_destroy(scenario, team->hosts);
	free(team->steps);
	free(team->sent_ms);
}

struct view *view_create(const struct scenario *scenario, const char *exercise, int teams)
{
	struct view *view = xcalloc(1, sizeof *view);
	view->scenario = scenario;
	view->exercise = xstrdup(exercise);
	view->teams = teams;
	view->score = score_create(scenario, teams);
	view->cache = xcalloc(1, sizeof *view->cache);
	view->alarms = json_array();
	view->states = xcalloc((size_t)teams + 1, sizeof *view->states);
	for (int i = 0; i < teams; i++)
		team_init(scenario, &view->states[i]);
	return view;
}

void view_destroy(struct view *view)
{
	if (!view)
		return;
	for (int i = 0; i < view->teams; i++)
		team_finish(view->scenario, &view->states[i]);
	free(view->states);
	json_decref(view->alarms);
	json_decref(view->cache->score);
	free(view->cache);
	score_destroy(view->score);
	free(view->exercise);
	free(view);
}
const struct score *view_score(const struct view *view)
{
	return view->score;
}
