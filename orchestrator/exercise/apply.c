/*
 * What an event changes in the engine. One place for events just written and for those read after a restart: so a restarted
 * exercise cannot know anything that its journal does not say.
 */
#include <inttypes.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/engine.h"

typedef void apply_fn(struct team *team, const struct event *event);

static const char *word(const struct event *event, const char *key)
{
	const char *found = json_string_value(json_object_get(event->body, key));
	return found ? found : "";
}

/* Read from a journal, a running clock stands at what the latest event says: the time without an orchestrator is nobody's. */
static void follow_clock(struct team *team, const struct event *event)
{
	const int64_t shown_ms = clock_ms(&team->clock, 0);
	if (team->was_running && event->at_ms > shown_ms)
		clock_set(&team->clock, CLOCK_PAUSED, event->at_ms);
}

static void clock_runs(struct team *team, const struct event *event)
{
	if (!team->exercise->replaying) {
		clock_run(&team->clock, monotonic_us());
		return;
	}
	clock_set(&team->clock, CLOCK_PAUSED, event->at_ms);
	team->was_running = true;
}

static void clock_paused(struct team *team, const struct event *event)
{
	if (!team->exercise->replaying) {
		clock_pause(&team->clock, monotonic_us());
		return;
	}
	clock_set(&team->clock, CLOCK_PAUSED, event->at_ms);
	team->was_running = false;
}

static void clock_ended(struct team *team, const struct event *event)
{
	if (!team->exercise->replaying) {
		clock_end(&team->clock, monotonic_us());
		return;
	}
	clock_set(&team->clock, CLOCK_ENDED, event->at_ms);
	team->was_running = false;
}

static struct team_step *find_step(struct team *team, const char *id)
{
	const struct step *step = scenario_step(team->exercise->scenario, id);
	return step ? &team->steps[step - team->exercise->scenario->steps] : NULL;
}

/* A step whose beginning is read, but no end, was under way when the orchestrator died: the graph is not told, so that it is run
 * again. */
static void step_changed(struct team *team, const struct event *event)
{
	struct team_step *step = find_step(team, word(event, "step"));
	if (!step)
		return;
	if (strcmp(word(event, "phase"), "begin") == 0) {
		step->began = true;
		if (!team->exercise->replaying)
			graph_step_began(team->schedule.graph, step->step);
		return;
	}
	enum step_outcome outcome = STEP_DONE;
	while (outcome < STEP_SKIPPED && strcmp(step_outcome_names[outcome], word(event, "outcome")) != 0)
		outcome++;
	step->ended = true;
	step->outcome = outcome;
	graph_step_ended(team->schedule.graph, step->step, outcome, event->at_ms);
	probes_step_ended(team);
}

static void trace_looked_for(struct team *team, const struct event *event)
{
	if (json_is_true(json_object_get(event->body, "found")))
		probes_trace_found(team, word(event, "host"), word(event, "file"));
}

static void step_undone(struct team *team, const struct event *event)
{
	struct team_step *step = find_step(team, word(event, "step"));
	if (step)
		step->undone = true;
}

static void state_probed(struct team *team, const struct event *event)
{
	struct team_probe *probe = probes_find(team, word(event, "objective"));
	if (!probe)
		return;
	const json_t *holds = json_object_get(event->body, "holds");
	const int64_t held_ms = json_integer_value(json_object_get(event->body, "held_ms"));
	if (team->exercise->replaying)
		probe_replay(&probe->probe,
			     json_is_true(holds)    ? PROBE_SEEN_YES
			     : json_is_false(holds) ? PROBE_SEEN_NO
						    : PROBE_SEEN_UNKNOWN,
			     held_ms, event->at_ms);
	if (json_is_true(holds) && held_ms >= probe->probe.holds_ms)
		graph_happened(team->schedule.graph, probe->objective->id, event->at_ms);
}

static void inject_sent(struct team *team, const struct event *event)
{
	const struct scenario *scenario = team->exercise->scenario;
	const struct inject *inject = scenario_inject(scenario, word(event, "inject"));
	if (!inject)
		return;
	team->schedule.sent[inject - scenario->injects] = true;
	graph_happened(team->schedule.graph, inject->id, event->at_ms);
}

static void add_entry(struct team *team, const struct event *event, const char *id, const char *values)
{
	json_array_append_new(team->entries, json_pack("{s:s, s:O?, s:I}", "id", id, "values",
						       json_object_get(event->body, values), "seq", (json_int_t)event->seq));
}

static void claim_made(struct team *team, const struct event *event)
{
	add_entry(team, event, word(event, "objective"), "value");
}

static void report_sent(struct team *team, const struct event *event)
{
	add_entry(team, event, word(event, "duty"), "fields");
	graph_happened(team->schedule.graph, word(event, "duty"), event->at_ms);
}

static void hint_taken(struct team *team, const struct event *event)
{
	cleanup_free char *key = xasprintf("%s/%" JSON_INTEGER_FORMAT, word(event, "objective"),
					   json_integer_value(json_object_get(event->body, "hint")));
	json_object_set_new(team->hints, key, json_integer(event->seq));
}

static const struct {
	const char *kind;
	apply_fn *apply;
} appliers[] = {
	{"clock.started", clock_runs}, {"clock.resumed", clock_runs},  {"clock.paused", clock_paused},
	{"clock.ended", clock_ended},  {"truth.step", step_changed},   {"truth.trace", trace_looked_for},
	{"truth.undone", step_undone}, {"state.probe", state_probed},  {"inject.sent", inject_sent},
	{"claim.made", claim_made},    {"report.sent", report_sent},   {"hint.taken", hint_taken},
	{"npc.load", staff_load},      {"staff.tally", staff_tallied}, {"staff.failed", staff_complained},
	{"range.reset", reset_told},
};

/* A journal belongs to one scenario and one number of teams: with others its events would mean something else. */
static int exercise_opened(struct exercise *exercise, const struct event *event, struct error **err)
{
	const json_t *teams = json_object_get(event->body, "teams");
	if (strcmp(word(event, "digest"), exercise->scenario->digest) != 0)
		return error_set(
			err,
			"it was begun with another text of the scenario ('%s'); take that text back, or another exercise name",
			word(event, "scenario"));
	if (json_integer_value(teams) != exercise->teams_count)
		return error_set(err, "it was begun with %" JSON_INTEGER_FORMAT " teams; take as many, or another exercise name",
				 json_integer_value(teams));
	exercise->opened = true;
	return 0;
}

int engine_apply(struct exercise *exercise, const struct event *event, struct error **err)
{
	if (strcmp(event->kind, "exercise.opened") == 0)
		return exercise_opened(exercise, event, err);
	if (strcmp(event->kind, "exercise.closed") == 0)
		exercise->closed = true;
	struct team *team = engine_team(exercise, event->team);
	if (!team)
		return 0;
	if (exercise->replaying)
		follow_clock(team, event);
	for (size_t i = 0; i < sizeof appliers / sizeof *appliers; i++)
		if (strcmp(appliers[i].kind, event->kind) == 0)
			appliers[i].apply(team, event);
	return 0;
}
