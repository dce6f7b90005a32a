#include "orchestrator/range/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"

enum { POLL_MS = 200 };

/* ---- in the child: system calls only, as this process has threads ---- */

static _Noreturn void give_up(const char *what)
{
	int failure = errno;
	char line[256]; /* snprintf with plain texts and numbers takes no lock and no memory in glibc */
	int length = snprintf(line, sizeof line, "sandbox: %s: error %d\n", what, failure);
	_exit(write(STDERR_FILENO, line, (size_t)length) == length ? 125 : 124);
}

static void must(int result, const char *what)
{
	if (result < 0)
		give_up(what);
}

static void mount_devices(void)
{
	static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
	must(mount("toride", "dev", "tmpfs", MS_NOSUID, "mode=755,size=1m"), "mount /dev");
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		char from[32], to[32];
		snprintf(from, sizeof from, "/dev/%s", devices[i]);
		snprintf(to, sizeof to, "dev/%s", devices[i]);
		int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		must(fd, to);
		close(fd);
		must(mount(from, to, NULL, MS_BIND, NULL), to);
	}
	must(mkdir("dev/pts", 0755), "dev/pts");
	must(mkdir("dev/shm", 01777), "dev/shm");
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
	     "mount /dev/pts");
	must(symlink("pts/ptmx", "dev/ptmx"), "dev/ptmx");
	must(symlink("/proc/self/fd", "dev/fd"), "dev/fd");
	must(symlink("/proc/self/fd/0", "dev/stdin"), "dev/stdin");
	must(symlink("/proc/self/fd/1", "dev/stdout"), "dev/stdout");
	must(symlink("/proc/self/fd/2", "dev/stderr"), "dev/stderr");
}

/* "/run/a/b" below the working directory. */
static void make_place(const char *path)
{
	char part[256];
	for (size_t i = 1; path[i] && i < sizeof part; i++) {
		part[i - 1] = path[i];
		part[i] = '\0';
		if (path[i + 1] == '/' || !path[i + 1])
			if (mkdir(part, 0755) < 0 && errno != EEXIST)
				give_up(part);
	}
}

static void bind_folders(const struct sandbox *sandbox)
{
	for (size_t i = 0; i < SANDBOX_BINDS_MAX && sandbox->binds[i].from; i++) {
		const char *to = sandbox->binds[i].to;
		make_place(to);
		must(mount(sandbox->binds[i].from, to + 1, NULL, MS_BIND, NULL), to);
		must(mount(NULL, to + 1, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL), to);
	}
}

/* The new root becomes all that there is; the host's file system is gone. */
static void enter_root(const struct sandbox *sandbox)
{
	must(move_mount(sandbox->root_mount, "", AT_FDCWD, sandbox->root, MOVE_MOUNT_F_EMPTY_PATH), "mount the root");
	must(chdir(sandbox->root), "enter the root");
	/* To be read only: the files of /proc/sys belong to the host's root, whom this one is. */
	must(mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL), "mount /proc");
	must(mount("toride", "run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m"), "mount /run");
	must(mount("toride", "tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"), "mount /tmp");
	mount_devices();
	bind_folders(sandbox);
	must((int)syscall(SYS_pivot_root, ".", "."), "change the root");
	must(umount2(".", MNT_DETACH), "leave the host's root");
	must(chdir("/"), "enter the root");
	must(sethostname(sandbox->host_name, strlen(sandbox->host_name)), "set the host name");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	must(ioctl(fd, SIOCSIFFLAGS, &loopback), "take lo up");
	close(fd);
}

/*
 * A role's setup is root here without a user namespace: it gives files to accounts, as a package's scripts do, and needs no power
 * over the kernel or over hardware. Each of CAP_SYS_ADMIN (it could mount the host's control groups) and CAP_DAC_READ_SEARCH
 * (file handles of the disk that its binds lie on) would be the whole host.
 */
static void drop_powers(void)
{
	static const int kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,	       CAP_FSETID,  CAP_KILL,	    CAP_SETGID,
				   CAP_SETUID, CAP_SETPCAP,	 CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_CHROOT, CAP_SETFCAP};
	for (int power = 0; prctl(PR_CAPBSET_READ, power, 0, 0, 0) >= 0; power++) {
		bool keep = false;
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			keep = keep || kept[i] == power;
		if (!keep)
			must(prctl(PR_CAPBSET_DROP, power, 0, 0, 0), "drop powers");
	}
}

static _Noreturn void run_program(const struct sandbox *sandbox)
{
	execve(sandbox->argv[0], (char *const *)sandbox->argv, (char *const *)sandbox->environment);
	give_up(sandbox->argv[0]);
}

/* Process 1 of the sandbox: when it ends, the kernel ends all the rest. */
static _Noreturn void be_first(const struct sandbox *sandbox, int parent)
{
	struct pollfd orphaned = {.fd = parent, .events = POLLIN};
	sigset_t none;
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "follow the parent");
	if (poll(&orphaned, 1, 0) != 0)
		_exit(125);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (dup2(nothing, 0) < 0 || dup2(sandbox->log, 1) < 0 || dup2(sandbox->log, 2) < 0)
		_exit(125);
	must(setsid(), "make a session");
	umask(022);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
	if (sandbox->root) {
		enter_root(sandbox);
		drop_powers();
	} else {
		must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount /proc");
	}
	close_range(3, ~0U, 0);
	pid_t program = _Fork();
	must(program, "make a process");
	if (program == 0)
		run_program(sandbox);
	for (;;) {
		int status;
		pid_t ended = wait(&status);
		if (ended == program)
			_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		if (ended < 0 && errno != EINTR)
			_exit(125);
	}
}

/* ---- in the parent ---- */

/* 1: ended; 0: out of time; -1: cancelled. */
static int wait_for(const struct sandbox *sandbox, int process)
{
	int64_t deadline_ms = monotonic_ms() + sandbox->timeout_ms;
	for (;;) {
		struct pollfd ended = {.fd = process, .events = POLLIN};
		if (poll(&ended, 1, POLL_MS) > 0)
			return 1;
		if (sandbox->cancel && *sandbox->cancel)
			return -1;
		if (monotonic_ms() > deadline_ms)
			return 0;
	}
}

int sandbox_run(const struct sandbox *sandbox, struct error **err)
{
	unsigned long spaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (sandbox->root ? CLONE_NEWNET : 0);
	cleanup_close int self = pidfd_open(getpid(), 0);
	pid_t child = (pid_t)syscall(SYS_clone, spaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		be_first(sandbox, self);
	if (child < 0)
		return error_set_errno(err, errno, "make a process in namespaces of its own; needs root");
	cleanup_close int process = pidfd_open(child, 0);
	int outcome = wait_for(sandbox, process), status = 0;
	if (outcome <= 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (outcome < 0)
		return error_set(err, "cancelled");
	if (outcome == 0)
		return error_set(err, "was not done in %lld s", (long long)(sandbox->timeout_ms / 1000));
	if (WIFSIGNALED(status))
		return error_set(err, "was killed by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? 0 : error_set(err, "ended with status %d", WEXITSTATUS(status));
}
