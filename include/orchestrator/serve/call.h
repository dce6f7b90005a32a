/*
 * A call: one request to the orchestrator and where its answers go. The control socket makes calls for the CLI; `toride run` makes its
 * own. Answers may come long after the caller has gone: they are then dropped.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_CALL_H
#define TORIDE_ORCHESTRATOR_SERVE_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "common/ipc.h"

struct call;

/* `message` without its id; borrowed, as are the descriptors. `last`: no answer follows, and the call is freed after it. */
typedef void call_answer_fn(const json_t *message, const int *fds, size_t fds_count, bool last, void *context);

/* Borrows `args`; takes over the descriptors. */
struct call *call_create(const json_t *args, const int *fds, size_t fds_count, call_answer_fn *answer, void *context);
void call_forget(struct call *call);	      /* the caller has gone: answer no more */
bool call_forgotten(const struct call *call); /* nobody waits for its answer any more; from any thread */

void call_cancels(struct call *call, volatile bool *cancel); /* set when that is so; must live as long as the call */

const json_t *call_args(const struct call *call);
const char *call_text(const struct call *call, const char *key, const char *fallback); /* a string argument */
int call_integer(const struct call *call, const char *key, int fallback);
int call_take_fd(struct call *call, size_t index); /* now the taker's; -1 when it did not come */

void call_progress(struct call *call, json_t *progress);    /* takes the reference */
void call_send(struct call *call, json_t *message, int fd); /* takes the reference, borrows the descriptor (-1: none) */
void call_finish(struct call *call, json_t *result);	    /* takes both */
void call_fail(struct call *call, struct error *err);	    /* takes both */

#endif
