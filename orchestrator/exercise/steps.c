/* The attack, as the schedule says: prepared once, each step on a worker, taken back after the end. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/exercise/engine.h"

void steps_init(struct team *team)
{
	const struct scenario *scenario = team->exercise->scenario;
	team->steps = xcalloc(scenario->steps_count, sizeof *team->steps);
	for (size_t i = 0; i < scenario->steps_count; i++)
		team->steps[i] = (struct team_step){.team = team, .step = &scenario->steps[i]};
}

void steps_finish(struct team *team)
{
	error_free(team->prepare_fault);
	free(team->steps);
}

bool steps_ready(const struct team *team)
{
	return !team->exercise->attack || (team->preparation == PREPARE_DONE && !team->resets);
}

/* ---- preparing: guests may have been made anew, so every start of the orchestrator does it again ---- */

static void prepare(void *context) /* on a worker */
{
	struct team *team = context;
	team->prepare_tried = true;
	attack_prepare(team->exercise->attack, team->number, &team->prepare_fault);
}

static void prepared(void *context)
{
	struct team *team = context;
	cleanup_error struct error *fault = steal(&team->prepare_fault);
	team->preparation = fault || !team->prepare_tried || team->prepare_stale ? PREPARE_NOT : PREPARE_DONE;
	team->prepare_again_us = monotonic_us() + (team->prepare_stale ? 0 : PREPARE_RETRY_MS * INT64_C(1000));
	if (fault && !team->prepare_stale && !team->prepare_told && !team->exercise->closing) {
		team->prepare_told = true;
		team_alarm(team, "the attack could not be prepared, and waits: %s", error_text(fault));
	}
	team->prepare_stale = false;
	team_poke(team);
}

static void prepare_when_due(struct team *team)
{
	if (team->preparation != PREPARE_NOT || monotonic_us() < team->prepare_again_us)
		return;
	team->preparation = PREPARE_RUNNING;
	jobs_submit(team->exercise->step_jobs, prepare, prepared, team);
}

void steps_prepare_again(struct team *team)
{
	if (team->preparation == PREPARE_RUNNING)
		team->prepare_stale = true;
	else
		team->preparation = PREPARE_NOT;
	team->prepare_again_us = 0;
}

int64_t steps_next_us(const struct team *team)
{
	const bool waits = team->exercise->attack && team->preparation == PREPARE_NOT && !team->resets;
	return waits ? team->prepare_again_us : INT64_MAX;
}

/* ---- one step ---- */

static json_t *step_body(const struct step *step, const char *phase)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "step", step->id, "phase", phase, "ability", step->ability->id, "technique",
			 step->technique, "host", step->on->name);
}

static json_t *end_body(const struct step *step, enum step_outcome outcome, const char *detail)
{
	json_t *body = step_body(step, "end");
	json_object_set_new(body, "outcome", json_string(step_outcome_names[outcome]));
	if (detail && *detail)
		json_object_set_new(body, "detail", json_string(detail));
	return body;
}

static void run_step(void *context) /* on a worker */
{
	struct team_step *step = context;
	step->tried = true;
	attack_run(step->team->exercise->attack, step->team->number, step->step, &step->result);
}

static void record_trace(struct team_step *step, const struct step_trace *trace)
{
	json_t *found = trace->found < 0 ? json_null() : json_boolean(trace->found);
	team_fact(step->team, "truth.trace", "attack",
		  json_pack("{s:s, s:s, s:s, s:o}", "step", step->step->id, "host", trace->host, "file", trace->file, "found",
			    found));
	if (trace->found <= 0)
		team_alarm(step->team, "step '%s' %s in %s:%s (not measured)", step->step->id,
			   trace->found == 0 ? "left no trace" : "may have left a trace, but nobody could look", trace->host,
			   trace->file);
}

static void record_result(struct team_step *step, const struct step_result *result)
{
	if (result->detail)
		clean_detail(result->detail);
	team_fact(step->team, "truth.step", "attack", end_body(step->step, result->outcome, result->detail));
	for (size_t i = 0; i < result->traces_count && result->outcome == STEP_DONE; i++)
		record_trace(step, &result->traces[i]);
	if (result->notice)
		team_alarm(step->team, "step '%s': %s", step->step->id, result->notice);
	if (result->outcome == STEP_FAILED)
		team_alarm(step->team, "step '%s' could not be run (not measured): %s", step->step->id,
			   result->detail ? result->detail : "no reason known");
}

static void step_ran(void *context)
{
	struct team_step *step = context;
	struct step_result result = step->result;
	step->result = (struct step_result){0};
	step->running = false;
	if (step->tried && !step->team->exercise->closing)
		record_result(step, &result);
	step_result_finish(&result);
	if (step->team->clock.state == CLOCK_ENDED)
		team_ended(step->team);
	else
		team_poke(step->team);
}

static void skip_step(struct team *team, const struct step *step, const char *why)
{
	cleanup_free char *detail = xasprintf("needs '%s', which was not done", why);
	team_fact(team, "truth.step", "attack", end_body(step, STEP_SKIPPED, detail));
}

void steps_begin_due(struct team *team)
{
	struct exercise *exercise = team->exercise;
	const struct step *step;
	const char *why;
	bool skip;
	if (!exercise->attack || team->resets)
		return;
	if (team->preparation != PREPARE_DONE) {
		prepare_when_due(team);
		return;
	}
	/* A stalled journal stops this: the graph learns of a beginning when it has been written. */
	while (team_runs(team) && (step = graph_due(team->schedule.graph, team_now_ms(team), &skip, &why))) {
		struct team_step *mine = &team->steps[step - exercise->scenario->steps];
		if (skip) {
			skip_step(team, step, why);
			continue;
		}
		cleanup_event struct event *begin = team_event(team, "truth.step", "attack", step_body(step, "begin"));
		if (mine->running || exercise_record(exercise, steal(&begin), NULL) < 0)
			return;
		mine->running = true;
		mine->tried = false;
		jobs_submit(exercise->step_jobs, run_step, step_ran, mine);
	}
}

/* ---- taking back, after the end ---- */

/* Whatever began may have left something: a beacon that was cut off before its first poll is a process and a file all the same. */
static bool to_undo(const struct team_step *step)
{
	return step->began && !step->undone && step->step->ability->undo;
}

static void undo(void *context) /* on a worker; in reverse: what was built on something goes before it */
{
	struct team *team = context;
	team->undo_tried = true;
	const int64_t end_ms = monotonic_ms() + UNDO_MAX_MS;
	for (size_t i = team->exercise->scenario->steps_count; i-- > 0;) {
		struct team_step *step = &team->steps[i];
		step->clean = -2;
		if (to_undo(step) && monotonic_ms() < end_ms && !team->exercise->closing)
			step->clean = attack_undo(team->exercise->attack, team->number, step->step);
	}
}

static void undid(void *context)
{
	struct team *team = context;
	team->undoing = false;
	if (!team->undo_tried || team->exercise->closing)
		return;
	for (size_t i = team->exercise->scenario->steps_count; i-- > 0;) {
		struct team_step *step = &team->steps[i];
		if (!to_undo(step))
			continue;
		json_t *clean = step->clean < 0 ? json_null() : json_boolean(step->clean);
		team_fact(team, "truth.undone", "attack", json_pack("{s:s, s:o}", "step", step->step->id, "clean", clean));
		if (step->clean != 1)
			team_alarm(team, "step '%s' is not taken back: %s", step->step->id,
				   step->clean == 0    ? "something of it is left"
				   : step->clean == -1 ? "nobody could look"
						       : "there was no time");
	}
	team->finished = true;
	team_ended(team);
}

void steps_undo(struct team *team)
{
	bool any = false;
	for (size_t i = 0; i < team->exercise->scenario->steps_count; i++)
		any = any || to_undo(&team->steps[i]);
	team->undoing = any;
	team->finished = !any;
	if (any)
		jobs_submit(team->exercise->step_jobs, undo, undid, team);
}
