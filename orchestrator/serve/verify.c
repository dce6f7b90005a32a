/* The operation `verify`, and the end of `up`: measured on a worker, told to the caller, written to the journal. */
#include "orchestrator/verify.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

struct verify_work {
	struct orchestrator *orchestrator;
	struct instance *instance;
	struct call *call;
	int team;
	bool begun[PLAN_TEAMS_MAX + 1];
	json_t *result;
	struct error *err;
};

struct step_report {
	struct call *call;
	json_t *progress;
};

/* On the loop. */
static void report_step(void *context)
{
	struct step_report *report = context;
	call_progress(report->call, report->progress);
	free(report);
}

struct listener {
	struct orchestrator *orchestrator;
	struct call *call;
};

/* On a worker. */
static void on_progress(const char *what, size_t done, size_t total, void *context)
{
	const struct listener *listener = context;
	struct step_report *report = xcalloc(1, sizeof *report);
	report->call = listener->call;
	report->progress = json_pack("{ss ss ss sb sI sI}", "action", "verify", "resource", "verify", "name", what, "finished",
				     done > 0, "done", (json_int_t)done, "total", (json_int_t)total);
	jobs_post(listener->orchestrator->jobs, report_step, report);
}

void verify_begun(const struct instance *instance, bool begun[PLAN_TEAMS_MAX + 1])
{
	cleanup_json json_t *clocks = exercise_status(instance->exercise);
	size_t i;
	json_t *team;
	json_array_foreach (json_object_get(clocks, "teams"), i, team)
		begun[json_integer_value(json_object_get(team, "team"))] =
			strcmp(json_string_value(json_object_get(team, "state")), "ready") != 0;
}

int verify_instance(struct orchestrator *orchestrator, struct instance *instance, struct call *call, int team, const bool *begun,
		    int64_t patience_ms, json_t **result, struct error **err)
{
	struct listener listener = {orchestrator, call};
	const struct verify_request request = {.range = orchestrator->range,
					       .plan = instance->plan,
					       .team = team,
					       .begun = begun,
					       .patience_ms = patience_ms,
					       .progress = on_progress,
					       .context = &listener,
					       .cancel = &instance->cancel};
	return verify_run(&request, result, err);
}

/* [{"team", "rows"}]: the matrix as `toride verify` shows it, for who reads the journal later. */
static json_t *matrices(const json_t *result)
{
	json_t *list = json_array();
	const json_t *team;
	size_t i;
	json_array_foreach (json_object_get(result, "teams"), i, team)
		json_array_append_new(list, json_pack("{s:O, s:O}", "team", json_object_get(team, "team"), "rows",
						      json_object_get(team, "rows")));
	return list;
}

void verify_record(struct instance *instance, json_t *result)
{
	json_t *failures = verify_failures(result);
	json_object_set(result, "failures", failures);
	const json_t *isolated = json_object_get(json_object_get(result, "isolation"), "holds");
	if (json_is_false(isolated)) {
		const char *first = json_string_value(json_array_get(failures, 0));
		cleanup_free char *text = xasprintf("not isolated: %s (`toride verify %s` says more)", first ? first : "?",
						    instance_name(instance));
		instance_record(instance, 0, "alarm.raised", json_pack("{s:s}", "text", text));
	}
	instance_record(instance, 0, "range.verified",
			json_pack("{s:O, s:O, s:O, s:O, s:O, s:I, s:o, s:O, s:o}", "holds", json_object_get(result, "holds"),
				  "isolated", json_object_get(json_object_get(result, "isolation"), "holds"), "pairs",
				  json_object_get(result, "pairs"), "differ", json_object_get(result, "differ"), "took_ms",
				  json_object_get(result, "took_ms"), "teams",
				  (json_int_t)json_array_size(json_object_get(result, "teams")), "failures", failures, "hosts",
				  json_object_get(result, "hosts"), "matrix", matrices(result)));
}

static void verify_work_run(void *context)
{
	struct verify_work *work = context;
	verify_instance(work->orchestrator, work->instance, work->call, work->team, work->begun, REACH_PATIENCE_MS, &work->result,
			&work->err);
}

static void verify_work_done(void *context)
{
	struct verify_work *work = context;
	struct instance *instance = work->instance;
	instance->verifying = false;
	instance->visits--;
	if (work->err) {
		call_fail(work->call, work->err);
	} else {
		verify_record(instance, work->result);
		call_finish(work->call, work->result);
	}
	free(work);
	instance_idle(instance);
}

void op_verify(struct orchestrator *orchestrator, struct call *call)
{
	struct instance *instance = named_instance(orchestrator, call);
	if (!instance)
		return;
	int team = call_integer(call, "team", 0);
	if (team < 0 || team > instance->plan->teams) {
		call_refuse(call, "exercise '%s' has teams 1 to %d", instance_name(instance), instance->plan->teams);
		return;
	}
	if (instance->busy || instance->verifying || !instance->built) {
		call_refuse(call, "exercise '%s' is being built, verified or removed just now; try again when that is done",
			    instance_name(instance));
		return;
	}
	struct verify_work *work = xcalloc(1, sizeof *work);
	work->orchestrator = orchestrator;
	work->instance = instance;
	work->call = call;
	work->team = team;
	verify_begun(instance, work->begun);
	instance->verifying = true;
	instance->visits++; /* nobody takes it down under our hands: a `down` asks us to stop, and waits */
	jobs_submit(orchestrator->jobs, verify_work_run, verify_work_done, work);
}
