/* Looks at the states that objectives want, from outside the guests' reach; probe.c says what the results mean. */
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/engine.h"

enum { C2_PORT = 80, PROCESS_NAME_MAX = 15 /* comm in proc(5) */ };

CLEANUP_DEFINE(result, struct exec_result, exec_result_finish(held));

typedef void look_fn(struct team_probe *probe); /* on a worker; sets what it saw */

/* ---- network states ---- */

static enum probe_outcome try_address(struct team_probe *probe, uint32_t address, bool through_proxy, struct error **err)
{
	const struct state_probe *state = &probe->objective->state;
	struct exercise *exercise = probe->team->exercise;
	const struct guest_id from = {exercise->options.plan->exercise, probe->team->number, state->from->name};
	struct address_text to, via;
	const struct probe_request request = {
		.from = &from,
		.address = address_text(address, &to),
		.port = state->port ? state->port : C2_PORT,
		.proxy_address = through_proxy ? address_text(state->via->nics[0].address, &via) : NULL,
		.proxy_port = through_proxy ? scenario_proxy_port(state->via) : 0,
		.timeout_ms = PROBE_TIMEOUT_MS,
	};
	return range_probe(exercise->options.range, &request, err);
}

/* Reached by any way is reached; not reached means that every way was tried. */
static enum probe_outcome try_all(struct team_probe *probe)
{
	const struct state_probe *state = &probe->objective->state;
	enum probe_outcome all = PROBE_NOT_REACHED;
	for (size_t i = 0; i < state->to->nics_count; i++) {
		for (int through_proxy = state->via != NULL; through_proxy >= 0; through_proxy--) {
			cleanup_error struct error *fault = NULL;
			enum probe_outcome one = try_address(probe, state->to->nics[i].address, through_proxy, &fault);
			if (one == PROBE_REACHED)
				return one;
			if (one == PROBE_UNKNOWN) {
				all = one;
				error_move(&probe->fault, steal(&fault));
			}
		}
	}
	return all;
}

static void look_reachable(struct team_probe *probe)
{
	static const enum probe_seen seen[] = {PROBE_SEEN_YES, PROBE_SEEN_NO, PROBE_SEEN_UNKNOWN};
	probe->look.seen = seen[try_all(probe)];
	probe->look.silence = probe->look.seen == PROBE_SEEN_NO;
}

static void look_unreachable(struct team_probe *probe)
{
	static const enum probe_seen seen[] = {PROBE_SEEN_NO, PROBE_SEEN_YES, PROBE_SEEN_UNKNOWN};
	probe->look.seen = seen[try_all(probe)];
	probe->look.silence = probe->look.seen == PROBE_SEEN_YES;
}

/* ---- states inside a guest ---- */

/* What a program there says by its exit status; any other: it could not look. */
struct verdicts {
	int holds, not ;
};

static void look_inside(struct team_probe *probe, const char *const *argv, struct verdicts verdicts)
{
	const struct state_probe *state = &probe->objective->state;
	struct exercise *exercise = probe->team->exercise;
	const struct guest_id guest = {exercise->options.plan->exercise, probe->team->number, state->from->name};
	const struct exec_request request = {.argv = argv, .timeout_ms = PROBE_TIMEOUT_MS, .output_limit = 4096};
	cleanup_with(result) struct exec_result result = {0};
	probe->look.silence = false;
	probe->look.seen = PROBE_SEEN_UNKNOWN;
	if (range_exec(exercise->options.range, &guest, &request, &result, &probe->fault) < 0)
		return;
	if (result.status == verdicts.holds || result.status == verdicts.not )
		probe->look.seen = result.status == verdicts.holds ? PROBE_SEEN_YES : PROBE_SEEN_NO;
	else
		error_set(&probe->fault, "the look at '%s' ended with status %d", state->path, result.status);
}

/* A shell with built-ins only; exit 0: there, 1: not there. */
static void look_absent(struct team_probe *probe, const char *script, const char *argument)
{
	const char *const argv[] = {"/bin/sh", "-c", script, "probe", argument, NULL};
	look_inside(probe, argv, (struct verdicts){.holds = 1, .not = 0});
}

static void look_file_absent(struct team_probe *probe)
{
	look_absent(probe, "[ -e \"$1\" ] || [ -L \"$1\" ]", probe->objective->state.path);
}

static void look_process_absent(struct team_probe *probe)
{
	cleanup_free char *name = xstrndup(probe->objective->state.path, PROCESS_NAME_MAX);
	look_absent(probe,
		    "for comm in /proc/[0-9]*/comm; do"
		    "  [ \"$comm\" != \"/proc/$$/comm\" ] && read -r name < \"$comm\" && [ \"$name\" = \"$1\" ] && exit 0;"
		    " done 2>/dev/null; exit 1",
		    name);
}

/* The role's own program (scenarios/roles/README.md): 0: disabled, or gone; 1: it can log in. */
static void look_account_disabled(struct team_probe *probe)
{
	const char *const argv[] = {"/usr/lib/toride/account-disabled", probe->objective->state.path, NULL};
	look_inside(probe, argv, (struct verdicts){.holds = 0, .not = 1});
}

static look_fn *const looks[] = {
	[STATE_UNREACHABLE] = look_unreachable,		  [STATE_REACHABLE] = look_reachable,
	[STATE_FILE_ABSENT] = look_file_absent,		  [STATE_PROCESS_ABSENT] = look_process_absent,
	[STATE_ACCOUNT_DISABLED] = look_account_disabled,
};

/* ---- on the loop ---- */

/* Teams look at different moments, so that thirty of them are no burst. */
void probes_init(struct team *team)
{
	const struct scenario *scenario = team->exercise->scenario;
	const int64_t first_ms = (int64_t)(team->number - 1) * PROBE_INTERVAL_MS / team->exercise->teams_count;
	team->probes = xcalloc(scenario->objectives_count, sizeof *team->probes);
	for (size_t i = 0; i < scenario->objectives_count; i++) {
		const struct objective *objective = &scenario->objectives[i];
		if (objective->kind != OBJECTIVE_STATE)
			continue;
		struct team_probe *probe = &team->probes[team->probes_count++];
		*probe = (struct team_probe){.team = team, .objective = objective};
		probe_init(&probe->probe, objective->state.holds_ms, first_ms);
	}
}

void probes_finish(struct team *team)
{
	for (size_t i = 0; i < team->probes_count; i++)
		error_free(team->probes[i].fault);
	free(team->probes);
}

struct team_probe *probes_find(struct team *team, const char *objective)
{
	for (size_t i = 0; i < team->probes_count; i++)
		if (strcmp(team->probes[i].objective->id, objective) == 0)
			return &team->probes[i];
	return NULL;
}

static void look(void *context) /* on a worker */
{
	struct team_probe *probe = context;
	probe->tried = true;
	looks[probe->objective->state.kind](probe);
}

static void record_note(struct team_probe *probe, const struct probe_note *note, const char *detail)
{
	json_t *holds = note->holds == PROBE_SEEN_UNKNOWN ? json_null() : json_boolean(note->holds == PROBE_SEEN_YES);
	json_t *body = json_pack("{s:s, s:o}", "objective", probe->objective->id, "holds", holds);
	if (note->holds == PROBE_SEEN_YES)
		json_object_set_new(body, "held_ms", json_integer(note->held_ms));
	if (note->holds == PROBE_SEEN_UNKNOWN)
		json_object_set_new(body, "detail", json_string(detail));
	team_fact(probe->team, "state.probe", "probe", body);
	if (note->holds == PROBE_SEEN_UNKNOWN)
		team_alarm(probe->team, "the state of '%s' could not be measured: %s", probe->objective->id, detail);
}

/* What comes back while the clock stands says nothing about the team's time: it is looked at again when the clock runs. */
static void looked(void *context)
{
	struct team_probe *probe = context;
	struct team *team = probe->team;
	cleanup_error struct error *fault = steal(&probe->fault);
	probe->running = false;
	if (!probe->tried || !team_runs(team))
		return;
	probe->look.ended_ms = team_now_ms(team);
	struct probe_note note = probe_result(&probe->probe, &probe->look);
	if (note.write) {
		cleanup_free char *detail = xstrdup(fault ? error_text(fault) : "no reason known");
		clean_detail(detail);
		record_note(probe, &note, detail);
	}
	team_poke(team);
}

void probes_run_due(struct team *team)
{
	const int64_t now_ms = team_now_ms(team);
	for (size_t i = 0; i < team->probes_count && steps_ready(team) && team_runs(team); i++) {
		struct team_probe *probe = &team->probes[i];
		if (probe->running || probe->probe.next_ms > now_ms)
			continue;
		probe->running = true;
		probe->tried = false;
		probe->look.begun_ms = now_ms;
		jobs_submit(team->exercise->probe_jobs, look, looked, probe);
	}
}

/* Neither the opposite nor the end of the attack was ever seen: no points, and none lost, but somebody should know. */
void probes_ended(struct team *team)
{
	for (size_t i = 0; i < team->probes_count && team_now_ms(team) > 0; i++)
		if (team->probes[i].probe.written == PROBE_SEEN_NOTHING)
			team_alarm(team, "the state of '%s' never came to matter (not measured)", team->probes[i].objective->id);
}

int64_t probes_next_ms(const struct team *team)
{
	int64_t next = INT64_MAX;
	for (size_t i = 0; i < team->probes_count && steps_ready(team); i++)
		if (!team->probes[i].running && team->probes[i].probe.next_ms < next)
			next = team->probes[i].probe.next_ms;
	return next;
}

/* ---- when a state begins to count (probe.h says why) ---- */

/* Does this step bring about the opposite of the state? */
static bool concerns(const struct state_probe *state, const struct step *step)
{
	switch (state->kind) {
	case STATE_UNREACHABLE: /* it needs the way that shall be closed */
		return step->on == state->from && step->to == state->to;
	case STATE_REACHABLE: /* it happens where the service is */
		return step->on == state->to;
	case STATE_ACCOUNT_DISABLED: /* it is done in the account's name */
		return step->as && strcmp(step->as->account, state->path) == 0;
	default: /* it happens where the file or process would be */
		return step->on == state->from;
	}
}

/* Unreachable: one such step has come to its end. The others: all have, for nobody knows which one leaves the file. One that the
 * range could not run proves nothing. */
static bool attack_is_over(const struct team *team, const struct state_probe *state)
{
	size_t concerned = 0, over = 0;
	for (size_t i = 0; i < team->exercise->scenario->steps_count; i++) {
		const struct team_step *step = &team->steps[i];
		if (!concerns(state, step->step))
			continue;
		concerned++;
		if (step->ended && step->outcome != STEP_FAILED)
			over++;
	}
	return state->kind == STATE_UNREACHABLE ? over > 0 : concerned > 0 && over == concerned;
}

void probes_step_ended(struct team *team)
{
	for (size_t i = 0; i < team->probes_count; i++)
		if (attack_is_over(team, &team->probes[i].objective->state))
			probe_arm(&team->probes[i].probe, team_now_ms(team));
}

void probes_trace_found(struct team *team, const char *host, const char *file)
{
	for (size_t i = 0; i < team->probes_count; i++) {
		const struct state_probe *state = &team->probes[i].objective->state;
		if (state->kind == STATE_FILE_ABSENT && strcmp(state->from->name, host) == 0 && strcmp(state->path, file) == 0)
			probe_arm(&team->probes[i].probe, team_now_ms(team));
	}
}
