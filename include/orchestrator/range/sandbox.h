/*
 * Runs a program of ours while something is baked: in process, mount, IPC and host name spaces of its own, so that nothing that
 * it starts or mounts outlives it, even when we are killed; with a time limit and its output in a log.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_SANDBOX_H
#define TORIDE_ORCHESTRATOR_RANGE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

enum { SANDBOX_BINDS_MAX = 4 };

struct sandbox {
	/* With `root`: that mount becomes the program's whole file system, without any network. Without (-1): the host's file
	 * system and network. */
	int root_mount;
	const char *root; /* an empty folder to mount it on */
	const char *host_name;
	struct {
		const char *from, *to; /* folders, read-only; `to` in the new root, below /run (a new tmpfs) */
	} binds[SANDBOX_BINDS_MAX];
	const char *const *argv;	/* argv[0] is a full path */
	const char *const *environment; /* all of it */
	int log;			/* standard output and error */
	int64_t timeout_ms;
	const volatile bool *cancel; /* may be NULL */
};

/* 0 when the program ended with status 0. */
int sandbox_run(const struct sandbox *sandbox, struct error **err);

#endif
