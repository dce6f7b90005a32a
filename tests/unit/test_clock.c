/* A team's clock, and what the results of its state probes mean: both pure, both in exercise time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orchestrator/exercise/clock.h"
#include "orchestrator/exercise/probe.h"

enum { SECOND_US = 1000000 };

static void test_runs_and_stands(void **state)
{
	(void)state;
	struct clock clock;
	clock_init(&clock, 300000);
	assert_int_equal(clock_ms(&clock, 99 * SECOND_US), 0);
	clock_run(&clock, 100 * (int64_t)SECOND_US);
	assert_int_equal(clock_ms(&clock, 107 * (int64_t)SECOND_US), 7000);
	assert_int_equal(clock_when_us(&clock, 9000), 109 * (int64_t)SECOND_US);
	clock_pause(&clock, 110 * (int64_t)SECOND_US);
	assert_int_equal(clock_ms(&clock, 999 * (int64_t)SECOND_US), 10000);
	clock_pause(&clock, 120 * (int64_t)SECOND_US); /* twice is once */
	clock_run(&clock, 1000 * (int64_t)SECOND_US);
	assert_int_equal(clock_ms(&clock, 1005 * (int64_t)SECOND_US), 15000);
	assert_int_equal(clock_when_us(&clock, 15000), 1005 * (int64_t)SECOND_US);
	clock_end(&clock, 1006 * (int64_t)SECOND_US);
	clock_run(&clock, 1007 * (int64_t)SECOND_US); /* over is over */
	assert_int_equal(clock.state, CLOCK_ENDED);
	assert_int_equal(clock_ms(&clock, 2000 * (int64_t)SECOND_US), 16000);
}

static void test_never_shows_more_than_its_duration(void **state)
{
	(void)state;
	struct clock clock;
	clock_init(&clock, 5000);
	clock_run(&clock, 0);
	assert_int_equal(clock_ms(&clock, 60 * SECOND_US), 5000);
	clock_pause(&clock, 60 * SECOND_US);
	assert_int_equal(clock_ms(&clock, 60 * SECOND_US), 5000);
}

/* Against one that is never paused: not a microsecond apart. */
static void test_pausing_a_hundred_times_moves_nothing(void **state)
{
	(void)state;
	struct clock paused, straight;
	int64_t now = 0, ran = 0;
	clock_init(&paused, 10000000);
	clock_init(&straight, 10000000);
	clock_run(&paused, now);
	for (int i = 1; i <= 100; i++) {
		int64_t run = i * 1237 + 11, rest = i * 7919;
		now += run;
		ran += run;
		clock_pause(&paused, now);
		now += rest;
		clock_run(&paused, now);
	}
	clock_run(&straight, 0);
	assert_int_equal(paused.shown_us, ran);
	assert_int_equal(clock_ms(&paused, now), clock_ms(&straight, ran));
}

static void test_continues_from_a_journal(void **state)
{
	(void)state;
	struct clock clock;
	clock_init(&clock, 300000);
	clock_set(&clock, CLOCK_PAUSED, 42000);
	assert_int_equal(clock_ms(&clock, 7 * SECOND_US), 42000);
	clock_run(&clock, 8 * SECOND_US);
	assert_int_equal(clock_ms(&clock, 9 * SECOND_US), 43000);
}

/* ---- probes ---- */

static struct probe_note look(struct probe *probe, enum probe_seen seen, bool silence, int64_t now_ms)
{
	return probe_result(probe, &(struct probe_look){seen, silence, now_ms, now_ms});
}

static void assert_nothing(struct probe_note note)
{
	assert_false(note.write);
}

static void assert_written(struct probe_note note, enum probe_seen holds, int64_t held_ms)
{
	assert_true(note.write);
	assert_int_equal(note.holds, holds);
	assert_int_equal(note.held_ms, held_ms);
}

static void test_what_is_true_anyway_does_not_count(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 20000, 0);
	for (int64_t now = 0; now <= 300000; now += 5000)
		assert_nothing(look(&probe, PROBE_SEEN_YES, true, now));
}

static void test_state_that_comes_and_holds(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 20000, 0);
	assert_written(look(&probe, PROBE_SEEN_NO, false, 0), PROBE_SEEN_NO, 0);
	assert_nothing(look(&probe, PROBE_SEEN_NO, false, 5000));
	assert_nothing(look(&probe, PROBE_SEEN_YES, true, 10000)); /* a silence: looked at again */
	assert_int_equal(probe.next_ms, 10000 + PROBE_CONFIRM_MS);
	assert_written(look(&probe, PROBE_SEEN_YES, true, 11000), PROBE_SEEN_YES, 1000);
	int64_t now = 11000;
	while (probe.next_ms < 30000) {
		assert_in_range(probe.next_ms, now + 1, now + PROBE_NEAR_MS);
		now = probe.next_ms;
		assert_nothing(look(&probe, PROBE_SEEN_YES, true, now));
	}
	assert_int_equal(probe.next_ms, 30000); /* not later than it could have held for long enough */
	assert_written(look(&probe, PROBE_SEEN_YES, true, 30000), PROBE_SEEN_YES, 20000);
	assert_int_equal(probe.next_ms, 30000 + PROBE_INTERVAL_MS);
	assert_nothing(look(&probe, PROBE_SEEN_YES, true, 35000));
	assert_written(look(&probe, PROBE_SEEN_NO, false, 40000), PROBE_SEEN_NO, 0);
}

static void test_one_silence_is_no_change(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 0, 0);
	look(&probe, PROBE_SEEN_NO, false, 0);
	assert_nothing(look(&probe, PROBE_SEEN_YES, true, 5000));
	assert_nothing(look(&probe, PROBE_SEEN_NO, false, 6000));
	assert_nothing(look(&probe, PROBE_SEEN_YES, true, 11000)); /* the one before is forgotten */
	assert_written(look(&probe, PROBE_SEEN_YES, true, 12000), PROBE_SEEN_YES, 1000);
}

static void test_lost_and_regained_begins_anew(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 10000, 0);
	look(&probe, PROBE_SEEN_NO, false, 0);
	assert_written(look(&probe, PROBE_SEEN_YES, false, 5000), PROBE_SEEN_YES, 0);
	assert_written(look(&probe, PROBE_SEEN_NO, false, 9000), PROBE_SEEN_NO, 0);
	assert_written(look(&probe, PROBE_SEEN_YES, false, 12000), PROBE_SEEN_YES, 0);
	assert_nothing(look(&probe, PROBE_SEEN_YES, false, 16000));
	assert_written(look(&probe, PROBE_SEEN_YES, false, 22000), PROBE_SEEN_YES, 10000);
}

/* A silence needs seconds to be one: the state holds from the look's begin, and is proved until the begin of the last. */
static void test_a_slow_look_counts_from_its_begin(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 10000, 0);
	look(&probe, PROBE_SEEN_NO, false, 0);
	assert_nothing(probe_result(&probe, &(struct probe_look){PROBE_SEEN_YES, true, 5000, 8000}));
	assert_written(probe_result(&probe, &(struct probe_look){PROBE_SEEN_YES, true, 9000, 12000}), PROBE_SEEN_YES, 7000);
	assert_nothing(probe_result(&probe, &(struct probe_look){PROBE_SEEN_YES, true, 14000, 17000}));
	assert_int_equal(probe.next_ms, 17000); /* due since 15000 */
	assert_written(probe_result(&probe, &(struct probe_look){PROBE_SEEN_YES, true, 17000, 20000}), PROBE_SEEN_YES, 15000);
}

/* The look was under way when the attack came to its end: what it saw counts from that end. */
static void test_nothing_counts_before_it_is_armed(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 10000, 0);
	probe_arm(&probe, 6000);
	assert_written(probe_result(&probe, &(struct probe_look){PROBE_SEEN_YES, false, 5000, 8000}), PROBE_SEEN_YES, 2000);
}

static void test_prevention_counts_from_the_end_of_the_attack(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 20000, 0);
	assert_nothing(look(&probe, PROBE_SEEN_YES, false, 10000));
	probe_arm(&probe, 17000);
	assert_int_equal(probe.next_ms, 17000);
	assert_written(look(&probe, PROBE_SEEN_YES, false, 17000), PROBE_SEEN_YES, 0);
	assert_written(look(&probe, PROBE_SEEN_YES, false, 37000), PROBE_SEEN_YES, 20000);
}

static void test_what_could_not_be_measured_is_said_once(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 20000, 0);
	look(&probe, PROBE_SEEN_NO, false, 0);
	assert_nothing(look(&probe, PROBE_SEEN_UNKNOWN, false, 5000));
	assert_nothing(look(&probe, PROBE_SEEN_UNKNOWN, false, 6000));
	assert_written(look(&probe, PROBE_SEEN_UNKNOWN, false, 7000), PROBE_SEEN_UNKNOWN, 0);
	assert_nothing(look(&probe, PROBE_SEEN_UNKNOWN, false, 12000));
	assert_written(look(&probe, PROBE_SEEN_YES, false, 17000), PROBE_SEEN_YES, 0);
}

static void test_one_unknown_does_not_break_what_holds(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 10000, 0);
	look(&probe, PROBE_SEEN_NO, false, 0);
	look(&probe, PROBE_SEEN_YES, false, 1000);
	assert_nothing(look(&probe, PROBE_SEEN_UNKNOWN, false, 3000));
	assert_written(look(&probe, PROBE_SEEN_YES, false, 11000), PROBE_SEEN_YES, 10000);
}

static void test_probe_continues_from_a_journal(void **state)
{
	(void)state;
	struct probe probe;
	probe_init(&probe, 20000, 0);
	probe_replay(&probe, PROBE_SEEN_NO, 0, 0);
	probe_replay(&probe, PROBE_SEEN_YES, 1000, 11000);
	assert_false(probe.held);
	assert_written(look(&probe, PROBE_SEEN_YES, true, 30000), PROBE_SEEN_YES, 20000);
	probe_replay(&probe, PROBE_SEEN_YES, 20000, 30000);
	assert_nothing(look(&probe, PROBE_SEEN_YES, true, 31000)); /* said before the restart */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_and_stands),
		cmocka_unit_test(test_never_shows_more_than_its_duration),
		cmocka_unit_test(test_pausing_a_hundred_times_moves_nothing),
		cmocka_unit_test(test_continues_from_a_journal),
		cmocka_unit_test(test_what_is_true_anyway_does_not_count),
		cmocka_unit_test(test_state_that_comes_and_holds),
		cmocka_unit_test(test_one_silence_is_no_change),
		cmocka_unit_test(test_lost_and_regained_begins_anew),
		cmocka_unit_test(test_a_slow_look_counts_from_its_begin),
		cmocka_unit_test(test_nothing_counts_before_it_is_armed),
		cmocka_unit_test(test_prevention_counts_from_the_end_of_the_attack),
		cmocka_unit_test(test_what_could_not_be_measured_is_said_once),
		cmocka_unit_test(test_one_unknown_does_not_break_what_holds),
		cmocka_unit_test(test_probe_continues_from_a_journal),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
