#include "orchestrator/exercise/schedule.h"

#include <stdlib.h>

#include "common/alloc.h"

void schedule_init(struct schedule *schedule, const struct scenario *scenario)
{
	*schedule = (struct schedule){.scenario = scenario,
				      .graph = graph_create(scenario),
				      .sent = xcalloc(scenario->injects_count, sizeof(bool)),
				      .played = xcalloc(scenario->solution_count, sizeof(bool))};
}

void schedule_finish(struct schedule *schedule)
{
	graph_destroy(schedule->graph);
	free(schedule->sent);
	free(schedule->played);
	*schedule = (struct schedule){0};
}

/* INT64_MAX while what the moment follows has not happened. */
static int64_t when(const struct schedule *schedule, const struct moment *moment)
{
	int64_t at = graph_moment_ms(schedule->graph, moment);
	return at < 0 ? INT64_MAX : at;
}

static size_t earliest_inject(const struct schedule *schedule, int64_t *at)
{
	size_t found = 0;
	*at = INT64_MAX;
	for (size_t i = 0; i < schedule->scenario->injects_count; i++) {
		int64_t mine = schedule->sent[i] ? INT64_MAX : when(schedule, &schedule->scenario->injects[i].at);
		if (mine < *at) {
			*at = mine;
			found = i;
		}
	}
	return found;
}

static size_t earliest_play(const struct schedule *schedule, int64_t *at)
{
	size_t found = 0;
	*at = INT64_MAX;
	for (size_t i = 0; i < schedule->scenario->solution_count; i++) {
		int64_t mine = schedule->played[i] ? INT64_MAX : when(schedule, &schedule->scenario->solution[i].at);
		if (mine < *at) {
			*at = mine;
			found = i;
		}
	}
	return found;
}

const struct inject *schedule_inject_due(const struct schedule *schedule, int64_t now_ms)
{
	int64_t at;
	size_t found = earliest_inject(schedule, &at);
	return at <= now_ms ? &schedule->scenario->injects[found] : NULL;
}

const struct solution_step *schedule_play_due(const struct schedule *schedule, int64_t now_ms)
{
	int64_t at;
	size_t found = earliest_play(schedule, &at);
	return at <= now_ms ? &schedule->scenario->solution[found] : NULL;
}

int64_t schedule_next_ms(const struct schedule *schedule, bool steps, bool bot)
{
	int64_t next, other;
	earliest_inject(schedule, &next);
	if (bot) {
		earliest_play(schedule, &other);
		next = other < next ? other : next;
	}
	if (steps && (other = graph_next_ms(schedule->graph)) >= 0)
		next = other < next ? other : next;
	return next;
}
