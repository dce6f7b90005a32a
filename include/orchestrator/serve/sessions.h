/*
 * Log-in sessions, kept by the orchestrator alone: a taken-over scoreboard can use only what its users' cookies allow.
 * Pure: the caller gives the time (milliseconds, any monotonic clock).
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_SESSIONS_H
#define TORIDE_ORCHESTRATOR_SERVE_SESSIONS_H

#include "orchestrator/exercise.h"

enum {
	SESSION_KEY_LENGTH = 64, /* 256 random bits as hex */
	SESSIONS_MAX = 2000,
	SESSIONS_PER_ACCOUNT_MAX = 20,
	SESSION_IDLE_MS = 12 * 3600 * 1000,
};

struct session {
	char key[SESSION_KEY_LENGTH + 1], csrf[SESSION_KEY_LENGTH + 1];
	char *exercise, *account;
	enum account_role role;
	int team;
	int64_t used_ms;
};

struct sessions;
typedef void session_ended_fn(const struct session *session, void *context);

/* `ended` is told of every session that goes: logged out, idle, pushed out, exercise gone. */
struct sessions *sessions_create(session_ended_fn *ended, void *context);
void sessions_destroy(struct sessions *sessions);

/* Opens a session; the account's oldest, or the oldest of all, makes room where a limit is reached. Borrowed until it ends. */
const struct session *sessions_open(struct sessions *sessions, const char *exercise, const char *account, enum account_role role,
				    int team, int64_t now_ms);
/* NULL when there is none or it has been idle too long; otherwise its time is renewed. */
const struct session *sessions_find(struct sessions *sessions, const char *key, int64_t now_ms);
void sessions_close(struct sessions *sessions, const char *key);
void sessions_close_exercise(struct sessions *sessions, const char *exercise);
/* Whether anybody who may see this view is logged in: the instructor's (team 0), or a team's. */
bool sessions_audience(const struct sessions *sessions, const char *exercise, enum account_role role, int team);

#endif
