/* Runs a program of the host (or a piece of ours in a child of its own) with a time limit, and takes what it prints. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_PROGRAM_H
#define TORIDE_ORCHESTRATOR_RANGE_PROGRAM_H

#include <stdint.h>

#include "common/error.h"

enum { PROGRAM_OUTPUT_MAX_BYTES = 64 << 10, PROGRAM_TIMED_OUT = 124 };

struct program {
	const char *const *argv;       /* NULL-ended, looked up in PATH; NULL: `prepare` is all of it */
	int (*prepare)(void *context); /* in the child, before argv; other than 0 ends it with that status. May be NULL */
	void *context;
	const char *input; /* standard input; NULL: empty. At most 4 KiB */
	int64_t timeout_ms;
};

/*
 * Exit status, 128 + signal when killed, PROGRAM_TIMED_OUT when its time was over (it and its process group are then killed); -1
 * with *err when it could not be run at all. *output (may be NULL): what it wrote on standard output and error, zero-ended,
 * without the last newline; caller frees. A daemon that it leaves behind keeps no descriptor of ours but what it wrote to.
 */
int program_run(const struct program *program, char **output, struct error **err);

#endif
