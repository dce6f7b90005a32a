/*
 * Sessions as far as this process knows them: a cache of what the orchestrator said about a cookie, to choose the view that its
 * owner sees. It grants nothing: the orchestrator judges every command by the cookie itself. All functions: with the board's lock
 * held.
 */
#ifndef TORIDE_SCOREBOARD_SESSION_H
#define TORIDE_SCOREBOARD_SESSION_H

#include <jansson.h>
#include <stdbool.h>

#include "scoreboard/limits.h"

enum session_role { SESSION_TEAM, SESSION_INSTRUCTOR };
enum { SESSION_TOKEN_BYTES = 64 }; /* hex */

struct session {
	char token[SESSION_TOKEN_BYTES + 1], csrf[SESSION_TOKEN_BYTES + 1];
	char exercise[BOARD_NAME_MAX_BYTES + 1], account[BOARD_ACCOUNT_MAX_BYTES + 1];
	enum session_role role;
	int team;
};

struct sessions;
struct sessions *sessions_create(void);
void sessions_destroy(struct sessions *sessions);

bool session_token_valid(const char *text); /* 64 lower-case hex digits; NULL is not */
/* Compares two tokens in a time that does not depend on where they differ. */
bool session_token_equal(const char *a, const char *b);
/* The orchestrator's answer to login or resume → *session; false when it lacks something. */
bool session_from_json(const json_t *answer, struct session *session);
/* {"role","team","account","csrf"}: what the page may know. New reference. */
json_t *session_to_json(const struct session *session);
const char *session_role_name(enum session_role role);

bool sessions_find(struct sessions *sessions, const char *token, struct session *found);
void sessions_put(struct sessions *sessions, const struct session *session);
/* True and *ended when it was known. */
bool sessions_remove(struct sessions *sessions, const char *token, struct session *ended);
/* Whether a known session may see this view: a team's, or (team 0) the instructor's. */
bool sessions_see(const struct sessions *sessions, const char *exercise, int team);
void sessions_remove_exercise(struct sessions *sessions, const char *exercise);

#endif
