/* The insides of struct exercise, for the files of orchestrator/exercise/ alone. All of it lives on the loop's thread, except
 * where a worker is named. */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_ENGINE_H
#define TORIDE_ORCHESTRATOR_EXERCISE_ENGINE_H

#include "orchestrator/exercise.h"
#include "orchestrator/exercise/clock.h"
#include "orchestrator/exercise/desk.h"
#include "orchestrator/exercise/probe.h"
#include "orchestrator/exercise/schedule.h"
#include "orchestrator/exercise/turn.h"

enum {
	STEP_WORKERS_PER_TEAM = 2, /* a step that waits for its time limit must not hold up another team's */
	STEP_WORKERS_MAX = 32,
	PROBE_WORKERS_MAX = 4,
	PROBE_TIMEOUT_MS = 1500, /* one way; a look tries two when there is a proxy */
	PREPARE_RETRY_MS = 5000,
	UNDO_MAX_MS = 60000, /* one team's clean-up at the end; what was not reached is written as not looked at */
	BOT_RUN_TIMEOUT_MS = 30000,
	STAFF_TIMEOUT_MS = 20000,
	STAFF_BUSY_PER_TEAM = 3, /* at the same moment */
	STAFF_WORKERS_MAX = 16,
	STAFF_TALLY_MS = 300000, /* from one count in the journal to the next */
	JOURNAL_RETRY_MS = 2000,
	BACKLOG_MAX = 10000, /* facts that wait for a journal that cannot be written */
	DETAIL_MAX_BYTES = 500,
};

enum preparation { PREPARE_NOT, PREPARE_RUNNING, PREPARE_DONE };

struct team;

struct team_step { /* one step of the attack for one team; the context of its job */
	struct team *team;
	const struct step *step;
	bool running; /* a worker has it: the next two are the worker's */
	bool tried;   /* false when the workers were stopped before its turn */
	struct step_result result;
	bool began, ended; /* this and the next two as the journal says */
	enum step_outcome outcome;
	bool undone;
	int clean; /* what attack_undo said; -2: not reached. Worker's while team->undoing */
};

struct team_probe { /* one objective's state for one team; the context of its job */
	struct team *team;
	const struct objective *objective; /* OBJECTIVE_STATE */
	struct probe probe;
	bool running; /* a worker has it: what is below is the worker's */
	bool tried;
	struct probe_look look; /* its times are the loop's */
	struct error *fault;	/* why it could not run */
};

struct team_play { /* what the bot runs in a guest; the context of its job */
	struct team *team;
	const struct solution_step *step; /* NULL: none under way */
	bool tried;
	int done;
	struct exec_result result;
	struct error *fault;
};

struct staff_member { /* one person of one team's simulated staff; the context of its job */
	struct team *team;
	const struct person *person;
	struct turns turns;
	char **complaints; /* for each of person->does: why the last try failed; NULL: it did not */
	size_t doing;	   /* index of person->does */
	bool busy;	   /* a worker has it: what is below is the worker's */
	bool tried;
	struct exec_result result;
	struct error *fault;
};

struct staff {
	struct staff_member *members; /* those who do something */
	size_t members_count;
	struct work_clock clock;
	int busy;
	json_t *counts;	      /* {"done": {activity: n}, "failed": {…}}: not in the journal yet */
	int64_t told_ms;      /* when the journal was last told of them */
	int64_t done, failed; /* as the journal says */
	char *last_failure;   /* NULL: none */
};

struct team {
	struct exercise *exercise;
	int number; /* from 1 */
	struct clock clock;
	bool was_running; /* while the journal is read: its clock had not been stopped */
	struct schedule schedule;
	struct team_step *steps;   /* as scenario->steps */
	struct team_probe *probes; /* those objectives that have a state */
	size_t probes_count;
	json_t *entries; /* claims and reports in the journal: [{"id", "values", "seq"}] */
	json_t *hints;	 /* taken: "objective/index" -> seq */
	struct desk_rate rate;
	sd_event_source *timer;
	enum preparation preparation;
	int64_t prepare_again_us;
	bool prepare_tried; /* this and the next are the worker's while PREPARE_RUNNING */
	struct error *prepare_fault;
	bool prepare_told;
	bool prepare_stale; /* what PREPARE_RUNNING puts there, or cannot put there, does not count */
	int resets;	    /* hosts that are being reset */
	json_t *unended;    /* resets that the journal has only the beginning of: host -> how many */
	bool bot;
	struct team_play play;
	struct staff staff;
	bool undoing, undo_tried, finished; /* after the end */
};

struct exercise {
	struct exercise_options options;
	const struct scenario *scenario;
	struct attack *attack;				  /* NULL: the scenario has no steps */
	struct jobs *step_jobs, *probe_jobs, *staff_jobs; /* the last is NULL where nobody does anything */
	struct team *teams;
	int teams_count;
	bool opened, closed;	/* exercise.opened and exercise.closed are in the journal */
	bool replaying;		/* the journal is read: events come from there */
	bool closing;		/* nothing new begins */
	bool ended;		/* on_ended has been, or will be, called */
	struct event **backlog; /* not empty: the journal cannot be written */
	size_t backlog_count;
	size_t backlog_lost;
	sd_event_source *journal_timer, *end_source;
};

int64_t monotonic_us(void);
struct team *engine_team(struct exercise *exercise, int team); /* NULL: no such team */
int64_t team_now_ms(const struct team *team);
bool team_runs(const struct team *team);
/* Looks at once, from the loop, at what is due. */
void team_poke(struct team *team);
/* Makes a text from anywhere fit for the journal: one line of good UTF-8, at most DETAIL_MAX_BYTES. Changes the text itself. */
void clean_detail(char *text);

/* ---- record.c: events into the journal ---- */
/* Makes an event at the team's time now; takes over `body`. */
struct event *team_event(struct team *team, const char *kind, const char *actor, json_t *body);
/* A fact that has happened: never refused; it waits while the journal cannot be written. Takes the event. */
void engine_fact(struct exercise *exercise, struct event *event);
void team_fact(struct team *team, const char *kind, const char *actor, json_t *body);
void team_alarm(struct team *team, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool engine_stalled(const struct exercise *exercise);
/* Writes what waits, if anything does; -1: the journal still cannot be written. */
int engine_writable(struct exercise *exercise, struct error **err);
void record_finish(struct exercise *exercise);

/* ---- apply.c: what an event changes here; the same for one just written and one read after a restart ---- */
int engine_apply(struct exercise *exercise, const struct event *event, struct error **err);

/* ---- steps.c ---- */
void steps_init(struct team *team);
void steps_finish(struct team *team);
bool steps_ready(const struct team *team);	/* the attack may act */
void steps_begin_due(struct team *team);	/* prepares first */
int64_t steps_next_us(const struct team *team); /* when preparing is tried again; INT64_MAX */
void steps_prepare_again(struct team *team);
void steps_undo(struct team *team); /* after the end, once nothing is in flight */

/* ---- probes.c ---- */
void probes_init(struct team *team);
void probes_finish(struct team *team);
void probes_run_due(struct team *team);
int64_t probes_next_ms(const struct team *team); /* exercise time; INT64_MAX */
void probes_step_ended(struct team *team);	 /* some may count from now on */
void probes_trace_found(struct team *team, const char *host, const char *file);
void probes_ended(struct team *team); /* the clock has ended: says what was never measured */
struct team_probe *probes_find(struct team *team, const char *objective);

/* ---- staff.c ---- */
void staff_init(struct team *team);
void staff_finish(struct team *team);
void staff_act_due(struct team *team);
int64_t staff_next_ms(const struct team *team); /* exercise time; INT64_MAX */
void staff_tell(struct team *team);		/* what was counted, into the journal */
void staff_catch_up(struct team *team);		/* after the journal was read: past turns are past */
json_t *staff_status(const struct team *team);	/* {"team","people","percent","done","failed","last_failure"}; new reference */
void staff_load(struct team *team, const struct event *event); /* for apply.c, as the next two */
void staff_tallied(struct team *team, const struct event *event);
void staff_complained(struct team *team, const struct event *event);

/* ---- reset.c ---- */
void reset_told(struct team *team, const struct event *event); /* for apply.c */
void resets_cut_off(struct team *team);			       /* after the journal was read: what was under way then is over */

/* ---- bot.c ---- */
void bot_play_due(struct team *team);

/* ---- exercise.c ---- */
void team_ended(struct team *team); /* its clock has ended, or something in flight came back after that */

#endif
