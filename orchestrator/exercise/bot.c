/* Plays the scenario's solution for a team, one thing after another as a person would, with the commands that trainees have. */
#include <sodium.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/exercise/engine.h"

/* A perfect team has found its secrets: the solution's `${team.secret.NAME}` become what they are. New reference; NULL with *err. */
static json_t *fill_secrets(const struct team *team, const json_t *values, struct error **err)
{
	const struct exercise *exercise = team->exercise;
	cleanup_json json_t *filled = json_copy((json_t *)values);
	const char *field;
	json_t *value;
	json_object_foreach ((json_t *)values, field, value) {
		char name[PLAN_NAME_MAX + 1], secret[RANGE_SECRET_SIZE], brace;
		if (!json_is_string(value) || sscanf(json_string_value(value), "${team.secret.%24[a-z0-9-]%c", name, &brace) != 2)
			continue;
		if (range_secret(exercise->options.range, exercise->options.plan->exercise, team->number, name, secret, err) < 0)
			return NULL;
		json_object_set_new(filled, field, json_string(secret));
		sodium_memzero(secret, sizeof secret);
	}
	return steal(&filled);
}

/* What a journal that cannot be written refused is handed in again when the clock runs on. */
static void hand_in(struct team *team, const struct solution_step *step)
{
	const struct identity bot = {ACCOUNT_TEAM, team->number, "bot"};
	const bool claim = step->kind == SOLUTION_CLAIM;
	cleanup_json json_t *answer = NULL;
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *values = fill_secrets(team, step->values, &err);
	cleanup_json json_t *args =
		json_pack("{s:s, s:O*}", claim ? "objective" : "duty", step->target, claim ? "value" : "fields", values);
	if (values && exercise_command(team->exercise, &bot, claim ? "claim" : "report", args, &answer, &err) == 0)
		return;
	if (values && engine_stalled(team->exercise))
		team->schedule.played[step - team->exercise->scenario->solution] = false;
	else
		team_alarm(team, "bot: %s '%s': %s", claim ? "claim" : "report", step->target, error_text(err));
}

static void run(void *context) /* on a worker */
{
	struct team_play *play = context;
	struct exercise *exercise = play->team->exercise;
	const struct guest_id guest = {exercise->options.plan->exercise, play->team->number, play->step->on->name};
	const char *const argv[] = {"/bin/sh", "-c", play->step->run, NULL};
	const struct exec_request request = {.argv = argv, .timeout_ms = BOT_RUN_TIMEOUT_MS, .output_limit = 4096};
	play->tried = true;
	play->done = range_exec(exercise->options.range, &guest, &request, &play->result, &play->fault);
}

static void ran(void *context)
{
	struct team_play *play = context;
	struct team *team = play->team;
	const char *host = play->step->on->name;
	if (!play->tried || team->exercise->closing)
		log_debug("bot: left off on '%s'", host);
	else if (play->done < 0)
		team_alarm(team, "bot: on '%s': %s", host, error_text(play->fault));
	else if (play->result.status != 0)
		team_alarm(team, "bot: on '%s': '%s' ended with status %d: %s", host, play->step->run, play->result.status,
			   play->result.err ? play->result.err : "");
	if (play->tried && play->done == 0)
		exec_result_finish(&play->result);
	error_free(play->fault);
	*play = (struct team_play){.team = team};
	team_poke(team);
}

void bot_play_due(struct team *team)
{
	const struct scenario *scenario = team->exercise->scenario;
	const struct solution_step *step;
	while (team->bot && team_runs(team) && !team->play.step &&
	       (step = schedule_play_due(&team->schedule, team_now_ms(team)))) {
		team->schedule.played[step - scenario->solution] = true;
		if (step->kind == SOLUTION_RUN) {
			team->play.step = step;
			jobs_submit(team->exercise->step_jobs, run, ran, &team->play);
		} else {
			hand_in(team, step);
		}
	}
}
