/* Reads mountinfo (proc(5)): how a mount spreads to other mount namespaces, and what is mounted in another process's. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_MOUNTS_H
#define TORIDE_ORCHESTRATOR_RANGE_MOUNTS_H

#include <limits.h>
#include <stdbool.h>

struct mount_line {
	char point[PATH_MAX]; /* as in the file: \040 for a space */
	char type[32];
	bool shared;   /* what is mounted below it shows elsewhere */
	bool receives; /* it is shared, or a slave of a shared one: what is mounted below its master shows here */
};

/* The mount that holds `path` (which need not exist), the last one where several lie on one another. False: none, or no such
 * file. */
bool mount_line_of(const char *mountinfo, const char *path, struct mount_line *line);

#endif
