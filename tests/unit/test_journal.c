/* The journal: append-only, chained, one writer, whole after a crash and on a full disk. Real SQLite files in a folder of its
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/journal.h"

static void cleanup_journal_(struct journal **held)
{
	journal_destroy(*held);
}
#define cleanup_journal cleanup_with(journal)

struct place { /* a fresh folder for each test */
	char folder[32];
	char file[64], lines[64];
};

static int setup(void **state)
{
	struct place *place = xcalloc(1, sizeof *place);
	strcpy(place->folder, "/tmp/toride-journal-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->file, sizeof place->file, "%s/journal.db", place->folder);
	snprintf(place->lines, sizeof place->lines, "%s/lines", place->folder);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	cleanup_free char *command = xasprintf("rm -rf %s", place->folder);
	int status = system(command);
	free(place);
	return status;
}

static struct event *alarm_event(int number)
{
	return event_create(1, number * 1000, "alarm.raised", "orchestrator",
			    json_pack("{s:o}", "text", json_sprintf("alarm %d 砦", number)));
}

static void append(struct journal *journal, int number)
{
	cleanup_error struct error *err = NULL;
	cleanup_event struct event *event = alarm_event(number);
	if (journal_append(journal, event, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_true(event->seq > 0);
}

static struct journal *must_create(const char *file)
{
	cleanup_error struct error *err = NULL;
	struct journal *journal = NULL;
	if (journal_create(file, &journal, &err) < 0)
		fail_msg("%s", error_text(err));
	return journal;
}

static void make_journal(const char *file, int events)
{
	cleanup_journal struct journal *journal = must_create(file);
	for (int i = 1; i <= events; i++)
		append(journal, i);
}

static int count_event(const struct event *event, void *context)
{
	int64_t *count = context;
	assert_int_equal(event->seq, *count + 1);
	return (++*count, 0);
}

/* Somebody with the sqlite3 shell; the triggers can be taken away by whoever may write the file. */
static int change(const char *file, const char *sql, bool without_triggers)
{
	sqlite3 *database = NULL;
	assert_int_equal(sqlite3_open(file, &database), SQLITE_OK);
	if (without_triggers)
		assert_int_equal(
			sqlite3_exec(
				database,
				"DROP TRIGGER events_in_order; DROP TRIGGER events_not_changed; DROP TRIGGER events_not_deleted",
				NULL, NULL, NULL),
			SQLITE_OK);
	int code = sqlite3_exec(database, sql, NULL, NULL, NULL);
	sqlite3_close(database);
	return code;
}

static void assert_broken(const char *file, const char *expected)
{
	cleanup_journal struct journal *journal = NULL, *writer = NULL;
	cleanup_error struct error *err = NULL, *again = NULL, *loading = NULL;
	struct event **events = NULL;
	size_t count = 0;
	assert_int_equal(journal_open(file, &journal, NULL), 0);
	assert_int_equal(journal_verify(journal, &err), -1);
	if (!strstr(error_text(err), expected))
		fail_msg("'%s' does not say '%s'", error_text(err), expected);
	/* Nor is it continued or loaded. */
	assert_int_equal(journal_create(file, &writer, &again), -1);
	assert_non_null(strstr(error_text(again), expected));
	assert_int_equal(journal_load(file, &events, &count, &loading), -1);
	assert_non_null(strstr(error_text(loading), expected));
}

static void test_append_and_read(void **state)
{
	const struct place *place = *state;
	cleanup_journal struct journal *journal = must_create(place->file), *reader = NULL;
	for (int i = 1; i <= 20; i++)
		append(journal, i);
	int64_t count = 0;
	assert_int_equal(journal_open(place->file, &reader, NULL), 0); /* while the writer is there */
	assert_int_equal(journal_read(reader, 0, count_event, &count, NULL), 0);
	assert_int_equal(count, 20);
	append(journal, 21);
	assert_int_equal(journal_read(reader, 20, count_event, &count, NULL), 0);
	assert_int_equal(count, 21);
	assert_int_equal(journal_verify(reader, NULL), 0);
	assert_int_equal(journal_verify(journal, NULL), 0);
}

static void test_chain_is_the_published_formula(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 2);
	cleanup_free char *command = xasprintf("sqlite3 %s \"select event from events where seq = 1\" | tr -d '\\n' |"
					       " (printf %%064d 0; cat) | sha256sum | cut -c1-64 > %s; sqlite3 %s"
					       " \"select hash from events where seq = 1\" | cmp - %s",
					       place->file, place->lines, place->file, place->lines);
	if (system("command -v sqlite3 sha256sum >/dev/null") != 0)
		skip();
	assert_int_equal(system(command), 0);
}

static void test_reopening_continues_the_chain(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 3);
	make_journal(place->file, 3);
	cleanup_journal struct journal *journal = NULL;
	struct chain end;
	assert_int_equal(journal_open(place->file, &journal, NULL), 0);
	assert_int_equal(journal_verify_to(journal, &end, NULL), 0);
	assert_int_equal(end.seq, 6);
}

static void test_sql_cannot_change_it(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 3);
	assert_int_equal(change(place->file, "UPDATE events SET event = '{}' WHERE seq = 2", false), SQLITE_CONSTRAINT);
	assert_int_equal(change(place->file, "DELETE FROM events WHERE seq = 2", false), SQLITE_CONSTRAINT);
	assert_int_equal(change(place->file, "REPLACE INTO events VALUES (2, '{}', '')", false), SQLITE_CONSTRAINT);
	assert_int_equal(change(place->file, "INSERT INTO events VALUES (9, '{}', '')", false), SQLITE_CONSTRAINT);
	assert_int_equal(change(place->file, "INSERT INTO events VALUES (NULL, '{}', '')", false), SQLITE_CONSTRAINT);
	cleanup_journal struct journal *journal = NULL;
	assert_int_equal(journal_open(place->file, &journal, NULL), 0);
	assert_int_equal(journal_verify(journal, NULL), 0);
}

struct tampering {
	const char *sql, *expected;
};

static void test_tampering_is_named(void **state)
{
	static const struct tampering cases[] = {
		{"UPDATE events SET event = replace(event, 'alarm 4', 'alarm 5') WHERE seq = 4",
		 "event 4: the hash does not fit"},
		{"UPDATE events SET event = event || ' ' WHERE seq = 4", "event 4: the hash does not fit"},
		{"UPDATE events SET hash = iif(hash LIKE '1%', '2', '1') || substr(hash, 2) WHERE seq = 4",
		 "event 4: the hash does not fit"},
		{"DELETE FROM events WHERE seq = 4", "event 4 is missing"},
		{"DELETE FROM events WHERE seq = 1", "event 1 is missing"},
		{"DELETE FROM events WHERE seq = 4; UPDATE events SET seq = seq - 1 WHERE seq > 4", "event 4 is missing"},
		{"UPDATE events SET seq = 100 WHERE seq = 4; UPDATE events SET seq = 4 WHERE seq = 5; UPDATE events SET seq = 5 "
		 "WHERE seq = 100",
		 "event 4 is missing"},
		{"INSERT INTO events SELECT 11, replace(event, '\"seq\":10', '\"seq\":11'), hash FROM events WHERE seq = 10",
		 "event 11: the hash does not fit"},
		{"UPDATE events SET event = 'x' WHERE seq = 10", "event 10: is not JSON"},
		{"UPDATE events SET event = '{\"seq\":10}' WHERE seq = 10", "event 10"},
	};
	struct place *place = *state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *file = xasprintf("%s/%zu.db", place->folder, i);
		make_journal(file, 10);
		assert_int_equal(change(file, cases[i].sql, true), SQLITE_OK);
		assert_broken(file, cases[i].expected);
	}
}

static void test_one_writer(void **state)
{
	const struct place *place = *state;
	cleanup_journal struct journal *first = must_create(place->file), *second = NULL;
	cleanup_error struct error *err = NULL;
	assert_int_equal(journal_create(place->file, &second, &err), -1);
	assert_non_null(strstr(error_text(err), "another toride writes it"));
	append(first, 1);
	journal_destroy(steal(&first));
	second = must_create(place->file);
	append(second, 2);
}

static void test_reader_cannot_write(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 1);
	cleanup_journal struct journal *missing = NULL;
	cleanup_error struct error *err = NULL;
	cleanup_free char *other = xasprintf("%s/none.db", place->folder);
	assert_int_equal(journal_open(other, &missing, &err), -1);
	assert_int_not_equal(access(other, F_OK), 0);
}

/* A writer that says each number once its append has returned, until it is killed. */
static void write_until_killed(const char *file, int out)
{
	struct journal *journal = NULL;
	if (journal_create(file, &journal, NULL) < 0)
		_exit(1);
	for (int i = 1;; i++) {
		cleanup_event struct event *event = alarm_event(i);
		if (journal_append(journal, event, NULL) < 0 || write(out, &event->seq, sizeof event->seq) != sizeof event->seq)
			_exit(1);
	}
}

static void test_killed_writer_loses_nothing(void **state)
{
	const struct place *place = *state;
	int64_t told = 0, number;
	for (int round = 0; round < 5; round++) {
		int ends[2];
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		pid_t child = fork();
		if (child == 0)
			write_until_killed(place->file, ends[1]);
		close(ends[1]);
		for (int i = 0; i < 10 + round * 7; i++) {
			assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
			told = number;
		}
		kill(child, SIGKILL);
		while (read(ends[0], &number, sizeof number) == sizeof number)
			told = number;
		close(ends[0]);
		assert_int_equal(waitpid(child, NULL, 0), child);
		cleanup_journal struct journal *journal = must_create(place->file);
		struct chain end;
		assert_int_equal(journal_verify_to(journal, &end, NULL), 0);
		assert_in_range(end.seq, told, told + 1); /* the one in flight may be in */
	}
}

/* In a mount namespace of its own, on a file system of 256 KiB. 0, or the number of the check that failed; 99: no right to try.
 */
static int fill_small_disk(const char *folder)
{
	cleanup_error struct error *err = NULL;
	cleanup_free char *file = xasprintf("%s/journal.db", folder), *filler = xasprintf("%s/filler", folder);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=256k") < 0)
		return 99;
	struct journal *journal = NULL;
	if (journal_create(file, &journal, &err) < 0)
		return 1;
	int64_t written = 0;
	for (; written < 5000; written++) {
		cleanup_event struct event *event = alarm_event((int)written);
		if (journal_append(journal, event, &err) == 0)
			continue;
		if (event->seq != 0)
			return 2;
		break;
	}
	if (written == 0 || written == 5000 || !strstr(error_text(err), "the disk is full"))
		return 3;
	/* Still refused, still readable, and exactly what was acknowledged is there. */
	struct chain end;
	cleanup_event struct event *late = alarm_event(0);
	if (journal_append(journal, late, NULL) == 0)
		return 4;
	if (journal_verify_to(journal, &end, NULL) < 0 || end.seq != written)
		return 5;
	if (mount(NULL, folder, NULL, MS_REMOUNT, "size=1m") < 0)
		return 99;
	if (journal_append(journal, late, NULL) < 0 || late->seq != written + 1 || journal_verify(journal, NULL) < 0)
		return 6;
	journal_destroy(journal);
	if (journal_create(file, &journal, NULL) < 0)
		return 7;
	journal_destroy(journal);
	return 0;
}

static void test_full_disk(void **state)
{
	const struct place *place = *state;
	pid_t child = fork();
	if (child == 0)
		_exit(fill_small_disk(place->folder));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99) {
		print_message("left out: no right to mount a small file system\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void export_to(const char *file, const char *lines)
{
	cleanup_journal struct journal *journal = NULL;
	cleanup_file FILE *out = fopen(lines, "we");
	assert_int_equal(journal_open(file, &journal, NULL), 0);
	assert_int_equal(journal_export(journal, out, NULL), 0);
}

static void test_both_forms_load_alike(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 30);
	export_to(place->file, place->lines);
	struct event **events[2] = {NULL, NULL};
	size_t counts[2] = {0, 0};
	assert_int_equal(journal_load(place->file, &events[0], &counts[0], NULL), 0);
	assert_int_equal(journal_load(place->lines, &events[1], &counts[1], NULL), 0);
	assert_int_equal(counts[0], 30);
	assert_int_equal(counts[1], 30);
	for (size_t i = 0; i < 30; i++) {
		cleanup_json json_t *one = event_to_json(events[0][i]), *other = event_to_json(events[1][i]);
		assert_true(json_equal(one, other));
	}
	journal_events_destroy(events[0], counts[0]);
	journal_events_destroy(events[1], counts[1]);
}

static void assert_lines_refused(const struct place *place, const char *edit, const char *expected)
{
	cleanup_free char *command = xasprintf("sed '%s' %s > %s.x", edit, place->lines, place->lines);
	cleanup_free char *edited = xasprintf("%s.x", place->lines);
	cleanup_error struct error *err = NULL;
	struct event **events = NULL;
	size_t count = 0;
	assert_int_equal(system(command), 0);
	assert_int_equal(journal_load(edited, &events, &count, &err), -1);
	if (!strstr(error_text(err), expected))
		fail_msg("after sed '%s': '%s' does not say '%s'", edit, error_text(err), expected);
	assert_null(events);
}

static void test_tampered_lines_are_refused(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 9);
	export_to(place->file, place->lines);
	assert_lines_refused(place, "4s/alarm 4/alarm 5/", "event 4: the hash does not fit");
	assert_lines_refused(place, "4s/{/{\"more\":1,/", "event 4: the hash does not fit");
	assert_lines_refused(place, "4d", "event 4 is missing");
	assert_lines_refused(place, "4{h;d};5{G}", "event 4 is missing");
	assert_lines_refused(place, "4s/\"prev\":\"./\"prev\":\"-/", "event 4: does not follow");
	assert_lines_refused(place, "4s/\"hash\":\"[^\"]*\",//", "event 4: has no");
	assert_lines_refused(place, "9s/.....$//", "event 9: is not JSON");
	assert_lines_refused(place, "1s/^/ /", "neither SQLite nor JSON lines");
	assert_lines_refused(place, "d", "empty");
}

static void test_too_long_is_refused(void **state)
{
	const struct place *place = *state;
	cleanup_journal struct journal *journal = must_create(place->file);
	cleanup_error struct error *err = NULL, *loading = NULL;
	char *text = xcalloc(JOURNAL_EVENT_MAX_BYTES + 1, 1);
	memset(text, 'x', JOURNAL_EVENT_MAX_BYTES);
	cleanup_event struct event *event = event_create(0, -1, "alarm.raised", "orchestrator", json_pack("{s:s}", "text", text));
	assert_int_equal(journal_append(journal, event, &err), -1);
	assert_non_null(strstr(error_text(err), "too long"));
	assert_int_equal(event->seq, 0);
	FILE *out = fopen(place->lines, "we");
	fprintf(out, "{\"x\":\"%s%s\"}\n", text, text);
	fclose(out);
	free(text);
	struct event **events = NULL;
	size_t count;
	assert_int_equal(journal_load(place->lines, &events, &count, &loading), -1);
	assert_non_null(strstr(error_text(loading), "File too large"));
	append(journal, 1);
}

static void test_foreign_files_are_refused(void **state)
{
	const struct place *place = *state;
	cleanup_journal struct journal *journal = NULL;
	cleanup_error struct error *foreign = NULL, *text = NULL, *newer = NULL;
	assert_int_equal(change(place->file, "CREATE TABLE mine (x)", false), SQLITE_OK);
	assert_int_equal(journal_create(place->file, &journal, &foreign), -1);
	assert_non_null(strstr(error_text(foreign), "another program's"));
	assert_int_equal(change(place->file, "INSERT INTO mine VALUES (1)", false), SQLITE_OK); /* untouched */
	cleanup_free char *note =
		xasprintf("echo 'just a text, long enough to have a whole header in it................................"
			  "..........................' > %s",
			  place->lines);
	assert_int_equal(system(note), 0);
	assert_int_equal(journal_open(place->lines, &journal, &text), -1);
	assert_non_null(strstr(error_text(text), "not a journal"));
	cleanup_free char *future = xasprintf("%s/future.db", place->folder);
	make_journal(future, 1);
	assert_int_equal(change(future, "PRAGMA user_version = 99", false), SQLITE_OK);
	assert_int_equal(journal_create(future, &journal, &newer), -1);
	assert_non_null(strstr(error_text(newer), "update toride"));
}

/* Reads as nobody in a folder that root owns. */
static int read_as_nobody(const char *file, int64_t expected)
{
	struct journal *journal = NULL;
	int64_t count = 0;
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 99;
	if (journal_open(file, &journal, NULL) < 0 || journal_read(journal, 0, count_event, &count, NULL) < 0 ||
	    journal_verify(journal, NULL) < 0)
		return 1;
	return count == expected ? 0 : 2;
}

static void test_reads_where_it_cannot_write(void **state)
{
	const struct place *place = *state;
	make_journal(place->file, 5);
	if (getuid() != 0)
		skip();
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(chmod(place->file, 0644), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(read_as_nobody(place->file, 5));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append_and_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain_is_the_published_formula, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reopening_continues_the_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sql_cannot_change_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tampering_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_cannot_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_writer_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_forms_load_alike, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tampered_lines_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_files_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_where_it_cannot_write, setup, teardown),
	};
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
