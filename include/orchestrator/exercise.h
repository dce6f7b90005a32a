/*
 * An exercise in progress: each team's clock, the attack's schedule, injects, probes, the desk (claims, reports), the bot.
 * Lives on the loop's thread; what blocks goes through workers of its own, so that a step which waits for its time limit holds up nobody's log-in.
 * Every fact goes into the journal through exercise_record().
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

/* Neither may call back into the exercise; exercise_ended_fn may destroy it. */
typedef void exercise_event_fn(const struct event *event, void *context); /* each event, once it is in the journal */
/* Begins to take a host (NULL: every host of the team) back to what it was when it was built; calls exercise_reset_began() and, later, _ended(). */
typedef int exercise_reset_fn(int team, const char *host, const char *account, void *context, struct error **err);
typedef void exercise_ended_fn(void *context); /* every team's clock has ended, and the attack is taken back (a minute at most) */

struct exercise_options {
	sd_event *loop;
	struct jobs *jobs;	 /* not used: see above */
	struct journal *journal; /* borrowed */
	struct range *range;	 /* borrowed */
	const struct plan *plan; /* borrowed; holds the scenario */
	exercise_event_fn *on_event;
	exercise_ended_fn *on_ended;
	exercise_reset_fn *reset; /* NULL: there is no such command */
	void *context;
};

/*
 * Reads the journal so far: an exercise goes on after a restart, its clocks paused where their last event stands; a step that was under way is run again.
 * Events of the past do not reach on_event; those that this writes (exercise.opened into an empty journal, clock.paused) do, before it returns.
 * Errors: the journal was begun with another scenario text or number of teams, or holds exercise.closed.
 */
int exercise_create(const struct exercise_options *options, struct exercise **exercise, struct error **err);
/* Before the range is taken down: nothing new begins, and what is under way ends without a trace in the journal. exercise_record() still works. */
void exercise_close(struct exercise *exercise);
/* Waits for what is under way on workers (a step's time limit at the longest; at once when the guests are gone). NULL is fine. */
void exercise_destroy(struct exercise *exercise);

/*
 * Appends an event to the journal and tells on_event. Takes the event. A journal that cannot be written (-1) pauses every clock: the engine tries again
 * every two seconds, writes what happened meanwhile, and leaves the clocks paused.
 */
int exercise_record(struct exercise *exercise, struct event *event, struct error **err);
int64_t exercise_clock_ms(const struct exercise *exercise, int team);

/* The scenario's solution is played for this team, with the same commands that trainees have. */
void exercise_set_bot(struct exercise *exercise, int team, bool on);

/*
 * A claim objective was reached (the engine sees states itself, but not whether a claim is right: the score does): what the scenario has `after` it may
 * begin. Tell it also after a restart, for what the journal so far has reached. Telling it twice does nothing.
 */
void exercise_reached(struct exercise *exercise, int team, const char *objective, int64_t at_ms);

void exercise_guest_lost(struct exercise *exercise, int team, const char *host, const char *detail);
/*
 * A host of the team is being taken back to what it was when it was built; every `began` is followed by an `ended` (`fault` NULL: done). Meanwhile no step
 * of the attack begins for this team and nothing is probed; afterwards what the attack needs to act at all is put into that host again.
 */
void exercise_reset_began(struct exercise *exercise, int team, const struct host *host, const char *account);
void exercise_reset_ended(struct exercise *exercise, int team, const struct host *host, const char *account, int64_t took_ms,
			  const char *fault);

/*
 * One command from a person. `command`:
 *   start, pause, resume, end   {"team": n | absent: all}                      instructor
 *   claim   {"objective", "value": {field: text | [text]}}                     team
 *   report  {"duty", "fields": {name: text | [text]}}                          team
 *   hint    {"objective", "hint": index}                                       team; answer {"text": {ja,en}}
 *   inject  {"team", "inject"}; adjust {"team","points_milli","reason"}; grade {"team","duty","percent"}   instructor
 *   npc  {"team": n | absent: all, "percent": 0 to 200 | absent: only asks}       instructor; answer {"teams":[{"team","people","percent","done","failed","last_failure"}]}
 *   unplug, plug  {"team", "host", "network" | absent: all of the host's}         instructor; answer {"changed": bool}
 *   reset   {"team", "host" | absent: all of the team's}                       instructor; answered before it is done: an event tells of that
 *   start, where no clock is ready, resumes the paused ones; adjust takes an "objective" of kind manual, too
 * Checked in full: types, lengths (a text 4 KiB, 32 texts a list), ids, the team's own clock (claims only while it runs), rate (30 a minute a team).
 * 0 and *answer (new reference, an object); -1 and *err, a text for the person in both languages, with error_retry_ms() for who was too fast.
 *
 * A claim that the team has made already, a report equal to the last one, a hint taken before: the answer is the first one's ({"seq", "repeated": true}), and
 * the journal does not grow.
 */
int exercise_command(struct exercise *exercise, const struct identity *who, const char *command, const json_t *args,
		     json_t **answer, struct error **err);

/* For `status`: {"teams":[{"team","clock_ms","state":"ready|running|paused|ended"}]}; new reference. */
json_t *exercise_status(const struct exercise *exercise);

#endif
