/*
 * The attack: benign emulation inside the range. Runs abilities of the closed catalogue in guests and sees what came of them.
 *
 * The guard (attacker/guard.c) refuses, before and at run time: an address outside the range's networks, a guest that is not the
 * exercise's own, any step while something leads out of its team's range. Every call blocks: use a worker.
 */
#ifndef TORIDE_ATTACKER_ATTACK_H
#define TORIDE_ATTACKER_ATTACK_H

#include "orchestrator/plan.h"
#include "orchestrator/range.h"

struct attack;

/* Borrows the range and the plan. */
struct attack *attack_create(struct range *range, const struct plan *plan);
void attack_destroy(struct attack *attack);

/* Stages in the team's guests what the attack needs: range token, ability scripts by id, the C&C server. Idempotent. */
int attack_prepare(struct attack *attack, int team, struct error **err);

/* Whether that puts anything into this host. */
bool attack_stages_in(const struct attack *attack, const struct host *host);

enum step_outcome { STEP_DONE, STEP_BLOCKED, STEP_FAILED, STEP_SKIPPED };
extern const char *const step_outcome_names[]; /* "done", "blocked", "failed", "skipped" */

struct step_trace {
	const struct trace *trace;
	const char *host; /* resolved */
	char *file;
	int found; /* 1, 0, -1: could not look */
};

struct step_result {
	enum step_outcome outcome;
	char *detail; /* one line for the instructor: what stopped it, or what it got */
	char *notice; /* what the instructor must hear beside that; NULL: nothing */
	struct step_trace *traces;
	size_t traces_count;
};

/* Runs one step for one team; always fills *result. */
void attack_run(struct attack *attack, int team, const struct step *step, struct step_result *result);
void step_result_finish(struct step_result *result);

/* Takes back what the step did and looks whether anything is left: 1 clean, 0 not, -1 could not look. */
int attack_undo(struct attack *attack, int team, const struct step *step);

/* ---- the step graph: which steps are due (pure; attacker/graph.c) ---- */
struct graph;
struct graph *graph_create(const struct scenario *scenario);
void graph_destroy(struct graph *graph);
/* A named thing happened at this exercise time: a step ended (with its outcome), an inject was sent, an objective reached, a
 * report sent. */
void graph_step_began(struct graph *graph, const struct step *step);
void graph_step_ended(struct graph *graph, const struct step *step, enum step_outcome outcome, int64_t at_ms);
void graph_happened(struct graph *graph, const char *id, int64_t at_ms);
/* The next step that is due at `now_ms` and has not begun, or NULL. *skip: it must be skipped because something that it needs was
 * not done; *why then names that (borrowed). */
const struct step *graph_due(struct graph *graph, int64_t now_ms, bool *skip, const char **why);
/* When the next look is worth it: exercise time, or -1 when nothing is foreseeable. */
int64_t graph_next_ms(const struct graph *graph);
/* Resolves any moment: exercise time, or -1 while what it follows has not happened. */
int64_t graph_moment_ms(const struct graph *graph, const struct moment *moment);

#endif
