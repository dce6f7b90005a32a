/* The CLI's end of the control socket: one request, its progress, its answer. */
#ifndef TORIDE_ORCHESTRATOR_CLIENT_H
#define TORIDE_ORCHESTRATOR_CLIENT_H

#include <jansson.h>

#include "common/error.h"
#include "common/ipc.h"
#include "orchestrator/site.h"

/* -1 with *err saying that no orchestrator runs and how to start one. */
int client_connect(const struct site *site, struct ipc **client, struct error **err);
bool client_nobody_there(const struct site *site); /* no orchestrator listens there */

/* Sends {"op": op, ...args}. Takes `args`; borrows the descriptors. */
int client_request(struct ipc *client, const char *op, json_t *args, const int *fds, size_t fds_count, struct error **err);

typedef void client_progress_fn(const json_t *progress, void *context);
/* Waits for the answer. 0: *result is a new reference; -1: the orchestrator's error, or the connection's. */
int client_wait(struct ipc *client, client_progress_fn *progress, void *context, json_t **result, struct error **err);

/* Connect, request, wait, in one. */
int client_call(const struct site *site, const char *op, json_t *args, client_progress_fn *progress, void *context,
		json_t **result, struct error **err);

/* Splits "EX/TEAM/HOST" (TEAM: 2, t2 or team2) into *args: {"exercise","team","host"}. */
int client_guest(const char *text, json_t **args, struct error **err);
/* The same, or "EX/TEAM": then there is no "host". */
int client_team(const char *text, json_t **args, struct error **err);

#endif
