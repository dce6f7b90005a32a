/* One step after the other: who runs it, what came of it, and how it is taken back. */
#include "attacker/attack.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "attacker/engine.h"
#include "attacker/setting.h"
#include "common/alloc.h"
#include "common/cleanup.h"

const char *const step_outcome_names[] = {"done", "blocked", "failed", "skipped"};

static void team_init(struct team_state *team)
{
	pthread_mutex_init(&team->lock, NULL);
	pthread_mutex_init(&team->beacon, NULL);
}

static void team_finish(struct team_state *team)
{
	pthread_mutex_destroy(&team->lock);
	pthread_mutex_destroy(&team->beacon);
}

struct attack *attack_create(struct range *range, const struct plan *plan)
{
	struct attack *attack = xcalloc(1, sizeof *attack);
	attack->range = range;
	attack->plan = plan;
	attack->egress = egress_create(range, plan);
	attack->teams = xcalloc((size_t)plan->teams + 1, sizeof *attack->teams);
	for (int i = 0; i < plan->teams; i++)
		team_init(&attack->teams[i]);
	return attack;
}

void attack_destroy(struct attack *attack)
{
	if (!attack)
		return;
	for (int i = 0; i < attack->plan->teams; i++)
		team_finish(&attack->teams[i]);
	free(attack->teams);
	egress_destroy(attack->egress);
	free(attack);
}

void step_result_finish(struct step_result *result)
{
	for (size_t i = 0; i < result->traces_count; i++)
		free(result->traces[i].file);
	free(result->traces);
	free(result->detail);
	free(result->notice);
	*result = (struct step_result){0};
}

/* ---- results ---- */

static void conclude(struct step_result *result, enum step_outcome outcome, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void conclude(struct step_result *result, enum step_outcome outcome, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *detail = NULL;
	if (vasprintf(&detail, format, args) < 0)
		abort();
	va_end(args);
	free(result->detail);
	result->detail = detail;
	result->outcome = outcome;
}

/* What the script's exit status means, with the last thing that it said. */
static void conclude_status(struct step_result *result, int status, bool timed_out, const char *said, int64_t timeout_ms)
{
	if (timed_out)
		conclude(result, STEP_BLOCKED, "no answer within %lld s", (long long)timeout_ms / 1000);
	else if (status == 0)
		conclude(result, STEP_DONE, "%s", said ? said : "done");
	else if (said)
		conclude(result, STEP_BLOCKED, "%s", said);
	else
		conclude(result, STEP_BLOCKED, "status %d, without a word", status);
}

struct run {
	struct attack *attack;
	int team;
	const struct step *step;
	struct setting setting;
	char token[TOKEN_LENGTH + 1];
	struct step_result *result;
};

static int64_t limit_ms(const struct ability *ability)
{
	int64_t usual = 30000, given = ability->timeout_ms > 0 ? ability->timeout_ms : usual;
	return given < PROTOCOL_TIMEOUT_MAX_MS ? given : PROTOCOL_TIMEOUT_MAX_MS;
}

/* Runs the ability's script on the step's host, as its user. */
static void run_script(const struct run *run, const json_t *extra)
{
	const struct ability *ability = run->step->ability;
	cleanup_environment char **environment = setting_environment(run->attack->plan->scenario, run->step, extra);
	struct shell shell = {
		.host = run->step->on->name,
		.script = ability->run,
		.environment = environment,
		.user = run->setting.as ? run->setting.as->account : NULL,
		.timeout_ms = limit_ms(ability),
	};
	struct exec_result exec = {0};
	cleanup_error struct error *err = NULL;
	if (shell_run(run->attack, run->team, &shell, &exec, &err) < 0) {
		conclude(run->result, STEP_FAILED, "%s", error_text(err));
		return;
	}
	cleanup_free char *out = last_line(exec.out);
	cleanup_free char *complaint = last_line(exec.err);
	const char *said = exec.status == 0 ? (out ? out : complaint) : (complaint ? complaint : out);
	conclude_status(run->result, exec.status, exec.timed_out, said, limit_ms(ability));
	exec_result_finish(&exec);
}

/* ---- the three ways a step is run ---- */

static void run_command(const struct run *run)
{
	run_script(run, NULL);
}

static int64_t patience_ms(const struct step *beacon)
{
	int64_t polls = POLLS_AWAITED * beacon_interval_ms(beacon);
	return polls > PATIENCE_MIN_MS ? polls : PATIENCE_MIN_MS;
}

static json_t *beacon_environment(const struct run *run, const char *id)
{
	int64_t until_s = time(NULL) + run->attack->plan->scenario->duration_ms / 1000 + BEACON_LIFE_SPARE_S;
	cleanup_free char *interval = xasprintf("%lld", (long long)beacon_interval_ms(run->step));
	cleanup_free char *until = xasprintf("%lld", (long long)until_s);
	return json_pack("{s:s, s:s, s:s, s:s}", "beacon_id", id, "beacon_interval_ms", interval, "beacon_until", until,
			 "range_token", run->token);
}

/* Started is not done: done is when the C&C has heard it. */
static void run_beacon(const struct run *run)
{
	struct mailbox mailbox = {run->attack, run->team, run->setting.to->name};
	cleanup_free char *id = beacon_id(run->step);
	cleanup_json json_t *extra = beacon_environment(run, id);
	cleanup_error struct error *err = NULL;
	if (mailbox_forget_beacon(&mailbox, id, &err) < 0) {
		conclude(run->result, STEP_FAILED, "%s", error_text(err));
		return;
	}
	run_script(run, extra);
	if (run->result->outcome != STEP_DONE)
		return;
	int64_t patience = patience_ms(run->step);
	int polled = mailbox_await_poll(&mailbox, id, patience, &err);
	if (polled < 0)
		conclude(run->result, STEP_FAILED, "%s", error_text(err));
	else if (polled)
		conclude(run->result, STEP_DONE, "the C&C has heard %s", run->step->on->name);
	else
		conclude(run->result, STEP_BLOCKED, "the beacon on %s was started, but no poll of it reached %s within %lld s",
			 run->step->on->name, run->setting.to->name, (long long)patience / 1000);
}

static void conclude_silence(const struct run *run, const struct mailbox *mailbox, const char *id)
{
	const char *host = run->step->through->on->name;
	int64_t silence_s = mailbox_silence_s(mailbox, id);
	if (silence_s >= 0)
		conclude(run->result, STEP_BLOCKED, "no poll from %s for %lld s; the task was taken back", host,
			 (long long)silence_s);
	else
		conclude(run->result, STEP_BLOCKED, "no poll from %s; the task was taken back", host);
}

static void conclude_answer(const struct run *run, const json_t *answer)
{
	int status = (int)json_integer_value(json_object_get(answer, "status"));
	cleanup_free char *said = last_line(json_string_value(json_object_get(answer, "output")));
	conclude_status(run->result, status, status == 124, said, limit_ms(run->step->ability));
}

/* The C&C hands the task to the beacon when it polls; the network as it is decides whether it gets there, and whether the result
 * gets back. */
static void run_task(const struct run *run)
{
	const struct step *beacon = run->step->through;
	struct mailbox mailbox = {run->attack, run->team, run->setting.to->name};
	cleanup_free char *id = beacon_id(beacon);
	cleanup_json json_t *task = json_pack("{s:s, s:s, s:o, s:I}", "task", run->step->id, "ability", run->step->ability->id,
					      "args", setting_arguments(run->attack->plan->scenario, run->step), "timeout_ms",
					      (json_int_t)limit_ms(run->step->ability));
	cleanup_json json_t *answer = NULL;
	cleanup_error struct error *err = NULL;
	if (mailbox_stage(&mailbox, id, run->step->id, task, &err) < 0) {
		conclude(run->result, STEP_FAILED, "%s", error_text(err));
		return;
	}
	int64_t answer_ms = limit_ms(run->step->ability) + 2 * beacon_interval_ms(beacon) + REQUEST_SPARE_MS;
	switch (mailbox_await(&mailbox, id, run->step->id, patience_ms(beacon), answer_ms, &answer, &err)) {
	case MAILBOX_ANSWERED:
		conclude_answer(run, answer);
		break;
	case MAILBOX_NOT_TAKEN:
		conclude_silence(run, &mailbox, id);
		break;
	case MAILBOX_NOT_ANSWERED:
		conclude(run->result, STEP_BLOCKED, "%s took the task, but no result came back within %lld s", beacon->on->name,
			 (long long)answer_ms / 1000);
		break;
	case MAILBOX_BROKEN:
		conclude(run->result, STEP_FAILED, "%s", error_text(err));
		break;
	}
}

static void run_through_beacon(const struct run *run)
{
	struct team_state *team = &run->attack->teams[run->team - 1];
	pthread_mutex_lock(&team->beacon);
	run_task(run);
	pthread_mutex_unlock(&team->beacon);
}

static const struct way {
	bool needs_c2;
	void (*run)(const struct run *run);
} way_command = {false, run_command}, way_beacon = {true, run_beacon}, way_through_beacon = {true, run_through_beacon};

static const struct way *way_of(const struct step *step)
{
	if (step->through)
		return &way_through_beacon;
	return step->ability->kind == ABILITY_BEACON ? &way_beacon : &way_command;
}

/* ---- public ---- */

/* The team's token; prepares the team when nobody has. */
static int token_of(struct attack *attack, int team, char token[TOKEN_LENGTH + 1], struct error **err)
{
	struct team_state *state = &attack->teams[team - 1];
	for (int try = 0; try < 2; try++) {
		pthread_mutex_lock(&state->lock);
		memcpy(token, state->token, TOKEN_LENGTH + 1);
		pthread_mutex_unlock(&state->lock);
		if (token[0])
			return 0;
		if (attack_prepare(attack, team, err) < 0)
			return -1;
	}
	return error_set(err, "team %d is not prepared", team);
}

static int admit(struct run *run, const struct way *way, struct error **err)
{
	if (guard_step(run->attack->plan, run->team, run->step, err) < 0)
		return error_prefix(err, "refused");
	if (way->needs_c2 && !run->setting.to)
		return error_set(err, "step '%s' names no C&C: add `to`", run->step->id);
	if (!run->step->ability->run)
		return error_set(err, "ability '%s' has nothing to run", run->step->ability->id);
	if (egress_check(run->attack->egress, run->team, run->step->on, &run->result->notice, err) < 0)
		return error_prefix(err, "refused");
	return token_of(run->attack, run->team, run->token, err);
}

void attack_run(struct attack *attack, int team, const struct step *step, struct step_result *result)
{
	*result = (struct step_result){0};
	struct run run = {.attack = attack, .team = team, .step = step, .setting = setting_of(step), .result = result};
	const struct way *way = way_of(step);
	cleanup_error struct error *err = NULL;
	if (admit(&run, way, &err) < 0) {
		conclude(result, STEP_FAILED, "%s", error_text(err));
		return;
	}
	way->run(&run);
	if (result->outcome == STEP_DONE)
		traces_look(attack, team, step, result);
}

/* The script's exit status as root on the step's host; -1: it could not run. */
static int run_undo(const struct attack *attack, int team, const struct step *step, const char *script, char *const *environment)
{
	struct shell shell = {
		.host = step->on->name, .script = script, .environment = environment, .timeout_ms = limit_ms(step->ability)};
	struct exec_result result = {0};
	cleanup_error struct error *ignored = NULL;
	if (shell_run(attack, team, &shell, &result, &ignored) < 0)
		return -1;
	int status = result.timed_out ? -1 : result.status;
	exec_result_finish(&result);
	return status;
}

int attack_undo(struct attack *attack, int team, const struct step *step)
{
	cleanup_error struct error *ignored = NULL;
	if (guard_step(attack->plan, team, step, &ignored) < 0)
		return -1;
	struct setting setting = setting_of(step);
	cleanup_environment char **environment = setting_environment(attack->plan->scenario, step, NULL);
	if (step->ability->undo && run_undo(attack, team, step, step->ability->undo, environment) < 0)
		return -1;
	if (setting.to) {
		struct mailbox mailbox = {attack, team, setting.to->name};
		cleanup_free char *id = beacon_id(step);
		if (mailbox_clean(&mailbox, step->id, &ignored) < 0 ||
		    (step->ability->kind == ABILITY_BEACON && mailbox_forget_beacon(&mailbox, id, &ignored) < 0))
			return -1;
	}
	if (!step->ability->undone)
		return -1;
	int status = run_undo(attack, team, step, step->ability->undone, environment);
	return status < 0 ? -1 : status == 0;
}
