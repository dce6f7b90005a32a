/* Errors, arrays, messages between processes, and the worker pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/ipc.h"
#include "common/jobs.h"

static void test_error_is_prefixed_at_each_boundary(void **state)
{
	(void)state;
	cleanup_error struct error *err = NULL;
	assert_int_equal(error_set(&err, "start: %s", "no memory"), -1);
	error_prefix(&err, "host '%s'", "mail");
	error_prefix(&err, "team %d", 3);
	assert_string_equal(error_text(err), "team 3: host 'mail': start: no memory");
	assert_int_equal(error_set(NULL, "nobody listens"), -1);
}

static void test_error_carries_both_languages(void **state)
{
	(void)state;
	cleanup_error struct error *err = NULL, *plain = NULL;
	assert_int_equal(error_set_texts(&err, "%2$s に%1$d件。", "%d in '%s'", 3, "inbox"), -1);
	assert_string_equal(error_text(err), "3 in 'inbox'");
	assert_string_equal(error_text_ja(err), "inbox に3件。");
	assert_int_equal(error_retry_ms(err), 0);
	assert_int_equal(error_retry(&err, 1500), -1);
	error_prefix(&err, "team %d", 2);
	assert_string_equal(error_text(err), "team 2: 3 in 'inbox'");
	assert_string_equal(error_text_ja(err), "team 2: inbox に3件。");
	assert_int_equal(error_retry_ms(err), 1500);
	error_set(&err, "again: %s", error_text(err)); /* what is set anew is neither Japanese nor to be tried again */
	assert_string_equal(error_text_ja(err), "again: team 2: 3 in 'inbox'");
	assert_int_equal(error_retry_ms(err), 0);
	error_set(&plain, "only English");
	error_prefix(&plain, "host");
	assert_string_equal(error_text_ja(plain), "host: only English");
	assert_string_equal(error_text_ja(NULL), "no error");
	assert_int_equal(error_set_texts(NULL, "誰も", "nobody"), -1);
	assert_int_equal(error_retry(NULL, 1), -1);
}

static void test_array_keeps_what_it_held(void **state)
{
	(void)state;
	int *numbers = NULL;
	size_t count = 0;
	for (int i = 0; i < 1000; i++)
		*array_add(&numbers, &count) = i;
	assert_int_equal(count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	free(numbers);
}

struct pair {
	struct ipc *left, *right;
};

static struct pair pair_create(void)
{
	int sockets[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	return (struct pair){ipc_create(sockets[0]), ipc_create(sockets[1])};
}

static void test_ipc_carries_descriptors_with_their_message(void **state)
{
	(void)state;
	struct pair pair = pair_create();
	int pipes[2];
	assert_int_equal(pipe(pipes), 0);
	cleanup_json json_t *plain = json_pack("{si}", "n", 1), *carrying = json_pack("{si}", "n", 2);
	assert_int_equal(ipc_send(pair.left, plain, NULL, 0, NULL), 0);
	assert_int_equal(ipc_send(pair.left, carrying, &pipes[1], 1, NULL), 0);
	for (int n = 1; n <= 2; n++) {
		cleanup_json json_t *got = NULL;
		int fds[IPC_FDS_MAX];
		size_t fds_count = 0;
		assert_int_equal(ipc_wait(pair.right, &got, fds, &fds_count, NULL), 1);
		assert_int_equal(json_integer_value(json_object_get(got, "n")), n);
		assert_int_equal(fds_count, n == 2 ? 1 : 0);
		if (fds_count == 1) {
			assert_int_equal(write(fds[0], "x", 1), 1);
			close(fds[0]);
		}
	}
	char byte = 0;
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(pipes[0]);
	close(pipes[1]);
	ipc_destroy(pair.left);
	ipc_destroy(pair.right);
}

static void test_ipc_large_message_arrives_whole_after_flushes(void **state)
{
	(void)state;
	struct pair pair = pair_create();
	size_t length = 3 << 20;
	cleanup_free char *text = xcalloc(length + 1, 1);
	memset(text, 'a', length);
	cleanup_json json_t *sent = json_pack("{ss}", "text", text), *got = NULL;
	assert_int_equal(ipc_send(pair.left, sent, NULL, 0, NULL), 0);
	assert_true(ipc_wants_write(pair.left));
	while (!got) {
		assert_int_equal(ipc_flush(pair.left, NULL), 0);
		assert_true(ipc_receive(pair.right, &got, NULL, NULL, NULL) >= 0);
	}
	assert_true(json_equal(sent, got));
	ipc_destroy(pair.left);
	ipc_destroy(pair.right);
}

static void refuses(const char *bytes, size_t length, const char *why)
{
	int sockets[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	int room = 16 << 20;
	setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	struct ipc *ipc = ipc_create(sockets[1]);
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *got = NULL;
	int result = 0;
	fcntl(sockets[0], F_SETFL, O_NONBLOCK);
	for (size_t sent = 0; sent < length && result == 0;) {
		ssize_t now = write(sockets[0], bytes + sent, length - sent);
		sent += now > 0 ? (size_t)now : 0;
		result = ipc_receive(ipc, &got, NULL, NULL, &err);
	}
	if (result == 0) {
		close(steal_fd(&sockets[0]));
		result = ipc_receive(ipc, &got, NULL, NULL, &err);
	}
	assert_int_equal(result, -1);
	assert_non_null(strstr(error_text(err), why));
	if (sockets[0] >= 0)
		close(sockets[0]);
	ipc_destroy(ipc);
}

static void test_ipc_refuses_hostile_peers(void **state)
{
	(void)state;
	size_t length = IPC_LINE_MAX_BYTES + 100000;
	cleanup_free char *endless = xcalloc(length, 1);
	memset(endless, 'a', length);
	refuses(endless, length, "over");
	refuses("[1]\n", 4, "not a JSON object");
	refuses("{\"a\":1,\"a\":2}\n", 14, "not a JSON object");
	refuses("{\"a\":", 5, "connection closed");
}

static void test_ipc_gives_up_on_a_peer_that_does_not_read(void **state)
{
	(void)state;
	struct pair pair = pair_create();
	cleanup_free char *text = xcalloc((1 << 20) + 1, 1);
	memset(text, 'a', 1 << 20);
	cleanup_json json_t *message = json_pack("{ss}", "text", text);
	int sent = 0;
	while (sent < 1000 && ipc_send(pair.left, message, NULL, 0, NULL) == 0)
		sent++;
	assert_in_range(sent, 32, 80); /* 64 MiB may wait */
	ipc_destroy(pair.left);
	ipc_destroy(pair.right);
}

enum { JOBS = 200 };

struct tally {
	sd_event *loop;
	pthread_t main;
	int ran, done;
};

static void count_run(void *context)
{
	struct tally *tally = context;
	assert_false(pthread_equal(pthread_self(), tally->main));
	__atomic_add_fetch(&tally->ran, 1, __ATOMIC_SEQ_CST);
}

static void count_done(void *context)
{
	struct tally *tally = context;
	assert_true(pthread_equal(pthread_self(), tally->main));
	if (++tally->done == JOBS)
		sd_event_exit(tally->loop, 0);
}

static void test_jobs_run_elsewhere_and_report_on_the_loop(void **state)
{
	(void)state;
	struct tally tally = {.main = pthread_self()};
	struct jobs *jobs;
	assert_true(sd_event_new(&tally.loop) >= 0);
	assert_int_equal(jobs_create(tally.loop, 4, &jobs, NULL), 0);
	for (int i = 0; i < JOBS / 2; i++) {
		jobs_submit(jobs, count_run, count_done, &tally);
		jobs_post(jobs, count_done, &tally);
	}
	assert_int_equal(jobs_pending(jobs), JOBS);
	assert_true(sd_event_loop(tally.loop) >= 0);
	assert_int_equal(tally.ran, JOBS / 2);
	jobs_destroy(jobs);
	sd_event_unref(tally.loop);
}

static void test_jobs_destroy_reports_what_never_ran(void **state)
{
	(void)state;
	struct tally tally = {.main = pthread_self()};
	struct jobs *jobs;
	assert_true(sd_event_new(&tally.loop) >= 0);
	assert_int_equal(jobs_create(tally.loop, 1, &jobs, NULL), 0);
	for (int i = 0; i < 50; i++)
		jobs_submit(jobs, count_run, count_done, &tally);
	jobs_destroy(jobs);
	assert_int_equal(tally.done, 50);
	sd_event_unref(tally.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_is_prefixed_at_each_boundary),
		cmocka_unit_test(test_error_carries_both_languages),
		cmocka_unit_test(test_array_keeps_what_it_held),
		cmocka_unit_test(test_ipc_carries_descriptors_with_their_message),
		cmocka_unit_test(test_ipc_large_message_arrives_whole_after_flushes),
		cmocka_unit_test(test_ipc_refuses_hostile_peers),
		cmocka_unit_test(test_ipc_gives_up_on_a_peer_that_does_not_read),
		cmocka_unit_test(test_jobs_run_elsewhere_and_report_on_the_loop),
		cmocka_unit_test(test_jobs_destroy_reports_what_never_ran),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
