/*
 * Cleanup attributes: what a local variable owns is released when it goes out of scope, on every path.
 *
 *     cleanup_free char *path = xasprintf(...);
 *     cleanup_close int fd = open(...);
 *     *out = steal(&path);          // ownership leaves by steal() alone
 */
#ifndef TORIDE_COMMON_CLEANUP_H
#define TORIDE_COMMON_CLEANUP_H

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"

#define CLEANUP_DEFINE(name, type, release)                                                                                      \
	static inline void cleanup_##name##_(type *held)                                                                         \
	{                                                                                                                        \
		release;                                                                                                         \
	}                                                                                                                        \
	static inline void cleanup_##name##_(type *held)

static inline void cleanup_free_(void *held)
{
	free(*(void **)held);
}
CLEANUP_DEFINE(close, int, if (*held >= 0) close(*held));
CLEANUP_DEFINE(file, FILE *, if (*held) fclose(*held));
CLEANUP_DEFINE(dir, DIR *, if (*held) closedir(*held));
CLEANUP_DEFINE(json, json_t *, json_decref(*held));
CLEANUP_DEFINE(error, struct error *, error_free(*held));

#define cleanup_with(name) __attribute__((cleanup(cleanup_##name##_)))
#define cleanup_free cleanup_with(free)
#define cleanup_close cleanup_with(close)
#define cleanup_file cleanup_with(file)
#define cleanup_dir cleanup_with(dir)
#define cleanup_json cleanup_with(json)
#define cleanup_error cleanup_with(error)

/* Takes the value out of a pointer variable, leaving NULL. */
#define steal(held)                                                                                                              \
	__extension__({                                                                                                          \
		__typeof__(*(held)) stolen_ = *(held);                                                                           \
		*(held) = NULL;                                                                                                  \
		stolen_;                                                                                                         \
	})

/* Takes the value out of a descriptor variable, leaving -1. */
static inline int steal_fd(int *held)
{
	int stolen = *held;
	*held = -1;
	return stolen;
}

#endif
