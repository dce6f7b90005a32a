/* The operation `capture`: every frame of a team's network into a pipe of the caller's, until a limit, or until he goes. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

enum { CAPTURES_MAX = 16, CAPTURE_SECONDS_MAX = 24 * 3600 };

struct capture_work {
	struct orchestrator *orchestrator;
	struct call *call;
	char *exercise;
	const char *network; /* the call's */
	int team, out;
	int64_t time_ms, bytes;
	struct capture_result result;
	struct error *err;
};

static void record(const struct capture_work *work, const char *kind, json_t *body)
{
	const struct instance *instance = orchestrator_instance(work->orchestrator, work->exercise);
	if (instance)
		exercise_record(
			instance->exercise,
			event_create(work->team, exercise_clock_ms(instance->exercise, work->team), kind, "console", body), NULL);
	else
		json_decref(body);
}

static bool is_forgotten(void *call)
{
	return call_forgotten(call);
}

static void capture_run(void *context)
{
	struct capture_work *work = context;
	const struct capture_request request = {.exercise = work->exercise,
						.team = work->team,
						.network = work->network,
						.out = work->out,
						.time_ms = work->time_ms,
						.bytes = work->bytes,
						.stop = is_forgotten,
						.context = work->call};
	range_capture(work->orchestrator->range, &request, &work->result, &work->err);
	close(steal_fd(&work->out)); /* its end, for whoever reads */
}

static void capture_done(void *context)
{
	static const char *const ends[] = {[CAPTURE_TIME] = "time",
					   [CAPTURE_FULL] = "bytes",
					   [CAPTURE_STOPPED] = "stopped",
					   [CAPTURE_NO_NETWORK] = "network gone"};
	struct capture_work *work = context;
	const struct capture_result *result = &work->result;
	work->orchestrator->captures--;
	json_t *counts = json_pack("{ss sI sI sI ss}", "network", work->network, "frames", (json_int_t)result->frames, "bytes",
				   (json_int_t)result->bytes, "dropped", (json_int_t)result->dropped, "end", ends[result->end]);
	record(work, "capture.end", json_incref(counts));
	if (work->err) {
		json_decref(counts);
		call_fail(work->call, work->err);
	} else {
		call_finish(work->call, counts);
	}
	free(work->exercise);
	free(work);
}

/* Answers the call itself when something is wrong. */
static bool is_sound(struct orchestrator *orchestrator, const struct instance *instance, const struct capture_work *work)
{
	if (!instance->built)
		call_refuse(work->call, "exercise '%s' is not built yet", work->exercise);
	else if (!scenario_network(instance->scenario, work->network))
		call_refuse(work->call, "exercise '%s' has no network '%s'; `toride plan` lists them", work->exercise,
			    work->network);
	else if (work->time_ms < 1 || work->time_ms > CAPTURE_SECONDS_MAX * INT64_C(1000) || work->bytes < 1)
		call_refuse(work->call, "a capture takes from 1 second to a day, and at least 1 byte");
	else if (!is_pipe(work->out))
		call_refuse(work->call, "a capture needs a pipe to write into");
	else if (orchestrator->captures >= CAPTURES_MAX)
		call_refuse(work->call, "%d captures are running; end one of them", CAPTURES_MAX);
	else
		return true;
	return false;
}

void op_capture(struct orchestrator *orchestrator, struct call *call)
{
	const struct instance *instance = named_instance(orchestrator, call);
	int team = instance ? named_team(instance, call) : 0;
	if (!team)
		return;
	const json_t *args = call_args(call);
	struct capture_work *work = xcalloc(1, sizeof *work);
	*work = (struct capture_work){.orchestrator = orchestrator,
				      .call = call,
				      .exercise = xstrdup(instance_name(instance)),
				      .network = call_text(call, "network", ""),
				      .team = team,
				      .out = call_take_fd(call, 0),
				      .time_ms = json_integer_value(json_object_get(args, "time_ms")),
				      .bytes = json_integer_value(json_object_get(args, "bytes"))};
	if (!is_sound(orchestrator, instance, work)) {
		if (work->out >= 0)
			close(work->out);
		free(work->exercise);
		free(work);
		return;
	}
	orchestrator->captures++;
	record(work, "capture.begin", json_pack("{ss}", "network", work->network));
	jobs_submit(orchestrator->jobs, capture_run, capture_done, work);
}
