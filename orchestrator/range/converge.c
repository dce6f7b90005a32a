/* Up, bake and down: what is there is compared with what is planned; the difference becomes tasks. */
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/cgroup.h"
#include "orchestrator/range/executor.h"
#include "orchestrator/range/ipv6.h"
#include "orchestrator/range/overlay.h"
#include "orchestrator/range/secret.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/works.h"

/* ---- tasks ---- */

struct tasks {
	struct task *items;
	size_t count;
};

static void tasks_finish(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++) {
		free(tasks->items[i].name);
		free(tasks->items[i].needs);
	}
	free(tasks->items);
}
CLEANUP_DEFINE(tasks, struct tasks, tasks_finish(held));

static void add_need(struct task *task, size_t need)
{
	*array_add(&task->needs, &task->needs_count) = need;
}

/* Guests go first; a network or disk goes when the guests that use it have gone. */
static void add_removals(struct tasks *tasks, const struct found_list *found, const bool *stays)
{
	static const enum resource_kind order[] = {RESOURCE_GUEST, RESOURCE_DISK, RESOURCE_NETWORK};
	size_t guests = 0;
	for (size_t pass = 0; pass < sizeof order / sizeof *order; pass++) {
		for (size_t i = 0; i < found->count; i++) {
			const struct mark *mark = &found->items[i].mark;
			if (stays[i] || mark->kind != order[pass])
				continue;
			struct task *task = array_add(&tasks->items, &tasks->count);
			*task = (struct task){.found = &found->items[i],
					      .name = xasprintf("%s/t%d/%s", mark->exercise, mark->team, mark->name)};
			for (size_t guest = 0; pass > 0 && guest < guests; guest++)
				if (tasks->items[guest].found->mark.team == mark->team)
					add_need(task, guest);
		}
		if (pass == 0)
			guests = tasks->count;
	}
}

static size_t removal_of(const struct tasks *tasks, size_t removals, const struct mark *mark)
{
	for (size_t i = 0; i < removals; i++) {
		const struct mark *removed = &tasks->items[i].found->mark;
		if (removed->kind == mark->kind && removed->team == mark->team && strcmp(removed->name, mark->name) == 0)
			return i;
	}
	return removals;
}

/* `is_there[i]`: resource i need not be made. */
static void add_creations(struct tasks *tasks, struct work *works, size_t works_count, const bool *is_there)
{
	size_t removals = tasks->count;
	cleanup_free size_t *task_of = xcalloc(works_count + 1, sizeof *task_of);
	for (size_t i = 0; i < works_count; i++) {
		if (is_there[i])
			continue;
		task_of[i] = tasks->count;
		struct task *task = array_add(&tasks->items, &tasks->count);
		*task = (struct task){.work = &works[i], .name = xstrdup(works[i].resource->name)};
		for (size_t need = 0; need < works[i].resource->needs_count; need++)
			if (!is_there[works[i].resource->needs[need]])
				add_need(task, task_of[works[i].resource->needs[need]]);
		size_t removal = removal_of(tasks, removals, &works[i].mark);
		if (removal < removals)
			add_need(task, removal);
	}
}

/* What matches stays: whole, with the same digest, and with all that it stands on. */
static void compare(const struct work *works, size_t works_count, const struct found_list *found, bool *is_there, bool *stays)
{
	for (size_t i = 0; i < works_count; i++) {
		const struct work *work = &works[i];
		if (kind_of(work->resource->kind)->folder) {
			is_there[i] = cache_has(work);
			continue;
		}
		const struct found *match = found_get(found, work->resource->kind, work->resource->team, work->mark.name);
		is_there[i] = match && match->pieces == PIECES_ALL && strcmp(match->mark.digest, work->mark.digest) == 0;
		for (size_t need = 0; need < work->resource->needs_count; need++)
			is_there[i] = is_there[i] && is_there[work->resource->needs[need]];
		if (is_there[i])
			stays[match - found->items] = true;
	}
}

/* ---- up and bake ---- */

/* A guest's root is nobody on the host, yet has to reach its root folder. */
static int check_way(const char *state_dir, struct error **err)
{
	cleanup_free char *path = xstrdup(state_dir);
	for (char *end = path + strlen(path); end > path; end = strrchr(path, '/')) {
		struct stat info;
		*end = '\0';
		if (*path && stat(path, &info) == 0 && !(info.st_mode & S_IXOTH))
			return error_set(
				err,
				"guests' users cannot enter '%s'; chmod o+x it, or move the state directory with --state-dir",
				path);
	}
	return 0;
}

struct order { /* what was asked */
	struct range *range;
	const struct plan *plan;
	range_progress_fn *progress;
	void *context;
	const volatile bool *cancel;
};

static int run_tasks(const struct order *order, const struct tasks *tasks, size_t *changed, struct error **err)
{
	const struct executor executor = {.range = order->range,
					  .tasks = tasks->items,
					  .tasks_count = tasks->count,
					  .progress = order->progress,
					  .context = order->context,
					  .cancel = order->cancel};
	return executor_run(&executor, changed, err);
}

static int converge(const struct order *order, struct work *works, virConnectPtr connection, size_t *changed, struct error **err)
{
	size_t count = order->plan->resources_count;
	cleanup_with(mark_index) struct mark_index planned = {0};
	cleanup_with(found_list) struct found_list found = {0};
	cleanup_with(tasks) struct tasks tasks = {0};
	for (size_t i = 0; i < count; i++)
		mark_index_add(&planned, &works[i].mark);
	mark_index_sort(&planned);
	if (found_collect(order->range, connection, order->plan->exercise, &planned, &found, err) < 0)
		return -1;
	cleanup_free bool *is_there = xcalloc(count + 1, sizeof *is_there);
	cleanup_free bool *stays = xcalloc(found.count + 1, sizeof *stays);
	compare(works, count, &found, is_there, stays);
	add_removals(&tasks, &found, stays);
	add_creations(&tasks, works, count, is_there);
	return run_tasks(order, &tasks, changed, err) < 0 ? -1 : ipv6_off(works, count, err);
}

static int up(const struct order *order, virConnectPtr connection, size_t *changed, struct error **err)
{
	int block;
	cleanup_free char *guests = range_guests_folder(order->range, order->plan->exercise);
	cleanup_close int lock = exercise_lock(order->range, order->plan->exercise, LOCK_TO_MAKE, err);
	cleanup_close int cache = lock < 0 ? -1 : cache_lock(order->range, LOCK_SH, err);
	if (cache < 0 || check_way(order->range->state_dir, err) < 0 || make_folder(guests, 0711, err) < 0 ||
	    block_allocate(order->range, connection, order->plan->exercise, &block, err) < 0)
		return -1;
	folder_spread(guests);
	struct work *works = works_create(order->range, order->plan, block, order->cancel, err);
	int result = works ? converge(order, works, connection, changed, err) : -1;
	works_destroy(works, order->plan->resources_count);
	return result;
}

int range_up(struct range *range, const struct plan *plan, range_progress_fn *progress, void *context,
	     const volatile bool *cancel, size_t *changed, struct error **err)
{
	const struct order order = {.range = range, .plan = plan, .progress = progress, .context = context, .cancel = cancel};
	size_t count = 0;
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	int result = up(&order, connection, &count, err);
	range_connection_give(range, connection);
	if (changed)
		*changed = count;
	return result;
}

static json_t *bake_report(const struct plan *plan, const bool *is_there, const struct tasks *tasks)
{
	json_t *report = json_array();
	for (size_t i = 0, task = 0; i < plan->resources_count; i++) {
		const struct resource *resource = &plan->resources[i];
		if (!kind_of(resource->kind)->folder)
			continue;
		const int64_t took_ms = is_there[i] ? 0 : tasks->items[task++].took_ms; /* both in the plan's order */
		json_array_append_new(report,
				      json_pack("{s:s, s:s, s:s*, s:b, s:I}", "kind", resource_kind_names[resource->kind], "name",
						resource->host ? resource->host->role->name : resource->image->name, "host",
						resource->host ? resource->host->name : NULL, "made", !is_there[i], "took_ms",
						(json_int_t)took_ms));
	}
	return report;
}

/* What killed bakes have left. */
static void remove_drafts(const struct range *range)
{
	for (enum resource_kind kind = 0; kind < RESOURCE_KINDS; kind++)
		if (kind_of(kind)->folder)
			drafts_remove_dead(range, kind_of(kind)->folder);
}

static int bake_works(const struct order *order, struct work *works, json_t **report, struct error **err)
{
	const struct plan *plan = order->plan;
	cleanup_with(tasks) struct tasks tasks = {0};
	cleanup_free bool *is_there = xcalloc(plan->resources_count + 1, sizeof *is_there);
	for (size_t i = 0; i < plan->resources_count; i++)
		is_there[i] = !kind_of(plan->resources[i].kind)->folder || cache_has(&works[i]);
	add_creations(&tasks, works, plan->resources_count, is_there);
	size_t changed = 0;
	remove_drafts(order->range);						 /* also when all is at hand */
	if (tasks.count && cache_room(order->range, kind_layer.folder, err) < 0) /* once, not for each of them */
		return -1;
	if (run_tasks(order, &tasks, &changed, err) < 0)
		return -1;
	*report = bake_report(plan, is_there, &tasks);
	return 0;
}

int range_bake(struct range *range, const struct plan *plan, range_progress_fn *progress, void *context,
	       const volatile bool *cancel, json_t **report, struct error **err)
{
	const struct order order = {.range = range, .plan = plan, .progress = progress, .context = context, .cancel = cancel};
	cleanup_close int lock = cache_lock(range, LOCK_SH, err);
	struct work *works = lock < 0 ? NULL : works_create(range, plan, 0, cancel, err);
	int result = works ? bake_works(&order, works, report, err) : -1;
	works_destroy(works, plan->resources_count);
	return result;
}

/* ---- down ---- */

/* Removes all that is found now; *found_any: there was something. */
static int remove_found(const struct order *order, virConnectPtr connection, const char *exercise, bool *found_any,
			size_t *changed, struct error **err)
{
	cleanup_with(found_list) struct found_list found = {0};
	cleanup_with(tasks) struct tasks tasks = {0};
	if (found_collect(order->range, connection, exercise, NULL, &found, err) < 0)
		return -1;
	cleanup_free bool *stays = xcalloc(found.count + 1, sizeof *stays);
	*found_any = found.count > 0;
	add_removals(&tasks, &found, stays);
	return run_tasks(order, &tasks, changed, err);
}

/* Journals and whatever else others keep in the exercise's folder stay. */
static int remove_folders(struct range *range, const char *exercise, struct error **err)
{
	cleanup_free char *folder = range_exercise_folder(range, exercise);
	cleanup_free char *guests = range_guests_folder(range, exercise);
	if (unmount_below(guests, err) < 0 || tree_remove(guests, err) < 0)
		return -1;
	secret_forget(range, exercise);
	rmdir(folder); /* when nothing else is in it */
	return 0;
}

static int down(const struct order *order, virConnectPtr connection, const char *exercise, size_t *changed, struct error **err)
{
	/* A domain that libvirt was just starting for a process killed meanwhile may show only now: until nothing is found. */
	bool found_any = true;
	for (int round = 0; found_any && round < 5; round++)
		if (remove_found(order, connection, exercise, &found_any, changed, err) < 0)
			return -1;
	if (found_any)
		return error_set(err, "exercise '%s' keeps coming back; is another process building it?", exercise);
	cgroup_remove_exercise(order->range->cgroups, order->range->site, exercise);
	remove_drafts(order->range);
	return remove_folders(order->range, exercise, err);
}

int range_down(struct range *range, const char *exercise, range_progress_fn *progress, void *context, size_t *changed,
	       struct error **err)
{
	const struct order order = {.range = range, .progress = progress, .context = context};
	size_t count = 0;
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	cleanup_close int lock = exercise_lock(range, exercise, LOCK_TO_REMOVE, err);
	int result = lock < 0 ? -1 : down(&order, connection, exercise, &count, err);
	range_connection_give(range, connection);
	if (changed)
		*changed = count;
	return result;
}
