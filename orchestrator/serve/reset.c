/* Hosts back to what they were when they were built: asked for at the console (`reset`) or on the instructor's page. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

struct host_reset {
	const struct host *host;
	int64_t began_ms, took_ms;
	char *fault; /* NULL: done */
	bool ended;
};

struct reset_work {
	struct instance *instance;
	struct call *call; /* NULL: asked for on a page, which reads what came of it in the view */
	char *account;
	int team;
	bool whole_team;
	struct host_reset *hosts; /* the worker's, until it is done */
	size_t hosts_count;
	int64_t began_ms;
	struct error *err;
};

static void reset_work_free(struct reset_work *work)
{
	for (size_t i = 0; i < work->hosts_count; i++)
		free(work->hosts[i].fault);
	free(work->hosts);
	free(work->account);
	error_free(work->err);
	free(work);
}

/* ---- on a worker ---- */

static void on_progress(const struct range_progress *progress, void *context)
{
	struct reset_work *work = context;
	const char *name = strrchr(progress->name, '/') + 1;
	for (size_t i = 0; i < work->hosts_count; i++) {
		struct host_reset *one = &work->hosts[i];
		if (strcmp(one->host->name, name) != 0)
			continue;
		if (!progress->finished)
			one->began_ms = monotonic_ms();
		one->took_ms = monotonic_ms() - one->began_ms;
		one->fault = progress->error ? xstrdup(progress->error) : NULL;
		one->ended = progress->finished;
	}
}

static void reset_run(void *context)
{
	struct reset_work *work = context;
	struct instance *instance = work->instance;
	range_reset(instance->orchestrator->range, instance->plan, work->team,
		    work->whole_team ? NULL : work->hosts[0].host->name, on_progress, work, &instance->cancel, &work->err);
}

/* ---- on the loop ---- */

static json_t *hosts_json(const struct reset_work *work)
{
	json_t *hosts = json_array();
	for (size_t i = 0; i < work->hosts_count; i++)
		json_array_append_new(hosts, json_pack("{ss sI}", "host", work->hosts[i].host->name, "took_ms",
						       (json_int_t)work->hosts[i].took_ms));
	return hosts;
}

static void reset_done(void *context)
{
	struct reset_work *work = context;
	struct instance *instance = work->instance;
	const char *whole_fault = work->err ? error_text(work->err) : NULL;
	for (size_t i = 0; i < work->hosts_count; i++) {
		const struct host_reset *one = &work->hosts[i];
		exercise_reset_ended(instance->exercise, work->team, one->host, work->account, one->took_ms,
				     one->ended ? one->fault : whole_fault);
	}
	if (work->call && work->err)
		call_fail(work->call, steal(&work->err));
	else if (work->call)
		call_finish(work->call,
			    json_pack("{ss si sI so}", "exercise", instance_name(instance), "team", work->team, "took_ms",
				      (json_int_t)(monotonic_ms() - work->began_ms), "hosts", hosts_json(work)));
	reset_work_free(work);
	instance->visits--;
	instance_idle(instance);
}

/* `host` NULL: every host of the team. Takes the call (may be NULL) only when it returns 0. */
static int begin(struct instance *instance, int team, const char *host, const char *account, struct call *call,
		 struct error **err)
{
	if (instance_check_guest(instance, team, host, err) < 0)
		return -1;
	if (!instance->built || instance->busy)
		return error_set(err, "exercise '%s' is being built or removed just now; try again when that is done",
				 instance_name(instance));
	const struct scenario *scenario = instance->scenario;
	struct reset_work *work = xcalloc(1, sizeof *work);
	*work = (struct reset_work){.instance = instance,
				    .call = call,
				    .account = xstrdup(account),
				    .team = team,
				    .whole_team = !host,
				    .began_ms = monotonic_ms()};
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (!host || strcmp(scenario->hosts[i].name, host) == 0)
			*array_add(&work->hosts, &work->hosts_count) = (struct host_reset){.host = &scenario->hosts[i]};
	for (size_t i = 0; i < work->hosts_count; i++)
		exercise_reset_began(instance->exercise, team, work->hosts[i].host, account);
	instance->visits++;
	jobs_submit(instance->orchestrator->jobs, reset_run, reset_done, work);
	return 0;
}

int instance_reset(int team, const char *host, const char *account, void *context, struct error **err)
{
	return begin(context, team, host, account, NULL, err);
}

void op_reset(struct orchestrator *orchestrator, struct call *call)
{
	struct error *err = NULL;
	struct instance *instance = named_instance(orchestrator, call);
	if (instance && begin(instance, call_integer(call, "team", 0), call_text(call, "host", NULL), "console", call, &err) < 0)
		call_fail(call, err);
}
