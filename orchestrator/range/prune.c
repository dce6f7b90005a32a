/* The cache does not grow without end: what no exercise on this host stands on, and no scenario that is still played needs, is removed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "common/alloc.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/works.h"

struct keep {
	char **paths;
	size_t count;
};

static void keep_finish(struct keep *keep)
{
	for (size_t i = 0; i < keep->count; i++)
		free(keep->paths[i]);
	free(keep->paths);
}
CLEANUP_DEFINE(keep, struct keep, keep_finish(held));

static bool is_kept(const struct keep *keep, const char *path)
{
	for (size_t i = 0; i < keep->count; i++)
		if (strcmp(keep->paths[i], path) == 0)
			return true;
	return false;
}

/* ---- what is kept ---- */

static int keep_disk(const struct range *range, const char *folder, struct keep *keep, struct error **err)
{
	cleanup_with(stack) struct stack stack = {0};
	if (stack_read(&stack, range, folder, err) < 0)
		return -1;
	for (size_t i = 0; i < stack.count; i++)
		*array_add(&keep->paths, &keep->count) = xstrdup(stack.paths[i]);
	return 0;
}

/* A disk without a stack stands on nothing yet: it is mounted after that is written. */
static int keep_exercise(const struct range *range, const char *exercise, struct keep *keep, struct error **err)
{
	cleanup_free char *guests = range_guests_folder(range, exercise);
	cleanup_dir DIR *disks = opendir(guests);
	for (const struct dirent *disk; disks && (disk = readdir(disks));) {
		cleanup_free char *folder = xasprintf("%s/%s", guests, disk->d_name);
		cleanup_free char *stack = xasprintf("%s/stack", folder);
		if (access(stack, F_OK) == 0 && keep_disk(range, folder, keep, err) < 0)
			return -1;
	}
	return 0;
}

static int keep_exercises(const struct range *range, struct keep *keep, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/exercises", range->state_dir);
	cleanup_dir DIR *exercises = opendir(path);
	for (const struct dirent *exercise; exercises && (exercise = readdir(exercises));)
		if (exercise->d_name[0] != '.' && keep_exercise(range, exercise->d_name, keep, err) < 0)
			return -1;
	return 0;
}

static int keep_plan(struct range *range, const struct plan *plan, struct keep *keep, struct error **err)
{
	struct work *works = works_create(range, plan, 0, NULL, err);
	for (size_t i = 0; works && i < plan->resources_count; i++)
		if (kind_of(plan->resources[i].kind)->folder)
			*array_add(&keep->paths, &keep->count) = cache_path(&works[i]);
	works_destroy(works, plan->resources_count);
	return works ? 0 : -1;
}

/* ---- what goes ---- */

/* Half a layer must never have a layer's name: it becomes a dead draft first, which anybody removes. */
static int remove_cached(const char *folder, const char *path, struct error **err)
{
	cleanup_free char *draft = xasprintf("%s/.tmp-XXXXXX", folder);
	if (!mkdtemp(draft) || rename(path, draft) < 0)
		return file_error(err, errno, "remove", path);
	return tree_remove(draft, err);
}

static int prune_folder(const struct range *range, const char *name, const struct keep *keep, json_t *removed, struct error **err)
{
	cleanup_free char *folder = xasprintf("%s/%s", range->state_dir, name);
	drafts_remove_dead(range, name);
	cleanup_dir DIR *entries = opendir(folder);
	for (const struct dirent *entry; entries && (entry = readdir(entries));) {
		cleanup_free char *path = xasprintf("%s/%s", folder, entry->d_name);
		const char *end = strrchr(entry->d_name, '.');
		if (entry->d_name[0] == '.' || is_kept(keep, path))
			continue;
		if (end && strcmp(end, ".log") == 0) { /* of a script that failed */
			unlink(path);
			continue;
		}
		const int64_t bytes = tree_bytes(path);
		if (remove_cached(folder, path, err) < 0)
			return -1;
		json_array_append_new(
			removed, json_pack("{s:s, s:s, s:I}", "folder", name, "name", entry->d_name, "bytes", (json_int_t)bytes));
	}
	return 0;
}

int range_prune(struct range *range, struct plan *const *plans, size_t plans_count, json_t **out, struct error **err)
{
	cleanup_close int lock = cache_lock(range, LOCK_EX, err);
	cleanup_with(keep) struct keep keep = {0};
	cleanup_json json_t *removed = json_array();
	if (lock < 0 || keep_exercises(range, &keep, err) < 0)
		return -1;
	for (size_t i = 0; i < plans_count; i++)
		if (keep_plan(range, plans[i], &keep, err) < 0)
			return -1;
	for (enum resource_kind kind = 0; kind < RESOURCE_KINDS; kind++)
		if (kind_of(kind)->folder && prune_folder(range, kind_of(kind)->folder, &keep, removed, err) < 0)
			return -1;
	*out = steal(&removed);
	return 0;
}
