/* The score: time, states, and the whole, by the numbers (docs/scoring.md). Claims and reports have files of their own. */
#include "score.h"
#include "scoreboard/compare.h"
#include "scoreboard/timing.h"

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
	const struct CMUnitTest tests[] = {
		TEST(the_perfect_team_has_all_and_the_idle_one_nothing),
		TEST(before_the_end_what_is_not_done_is_open),
		TEST(points_fall_in_a_straight_line_to_the_floor),
		TEST(without_the_moment_that_time_counts_from_points_are_full),
		TEST(moments_come_from_steps_objectives_and_reports_alike),
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
