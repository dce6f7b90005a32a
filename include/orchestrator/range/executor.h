/* Runs tasks that need each other on a pool of threads. What needs a failed task is left out; the rest goes on; every failure is
 * told. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_EXECUTOR_H
#define TORIDE_ORCHESTRATOR_RANGE_EXECUTOR_H

#include "orchestrator/range/kind.h"

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_SETTLING, TASK_DONE, TASK_FAILED, TASK_LEFT_OUT };

struct task {
	struct work *work;	   /* to be made … */
	bool reset;		   /* … anew: a guest that is there, with its disk */
	const struct found *found; /* … or, when `work` is NULL, this to be removed */
	char *name;		   /* of the resource, for progress */
	size_t *needs;		   /* indexes of tasks before it */
	size_t needs_count;
	int64_t weight; /* of those of a team that could begin the heaviest does */
	bool answers;	/* a guest that hands addresses out, or passes them on */
	enum task_state state;
	int64_t began_ms, took_ms;
};

struct executor {
	struct range *range;
	struct task *tasks;
	size_t tasks_count;
	range_progress_fn *progress; /* may be NULL */
	void *context;
	const volatile bool *cancel;
};

/* *done counts the tasks that succeeded. -1 with every failure's text. */
int executor_run(const struct executor *executor, size_t *done, struct error **err);

#endif
