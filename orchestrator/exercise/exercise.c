#include "orchestrator/exercise.h"

#include <string.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/exercise/engine.h"

int64_t monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

struct team *engine_team(struct exercise *exercise, int team)
{
	return team >= 1 && team <= exercise->teams_count ? &exercise->teams[team - 1] : NULL;
}

int64_t team_now_ms(const struct team *team)
{
	return clock_ms(&team->clock, monotonic_us());
}

bool team_runs(const struct team *team)
{
	return team->clock.state == CLOCK_RUNNING && !team->exercise->closing;
}

/* Bytes of the UTF-8 character that begins here; 0 when it is none (RFC 3629: neither overlong, nor a surrogate, nor beyond
 * U+10FFFF). */
static size_t character_length(const unsigned char *at)
{
	size_t length = *at < 0x80		    ? 1
			: *at >= 0xc2 && *at < 0xe0 ? 2
			: (*at & 0xf0) == 0xe0	    ? 3
			: *at >= 0xf0 && *at < 0xf5 ? 4
						    : 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] >= 0xa0) || (*at == 0xf0 && at[1] < 0x90) ||
	    (*at == 0xf4 && at[1] >= 0x90))
		return 0;
	return length;
}

void clean_detail(char *text)
{
	char *end = text;
	for (char *at = text; *at;) {
		size_t length = character_length((unsigned char *)at);
		if (end - text + (length ? length : 1) > DETAIL_MAX_BYTES)
			break;
		if (length == 0 || (unsigned char)*at < 0x20 || *at == 0x7f)
			*at = length ? ' ' : '?';
		length = length ? length : 1;
		memmove(end, at, length);
		end += length;
		at += length;
	}
	while (end > text && end[-1] == ' ')
		end--;
	*end = '\0';
}

/* ---- a team's time: one timer, set to what comes next ---- */

static void set_timer(struct team *team, int64_t when_us)
{
	int failure = sd_event_source_set_time(team->timer, (uint64_t)when_us);
	if (failure >= 0)
		failure = sd_event_source_set_enabled(team->timer, SD_EVENT_ONESHOT);
	if (failure < 0)
		log_error("team %d: timer: %s", team->number, strerror(-failure));
}

void team_poke(struct team *team)
{
	if (team_runs(team))
		set_timer(team, monotonic_us());
}

static int64_t next_us(const struct team *team, int64_t now_us)
{
	int64_t next_ms = team->clock.duration_us / 1000;
	const int64_t scheduled = schedule_next_ms(&team->schedule, steps_ready(team), team->bot && !team->play.step);
	const int64_t probed = probes_next_ms(team), staffed = staff_next_ms(team), prepared = steps_next_us(team);
	next_ms = scheduled < next_ms ? scheduled : next_ms;
	next_ms = probed < next_ms ? probed : next_ms;
	next_ms = staffed < next_ms ? staffed : next_ms;
	int64_t when = clock_when_us(&team->clock, next_ms);
	when = prepared < when ? prepared : when;
	/* Whatever was due has been done: what still calls itself due waits for something else, and must not spin. */
	return when > now_us ? when : now_us + 100000;
}

static void send_injects(struct team *team)
{
	const struct inject *inject;
	while (team_runs(team) && (inject = schedule_inject_due(&team->schedule, team_now_ms(team))))
		team_fact(team, "inject.sent", "desk", json_pack("{s:s}", "inject", inject->id));
}

static int on_team_timer(sd_event_source *source, uint64_t when, void *context)
{
	(void)source, (void)when;
	struct team *team = context;
	if (!team_runs(team))
		return 0;
	if (team_now_ms(team) >= team->clock.duration_us / 1000) {
		clock_end(&team->clock, monotonic_us());
		team_fact(team, "clock.ended", "orchestrator", json_object());
		probes_ended(team);
		staff_tell(team);
		team_ended(team);
		return 0;
	}
	send_injects(team);
	steps_begin_due(team);
	probes_run_due(team);
	bot_play_due(team);
	staff_act_due(team);
	if (team_runs(team))
		set_timer(team, next_us(team, monotonic_us()));
	return 0;
}

/* ---- the end ---- */

static int on_all_ended(sd_event_source *source, void *context)
{
	(void)source;
	struct exercise *exercise = context;
	exercise->options.on_ended(exercise->options.context);
	return 0;
}

static void tell_when_all_ended(struct exercise *exercise)
{
	for (int i = 0; i < exercise->teams_count; i++)
		if (!exercise->teams[i].finished)
			return;
	if (exercise->ended || !exercise->options.on_ended)
		return;
	exercise->ended = true;
	int failure = sd_event_add_defer(exercise->options.loop, &exercise->end_source, on_all_ended, exercise);
	if (failure < 0)
		log_error("exercise '%s': end: %s", exercise->options.plan->exercise, strerror(-failure));
}

void team_ended(struct team *team)
{
	if (team->exercise->closing || team->undoing)
		return;
	for (size_t i = 0; i < team->exercise->scenario->steps_count; i++)
		if (team->steps[i].running)
			return;
	if (!team->finished)
		steps_undo(team);
	if (team->finished)
		tell_when_all_ended(team->exercise);
}

/* ---- creating: what the journal says, then on from there ---- */

static int team_init(struct exercise *exercise, int number, struct error **err)
{
	struct team *team = &exercise->teams[number - 1];
	team->exercise = exercise;
	team->number = number;
	team->entries = json_array();
	team->hints = json_object();
	team->unended = json_object();
	team->play.team = team;
	clock_init(&team->clock, exercise->scenario->duration_ms);
	schedule_init(&team->schedule, exercise->scenario);
	steps_init(team);
	probes_init(team);
	staff_init(team);
	int failure = sd_event_add_time(exercise->options.loop, &team->timer, CLOCK_MONOTONIC, 0, 1000, on_team_timer, team);
	if (failure >= 0)
		failure = sd_event_source_set_enabled(team->timer, SD_EVENT_OFF);
	return failure < 0 ? error_set_errno(err, -failure, "team %d: timer", number) : 0;
}

static void team_finish(struct team *team)
{
	sd_event_source_disable_unref(team->timer);
	if (!team->exercise) /* never made */
		return;
	probes_finish(team);
	staff_finish(team);
	steps_finish(team);
	schedule_finish(&team->schedule);
	json_decref(team->entries);
	json_decref(team->hints);
	json_decref(team->unended);
}

struct replay {
	struct exercise *exercise;
	struct error **err;
	int done;
};

static int replay_event(const struct event *event, void *context)
{
	struct replay *replay = context;
	replay->done = engine_apply(replay->exercise, event, replay->err);
	return replay->done;
}

static int replay_journal(struct exercise *exercise, struct error **err)
{
	struct replay replay = {.exercise = exercise, .err = err};
	exercise->replaying = true;
	int done = journal_read(exercise->options.journal, 0, replay_event, &replay, err);
	exercise->replaying = false;
	if (done < 0 || replay.done < 0)
		return error_prefix(err, "exercise '%s'", exercise->options.plan->exercise);
	if (exercise->closed)
		return error_set(err, "exercise '%s' is closed, and its journal finished; take another exercise name",
				 exercise->options.plan->exercise);
	return 0;
}

static int open_exercise(struct exercise *exercise, struct error **err)
{
	if (exercise->opened)
		return 0;
	const struct scenario *scenario = exercise->scenario;
	return exercise_record(
		exercise,
		event_create(0, -1, "exercise.opened", "orchestrator",
			     json_pack("{s:s, s:s, s:i, s:s}", "scenario", scenario->id, "digest", scenario->digest, "teams",
				       exercise->teams_count, "version", TORIDE_VERSION)),
		err);
}

/* The orchestrator was away: whoever's clock ran is told that it stood, and what was being reset then is told to be over. */
static int pause_after_restart(struct exercise *exercise, struct error **err)
{
	for (int i = 0; i < exercise->teams_count; i++) {
		struct team *team = &exercise->teams[i];
		if (team->was_running &&
		    exercise_record(exercise, team_event(team, "clock.paused", "orchestrator", json_object()), err) < 0)
			return -1;
		team->was_running = false;
		staff_catch_up(team);
		resets_cut_off(team);
		if (team->clock.state == CLOCK_ENDED)
			team_ended(team);
	}
	return 0;
}

static bool anybody_does_anything(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->people_count; i++)
		if (scenario->people[i].does_count > 0)
			return true;
	return false;
}

static int make_workers(struct exercise *exercise, struct error **err)
{
	const int steps = exercise->teams_count * STEP_WORKERS_PER_TEAM;
	const int probes = exercise->teams_count < PROBE_WORKERS_MAX ? exercise->teams_count : PROBE_WORKERS_MAX;
	if (jobs_create(exercise->options.loop, steps < STEP_WORKERS_MAX ? steps : STEP_WORKERS_MAX, &exercise->step_jobs, err) <
	    0)
		return -1;
	if (jobs_create(exercise->options.loop, probes, &exercise->probe_jobs, err) < 0)
		return -1;
	const int staff = exercise->teams_count * STAFF_BUSY_PER_TEAM;
	return anybody_does_anything(exercise->scenario)
		       ? jobs_create(exercise->options.loop, staff < STAFF_WORKERS_MAX ? staff : STAFF_WORKERS_MAX,
				     &exercise->staff_jobs, err)
		       : 0;
}

static void cleanup_exercise_(struct exercise **held)
{
	exercise_destroy(*held);
}

int exercise_create(const struct exercise_options *options, struct exercise **out, struct error **err)
{
	cleanup_with(exercise) struct exercise *exercise = xcalloc(1, sizeof *exercise);
	exercise->options = *options;
	exercise->scenario = options->plan->scenario;
	exercise->teams_count = options->plan->teams;
	exercise->teams = xcalloc((size_t)exercise->teams_count, sizeof *exercise->teams);
	if (exercise->scenario->steps_count > 0)
		exercise->attack = attack_create(options->range, options->plan);
	if (make_workers(exercise, err) < 0)
		return -1;
	for (int i = 1; i <= exercise->teams_count; i++)
		if (team_init(exercise, i, err) < 0)
			return -1;
	if (replay_journal(exercise, err) < 0 || open_exercise(exercise, err) < 0 || pause_after_restart(exercise, err) < 0)
		return -1;
	*out = steal(&exercise);
	return 0;
}

void exercise_close(struct exercise *exercise)
{
	exercise->closing = true;
	for (int i = 0; i < exercise->teams_count; i++)
		if (exercise->teams[i].timer)
			sd_event_source_set_enabled(exercise->teams[i].timer, SD_EVENT_OFF);
}

void exercise_destroy(struct exercise *exercise)
{
	if (!exercise)
		return;
	sd_event_source_disable_unref(exercise->end_source);
	jobs_destroy(exercise->staff_jobs);
	jobs_destroy(exercise->probe_jobs); /* waits; the results of what ran are still written */
	jobs_destroy(exercise->step_jobs);
	record_finish(exercise);
	for (int i = 0; i < exercise->teams_count; i++)
		team_finish(&exercise->teams[i]);
	attack_destroy(exercise->attack);
	free(exercise->teams);
	free(exercise);
}

/* ---- small things ---- */

int64_t exercise_clock_ms(const struct exercise *exercise, int team)
{
	struct team *found = engine_team((struct exercise *)exercise, team);
	return found ? team_now_ms(found) : -1;
}

void exercise_set_bot(struct exercise *exercise, int team, bool on)
{
	struct team *found = engine_team(exercise, team);
	if (!found)
		return;
	found->bot = on;
	team_poke(found);
}

void exercise_reached(struct exercise *exercise, int team, const char *objective, int64_t at_ms)
{
	struct team *found = engine_team(exercise, team);
	if (!found || !scenario_objective(exercise->scenario, objective))
		return;
	graph_happened(found->schedule.graph, objective, at_ms);
	team_poke(found);
}

void exercise_guest_lost(struct exercise *exercise, int team, const char *host, const char *detail)
{
	struct team *found = engine_team(exercise, team);
	if (!found || exercise->closing)
		return;
	cleanup_free char *clean = xstrdup(detail ? detail : "no reason known");
	clean_detail(clean);
	team_fact(found, "range.lost", "orchestrator", json_pack("{s:s, s:s}", "host", host, "detail", clean));
	team_alarm(found, "the guest '%s' is gone: %s", host, clean);
}

json_t *exercise_status(const struct exercise *exercise)
{
	json_t *teams = json_array();
	for (int i = 0; i < exercise->teams_count; i++) {
		const struct team *team = &exercise->teams[i];
		json_array_append_new(teams,
				      json_pack("{s:i, s:I, s:s}", "team", team->number, "clock_ms",
						(json_int_t)team_now_ms(team), "state", clock_state_names[team->clock.state]));
	}
	return json_pack("{s:o}", "teams", teams);
}
