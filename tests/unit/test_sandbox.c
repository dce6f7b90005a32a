/* The sandbox of toride-scoreboard: what it refuses is tried, in a child process each. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "scoreboard/sandbox.h"

enum { ENTERED = 1, LANDLOCKED = 2 };

/* 0 when `attempt` says so; runs it in a child that has entered the given parts of the sandbox. */
static int in_sandbox(int parts, int (*attempt)(void))
{
	pid_t child = fork();
	if (child == 0) {
		struct error *err = NULL;
		if ((parts & LANDLOCKED) && sandbox_landlock(&err) < 0)
			_exit(90);
		if ((parts & ENTERED) && sandbox_seccomp(&err) < 0)
			_exit(91);
		_exit(attempt());
	}
	int status;
	waitpid(child, &status, 0);
	return status;
}

static int refused(long result, int errnum)
{
	return result < 0 && errno == errnum ? 0 : 1;
}

static int try_open(void)
{
	return refused(open("/etc/passwd", O_RDONLY), EPERM);
}

static int try_open_landlocked(void)
{
	return refused(open("/etc/passwd", O_RDONLY), EACCES);
}

static int try_make_file(void)
{
	return refused(open("/tmp/toride-sandbox-test", O_CREAT | O_WRONLY, 0600), EACCES);
}

static int try_sockets(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0), EPERM) || refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM) ||
	       refused(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
}

static int try_fork(void)
{
	return refused(fork(), EPERM);
}

static int try_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ) < 0)
		return 2;
	return refused(mprotect(page, 4096, PROT_READ | PROT_EXEC), EPERM);
}

static int try_signal(void)
{
	return refused(kill(getppid(), 0), EPERM);
}

static int try_exec(void)
{
	char *const nothing[] = {NULL};
	execve("/bin/true", nothing, nothing);
	return 0; /* still here: not what is wanted */
}

static void *add_one(void *number)
{
	++*(int *)number;
	return number;
}

static int try_serving(void)
{
	int number = 0;
	pthread_t thread;
	if (pthread_create(&thread, NULL, add_one, &number) != 0 || pthread_join(thread, NULL) != 0 || number != 1)
		return 1;
	char *memory = malloc(8 << 20);
	if (!memory)
		return 2;
	memory[0] = 1;
	free(memory);
	return write(2, "", 0) == 0 ? 0 : 3;
}

static void assert_exit_0(int status)
{
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_file_is_opened(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(ENTERED, try_open));
	assert_exit_0(in_sandbox(LANDLOCKED | ENTERED, try_open));
}

static void landlock_alone_closes_the_file_system(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1)
		skip(); /* this kernel has none */
	assert_exit_0(in_sandbox(LANDLOCKED, try_open_landlocked));
	assert_exit_0(in_sandbox(LANDLOCKED, try_make_file));
}

static void no_socket_is_made(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(ENTERED, try_sockets));
}

static void no_process_is_made(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(ENTERED, try_fork));
}

static void no_memory_becomes_code(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(ENTERED, try_code));
}

static void no_other_process_gets_a_signal(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(ENTERED, try_signal));
}

static void starting_a_program_ends_the_process(void **state)
{
	(void)state;
	int status = in_sandbox(ENTERED, try_exec);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void serving_goes_on(void **state)
{
	(void)state;
	assert_exit_0(in_sandbox(LANDLOCKED | ENTERED, try_serving));
}

static void root_lands_in_an_empty_directory_as_the_user(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* only root has something to give up */
	pid_t child = fork();
	if (child == 0) {
		struct error *err = NULL;
		if (sandbox_drop_root("nobody", &err) < 0)
			_exit(90);
		_exit(geteuid() != 0 && getegid() != 0 && access("/etc", F_OK) < 0 && mkdir("/new", 0700) < 0 && setuid(0) < 0
			      ? 0
			      : 1);
	}
	int status;
	waitpid(child, &status, 0);
	assert_exit_0(status);
}

static void a_missing_user_is_named(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	struct error *err = NULL;
	assert_int_equal(sandbox_drop_root("no-such-user", &err), -1);
	assert_non_null(strstr(error_text(err), "there is no user 'no-such-user'"));
	error_free(err);
	err = NULL;
	assert_int_equal(sandbox_drop_root("root", &err), -1);
	assert_non_null(strstr(error_text(err), "is root"));
	error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_is_opened),
		cmocka_unit_test(landlock_alone_closes_the_file_system),
		cmocka_unit_test(no_socket_is_made),
		cmocka_unit_test(no_process_is_made),
		cmocka_unit_test(no_memory_becomes_code),
		cmocka_unit_test(no_other_process_gets_a_signal),
		cmocka_unit_test(starting_a_program_ends_the_process),
		cmocka_unit_test(serving_goes_on),
		cmocka_unit_test(root_lands_in_an_empty_directory_as_the_user),
		cmocka_unit_test(a_missing_user_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
