#include "common/event.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* docs/events.md in code; the test compares the two. */
const struct event_kind event_kinds[] = {
	{"exercise.opened", KEYS("scenario", "digest", "teams", "version")},
	{"exercise.closed", KEYS("reason")},
	{"range.begin", KEYS("action", "resource", "name")},
	{"range.end", KEYS("action", "resource", "name")},
	{"range.lost", KEYS("host", "detail")},
	{"range.reset", KEYS("host", "phase")},
	{"range.verified", KEYS("holds", "isolated", "pairs", "differ", "took_ms", "teams", "failures")},
	{"range.unplugged", KEYS("host")},
	{"range.plugged", KEYS("host")},
	{"capture.begin", KEYS("network")},
	{"capture.end", KEYS("network", "frames", "bytes", "end")},
	{"clock.started", KEYS()},
	{"clock.paused", KEYS()},
	{"clock.resumed", KEYS()},
	{"clock.ended", KEYS()},
	{"truth.step", KEYS("step", "phase", "ability", "technique", "host")},
	{"truth.trace", KEYS("step", "host", "file", "found")},
	{"truth.secrets", KEYS("digests")},
	{"truth.undone", KEYS("step", "clean")},
	{"state.probe", KEYS("objective", "holds")},
	{"inject.sent", KEYS("inject")},
	{"claim.made", KEYS("objective", "value")},
	{"report.sent", KEYS("duty", "fields")},
	{"report.graded", KEYS("duty", "percent")},
	{"hint.taken", KEYS("objective", "hint")},
	{"referee.adjusted", KEYS("points_milli", "reason")},
	{"npc.load", KEYS("percent")},
	{"staff.failed", KEYS("person", "activity", "host", "message")},
	{"staff.tally", KEYS("done", "failed")},
	{"alarm.raised", KEYS("text")},
	{"session.opened", KEYS("peer")},
	{"session.refused", KEYS("peer")},
	{NULL, NULL},
};

static const struct event_kind *find_kind(const char *name)
{
	for (const struct event_kind *kind = event_kinds; kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

/* The first required key that the body lacks, or NULL. */
static const char *missing_key(const struct event_kind *kind, const json_t *body)
{
	for (const char *const *key = kind->required; *key; key++)
		if (!json_object_get(body, *key))
			return *key;
	return NULL;
}

static void check_own(const char *name, const json_t *body)
{
	const struct event_kind *kind = find_kind(name);
	const char *missing = kind && json_is_object(body) ? missing_key(kind, body) : NULL;
	if (kind && json_is_object(body) && !missing)
		return;
	fprintf(stderr, "bug: event '%s': %s%s\n", name,
		!kind	  ? "no such kind"
		: missing ? "body lacks "
			  : "body is no object",
		missing ? missing : "");
	abort();
}

struct event *event_create(int team, int64_t at_ms, const char *kind, const char *actor, json_t *body)
{
	check_own(kind, body);
	struct event *event = xcalloc(1, sizeof *event);
	event->wall_ms = wall_ms();
	event->team = team;
	event->at_ms = at_ms;
	event->kind = xstrdup(kind);
	event->actor = xstrdup(actor);
	event->body = body;
	return event;
}

void event_destroy(struct event *event)
{
	if (!event)
		return;
	free(event->kind);
	free(event->actor);
	json_decref(event->body);
	free(event);
}

json_t *event_to_json(const struct event *event)
{
	return json_pack("{s:I, s:I, s:i, s:I, s:s, s:s, s:O}", "seq", (json_int_t)event->seq, "wall_ms",
			 (json_int_t)event->wall_ms, "team", event->team, "at_ms", (json_int_t)event->at_ms, "kind", event->kind,
			 "actor", event->actor, "body", event->body);
}

int event_from_json(const json_t *json, struct event **out, struct error **err)
{
	json_int_t seq, wall_ms, at_ms;
	int team;
	const char *kind_name, *actor;
	json_t *body;
	json_error_t fault;
	if (json_unpack_ex((json_t *)json, &fault, 0, "{s:I, s:I, s:i, s:I, s:s, s:s, s:o}", "seq", &seq, "wall_ms", &wall_ms,
			   "team", &team, "at_ms", &at_ms, "kind", &kind_name, "actor", &actor, "body", &body) < 0)
		return error_set(err, "not an event: %s", fault.text);
	if (seq < 0 || team < 0 || at_ms < -1)
		return error_set(err, "event %" JSON_INTEGER_FORMAT ": 'seq', 'team' or 'at_ms' is below what it can be", seq);
	const struct event_kind *kind = find_kind(kind_name);
	if (!kind)
		return error_set(err,
				 "event %" JSON_INTEGER_FORMAT ": unknown kind '%s'; was this journal written by a newer toride?",
				 seq, kind_name);
	if (!json_is_object(body))
		return error_set(err, "event %" JSON_INTEGER_FORMAT " (%s): 'body' is not an object", seq, kind_name);
	const char *missing = missing_key(kind, body);
	if (missing)
		return error_set(err, "event %" JSON_INTEGER_FORMAT " (%s): the body lacks '%s'", seq, kind_name, missing);
	struct event *event = xcalloc(1, sizeof *event);
	*event = (struct event){.seq = seq, .wall_ms = wall_ms, .team = team, .at_ms = at_ms};
	event->kind = xstrdup(kind->name);
	event->actor = xstrdup(actor);
	event->body = json_incref(body);
	*out = event;
	return 0;
}
