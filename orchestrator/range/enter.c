#include "orchestrator/range/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "common/alloc.h"

#define GUEST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
enum {
	PTMX_MAJOR = 5,
	PTMX_MINOR = 2,
	TTY_GROUP = 5,
	TEXTS_MAX = 256,
	HIGH_FD = 64,
	START_TIMEOUT_MS = 10000,
	DESCRIPTORS = 1024,
	DESCRIPTORS_MAX = 4096,
	BACKGROUND_NICE = 10,
};

enum entering { STEP_NAMESPACES, STEP_ROOT, STEP_TERMINAL, STEP_FORK, STEP_GROUPS, STEP_ACCOUNT, STEP_STDIO, STEP_RUN };
static const char *const step_names[] = {
	[STEP_NAMESPACES] = "enter its namespaces", [STEP_ROOT] = "become its root",
	[STEP_TERMINAL] = "open a terminal",	    [STEP_FORK] = "make a process",
	[STEP_GROUPS] = "join its control groups",  [STEP_ACCOUNT] = "become the user",
	[STEP_STDIO] = "pass the standard streams", [STEP_RUN] = "run",
};

/* What the children tell when they cannot go on. */
struct complaint {
	enum entering step;
	int errnum;
};

/* Everything the children need, made before the fork. */
struct luggage {
	const struct entry *entry;
	int complaints; /* written by the children; closed by a successful exec */
	int terminal;	/* socket on which the porter sends the terminal's master; -1: none wanted */
	char *candidates[16];
	char *environment[TEXTS_MAX];
};

/* ---- in the children: async-signal-safe calls only ---- */

static _Noreturn void give_up(const struct luggage *luggage, enum entering step)
{
	struct complaint complaint = {.step = step, .errnum = errno};
	ssize_t put = write(luggage->complaints, &complaint, sizeof complaint);
	_exit(put == sizeof complaint ? 126 : 125);
}

static void default_signals(void)
{
	sigset_t none;
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * glibc's own setgroups and setresuid make every thread of a process change, under a lock on the list of threads. Another thread of ours may have held
 * that lock (it was starting a thread) at the moment of the fork: here nobody would ever let go of it. We are one thread: the calls themselves are
 * enough.
 */
static int become(const gid_t *groups, size_t groups_count, gid_t gid, uid_t uid)
{
	if (syscall(SYS_setgroups, groups_count, groups) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) < 0)
		return -1;
	return 0;
}

static void join_namespaces(const struct luggage *luggage)
{
	const struct guest *guest = luggage->entry->guest;
	/* Until the program is executed it has this process's memory: nobody in the guest may look. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		give_up(luggage, STEP_NAMESPACES);
	if (setns(guest->process, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID) < 0 ||
	    setns(guest->network, CLONE_NEWNET) < 0)
		give_up(luggage, STEP_NAMESPACES);
	if (become(NULL, 0, 0, 0) < 0)
		give_up(luggage, STEP_ROOT);
}

/* A new terminal of the guest. Its /dev is the trainees' to change: only a true ptmx is taken. */
static int open_terminal(const struct luggage *luggage)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat info;
	int unlocked = 0;
	if (master < 0 || fstat(master, &info) < 0)
		give_up(luggage, STEP_TERMINAL);
	errno = ENOTTY;
	if (!S_ISCHR(info.st_mode) || major(info.st_rdev) != PTMX_MAJOR || minor(info.st_rdev) != PTMX_MINOR)
		give_up(luggage, STEP_TERMINAL);
	int slave = ioctl(master, TIOCSPTLCK, &unlocked) < 0 ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || fchown(slave, luggage->entry->account->uid, TTY_GROUP) < 0 || fchmod(slave, 0620) < 0)
		give_up(luggage, STEP_TERMINAL);
	char byte = 0;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
	control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(&control.header), &master, sizeof master);
	if (sendmsg(luggage->terminal, &message, MSG_NOSIGNAL) < 0)
		give_up(luggage, STEP_TERMINAL);
	close(master);
	return slave;
}

static void place_streams(const struct luggage *luggage, int terminal)
{
	int high[3];
	/* Out of the way first: the given ones may be 0, 1, 2 in another order. */
	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(terminal >= 0 ? terminal : luggage->entry->stdio[i], F_DUPFD_CLOEXEC, HIGH_FD)) < 0)
			give_up(luggage, STEP_STDIO);
	if (terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) < 0)
		give_up(luggage, STEP_TERMINAL);
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			give_up(luggage, STEP_STDIO);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		give_up(luggage, STEP_STDIO);
}

static _Noreturn void run_program(const struct luggage *luggage, int released, int terminal)
{
	const struct account *account = luggage->entry->account;
	char byte;
	if (read(released, &byte, 1) != 1) /* the porter is gone */
		_exit(125);
	if (setsid() < 0)
		give_up(luggage, STEP_FORK);
	/* Before the user is changed: it is the root of the guest that may use the terminal's master side just made. */
	place_streams(luggage, terminal);
	if (become(account->groups, account->groups_count, account->gid, account->uid) < 0)
		give_up(luggage, STEP_ACCOUNT);
	/* A change of user has taken these back. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		give_up(luggage, STEP_ACCOUNT);
	const struct rlimit descriptors = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS_MAX};
	setrlimit(RLIMIT_NOFILE, &descriptors);
	if (luggage->entry->background)
		setpriority(PRIO_PROCESS, 0, BACKGROUND_NICE);
	umask(022);
	if (chdir(account->home) < 0 && chdir("/") < 0)
		give_up(luggage, STEP_ACCOUNT);
	int failure = ENOENT;
	for (size_t i = 0; luggage->candidates[i]; i++) {
		execve(luggage->candidates[i], (char *const *)luggage->entry->argv, luggage->environment);
		failure = errno == ENOENT ? failure : errno;
	}
	errno = failure;
	give_up(luggage, STEP_RUN);
}

static int join_groups(const struct cgroup_session *session, pid_t pid)
{
	char digits[16], *first = digits + sizeof digits;
	for (pid_t left = pid; left; left /= 10)
		*--first = (char)('0' + left % 10);
	for (size_t i = 0; i < session->joins_count; i++)
		if (write(session->joins[i], first, (size_t)(digits + sizeof digits - first)) < 0)
			return -1;
	return 0;
}

static _Noreturn void be_porter(const struct luggage *luggage, pid_t parent)
{
	default_signals();
	if (luggage->entry->dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
		_exit(125);
	int release[2], status, terminal = -1;
	join_namespaces(luggage);
	/* Becoming the guest's root has taken it back. */
	if (luggage->entry->dies_with_us)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (luggage->terminal >= 0)
		terminal = open_terminal(luggage);
	if (pipe2(release, O_CLOEXEC) < 0)
		give_up(luggage, STEP_FORK);
	pid_t program = _Fork();
	if (program < 0)
		give_up(luggage, STEP_FORK);
	if (program == 0) {
		close(release[1]);
		run_program(luggage, release[0], terminal);
	}
	if (join_groups(luggage->entry->session, program) < 0)
		give_up(luggage, STEP_GROUPS);
	if (write(release[1], "", 1) != 1)
		give_up(luggage, STEP_FORK);
	close_range(0, ~0U, 0);
	while (waitpid(program, &status, 0) < 0)
		if (errno != EINTR)
			_exit(125);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* ---- before and after ---- */

static void add_text(char **texts, size_t *count, char *text)
{
	if (*count < TEXTS_MAX - 1)
		texts[(*count)++] = text;
	else
		free(text);
}

static void pack_environment(struct luggage *luggage)
{
	const struct account *account = luggage->entry->account;
	size_t count = 0;
	add_text(luggage->environment, &count, xstrdup("PATH=" GUEST_PATH));
	add_text(luggage->environment, &count, xstrdup("LANG=C.UTF-8"));
	add_text(luggage->environment, &count, xasprintf("HOME=%s", account->home));
	add_text(luggage->environment, &count, xasprintf("USER=%s", account->name));
	add_text(luggage->environment, &count, xasprintf("LOGNAME=%s", account->name));
	if (luggage->terminal >= 0)
		add_text(luggage->environment, &count, xstrdup("TERM=xterm-256color"));
	for (const char *const *text = luggage->entry->environment; text && *text; text++)
		add_text(luggage->environment, &count, xstrdup(*text));
}

static void pack_candidates(struct luggage *luggage)
{
	const char *program = luggage->entry->argv[0];
	cleanup_free char *path = xstrdup(GUEST_PATH);
	size_t count = 0;
	if (strchr(program, '/'))
		luggage->candidates[count++] = xstrdup(program);
	else
		for (char *save = NULL, *part = strtok_r(path, ":", &save); part; part = strtok_r(NULL, ":", &save))
			luggage->candidates[count++] = xasprintf("%s/%s", part, program);
}

static void unpack(struct luggage *luggage)
{
	for (size_t i = 0; luggage->environment[i]; i++)
		free(luggage->environment[i]);
	for (size_t i = 0; luggage->candidates[i]; i++)
		free(luggage->candidates[i]);
	if (luggage->complaints >= 0)
		close(luggage->complaints);
	if (luggage->terminal >= 0)
		close(luggage->terminal);
}
CLEANUP_DEFINE(luggage, struct luggage, unpack(held));

static int receive_terminal(int from)
{
	char byte;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
	int fd = -1;
	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&message) &&
	    CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

/* Waits until the program's exec has closed the pipe, or somebody has complained. */
static int wait_for_start(const struct luggage *luggage, int complaints, struct error **err)
{
	const struct mark *mark = &luggage->entry->guest->mark;
	struct complaint complaint;
	struct pollfd ready = {.fd = complaints, .events = POLLIN};
	ssize_t got = -1;
	if (poll(&ready, 1, START_TIMEOUT_MS) > 0)
		got = read(complaints, &complaint, sizeof complaint);
	if (got == 0)
		return 0;
	if (got != sizeof complaint || complaint.step > STEP_RUN)
		return error_set(err, "team %d: host '%s': the program could not be started", mark->team, mark->name);
	cleanup_free char *what = complaint.step == STEP_RUN ? xasprintf("run '%s'", luggage->entry->argv[0]) : NULL;
	return error_set_errno(err, complaint.errnum, "team %d: host '%s': %s", mark->team, mark->name,
			       what ? what : step_names[complaint.step]);
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

pid_t enter_start(struct entry *entry, struct error **err)
{
	int complaints[2], terminal[2] = {-1, -1};
	bool wants_terminal = entry->stdio[0] < 0;
	if (pipe2(complaints, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "make a pipe");
	cleanup_close int hear = complaints[0];
	cleanup_with(luggage) struct luggage luggage = {.entry = entry, .complaints = complaints[1], .terminal = -1};
	if (wants_terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, terminal) < 0)
		return error_set_errno(err, errno, "make a socket pair");
	cleanup_close int master_from = terminal[0];
	luggage.terminal = terminal[1];
	pack_environment(&luggage);
	pack_candidates(&luggage);
	pid_t self = getpid(), porter = _Fork();
	if (porter == 0)
		be_porter(&luggage, self);
	if (porter < 0)
		return error_set_errno(err, errno, "make a process");
	close(luggage.complaints);
	luggage.complaints = -1;
	int started = wait_for_start(&luggage, hear, err);
	if (started == 0 && wants_terminal && (entry->terminal = receive_terminal(master_from)) < 0)
		started = error_set(err, "the guest's terminal did not arrive");
	if (started < 0) {
		reap(porter);
		return -1;
	}
	return porter;
}

int enter_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
