/* The step graph: order, what is skipped and why, moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "attacker/attack.h"

/* lure at 5 s; open 10 s after lure; beacon 2 s after open; look through beacon, 30 s after the inject `call`; grab needs look
 * and lure. */
static char needs_look[] = "look", needs_lure[] = "lure";
static char *grab_needs[] = {needs_look, needs_lure};
static struct step steps[] = {
	{.id = (char[]){"grab"}, .at = {true, NULL, 1000}, .needs = grab_needs, .needs_count = 2},
	{.id = (char[]){"lure"}, .at = {true, NULL, 5000}},
	{.id = (char[]){"open"}, .at = {true, "lure", 10000}},
	{.id = (char[]){"beacon"}, .at = {true, "open", 2000}},
	{.id = (char[]){"look"}, .at = {true, "call", 30000}, .through = &steps[3]},
};
enum { GRAB, LURE, OPEN, BEACON, LOOK };
static const struct scenario scenario = {.steps = steps, .steps_count = 5};

static const struct step *due(struct graph *graph, int64_t now_ms, const char *why_expected)
{
	bool skip;
	const char *why;
	const struct step *step = graph_due(graph, now_ms, &skip, &why);
	assert_int_equal(skip, why_expected != NULL);
	if (why_expected)
		assert_string_equal(why, why_expected);
	else
		assert_null(why);
	return step;
}

static void run(struct graph *graph, int index, enum step_outcome outcome, int64_t at_ms)
{
	graph_step_began(graph, &steps[index]);
	graph_step_ended(graph, &steps[index], outcome, at_ms);
}

static void test_each_step_is_due_at_its_time(void **state)
{
	(void)state;
	struct graph *graph = graph_create(&scenario);
	assert_int_equal(graph_next_ms(graph), 5000);
	assert_null(due(graph, 4999, NULL));
	assert_ptr_equal(due(graph, 5000, NULL), &steps[LURE]);
	graph_step_began(graph, &steps[LURE]);
	assert_null(due(graph, 60000, NULL)); /* it runs: neither again, nor what needs it */
	assert_int_equal(graph_next_ms(graph), -1);
	graph_step_ended(graph, &steps[LURE], STEP_DONE, 6000);
	assert_int_equal(graph_next_ms(graph), 16000);
	assert_ptr_equal(due(graph, 16000, NULL), &steps[OPEN]);
	run(graph, OPEN, STEP_DONE, 17000);
	assert_ptr_equal(due(graph, 19000, NULL), &steps[BEACON]);
	run(graph, BEACON, STEP_DONE, 20000);
	assert_int_equal(graph_next_ms(graph), -1); /* the call has not come */
	graph_happened(graph, "call", 40000);
	graph_happened(graph, "call", 90000); /* the first time counts */
	assert_int_equal(graph_next_ms(graph), 70000);
	assert_ptr_equal(due(graph, 70000, NULL), &steps[LOOK]);
	run(graph, LOOK, STEP_DONE, 71000);
	assert_int_equal(graph_next_ms(graph), 71000); /* its own time is long past: due when the last need is done */
	assert_null(due(graph, 70999, NULL));
	assert_ptr_equal(due(graph, 71000, NULL), &steps[GRAB]);
	run(graph, GRAB, STEP_DONE, 72000);
	assert_int_equal(graph_next_ms(graph), -1);
	assert_null(due(graph, INT64_MAX, NULL));
	graph_destroy(graph);
}

static void test_a_through_step_waits_for_its_beacon(void **state)
{
	(void)state;
	struct graph *graph = graph_create(&scenario);
	graph_happened(graph, "call", 1000);
	run(graph, LURE, STEP_DONE, 5000);
	run(graph, OPEN, STEP_DONE, 40000);
	assert_ptr_equal(due(graph, 100000, NULL), &steps[BEACON]);
	graph_step_began(graph, &steps[BEACON]);
	assert_null(due(graph, 100000, NULL));
	graph_step_ended(graph, &steps[BEACON], STEP_DONE, 100000);
	assert_ptr_equal(due(graph, 100000, NULL), &steps[LOOK]);
	graph_destroy(graph);
}

static void test_what_needs_a_blocked_step_is_skipped_and_so_on(void **state)
{
	(void)state;
	static const enum step_outcome outcomes[] = {STEP_BLOCKED, STEP_FAILED, STEP_SKIPPED};
	for (size_t i = 0; i < 3; i++) {
		struct graph *graph = graph_create(&scenario);
		run(graph, LURE, STEP_DONE, 5000);
		run(graph, OPEN, outcomes[i], 16000);
		assert_int_equal(graph_next_ms(graph), 16000);
		assert_ptr_equal(due(graph, 16000, "open"), &steps[BEACON]); /* at once, not when its own time has come */
		graph_step_ended(graph, &steps[BEACON], STEP_SKIPPED, 16000);
		assert_ptr_equal(due(graph, 16000, "beacon"), &steps[LOOK]); /* although the call never came */
		graph_step_ended(graph, &steps[LOOK], STEP_SKIPPED, 16000);
		assert_ptr_equal(due(graph, 16000, "look"), &steps[GRAB]);
		graph_step_ended(graph, &steps[GRAB], STEP_SKIPPED, 16000);
		assert_null(due(graph, INT64_MAX, NULL));
		graph_destroy(graph);
	}
}

static void test_moments(void **state)
{
	(void)state;
	struct graph *graph = graph_create(&scenario);
	assert_int_equal(graph_moment_ms(graph, &(struct moment){false, NULL, 0}), -1);
	assert_int_equal(graph_moment_ms(graph, &(struct moment){true, NULL, 7000}), 7000);
	assert_int_equal(graph_moment_ms(graph, &(struct moment){true, "first-report", 1000}), -1);
	graph_happened(graph, "first-report", 0);
	assert_int_equal(graph_moment_ms(graph, &(struct moment){true, "first-report", 1000}), 1000);
	run(graph, LURE, STEP_BLOCKED, 5000);
	assert_int_equal(graph_moment_ms(graph, &(struct moment){true, "lure", 1000}), -1); /* it did not happen */
	graph_step_ended(graph, &steps[LURE], STEP_DONE, 9000);				    /* the first end counts */
	assert_int_equal(graph_moment_ms(graph, &(struct moment){true, "lure", 1000}), -1);
	graph_destroy(graph);
}

static void test_a_cycle_is_never_due(void **state)
{
	(void)state;
	struct step circle[] = {
		{.id = (char[]){"a"}, .at = {true, "b", 0}},
		{.id = (char[]){"b"}, .at = {true, "a", 0}},
		{.id = (char[]){"self"}, .at = {true, "self", 0}},
	};
	struct graph *graph = graph_create(&(struct scenario){.steps = circle, .steps_count = 3});
	assert_null(due(graph, INT64_MAX, NULL));
	assert_int_equal(graph_next_ms(graph), -1);
	graph_destroy(graph);
}

static void test_no_steps(void **state)
{
	(void)state;
	struct graph *graph = graph_create(&(struct scenario){0});
	assert_null(due(graph, INT64_MAX, NULL));
	assert_int_equal(graph_next_ms(graph), -1);
	graph_destroy(graph);
	graph_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_step_is_due_at_its_time),
		cmocka_unit_test(test_a_through_step_waits_for_its_beacon),
		cmocka_unit_test(test_what_needs_a_blocked_step_is_skipped_and_so_on),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_a_cycle_is_never_due),
		cmocka_unit_test(test_no_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
