#include "scoreboard/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "scoreboard/limits.h"

enum { MEMORY_MAX_BYTES = 1 << 30 };

/* ---- root and user ---- */

/* A directory that has been removed stays empty for good: nothing can be made in it. */
static int enter_removed_directory(struct error **err)
{
	char path[] = "/tmp/toride-scoreboard-XXXXXX";
	if (!mkdtemp(path))
		return error_set_errno(err, errno, "make an empty directory '%s'", path);
	int entered = chdir(path);
	int failure = errno;
	rmdir(path);
	if (entered < 0)
		return error_set_errno(err, failure, "enter '%s'", path);
	if (chroot(".") < 0 || chdir("/") < 0)
		return error_set_errno(err, errno, "chroot");
	return 0;
}

int sandbox_drop_root(const char *user, struct error **err)
{
	if (geteuid() != 0)
		return 0;
	const struct passwd *entry = getpwnam(user);
	if (!entry)
		return error_set(
			err,
			"there is no user '%s': make it with 'useradd --system --no-create-home --shell /usr/sbin/nologin %s'",
			user, user);
	const uid_t uid = entry->pw_uid;
	const gid_t gid = entry->pw_gid;
	if (uid == 0)
		return error_set(err, "--user '%s' is root: choose one without rights", user);
	if (enter_removed_directory(err) < 0)
		return -1;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set_errno(err, errno, "become user '%s'", user);
	if (setuid(0) == 0)
		return error_set(err, "user '%s' can become root again: this kernel does not let go of it", user);
	return 0;
}

/* ---- limits ---- */

int sandbox_limit(struct error **err)
{
	struct rlimit descriptors;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) < 0)
		return error_set_errno(err, errno, "getrlimit");
	rlim_t most = BOARD_DESCRIPTORS_MAX;
	if (descriptors.rlim_max < most) {
		if (geteuid() != 0)
			most = descriptors.rlim_max;
		log_warning("only %llu descriptors are allowed here (wanted %d): fewer browsers at once",
			    (unsigned long long)most, BOARD_DESCRIPTORS_MAX);
	}
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_NOFILE, most},
		{RLIMIT_CORE, 0}, /* a dump would hold session tokens */
#ifndef __SANITIZE_ADDRESS__	  /* its shadow memory alone is larger */
		{RLIMIT_DATA, MEMORY_MAX_BYTES},
#endif
	};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const struct rlimit limit = {limits[i].value, limits[i].value};
		if (setrlimit(limits[i].resource, &limit) < 0)
			return error_set_errno(err, errno, "setrlimit");
	}
	return 0;
}

/* ---- landlock ---- */

/* As in newer kernels' headers: each field counts from the version named (Documentation/userspace-api/landlock.rst). */
struct ruleset {
	uint64_t files;	 /* 1: bits 0-12, 2: refer, 3: truncate, 5: ioctl */
	uint64_t ports;	 /* 4: bind, connect */
	uint64_t scopes; /* 6: abstract sockets, signals */
};

static struct ruleset everything(long version)
{
	uint64_t files = (1u << 13) - 1;
	if (version >= 2)
		files |= 1u << 13;
	if (version >= 3)
		files |= 1u << 14;
	if (version >= 5)
		files |= 1u << 15;
	return (struct ruleset){.files = files, .ports = version >= 4 ? 3 : 0, .scopes = version >= 6 ? 3 : 0};
}

int sandbox_landlock(struct error **err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "give up new privileges");
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1) {
		log_warning(
			"this kernel has no landlock: the file system is closed by the user, the empty root and seccomp alone");
		return 0;
	}
	/* A rule set without a rule: all that it names is refused. Kernels before 4 and 6 know a shorter structure. */
	const struct ruleset ruleset = everything(version);
	const size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 16 : 8;
	cleanup_close int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return error_set_errno(err, errno, "landlock (version %ld)", version);
	return 0;
}

/* ---- seccomp ---- */

/* What serving needs: sockets that are there, epoll, memory, threads, time. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendfile),
	SCMP_SYS(accept4),
	SCMP_SYS(accept),
	SCMP_SYS(close),
	SCMP_SYS(shutdown),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(eventfd2),
	SCMP_SYS(futex),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
};

/* What nobody here calls but an intruder. */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(bpf),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(perf_event_open),
};

CLEANUP_DEFINE(filter, scmp_filter_ctx, if (*held) seccomp_release(*held));

/* Calls that depend on an argument. */
static int add_conditions(scmp_filter_ctx filter)
{
	const struct {
		int call;
		struct scmp_arg_cmp argument;
	} conditions[] = {
		{SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)}, /* memory never becomes code */
		{SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
		{SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)}, /* threads, no processes */
		{SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)},
		{SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, 1 /* F_GETFD */)},
		{SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, 2 /* F_SETFD */)},
		{SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, 3 /* F_GETFL */)},
		{SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, 4 /* F_SETFL */)},
	};
	for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
		int failure = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, conditions[i].call, 1, &conditions[i].argument);
		if (failure < 0)
			return failure;
	}
	/* Its flags lie in memory, where a filter cannot look: without it glibc takes clone. */
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int failure = seccomp_rule_add(filter, action, calls[i], 0);
		if (failure < 0 && failure != -EDOM) /* not on this architecture */
			return failure;
	}
	return 0;
}

int sandbox_seccomp(struct error **err)
{
	cleanup_with(filter) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return error_set(err, "seccomp: no memory");
	int failure = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (failure >= 0)
		failure = add_all(filter, SCMP_ACT_ALLOW, allowed, sizeof allowed / sizeof *allowed);
	if (failure >= 0)
		failure = add_all(filter, SCMP_ACT_KILL_PROCESS, deadly, sizeof deadly / sizeof *deadly);
	if (failure >= 0)
		failure = add_conditions(filter);
	if (failure >= 0)
		failure = seccomp_load(filter);
	if (failure < 0)
		return error_set_errno(err, -failure, "seccomp: this kernel does not take the filter");
	return 0;
}
