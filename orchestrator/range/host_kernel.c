/* What a range asks of the kernel. Everything is tried for real, in namespaces of a child that ends with the try. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/check.h"
#include "orchestrator/range/mounts.h"
#include "orchestrator/range/overlay.h"
#include "orchestrator/range/program.h"
#include "orchestrator/range/tree.h"

#define BRIDGE_SETTING "/proc/sys/net/bridge/bridge-nf-call-iptables"
#define SYSCTL_FILE "/etc/sysctl.d/60-toride.conf"

enum { TRY_TIMEOUT_MS = 10000 };

static int leave(void *flags)
{
	if (unshare(*(int *)flags) == 0)
		return 0;
	fprintf(stderr, "%s", strerror(errno));
	return 1;
}

/* Runs argv in new namespaces (NULL: only makes them). *said: the first line that came of it. */
static bool try_in(int flags, const char *const *argv, const char *input, char **said)
{
	cleanup_error struct error *err = NULL;
	struct program program = {
		.argv = argv, .prepare = leave, .context = &flags, .input = input, .timeout_ms = TRY_TIMEOUT_MS};
	int status = program_run(&program, said, &err);
	if (status < 0 || status == PROGRAM_TIMED_OUT) {
		free(*said);
		*said = xstrdup(status < 0 ? error_text(err) : "no answer in 10 s");
	}
	(*said)[strcspn(*said, "\n")] = '\0';
	return status == 0;
}

static enum host_state tried(bool well, const char *good, const char *bad, enum host_state otherwise, const char *said,
			     char **what)
{
	*what = well ? xstrdup(good) : xasprintf("%s: %s", bad, said);
	return well ? HOST_OK : otherwise;
}

/* ---- namespaces ---- */

static enum host_state namespaces_inspect(const struct check_context *context, char **what)
{
	(void)context;
	cleanup_free char *said = NULL;
	bool well = try_in(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC, NULL, NULL,
			   &said);
	return tried(well, "user, mount, network and process namespaces can be made", "namespaces cannot be made", HOST_FAIL,
		     said, what);
}

/* ---- shared mounts ---- */

static enum host_state sharing_inspect(const struct check_context *context, char **what)
{
	struct mount_line line;
	if (!mount_line_of("/proc/self/mountinfo", context->state_dir, &line)) {
		*what = xasprintf("the mount that holds %s was not found", context->state_dir);
		return HOST_FAIL;
	}
	*what = xasprintf(line.shared ? "%s is a shared mount: libvirt sees what is mounted below it"
				      : "%s is a private mount: libvirt would not see guests' disks mounted below it",
			  line.point);
	return line.shared ? HOST_OK : HOST_FAIL;
}

static int sharing_fix(const struct check_context *context, char **did, struct error **err)
{
	struct mount_line line;
	if (!mount_line_of("/proc/self/mountinfo", context->state_dir, &line))
		return error_set(err, "the mount that holds %s was not found", context->state_dir);
	if (mount(NULL, line.point, NULL, MS_REC | MS_SHARED, NULL) < 0)
		return error_set_errno(err, errno, "mount --make-rshared %s", line.point);
	*did = xasprintf("mount --make-rshared %s (until the next boot)", line.point);
	return 0;
}

/* ---- control groups ---- */

static bool file_has_word(const char *path, const char *word)
{
	cleanup_file FILE *file = fopen(path, "re");
	char found[64];
	while (file && fscanf(file, "%63s", found) == 1)
		if (strcmp(found, word) == 0)
			return true;
	return false;
}

static enum host_state cgroups_inspect(const struct check_context *context, char **what)
{
	(void)context;
	static const char *const controllers[] = {"memory", "pids", "devices"};
	bool unified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
		cleanup_free char *folder = xasprintf("/sys/fs/cgroup/%s/cgroup.procs", controllers[i]);
		bool there = unified ? strcmp(controllers[i], "devices") == 0 || /* v2 has no such controller: it uses BPF */
					       file_has_word("/sys/fs/cgroup/cgroup.controllers", controllers[i])
				     : access(folder, F_OK) == 0;
		if (!there) {
			*what = xasprintf("no control group limits '%s': guests would have no such limit", controllers[i]);
			return HOST_FAIL;
		}
	}
	*what = xasprintf("control groups (%s) limit memory and processes", unified ? "v2" : "v1");
	return HOST_OK;
}

/* ---- layers of a guest's disk ---- */

struct layers_try {
	char *folder, *layer, *seen; /* seen: the layer's file through the overlay */
};

enum { LAYERS_ID_BASE = 0x10000000 };

static int layers_prepare(const char *state_dir, struct layers_try *try, struct error **err)
{
	cleanup_free char *existing = existing_part(state_dir);
	try->folder = xasprintf("%s/.doctor-XXXXXX", existing);
	if (!mkdtemp(try->folder))
		return file_error(err, errno, "make", try->folder);
	try->layer = xasprintf("%s/layer", try->folder);
	cleanup_free char *upper = xasprintf("%s/upper", try->folder), *work = xasprintf("%s/work", try->folder);
	cleanup_free char *file = xasprintf("%s/file", try->layer);
	try->seen = xasprintf("%s/root/file", try->folder);
	cleanup_free char *root = xasprintf("%s/root", try->folder);
	if (make_folder(try->layer, 0755, err) < 0 || make_folder(upper, 0755, err) < 0 || make_folder(work, 0755, err) < 0 ||
	    make_folder(root, 0755, err) < 0 || file_write(file, "layer", err) < 0)
		return -1;
	if (chown(upper, LAYERS_ID_BASE, LAYERS_ID_BASE) < 0 || chown(work, LAYERS_ID_BASE, LAYERS_ID_BASE) < 0)
		return file_error(err, errno, "change the owner of", upper);
	return 0;
}

/* In a child with mounts of its own. */
static int layers_mount(void *context)
{
	struct layers_try *try = context;
	cleanup_error struct error *err = NULL;
	cleanup_free char *root = xasprintf("%s/root", try->folder);
	const struct overlay overlay = {
		.layers = (char *const[]){try->layer}, .layers_count = 1, .folder = try->folder, .id_base = LAYERS_ID_BASE};
	struct stat status;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		error_set_errno(&err, errno, "a mount namespace");
	else if (overlay_mount(&overlay, root, &err) == 0 && (stat(try->seen, &status) < 0 || status.st_uid != LAYERS_ID_BASE))
		error_set(&err, "the owners of files in a layer are not shifted");
	if (err)
		fprintf(stderr, "%s", error_text(err));
	return err ? 1 : 0;
}

static enum host_state layers_inspect(const struct check_context *context, char **what)
{
	struct layers_try try = {0};
	cleanup_error struct error *err = NULL;
	cleanup_free char *said = NULL;
	int status = layers_prepare(context->state_dir, &try, &err);
	if (status == 0)
		status = program_run(&(struct program){.prepare = layers_mount, .context = &try, .timeout_ms = TRY_TIMEOUT_MS},
				     &said, &err);
	if (try.folder)
		tree_remove(try.folder, NULL);
	free(try.folder);
	free(try.layer);
	free(try.seen);
	return tried(status == 0, "disks of shared layers with shifted owners (overlay, idmapped mounts) work where the state is",
		     "disks of shared layers cannot be mounted where the state is", HOST_FAIL, err ? error_text(err) : said,
		     what);
}

/* ---- network ---- */

static enum host_state links_inspect(const struct check_context *context, char **what)
{
	(void)context;
	static const char *const argv[] = {"ip", "-batch", "-", NULL};
	cleanup_free char *said = NULL;
	bool well =
		try_in(CLONE_NEWNET, argv,
		       "link add tdtry0 type bridge\nlink add tdtry1 type veth peer name tdtry2\nlink set tdtry1 master tdtry0\n",
		       &said);
	return tried(well, "bridges and pairs of interfaces can be made", "bridges cannot be made", HOST_FAIL, said, what);
}

static enum host_state nftables_inspect(const struct check_context *context, char **what)
{
	(void)context;
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	static const char rules[] =
		"table netdev try {\n"
		"comment \"try\"\n"
		"chain in { type filter hook ingress device \"lo\" priority 0; policy drop; }\n"
		"}\n"
		"table inet try {\n"
		"chain in { type filter hook forward priority 0; policy drop; ct state established accept; log group 5; }\n"
		"}\n";
	cleanup_free char *said = NULL;
	bool well = try_in(CLONE_NEWNET, argv, rules, &said);
	return tried(well, "nftables filters packets of interfaces and of connections", "nftables refuses the range's rules",
		     HOST_FAIL, said, what);
}

static enum host_state bridge_inspect(const struct check_context *context, char **what)
{
	(void)context;
	cleanup_file FILE *file = fopen(BRIDGE_SETTING, "re");
	int on = file ? fgetc(file) == '1' : 0;
	*what = xstrdup(on ? "bridge-nf-call-iptables is on: frames of all teams meet in the host's connection tracking, where "
			     "their equal addresses collide"
			   : "frames on bridges stay out of the host's connection tracking");
	return on ? HOST_WARN : HOST_OK;
}

static int text_write(const char *path, int flags, const char *text, struct error **err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set_errno(err, errno, "write %s", path);
	return 0;
}

static int bridge_fix(const struct check_context *context, char **did, struct error **err)
{
	(void)context;
	static const char settings[] =
		"# Written by `toride doctor --fix`. Teams of a training range have the same addresses on separate bridges. With "
		"1, bridged\n"
		"# frames go through the host's connection tracking, where such connections are taken for one another.\n"
		"# Remove this file (and set it to 1) if another program needs it: container engines that filter bridged frames "
		"do.\n"
		"net.bridge.bridge-nf-call-iptables = 0\n";
	if (text_write(BRIDGE_SETTING, 0, "0\n", err) < 0 || text_write(SYSCTL_FILE, O_CREAT | O_TRUNC, settings, err) < 0)
		return -1;
	*did = xstrdup("set bridge-nf-call-iptables to 0, and wrote " SYSCTL_FILE);
	return 0;
}

/* ---- what all guests share ---- */

/*
 * libvirt makes guests' user namespaces as the host's root, against whose account the kernel counts what is made inside of them;
 * the table of neighbours is one for all network namespaces. With the kernel's own figures one guest can use them up for every
 * other guest and for the host. Set so high, a guest's memory limit comes first.
 */
#define SHARED_SYSCTL_FILE "/etc/sysctl.d/60-toride-shared.conf"
static const struct {
	const char *name, *file;
	long long least;
} shared_limits[] = {
	{"fs.inotify.max_user_instances", "/proc/sys/fs/inotify/max_user_instances", 1 << 20},
	{"fs.inotify.max_user_watches", "/proc/sys/fs/inotify/max_user_watches", 1 << 24},
	{"user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", 1 << 20},
	{"user.max_mnt_namespaces", "/proc/sys/user/max_mnt_namespaces", 1 << 20},
	{"user.max_net_namespaces", "/proc/sys/user/max_net_namespaces", 1 << 20},
	{"user.max_pid_namespaces", "/proc/sys/user/max_pid_namespaces", 1 << 20},
	{"user.max_ipc_namespaces", "/proc/sys/user/max_ipc_namespaces", 1 << 20},
	{"user.max_uts_namespaces", "/proc/sys/user/max_uts_namespaces", 1 << 20},
	{"user.max_fanotify_groups", "/proc/sys/user/max_fanotify_groups", 1 << 20},
	{"net.ipv4.neigh.default.gc_thresh3", "/proc/sys/net/ipv4/neigh/default/gc_thresh3", 1 << 17},
	{"net.ipv4.neigh.default.gc_thresh2", "/proc/sys/net/ipv4/neigh/default/gc_thresh2", 1 << 16},
};
enum { SHARED_LIMITS = sizeof shared_limits / sizeof *shared_limits };

/* As it is; -1 where the kernel has no such limit. */
static long long shared_now(size_t i)
{
	cleanup_free char *text = file_read(shared_limits[i].file, 64, NULL);
	return text ? strtoll(text, NULL, 10) : -1;
}

static bool shared_is_enough(size_t i)
{
	long long now = shared_now(i);
	return now < 0 || now >= shared_limits[i].least;
}

static enum host_state shared_inspect(const struct check_context *context, char **what)
{
	(void)context;
	for (size_t i = 0; i < SHARED_LIMITS; i++)
		if (!shared_is_enough(i)) {
			*what = xasprintf("%s is below %lld: one guest can use it up for all others and for the host",
					  shared_limits[i].name, shared_limits[i].least);
			return HOST_WARN;
		}
	*what = xstrdup("limits that all guests share are out of one guest's reach");
	return HOST_OK;
}

static int shared_fix(const struct check_context *context, char **did, struct error **err)
{
	(void)context;
	cleanup_error struct error *failure = NULL;
	cleanup_free char *settings =
		xstrdup("# Written by `toride doctor --fix`: limits that all guests share with the host.\n");
	for (size_t i = 0; i < SHARED_LIMITS; i++) {
		long long now = shared_now(i);
		if (now < 0)
			continue;
		cleanup_free char *value = xasprintf("%lld\n", now > shared_limits[i].least ? now : shared_limits[i].least);
		char *longer = xasprintf("%s%s = %s", settings, shared_limits[i].name, value);
		free(settings);
		settings = longer;
		/* The rest is raised all the same. */
		if (!shared_is_enough(i))
			text_write(shared_limits[i].file, 0, value, failure ? NULL : &failure);
	}
	if (text_write(SHARED_SYSCTL_FILE, O_CREAT | O_TRUNC, settings, err) < 0)
		return -1;
	if (failure)
		return error_move(err, steal(&failure));
	*did = xstrdup("raised them, and wrote " SHARED_SYSCTL_FILE);
	return 0;
}

bool host_can_delay(void)
{
	static const char *const argv[] = {"tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms", NULL};
	cleanup_free char *said = NULL;
	/* Who only checks a scenario need not be root. */
	return try_in(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET, argv, NULL, &said);
}

static enum host_state netem_inspect(const struct check_context *context, char **what)
{
	(void)context;
	bool well = host_can_delay();
	*what = xstrdup(well ? "the kernel can simulate delay and loss"
			     : "the kernel cannot simulate delay and loss (no sch_netem)");
	return well ? HOST_OK : HOST_NOTE;
}

const struct check checks_kernel[] = {
	{"namespaces", true, namespaces_inspect, NULL,
	 "raise user.max_user_namespaces (sysctl); inside a container, start it privileged"},
	{"sharing", true, sharing_inspect, sharing_fix, "mount --make-rshared of it, before libvirtd starts"},
	{"cgroups", true, cgroups_inspect, NULL, "mount the control groups (a host with systemd has them), with memory and pids"},
	{"layers", true, layers_inspect, NULL,
	 "Linux 5.19 or newer, with overlayfs, and the state directory on ext4, xfs or btrfs (--state-dir)"},
	{"links", true, links_inspect, NULL, "load the kernel modules bridge and veth"},
	{"nftables", true, nftables_inspect, NULL, "load the kernel modules nf_tables, nf_conntrack, nft_log and nfnetlink_log"},
	{"bridge-nf", true, bridge_inspect, bridge_fix, "sysctl net.bridge.bridge-nf-call-iptables=0"},
	{"shared-limits", true, shared_inspect, shared_fix, "raise these settings (sysctl), as `toride doctor --fix` does"},
	{"netem", true, netem_inspect, NULL,
	 "networks with `delay` or `loss` go without them; sch_netem is in Debian's own kernel"},
	{0},
};
