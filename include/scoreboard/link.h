/*
 * The link to the orchestrator. HTTP threads ask through it without waiting: the connection is suspended, the question is
 * numbered and handed to the main thread, which alone speaks on the socket; the answer (or the time-out) resumes the connection.
 */
#ifndef TORIDE_SCOREBOARD_LINK_H
#define TORIDE_SCOREBOARD_LINK_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "common/error.h"
#include "scoreboard/board.h"

enum question_kind { QUESTION_OTHER, QUESTION_LOGIN };

/* One request's question; lives in the request. Nothing but link.c touches it while it waits. */
struct question {
	struct MHD_Connection *connection;
	enum question_kind kind;
	json_int_t id; /* 0: nothing asked */
	int64_t deadline_ms;
	json_t *answer; /* after the wait: owned by the request; NULL: no answer came in time */
	struct question *next;
};

/* Takes over the descriptor (the board socket). */
struct link *link_create(struct board *board, int ipc_fd, struct error **err);
void link_destroy(struct link *link);

/* Sends a message that wants no answer (before the loop runs, main thread only). */
int link_tell(struct link *link, json_t *message, struct error **err);
/* Hands the message on (takes its reference) and suspends the connection. False: too many wait already; nothing has happened. */
bool link_ask(struct link *link, struct question *question, json_t *message);
/* The main thread's loop: until the orchestrator closes the socket (0) or it breaks (-1). On return everything that waited is
 * resumed, and nothing waits again. */
int link_run(struct link *link, struct error **err);

#endif
