/* Images, layers and histories made beforehand, and those that nobody needs any more removed. */
#include "orchestrator/serve/bake.h"

#include <dirent.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

struct plans { /* those whose parts are needed */
	struct scenario **scenarios;
	struct plan **plans;
	size_t count;
};

static void plans_finish(struct plans *plans)
{
	for (size_t i = 0; i < plans->count; i++) {
		plan_destroy(plans->plans[i]);
		scenario_destroy(plans->scenarios[i]);
	}
	free(plans->plans);
	free(plans->scenarios);
}
CLEANUP_DEFINE(plans, struct plans, plans_finish(held));

/* Of one team: teams have no part of their own in what is baked. */
static int add_plan(struct plans *plans, const struct site *site, const char *file, const char *day, struct error **err)
{
	cleanup_scenario struct scenario *scenario = NULL;
	struct plan *plan = NULL;
	if (scenario_open(site, file, &scenario, err) < 0 || plan_create(scenario, NULL, 1, day, &plan, err) < 0)
		return -1;
	size_t count = plans->count;
	*array_add(&plans->scenarios, &count) = steal(&scenario);
	*array_add(&plans->plans, &plans->count) = plan;
	return 0;
}

/* The installed exercises: what they need stays, whether it is there yet or not. */
static int add_installed(struct plans *plans, const struct site *site, const char *day, struct error **err)
{
	cleanup_free char *folder = xasprintf("%s/scenarios/exercises", site->data_dir);
	cleanup_dir DIR *files = opendir(folder);
	for (const struct dirent *file; files && (file = readdir(files));) {
		const char *end = strrchr(file->d_name, '.');
		cleanup_free char *path = xasprintf("%s/%s", folder, file->d_name);
		if (file->d_name[0] != '.' && end && strcmp(end, ".yaml") == 0 && add_plan(plans, site, path, day, err) < 0)
			return error_prefix(err, "what the installed exercises need cannot be known, so nothing is removed");
	}
	return 0;
}

static int prune(const struct site *site, struct range *range, struct plans *plans, const char *day, json_t *result,
		 struct error **err)
{
	json_t *removed = NULL;
	if (add_installed(plans, site, day, err) < 0 || range_prune(range, plans->plans, plans->count, &removed, err) < 0)
		return -1;
	json_object_set_new(result, "removed", removed);
	return 0;
}

int bake_order(const struct site *site, struct range *range, const json_t *order, range_progress_fn *progress, void *context,
	       const volatile bool *cancel, json_t **out, struct error **err)
{
	const char *file = json_string_value(json_object_get(order, "scenario"));
	const char *given = json_string_value(json_object_get(order, "day"));
	char this_day[TODAY_SIZE];
	today(this_day);
	const char *day = given ? given : this_day;
	const int64_t began_ms = monotonic_ms();
	cleanup_with(plans) struct plans plans = {0};
	cleanup_json json_t *result = json_pack("{s:s}", "day", day);
	json_t *parts = NULL;
	if (file && (add_plan(&plans, site, file, day, err) < 0 ||
		     range_bake(range, plans.plans[0], progress, context, cancel, &parts, err) < 0))
		return -1;
	if (file)
		json_object_update_new(result, json_pack("{s:s, s:o}", "scenario", plans.scenarios[0]->id, "parts", parts));
	if (json_is_true(json_object_get(order, "prune")) && prune(site, range, &plans, day, result, err) < 0)
		return -1;
	json_object_set_new(result, "took_ms", json_integer(monotonic_ms() - began_ms));
	*out = steal(&result);
	return 0;
}

json_t *range_progress_json(const struct range_progress *progress)
{
	return json_pack("{ss ss ss ss* si sb ss* sI sI}", "action", progress->action, "resource",
			 resource_kind_names[progress->kind], "name", progress->name, "host", progress->host, "team",
			 progress->team, "finished", progress->finished, "error", progress->error, "done",
			 (json_int_t)progress->done, "total", (json_int_t)progress->total);
}

/* ---- the operation ---- */

struct bake_work {
	struct orchestrator *orchestrator;
	struct call *call;
	volatile bool cancel;
	json_t *result;
	struct error *err;
};

struct bake_step {
	struct call *call;
	json_t *progress;
};

static void tell_step(void *context)
{
	struct bake_step *step = context;
	call_progress(step->call, step->progress);
	free(step);
}

static void on_progress(const struct range_progress *progress, void *context)
{
	const struct bake_work *work = context;
	struct bake_step *step = xcalloc(1, sizeof *step);
	*step = (struct bake_step){.call = work->call, .progress = range_progress_json(progress)};
	jobs_post(work->orchestrator->jobs, tell_step, step);
}

static void bake_run(void *context)
{
	struct bake_work *work = context;
	const struct orchestrator *orchestrator = work->orchestrator;
	bake_order(orchestrator->site, orchestrator->range, call_args(work->call), on_progress, work, &work->cancel,
		   &work->result, &work->err);
}

static void bake_done(void *context)
{
	struct bake_work *work = context;
	if (work->err)
		call_fail(work->call, work->err);
	else
		call_finish(work->call, work->result);
	free(work);
}

/* Who has gone away, by Ctrl-C say, wants no baking any more. */
void op_bake(struct orchestrator *orchestrator, struct call *call)
{
	struct bake_work *work = xcalloc(1, sizeof *work);
	work->orchestrator = orchestrator;
	work->call = call;
	call_cancels(call, &work->cancel);
	jobs_submit(orchestrator->jobs, bake_run, bake_done, work);
}
