/*
 * Events: the facts of an exercise. The journal stores them, the score folds them, the scoreboard shows them.
 * docs/events.md lists every kind with its body; event_kinds[] is that list in code, and what is not in it cannot be
 * written.
 */
#ifndef TORIDE_COMMON_EVENT_H
#define TORIDE_COMMON_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "common/error.h"

struct event {
	int64_t seq;	    /* from 1, without gaps; 0 before it is in the journal */
	int64_t wall_ms;    /* Unix time */
	int team;	    /* from 1; 0: the whole exercise */
	int64_t at_ms;	    /* the team's exercise time; -1 where no clock applies */
	char *kind, *actor; /* actor: "orchestrator", "attack", "probe", an account name, ... */
	json_t *body;	    /* an object */
};

struct event_kind {
	const char *name;
	const char *const *required; /* keys that the body must have; NULL-ended */
};
extern const struct event_kind event_kinds[]; /* ended by a NULL name */

/* Makes an event not yet in a journal (seq 0, wall_ms now). Takes over `body`; copies the texts. Aborts on an unknown kind or a
 * missing key: that is our own bug. */
struct event *event_create(int team, int64_t at_ms, const char *kind, const char *actor, json_t *body);
void event_destroy(struct event *event);

/* {"seq","wall_ms","team","at_ms","kind","actor","body"}; new reference. */
json_t *event_to_json(const struct event *event);
/* The reverse; checks types, kind and required keys. -1 and *err on anything else. */
int event_from_json(const json_t *json, struct event **event, struct error **err);

static inline void cleanup_event_(struct event **held)
{
	event_destroy(*held);
}
#define cleanup_event __attribute__((cleanup(cleanup_event_)))

#endif
