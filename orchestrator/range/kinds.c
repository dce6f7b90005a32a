/* The table of kinds, and what several of them share. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/tree.h"

enum {
	LOG_END_BYTES = 1500,
	/* A script may not notice that the disk is full, and end well with half of its files. So it begins only where all workers at once would have
	 * room for the largest layer that we know (43 MiB), and with less than the second left at its end, who knows. */
	ROOM_TO_BEGIN_MIB = 512,
	ROOM_TO_KEEP_MIB = 32,
};

static const struct kind *const kinds[RESOURCE_KINDS] = {
	[RESOURCE_IMAGE] = &kind_image,	    [RESOURCE_LAYER] = &kind_layer, [RESOURCE_HISTORY] = &kind_history,
	[RESOURCE_NETWORK] = &kind_network, [RESOURCE_DISK] = &kind_disk,   [RESOURCE_GUEST] = &kind_guest,
};

const struct kind *kind_of(enum resource_kind kind)
{
	return kinds[kind];
}

const struct work *work_need(const struct work *work, enum resource_kind kind)
{
	for (size_t i = 0; i < work->resource->needs_count; i++) {
		const struct work *need = &work->works[work->resource->needs[i]];
		if (need->resource->kind == kind)
			return need;
	}
	return NULL;
}

uint32_t work_id_base(const struct work *work)
{
	return (uint32_t)BLOCK_FIRST_ID +
	       ((uint32_t)work->mark.block * BLOCK_GUESTS + (uint32_t)work->resource->guest_index) * 65536U;
}

char *cache_path(const struct work *work)
{
	const struct resource *resource = work->resource;
	const char *name = resource->kind == RESOURCE_IMAGE ? resource->image->name : resource->host->role->name;
	return xasprintf("%s/%s/%s-%.32s", work->range->state_dir, kind_of(resource->kind)->folder, name, work->digest);
}

bool cache_has(const struct work *work)
{
	cleanup_free char *path = cache_path(work);
	return access(path, F_OK) == 0;
}

void stack_init(struct stack *stack, const struct work *work)
{
	static const enum resource_kind order[] = {RESOURCE_HISTORY, RESOURCE_LAYER, RESOURCE_IMAGE};
	*stack = (struct stack){0};
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		const struct work *need = work_need(work, order[i]);
		if (!need)
			continue;
		stack->paths[stack->count++] = cache_path(need);
		work = need; /* each needs what lies under it */
	}
}

void stack_finish(struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		free(stack->paths[i]);
}

/* ---- drafts ---- */

static int lock_folder(const char *path, int how)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, how) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Who makes a draft holds its lock; so one that can be locked has been left by the dead. */
static void remove_dead(const char *folder)
{
	cleanup_dir DIR *drafts = opendir(folder);
	for (const struct dirent *draft; drafts && (draft = readdir(drafts));) {
		if (strncmp(draft->d_name, ".tmp-", 5) != 0)
			continue;
		cleanup_free char *path = xasprintf("%s/%s", folder, draft->d_name);
		cleanup_close int lock = lock_folder(path, LOCK_EX | LOCK_NB);
		if (lock >= 0)
			tree_remove(path, NULL);
	}
}

void drafts_remove_dead(const struct range *range, const char *name)
{
	cleanup_free char *folder = xasprintf("%s/%s", range->state_dir, name);
	cleanup_close int lock = lock_folder(folder, LOCK_EX);
	if (lock >= 0)
		remove_dead(folder);
}

static int check_room(const char *folder, int64_t wanted_mib, const char *what, struct error **err)
{
	struct capacity capacity;
	if (capacity_read(folder, &capacity, err) < 0)
		return -1;
	const int64_t free_mib = capacity.disk_available_bytes >> 20;
	if (free_mib >= wanted_mib)
		return 0;
	return error_set(err,
			 "%s: '%s' has %lld MiB of disk left; make room for %lld MiB (`toride bake --prune` is a beginning), "
			 "or move the state with --state-dir",
			 what, folder, (long long)free_mib, (long long)ROOM_TO_BEGIN_MIB);
}

int cache_room(const struct range *range, const char *name, struct error **err)
{
	cleanup_free char *folder = xasprintf("%s/%s", range->state_dir, name);
	return check_room(folder, ROOM_TO_BEGIN_MIB, "the disk is too full to bake on", err);
}

int draft_create(const struct range *range, const char *name, struct draft *draft, struct error **err)
{
	cleanup_free char *folder = xasprintf("%s/%s", range->state_dir, name);
	cleanup_free char *path = xasprintf("%s/.tmp-XXXXXX", folder);
	if (make_folders(folder, 0700, err) < 0)
		return -1;
	/* So that nobody takes ours for a dead one before it is locked. */
	cleanup_close int all = lock_folder(folder, LOCK_EX);
	if (all < 0)
		return file_error(err, errno, "lock", folder);
	remove_dead(folder);
	if (cache_room(range, name, err) < 0)
		return -1;
	if (!mkdtemp(path))
		return file_error(err, errno, "make folder", path);
	draft->lock = lock_folder(path, LOCK_EX);
	draft->path = steal(&path);
	return draft->lock < 0 ? file_error(err, errno, "lock", draft->path) : 0;
}

void draft_destroy(struct draft *draft)
{
	if (draft->path)
		tree_remove(draft->path, NULL);
	if (draft->lock >= 0)
		close(draft->lock);
	free(draft->path);
}

int draft_room(const struct draft *draft, struct error **err)
{
	return check_room(draft->path, ROOM_TO_KEEP_MIB, "the disk ran full meanwhile, so it is not kept", err);
}

int draft_log(const struct draft *draft, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/log", draft->path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? file_error(err, errno, "make", path) : fd;
}

char *draft_log_end(const struct draft *draft)
{
	cleanup_free char *path = xasprintf("%s/log", draft->path);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	cleanup_free char *text = xcalloc(1, LOG_END_BYTES + 1);
	off_t from = size > LOG_END_BYTES ? size - LOG_END_BYTES : 0;
	ssize_t got = fd < 0 ? 0 : pread(fd, text, LOG_END_BYTES, from);
	text[got > 0 ? got : 0] = '\0';
	size_t length = strlen(text);
	while (length && text[length - 1] == '\n')
		text[--length] = '\0';
	const char *start = from ? strchr(text, '\n') : NULL; /* from a whole line on */
	return xstrdup(start ? start + 1 : text);
}

int draft_keep(const struct draft *draft, const char *part, const char *path, struct error **err)
{
	cleanup_free char *made = xasprintf("%s/%s", draft->path, part);
	if (draft_room(draft, err) < 0)
		return -1;
	cleanup_close int fd = open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* What has its final name is taken as whole for ever: so it must be on the disk first. */
	if (fd < 0 || syncfs(fd) < 0)
		return file_error(err, errno, "write", made);
	if (rename(made, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		return file_error(err, errno, "name", path);
	return 0;
}
