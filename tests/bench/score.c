/*
 * How long the score takes for a long exercise: bench/score [EVENTS]. Claims, probes, reports and hints of 30 teams on the
 * scenario given by SCENARIO (with DATA_DIR); prints events and milliseconds for the fold and for one look at the result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/score.h"

enum { TEAMS = 30, EVENTS_MAX = 10000000 };

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static json_t *claim_body(const struct scenario *scenario, size_t i)
{
	const struct objective *objective = &scenario->objectives[i % scenario->objectives_count];
	cleanup_free char *guess = xasprintf("pc-%zu", i / TEAMS % 500); /* mostly sent again, as people do */
	json_t *value = json_object();
	for (size_t f = 0; f < objective->fields_count; f++)
		json_object_set_new(value, objective->fields[f].name, json_string(guess));
	if (objective->kind == OBJECTIVE_STATE)
		json_object_set_new(value, "measure", json_string("blocked at the firewall"));
	return json_pack("{s:s, s:o}", "objective", objective->id, "value", value);
}

static const char *state_objective(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->objectives_count; i++)
		if (scenario->objectives[i].kind == OBJECTIVE_STATE)
			return scenario->objectives[i].id;
	return "";
}

static struct event *make_event(const struct scenario *scenario, const char *state, size_t i)
{
	int team = (int)(i % TEAMS) + 1;
	int64_t at_ms = (int64_t)(i / 100);
	struct event *event;
	switch (i % 10) {
	case 0:
	case 1:
		event = event_create(team, at_ms, "claim.made", "bench", claim_body(scenario, i));
		break;
	case 2:
		event = event_create(team, at_ms, "report.sent", "bench",
				     json_pack("{s:s, s:{s:s}}", "duty", scenario->duties_count ? scenario->duties[0].id : "",
					       "fields", "type", "malware"));
		break;
	case 3:
		event = event_create(team, at_ms, "hint.taken", "bench",
				     json_pack("{s:s, s:i}", "objective", scenario->objectives[0].id, "hint", 0));
		break;
	case 4:
	case 5:
	case 6:
		event = event_create(team, at_ms, "truth.trace", "bench",
				     json_pack("{s:s, s:s, s:s, s:b}", "step", scenario->steps[i / 10 % scenario->steps_count].id,
					       "host", "proxy", "file", "/var/log/x", "found", 1));
		break;
	default:
		event = event_create(
			team, at_ms, "state.probe", "bench",
			json_pack("{s:s, s:b, s:i}", "objective", state, "holds", (int)(i / TEAMS % 2), "held_ms", 0));
	}
	event->seq = (int64_t)i + 1;
	return event;
}

static int bench(const struct scenario *scenario, size_t count)
{
	struct event **events = xcalloc(count, sizeof *events);
	const char *state = state_objective(scenario);
	for (size_t i = 0; i < count; i++)
		events[i] = make_event(scenario, state, i);
	int64_t start_us = now_us();
	cleanup_score struct score *score = score_create(scenario, TEAMS);
	for (size_t i = 0; i < count; i++)
		score_apply(score, events[i]);
	int64_t folded_us = now_us();
	cleanup_json json_t *json = score_to_json(score);
	int64_t done_us = now_us();
	printf("score: %zu events of %d teams folded in %lld ms, the result in %lld ms (to be under 2000 ms together for 1000000 "
	       "events)\n",
	       count, TEAMS, (long long)(folded_us - start_us) / 1000, (long long)(done_us - folded_us) / 1000);
	for (size_t i = 0; i < count; i++)
		event_destroy(events[i]);
	free(events);
	return json ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const char *file = getenv("SCENARIO") ? getenv("SCENARIO") : "scenarios/exercises/first-call.yaml";
	const char *data_dir = getenv("DATA_DIR") ? getenv("DATA_DIR") : ".";
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	cleanup_scenario struct scenario *scenario = NULL;
	struct diagnostics diagnostics = {0};
	cleanup_error struct error *err = NULL;
	int result = scenario_load(file, data_dir, &scenario, &diagnostics, &err);
	if (result != 0 || count < 1 || count > EVENTS_MAX || scenario->steps_count == 0 || scenario->objectives_count == 0) {
		fprintf(stderr, "%s: %s\n", file,
			result < 0   ? error_text(err)
			: result > 0 ? diagnostics.text
				     : "nothing to measure");
		return EXIT_FAILURE;
	}
	diagnostics_finish(&diagnostics);
	return bench(scenario, count);
}
