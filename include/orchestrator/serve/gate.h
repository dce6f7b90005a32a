/*
 * The gate: what the scoreboard asks for its users (log-in, session, command) is judged here. The scoreboard itself has no rights: each
 * request stands on a password or on a session's key. Owns the sessions and the brake on guessing.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_GATE_H
#define TORIDE_ORCHESTRATOR_SERVE_GATE_H

#include "orchestrator/serve/orchestrator.h"

enum {
	GATE_LOGINS_AT_ONCE_MAX = 4, /* each costs 64 MiB while Argon2id runs */
	GATE_NAME_MAX_BYTES = 64,    /* exercise, account, address */
	GATE_PASSWORD_MAX_BYTES = 1024,
};

struct gate;

struct gate *gate_create(struct orchestrator *orchestrator);
void gate_destroy(struct gate *gate);

/* One message of the scoreboard; the answer goes back through board_push(), perhaps later. */
void gate_handle(struct gate *gate, const json_t *message);

/* Whether anybody who may see this view is logged in: the instructor's (team 0), or a team's. */
bool gate_audience(const struct gate *gate, const char *exercise, int team);
void gate_close_exercise(struct gate *gate, const char *exercise);

#endif
