/* Shows how a range is built or removed: a bar on a terminal, a few lines elsewhere. */
#ifndef TORIDE_ORCHESTRATOR_PROGRESS_H
#define TORIDE_ORCHESTRATOR_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal;
	int64_t began_ms, quarter; /* quarter: the last one told */
	bool drawn;
};

void progress_init(struct progress *progress);
void progress_show(const json_t *step, void *progress); /* a client_progress_fn; `step` as the orchestrator sends it */
void progress_finish(struct progress *progress);	/* takes the bar away */

/* The board view as a table of teams on standard output. */
void board_print(const json_t *board);
/* What the host could not do of the exercise, or nothing for NULL. */
void lacks_print(const json_t *lacks);
/* The accounts and passwords, or nothing for NULL. */
void accounts_print(const json_t *accounts);

#endif
