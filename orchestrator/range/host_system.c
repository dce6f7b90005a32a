/* What every program of a range leans on: root, packages, the scoreboard's account, room. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/check.h"
#include "orchestrator/range/program.h"

#define BOARD_ACCOUNT "toride-board"

enum { APT_TIMEOUT_MS = 15 * 60 * 1000, USERADD_TIMEOUT_MS = 20000 };
static const int64_t mib = 1 << 20;
/* A small exercise for two teams uses about 300 MiB; the image takes 450 MiB once. */
static const int64_t memory_least_mib = 512, memory_good_mib = 2048, disk_least_mib = 1024, disk_good_mib = 4096;

/* ---- root ---- */

static enum host_state root_inspect(const struct check_context *context, char **what)
{
	*what = xstrdup(context->root ? "running as root" : "not running as root, so guests cannot be made");
	return context->root ? HOST_OK : HOST_FAIL;
}

/* ---- packages ---- */

static const struct {
	const char *package, *path; /* path: a pattern; without a slash a program */
} needed[] = {
	{"libvirt-daemon-system", "/etc/libvirt/libvirtd.conf"},
	{"libvirt-daemon", "libvirtd"},
	{"libvirt-daemon", "virtlogd"},
	{"libvirt-daemon-driver-lxc", "/usr/lib/libvirt/libvirt_lxc"},
	{"libvirt-daemon-driver-lxc", "/usr/lib/*/libvirt/connection-driver/libvirt_driver_lxc.so"},
	{"libvirt-clients", "virsh"},
	{"mmdebstrap", "mmdebstrap"},
	{"nftables", "nft"},
	{"iproute2", "ip"},
};

static bool is_there(const char *path)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
	if (path[0] == '/') {
		glob_t found;
		bool there = glob(path, 0, NULL, &found) == 0;
		globfree(&found);
		return there;
	}
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char program[PATH_MAX];
		struct stat status;
		snprintf(program, sizeof program, "%s/%s", folders[i], path);
		if (stat(program, &status) == 0 && S_ISREG(status.st_mode) && access(program, X_OK) == 0)
			return true;
	}
	return false;
}

/* The packages whose files are not there, each once; returns how many. */
static size_t packages_missing(const char *packages[sizeof needed / sizeof *needed])
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!is_there(needed[i].path) && (count == 0 || strcmp(packages[count - 1], needed[i].package) != 0))
			packages[count++] = needed[i].package;
	return count;
}

static char *joined(const char *const *words, size_t count)
{
	char *text = xstrdup("");
	for (size_t i = 0; i < count; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? " " : "", words[i]);
		free(text);
		text = longer;
	}
	return text;
}

static enum host_state packages_inspect(const struct check_context *context, char **what)
{
	(void)context;
	const char *missing[sizeof needed / sizeof *needed];
	size_t count = packages_missing(missing);
	cleanup_free char *names = joined(missing, count);
	*what = count ? xasprintf("not installed: %s", names)
		      : xstrdup("libvirt with its container driver, mmdebstrap, nft and ip");
	return count ? HOST_FAIL : HOST_OK;
}

static int run_apt(const char *const *argv, struct error **err)
{
	setenv("DEBIAN_FRONTEND", "noninteractive", 1);
	cleanup_free char *output = NULL;
	int status = program_run(&(struct program){.argv = argv, .timeout_ms = APT_TIMEOUT_MS}, &output, err);
	if (status <= 0)
		return status;
	const char *last = strrchr(output, '\n');
	return error_set(err, "%s %s ended with status %d: %s", argv[0], argv[1], status, last ? last + 1 : output);
}

static int packages_fix(const struct check_context *context, char **did, struct error **err)
{
	(void)context;
	static const char *const update[] = {"apt-get", "update", "-q", NULL};
	const char *argv[5 + sizeof needed / sizeof *needed] = {"apt-get", "install", "-y", "-q", "--no-install-recommends"};
	size_t count = packages_missing(argv + 5);
	argv[5 + count] = NULL;
	/* A file that is gone although dpkg thinks the package is there comes back only with --reinstall: not ours to decide. */
	if (run_apt(argv, NULL) < 0 && (run_apt(update, err) < 0 || run_apt(argv, err) < 0))
		return -1;
	cleanup_free char *names = joined(argv + 5, count);
	*did = xasprintf("apt-get install %s", names);
	return 0;
}

/* ---- account ---- */

static enum host_state account_inspect(const struct check_context *context, char **what)
{
	(void)context;
	const struct passwd *account = getpwnam(BOARD_ACCOUNT);
	bool good = account && account->pw_uid != 0;
	*what = xasprintf(good	    ? "the scoreboard runs as '%s'"
			  : account ? "the scoreboard's account '%s' is root"
				    : "the scoreboard's account '%s' is not there",
			  BOARD_ACCOUNT);
	return good ? HOST_OK : HOST_FAIL;
}

static int account_fix(const struct check_context *context, char **did, struct error **err)
{
	(void)context;
	static const char *const argv[] = {"useradd",	   "--system", "--user-group",	    "--no-create-home", "--home-dir",
					   "/nonexistent", "--shell",  "/usr/sbin/nologin", BOARD_ACCOUNT,	NULL};
	cleanup_free char *output = NULL;
	int status = program_run(&(struct program){.argv = argv, .timeout_ms = USERADD_TIMEOUT_MS}, &output, err);
	if (status != 0)
		return status < 0 ? -1 : error_set(err, "useradd ended with status %d: %s", status, output);
	*did = xstrdup("made the account " BOARD_ACCOUNT);
	return 0;
}

/* ---- room ---- */

/* MemAvailable of /proc/meminfo (proc(5)), in KiB; -1 when it is not told. */
static int64_t memory_available_kib(void)
{
	cleanup_file FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long long kib;
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "MemAvailable: %lld kB", &kib) == 1)
			return kib;
	return -1;
}

static enum host_state room(int64_t have_mib, int64_t least_mib, int64_t good_mib)
{
	return have_mib < least_mib ? HOST_FAIL : have_mib < good_mib ? HOST_WARN : HOST_OK;
}

static enum host_state memory_inspect(const struct check_context *context, char **what)
{
	(void)context;
	int64_t kib = memory_available_kib();
	*what = kib < 0 ? xstrdup("how much memory is available cannot be read from /proc/meminfo")
			: xasprintf("%lld MiB of memory available", (long long)kib / 1024);
	return kib < 0 ? HOST_WARN : room(kib / 1024, memory_least_mib, memory_good_mib);
}

static enum host_state disk_inspect(const struct check_context *context, char **what)
{
	cleanup_free char *folder = existing_part(context->state_dir);
	struct statvfs disk;
	if (statvfs(folder, &disk) < 0) {
		*what = xasprintf("room at %s: %s", folder, strerror(errno));
		return HOST_FAIL;
	}
	int64_t free_mib = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize / mib;
	*what = xasprintf("%lld MiB free at %s", (long long)free_mib, folder);
	return room(free_mib, disk_least_mib, disk_good_mib);
}

static enum host_state state_inspect(const struct check_context *context, char **what)
{
	cleanup_free char *folder = existing_part(context->state_dir);
	bool there = strcmp(folder, context->state_dir) == 0;
	if (context->state_dir[0] != '/') {
		*what = xasprintf("the state directory '%s' is not an absolute path", context->state_dir);
		return HOST_FAIL;
	}
	if (access(folder, W_OK | X_OK) < 0) {
		*what = xasprintf("%s: %s", folder, strerror(errno));
		return HOST_FAIL;
	}
	*what = xasprintf(there ? "%s can be written" : "%s can be made", context->state_dir);
	return HOST_OK;
}

const struct check checks_system[] = {
	{"root", false, root_inspect, NULL, "run this as root: guests need namespaces, mounts and libvirt"},
	{"packages", false, packages_inspect, packages_fix, "apt-get install --no-install-recommends, of the packages named"},
	{"account", false, account_inspect, account_fix,
	 "useradd --system --no-create-home --shell /usr/sbin/nologin " BOARD_ACCOUNT},
	{"memory", false, memory_inspect, NULL,
	 "a range of two teams needs about 1 GiB: end what uses the memory, or take fewer teams"},
	{"disk", false, disk_inspect, NULL,
	 "make room (the image and layers need about 1 GiB), or name another place with --state-dir"},
	{"state", false, state_inspect, NULL, "make it a folder that root can write, or name another with --state-dir"},
	{0},
};
