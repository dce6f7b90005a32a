/* What the operations share (orchestrator/serve/operations.c has the table). Each op_ function answers its call, now or later. */
#ifndef TORIDE_ORCHESTRATOR_SERVE_OPERATION_H
#define TORIDE_ORCHESTRATOR_SERVE_OPERATION_H

#include "orchestrator/plan.h"
#include "orchestrator/serve/orchestrator.h"

void op_up(struct orchestrator *orchestrator, struct call *call);
void op_down(struct orchestrator *orchestrator, struct call *call);
void op_bake(struct orchestrator *orchestrator, struct call *call);
void op_reset(struct orchestrator *orchestrator, struct call *call);
void op_exec(struct orchestrator *orchestrator, struct call *call);
void op_capture(struct orchestrator *orchestrator, struct call *call);
void op_shell(struct orchestrator *orchestrator, struct call *call);
void op_verify(struct orchestrator *orchestrator, struct call *call);

/* ---- verify, also as the end of `up` ---- */

/* Which teams' clocks have been started. */
void verify_begun(const struct instance *instance, bool begun[PLAN_TEAMS_MAX + 1]);
/* On a worker; tells its progress to the call. `team` 0: all. As verify_run(). */
int verify_instance(struct orchestrator *orchestrator, struct instance *instance, struct call *call, int team, const bool *begun,
		    int64_t patience_ms, json_t **result, struct error **err);
/* Writes it to the journal, and puts "failures" into the result. */
void verify_record(struct instance *instance, json_t *result);

/* The exercise that the call names; the only one when it names none. NULL: the call has been answered. */
struct instance *named_instance(struct orchestrator *orchestrator, struct call *call);
/* The call's team, of those that the exercise has; 0: the call has been answered. */
int named_team(const struct instance *instance, struct call *call);
/* A pipe leads nowhere: no terminal, no file and no folder of the host's. */
bool is_pipe(int fd);
/* The bots are teams in a JSON array (may be NULL): each must be one of the exercise's; and is then played by the solution. */
int check_bots(const json_t *bots, int teams, struct error **err);
void set_bots(struct instance *instance, const json_t *bots);
/* Answers the call with an error; it is gone then. */
void call_refuse(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
