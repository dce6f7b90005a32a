/* Hosts back to what they were when they were built. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "common/alloc.h"
#include "orchestrator/range/executor.h"
#include "orchestrator/range/ipv6.h"
#include "orchestrator/range/works.h"

struct resetting {
	struct task *tasks;
	int *locks; /* of the hosts' folders */
	size_t count;
};

static void resetting_finish(struct resetting *resetting)
{
	for (size_t i = 0; i < resetting->count; i++) {
		close(resetting->locks[i]);
		free(resetting->tasks[i].name);
	}
	free(resetting->locks);
	free(resetting->tasks);
}
CLEANUP_DEFINE(resetting, struct resetting, resetting_finish(held));

static int lock_host(const struct work *work, struct error **err)
{
	cleanup_free char *folder = range_disk_folder(work->range, work->mark.exercise, work->mark.team, work->mark.name);
	cleanup_close int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0)
		return steal_fd(&lock);
	if (lock >= 0 && errno == EWOULDBLOCK)
		return error_set(err, "team %d: host '%s' is being reset already; wait for that", work->mark.team,
				 work->mark.name);
	return error_set_errno(err, errno, "team %d: host '%s' is not there; `toride up` makes it", work->mark.team,
			       work->mark.name);
}

static int add_task(struct resetting *resetting, struct work *work, struct error **err)
{
	int lock = lock_host(work, err);
	if (lock < 0)
		return -1;
	size_t count = resetting->count;
	*array_add(&resetting->locks, &count) = lock;
	*array_add(&resetting->tasks, &resetting->count) =
		(struct task){.work = work, .reset = true, .name = xstrdup(work->resource->name)};
	return 0;
}

static int add_tasks(struct resetting *resetting, struct work *works, const struct plan *plan, int team, const char *host,
		     struct error **err)
{
	for (size_t i = 0; i < plan->resources_count; i++) {
		const struct resource *resource = &plan->resources[i];
		if (resource->kind != RESOURCE_GUEST || resource->team != team ||
		    (host && strcmp(resource->host->name, host) != 0))
			continue;
		if (add_task(resetting, &works[i], err) < 0)
			return -1;
	}
	if (resetting->count)
		return 0;
	return host ? error_set(err, "team %d of exercise '%s' has no host '%s'", team, plan->exercise, host)
		    : error_set(err, "exercise '%s' has no team %d", plan->exercise, team);
}

static int block_of(struct range *range, const char *exercise, int *block, struct error **err)
{
	virConnectPtr connection = range_connection_take(range, err);
	int result = connection ? block_allocate(range, connection, exercise, block, err) : -1;
	range_connection_give(range, connection);
	return result;
}

int range_reset(struct range *range, const struct plan *plan, int team, const char *host, range_progress_fn *progress,
		void *context, const volatile bool *cancel, struct error **err)
{
	int block;
	cleanup_close int lock = exercise_lock(range, plan->exercise, LOCK_TO_RESET, err);
	if (lock < 0 || block_of(range, plan->exercise, &block, err) < 0)
		return -1;
	cleanup_with(resetting) struct resetting resetting = {0};
	struct work *works = works_create(range, plan, block, cancel, err);
	int result = works ? add_tasks(&resetting, works, plan, team, host, err) : -1;
	const struct executor executor = {.range = range,
					  .tasks = resetting.tasks,
					  .tasks_count = resetting.count,
					  .progress = progress,
					  .context = context,
					  .cancel = cancel};
	size_t done = 0;
	if (result == 0)
		result = executor_run(&executor, &done, err) < 0 ? -1 : ipv6_off(works, plan->resources_count, err);
	works_destroy(works, plan->resources_count);
	return result;
}
