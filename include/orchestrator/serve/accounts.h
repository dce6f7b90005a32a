/*
 * Accounts of one exercise: one for the instructor, one for each team. Passwords are drawn here, shown once, and kept as
 * Argon2id strings (libsodium, "interactive" cost: 64 MiB, some 50 ms).
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_ACCOUNTS_H
#define TORIDE_ORCHESTRATOR_SERVE_ACCOUNTS_H

#include <jansson.h>

#include "common/error.h"
#include "orchestrator/exercise.h"

struct account {
	char *name; /* "instructor", "team1" ... */
	enum account_role role;
	int team; /* 0 for the instructor */
	char *hash;
};

struct accounts {
	struct account *items;
	size_t count;
};

/* Draws accounts and passwords. *passwords: [{"account","password","role","team"}], the only place where they are readable. */
void accounts_draw(struct accounts *accounts, int teams, json_t **passwords);
void accounts_finish(struct accounts *accounts);
const struct account *accounts_find(const struct accounts *accounts, const char *name);

json_t *accounts_to_json(const struct accounts *accounts);
int accounts_from_json(struct accounts *accounts, const json_t *json, struct error **err);

/* Slow on purpose; from any thread. `hash` NULL (no such account) takes the same time and is false. */
bool account_verify(const char *hash, const char *password);

#endif
