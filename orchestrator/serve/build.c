/* The operations `up` and `down`: long work on the range, each step told to the caller and written to the journal. */
#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/digest.h"
#include "orchestrator/serve/bake.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"
#include "orchestrator/verify.h"

struct range_work {
	struct orchestrator *orchestrator;
	struct instance *instance; /* NULL: remains of an exercise that is not loaded */
	char *exercise;
	struct call *call;
	json_t *passwords;
	json_t *bots;
	json_t *secrets; /* a list, by team: what the journal is told of its secrets */
	json_t *verified;
	size_t changed;
	char *lacks; /* what this host cannot do of it; NULL: nothing */
	struct error *err, *cleanup_err, *verify_err;
	bool begun[PLAN_TEAMS_MAX + 1];
	bool follow, fresh, verify;
};

struct step_report {
	struct range_work *work;
	json_t *progress, *body;
	char *kind;
	int team;
};

static void range_work_free(struct range_work *work)
{
	json_decref(work->passwords);
	json_decref(work->bots);
	json_decref(work->secrets);
	json_decref(work->verified);
	error_free(work->err);
	error_free(work->cleanup_err);
	error_free(work->verify_err);
	free(work->exercise);
	free(work->lacks);
	free(work);
}

/* On the loop: the journal's writer. */
static void report_step(void *context)
{
	struct step_report *report = context;
	if (report->work->instance)
		instance_record(report->work->instance, report->team, report->kind, report->body);
	else
		json_decref(report->body);
	call_progress(report->work->call, report->progress);
	free(report->kind);
	free(report);
}

/* On a worker. */
static void on_progress(const struct range_progress *progress, void *context)
{
	struct range_work *work = context;
	const char *kind = resource_kind_names[progress->kind];
	struct step_report *report = xcalloc(1, sizeof *report);
	report->work = work;
	report->team = progress->team;
	report->kind = xstrdup(progress->finished ? "range.end" : "range.begin");
	report->body = json_pack("{ss ss ss ss*}", "action", progress->action, "resource", kind, "name", progress->name, "error",
				 progress->error);
	report->progress = range_progress_json(progress);
	jobs_post(work->orchestrator->jobs, report_step, report);
}

/* {name: digest} of all secrets that the team's hosts are given. NULL with *err. */
static json_t *digest_secrets(struct range_work *work, int team, struct error **err)
{
	const struct scenario *scenario = work->instance->scenario;
	cleanup_json json_t *digests = json_object();
	for (size_t h = 0; h < scenario->hosts_count; h++) {
		const struct host *host = &scenario->hosts[h];
		for (size_t i = 0; i < host->secrets_count; i++) {
			char secret[RANGE_SECRET_SIZE], digest[DIGEST_TEXT_SIZE];
			if (range_secret(work->orchestrator->range, work->exercise, team, host->secrets[i], secret, err) < 0)
				return NULL;
			digest_secret(host->secrets[i], secret, digest);
			sodium_memzero(secret, sizeof secret);
			json_object_set_new(digests, host->secrets[i], json_string(digest));
		}
	}
	return steal(&digests);
}

static void learn_secrets(struct range_work *work)
{
	work->secrets = json_array();
	for (int team = 1; !work->err && team <= work->instance->plan->teams; team++) {
		json_t *digests = digest_secrets(work, team, &work->err);
		if (digests)
			json_array_append_new(work->secrets, digests);
	}
}

static void up_run(void *context)
{
	struct range_work *work = context;
	struct instance *instance = work->instance;
	struct range *range = work->orchestrator->range;
	work->lacks = range_lacks(range, instance->plan);
	if (range_up(range, instance->plan, on_progress, work, &instance->cancel, &work->changed, &work->err) < 0 &&
	    work->fresh) {
		size_t removed; /* a first build is whole or not at all; a range that was there is left as it is */
		range_down(range, work->exercise, on_progress, work, &removed, &work->cleanup_err);
	}
	if (!work->err)
		learn_secrets(work);
	if (!work->err && work->verify)
		verify_instance(work->orchestrator, instance, work->call, 0, work->begun, REACH_PATIENCE_START_MS,
				&work->verified, &work->verify_err);
}

static void begin_down(struct orchestrator *orchestrator, const char *exercise, struct call *call);

static bool is_at_work(const struct instance *instance)
{
	return instance->busy || instance->visits > 0;
}

/* A `down` that came while the range was being built. */
static void serve_waiting_down(struct orchestrator *orchestrator, const char *exercise, struct call *waiting)
{
	if (waiting)
		begin_down(orchestrator, exercise, waiting);
}

void instance_idle(struct instance *instance)
{
	if (is_at_work(instance))
		return;
	instance->cancel = false;
	serve_waiting_down(instance->orchestrator, instance_name(instance), steal(&instance->waiting_down));
}

static void up_failed(struct range_work *work)
{
	struct instance *instance = work->instance;
	if (!work->fresh) {
		call_fail(work->call, steal(&work->err));
		return;
	}
	if (work->cleanup_err) {
		error_set(&work->err, "%s\nand what was built could not be removed: %s; run `toride down %s`",
			  error_text(work->err), error_text(work->cleanup_err), work->exercise);
	}
	instance_record(instance, 0, "exercise.closed", json_pack("{ss}", "reason", error_text(work->err)));
	struct call *call = work->call;
	struct error *err = steal(&work->err);
	instance_destroy(instance, true);
	call_fail(call, err);
}

/* With every build, so that the last one counts: a range that is built anew after its remains were removed has new secrets. */
static void record_secrets(struct range_work *work)
{
	size_t i;
	json_t *digests;
	json_array_foreach (work->secrets, i, digests)
		if (json_object_size(digests) > 0)
			instance_record(work->instance, (int)i + 1, "truth.secrets", json_pack("{sO}", "digests", digests));
}

static void up_succeeded(struct range_work *work)
{
	struct instance *instance = work->instance;
	instance->built = true;
	set_bots(instance, work->bots);
	record_secrets(work);
	if (work->lacks && work->fresh)
		instance_record(instance, 0, "alarm.raised", json_pack("{ss}", "text", work->lacks));
	if (work->verified)
		verify_record(instance, work->verified);
	else if (work->verify_err)
		work->verified = json_pack("{s:b, s:[s]}", "holds", 0, "failures", error_text(work->verify_err));
	json_t *result = json_pack("{ss sI ss* sO* ss* sO*}", "exercise", work->exercise, "changed", (json_int_t)work->changed,
				   "url", orchestrator_url(work->orchestrator), "accounts", work->passwords, "lacks", work->lacks,
				   "verified", work->verified);
	call_finish(work->call, result);
}

static void up_done(void *context)
{
	struct range_work *work = context;
	struct instance *instance = work->instance;
	instance->busy = false;
	instance->cancel = false;
	if (!work->err && work->fresh)
		instance_save(instance, &work->err);
	struct call *waiting = steal(&instance->waiting_down);
	if (work->err)
		up_failed(work);
	else
		up_succeeded(work);
	serve_waiting_down(work->orchestrator, work->exercise, waiting);
	range_work_free(work);
}

static bool has_begun(const struct instance *instance)
{
	bool begun[PLAN_TEAMS_MAX + 1] = {0}, any = false;
	verify_begun(instance, begun);
	for (int team = 1; team <= instance->plan->teams; team++)
		any = any || begun[team];
	return any;
}

static struct instance *instance_for_up(struct orchestrator *orchestrator, struct call *call, json_t **passwords,
					struct error **err)
{
	const char *file = call_text(call, "scenario", ""), *name = call_text(call, "name", NULL),
		   *day = call_text(call, "day", NULL);
	char this_day[TODAY_SIZE];
	today(this_day);
	int teams = call_integer(call, "teams", 1);
	struct instance *instance = NULL;
	if (check_bots(json_object_get(call_args(call), "bots"), teams, err) < 0)
		return NULL;
	/* Planning a second time is cheap, and tells what the file would make of the exercise that is up. */
	struct diagnostics diagnostics = {0};
	cleanup_scenario struct scenario *scenario = NULL;
	int loaded = scenario_load(file, orchestrator->site->data_dir, &scenario, &diagnostics, err);
	const struct instance *there = loaded == 0 ? orchestrator_instance(orchestrator, name ? name : scenario->id) : NULL;
	diagnostics_finish(&diagnostics);
	if (!there) {
		error_free(*err);
		*err = NULL;
		return instance_create(orchestrator, file, name, teams, day ? day : this_day, &instance, passwords, err) < 0
			       ? NULL
			       : instance;
	}
	instance = orchestrator_instance(orchestrator, instance_name(there));
	if (is_at_work(instance) || (strcmp(there->scenario->digest, scenario->digest) == 0 && there->plan->teams == teams))
		return instance;
	if (has_begun(there) || strcmp(there->scenario->id, scenario->id) != 0) {
		error_set(err,
			  "exercise '%s' %s another scenario text or number of teams (%d), and goes on with them; for the "
			  "changed one `toride down %s` first, or --name another",
			  instance_name(there), has_begun(there) ? "has begun with" : "is up with", there->plan->teams,
			  instance_name(there));
		return NULL;
	}
	return instance_replace(instance, file, teams, day ? day : there->plan->day, &instance, passwords, err) < 0 ? NULL
														    : instance;
}

/* A range that is up keeps the day of its first `up`, unless it is told another. */
static int change_day(struct instance *instance, const char *day, struct error **err)
{
	if (!day || strcmp(day, instance->plan->day) == 0)
		return 0;
	return instance_set_day(instance, day, err) < 0 ? -1 : instance_save(instance, err);
}

void op_up(struct orchestrator *orchestrator, struct call *call)
{
	struct error *err = NULL;
	json_t *passwords = NULL;
	struct instance *instance = instance_for_up(orchestrator, call, &passwords, &err);
	if (!instance) {
		call_fail(call, err);
		return;
	}
	if (is_at_work(instance)) {
		call_refuse(call, "exercise '%s' is being built, reset or removed just now; try again when that is done",
			    instance_name(instance));
		return;
	}
	if (change_day(instance, call_text(call, "day", NULL), &err) < 0) {
		call_fail(call, err);
		return;
	}
	struct range_work *work = xcalloc(1, sizeof *work);
	work->orchestrator = orchestrator;
	work->instance = instance;
	work->exercise = xstrdup(instance_name(instance));
	work->call = call;
	work->fresh = !instance->built;
	work->passwords = passwords;
	work->bots = json_incref(json_object_get(call_args(call), "bots"));
	work->verify = !json_is_true(json_object_get(call_args(call), "no_verify"));
	verify_begun(instance, work->begun);
	instance->busy = true;
	jobs_submit(orchestrator->jobs, up_run, up_done, work);
}

static void down_run(void *context)
{
	struct range_work *work = context;
	range_down(work->orchestrator->range, work->exercise, on_progress, work, &work->changed, &work->err);
}

static void down_done(void *context)
{
	struct range_work *work = context;
	struct instance *instance = work->instance;
	struct call *waiting = instance ? steal(&instance->waiting_down) : NULL;
	if (instance)
		instance->busy = false;
	if (work->err) {
		call_fail(work->call, steal(&work->err));
	} else {
		if (instance) {
			instance_record(instance, 0, "exercise.closed", json_pack("{ss}", "reason", "down"));
			instance_destroy(instance, true);
		}
		call_finish(work->call, json_pack("{ss sI}", "exercise", work->exercise, "changed", (json_int_t)work->changed));
	}
	serve_waiting_down(work->orchestrator, work->exercise, waiting);
	range_work_free(work);
}

static void begin_down(struct orchestrator *orchestrator, const char *exercise, struct call *call)
{
	struct instance *instance = orchestrator_instance(orchestrator, exercise);
	/* An up or a reset is asked to stop, and this waits for it; a second down does not. */
	if (instance && is_at_work(instance)) {
		instance->cancel = true;
		if (instance->waiting_down)
			call_refuse(call, "exercise '%s' is being taken down already", exercise);
		else
			instance->waiting_down = call;
		return;
	}
	struct range_work *work = xcalloc(1, sizeof *work);
	work->orchestrator = orchestrator;
	work->exercise = xstrdup(exercise);
	work->call = call;
	work->instance = instance;
	if (instance) {
		instance->busy = true;
		instance->built = false;
		exercise_close(instance->exercise);
	}
	jobs_submit(orchestrator->jobs, down_run, down_done, work);
}

void op_down(struct orchestrator *orchestrator, struct call *call)
{
	const char *name = call_text(call, "exercise", NULL);
	const struct instance *only = name ? NULL : named_instance(orchestrator, call);
	if (only)
		name = instance_name(only);
	if (name)
		begin_down(orchestrator, name, call);
}
