/*
 * What the threads of the scoreboard share. `lock` guards everything behind these pointers; it is held for look-ups and for
 * queueing, never while bytes are sent. Functions that want it held say so.
 */
#ifndef TORIDE_SCOREBOARD_BOARD_H
#define TORIDE_SCOREBOARD_BOARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct board {
	pthread_mutex_t lock;
	struct store *store;	   /* the views */
	struct sessions *sessions; /* what the orchestrator said about cookies */
	struct streams *streams;   /* server-sent events */
	struct link *link;	   /* requests that wait for the orchestrator */
	bool secure;		   /* TLS: cookies get Secure */
	bool stopping;		   /* from now on nothing may wait */
};

static inline void board_unlock_(struct board **held)
{
	pthread_mutex_unlock(&(*held)->lock);
}

/* Holds the lock until the end of the block. */
#define BOARD_LOCKED(which)                                                                                                      \
	__attribute__((cleanup(board_unlock_), unused)) struct board *locked_ = (pthread_mutex_lock(&(which)->lock), (which))

int64_t board_now_ms(void); /* monotonic */
/* The orchestrator says that this session is over: its streams end, and a view that nobody else sees is forgotten. Lock held. */
void board_forget_session(struct board *board, const char *token);

#endif
