/* The score: the marks of reports (docs/scoring.md). */
#include "score.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_report_is_marked_by_completeness_and_agreement),
		TEST(unknown_is_no_answer_in_a_final_report),
		TEST(a_late_report_falls_to_the_floor),
		TEST(the_best_of_the_first_three_reports_counts_at_its_own_time),
		TEST(a_rubric_is_provisional_until_graded_and_then_the_average),
		TEST(agreement_with_a_truth_that_was_not_measured_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
