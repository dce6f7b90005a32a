#include "orchestrator/range/executor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/alloc.h"
#include "common/now.h"

enum { SETTLE_POLL_MS = 10, CANCEL_POLL_MS = 100, FAILURES_TOLD_MAX = 20 };
#define INTERFACE_WEIGHT (INT64_C(64) << 20)
#define LEASE_WEIGHT (INT64_C(128) << 20)
#define AWAITED_WEIGHT (INT64_C(1) << 40)

struct execution {
	const struct executor *executor;
	pthread_mutex_t lock; /* task states, counts, failures; held while progress is told: one call at a time */
	pthread_cond_t changed;
	size_t done, ended, failures, settling;
	size_t first_waiting; /* no task before it waits */
	struct error *failed;
};

/* ---- which comes first ---- */

static const struct host *made_host(const struct task *task)
{
	return task->work ? task->work->resource->host : NULL;
}

static bool asks_on(const struct task *task, const struct network *network)
{
	const struct host *host = made_host(task);
	for (size_t i = 0; host && i < host->nics_count; i++)
		if (host->nics[i].dhcp && (!network || host->nics[i].network == network))
			return true;
	return false;
}

/* Hands addresses out, or stands between a network where one is asked for and the rest. */
static bool is_asked(const struct executor *executor, const struct host *host)
{
	for (size_t i = 0; host->role->forwards && i < host->nics_count; i++)
		for (size_t j = 0; j < executor->tasks_count; j++)
			if (asks_on(&executor->tasks[j], host->nics[i].network))
				return true;
	return host->ranges_count > 0;
}

/*
 * Networks come first: a firewall must not wait for the last of its own while guests begin that need none but what is there. Then who answers for
 * addresses, as others wait for him; then what takes long, so that the last to be ready has not also begun last: each interface that libvirt makes,
 * an address to be asked for, and services, for which the host's memory stands. A disk is as urgent as its guest.
 */
static void weigh(const struct executor *executor, struct task *task)
{
	const struct host *host = made_host(task);
	const bool is_guest = host && task->work->resource->kind == RESOURCE_GUEST, asks = host && asks_on(task, NULL);
	const bool is_awaited = host && !asks && is_asked(executor, host);
	task->answers = is_guest && is_awaited;
	if (is_guest)
		task->work->is_held = asks;
	task->weight = !host ? INT64_MAX
			     : host->memory_bytes + (int64_t)host->nics_count * INTERFACE_WEIGHT + (asks ? LEASE_WEIGHT : 0) +
				       (is_awaited ? AWAITED_WEIGHT : 0);
}

/* ---- with the lock held ---- */

static const struct mark *task_mark(const struct task *task)
{
	return task->work ? &task->work->mark : &task->found->mark;
}

static void tell(struct execution *execution, const struct task *task, bool finished, const char *error)
{
	const struct executor *executor = execution->executor;
	if (!executor->progress)
		return;
	const struct range_progress progress = {
		.kind = task_mark(task)->kind,
		.name = task->name,
		.host = task->work && task->work->resource->host ? task->work->resource->host->name : NULL,
		.team = task_mark(task)->team,
		.action = task->reset  ? "reset"
			  : task->work ? "create"
				       : "destroy",
		.finished = finished,
		.error = error,
		.done = execution->done,
		.total = executor->tasks_count,
	};
	executor->progress(&progress, executor->context);
}

static void note_failure(struct execution *execution, const struct task *task, struct error *why)
{
	const struct mark *mark = task_mark(task);
	if (execution->failures++ >= FAILURES_TOLD_MAX) {
		error_free(why);
		return;
	}
	if (mark->team)
		error_prefix(&why, "team %d: %s '%s'", mark->team, resource_kind_names[mark->kind], mark->name);
	else
		error_prefix(&why, "%s '%s'", resource_kind_names[mark->kind], task->name);
	struct error *all = NULL;
	if (execution->failed)
		error_set(&all, "%s\n%s", error_text(execution->failed), error_text(why));
	error_free(all ? why : NULL);
	error_free(all ? execution->failed : NULL);
	execution->failed = all ? all : why;
}

static bool is_cancelled(const struct execution *execution)
{
	return execution->executor->cancel && *execution->executor->cancel;
}

static void end_task(struct execution *execution, struct task *task, struct error *why)
{
	task->state = why ? TASK_FAILED : TASK_DONE;
	task->took_ms = monotonic_ms() - task->began_ms;
	execution->done += !why;
	execution->ended++;
	tell(execution, task, true, why ? error_text(why) : NULL);
	if (why && is_cancelled(execution))
		error_free(why); /* most likely for that reason: told once, at the end */
	else if (why)
		note_failure(execution, task, why);
	pthread_cond_broadcast(&execution->changed);
}

/* A question for an address that nobody hears yet is asked again only a second later: the guest that asks is made, but does not begin before those of its
 * team that answer are ready, or have failed. */
static bool awaits_answers(const struct executor *executor, const struct task *task)
{
	for (size_t i = 0; i < executor->tasks_count; i++) {
		const struct task *other = &executor->tasks[i];
		if (other->answers && other->state < TASK_DONE && task_mark(other)->team == task_mark(task)->team)
			return true;
	}
	return false;
}

static enum task_state needs_state(const struct executor *executor, const struct task *task)
{
	enum task_state state = TASK_DONE;
	for (size_t i = 0; i < task->needs_count; i++) {
		enum task_state need = executor->tasks[task->needs[i]].state;
		if (need == TASK_FAILED || need == TASK_LEFT_OUT)
			return TASK_LEFT_OUT;
		if (need != TASK_DONE)
			state = TASK_WAITING;
	}
	return state;
}

/* The next task whose needs are met, the heaviest of its team; NULL: none just now. */
static struct task *take_task(struct execution *execution)
{
	const struct executor *executor = execution->executor;
	struct task *next = NULL;
	while (execution->first_waiting < executor->tasks_count &&
	       executor->tasks[execution->first_waiting].state != TASK_WAITING)
		execution->first_waiting++;
	for (size_t i = execution->first_waiting; i < executor->tasks_count; i++) {
		struct task *task = &executor->tasks[i];
		enum task_state needs = task->state == TASK_WAITING ? needs_state(executor, task) : TASK_WAITING;
		if (needs == TASK_LEFT_OUT || (task->state == TASK_WAITING && is_cancelled(execution))) {
			task->state = TASK_LEFT_OUT;
			execution->ended++;
			pthread_cond_broadcast(&execution->changed);
		} else if (needs == TASK_DONE && next && task_mark(next)->team != task_mark(task)->team) {
			break;
		} else if (needs == TASK_DONE && (!next || task->weight > next->weight)) {
			next = task;
		}
	}
	if (next) {
		next->state = TASK_RUNNING;
		next->began_ms = monotonic_ms();
		tell(execution, next, false, NULL);
	}
	return next;
}

/* ---- workers ---- */

static int run_task(struct execution *execution, struct task *task, virConnectPtr *connection, struct error **err)
{
	struct range *range = execution->executor->range;
	if (!*connection && !(*connection = range_connection_take(range, err)))
		return -1;
	const struct kind *kind = kind_of(task_mark(task)->kind);
	if (task->reset)
		return guest_reset(task->work, *connection, err);
	return task->work ? kind->create(task->work, *connection, err) : kind->destroy(range, *connection, task->found, err);
}

static void *work_off(void *context)
{
	struct execution *execution = context;
	virConnectPtr connection = NULL;
	pthread_mutex_lock(&execution->lock);
	while (execution->ended < execution->executor->tasks_count) {
		struct task *task = take_task(execution);
		if (!task) {
			if (execution->ended < execution->executor->tasks_count)
				pthread_cond_wait(&execution->changed, &execution->lock);
			continue;
		}
		pthread_mutex_unlock(&execution->lock);
		struct error *why = NULL;
		int result = run_task(execution, task, &connection, &why);
		pthread_mutex_lock(&execution->lock);
		if (result == 0 && task->work && kind_of(task_mark(task)->kind)->settle) {
			task->state = TASK_SETTLING;
			execution->settling++;
			pthread_cond_broadcast(&execution->changed);
		} else {
			end_task(execution, task, why);
		}
	}
	pthread_mutex_unlock(&execution->lock);
	range_connection_give(execution->executor->range, connection);
	return NULL;
}

/* ---- the caller's thread: looks whether what was started is ready, so that no worker waits for that ---- */

static enum settled look_at(struct work *work, struct error **err)
{
	const struct kind *kind = kind_of(work->mark.kind);
	if (work->is_held && kind->begin(work, err) < 0)
		return SETTLE_FAILED;
	work->is_held = false;
	return kind->settle(work, err);
}

static void settle_task(struct execution *execution, struct task *task)
{
	struct error *why = NULL;
	enum settled settled = SETTLE_NOT_YET;
	const bool stays_held = task->work->is_held && (is_cancelled(execution) || awaits_answers(execution->executor, task));
	if (!stays_held) {
		pthread_mutex_unlock(&execution->lock);
		settled = look_at(task->work, &why);
		pthread_mutex_lock(&execution->lock);
	}
	if (settled == SETTLE_NOT_YET && !is_cancelled(execution))
		return;
	if (settled == SETTLE_NOT_YET)
		error_set(&why, "cancelled");
	execution->settling--;
	end_task(execution, task, why);
}

static void settle_all(struct execution *execution)
{
	const struct executor *executor = execution->executor;
	pthread_mutex_lock(&execution->lock);
	while (execution->ended < executor->tasks_count) {
		for (size_t i = 0; execution->settling && i < executor->tasks_count; i++)
			if (executor->tasks[i].state == TASK_SETTLING)
				settle_task(execution, &executor->tasks[i]);
		if (execution->ended == executor->tasks_count)
			break;
		if (is_cancelled(execution))
			pthread_cond_broadcast(&execution->changed); /* those who wait for work find that there is none */
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += (execution->settling ? SETTLE_POLL_MS : CANCEL_POLL_MS) * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&execution->changed, &execution->lock, &until);
	}
	pthread_mutex_unlock(&execution->lock);
}

static int start_workers(struct execution *execution, pthread_t *threads, int wanted)
{
	int started = 0;
	sigset_t all, before; /* signals are the main thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (started < wanted && pthread_create(&threads[started], NULL, work_off, execution) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

int executor_run(const struct executor *executor, size_t *done, struct error **err)
{
	struct execution execution = {.executor = executor};
	size_t wanted = (size_t)executor->range->workers < executor->tasks_count ? (size_t)executor->range->workers
										 : executor->tasks_count;
	cleanup_free pthread_t *threads = xcalloc(wanted + 1, sizeof *threads);
	if (!executor->tasks_count)
		return 0;
	for (size_t i = 0; i < executor->tasks_count; i++)
		weigh(executor, &executor->tasks[i]);
	pthread_mutex_init(&execution.lock, NULL);
	pthread_cond_init(&execution.changed, NULL);
	int started = start_workers(&execution, threads, (int)wanted);
	if (started)
		settle_all(&execution);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&execution.changed);
	pthread_mutex_destroy(&execution.lock);
	*done += execution.done;
	if (!started)
		return error_set(err, "no thread can be started");
	if (execution.failures > FAILURES_TOLD_MAX)
		error_prefix(&execution.failed, "%zu failures, the first %d are", execution.failures, FAILURES_TOLD_MAX);
	if (is_cancelled(&execution) && !execution.failed)
		return error_set(err, "cancelled");
	return execution.failed ? error_move(err, execution.failed) : 0;
}
