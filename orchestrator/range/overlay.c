#include "orchestrator/range/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"

#define ID_COUNT 65536
/* Where the builder thread hangs its layers, in its own mount namespace: a folder that every host has and no state directory lies
 * in. */
#define BENCH "/sys"

/* ---- the user namespace that says how ids are shifted ---- */

static int write_map(pid_t pid, const char *name, uint32_t base)
{
	char path[64], map[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int length = snprintf(map, sizeof map, "0 %u %d\n", base, ID_COUNT);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, map, (size_t)length) == length ? 0 : -1;
}

static _Noreturn int hold_namespace(void *context)
{
	(void)context;
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		syscall(SYS_pause);
}

/* A child is needed for a moment to hold the namespace while its maps are written. It shares our memory (copying that of a big
 * process would be most of the cost), so it does nothing but wait, on a stack of its own. */
static int id_map_open(uint32_t base, struct error **err)
{
	_Alignas(16) char stack[8192];
	pid_t child = clone(hold_namespace, stack + sizeof stack, CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
	if (child < 0)
		return error_set_errno(err, errno, "make a user namespace; is user.max_user_namespaces 0?");
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/user", child);
	int fd = -1;
	if (write_map(child, "uid_map", base) == 0 && write_map(child, "gid_map", base) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	int failure = errno;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return fd >= 0 ? fd : error_set_errno(err, failure, "map user ids from %u", base);
}

/* ---- building, on a thread with its own mount namespace and working directory ---- */

struct build {
	const struct overlay *overlay;
	int id_map;
	int mount;	  /* the result */
	int failure;	  /* errno of what failed */
	const char *what; /* the step that failed */
};

static int failed(struct build *build, const char *what)
{
	build->failure = errno;
	build->what = what;
	return -1;
}

static int own_namespace(struct build *build)
{
	if (unshare(CLONE_NEWNS) < 0)
		return failed(build, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(build, "make mounts private");
	if (mount("toride", BENCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=64k") < 0)
		return failed(build, "mount a work place");
	return chdir(build->overlay->folder) < 0 ? failed(build, "enter the guest's folder") : 0;
}

/* Hangs a copy of the layer's mount, with ids shifted, where overlayfs can name it: kernels before 6.14 take no detached layers.
 */
static int hang_layer(struct build *build, const char *layer, const char *place)
{
	cleanup_close int tree = open_tree(AT_FDCWD, layer, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return failed(build, "open a layer");
	struct mount_attr shifted = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)build->id_map};
	if (build->id_map >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &shifted, sizeof shifted) < 0)
		return failed(build, "shift a layer's ids");
	if (mkdir(place, 0700) < 0)
		return failed(build, "make a place for a layer");
	return move_mount(tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? failed(build, "hang a layer") : 0;
}

static int hang_layers(struct build *build, char *lower, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < build->overlay->layers_count; i++) {
		char place[32];
		snprintf(place, sizeof place, BENCH "/%zu", i);
		if (hang_layer(build, build->overlay->layers[i], place) < 0)
			return -1;
		used += (size_t)snprintf(lower + used, size - used, "%s%s", i ? ":" : "", place);
	}
	return 0;
}

static int create_overlay(struct build *build, const char *lower)
{
	cleanup_close int context = fsopen("overlay", FSOPEN_CLOEXEC);
	if (context < 0)
		return failed(build, "use overlayfs");
	if (fsconfig(context, FSCONFIG_SET_STRING, "source", "toride", 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", lower, 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "upperdir", "upper", 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_STRING, "workdir", "work", 0) < 0 ||
	    fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0 ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return failed(build, "set up the overlay");
	build->mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	return build->mount < 0 ? failed(build, "make the overlay's mount") : 0;
}

static void *build_overlay(void *context)
{
	struct build *build = context;
	char lower[OVERLAY_LAYERS_MAX * 32] = "";
	if (own_namespace(build) == 0 && hang_layers(build, lower, sizeof lower) == 0)
		create_overlay(build, lower);
	return NULL;
}

int overlay_create(const struct overlay *overlay, struct error **err)
{
	cleanup_close int id_map = -1;
	if (overlay->id_base && (id_map = id_map_open(overlay->id_base, err)) < 0)
		return -1;
	struct build build = {.overlay = overlay, .id_map = id_map, .mount = -1};
	pthread_t thread;
	int failure = pthread_create(&thread, NULL, build_overlay, &build);
	if (failure)
		return error_set_errno(err, failure, "start a thread");
	pthread_join(thread, NULL);
	if (build.mount < 0)
		return error_set_errno(err, build.failure, "overlay in '%s': %s", overlay->folder, build.what);
	return build.mount;
}

int overlay_mount(const struct overlay *overlay, const char *target, struct error **err)
{
	cleanup_close int fd = overlay_create(overlay, err);
	if (fd < 0)
		return -1;
	if (move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set_errno(err, errno, "mount the overlay on '%s'", target);
	return 0;
}

bool is_mount_point(const char *folder)
{
	cleanup_free char *parent = xasprintf("%s/..", folder);
	struct stat here, above;
	return stat(folder, &here) == 0 && stat(parent, &above) == 0 && here.st_dev != above.st_dev;
}

/* The last mount at or below the folder: what was mounted later may lie on what was mounted before. */
static char *last_mount_below(const char *folder)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char *last = NULL, line[4096 * 4];
	struct mntent entry;
	size_t length = strlen(folder);
	while (mounts && getmntent_r(mounts, &entry, line, sizeof line)) {
		if (strncmp(entry.mnt_dir, folder, length) != 0 || (entry.mnt_dir[length] && entry.mnt_dir[length] != '/'))
			continue;
		free(last);
		last = xstrdup(entry.mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	return last;
}

int unmount_below(const char *folder, struct error **err)
{
	cleanup_free char *resolved = realpath(folder, NULL);
	for (;;) {
		cleanup_free char *place = resolved ? last_mount_below(resolved) : NULL;
		if (!place)
			return 0;
		if (umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return error_set_errno(err, errno, "unmount '%s'", place);
	}
}
