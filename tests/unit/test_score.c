/* The score: every rule of docs/scoring.md, by the numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "journal.h"
#include "model.h"
#include "orchestrator/digest.h"
#include "scoreboard/compare.h"
#include "scoreboard/timing.h"

static int setup(void **state)
{
	struct model *model = xcalloc(1, sizeof *model);
	model_fill(model);
	*state = model;
	return 0;
}

static int teardown(void **state)
{
	model_finish(*state);
	free(*state);
	return 0;
}

/* The first team's result after a story. */
static json_t *result_of(const struct model *model, const struct happening *story, size_t count)
{
	cleanup_score struct score *score = score_create(&model->scenario, 1);
	feed(score, story, count, 1);
	cleanup_json json_t *all = score_to_json(score);
	json_t *team = json_incref(json_array_get(json_object_get(all, "teams"), 0));
	assert_int_equal(json_integer_value(json_object_get(team, "points_milli")), score_points(score, 1));
	return team;
}
#define RESULT(model, ...)                                                                                                       \
	result_of(model, (const struct happening[]){__VA_ARGS__},                                                                \
		  sizeof((const struct happening[]){__VA_ARGS__}) / sizeof(struct happening))

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value))
		fail_msg("no number '%s'", key);
	return json_integer_value(value);
}

/* An objective or duty of a result. */
static const json_t *part(const json_t *team, const char *id)
{
	static const char *const lists[] = {"objectives", "duties"};
	for (size_t l = 0; l < 2; l++) {
		size_t index;
		json_t *one;
		json_array_foreach (json_object_get(team, lists[l]), index, one)
			if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
				return one;
	}
	fail_msg("no '%s' in the result", id);
	return NULL;
}

static json_int_t points(const json_t *team, const char *id)
{
	return number(part(team, id), "points_milli");
}

static const char *mark(const json_t *team, const char *id)
{
	return json_string_value(json_object_get(part(team, id), "state"));
}

static const char *claim_result(const json_t *team, const char *id, size_t index)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(part(team, id), "claims"), index), "result"));
}

static void the_perfect_team_has_all_and_the_idle_one_nothing(void **state)
{
	cleanup_json json_t *perfect = RESULT(*state, ATTACK, PERFECT, ENDED), *idle = RESULT(*state, ATTACK, ENDED);
	assert_int_equal(number(perfect, "points_milli"), 100000);
	assert_int_equal(number(perfect, "measured_milli"), 100000);
	assert_int_equal(number(perfect, "percent_milli"), 100000);
	assert_int_equal(number(idle, "points_milli"), 0);
	assert_int_equal(number(idle, "measured_milli"), 100000);
	assert_int_equal(number(idle, "percent_milli"), 0);
	static const char *const ids[] = {"patient-zero", "c2", "cut-off", "first-report"};
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(mark(perfect, ids[i]), "done");
		assert_string_equal(mark(idle, ids[i]), "missed");
	}
}

static void before_the_end_what_is_not_done_is_open(void **state)
{
	cleanup_json json_t *team = RESULT(*state, ATTACK, CLAIM(70000, "patient-zero", "{\"host\":\"pc-tanaka\"}"));
	assert_string_equal(mark(team, "patient-zero"), "done");
	assert_string_equal(mark(team, "c2"), "open");
	assert_string_equal(mark(team, "first-report"), "open");
	assert_int_equal(number(team, "points_milli"), 20000);
	assert_int_equal(number(team, "measured_milli"), 100000);
	assert_int_equal(number(part(team, "first-report"), "due_ms"), 190000);
}

/* Full until call + 90 s = 130 s, 40 % from call + 200 s = 240 s. */
static void points_fall_in_a_straight_line_to_the_floor(void **state)
{
	static const struct {
		int64_t at_ms;
		json_int_t points;
	} cases[] = {{130000, 20000}, {130001, 19980}, {185000, 14000}, {239999, 8000}, {240000, 8000}, {299999, 8000}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *team =
			RESULT(*state, ATTACK, CLAIM(cases[i].at_ms, "patient-zero", "{\"host\":\"pc-tanaka\"}"));
		assert_int_equal(points(team, "patient-zero"), cases[i].points);
	}
}

static void without_the_moment_that_time_counts_from_points_are_full(void **state)
{
	cleanup_json json_t *team = RESULT(*state, CLAIM(290000, "patient-zero", "{\"host\":\"pc-tanaka\"}"));
	assert_int_equal(points(team, "patient-zero"), 20000);
	assert_true(json_is_null(json_object_get(part(team, "patient-zero"), "full_by_ms")));
}

static void moments_come_from_steps_objectives_and_reports_alike(void **state)
{
	struct model *model = *state;
	static const struct {
		const char *after;
		json_int_t base_ms;
	} cases[] = {{"beacon", 17000},	       {"patient-zero", 70000}, {"cut-off", 90000},
		     {"first-report", 130000}, {"exfil", -1},		{NULL, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		model->objectives[MODEL_C2].full_by = model_after(cases[i].after, 1000);
		cleanup_json json_t *team = RESULT(model, ATTACK, PERFECT, STEP_ENDS(140000, "exfil", "blocked"));
		const json_t *full_by = json_object_get(part(team, "c2"), "full_by_ms");
		if (cases[i].base_ms < 0)
			assert_true(json_is_null(full_by));
		else
			assert_int_equal(json_integer_value(full_by), cases[i].base_ms + 1000);
	}
}

static void a_set_counts_by_precision_and_recall(void **state)
{
	struct model *model = *state;
	model->nics[MODEL_ATTACKER][1] = (struct nic){.network = &model->networks[MODEL_INTERNET], .address = 0xcb007143};
	model->hosts[MODEL_ATTACKER].nics_count = 2; /* 203.0.113.66 and .67 */
	static const struct {
		const char *value;
		json_int_t points;
		const char *result;
	} cases[] = {
		{"{\"indicators\":[\"203.0.113.66\",\"203.0.113.67\"]}", 15000, "right"},
		{"{\"indicators\":\"203.0.113.67, 203.0.113.66\"}", 15000, "right"},
		{"{\"indicators\":\"203[.]0[.]113[.]67、２０３.0.113.66\"}", 15000, "right"},
		{"{\"indicators\":[\"203.0.113.66\"]}", 9990, "partial"},		       /* F1 = 2/3: 666 */
		{"{\"indicators\":[\"203.0.113.66\",\"10.1.1.1\"]}", 7500, "partial"},	       /* 2/4 */
		{"{\"indicators\":[\"203.0.113.66\",\"10.1.1.1\",\"10.1.1.2\"]}", 0, "wrong"}, /* less than half is true */
		{"{\"indicators\":[\"10.1.1.1\"]}", 0, "wrong"},
		{"{\"indicators\":[]}", 0, "noted"},
		{"{\"indicators\":[\" \"]}", 0, "noted"},
		{"{\"other\":\"203.0.113.66\"}", 0, "noted"},
		{"{\"indicators\":[7,null,{}]}", 0, "noted"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"c2\",\"value\":%s}", cases[i].value);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		assert_int_equal(points(team, "c2"), cases[i].points);
		assert_string_equal(claim_result(team, "c2", 0), cases[i].result);
	}
}

static void a_host_is_known_by_name_and_by_address(void **state)
{
	static const char *const right[] = {"pc-tanaka", " PC-Tanaka ", "10.1.1.101", "ｐｃ-tanaka"};
	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", right[i]);
		cleanup_json json_t *team = RESULT(*state, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "right");
	}
	static const char *const wrong[] = {"file", "10.1.1.20", "pc-tanaka2", "pc"};
	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", wrong[i]);
		cleanup_json json_t *team = RESULT(*state, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	}
}

static void other_truths_are_compared_too(void **state)
{
	struct model *model = *state;
	static const struct {
		enum truth_key key;
		const char *value;
	} cases[] = {{TRUTH_TECHNIQUE, "t1204.001"}, {TRUTH_ACCOUNT, "tanaka"}, {TRUTH_ADDRESSES, "10.1.1.101"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		model->claim_fields[0].truth.key = cases[i].key;
		cleanup_free char *body =
			xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", cases[i].value);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "right");
	}
	cleanup_json json_t *literal = json_string("Malware");
	model->claim_fields[0].truth = (struct truth){.literal = literal};
	cleanup_json json_t *team = RESULT(model, ATTACK, CLAIM(60000, "patient-zero", "{\"host\":\"malware\"}"));
	assert_string_equal(claim_result(team, "patient-zero", 0), "right");
}

static void a_teams_secret_is_known_by_its_digest(void **state)
{
	struct model *model = *state;
	static const char secret[] = "kq3m7hw2nd8sxu5cpa4vzrby", other[] = "kq3m7hw2nd8sxu5cpa4vzrbz";
	char digest[DIGEST_TEXT_SIZE], other_name[DIGEST_TEXT_SIZE];
	digest_secret("flag1", secret, digest);
	digest_secret("flag2", secret, other_name);
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_free char *told = xasprintf("{\"digests\":{\"flag1\":\"%s\",\"flag2\":\"00\"}}", digest);
	cleanup_free char *right = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\" %s\"}}", secret);
	cleanup_free char *wrong = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", other);
	cleanup_free char *both =
		xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":[\"%s\",\"%s\"]}}", secret, other);
	const struct happening known = {-1, "truth.secrets", told};
	cleanup_json json_t *team = RESULT(model, known, {50000, "claim.made", wrong}, {55000, "claim.made", both},
					   CLAIM(58000, "patient-zero", "{\"host\":\"\"}"), {60000, "claim.made", right});
	assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 1), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 2), "noted");
	assert_string_equal(claim_result(team, "patient-zero", 3), "right");
	assert_int_equal(points(team, "patient-zero"), 20000);
	assert_string_not_equal(digest, other_name); /* one name's digest is no use for another */
	/* The digest itself is no answer; neither is the other secret's. */
	cleanup_free char *hash = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", digest);
	cleanup_json json_t *copied = RESULT(model, known, {60000, "claim.made", hash});
	assert_string_equal(claim_result(copied, "patient-zero", 0), "wrong");
	model->claim_fields[0].truth.secret = "flag2";
	cleanup_json json_t *mixed = RESULT(model, known, {60000, "claim.made", right});
	assert_string_equal(mark(mixed, "patient-zero"), "unmeasured"); /* "00" is no digest */
}

static void a_secret_that_the_journal_does_not_know_is_not_measured(void **state)
{
	struct model *model = *state;
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	model->duty_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_json json_t *team = RESULT(model, CLAIM(60000, "patient-zero", "{\"host\":\"abc\"}"), ENDED);
	assert_string_equal(mark(team, "patient-zero"), "unmeasured");
	assert_int_equal(number(team, "wrong_claims"), 0);
}

/* A range that was built again after its key was lost has others: the last that was told counts, in whatever order they come. */
static void the_last_digests_count(void **state)
{
	struct model *model = *state;
	char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];
	digest_secret("flag1", "old", before);
	digest_secret("flag1", "new", after);
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_free char *first = xasprintf("{\"digests\":{\"flag1\":\"%s\"}}", before);
	cleanup_free char *last = xasprintf("{\"digests\":{\"flag1\":\"%s\"}}", after);
	const struct happening story[] = {{-1, "truth.secrets", last},
					  {-1, "truth.secrets", first},
					  CLAIM(60000, "patient-zero", "{\"host\":\"old\"}"),
					  CLAIM(61000, "patient-zero", "{\"host\":\"new\"}")};
	static const int64_t numbers[] = {2, 1, 3, 4};
	cleanup_score struct score *score = score_create(&model->scenario, 1);
	for (size_t i = 0; i < 4; i++) {
		cleanup_event struct event *event = happening_event(&story[i], 1, numbers[i], "team-1");
		score_apply(score, event);
	}
	cleanup_json json_t *all = score_to_json(score);
	const json_t *team = json_array_get(json_object_get(all, "teams"), 0);
	assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 1), "right");
}

static void a_time_counts_within_its_tolerance(void **state)
{
	struct model *model = *state;
	model->claim_fields[0] = (struct claim_field){.name = (char *)"host",
						      .truth = {&model->steps[MODEL_OPEN], TRUTH_TIME, NULL, NULL},
						      .match = MATCH_TIME,
						      .tolerance_ms = 5000};
	static const struct {
		const char *time, *result;
	} cases[] = {{"00:00:15", "right"}, {"00:00:10", "right"},  {"0:00:20", "right"},  {"00:00:21", "wrong"},
		     {"00:00", "wrong"},    {"00:15", "right"},	    {"0:10", "right"},	   {"00:00:", "wrong"},
		     {"15", "wrong"},	    {"0:0:0:15", "wrong"},  {"99999:15", "wrong"}, {"soon", "wrong"},
		     {"00:00:99", "wrong"}, {"00:00:15x", "wrong"}, {"", "noted"},	   {"-1:00:15", "wrong"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body =
			xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", cases[i].time);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		if (strcmp(claim_result(team, "patient-zero", 0), cases[i].result) != 0)
			fail_msg("'%s' is %s", cases[i].time, claim_result(team, "patient-zero", 0));
	}
	/* In a longer exercise two parts are hours and minutes. */
	model->scenario.duration_ms = 3600000;
	cleanup_json json_t *hours = RESULT(model, ATTACK, CLAIM(60000, "patient-zero", "{\"host\":\"00:15\"}"));
	assert_string_equal(claim_result(hours, "patient-zero", 0), "wrong");
	/* Before the step there is nothing to compare with; after it the claim counts. */
	cleanup_json json_t *before = RESULT(model, CLAIM(1000, "patient-zero", "{\"host\":\"00:00:14\"}"));
	assert_string_equal(claim_result(before, "patient-zero", 0), "noted");
	cleanup_json json_t *after = RESULT(model, CLAIM(1000, "patient-zero", "{\"host\":\"00:00:14\"}"), ATTACK);
	assert_string_equal(claim_result(after, "patient-zero", 0), "right");
}

static void a_claim_may_come_before_its_step(void **state)
{
	cleanup_json json_t *team = RESULT(*state, CLAIM(1000, "patient-zero", "{\"host\":\"pc-tanaka\"}"));
	assert_int_equal(points(team, "patient-zero"), 20000);
	assert_int_equal(number(part(team, "patient-zero"), "at_ms"), 1000);
}

static void two_wrong_claims_are_free_and_the_cost_is_capped(void **state)
{
	struct happening story[25];
	cleanup_free char *bodies[24] = {NULL};
	for (int count = 1; count <= 24; count++) {
		for (int i = 0; i < count; i++) {
			free(bodies[i]);
			bodies[i] = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"pc-%d\"}}", i);
			story[i] = (struct happening){50000 + i, "claim.made", bodies[i]};
		}
		story[count] = (struct happening)CLAIM(60000, "patient-zero", "{\"host\":\"pc-tanaka\"}");
		cleanup_json json_t *team = result_of(*state, story, (size_t)count + 1);
		json_int_t expected = count <= 2 ? 0 : count - 2 < 10 ? (count - 2) * 1000 : 10000; /* 10 % of 100 points */
		assert_int_equal(number(team, "penalty_milli"), expected);
		assert_int_equal(number(team, "wrong_claims"), count);
		assert_int_equal(points(team, "patient-zero"), 20000); /* a right claim later is full */
		assert_int_equal(number(team, "points_milli"), 20000 - expected);
	}
	for (int i = 1; i < 24; i++)
		free(bodies[i]);
}

static void a_team_never_has_less_than_nothing(void **state)
{
	cleanup_json json_t *team = RESULT(*state, ATTACK, HINT(60000, "patient-zero"));
	assert_int_equal(points(team, "patient-zero"), -3000);
	assert_int_equal(number(team, "points_milli"), 0);
}

static void what_is_sent_fifty_times_counts_once(void **state)
{
	struct happening story[150];
	for (size_t i = 0; i < 50; i++) {
		story[i] = (struct happening)CLAIM(50000, "patient-zero", "{\"host\":\"file\"}");
		story[50 + i] = (struct happening)HINT(50000, "patient-zero");
		story[100 + i] = (struct happening)CLAIM(51000, "patient-zero", "{\"host\":\" PC-TANAKA\"}");
	}
	cleanup_json json_t *team = result_of(*state, story, 150);
	assert_int_equal(number(team, "wrong_claims"), 1);
	assert_int_equal(points(team, "patient-zero"), 17000);
	assert_int_equal(json_array_size(json_object_get(part(team, "patient-zero"), "claims")), 2);
}

static void a_state_is_70_percent_and_writing_it_down_30(void **state)
{
	cleanup_json json_t *held =
		RESULT(*state, ATTACK, PROBE(90000, "cut-off", "true", "0"), PROBE(110000, "cut-off", "true", "20000"));
	assert_int_equal(points(held, "cut-off"), 28000);
	assert_string_equal(mark(held, "cut-off"), "partial");
	assert_int_equal(number(part(held, "cut-off"), "at_ms"), 90000);
	/* It counts from when it began to hold: at 170 s, 10 s late of 100; the proof comes at 190 s. */
	cleanup_json json_t *late =
		RESULT(*state, ATTACK, PROBE(170000, "cut-off", "true", "0"), PROBE(190000, "cut-off", "true", "20000"));
	assert_int_equal(points(late, "cut-off"), 28000 * 94 / 100);
	cleanup_json json_t *short_hold =
		RESULT(*state, ATTACK, PROBE(90000, "cut-off", "true", "0"), PROBE(105000, "cut-off", "false", "15000"), ENDED);
	assert_int_equal(points(short_hold, "cut-off"), 0);
	assert_string_equal(mark(short_hold, "cut-off"), "missed");
}

static void writing_down_counts_when_it_says_something_and_the_state_is_there(void **state)
{
	static const struct {
		const char *measure;
		json_int_t points;
	} cases[] = {{"123456789", 28000}, {"1234567890", 40000}, {"境界ＦＷでＣ２を遮断", 40000}, {"   x      x ", 28000}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body =
			xasprintf("{\"objective\":\"cut-off\",\"value\":{\"measure\":\"%s\"}}", cases[i].measure);
		cleanup_json json_t *team =
			RESULT(*state, ATTACK, PROBE(110000, "cut-off", "true", "20000"), {60000, "claim.made", body});
		assert_int_equal(points(team, "cut-off"), cases[i].points);
		cleanup_json json_t *talk = RESULT(*state, ATTACK, {60000, "claim.made", body}, ENDED);
		assert_int_equal(points(talk, "cut-off"), 0);
	}
}

/* Full until 160 s, 40 % from 260 s: 70 % at 210 s. */
static void each_part_of_a_state_has_its_own_time(void **state)
{
	cleanup_json json_t *late_note = RESULT(*state, ATTACK, PROBE(110000, "cut-off", "true", "20000"),
						CLAIM(210000, "cut-off", "{\"measure\":\"blocked at the edge\"}"));
	assert_int_equal(points(late_note, "cut-off"), 28000 + 8400);
	cleanup_json json_t *early_note = RESULT(*state, ATTACK, CLAIM(60000, "cut-off", "{\"measure\":\"blocked at the edge\"}"),
						 PROBE(230000, "cut-off", "true", "20000"));
	assert_int_equal(points(early_note, "cut-off"), 19600 + 8400);
}

static void a_state_that_was_proved_stays_so_and_never_written_is_not_measured(void **state)
{
	cleanup_json json_t *again =
		RESULT(*state, ATTACK, PROBE(110000, "cut-off", "true", "20000"), PROBE(150000, "cut-off", "false", "0"),
		       PROBE(250000, "cut-off", "true", "20000"), ENDED);
	assert_int_equal(points(again, "cut-off"), 28000);
	assert_int_equal(number(part(again, "cut-off"), "at_ms"), 90000);
	cleanup_json json_t *silent = RESULT(*state, CALL(40000), ENDED);
	assert_string_equal(mark(silent, "cut-off"), "unmeasured");
	cleanup_json json_t *too_short = RESULT(*state, PROBE(290000, "cut-off", "true", "0"), ENDED);
	assert_string_equal(mark(too_short, "cut-off"), "missed");
}

static void a_state_stopped_before_the_attack_counts_from_then(void **state)
{
	cleanup_json json_t *team = RESULT(*state, PROBE(0, "cut-off", "false", "0"), PROBE(21000, "cut-off", "true", "20000"),
					   CALL(40000), STEP_ENDS(60000, "beacon", "blocked"), ENDED);
	assert_int_equal(number(part(team, "cut-off"), "at_ms"), 1000);
	assert_int_equal(points(team, "cut-off"), 28000);
}

static void what_could_not_be_measured_is_left_out_of_both_sides(void **state)
{
	static const struct happening nothing[][3] = {
		{STEP_ENDS(15000, "open", "failed"), CLAIM(60000, "patient-zero", "{\"host\":\"pc-tanaka\"}"), ENDED},
		{STEP_ENDS(15000, "open", "done"), TRACE(15500, "open", "false"), ENDED},
		{STEP_ENDS(15000, "open", "blocked"), CLAIM(60000, "patient-zero", "{\"host\":\"file\"}"), ENDED},
		{STEP_ENDS(15000, "open", "skipped"), HINT(60000, "patient-zero"), ENDED},
		{CALL(40000), CALL(40000), ENDED},
	};
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		cleanup_json json_t *team = result_of(*state, nothing[i], 3);
		assert_string_equal(mark(team, "patient-zero"), "unmeasured");
		assert_int_equal(points(team, "patient-zero"), 0);
		assert_int_equal(number(part(team, "patient-zero"), "measured_milli"), 0);
		assert_int_equal(number(team, "wrong_claims"), 0);
	}
	cleanup_json json_t *probes = RESULT(*state, ATTACK, ENDED);
	assert_int_equal(number(probes, "measured_milli"), 100000);
	cleanup_json json_t *null = RESULT(*state, PROBE(0, "cut-off", "null", "0"), STEP_DONE_AT(1, "open", "h"),
					   STEP_DONE_AT(1, "beacon", "h"), ENDED);
	assert_string_equal(mark(null, "cut-off"), "unmeasured");
	assert_int_equal(number(null, "measured_milli"), 60000);
}

static void a_prevented_step_still_counts_for_who_names_it(void **state)
{
	cleanup_json json_t *team = RESULT(*state, STEP_ENDS(15000, "open", "blocked"),
					   CLAIM(60000, "patient-zero", "{\"host\":\"pc-tanaka\"}"), ENDED);
	assert_string_equal(mark(team, "patient-zero"), "done");
	assert_int_equal(points(team, "patient-zero"), 20000);
}

static void one_trace_that_was_found_is_enough(void **state)
{
	cleanup_json json_t *team = RESULT(*state, STEP_DONE_AT(15000, "open", "h"), TRACE(15500, "open", "false"),
					   TRACE(15600, "open", "true"), TRACE(15700, "open", "null"));
	assert_string_equal(mark(team, "patient-zero"), "open");
	cleanup_json json_t *unseen = RESULT(*state, STEP_DONE_AT(15000, "open", "h"), TRACE(15700, "open", "null"));
	assert_string_equal(mark(unseen, "patient-zero"), "open");
}

/* 25 points: without a rubric completeness and agreement weigh the same. */
static void a_report_is_marked_by_completeness_and_agreement(void **state)
{
	static const struct {
		const char *fields;
		json_int_t points;
	} cases[] = {
		{FULL_REPORT, 25000},
		{"{}", 0},
		{"{\"type\":\"malware\",\"measures\":\"none\"}", 6250},			   /* 2 of 4, agrees 0 */
		{"{\"affected\":\"pc-tanaka\",\"type\":\"a\",\"measures\":\"b\"}", 15625}, /* 3 of 4, agrees 1 of 2 */
		{"{\"affected\":\"unknown, under investigation\",\"indicators\":\"調査中\",\"type\":\"不明\",\"measures\":\"b\"}",
		 12500},
		{"{\"affected\":\" \",\"indicators\":[],\"type\":\"\",\"measures\":7}", 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body = xasprintf("{\"duty\":\"first-report\",\"fields\":%s}", cases[i].fields);
		cleanup_json json_t *team = RESULT(*state, ATTACK, {130000, "report.sent", body});
		assert_int_equal(points(team, "first-report"), cases[i].points);
	}
}

static void unknown_is_no_answer_in_a_final_report(void **state)
{
	struct model *model = *state;
	model->duties[0].final = true;
	cleanup_json json_t *team =
		RESULT(model, ATTACK, REPORT(130000, "{\"affected\":\"調査中\",\"type\":\"不明\",\"measures\":\"Unknown.\"}"));
	assert_int_equal(points(team, "first-report"), 0);
	assert_true(json_is_true(json_object_get(part(team, "first-report"), "provisional")) == false);
}

/* Due at 190 s; the span of 150 s again: the floor from 340 s. */
static void a_late_report_falls_to_the_floor(void **state)
{
	static const struct {
		int64_t at_ms;
		json_int_t points;
	} cases[] = {{190000, 25000}, {265000, 17500}, {340000, 10000}, {900000, 10000}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *team = RESULT(*state, ATTACK, REPORT(cases[i].at_ms, FULL_REPORT));
		assert_int_equal(points(team, "first-report"), cases[i].points);
	}
}

static void the_best_of_the_first_three_reports_counts_at_its_own_time(void **state)
{
	/* An empty one in time does not save the time of a full one that is late. */
	cleanup_json json_t *empty_first = RESULT(*state, ATTACK, REPORT(50000, "{}"), REPORT(265000, FULL_REPORT));
	assert_int_equal(points(empty_first, "first-report"), 17500);
	cleanup_json json_t *worse_later = RESULT(*state, ATTACK, REPORT(50000, FULL_REPORT), REPORT(60000, "{}"));
	assert_int_equal(points(worse_later, "first-report"), 25000);
	assert_int_equal(number(part(worse_later, "first-report"), "at_ms"), 50000);
	cleanup_json json_t *fourth =
		RESULT(*state, ATTACK, REPORT(1, "{}"), REPORT(2, "{}"), REPORT(3, "{}"), REPORT(50000, FULL_REPORT));
	assert_int_equal(points(fourth, "first-report"), 0);
}

static void a_rubric_is_provisional_until_graded_and_then_the_average(void **state)
{
	struct model *model = *state;
	model->duties[0].rubric = MODEL_TEXT("明瞭か", "Is it clear?");
	cleanup_json json_t *waiting = RESULT(model, ATTACK, REPORT(130000, FULL_REPORT));
	assert_int_equal(points(waiting, "first-report"), 20000);
	assert_int_equal(number(part(waiting, "first-report"), "measured_milli"), 20000);
	assert_true(json_is_true(json_object_get(part(waiting, "first-report"), "provisional")));
	cleanup_score struct score *score = score_create(&model->scenario, 1);
	const struct happening story[] = {ATTACK, REPORT(130000, FULL_REPORT)};
	size_t count = sizeof story / sizeof *story;
	feed(score, story, count, 1);
	static const struct {
		const char *actor, *body;
		json_int_t points;
	} grades[] = {{"a", "{\"duty\":\"first-report\",\"percent\":50}", 22500},
		      {"b", "{\"duty\":\"first-report\",\"percent\":100}", 23750},
		      {"a", "{\"duty\":\"first-report\",\"percent\":100}", 25000},
		      {"a", "{\"duty\":\"first-report\",\"percent\":101}", 25000}};
	for (size_t i = 0; i < 4; i++) {
		struct happening grade = {300000, "report.graded", grades[i].body};
		cleanup_event struct event *event = happening_event(&grade, 1, (int64_t)(count + i + 1), grades[i].actor);
		score_apply(score, event);
		assert_int_equal(score_points(score, 1), grades[i].points);
	}
	cleanup_json json_t *all = score_to_json(score);
	const json_t *team = json_array_get(json_object_get(all, "teams"), 0);
	assert_int_equal(number(team, "measured_milli"), 100000);
	assert_false(json_is_true(json_object_get(part(team, "first-report"), "provisional")));
}

static void agreement_with_a_truth_that_was_not_measured_is_left_out(void **state)
{
	cleanup_json json_t *team =
		RESULT(*state, STEP_ENDS(15000, "open", "failed"), STEP_ENDS(16000, "beacon", "failed"),
		       REPORT(130000, "{\"affected\":\"x\",\"indicators\":\"y\",\"type\":\"a\",\"measures\":\"b\"}"));
	assert_int_equal(points(team, "first-report"), 12500);
	assert_int_equal(number(part(team, "first-report"), "measured_milli"), 12500);
}

static void the_referee_adjusts_and_marks_by_hand(void **state)
{
	struct model *model = *state;
	cleanup_json json_t *team =
		RESULT(model, ATTACK, {50000, "referee.adjusted", "{\"points_milli\":1500,\"reason\":\"fine work\"}"},
		       {50000, "referee.adjusted", "{\"points_milli\":-500,\"reason\":\"noise\"}"});
	assert_int_equal(number(team, "points_milli"), 1000);
	assert_int_equal(number(team, "adjusted_milli"), 1000);
	model->objectives[MODEL_C2].kind = OBJECTIVE_MANUAL;
	cleanup_json json_t *unmarked = RESULT(model, ATTACK, ENDED);
	assert_string_equal(mark(unmarked, "c2"), "unmeasured");
	cleanup_json json_t *marked = RESULT(
		model, ATTACK, {60000, "referee.adjusted", "{\"objective\":\"c2\",\"points_milli\":99000,\"reason\":\"r\"}"});
	assert_int_equal(points(marked, "c2"), 15000);
	assert_int_equal(number(marked, "adjusted_milli"), 0);
}

static void pausing_a_team_moves_no_score(void **state)
{
	const struct happening plain[] = {ATTACK, PERFECT, ENDED};
	struct happening paused[sizeof plain / sizeof *plain * 21];
	size_t count = 0;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		for (int p = 0; p < 10; p++) {
			paused[count++] = (struct happening){plain[i].at_ms, "clock.paused", "{}"};
			paused[count++] = (struct happening){plain[i].at_ms, "clock.resumed", "{}"};
		}
		paused[count++] = plain[i];
	}
	cleanup_json json_t *one = result_of(*state, plain, sizeof plain / sizeof *plain),
			    *other = result_of(*state, paused, count);
	assert_int_equal(number(one, "points_milli"), number(other, "points_milli"));
}

/* Everything at once, in a hundred orders: the result is the same, byte for byte. */
static void the_order_of_simultaneous_events_does_not_matter(void **state)
{
	const struct model *model = *state;
	const struct happening story[] = {
		STEP_DONE_AT(50000, "open", "h"),
		STEP_DONE_AT(50000, "beacon", "h"),
		TRACE(50000, "open", "true"),
		TRACE(50000, "open", "false"),
		CALL(50000),
		CLAIM(50000, "patient-zero", "{\"host\":\"pc-tanaka\"}"),
		CLAIM(50000, "patient-zero", "{\"host\":\"file\"}"),
		CLAIM(50000, "patient-zero", "{\"host\":\"FILE\"}"),
		CLAIM(50000, "patient-zero", "{\"host\":\"web\"}"),
		CLAIM(50000, "patient-zero", "{\"host\":\"proxy\"}"),
		CLAIM(50000, "c2", "{\"indicators\":[\"203.0.113.66\",\"10.1.1.1\"]}"),
		CLAIM(50000, "c2", "{\"indicators\":[\"10.1.1.1\",\"203.0.113.66\"]}"),
		HINT(50000, "patient-zero"),
		HINT(50000, "patient-zero"),
		PROBE(50000, "cut-off", "false", "0"),
		CLAIM(50000, "cut-off", "{\"measure\":\"blocked at the edge\"}"),
		REPORT(50000, "{}"),
		REPORT(50000, FULL_REPORT),
		REPORT(50000, "{\"type\":\"x\"}"),
		REPORT(50000, "{\"type\":\"y\"}"),
	};
	enum { COUNT = sizeof story / sizeof *story };
	struct event *events[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		events[i] = happening_event(&story[i], 1, (int64_t)i + 1, "test");
	cleanup_free char *expected = NULL;
	uint32_t random = 1;
	for (int round = 0; round < 100; round++) {
		cleanup_score struct score *score = score_create(&model->scenario, 1);
		for (size_t i = 0; i < COUNT; i++)
			score_apply(score, events[i]);
		struct happening later = PROBE(100000, "cut-off", "true", "50000");
		cleanup_event struct event *proof = happening_event(&later, 1, COUNT + 1, "test");
		score_apply(score, proof);
		cleanup_json json_t *json = score_to_json(score);
		cleanup_free char *text = json_dumps(json, JSON_SORT_KEYS);
		if (expected)
			assert_string_equal(text, expected);
		else
			expected = steal(&text);
		for (size_t i = COUNT - 1; i > 0; i--) { /* Fisher-Yates with a fixed seed */
			random = random * 1664525 + 1013904223;
			size_t j = (random >> 8) % (i + 1);
			struct event *moved = events[i];
			events[i] = events[j];
			events[j] = moved;
		}
	}
	assert_non_null(strstr(expected, "\"wrong_claims\": 3"));
	for (size_t i = 0; i < COUNT; i++)
		event_destroy(events[i]);
}

static void every_number_is_the_sum_of_its_lines(void **state)
{
	struct happening story[40];
	const struct happening base[] = {ATTACK, PERFECT, HINT(50000, "patient-zero"), ENDED};
	size_t count = sizeof base / sizeof *base;
	memcpy(story, base, sizeof base);
	static const struct happening wrong[] = {CLAIM(60000, "patient-zero", "{\"host\":\"file\"}"),
						 CLAIM(60000, "patient-zero", "{\"host\":\"web\"}"),
						 CLAIM(60000, "patient-zero", "{\"host\":\"proxy\"}"),
						 {60000, "referee.adjusted", "{\"points_milli\":2500,\"reason\":\"r\"}"}};
	memcpy(story + count, wrong, sizeof wrong);
	cleanup_json json_t *team = result_of(*state, story, count + 4);
	static const char *const lists[] = {"objectives", "duties"};
	json_int_t total = 0;
	for (size_t l = 0; l < 2; l++) {
		size_t index, line;
		json_t *one, *why;
		json_array_foreach (json_object_get(team, lists[l]), index, one) {
			json_int_t sum = 0;
			json_array_foreach (json_object_get(one, "why"), line, why) {
				sum += number(why, "points_milli");
				const json_t *text = json_object_get(why, "text");
				assert_true(json_string_length(json_object_get(text, "ja")) > 0);
				assert_true(json_string_length(json_object_get(text, "en")) > 0);
				if (number(why, "points_milli") != 0)
					assert_true(json_array_size(json_object_get(why, "events")) > 0);
			}
			assert_int_equal(sum, number(one, "points_milli"));
			total += sum;
		}
	}
	size_t line;
	json_t *why;
	json_array_foreach (json_object_get(team, "why"), line, why)
		total += number(why, "points_milli");
	assert_int_equal(total, number(team, "points_milli"));
	assert_int_equal(total, 100000 - 3000 - 1000 + 2500);
}

static void events_of_others_and_nonsense_change_nothing(void **state)
{
	const struct model *model = *state;
	cleanup_score struct score *score = score_create(&model->scenario, 2);
	const struct happening story[] = {ATTACK, PERFECT};
	feed(score, story, sizeof story / sizeof *story, 2);
	feed(score, story, sizeof story / sizeof *story, 3);
	assert_int_equal(score_points(score, 1), 0);
	assert_int_equal(score_points(score, 2), 100000);
	const struct happening odd[] = {
		{1, "claim.made", "{\"objective\":\"none\",\"value\":{}}"},
		{1, "claim.made", "{\"objective\":7,\"value\":[]}"},
		{1, "claim.made", "{\"objective\":\"c2\",\"value\":7}"},
		{1, "hint.taken", "{\"objective\":\"c2\",\"hint\":0}"},
		{1, "hint.taken", "{\"objective\":\"patient-zero\",\"hint\":-1}"},
		{1, "report.sent", "{\"duty\":\"x\",\"fields\":{}}"},
		{1, "report.sent", "{\"duty\":\"first-report\",\"fields\":[]}"},
		{1, "state.probe", "{\"objective\":null,\"holds\":7}"},
		{1, "truth.step", "{\"step\":\"x\",\"phase\":1,\"ability\":1,\"technique\":1,\"host\":1}"},
	};
	feed(score, odd, sizeof odd / sizeof *odd, 1);
	assert_int_equal(score_points(score, 1), 0);
}

static void the_time_rule_is_exact(void **state)
{
	(void)state;
	struct timing timing = {100, 200, 40};
	assert_int_equal(timing_factor(&timing, 0), 1000);
	assert_int_equal(timing_factor(&timing, 100), 1000);
	assert_int_equal(timing_factor(&timing, 101), 994);
	assert_int_equal(timing_factor(&timing, 150), 700);
	assert_int_equal(timing_factor(&timing, 199), 406);
	assert_int_equal(timing_factor(&timing, 200), 400);
	assert_int_equal(timing_factor(&timing, INT64_MAX), 400);
	struct timing none = {TIMING_UNKNOWN, TIMING_UNKNOWN, 40};
	assert_int_equal(timing_factor(&none, 1 << 30), 1000);
}

static void unknown_is_told_from_an_answer_with_that_word(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool unknown;
	} cases[] = {{"不明", true},
		     {"調査中です。", true},
		     {"Unknown, under investigation", true},
		     {"不明（調査中）", true},
		     {"", false},
		     {"unknown sender", false},
		     {"pc-tanaka", false},
		     {"不明なプロセス", false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *value = json_string(cases[i].text);
		if (answer_is_unknown(value) != cases[i].unknown)
			fail_msg("'%s'", cases[i].text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_perfect_team_has_all_and_the_idle_one_nothing),
		TEST(before_the_end_what_is_not_done_is_open),
		TEST(points_fall_in_a_straight_line_to_the_floor),
		TEST(without_the_moment_that_time_counts_from_points_are_full),
		TEST(moments_come_from_steps_objectives_and_reports_alike),
		TEST(a_set_counts_by_precision_and_recall),
		TEST(a_host_is_known_by_name_and_by_address),
		TEST(other_truths_are_compared_too),
		TEST(a_teams_secret_is_known_by_its_digest),
		TEST(a_secret_that_the_journal_does_not_know_is_not_measured),
		TEST(the_last_digests_count),
		TEST(a_time_counts_within_its_tolerance),
		TEST(a_claim_may_come_before_its_step),
		TEST(two_wrong_claims_are_free_and_the_cost_is_capped),
		TEST(a_team_never_has_less_than_nothing),
		TEST(what_is_sent_fifty_times_counts_once),
		TEST(a_state_is_70_percent_and_writing_it_down_30),
		TEST(writing_down_counts_when_it_says_something_and_the_state_is_there),
		TEST(each_part_of_a_state_has_its_own_time),
		TEST(a_state_that_was_proved_stays_so_and_never_written_is_not_measured),
		TEST(a_state_stopped_before_the_attack_counts_from_then),
		TEST(what_could_not_be_measured_is_left_out_of_both_sides),
		TEST(a_prevented_step_still_counts_for_who_names_it),
		TEST(one_trace_that_was_found_is_enough),
		TEST(a_report_is_marked_by_completeness_and_agreement),
		TEST(unknown_is_no_answer_in_a_final_report),
		TEST(a_late_report_falls_to_the_floor),
		TEST(the_best_of_the_first_three_reports_counts_at_its_own_time),
		TEST(a_rubric_is_provisional_until_graded_and_then_the_average),
		TEST(agreement_with_a_truth_that_was_not_measured_is_left_out),
		TEST(the_referee_adjusts_and_marks_by_hand),
		TEST(pausing_a_team_moves_no_score),
		TEST(the_order_of_simultaneous_events_does_not_matter),
		TEST(every_number_is_the_sum_of_its_lines),
		TEST(events_of_others_and_nonsense_change_nothing),
		TEST(the_time_rule_is_exact),
		TEST(unknown_is_told_from_an_answer_with_that_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
