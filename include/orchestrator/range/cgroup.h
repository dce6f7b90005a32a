/*
 * Control groups of a guest. libvirt makes them for memory and devices; the limit on processes is ours: with cgroup v2 in the
 * guest's own group, with v1 (whose pids controller libvirt does not use) in pids/toride/SITE/EXERCISE/tN-HOST. For each exec a
 * group below it holds all that was started, so that a time limit ends all of it.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_CGROUP_H
#define TORIDE_ORCHESTRATOR_RANGE_CGROUP_H

#include <sys/types.h>

#include "orchestrator/range/mark.h"

enum { CGROUP_JOINS_MAX = 16 };

/* Where this host has its trees of groups mounted: read once, as the list of mounts grows with every guest. Afterwards only read, by any thread. */
struct cgroups;
struct cgroups *cgroups_create(void);
void cgroups_destroy(struct cgroups *cgroups); /* NULL is fine */

/* libvirt may have given the guest's groups to the guest's root, who could then lift his own limits: they become the host's again. */
int cgroup_take_back(const struct cgroups *cgroups, pid_t init, struct error **err);
/* Sets the limit and puts every process of the guest under it. */
int cgroup_limit(const struct cgroups *cgroups, pid_t init, const struct mark *mark, int processes, struct error **err);
bool cgroup_is_limited(const struct cgroups *cgroups, pid_t init, const struct mark *mark);
/* After the guest's end. */
void cgroup_remove(const struct cgroups *cgroups, const struct mark *mark);
/* Everything of an exercise, as guests' groups that no domain belongs to any more. */
void cgroup_remove_exercise(const struct cgroups *cgroups, const char *site, const char *exercise);

void cgroup_usage(const struct cgroups *cgroups, pid_t init, const struct mark *mark, int64_t *memory_bytes, int64_t *processes);

/* The groups of an exec. */
struct cgroup_session {
	char *folder;		     /* its own group; NULL: it joins the guest's */
	int joins[CGROUP_JOINS_MAX]; /* cgroup.procs files, open for writing: who writes a process id into each puts it into the
					guest's groups */
	size_t joins_count;
};
int cgroup_session_create(const struct cgroups *cgroups, pid_t init, const struct mark *mark, bool own_group,
			  struct cgroup_session *session, struct error **err);
/* Kills all that is in its own group. */
void cgroup_session_kill(const struct cgroup_session *session);
/* What still runs (a daemon that was started on purpose) becomes a plain process of the guest. */
void cgroup_session_finish(struct cgroup_session *session);

#endif
