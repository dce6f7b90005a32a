/*
 * An exercise in progress: each team's clock, the attack's schedule, injects, probes, the desk (claims, reports), the bot.
 * Lives on the loop's thread; what blocks goes through jobs. Every fact goes into the journal through exercise_record().
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_H
#define TORIDE_ORCHESTRATOR_EXERCISE_H

#include <systemd/sd-event.h>

#include "common/jobs.h"
#include "orchestrator/journal.h"
#include "orchestrator/plan.h"
#include "orchestrator/range.h"

struct exercise;

enum account_role { ACCOUNT_INSTRUCTOR, ACCOUNT_TEAM };

struct identity { /* who gives a command; judged by the orchestrator, never by the scoreboard */
	enum account_role role;
	int team; /* ACCOUNT_TEAM */
	const char *account;
};

typedef void exercise_event_fn(const struct event *event, void *context); /* each event, once it is in the journal */
typedef void exercise_ended_fn(void *context);                            /* every team's clock has ended */

struct exercise_options {
	sd_event *loop;
	struct jobs *jobs;
	struct journal *journal; /* borrowed */
	struct range *range;     /* borrowed */
	const struct plan *plan; /* borrowed; holds the scenario */
	exercise_event_fn *on_event;
	exercise_ended_fn *on_ended;
	void *context;
};

/* Reads the journal so far (an exercise can be continued after a restart: its clocks are then paused). */
int exercise_create(const struct exercise_options *options, struct exercise **exercise, struct error **err);
void exercise_destroy(struct exercise *exercise);

/* Appends an event to the journal and tells on_event. Takes the event. A journal that cannot be written pauses every clock. */
int exercise_record(struct exercise *exercise, struct event *event, struct error **err);
int64_t exercise_clock_ms(const struct exercise *exercise, int team);

/* The scenario's solution is played for this team, with the same commands that trainees have. */
void exercise_set_bot(struct exercise *exercise, int team, bool on);

void exercise_guest_lost(struct exercise *exercise, int team, const char *host, const char *detail);

/*
 * One command from a person. `command`:
 *   start, pause, resume, end   {"team": n | absent: all}                      instructor
 *   claim   {"objective", "value": {field: text | [text]}}                     team
 *   report  {"duty", "fields": {name: text | [text]}}                          team
 *   hint    {"objective", "hint": index}                                       team; answer {"text": {ja,en}}
 *   inject  {"team", "inject"}; adjust {"team","points_milli","reason"}; grade {"team","duty","percent"}   instructor
 * Checked in full: types, lengths (a text 4 KiB, 32 texts a list), ids, the team's own clock (claims only while it runs), rate (30 a minute a team).
 * 0 and *answer (new reference, an object); -1 and *err, a text for the person.
 */
int exercise_command(struct exercise *exercise, const struct identity *who, const char *command, const json_t *args, json_t **answer,
		     struct error **err);

/* For `status`: {"teams":[{"team","clock_ms","state":"ready|running|paused|ended"}]}; new reference. */
json_t *exercise_status(const struct exercise *exercise);

#endif
