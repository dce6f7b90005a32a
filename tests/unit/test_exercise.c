/*
 * The engine with a real journal, a real loop and real time: a drill without an attack (tests/unit/exercise.yaml), played in a
 * tenth of its time. What needs guests is tested on the real range (tests/range/).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/exercise.h"
#include "orchestrator/exercise/desk.h"

enum { TENTH = 10, DURATION_MS = 2000, LATE_MS = 500 /* on a busy machine */ };

struct stage {
	char folder[40];
	char *file;
	struct scenario *scenario;
	struct plan *plan;
	struct journal *journal;
	sd_event *loop;
	struct exercise *exercise;
	size_t told; /* events */
	bool ended;
};

static const struct identity instructor = {ACCOUNT_INSTRUCTOR, 0, "sensei"};
static const struct identity first_team = {ACCOUNT_TEAM, 1, "team1"};
static const struct identity second_team = {ACCOUNT_TEAM, 2, "team2"};

/* ---- the stage ---- */

static void on_event(const struct event *event, void *context)
{
	struct stage *stage = context;
	assert_true(event->seq > 0);
	stage->told++;
}

static void on_ended(void *context)
{
	struct stage *stage = context;
	assert_false(stage->ended);
	stage->ended = true;
}

static void hasten(struct moment *moment)
{
	moment->offset_ms /= TENTH;
}

static struct scenario *load_drill(void)
{
	cleanup_error struct error *err = NULL;
	struct diagnostics diagnostics = {0};
	struct scenario *scenario = NULL;
	if (scenario_load("tests/unit/exercise.yaml", ".", &scenario, &diagnostics, &err) != 0)
		fail_msg("%s%s", diagnostics.text ? diagnostics.text : "", error_text(err));
	diagnostics_finish(&diagnostics);
	scenario->duration_ms /= TENTH;
	for (size_t i = 0; i < scenario->injects_count; i++)
		hasten(&scenario->injects[i].at);
	for (size_t i = 0; i < scenario->solution_count; i++)
		hasten(&scenario->solution[i].at);
	return scenario;
}

static int open_engine(struct stage *stage, struct error **err)
{
	if (journal_create(stage->file, &stage->journal, err) < 0)
		return -1;
	assert_true(sd_event_new(&stage->loop) >= 0);
	const struct exercise_options options = {.loop = stage->loop,
						 .journal = stage->journal,
						 .plan = stage->plan,
						 .on_event = on_event,
						 .on_ended = on_ended,
						 .context = stage};
	return exercise_create(&options, &stage->exercise, err);
}

static void close_engine(struct stage *stage)
{
	exercise_destroy(steal(&stage->exercise));
	stage->loop = sd_event_unref(stage->loop);
	journal_destroy(steal(&stage->journal));
}

static void must_open(struct stage *stage)
{
	cleanup_error struct error *err = NULL;
	if (open_engine(stage, &err) < 0)
		fail_msg("%s", error_text(err));
}

static int setup(void **state)
{
	struct stage *stage = xcalloc(1, sizeof *stage);
	strcpy(stage->folder, "/tmp/toride-exercise-XXXXXX");
	if (!mkdtemp(stage->folder))
		return -1;
	stage->file = xasprintf("%s/journal.db", stage->folder);
	stage->scenario = load_drill();
	*state = stage;
	return plan_create(stage->scenario, "drill", 2, "2026-11-24", &stage->plan, NULL);
}

static int teardown(void **state)
{
	struct stage *stage = *state;
	close_engine(stage);
	plan_destroy(stage->plan);
	scenario_destroy(stage->scenario);
	cleanup_free char *command = xasprintf("rm -rf %s", stage->folder);
	int status = system(command);
	free(stage->file);
	free(stage);
	return status;
}

/* ---- acting and looking ---- */

static void run_for(struct stage *stage, int64_t span_ms)
{
	const int64_t end = monotonic_ms() + span_ms;
	for (int64_t left; (left = end - monotonic_ms()) > 0;)
		assert_true(sd_event_run(stage->loop, (uint64_t)left * 1000) >= 0);
}

static void run_until_ended(struct stage *stage)
{
	const int64_t end = monotonic_ms() + 3 * DURATION_MS;
	while (!stage->ended && monotonic_ms() < end)
		assert_true(sd_event_run(stage->loop, 100000) >= 0);
	assert_true(stage->ended);
}

static json_t *must_do(struct stage *stage, const struct identity *who, const char *command, const char *args)
{
	cleanup_json json_t *given = args ? json_loads(args, 0, NULL) : NULL;
	cleanup_error struct error *err = NULL;
	json_t *answer = NULL;
	if (exercise_command(stage->exercise, who, command, given, &answer, &err) < 0)
		fail_msg("%s %s: %s", command, args ? args : "", error_text(err));
	assert_true(json_is_object(answer));
	return answer;
}

static void done(struct stage *stage, const struct identity *who, const char *command, const char *args)
{
	json_decref(must_do(stage, who, command, args));
}

static void refused(struct stage *stage, const struct identity *who, const char *command, const char *args, const char *expected)
{
	cleanup_json json_t *given = args ? json_loads(args, 0, NULL) : NULL, *answer = NULL;
	cleanup_error struct error *err = NULL;
	assert_int_equal(exercise_command(stage->exercise, who, command, given, &answer, &err), -1);
	assert_null(answer);
	if (!strstr(error_text(err), expected))
		fail_msg("'%s' does not say '%s'", error_text(err), expected);
	if (strcmp(error_text_ja(err), error_text(err)) == 0 || !strstr(error_text_ja(err), "。"))
		fail_msg("'%s' has no Japanese: '%s'", error_text(err), error_text_ja(err));
	assert_int_equal(error_retry_ms(err), 0);
}

struct search { /* "kind" or "kind:word of the body" */
	const char *kind, *word;
	int team;
	int count;
	int64_t at_ms; /* of the last */
};

static int match_event(const struct event *event, void *context)
{
	struct search *search = context;
	const char *key;
	json_t *value;
	bool found = !search->word;
	json_object_foreach (event->body, key, value)
		found = found || (json_is_string(value) && strstr(json_string_value(value), search->word));
	if (found && strcmp(event->kind, search->kind) == 0 && event->team == search->team) {
		search->count++;
		search->at_ms = event->at_ms;
	}
	return 0;
}

static struct search find(struct stage *stage, int team, const char *kind, const char *word)
{
	struct search search = {.kind = kind, .word = word, .team = team, .at_ms = -1};
	assert_int_equal(journal_read(stage->journal, 0, match_event, &search, NULL), 0);
	return search;
}

static int count(struct stage *stage, int team, const char *kind, const char *word)
{
	return find(stage, team, kind, word).count;
}

static void assert_at(struct stage *stage, int team, const char *kind, const char *word, int64_t at_ms)
{
	struct search found = find(stage, team, kind, word);
	assert_int_equal(found.count, 1);
	assert_in_range(found.at_ms, at_ms, at_ms + LATE_MS);
}

#define CLAIM_FOUND "{\"objective\":\"found\",\"value\":{\"host\":\"analyst\"}}"
#define CLAIM_WRONG "{\"objective\":\"found\",\"value\":{\"host\":\"printer\"}}"
#define REPORT "{\"duty\":\"first-report\",\"fields\":{\"affected\":\"analyst\",\"type\":\"drill\"}}"
#define HINT "{\"objective\":\"found\",\"hint\":0}"

/* ---- the tests ---- */

static void test_plays_a_drill_to_its_end(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	exercise_set_bot(stage->exercise, 1, true);
	done(stage, &instructor, "start", NULL);
	run_until_ended(stage);
	assert_int_equal(count(stage, 0, "exercise.opened", "drill"), 1);
	for (int team = 1; team <= 2; team++) {
		assert_at(stage, team, "clock.started", NULL, 0);
		assert_at(stage, team, "inject.sent", "call", 300);
		assert_at(stage, team, "clock.ended", NULL, DURATION_MS);
		assert_int_equal(find(stage, team, "clock.ended", NULL).at_ms, DURATION_MS);
	}
	/* The bot's moments follow what really happened, as the inject after its report does. */
	const int64_t call_ms = find(stage, 1, "inject.sent", "call").at_ms;
	assert_at(stage, 1, "claim.made", "found", call_ms + 200);
	assert_at(stage, 1, "claim.made", "address", call_ms + 300);
	assert_at(stage, 1, "report.sent", "first-report", call_ms + 500);
	assert_at(stage, 1, "inject.sent", "received", find(stage, 1, "report.sent", NULL).at_ms + 100);
	assert_int_equal(count(stage, 2, "claim.made", NULL) + count(stage, 2, "report.sent", NULL), 0);
	assert_int_equal(count(stage, 2, "inject.sent", "received"), 0);
	assert_int_equal(journal_verify(stage->journal, NULL), 0);
	refused(stage, &first_team, "claim", CLAIM_FOUND, "the exercise is over");
	refused(stage, &instructor, "resume", NULL, "no team's clock");
}

static void test_each_event_is_told_once(void **state)
{
	struct stage *stage = *state;
	struct chain end;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	done(stage, &first_team, "claim", CLAIM_FOUND);
	run_for(stage, 800);
	assert_int_equal(journal_verify_to(stage->journal, &end, NULL), 0);
	assert_int_equal(stage->told, end.seq);
	assert_true(end.seq >= 6);
}

static void test_who_may_do_what_and_when(void **state)
{
	struct stage *stage = *state;
	const struct identity stranger = {ACCOUNT_TEAM, 3, "team3"};
	must_open(stage);
	refused(stage, &first_team, "start", NULL, "is the instructor's");
	refused(stage, &first_team, "adjust", "{\"team\":1,\"points_milli\":1000,\"reason\":\"me\"}", "is the instructor's");
	refused(stage, &first_team, "reset", "{\"team\":1}", "is the instructor's");
	refused(stage, &instructor, "reset", "{\"team\":1,\"host\":\"nowhere\"}", "no host 'nowhere'");
	refused(stage, &instructor, "reset", "{\"team\":1,\"host\":5}", "'host' is missing, or is not a text");
	refused(stage, &instructor, "claim", CLAIM_FOUND, "for a team's account");
	refused(stage, &instructor, "dance", NULL, "no such command");
	refused(stage, &stranger, "claim", CLAIM_FOUND, "no team 3");
	refused(stage, &first_team, "claim", CLAIM_FOUND, "has not begun yet");
	refused(stage, &first_team, "hint", HINT, "has not begun yet");
	refused(stage, &instructor, "start", "{\"team\":3}", "from 1 to 2");
	refused(stage, &instructor, "pause", "{\"team\":1}", "team 1's clock is ready");
	done(stage, &instructor, "start", "{\"team\":1}");
	refused(stage, &instructor, "start", "{\"team\":1}", "team 1's clock is running");
	refused(stage, &second_team, "claim", CLAIM_FOUND, "has not begun yet");
	done(stage, &instructor, "pause", NULL);
	refused(stage, &first_team, "claim", CLAIM_FOUND, "clock is paused");
	refused(stage, &first_team, "report", REPORT, "clock is paused");
	done(stage, &instructor, "start", NULL); /* the second; the first is paused, not ready */
	assert_int_equal(count(stage, 1, "clock.started", NULL), 1);
	refused(stage, &instructor, "grade", "{\"team\":1,\"duty\":\"first-report\",\"percent\":50}", "nothing to grade");
	done(stage, &second_team, "report", REPORT);
	done(stage, &instructor, "grade", "{\"team\":2,\"duty\":\"first-report\",\"percent\":50}");
	done(stage, &instructor, "adjust", "{\"team\":1,\"points_milli\":-1000,\"reason\":\"late\"}");
	done(stage, &instructor, "inject", "{\"team\":2,\"inject\":\"thanks\"}");
	refused(stage, &instructor, "inject", "{\"team\":2,\"inject\":\"thanks\"}", "has 'thanks' already");
	assert_int_equal(count(stage, 1, "claim.made", NULL) + count(stage, 2, "claim.made", NULL), 0);
	done(stage, &instructor, "end", NULL);
	run_until_ended(stage);
}

static void test_a_claim_sent_fifty_times_counts_once(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	json_int_t first = 0;
	int answered = 0;
	for (int i = 0; i < 50; i++) {
		cleanup_json json_t *args = json_loads(CLAIM_WRONG, 0, NULL), *answer = NULL;
		cleanup_error struct error *err = NULL;
		if (exercise_command(stage->exercise, &first_team, "claim", args, &answer, &err) < 0) {
			assert_non_null(strstr(error_text(err), "too many at once"));
			assert_in_range(error_retry_ms(err), 1, 60000 / DESK_RATE_PER_MINUTE);
			continue;
		}
		json_int_t seq = json_integer_value(json_object_get(answer, "seq"));
		assert_int_equal(json_is_true(json_object_get(answer, "repeated")), answered > 0);
		first = answered++ == 0 ? seq : first;
		assert_int_equal(seq, first);
	}
	assert_int_equal(answered, DESK_RATE_PER_MINUTE);
	assert_int_equal(count(stage, 1, "claim.made", NULL), 1);
	done(stage, &second_team, "claim", CLAIM_WRONG); /* the other team's rate is its own */
	done(stage, &second_team, "claim", CLAIM_FOUND);
	done(stage, &second_team, "claim", CLAIM_WRONG);
	assert_int_equal(count(stage, 2, "claim.made", NULL), 2);
}

static void test_hints_and_reports_repeat_harmlessly(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	for (int i = 0; i < 3; i++) {
		cleanup_json json_t *answer = must_do(stage, &first_team, "hint", HINT);
		assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "text"), "en")),
				    "There is only one");
		done(stage, &first_team, "report", REPORT);
	}
	assert_int_equal(count(stage, 1, "hint.taken", NULL), 1);
	assert_int_equal(count(stage, 1, "report.sent", NULL), 1);
	done(stage, &first_team, "report",
	     "{\"duty\":\"first-report\",\"fields\":{\"affected\":\"analyst\",\"type\":\"other\"}}");
	done(stage, &first_team, "report", REPORT); /* back to the first wording: a report of its own */
	assert_int_equal(count(stage, 1, "report.sent", NULL), 3);
}

static void test_a_reached_objective_moves_what_follows(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	run_for(stage, 100);
	const int64_t reached_ms = exercise_clock_ms(stage->exercise, 1);
	exercise_reached(stage->exercise, 1, "found", reached_ms);
	exercise_reached(stage->exercise, 1, "found", reached_ms + 1000);
	run_for(stage, 300);
	assert_at(stage, 1, "inject.sent", "thanks", reached_ms + 100);
	assert_int_equal(count(stage, 2, "inject.sent", "thanks"), 0);
}

/* One team is paused a hundred times; its injects and its end come at the same exercise time as the other's. */
static void test_pausing_a_hundred_times_is_fair(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	int64_t ran_ms = 0, stood_ms = 0, from = monotonic_ms();
	const int64_t began = from;
	for (int i = 0; i < 100; i++) {
		run_for(stage, 7);
		ran_ms += monotonic_ms() - from;
		done(stage, &instructor, "pause", "{\"team\":1}");
		from = monotonic_ms();
		const int64_t shown = exercise_clock_ms(stage->exercise, 1);
		run_for(stage, 5);
		assert_int_equal(exercise_clock_ms(stage->exercise, 1), shown);
		stood_ms += monotonic_ms() - from;
		done(stage, &instructor, "resume", "{\"team\":1}");
		from = monotonic_ms();
	}
	/* Writing a pause takes the world's time, and none of the team's; 2 ms each for reading clocks in milliseconds. */
	const int64_t shown = exercise_clock_ms(stage->exercise, 1), most = monotonic_ms() - began - stood_ms + 200;
	assert_in_range(shown, ran_ms - 200, most < DURATION_MS ? most : DURATION_MS);
	run_until_ended(stage);
	assert_at(stage, 1, "inject.sent", "call", 300);
	assert_int_equal(find(stage, 1, "clock.ended", NULL).at_ms, DURATION_MS);
	assert_int_equal(find(stage, 2, "clock.ended", NULL).at_ms, DURATION_MS);
	assert_int_equal(count(stage, 1, "clock.paused", NULL), 100);
}

static void test_goes_on_after_a_restart(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	run_for(stage, 500);
	cleanup_json json_t *first = must_do(stage, &first_team, "claim", CLAIM_FOUND);
	const int64_t stood = find(stage, 1, "claim.made", NULL).at_ms;
	close_engine(stage);
	usleep(300000);
	must_open(stage);
	assert_int_equal(exercise_clock_ms(stage->exercise, 1), stood);
	assert_int_equal(exercise_clock_ms(stage->exercise, 2), find(stage, 2, "inject.sent", "call").at_ms);
	assert_int_equal(count(stage, 1, "clock.paused", NULL), 1);
	refused(stage, &first_team, "report", REPORT, "clock is paused");
	done(stage, &instructor, "start", NULL); /* nothing is ready: it resumes */
	assert_int_equal(count(stage, 1, "clock.started", NULL), 1);
	assert_int_equal(count(stage, 2, "clock.resumed", NULL), 1);
	refused(stage, &instructor, "start", NULL, "cannot start: no team's clock");
	cleanup_json json_t *again = must_do(stage, &first_team, "claim", CLAIM_FOUND);
	assert_true(json_is_true(json_object_get(again, "repeated")));
	assert_true(json_equal(json_object_get(first, "seq"), json_object_get(again, "seq")));
	run_until_ended(stage);
	assert_int_equal(count(stage, 1, "exercise.opened", NULL) + count(stage, 0, "exercise.opened", NULL), 1);
	assert_int_equal(count(stage, 1, "inject.sent", "call"), 1);
	assert_int_equal(count(stage, 1, "claim.made", NULL), 1);
	assert_int_equal(find(stage, 1, "clock.ended", NULL).at_ms, DURATION_MS);
	close_engine(stage);
	stage->ended = false;
	must_open(stage); /* all over: it says so again */
	run_until_ended(stage);
}

static void test_a_reset_that_a_restart_cut_off_is_over(void **state)
{
	struct stage *stage = *state;
	const struct host *host = &stage->scenario->hosts[0];
	must_open(stage);
	exercise_reset_began(stage->exercise, 1, host, "sensei");
	exercise_reset_began(stage->exercise, 1, host, "sensei");
	exercise_reset_ended(stage->exercise, 1, host, "sensei", 5, "is being reset already");
	for (int opened = 0; opened < 2; opened++) {
		close_engine(stage);
		must_open(stage);
		assert_int_equal(count(stage, 1, "range.reset", "end"), 2);
		assert_int_equal(count(stage, 1, "range.reset", "the orchestrator ended meanwhile"), 1);
	}
	assert_int_equal(count(stage, 2, "range.reset", NULL), 0);
}

static void play_until_killed(struct stage *stage)
{
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	for (;;)
		run_for(stage, 1000);
}

static void test_goes_on_after_a_kill(void **state)
{
	struct stage *stage = *state;
	pid_t child = fork();
	if (child == 0)
		play_until_killed(stage);
	usleep(1200000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	must_open(stage);
	assert_in_range(exercise_clock_ms(stage->exercise, 1), 300, 300 + LATE_MS); /* the last thing that it did */
	assert_int_equal(count(stage, 1, "clock.paused", NULL), 1);
	assert_int_equal(journal_verify(stage->journal, NULL), 0);
	done(stage, &instructor, "resume", NULL);
	done(stage, &first_team, "claim", CLAIM_FOUND);
}

static void assert_not_opened(struct stage *stage, const char *expected)
{
	cleanup_error struct error *err = NULL;
	assert_int_equal(open_engine(stage, &err), -1);
	if (!strstr(error_text(err), expected))
		fail_msg("'%s' does not say '%s'", error_text(err), expected);
	close_engine(stage);
}

static void test_a_journal_belongs_to_its_scenario(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	close_engine(stage);
	stage->plan->teams = 1;
	assert_not_opened(stage, "begun with 2 teams");
	stage->plan->teams = 2;
	stage->scenario->digest[0] ^= 1;
	assert_not_opened(stage, "another text of the scenario");
	stage->scenario->digest[0] ^= 1;
	must_open(stage);
	assert_int_equal(
		exercise_record(stage->exercise,
				event_create(0, -1, "exercise.closed", "orchestrator", json_pack("{s:s}", "reason", "done")),
				NULL),
		0);
	close_engine(stage);
	assert_not_opened(stage, "is closed");
}

static void test_nothing_begins_while_it_is_taken_down(void **state)
{
	struct stage *stage = *state;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	run_for(stage, 100);
	exercise_close(stage->exercise);
	run_for(stage, 400);
	assert_int_equal(count(stage, 1, "inject.sent", NULL), 0);
	refused(stage, &first_team, "claim", CLAIM_FOUND, "taken down");
	cleanup_json json_t *body =
		json_pack("{s:s, s:s, s:s}", "action", "destroy", "resource", "guest", "name", "drill/t1/analyst");
	assert_int_equal(exercise_record(stage->exercise, event_create(1, -1, "range.begin", "orchestrator", steal(&body)), NULL),
			 0);
}

/* Four teams, all of them waiting for something: the loop sleeps. */
static void test_waiting_costs_nothing(void **state)
{
	struct stage *stage = *state;
	struct rusage before, after;
	plan_destroy(stage->plan);
	assert_int_equal(plan_create(stage->scenario, "drill", 4, "2026-11-24", &stage->plan, NULL), 0);
	stage->scenario->duration_ms = 3600000;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	run_for(stage, 400); /* the first inject is out */
	getrusage(RUSAGE_SELF, &before);
	run_for(stage, 1000);
	getrusage(RUSAGE_SELF, &after);
	const int64_t used_us =
		(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
		after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	assert_in_range(used_us, 0, 20000); /* 2 % of a core */
}

/* In a mount namespace of its own, on a disk that fills up. 0; the number of the check that failed; 99: no right to try. */
static int play_on_small_disk(struct stage *stage)
{
	char reason[3001] = "";
	json_t *answer = NULL;
	memset(reason, 'x', sizeof reason - 1);
	cleanup_json json_t *adjust = json_pack("{s:i, s:i, s:s}", "team", 1, "points_milli", 1, "reason", reason);
	cleanup_json json_t *claim = json_loads(CLAIM_FOUND, 0, NULL), *report = json_loads(REPORT, 0, NULL);
	cleanup_error struct error *err = NULL, *instructors = NULL;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", stage->folder, "tmpfs", 0, "size=512k") < 0)
		return 99;
	stage->scenario->duration_ms = 3600000;
	must_open(stage);
	done(stage, &instructor, "start", NULL);
	int written = 0;
	while (written < 1000 && exercise_command(stage->exercise, &instructor, "adjust", adjust, &answer, &instructors) == 0) {
		json_decref(steal(&answer));
		written++;
	}
	if (written == 0 || written == 1000 || !strstr(error_text(instructors), "disk is full"))
		return 1;
	/* The clocks stand, and nobody is told that something was saved. */
	const int64_t stood = exercise_clock_ms(stage->exercise, 2);
	if (exercise_command(stage->exercise, &first_team, "claim", claim, &answer, &err) == 0 ||
	    strstr(error_text(err), stage->folder))
		return 2;
	exercise_guest_lost(stage->exercise, 2, "analyst", "killed");
	run_for(stage, 300);
	if (exercise_clock_ms(stage->exercise, 2) != stood || count(stage, 2, "range.lost", NULL) != 0)
		return 3;
	/* Room again: what happened meanwhile is written by itself, and the clocks wait for a person. */
	if (mount(NULL, stage->folder, NULL, MS_REMOUNT, "size=4m") < 0)
		return 99;
	run_for(stage, 2500);
	if (count(stage, 2, "range.lost", NULL) != 1 || count(stage, 1, "clock.paused", NULL) != 1 ||
	    count(stage, 2, "clock.paused", NULL) != 1)
		return 4;
	if (count(stage, 0, "alarm.raised", "could not be written") != 1 || count(stage, 1, "referee.adjusted", NULL) != written)
		return 5;
	if (exercise_clock_ms(stage->exercise, 2) != stood || find(stage, 2, "clock.paused", NULL).at_ms != stood)
		return 6;
	done(stage, &instructor, "resume", NULL);
	done(stage, &first_team, "report", REPORT);
	if (journal_verify(stage->journal, NULL) < 0 || count(stage, 1, "claim.made", NULL) != 0)
		return 7;
	close_engine(stage);
	must_open(stage);
	close_engine(stage);
	return 0;
}

static void test_a_full_disk_stops_the_clocks(void **state)
{
	struct stage *stage = *state;
	pid_t child = fork();
	if (child == 0)
		_exit(play_on_small_disk(stage));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99) {
		print_message("left out: no right to mount a small file system\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plays_a_drill_to_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_event_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_may_do_what_and_when, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_claim_sent_fifty_times_counts_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hints_and_reports_repeat_harmlessly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reached_objective_moves_what_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pausing_a_hundred_times_is_fair, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_on_after_a_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reset_that_a_restart_cut_off_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_goes_on_after_a_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_journal_belongs_to_its_scenario, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_begins_while_it_is_taken_down, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk_stops_the_clocks, setup, teardown),
	};
	return cmocka_run_group_tests_name("exercise", tests, NULL, NULL);
}
