/* Commands from people: who may do what, and when; desk.c checks what they hand in. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/engine.h"

struct request {
	struct exercise *exercise;
	const struct identity *who;
	struct team *team; /* NULL: all of them */
	json_t *body;	   /* the event's, checked */
	const struct command_kind *kind;
};

typedef int check_fn(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);
typedef int run_fn(const struct request *request, json_t **answer, struct error **err);

struct command_kind {
	const char *name;
	enum account_role role;
	check_fn *check;
	run_fn *run;
	bool all_teams; /* args.team may be absent */
	const char *event;
	unsigned from; /* a clock's command: the states that it leaves, as bits */
};

/* A trainee is not told of the server's files. */
static int record(const struct request *request, struct team *team, struct error **err)
{
	cleanup_error struct error *fault = NULL;
	struct event *event = team_event(team, request->kind->event, request->who->account, json_incref(request->body));
	if (exercise_record(request->exercise, event, &fault) == 0)
		return 0;
	if (request->who->role == ACCOUNT_INSTRUCTOR)
		return error_move(err, steal(&fault));
	return error_set_texts(err, "保存できなかったため、時計が止まっています。教官が再開します。",
			       "this could not be saved, and the clock is paused; your instructor will resume it");
}

static const char *body_word(const struct request *request, const char *key)
{
	const char *word = json_string_value(json_object_get(request->body, key));
	return word ? word : "";
}

/* ---- the clock ---- */

static bool may_change(const struct request *request, const struct team *team)
{
	return request->kind->from & (1U << team->clock.state);
}

/*
 * It stops before the journal is told, and begins after: writing takes nobody's time. A stop is a fact by then: should the disk
 * be full at this very moment, it is written later.
 */
static int change_clock(const struct request *request, struct team *team, struct error **err)
{
	const bool pauses = strcmp(request->kind->event, "clock.paused") == 0,
		   ends = strcmp(request->kind->event, "clock.ended") == 0;
	if (!pauses && !ends) {
		if (record(request, team, err) < 0)
			return -1;
		team_poke(team);
		return 0;
	}
	if (engine_writable(request->exercise, err) < 0)
		return -1;
	if (pauses)
		clock_pause(&team->clock, monotonic_us());
	else
		clock_end(&team->clock, monotonic_us());
	team_fact(team, request->kind->event, request->who->account, json_incref(request->body));
	if (ends) {
		probes_ended(team);
		staff_tell(team);
		team_ended(team);
	}
	return 0;
}

static int change_clocks(const struct request *request, int *changed, struct error **err)
{
	struct exercise *exercise = request->exercise;
	*changed = 0;
	for (int i = 0; i < exercise->teams_count; i++) {
		struct team *team = &exercise->teams[i];
		if ((request->team && request->team != team) || !may_change(request, team))
			continue;
		if (change_clock(request, team, err) < 0)
			return -1;
		(*changed)++;
	}
	return 0;
}

/* As the pages call them. */
static const char *const states_ja[] = {
	[CLOCK_READY] = "開始前",
	[CLOCK_RUNNING] = "進行中",
	[CLOCK_PAUSED] = "一時停止",
	[CLOCK_ENDED] = "終了",
};

static int run_clock(const struct request *request, json_t **answer, struct error **err)
{
	int changed;
	if (change_clocks(request, &changed, err) < 0)
		return -1;
	if (changed > 0)
		*answer = exercise_status(request->exercise);
	else if (request->team)
		error_set_texts(err, "'%s' はできません。チーム %d の時計は「%s%.0s」です。",
				"cannot %s: team %d's clock is %.0s%s", request->kind->name, request->team->number,
				states_ja[request->team->clock.state], clock_state_names[request->team->clock.state]);
	else
		error_set_texts(err, "'%s' はできません。それができる状態の時計がありません。",
				"cannot %s: no team's clock is in a state for that", request->kind->name);
	return changed > 0 ? 0 : -1;
}

static const struct command_kind resume; /* in the table below */

/* Where nothing waits to be started, starting lets paused clocks run on: what one wants after a restart. */
static int run_start(const struct request *request, json_t **answer, struct error **err)
{
	bool any = false;
	for (int i = 0; i < request->exercise->teams_count; i++) {
		const struct team *team = &request->exercise->teams[i];
		any = any || ((!request->team || request->team == team) && may_change(request, team));
	}
	struct request other = *request;
	other.kind = any ? request->kind : &resume;
	return run_clock(&other, answer, err);
}

/* ---- the desk ---- */

static int while_running(const struct team *team, struct error **err)
{
	static const struct {
		const char *ja, *en;
	} reasons[] = {
		[CLOCK_READY] = {"演習はまだ始まっていません。", "the exercise has not begun yet"},
		[CLOCK_PAUSED] = {"時計が止まっています。再開したら送ってください。",
				  "the clock is paused; hand it in when it runs again"},
		[CLOCK_ENDED] = {"演習は終わりました。", "the exercise is over"},
	};
	const enum clock_state state = team->clock.state;
	return state == CLOCK_RUNNING ? 0 : error_set_texts(err, "%s%.0s", "%.0s%s", reasons[state].ja, reasons[state].en);
}

static json_t *seq_answer(const json_t *seq, bool repeated)
{
	return json_pack("{s:O, s:b}", "seq", seq, "repeated", repeated);
}

/* What this team has handed in under this id: an equal one's entry (`last_only`: if it is the last), or NULL. */
static const json_t *find_equal(const struct team *team, const char *id, const json_t *values, bool last_only, size_t *count)
{
	const json_t *entry, *equal = NULL;
	size_t i;
	*count = 0;
	json_array_foreach (team->entries, i, entry) {
		if (strcmp(json_string_value(json_object_get(entry, "id")), id) != 0)
			continue;
		(*count)++;
		if (json_equal(json_object_get(entry, "values"), values))
			equal = entry;
		else if (last_only)
			equal = NULL;
	}
	return equal;
}

static int hand_in(const struct request *request, const char *id, const char *values, bool last_only, json_t **answer,
		   struct error **err)
{
	struct team *team = request->team;
	size_t count;
	if (while_running(team, err) < 0)
		return -1;
	const json_t *equal = find_equal(team, id, json_object_get(request->body, values), last_only, &count);
	if (equal) {
		*answer = seq_answer(json_object_get(equal, "seq"), true);
		return 0;
	}
	if (count >= DESK_ENTRIES_MAX)
		return error_set_texts(err, "'%s' はもう %d 回送られています。これ以上は送れません。",
				       "'%s' has been handed in %d times; that is enough", id, DESK_ENTRIES_MAX);
	if (record(request, team, err) < 0)
		return -1;
	const json_t *mine = json_array_get(team->entries, json_array_size(team->entries) - 1);
	*answer = seq_answer(json_object_get(mine, "seq"), false);
	team_poke(team);
	return 0;
}

/* The same claim twice is one, however long ago: a race of two browsers, or impatience, costs nothing. */
static int run_claim(const struct request *request, json_t **answer, struct error **err)
{
	return hand_in(request, body_word(request, "objective"), "value", false, answer, err);
}

/* A report may go back to an earlier wording: only the same one sent again is a repeat. */
static int run_report(const struct request *request, json_t **answer, struct error **err)
{
	return hand_in(request, body_word(request, "duty"), "fields", true, answer, err);
}

static int run_hint(const struct request *request, json_t **answer, struct error **err)
{
	struct team *team = request->team;
	const struct objective *objective = scenario_objective(request->exercise->scenario, body_word(request, "objective"));
	const json_int_t index = json_integer_value(json_object_get(request->body, "hint"));
	cleanup_free char *key = xasprintf("%s/%" JSON_INTEGER_FORMAT, objective->id, index);
	const bool repeated = json_object_get(team->hints, key) != NULL;
	if (!repeated && (while_running(team, err) < 0 || record(request, team, err) < 0))
		return -1;
	const struct text *text = &objective->hints[index].text;
	*answer = json_pack("{s:O, s:b, s:{s:s?, s:s?}}", "seq", json_object_get(team->hints, key), "repeated", repeated, "text",
			    "ja", text->ja, "en", text->en);
	return 0;
}

/* ---- the referee ---- */

static int run_inject(const struct request *request, json_t **answer, struct error **err)
{
	const struct scenario *scenario = request->exercise->scenario;
	struct team *team = request->team;
	const struct inject *inject = scenario_inject(scenario, body_word(request, "inject"));
	if (while_running(team, err) < 0)
		return -1;
	if (team->schedule.sent[inject - scenario->injects])
		return error_set_texts(err, "チーム %d には '%s' をもう送りました。", "team %d has '%s' already", team->number,
				       inject->id);
	if (record(request, team, err) < 0)
		return -1;
	*answer = json_object();
	team_poke(team);
	return 0;
}

static int run_adjust(const struct request *request, json_t **answer, struct error **err)
{
	if (record(request, request->team, err) < 0)
		return -1;
	*answer = json_object();
	return 0;
}

static int run_grade(const struct request *request, json_t **answer, struct error **err)
{
	size_t count;
	find_equal(request->team, body_word(request, "duty"), NULL, false, &count);
	if (count == 0)
		return error_set_texts(err, "チーム %d はまだ '%s' を送っていません。採点するものがありません。",
				       "team %d has not sent '%s' yet: there is nothing to grade", request->team->number,
				       body_word(request, "duty"));
	return run_adjust(request, answer, err);
}

/* ---- the cables ---- */

static int run_plug(const struct request *request, json_t **answer, struct error **err)
{
	const struct exercise_options *options = &request->exercise->options;
	const struct host *host = scenario_host(request->exercise->scenario, body_word(request, "host"));
	const struct network *network = scenario_network(request->exercise->scenario, body_word(request, "network"));
	const bool on = strcmp(request->kind->event, "range.plugged") == 0;
	cleanup_error struct error *fault = NULL;
	bool changed;
	if (engine_writable(request->exercise, err) < 0)
		return -1;
	if (range_plug(options->range, options->plan, request->team->number, host, network, on, &changed, &fault) < 0)
		return error_set_texts(err, "接続を切り替えられませんでした: %s", "the cable could not be changed: %s",
				       error_text(fault));
	if (changed)
		team_fact(request->team, request->kind->event, request->who->account, json_incref(request->body));
	*answer = json_pack("{s:b}", "changed", changed);
	return 0;
}

/* Answered when it has begun. */
static int run_reset(const struct request *request, json_t **answer, struct error **err)
{
	const struct exercise_options *options = &request->exercise->options;
	cleanup_error struct error *fault = NULL;
	if (engine_writable(request->exercise, err) < 0)
		return -1;
	if (!options->reset)
		return error_set_texts(err, "ここでは初期化できません。", "hosts cannot be reset here");
	if (options->reset(request->team->number, json_string_value(json_object_get(request->body, "host")),
			   request->who->account, options->context, &fault) < 0)
		return error_set_texts(err, "初期化できませんでした: %s", "the reset could not begin: %s", error_text(fault));
	*answer = json_object();
	return 0;
}

/* ---- the simulated staff ---- */

/* With a load: sets it. The answer is what there is, either way. */
static int run_npc(const struct request *request, json_t **answer, struct error **err)
{
	cleanup_json json_t *teams = json_array();
	for (int i = 0; i < request->exercise->teams_count; i++) {
		struct team *team = &request->exercise->teams[i];
		if (request->team && request->team != team)
			continue;
		if (json_object_get(request->body, "percent") && record(request, team, err) < 0)
			return -1;
		team_poke(team);
		json_array_append_new(teams, staff_status(team));
	}
	*answer = json_pack("{s:O}", "teams", teams);
	return 0;
}

/* ---- the table ---- */

#define FROM(state) (1U << (state))

static const struct command_kind resume = {"start", ACCOUNT_INSTRUCTOR, desk_clock,	   run_clock,
					   true,    "clock.resumed",	FROM(CLOCK_PAUSED)};

static const struct command_kind kinds[] = {
	{"start", ACCOUNT_INSTRUCTOR, desk_clock, run_start, true, "clock.started", FROM(CLOCK_READY)},
	{"pause", ACCOUNT_INSTRUCTOR, desk_clock, run_clock, true, "clock.paused", FROM(CLOCK_RUNNING)},
	{"resume", ACCOUNT_INSTRUCTOR, desk_clock, run_clock, true, "clock.resumed", FROM(CLOCK_PAUSED)},
	{"end", ACCOUNT_INSTRUCTOR, desk_clock, run_clock, true, "clock.ended",
	 FROM(CLOCK_READY) | FROM(CLOCK_RUNNING) | FROM(CLOCK_PAUSED)},
	{"claim", ACCOUNT_TEAM, desk_claim, run_claim, false, "claim.made", 0},
	{"report", ACCOUNT_TEAM, desk_report, run_report, false, "report.sent", 0},
	{"hint", ACCOUNT_TEAM, desk_hint, run_hint, false, "hint.taken", 0},
	{"inject", ACCOUNT_INSTRUCTOR, desk_inject, run_inject, false, "inject.sent", 0},
	{"adjust", ACCOUNT_INSTRUCTOR, desk_adjust, run_adjust, false, "referee.adjusted", 0},
	{"grade", ACCOUNT_INSTRUCTOR, desk_grade, run_grade, false, "report.graded", 0},
	{"npc", ACCOUNT_INSTRUCTOR, desk_npc, run_npc, true, "npc.load", 0},
	{"unplug", ACCOUNT_INSTRUCTOR, desk_plug, run_plug, false, "range.unplugged", 0},
	{"plug", ACCOUNT_INSTRUCTOR, desk_plug, run_plug, false, "range.plugged", 0},
	{"reset", ACCOUNT_INSTRUCTOR, desk_reset, run_reset, false, "range.reset", 0},
};

static const struct command_kind *find_kind(const char *name, enum account_role role, struct error **err)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		if (kinds[i].role == role)
			return &kinds[i];
		const bool team = role == ACCOUNT_TEAM;
		error_set_texts(err, "'%s' は%s%.0s", "'%s' is %.0s%s", name,
				team ? "教官の操作です。" : "チームのアカウントの操作です。",
				team ? "the instructor's" : "for a team's account");
		return NULL;
	}
	error_set_texts(err, "そのような操作はありません。", "there is no such command");
	return NULL;
}

/* A team's account acts for its own team, whatever the arguments say. */
static int find_team(struct request *request, const json_t *args, struct error **err)
{
	int number = request->who->team;
	if (request->kind->role == ACCOUNT_INSTRUCTOR &&
	    desk_team(args, request->exercise->teams_count, request->kind->all_teams, &number, err) < 0)
		return -1;
	request->team = engine_team(request->exercise, number);
	if (!request->team && !(request->kind->all_teams && number == 0))
		return error_set_texts(err, "この演習にチーム %d はありません。", "there is no team %d in this exercise", number);
	return 0;
}

int exercise_command(struct exercise *exercise, const struct identity *who, const char *command, const json_t *args,
		     json_t **answer, struct error **err)
{
	struct request request = {.exercise = exercise, .who = who, .kind = find_kind(command, who->role, err)};
	cleanup_json json_t *body = NULL;
	if (!request.kind || find_team(&request, args, err) < 0)
		return -1;
	if (who->role == ACCOUNT_TEAM && desk_rate_take(&request.team->rate, monotonic_us(), err) < 0)
		return -1;
	if (exercise->closing)
		return error_set_texts(err, "演習は片付け中です。", "the exercise is being taken down");
	if (request.kind->check(exercise->scenario, args, &body, err) < 0)
		return -1;
	request.body = body;
	return request.kind->run(&request, answer, err);
}
