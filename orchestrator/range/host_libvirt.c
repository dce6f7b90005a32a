/*
 * libvirt's daemons: running, and seeing the mounts that they must see. Where systemd runs it starts them; elsewhere we do.
 *
 * Without systemd two things of the host can be in libvirtd's way, so it then gets a mount namespace of its own without them:
 * - /sys/fs/cgroup/unified beside control groups v1: its container driver takes the tree for its own and fails in it;
 * - a /dev/kvm that does not answer: libvirt's first look at it takes more than a minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/check.h"
#include "orchestrator/range/mounts.h"
#include "orchestrator/range/program.h"

#define LIBVIRT_SOCKET "/run/libvirt/libvirt-sock"
#define VIRTLOGD_SOCKET "/run/libvirt/virtlogd-sock"
#define UNIFIED "/sys/fs/cgroup/unified"
#define KVM "/dev/kvm"

enum { START_TIMEOUT_MS = 30000, ANSWER_TIMEOUT_MS = 20000, KVM_TIMEOUT_MS = 3000, WAIT_STEP_MS = 50 };

/* ---- what is there ---- */

static bool socket_answers(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* The daemon's process by its pid file; 0: none. */
static pid_t daemon_pid(const char *name)
{
	cleanup_free char *pid_path = xasprintf("/run/%s.pid", name);
	cleanup_file FILE *pid_file = fopen(pid_path, "re");
	int pid = 0;
	if (!pid_file || fscanf(pid_file, "%d", &pid) != 1 || pid <= 1)
		return 0;
	cleanup_free char *comm_path = xasprintf("/proc/%d/comm", pid);
	cleanup_file FILE *comm_file = fopen(comm_path, "re");
	char comm[32] = "";
	return comm_file && fscanf(comm_file, "%31s", comm) == 1 && strcmp(comm, name) == 0 ? pid : 0;
}

static bool has_both_cgroup_trees(const char *mountinfo)
{
	struct mount_line unified, memory;
	return mount_line_of(mountinfo, UNIFIED, &unified) && strcmp(unified.point, UNIFIED) == 0 &&
	       strcmp(unified.type, "cgroup2") == 0 && mount_line_of(mountinfo, "/sys/fs/cgroup/memory", &memory) &&
	       strcmp(memory.type, "cgroup") == 0;
}

/* Status 0 when /dev/kvm can make a machine. */
static int kvm_try(void *context)
{
	(void)context;
	int fd = open(KVM, O_RDWR | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, KVM_CREATE_VM, 0) >= 0 ? 0 : 1;
}

static bool kvm_is_broken(void)
{
	struct program program = {.prepare = kvm_try, .timeout_ms = KVM_TIMEOUT_MS};
	return access(KVM, F_OK) == 0 && program_run(&program, NULL, NULL) != 0;
}

/* ---- start ---- */

/* In the child that becomes libvirtd. */
static int hide(void *context)
{
	(void)context;
	bool unified = has_both_cgroup_trees("/proc/self/mountinfo"), kvm = kvm_is_broken();
	if (!unified && !kvm)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    (unified && umount2(UNIFIED, MNT_DETACH) < 0) || (kvm && mount("/dev/null", KVM, NULL, MS_BIND, NULL) < 0)) {
		fprintf(stderr, "a mount namespace without " UNIFIED " and " KVM ": %s", strerror(errno));
		return 1;
	}
	return 0;
}

static int wait_for(const char *socket, struct error **err)
{
	for (int waited_ms = 0; waited_ms < START_TIMEOUT_MS; waited_ms += WAIT_STEP_MS) {
		if (socket_answers(socket))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_MS * 1000000L}, NULL);
	}
	return error_set(err, "%s does not answer after %d s", socket, START_TIMEOUT_MS / 1000);
}

static int start(const char *const *argv, int (*prepare)(void *), const char *socket, struct error **err)
{
	cleanup_free char *output = NULL;
	int status =
		program_run(&(struct program){.argv = argv, .prepare = prepare, .timeout_ms = START_TIMEOUT_MS}, &output, err);
	if (status != 0)
		return status < 0 ? -1 : error_set(err, "%s ended with status %d: %s", argv[0], status, output);
	return wait_for(socket, err);
}

/* ---- virtlogd ---- */

static enum host_state virtlogd_inspect(const struct check_context *context, char **what)
{
	(void)context;
	bool answers = socket_answers(VIRTLOGD_SOCKET);
	*what = xstrdup(answers ? "virtlogd answers" : "virtlogd is not running: guests cannot start without it");
	return answers ? HOST_OK : HOST_FAIL;
}

static int virtlogd_fix(const struct check_context *context, char **did, struct error **err)
{
	static const char *const unit[] = {"systemctl", "start", "virtlogd.socket", NULL}, *const program[] = {"virtlogd", "-d",
													       NULL};
	if (start(context->systemd ? unit : program, NULL, VIRTLOGD_SOCKET, err) < 0)
		return -1;
	*did = xstrdup(context->systemd ? "systemctl start virtlogd.socket" : "virtlogd -d");
	return 0;
}

/* ---- libvirtd ---- */

static enum host_state libvirtd_inspect(const struct check_context *context, char **what)
{
	if (!socket_answers(LIBVIRT_SOCKET)) {
		*what = xstrdup("libvirtd is not running");
		return HOST_FAIL;
	}
	pid_t pid = daemon_pid("libvirtd");
	if (!pid) { /* started by its socket when it is needed, or not the one we know */
		*what = xstrdup("libvirtd answers");
		return HOST_OK;
	}
	cleanup_free char *mountinfo = xasprintf("/proc/%d/mountinfo", pid);
	struct mount_line line;
	bool found = mount_line_of(mountinfo, context->state_dir, &line);
	if (found && !line.receives) {
		*what = xasprintf("libvirtd runs, but does not see what is mounted below %s", line.point);
		return HOST_FAIL;
	}
	if (!context->systemd && has_both_cgroup_trees(mountinfo)) {
		*what = xstrdup("libvirtd runs, but sees two trees of control groups (" UNIFIED
				"), in which guests fail to start");
		return HOST_FAIL;
	}
	*what = xstrdup("libvirtd runs and sees the range's mounts");
	return HOST_OK;
}

static int libvirtd_fix(const struct check_context *context, char **did, struct error **err)
{
	static const char *const unit[] = {"systemctl", "start", "libvirtd.socket", NULL}, *const program[] = {"libvirtd", "-d",
													       NULL};
	if (socket_answers(LIBVIRT_SOCKET))
		return error_set(err, "libvirtd runs, and may serve others: stop it yourself (%s), then run this again",
				 context->systemd ? "systemctl stop libvirtd" : "kill $(cat /run/libvirtd.pid)");
	if (start(context->systemd ? unit : program, context->systemd ? NULL : hide, LIBVIRT_SOCKET, err) < 0)
		return -1;
	*did = xstrdup(context->systemd ? "systemctl start libvirtd.socket" : "libvirtd -d, without what is in its way");
	return 0;
}

/* ---- its container driver ---- */

static enum host_state driver_inspect(const struct check_context *context, char **what)
{
	const char *const argv[] = {"virsh", "-q", "-c", context->uri, "list", "--name", NULL};
	cleanup_free char *output = NULL;
	cleanup_error struct error *err = NULL;
	int status = program_run(&(struct program){.argv = argv, .timeout_ms = ANSWER_TIMEOUT_MS}, &output, &err);
	if (status == 0) {
		*what = xasprintf("%s answers", context->uri);
		return HOST_OK;
	}
	char *last = output ? strrchr(output, '\n') : NULL;
	*what = status == PROGRAM_TIMED_OUT ? xasprintf("%s gives no answer in %d s", context->uri, ANSWER_TIMEOUT_MS / 1000)
		: status < 0		    ? xstrdup(error_text(err))
					    : xasprintf("%s: %s", context->uri, last ? last + 1 : output);
	return HOST_FAIL;
}

const struct check checks_libvirt[] = {
	{"virtlogd", true, virtlogd_inspect, virtlogd_fix,
	 "start it: systemctl start virtlogd.socket; without systemd: virtlogd -d"},
	{"libvirtd", true, libvirtd_inspect, libvirtd_fix, "start it: systemctl start libvirtd; without systemd: libvirtd -d"},
	{"containers", true, driver_inspect, NULL,
	 "see journalctl -u libvirtd, or run libvirtd in a terminal; a /dev/kvm that hangs delays its first answer"},
	{0},
};
