/*
 * The simulated staff: while a team's clock runs, each person with something to do does it now and then, as himself, at his terminal. What they cannot
 * do is the measure of what the team's measures cost: a failure is told when it is new, and everything is counted.
 *
 * On workers of its own, a few for each team, and below everything else in the guests: so probes and attack steps wait for nobody.
 */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/engine.h"

#define ACTIVITIES "/usr/lib/toride/activities"

static void count(const struct staff_member *member, json_t *counts, bool well)
{
	json_t *of = json_object_get(counts, well ? "done" : "failed");
	const char *activity = member->person->does[member->doing];
	json_object_set_new(of, activity, json_integer(json_integer_value(json_object_get(of, activity)) + 1));
}

static json_t *no_counts(void)
{
	return json_pack("{s:{}, s:{}}", "done", "failed");
}

static int64_t sum(const json_t *counts, const char *key)
{
	const char *activity;
	json_t *count;
	int64_t all = 0;
	json_object_foreach (json_object_get(counts, key), activity, count)
		all += json_integer_value(count);
	return all;
}

void staff_init(struct team *team)
{
	const struct scenario *scenario = team->exercise->scenario;
	struct staff *staff = &team->staff;
	work_init(&staff->clock);
	staff->counts = no_counts();
	staff->members = xcalloc(scenario->people_count + 1, sizeof *staff->members);
	for (size_t i = 0; i < scenario->people_count; i++) {
		const struct person *person = &scenario->people[i];
		if (person->does_count == 0)
			continue;
		struct staff_member *member = &staff->members[staff->members_count++];
		*member = (struct staff_member){
			.team = team, .person = person, .complaints = xcalloc(person->does_count, sizeof *member->complaints)};
		turns_init(&member->turns, team->number, person->account, person->pace_ms);
	}
}

void staff_finish(struct team *team)
{
	for (size_t i = 0; i < team->staff.members_count; i++) {
		struct staff_member *member = &team->staff.members[i];
		for (size_t activity = 0; activity < member->person->does_count; activity++)
			free(member->complaints[activity]);
		free(member->complaints);
	}
	free(team->staff.members);
	json_decref(team->staff.counts);
	free(team->staff.last_failure);
}

/* ---- what comes of a turn ---- */

static char *last_line(const char *text)
{
	size_t end = strlen(text);
	while (end > 0 && strchr("\n\r\t ", text[end - 1]))
		end--;
	size_t start = end;
	while (start > 0 && text[start - 1] != '\n')
		start--;
	return xstrndup(text + start, end - start);
}

/* What the person could not do; NULL: it is done. A guest's root can have it say anything. */
static char *complaint_of(const struct staff_member *member)
{
	const char *activity = member->person->does[member->doing];
	const struct exec_result *result = &member->result;
	cleanup_free char *said = member->fault ? xstrdup(error_text(member->fault)) : last_line(result->err ? result->err : "");
	if (!member->fault && result->status == 0 && !result->timed_out)
		return NULL;
	if (result->timed_out)
		return xasprintf("%s: not done within %d s", activity, STAFF_TIMEOUT_MS / 1000);
	return *said ? steal(&said) : xasprintf("%s: status %d, without a word", activity, result->status);
}

/* One that the last try ended with as well is no news: a server that is down for an hour is one line, not hundreds. */
static void tell_failure(struct staff_member *member, char *complaint)
{
	char **before = &member->complaints[member->doing];
	bool news = complaint && (!*before || strcmp(*before, complaint) != 0);
	free(*before);
	*before = complaint;
	if (news)
		team_fact(member->team, "staff.failed", "staff",
			  json_pack("{s:s, s:s, s:s, s:s}", "person", member->person->account, "activity",
				    member->person->does[member->doing], "host", member->person->terminal->name, "message",
				    complaint));
}

static void acted(void *context)
{
	struct staff_member *member = context;
	struct team *team = member->team;
	member->busy = false;
	team->staff.busy--;
	if (member->tried && !team->exercise->closing) {
		char *complaint = complaint_of(member);
		if (complaint)
			clean_detail(complaint);
		count(member, team->staff.counts, !complaint);
		tell_failure(member, complaint);
	}
	exec_result_finish(&member->result);
	error_free(steal(&member->fault));
	team_poke(team);
}

static void act(void *context) /* on a worker */
{
	struct staff_member *member = context;
	const struct exercise *exercise = member->team->exercise;
	const struct guest_id guest = {exercise->options.plan->exercise, member->team->number, member->person->terminal->name};
	cleanup_free char *program = xasprintf(ACTIVITIES "/%s", member->person->does[member->doing]);
	cleanup_free char *person = xasprintf("TORIDE_PERSON=%s", member->person->account);
	const char *const argv[] = {program, NULL}, *const environment[] = {person, NULL};
	const struct exec_request request = {.argv = argv,
					     .environment = environment,
					     .user = member->person->account,
					     .timeout_ms = STAFF_TIMEOUT_MS,
					     .output_limit = 4096,
					     .background = true};
	member->tried = true;
	range_exec(exercise->options.range, &guest, &request, &member->result, &member->fault);
}

/* ---- turns ---- */

static void begin(struct staff_member *member, int64_t work)
{
	member->doing = turns_pick(&member->turns, member->person->does_count);
	turns_pass(&member->turns, work);
	member->busy = true;
	member->tried = false;
	member->team->staff.busy++;
	jobs_submit(member->team->exercise->staff_jobs, act, acted, member);
}

/* Who has waited longest for his turn, and may have it; NULL: nobody. */
static struct staff_member *next_member(struct team *team)
{
	struct staff_member *next = NULL;
	for (size_t i = 0; i < team->staff.members_count && team->staff.busy < STAFF_BUSY_PER_TEAM; i++) {
		struct staff_member *member = &team->staff.members[i];
		if (!member->busy && (!next || member->turns.due < next->turns.due))
			next = member;
	}
	return next;
}

void staff_act_due(struct team *team)
{
	const int64_t now_ms = team_now_ms(team), work = work_done(&team->staff.clock, now_ms);
	struct staff_member *member;
	while (team_runs(team) && team->staff.clock.percent > 0 && (member = next_member(team)) && member->turns.due <= work)
		begin(member, work);
	if (now_ms - team->staff.told_ms >= STAFF_TALLY_MS)
		staff_tell(team);
}

int64_t staff_next_ms(const struct team *team)
{
	const struct staff *staff = &team->staff;
	const struct staff_member *member = next_member((struct team *)team);
	const int64_t tally =
		sum(staff->counts, "done") + sum(staff->counts, "failed") > 0 ? staff->told_ms + STAFF_TALLY_MS : INT64_MAX;
	const int64_t turn = member ? work_when_ms(&staff->clock, member->turns.due) : INT64_MAX;
	return turn < tally ? turn : tally;
}

/* ---- counts and load ---- */

void staff_tell(struct team *team)
{
	struct staff *staff = &team->staff;
	staff->told_ms = team_now_ms(team);
	if (sum(staff->counts, "done") + sum(staff->counts, "failed") > 0)
		team_fact(team, "staff.tally", "staff", json_deep_copy(staff->counts));
}

void staff_tallied(struct team *team, const struct event *event)
{
	struct staff *staff = &team->staff;
	staff->done += sum(event->body, "done");
	staff->failed += sum(event->body, "failed");
	staff->told_ms = event->at_ms;
	if (team->exercise->replaying)
		return;
	json_decref(staff->counts);
	staff->counts = no_counts();
}

void staff_complained(struct team *team, const struct event *event)
{
	const char *message = json_string_value(json_object_get(event->body, "message"));
	free(team->staff.last_failure);
	team->staff.last_failure = xstrdup(message);
}

void staff_load(struct team *team, const struct event *event)
{
	const json_int_t percent = json_integer_value(json_object_get(event->body, "percent"));
	if (percent >= 0 && percent <= LOAD_MAX_PERCENT)
		work_set_load(&team->staff.clock, (int)percent, event->at_ms);
}

void staff_catch_up(struct team *team)
{
	const int64_t work = work_done(&team->staff.clock, team_now_ms(team));
	for (size_t i = 0; i < team->staff.members_count && work > 0; i++)
		turns_pass(&team->staff.members[i].turns, work);
}

json_t *staff_status(const struct team *team)
{
	const struct staff *staff = &team->staff;
	return json_pack("{s:i, s:i, s:i, s:I, s:I, s:s?}", "team", team->number, "people", (int)staff->members_count, "percent",
			 staff->clock.percent, "done", (json_int_t)staff->done + sum(staff->counts, "done"), "failed",
			 (json_int_t)staff->failed + sum(staff->counts, "failed"), "last_failure", staff->last_failure);
}
