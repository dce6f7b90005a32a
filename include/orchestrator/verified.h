/* Shows what `verify` found: one line after `up` and `run`, the whole for `toride verify`. */
#ifndef TORIDE_ORCHESTRATOR_VERIFIED_H
#define TORIDE_ORCHESTRATOR_VERIFIED_H

#include <jansson.h>
#include <stdbool.h>

/* One line on standard output when all holds; else what does not, on standard error. NULL: it was not verified; says nothing. True: it
 * holds, or was not verified. */
bool verified_line(const char *exercise, const json_t *verified);
/* The matrix, what differs, the isolation. */
void verified_print(const json_t *verified);

#endif
