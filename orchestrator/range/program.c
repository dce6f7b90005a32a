#include "orchestrator/range/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"

enum { STATUS_NOT_FOUND = 127, INPUT_MAX_BYTES = 4096 };

struct output {
	char *text;
	size_t length;
	int fd;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Never returns. */
static void become(const struct program *program, int input, int output)
{
	setpgid(0, 0);
	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(STATUS_NOT_FOUND);
	close_range(3, ~0U, 0);
	int status = program->prepare ? program->prepare(program->context) : 0;
	if (status != 0 || !program->argv) {
		fflush(NULL);
		_exit(status);
	}
	execvp(program->argv[0], (char *const *)program->argv);
	dprintf(2, "%s: %s", program->argv[0], strerror(errno));
	_exit(STATUS_NOT_FOUND);
}

/* A pipe that holds the whole input, so that nobody has to feed it. */
static int input_open(const char *input, struct error **err)
{
	if (!input || !*input) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return null < 0 ? error_set_errno(err, errno, "open /dev/null") : null;
	}
	int ends[2];
	size_t length = strlen(input);
	if (length > INPUT_MAX_BYTES)
		return error_set(err, "an input of %zu bytes is over the limit of %d", length, INPUT_MAX_BYTES);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "make a pipe");
	cleanup_close int reader = ends[0], writer = ends[1];
	if (write(writer, input, length) != (ssize_t)length)
		return error_set_errno(err, errno, "write into a pipe");
	return steal_fd(&reader);
}

/* Takes what is there now; false at the end of the output. */
static bool output_take(struct output *output)
{
	char buffer[4096];
	ssize_t got = read(output->fd, buffer, sizeof buffer);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	size_t room = PROGRAM_OUTPUT_MAX_BYTES - output->length, take = (size_t)got < room ? (size_t)got : room;
	output->text = xrealloc_array(output->text, output->length + take + 1, 1);
	memcpy(output->text + output->length, buffer, take);
	output->length += take;
	output->text[output->length] = '\0';
	return true;
}

/* Reads until the program has ended (a daemon that it leaves behind may keep the pipe open); false when its time is over. */
static bool watch(int process, struct output *output, int64_t timeout_ms)
{
	int64_t end_ms = now_ms() + timeout_ms;
	bool more = true;
	for (;;) {
		struct pollfd fds[] = {{.fd = process, .events = POLLIN}, {.fd = more ? output->fd : -1, .events = POLLIN}};
		int64_t left_ms = end_ms - now_ms();
		if (left_ms <= 0)
			return false;
		if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
			return false;
		if (fds[1].revents)
			more = output_take(output);
		if (fds[0].revents & POLLIN)
			break;
	}
	while (more) {
		size_t before = output->length;
		more = output_take(output) && output->length > before;
	}
	return true;
}

static int status_of(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_NOT_FOUND;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(const struct program *program, char **text, struct error **err)
{
	int ends[2];
	cleanup_close int input = input_open(program->input, err);
	if (input < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "make a pipe");
	cleanup_close int reader = ends[0], writer = ends[1];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "start a process");
	if (pid == 0)
		become(program, input, writer);
	close(steal_fd(&writer));
	setpgid(pid, pid); /* both sides do it: whichever comes first */
	cleanup_close int process = pidfd_open(pid, 0);
	struct output output = {.text = xstrdup(""), .fd = reader};
	bool ended = process >= 0 && watch(process, &output, program->timeout_ms);
	if (!ended)
		kill(-pid, SIGKILL);
	int status = status_of(pid);
	while (output.length > 0 && output.text[output.length - 1] == '\n')
		output.text[--output.length] = '\0';
	if (text)
		*text = steal(&output.text);
	free(output.text);
	return ended ? status : PROGRAM_TIMED_OUT;
}
