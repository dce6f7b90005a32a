/* Runs the measurements: the isolation of all teams first, then the teams' matrices, a few at a time. */
#include "orchestrator/verify.h"

#include <pthread.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"

enum { TEAMS_AT_ONCE = 5 };

struct verification {
	const struct verify_request *request;
	pthread_mutex_t lock;
	int first, last, next; /* teams */
	size_t done, total;
	json_t *teams[PLAN_TEAMS_MAX + 1];
	struct error *err; /* the first one */
};

static bool is_cancelled(const struct verify_request *request)
{
	return request->cancel && *request->cancel;
}

/* With the lock held, or alone. */
static void step_done(struct verification *verification, const char *what)
{
	verification->done++;
	if (verification->request->progress)
		verification->request->progress(what, verification->done, verification->total, verification->request->context);
}

/* ---- the matrix of a team ---- */

static json_t *not_running(const struct scenario *scenario, const bool *runs)
{
	json_t *hosts = json_array();
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (!runs[i])
			json_array_append_new(hosts, json_string(scenario->hosts[i].name));
	return hosts;
}

static int measure(const struct verify_request *request, int team, json_t **result, struct error **err)
{
	size_t count;
	cleanup_free struct verify_pair *pairs = verify_pairs(request->plan->scenario, &count);
	cleanup_free struct reach_probe *probes = xcalloc(count + 1, sizeof *probes);
	cleanup_free bool *runs = xcalloc(request->plan->scenario->hosts_count + 1, sizeof *runs);
	bool begun = request->begun && request->begun[team];
	/* What a team has shut will not open by waiting. */
	int64_t patience_ms = begun && request->patience_ms > REACH_PATIENCE_MS ? REACH_PATIENCE_MS : request->patience_ms;
	for (size_t i = 0; i < count; i++)
		probes[i] = pairs[i].probe;
	if (range_reach(request->range, request->plan, team, probes, count, patience_ms, request->cancel, runs, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		pairs[i].probe = probes[i];
	*result = verify_team_json(request->plan->scenario, team, pairs, count);
	json_object_set_new(*result, "begun", json_boolean(begun));
	json_object_set_new(*result, "not_running", not_running(request->plan->scenario, runs));
	return 0;
}

static void *measure_teams(void *context)
{
	struct verification *verification = context;
	pthread_mutex_lock(&verification->lock);
	while (verification->next <= verification->last && !verification->err && !is_cancelled(verification->request)) {
		int team = verification->next++;
		struct error *err = NULL;
		json_t *result = NULL;
		pthread_mutex_unlock(&verification->lock);
		int failure = measure(verification->request, team, &result, &err);
		pthread_mutex_lock(&verification->lock);
		verification->teams[team] = result;
		if (failure < 0 && !verification->err)
			verification->err = steal(&err);
		error_free(err);
		cleanup_free char *what = xasprintf("team %d", team);
		step_done(verification, what);
	}
	pthread_mutex_unlock(&verification->lock);
	return NULL;
}

static void run_teams(struct verification *verification)
{
	pthread_t threads[TEAMS_AT_ONCE];
	int started = 0;
	while (started < TEAMS_AT_ONCE && started <= verification->last - verification->first &&
	       pthread_create(&threads[started], NULL, measure_teams, verification) == 0)
		started++;
	if (started == 0)
		measure_teams(verification);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* ---- put together ---- */

static json_t *isolation_json(const struct isolation *isolation)
{
	json_t *findings = json_array();
	for (size_t i = 0; i < isolation->findings_count; i++)
		json_array_append_new(findings, json_pack("{s:i, s:s*, s:s}", "team", isolation->findings[i].team, "host",
							  isolation->findings[i].host, "text", isolation->findings[i].text));
	return json_pack("{s:b, s:I, s:I, s:I, s:o, s:I}", "holds", isolation->findings_count == 0, "guests",
			 (json_int_t)isolation->guests, "frames", (json_int_t)isolation->frames, "silent",
			 (json_int_t)isolation->silent, "findings", findings, "more", (json_int_t)isolation->more);
}

static json_t *put_together(struct verification *verification, json_t *isolation, int64_t took_ms)
{
	const struct verify_request *request = verification->request;
	json_t *teams = json_array(), *hosts = json_array();
	json_int_t pairs = 0, differ = 0;
	for (int team = verification->first; team <= verification->last; team++) {
		pairs += json_integer_value(json_object_get(verification->teams[team], "pairs"));
		differ += json_integer_value(json_object_get(verification->teams[team], "differ"));
		json_array_append(teams, verification->teams[team]);
	}
	for (size_t i = 0; i < request->plan->scenario->hosts_count; i++)
		json_array_append_new(hosts, json_string(request->plan->scenario->hosts[i].name));
	json_t *result = json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "exercise", request->plan->exercise, "took_ms",
				   (json_int_t)took_ms, "pairs", pairs, "differ", differ, "hosts", hosts, "teams", teams,
				   "isolation", isolation);
	cleanup_json json_t *failures = verify_failures(result);
	json_object_set_new(result, "holds", json_boolean(json_array_size(failures) == 0));
	return result;
}

int verify_run(const struct verify_request *request, json_t **result, struct error **err)
{
	struct isolation isolation = {0};
	struct verification verification = {.request = request,
					    .lock = PTHREAD_MUTEX_INITIALIZER,
					    .first = request->team ? request->team : 1,
					    .last = request->team ? request->team : request->plan->teams};
	/* A guest that is being reset would be found with a way out: its interface, for a moment, in the host's network. */
	cleanup_close int still = range_hold_still(request->range, request->plan->exercise, err);
	if (still < 0)
		return -1;
	int64_t start_ms = monotonic_ms();
	verification.next = verification.first;
	verification.total = (size_t)(verification.last - verification.first) + 2;
	if (request->progress)
		request->progress("isolation", 0, verification.total, request->context);
	if (range_isolation(request->range, request->plan, request->team, &isolation, err) < 0)
		return -1;
	cleanup_json json_t *isolated = isolation_json(&isolation);
	isolation_finish(&isolation);
	step_done(&verification, "isolation");
	run_teams(&verification);
	if (is_cancelled(request) && !verification.err)
		error_set(&verification.err, "cancelled");
	if (!verification.err)
		*result = put_together(&verification, steal(&isolated), monotonic_ms() - start_ms);
	for (int team = 1; team <= PLAN_TEAMS_MAX; team++)
		json_decref(verification.teams[team]);
	return verification.err ? error_move(err, verification.err) : 0;
}
