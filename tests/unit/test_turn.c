/* When the simulated staff acts: the same every time, as often as the load says, wherever one begins to count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/exercise/turn.h"

enum { PACE_MS = 90000, TURNS = 2000 };

static void test_the_mean_gap_is_the_pace(void **state)
{
	(void)state;
	struct turns turns;
	turns_init(&turns, 1, "tanaka", PACE_MS);
	assert_in_range(turns.due, 0, PACE_MS * 100);
	const int64_t first = turns.due;
	for (int i = 0; i < TURNS; i++) {
		const int64_t due = turns.due;
		turns_pass(&turns, due);
		assert_int_equal(turns.number, i + 1);
		assert_in_range(turns.due - due, PACE_MS * 100 / 2, PACE_MS * 100 * 3 / 2);
	}
	assert_in_range((turns.due - first) / TURNS / 100, PACE_MS * 97 / 100, PACE_MS * 103 / 100);
}

static void test_every_activity_has_its_share(void **state)
{
	(void)state;
	struct turns turns;
	int times[3] = {0};
	turns_init(&turns, 1, "tanaka", PACE_MS);
	for (int i = 0; i < TURNS; i++, turns_pass(&turns, turns.due))
		times[turns_pick(&turns, 3)]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(times[i], TURNS / 4, TURNS / 2);
}

/* The same person of the same team does the same; another, or in another team, something else. */
static void test_what_comes_follows_from_team_person_and_number(void **state)
{
	(void)state;
	struct turns one, again, other, elsewhere;
	turns_init(&one, 1, "tanaka", PACE_MS);
	turns_init(&again, 1, "tanaka", PACE_MS);
	turns_init(&other, 1, "sato", PACE_MS);
	turns_init(&elsewhere, 2, "tanaka", PACE_MS);
	assert_int_not_equal(one.due, other.due);
	assert_int_not_equal(one.due, elsewhere.due);
	for (int i = 0; i < 50; i++) {
		turns_pass(&one, one.due);
		turns_pass(&again, again.due);
		assert_int_equal(one.due, again.due);
		assert_int_equal(turns_pick(&one, 5), turns_pick(&again, 5));
	}
	/* Who comes late (a restart) is at the same place of the same sequence. */
	struct turns late;
	turns_init(&late, 1, "tanaka", PACE_MS);
	turns_pass(&late, one.due - 1);
	assert_int_equal(late.due, one.due);
	assert_int_equal(late.number, one.number);
}

static void test_the_load_is_the_speed_of_work(void **state)
{
	(void)state;
	struct work_clock clock;
	work_init(&clock);
	assert_int_equal(work_done(&clock, 1000), 100000);
	assert_int_equal(work_when_ms(&clock, 100000), 1000);
	work_set_load(&clock, 200, 1000);
	assert_int_equal(work_done(&clock, 2000), 300000); /* twice as much in the second second */
	assert_int_equal(work_when_ms(&clock, 300000), 2000);
	assert_int_equal(work_when_ms(&clock, 300001), 2001); /* not a moment too early */
	work_set_load(&clock, 0, 2000);
	assert_int_equal(work_done(&clock, 900000), 300000);
	assert_true(work_when_ms(&clock, 300001) == INT64_MAX);
	work_set_load(&clock, 50, 900000);
	assert_int_equal(work_done(&clock, 902000), 400000);
	assert_int_equal(work_when_ms(&clock, 400000), 902000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_mean_gap_is_the_pace),
		cmocka_unit_test(test_every_activity_has_its_share),
		cmocka_unit_test(test_what_comes_follows_from_team_person_and_number),
		cmocka_unit_test(test_the_load_is_the_speed_of_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
