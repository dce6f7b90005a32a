/* What `toride doctor` stands on: programs with a time limit, and mountinfo. The checks themselves: tests/range/doctor.bats. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/range/mounts.h"
#include "orchestrator/range/program.h"

static int shell(const char *script, const char *input, int64_t timeout_ms, char **output)
{
	cleanup_error struct error *err = NULL;
	const char *const argv[] = {"sh", "-c", script, NULL};
	return program_run(&(struct program){.argv = argv, .input = input, .timeout_ms = timeout_ms}, output, &err);
}

static void status_and_both_streams_come_back(void **state)
{
	(void)state;
	cleanup_free char *output = NULL;
	assert_int_equal(shell("read word; echo \"got $word\"; echo fault >&2; exit 7", "a word\n", 5000, &output), 7);
	assert_string_equal(output, "got a word\nfault");
	cleanup_free char *killed = NULL;
	assert_int_equal(shell("kill -TERM $$", NULL, 5000, &killed), 128 + SIGTERM);
	cleanup_free char *missing = NULL;
	cleanup_error struct error *err = NULL;
	const char *const nobody[] = {"no-such-program-here", NULL};
	assert_int_equal(program_run(&(struct program){.argv = nobody, .timeout_ms = 5000}, &missing, &err), 127);
	assert_string_equal(missing, "no-such-program-here: No such file or directory");
}

static void the_time_limit_ends_all_that_was_started(void **state)
{
	(void)state;
	char file[] = "/tmp/toride-test-XXXXXX";
	cleanup_close int fd = mkstemp(file);
	cleanup_free char *script = xasprintf("(sleep 2; echo late >>%s) & sleep 30", file), *output = NULL;
	int64_t start_ms = monotonic_ms();
	assert_int_equal(shell(script, NULL, 200, &output), PROGRAM_TIMED_OUT);
	assert_true(monotonic_ms() - start_ms < 1500);
	usleep(2500000);
	char late;
	assert_int_equal(read(fd, &late, 1), 0);
	unlink(file);
}

static void output_is_limited_and_a_daemon_does_not_hold_us(void **state)
{
	(void)state;
	cleanup_free char *much = NULL, *quick = NULL;
	assert_int_equal(shell("head -c 1000000 /dev/zero | tr '\\0' x", NULL, 10000, &much), 0);
	assert_int_equal(strlen(much), PROGRAM_OUTPUT_MAX_BYTES);
	int64_t start_ms = monotonic_ms();
	assert_int_equal(shell("setsid sleep 3 & echo started", NULL, 10000, &quick), 0);
	assert_string_equal(quick, "started");
	assert_true(monotonic_ms() - start_ms < 2000);
}

static int refuse(void *context)
{
	fputs(context, stderr);
	return 3;
}

static void what_is_prepared_can_refuse(void **state)
{
	(void)state;
	const char *const argv[] = {"echo", "ran", NULL};
	cleanup_free char *output = NULL;
	const struct program program = {.argv = argv, .prepare = refuse, .context = (char[]){"no"}, .timeout_ms = 5000};
	assert_int_equal(program_run(&program, &output, NULL), 3);
	assert_string_equal(output, "no");
}

/* Lines as proc(5) shows them; the last "/data" lies on the first. */
static const char mountinfo[] = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
				"30 27 0:5 / /data rw - xfs /dev/vdb rw\n"
				"31 27 0:6 / /database rw master:4 propagate_from:2 - btrfs /dev/vdc rw\n"
				"32 27 0:7 / /data rw,relatime shared:9 master:2 - tmpfs none rw\n"
				"a broken line\n";

static void the_mount_that_holds_a_path_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *path, *point, *type;
		bool shared, receives;
	} cases[] = {
		{"/var/lib/toride", "/", "ext4", true, true},	{"/data", "/data", "tmpfs", true, true},
		{"/data/toride", "/data", "tmpfs", true, true}, {"/database/x", "/database", "btrfs", false, true},
		{"/databases", "/", "ext4", true, true},
	};
	char file[] = "/tmp/toride-test-XXXXXX";
	cleanup_close int fd = mkstemp(file);
	assert_int_equal(write(fd, mountinfo, sizeof mountinfo - 1), sizeof mountinfo - 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mount_line line;
		assert_true(mount_line_of(file, cases[i].path, &line));
		assert_string_equal(line.point, cases[i].point);
		assert_string_equal(line.type, cases[i].type);
		assert_int_equal(line.shared, cases[i].shared);
		assert_int_equal(line.receives, cases[i].receives);
	}
	unlink(file);
	struct mount_line none;
	assert_false(mount_line_of(file, "/", &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_and_both_streams_come_back),
		cmocka_unit_test(the_time_limit_ends_all_that_was_started),
		cmocka_unit_test(output_is_limited_and_a_daemon_does_not_hold_us),
		cmocka_unit_test(what_is_prepared_can_refuse),
		cmocka_unit_test(the_mount_that_holds_a_path_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
