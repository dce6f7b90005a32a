/*
 * The views as they came from the orchestrator, ready to be sent: one response for each, made once when the view comes and queued
 * for every reader; replaced whole by the next one. All functions: with the board's lock held.
 */
#ifndef TORIDE_SCOREBOARD_STORE_H
#define TORIDE_SCOREBOARD_STORE_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum view_kind { VIEW_BOARD, VIEW_TEAM, VIEW_INSTRUCTOR };
extern const char *const view_kind_names[]; /* "board", "team", "instructor"; NULL-ended */
int view_kind_of(const char *name);	    /* -1: none; NULL is fine */

/* A counted text: readers keep it while they send, however often the view is replaced. */
struct text {
	size_t length;
	int references; /* atomic */
	char bytes[];
};
struct text *text_ref(struct text *text);
void text_unref(struct text *text); /* NULL is fine */

struct shown {				       /* one view, or the list of exercises */
	uint64_t serial;		       /* grows by one with every change of anything in the store; 0: nothing yet */
	struct MHD_Response *full, *unchanged; /* 200 and 304 */
	char etag[48];
	struct text *event; /* as server-sent event */
};

struct store;
struct store *store_create(void);
void store_destroy(struct store *store);

bool store_name_valid(const char *name); /* of an exercise: [a-z0-9-], not too long */
bool store_has(const struct store *store, const char *exercise);
/* The only exercise's name, or NULL when there is none or more than one. */
const char *store_only(const struct store *store);
const struct shown *store_list(const struct store *store);
/* NULL: not there (yet). `team` matters for VIEW_TEAM alone. */
const struct shown *store_view(const struct store *store, const char *exercise, enum view_kind kind, int team);

/* Take what the orchestrator pushed; a message that makes no sense is told in the log and left out. */
void store_set_exercises(struct store *store, const json_t *list);
void store_set_view(struct store *store, const json_t *message);
void store_close(struct store *store, const char *exercise);
/* Forgets a view that no session may see any more. */
void store_drop_view(struct store *store, const char *exercise, enum view_kind kind, int team);

#endif
