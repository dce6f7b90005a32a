/*
 * The orchestrator's side of the scoreboard: starts the process (again, when it dies), passes its requests to the gate, pushes views to it.
 * The protocol is in docs/architecture.md.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_BOARD_H
#define TORIDE_ORCHESTRATOR_SERVE_BOARD_H

#include "orchestrator/serve/orchestrator.h"

/* Starts the scoreboard and waits until it listens or says why it cannot. */
int board_create(struct orchestrator *orchestrator, const struct board_options *options, struct board **board,
		 struct error **err);
void board_destroy(struct board *board);
const char *board_url(const struct board *board);

/* All of these take a NULL board. */
void board_exercises_changed(struct board *board);
void board_exercise_closed(struct board *board, const char *exercise);
void board_view_changed(struct board *board, const char *exercise); /* soon: changes within 100 ms go out together */
void board_push(struct board *board, json_t *message);		    /* takes the message */

#endif
