/* Guest exec and shell: what is asked for, its limits, and what comes back. How one enters: enter.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/enter.h"

enum { STATUS_TIMED_OUT = 124, KILL_GRACE_MS = 2000 };

CLEANUP_DEFINE(session, struct cgroup_session, cgroup_session_finish(held));

/* One of the program's output streams. */
struct stream {
	int fd;
	char *text;
	size_t length;
};

struct running {
	struct stream streams[2];
	size_t limit;
	bool truncated;
	pid_t porter;
	int ended; /* pidfd of the porter */
};

/* Reads what is there; false at the end of the stream. */
static bool read_stream(struct running *running, struct stream *stream)
{
	char block[16384];
	ssize_t got = read(stream->fd, block, sizeof block);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	size_t room = running->limit - stream->length;
	size_t kept = (size_t)got < room ? (size_t)got : room;
	if (kept) {
		stream->text = xrealloc_array(stream->text, stream->length + kept + 1, 1);
		memcpy(stream->text + stream->length, block, kept);
		stream->length += kept;
	}
	running->truncated |= kept < (size_t)got;
	return got > 0;
}

static void close_stream(struct stream *stream)
{
	close(stream->fd);
	stream->fd = -1;
}

/* True when the program has ended in time. A daemon that it leaves behind may hold the streams open: its end is the end, not
 * theirs. */
static bool collect(struct running *running, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd waits[3] = {{.fd = running->streams[0].fd, .events = POLLIN},
					  {.fd = running->streams[1].fd, .events = POLLIN},
					  {.fd = running->ended, .events = POLLIN}};
		int64_t left = deadline_ms - monotonic_ms();
		if (left <= 0)
			return false;
		if (poll(waits, 3, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < 2; i++)
			if (waits[i].revents && !read_stream(running, &running->streams[i]))
				close_stream(&running->streams[i]);
		if (waits[2].revents && !waits[0].revents && !waits[1].revents)
			return true;
		/* A daemon that never stops writing is not waited for. */
		if (waits[2].revents && running->truncated)
			return true;
	}
}

static void wait_for_end(const struct running *running)
{
	struct pollfd ended = {.fd = running->ended, .events = POLLIN};
	if (poll(&ended, 1, KILL_GRACE_MS) == 0)
		kill(running->porter, SIGKILL);
}

static int input_open(const struct exec_request *request, struct error **err)
{
	if (!request->input || !request->input_length)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("input", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < request->input_length;) {
		ssize_t put = write(fd, request->input + done, request->input_length - done);
		if (put < 0 && errno != EINTR) {
			close(fd);
			return error_set_errno(err, errno, "keep the program's input");
		}
		done += put > 0 ? (size_t)put : 0;
	}
	return fd < 0 || lseek(fd, 0, SEEK_SET) < 0 ? error_set_errno(err, errno, "keep the program's input") : fd;
}

/* A pipe whose writing end the guest's user may open again by name (/dev/stdout). */
static int output_pipe(uid_t owner, int *reader, int *writer, struct error **err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "make a pipe");
	*reader = ends[0];
	*writer = ends[1];
	if (fcntl(*reader, F_SETFL, O_NONBLOCK) < 0 || fchown(*writer, owner, owner) < 0)
		return error_set_errno(err, errno, "make a pipe for the guest");
	return 0;
}

/* The caller's; output pipes become the guest's user's, as those of our own. */
static void take_streams(const struct exec_request *request, uid_t owner, int stdio[3])
{
	struct statfs about;
	memcpy(stdio, request->stdio, sizeof request->stdio);
	for (int i = 1; i < 3; i++)
		if (fstatfs(stdio[i], &about) == 0 && about.f_type == PIPEFS_MAGIC && fchown(stdio[i], owner, owner) < 0)
			continue; /* then it cannot be opened by name: no more than that */
}

static void take_result(struct running *running, bool in_time, struct exec_result *result, bool pass_stdio)
{
	int status = 0;
	while (waitpid(running->porter, &status, 0) < 0 && errno == EINTR)
		;
	result->status = in_time ? enter_status(status) : STATUS_TIMED_OUT;
	result->timed_out = !in_time;
	result->truncated = running->truncated;
	if (pass_stdio)
		return;
	for (int i = 0; i < 2; i++) {
		struct stream *stream = &running->streams[i];
		char *text = stream->text ? steal(&stream->text) : xstrdup("");
		text[stream->length] = '\0';
		*(i ? &result->err : &result->out) = text;
		*(i ? &result->err_length : &result->out_length) = stream->length;
	}
}

static int run(struct entry *entry, const struct exec_request *request, struct exec_result *result, struct running *running,
	       struct error **err)
{
	int64_t deadline_ms = monotonic_ms() + (request->timeout_ms > 0 ? request->timeout_ms : RANGE_EXEC_TIMEOUT_MS);
	running->porter = enter_start(entry, err);
	if (running->porter < 0)
		return -1;
	running->ended = pidfd_open(running->porter, 0);
	bool in_time = running->ended >= 0 && collect(running, deadline_ms);
	if (!in_time) {
		cgroup_session_kill(entry->session);
		wait_for_end(running);
	}
	take_result(running, in_time, result, request->pass_stdio);
	return 0;
}

static int run_in(const struct range *range, const struct guest *guest, const struct exec_request *request,
		  struct exec_result *result, struct error **err)
{
	cleanup_with(account) struct account account = {0};
	cleanup_with(session) struct cgroup_session session = {0};
	if (account_find(guest, request->user, &account, err) < 0)
		return -1;
	if (cgroup_session_create(range->cgroups, guest->init, &guest->mark, true, &session, err) < 0)
		return error_prefix(err, "team %d: host '%s'", guest->mark.team, guest->mark.name);
	struct entry entry = {.guest = guest,
			      .account = &account,
			      .argv = request->argv,
			      .environment = request->environment,
			      .session = &session,
			      .dies_with_us = true,
			      .background = request->background,
			      .stdio = {-1, -1, -1}};
	struct running running = {.streams = {{.fd = -1}, {.fd = -1}},
				  .porter = -1,
				  .ended = -1,
				  .limit = request->output_limit ? request->output_limit : RANGE_EXEC_OUTPUT_BYTES};
	uid_t owner = guest->id_base + account.uid;
	int ready = 0;
	if (request->pass_stdio)
		take_streams(request, owner, entry.stdio);
	else if ((entry.stdio[0] = input_open(request, err)) < 0 ||
		 output_pipe(owner, &running.streams[0].fd, &entry.stdio[1], err) < 0 ||
		 output_pipe(owner, &running.streams[1].fd, &entry.stdio[2], err) < 0)
		ready = -1;
	if (ready == 0)
		ready = run(&entry, request, result, &running, err);
	for (int i = 0; i < 2; i++) {
		if (running.streams[i].fd >= 0)
			close(running.streams[i].fd);
		free(running.streams[i].text);
	}
	for (int i = 0; i < 3; i++)
		if (!request->pass_stdio && entry.stdio[i] >= 0)
			close(entry.stdio[i]);
	if (running.ended >= 0)
		close(running.ended);
	return ready;
}

int range_exec(struct range *range, const struct guest_id *id, const struct exec_request *request, struct exec_result *result,
	       struct error **err)
{
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	*result = (struct exec_result){0};
	if (guest_open(range, id, &guest, err) < 0)
		return -1;
	return run_in(range, &guest, request, result, err);
}

void exec_result_finish(struct exec_result *result)
{
	free(result->out);
	free(result->err);
	*result = (struct exec_result){0};
}

int range_shell(struct range *range, const struct guest_id *id, const char *user, int *master, pid_t *pid, struct error **err)
{
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	cleanup_with(account) struct account account = {0};
	cleanup_with(session) struct cgroup_session session = {0};
	if (guest_open(range, id, &guest, err) < 0 || account_find(&guest, user, &account, err) < 0)
		return -1;
	if (cgroup_session_create(range->cgroups, guest.init, &guest.mark, false, &session, err) < 0)
		return error_prefix(err, "team %d: host '%s'", id->team, id->host);
	struct entry entry = {.guest = &guest,
			      .account = &account,
			      .argv = (const char *const[]){"bash", "-l", NULL},
			      .session = &session,
			      .stdio = {-1, -1, -1}};
	*pid = enter_start(&entry, err);
	if (*pid < 0)
		return -1;
	*master = entry.terminal;
	return 0;
}

int range_shell_wait(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 255;
	return enter_status(status);
}
