/*
 * Disks: a guest's own files over its host's layer and the image.
 *     guests/tN-HOST/mark          what it is made for; written last
 *     guests/tN-HOST/stack         the folders that it stands on
 *     guests/tN-HOST/disk/upper    what the guest has changed; disk/work is overlayfs's own; nobody but root gets there
 *     guests/tN-HOST/root          where it is mounted while its guest starts
 * The running guest holds the mount; on the host it is gone again by then: libvirt copies the host's mounts into each guest that it starts and takes
 * them out one by one, so that every mount here would cost every later guest of every team.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/overlay.h"
#include "orchestrator/range/tree.h"

static int make_owned(const char *path, uint32_t owner, struct error **err)
{
	if (make_folder(path, 0755, err) < 0)
		return -1;
	return chown(path, owner, owner) < 0 ? file_error(err, errno, "give to the guest", path) : 0;
}

/* ---- what it stands on ---- */

/* As paths below the state directory, one a line, the top first. It is read when the disk is emptied: by then the role's folder, and so the digests, may
 * have changed; and when the cache is pruned. */
static int stack_write(const struct work *work, const char *folder, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/stack", folder);
	cleanup_free char *text = xstrdup("");
	cleanup_with(stack) struct stack stack;
	stack_init(&stack, work);
	for (size_t i = 0; i < stack.count; i++) {
		char *longer = xasprintf("%s%s\n", text, stack.paths[i] + strlen(work->range->state_dir) + 1);
		free(text);
		text = longer;
	}
	return file_write(path, text, err);
}

int stack_read(struct stack *stack, const struct range *range, const char *folder, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/stack", folder);
	cleanup_free char *text = file_read(path, OVERLAY_LAYERS_MAX * STACK_LINE_MAX, err);
	*stack = (struct stack){0};
	char *rest = text;
	for (char *line; text && (line = strsep(&rest, "\n")) && stack->count < OVERLAY_LAYERS_MAX;)
		if (*line)
			stack->paths[stack->count++] = xasprintf("%s/%s", range->state_dir, line);
	return text ? 0 : -1;
}

/* ---- made, emptied, removed ---- */

/* Folders that the guest writes to, with what it is told. */
static int lay_out(const struct work *work, const char *folder, struct error **err)
{
	const uint32_t owner = work_id_base(work);
	cleanup_free char *own = xasprintf("%s/disk", folder);
	cleanup_free char *upper = xasprintf("%s/upper", own);
	cleanup_free char *upper_work = xasprintf("%s/work", own);
	cleanup_free char *root = xasprintf("%s/root", folder);
	/* The guest's root, nobody on the host, must reach `root`, and nothing else. */
	if (make_folder(own, 0700, err) < 0 || make_owned(upper, owner, err) < 0 || make_owned(upper_work, owner, err) < 0 ||
	    make_folder(root, 0711, err) < 0)
		return -1;
	return told_lay(work->resource->told, upper, owner, err);
}

static char *disk_folder(const struct work *work)
{
	return range_disk_folder(work->range, work->mark.exercise, work->mark.team, work->mark.name);
}

static int disk_create(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	cleanup_free char *folder = disk_folder(work);
	cleanup_free char *mark_path = xasprintf("%s/mark", folder);
	char text[MARK_TEXT_MAX];
	mark_text(&work->mark, text);
	if (make_folder(folder, 0711, err) < 0 || stack_write(work, folder, err) < 0 || lay_out(work, folder, err) < 0)
		return -1;
	return file_write(mark_path, text, err);
}

/* A disk without its mark is not whole: should we die before the end, `up` makes it anew. */
int disk_reset(const struct work *work, struct error **err)
{
	cleanup_free char *folder = disk_folder(work);
	cleanup_free char *own = xasprintf("%s/disk", folder);
	cleanup_free char *mark_path = xasprintf("%s/mark", folder);
	cleanup_free char *text = file_read(mark_path, MARK_TEXT_MAX, err);
	if (!text)
		return -1;
	if (unlink(mark_path) < 0)
		return file_error(err, errno, "put away", mark_path);
	if (unmount_below(folder, err) < 0 || tree_remove(own, err) < 0 || lay_out(work, folder, err) < 0)
		return -1;
	return file_write(mark_path, text, err);
}

/* ---- mounted while its guest starts, and only then ---- */

int disk_mount(const struct work *work, struct error **err)
{
	cleanup_free char *folder = disk_folder(work);
	cleanup_free char *own = xasprintf("%s/disk", folder);
	cleanup_free char *root = xasprintf("%s/root", folder);
	cleanup_with(stack) struct stack stack = {0};
	if (stack_read(&stack, work->range, folder, err) < 0 || (is_mount_point(root) && unmount_below(folder, err) < 0))
		return -1;
	const struct overlay overlay = {
		.layers = stack.paths, .layers_count = stack.count, .folder = own, .id_base = work_id_base(work)};
	return overlay_mount(&overlay, root, err);
}

int disk_unmount(const struct work *work, struct error **err)
{
	cleanup_free char *folder = disk_folder(work);
	cleanup_free char *root = xasprintf("%s/root", folder);
	return umount2(root, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? file_error(err, errno, "unmount", root) : 0;
}

/* libvirt keeps a log for every name that ever was, also of a guest that it could not start; whoever has no disk any more needs
 * none. */
static void remove_log(const struct mark *mark)
{
	cleanup_free char *name = mark_object_name(mark);
	cleanup_free char *path = xasprintf("/var/log/libvirt/lxc/%s.log", name);
	unlink(path);
}

static int disk_destroy(struct range *range, virConnectPtr connection, const struct found *found, struct error **err)
{
	(void)connection;
	cleanup_free char *folder = range_disk_folder(range, found->mark.exercise, found->mark.team, found->mark.name);
	remove_log(&found->mark);
	return unmount_below(folder, err) < 0 ? -1 : tree_remove(folder, err);
}

const struct kind kind_disk = {
	.create = disk_create,
	.destroy = disk_destroy,
};
