/*
 * Server-sent events (WHATWG HTML, "Server-sent events"): each stream sends its view whole, and again when it has changed. A
 * reader who is slower than the changes misses the ones between; one who takes nothing is dropped. A stream holds no thread: it
 * is suspended until there is something to say. All functions but stream_respond(): with the board's lock held.
 */
#ifndef TORIDE_SCOREBOARD_STREAM_H
#define TORIDE_SCOREBOARD_STREAM_H

#include <microhttpd.h>

#include "scoreboard/board.h"
#include "scoreboard/store.h"

struct streams;
struct streams *streams_create(void);
void streams_destroy(struct streams *streams);

/* Answers the connection with a stream of this view; `token` is the session that may see it ("" for the public board).
 * MHD_NO with *full set when there are too many. Takes the lock itself. */
enum MHD_Result stream_respond(struct board *board, struct MHD_Connection *connection, const char *exercise, enum view_kind kind,
			       int team, const char *token, bool *full);

void streams_wake(struct streams *streams, const char *exercise); /* a view of this exercise has changed; NULL: wake all */
void streams_end_session(struct streams *streams, const char *token);
void streams_end_exercise(struct streams *streams, const char *exercise);
void streams_tick(struct streams *streams, int64_t now_ms); /* about once a second: heartbeats, stalled readers */

#endif
