#include "orchestrator/serve/sessions.h"

#include <sodium.h>
#include <string.h>

#include "common/alloc.h"

struct sessions {
	struct session **items;
	size_t count;
	session_ended_fn *ended;
	void *context;
};

struct sessions *sessions_create(session_ended_fn *ended, void *context)
{
	struct sessions *sessions = xcalloc(1, sizeof *sessions);
	sessions->items = xcalloc(SESSIONS_MAX, sizeof *sessions->items);
	sessions->ended = ended;
	sessions->context = context;
	return sessions;
}

static void session_end(struct sessions *sessions, size_t index)
{
	struct session *session = sessions->items[index];
	sessions->items[index] = sessions->items[--sessions->count];
	if (sessions->ended)
		sessions->ended(session, sessions->context);
	sodium_memzero(session->key, sizeof session->key);
	free(session->exercise);
	free(session->account);
	free(session);
}

void sessions_destroy(struct sessions *sessions)
{
	if (!sessions)
		return;
	while (sessions->count > 0)
		session_end(sessions, sessions->count - 1);
	free(sessions->items);
	free(sessions);
}

static bool of_account(const struct session *session, const char *exercise, const char *account)
{
	return strcmp(session->exercise, exercise) == 0 && strcmp(session->account, account) == 0;
}

/* Ends the least recently used session, of one account or (NULL) of all. */
static void push_out(struct sessions *sessions, const char *exercise, const char *account)
{
	size_t oldest = sessions->count;
	for (size_t i = 0; i < sessions->count; i++) {
		if (account && !of_account(sessions->items[i], exercise, account))
			continue;
		if (oldest == sessions->count || sessions->items[i]->used_ms < sessions->items[oldest]->used_ms)
			oldest = i;
	}
	session_end(sessions, oldest);
}

static void draw_key(char key[SESSION_KEY_LENGTH + 1])
{
	unsigned char bits[SESSION_KEY_LENGTH / 2];
	randombytes_buf(bits, sizeof bits);
	sodium_bin2hex(key, SESSION_KEY_LENGTH + 1, bits, sizeof bits);
}

const struct session *sessions_open(struct sessions *sessions, const char *exercise, const char *account, enum account_role role,
				    int team, int64_t now_ms)
{
	size_t own = 0;
	for (size_t i = 0; i < sessions->count; i++)
		own += of_account(sessions->items[i], exercise, account);
	if (own >= SESSIONS_PER_ACCOUNT_MAX)
		push_out(sessions, exercise, account);
	if (sessions->count >= SESSIONS_MAX)
		push_out(sessions, NULL, NULL);
	struct session *session = xcalloc(1, sizeof *session);
	draw_key(session->key);
	draw_key(session->csrf);
	session->exercise = xstrdup(exercise);
	session->account = xstrdup(account);
	session->role = role;
	session->team = team;
	session->used_ms = now_ms;
	sessions->items[sessions->count++] = session;
	return session;
}

static size_t index_of(const struct sessions *sessions, const char *key)
{
	size_t found = sessions->count;
	if (strlen(key) != SESSION_KEY_LENGTH)
		return found;
	for (size_t i = 0; i < sessions->count; i++) /* constant time in the key's content */
		if (sodium_memcmp(sessions->items[i]->key, key, SESSION_KEY_LENGTH) == 0)
			found = i;
	return found;
}

const struct session *sessions_find(struct sessions *sessions, const char *key, int64_t now_ms)
{
	size_t index = index_of(sessions, key);
	if (index == sessions->count)
		return NULL;
	if (now_ms - sessions->items[index]->used_ms > SESSION_IDLE_MS) {
		session_end(sessions, index);
		return NULL;
	}
	sessions->items[index]->used_ms = now_ms;
	return sessions->items[index];
}

void sessions_close(struct sessions *sessions, const char *key)
{
	size_t index = index_of(sessions, key);
	if (index < sessions->count)
		session_end(sessions, index);
}

void sessions_close_exercise(struct sessions *sessions, const char *exercise)
{
	for (size_t i = sessions->count; i-- > 0;)
		if (strcmp(sessions->items[i]->exercise, exercise) == 0)
			session_end(sessions, i);
}

bool sessions_audience(const struct sessions *sessions, const char *exercise, enum account_role role, int team)
{
	for (size_t i = 0; i < sessions->count; i++) {
		const struct session *session = sessions->items[i];
		if (session->role == role && session->team == team && strcmp(session->exercise, exercise) == 0)
			return true;
	}
	return false;
}
