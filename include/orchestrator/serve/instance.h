/*
 * An exercise on this host, from `up` to `down`: its scenario and plan, its journal, its engine, its accounts and its views. Kept in
 * STATE/exercises/NAME/: journal.db, and what is needed to take it up again after a restart (kept.h).
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_INSTANCE_H
#define TORIDE_ORCHESTRATOR_SERVE_INSTANCE_H

#include "orchestrator/exercise.h"
#include "orchestrator/serve/accounts.h"
#include "orchestrator/serve/orchestrator.h"
#include "scoreboard/view.h"

struct instance {
	struct orchestrator *orchestrator;
	char *folder, *file; /* file: the scenario's absolute path */
	struct scenario *scenario;
	struct plan *plan; /* ->exercise is the name */
	struct journal *journal;
	struct exercise *exercise;
	struct view *view;
	struct accounts accounts;
	struct plan *first_plan;   /* the engine's; NULL: `plan` is (see instance_set_day) */
	bool built;		   /* the range stands */
	bool busy;		   /* an up or down is at work */
	int visits;		   /* resets and verifications that are at work: an up or down waits for them */
	bool verifying;		   /* one of them is a verification */
	volatile bool cancel;	   /* asks that work to stop */
	struct call *follower;	   /* is told when every clock has ended; may be NULL */
	struct call *waiting_down; /* a `down` that came while busy; may be NULL */
};

/*
 * `day`: the exercise's (plan.h). Loads and plans the scenario, opens a new journal (an old one is kept under another name), draws accounts (*passwords, new reference) and adds the
 * exercise to the orchestrator. The host is checked for room; nothing of the range is made yet.
 */
int instance_create(struct orchestrator *orchestrator, const char *file, const char *name, int teams, const char *day,
		    struct instance **instance, json_t **passwords, struct error **err);
/*
 * The same for an exercise that has not begun, whose range stands and whose scenario or number of teams was changed: `old` is gone then, its range is as it
 * was, and what matches will stay at the next build. With as many teams the accounts are the same, and *passwords is NULL. -1: `old` is as it was, or
 * (its new journal cannot be opened) gone.
 */
int instance_replace(struct instance *old, const char *file, int teams, const char *day, struct instance **out,
		     json_t **passwords, struct error **err);
/* Takes up an exercise from its folder after a restart, with the scenario that it was made with; its clocks stand still. */
int instance_adopt(struct orchestrator *orchestrator, const char *name, struct instance **instance, struct error **err);
/* Another day: what the histories tell changes, and with it the disks and guests that stand on one, at the next build. The exercise itself goes on. */
int instance_set_day(struct instance *instance, const char *day, struct error **err);
/* Remembers on disk that the range stands, and what it was made from. */
int instance_save(const struct instance *instance, struct error **err);
/* Takes the exercise off the orchestrator; with `forget` also what is kept of it but for the journal. Nothing of the range is touched. */
void instance_destroy(struct instance *instance, bool forget);

/* Loads a scenario; its errors come as one text: the diagnostics as `toride check` prints them. */
int scenario_open(const struct site *site, const char *file, struct scenario **scenario, struct error **err);

static inline const char *instance_name(const struct instance *instance)
{
	return instance->plan->exercise;
}

/* -1 with *err naming what there is: no such team, or no such host (NULL: any). */
int instance_check_guest(const struct instance *instance, int team, const char *host, struct error **err);
/* An exercise_reset_fn; `context` is the instance. */
int instance_reset(int team, const char *host, const char *account, void *context, struct error **err);
/* What was at work is done: a `down` that waits for that begins. */
void instance_idle(struct instance *instance);

/* Writes an event of the whole exercise or of a team without a clock. */
void instance_record(struct instance *instance, int team, const char *kind, json_t *body);

#endif
