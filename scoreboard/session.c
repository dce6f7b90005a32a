#include "scoreboard/session.h"

#include <stdint.h>
#include <string.h>

#include "common/alloc.h"

struct slot {
	struct session session;
	uint64_t used; /* 0: free */
};

struct sessions {
	struct slot slots[BOARD_SESSIONS_MAX];
	uint64_t uses;
};

static const char *const role_names[] = {[SESSION_TEAM] = "team", [SESSION_INSTRUCTOR] = "instructor"};

struct sessions *sessions_create(void)
{
	return xcalloc(1, sizeof(struct sessions));
}

void sessions_destroy(struct sessions *sessions)
{
	if (sessions)
		explicit_bzero(sessions, sizeof *sessions);
	free(sessions);
}

const char *session_role_name(enum session_role role)
{
	return role_names[role];
}

bool session_token_valid(const char *text)
{
	return text && strlen(text) == SESSION_TOKEN_BYTES && strspn(text, "0123456789abcdef") == SESSION_TOKEN_BYTES;
}

bool session_token_equal(const char *a, const char *b)
{
	volatile unsigned char different = 0;
	for (size_t i = 0; i < SESSION_TOKEN_BYTES; i++)
		different |= (unsigned char)(a[i] ^ b[i]);
	return different == 0;
}

static bool copy_text(char *to, size_t size, const json_t *from)
{
	const char *text = json_string_value(from);
	if (!text || strlen(text) >= size)
		return false;
	strcpy(to, text);
	return true;
}

bool session_from_json(const json_t *answer, struct session *session)
{
	*session = (struct session){0};
	const char *token = json_string_value(json_object_get(answer, "session"));
	const char *csrf = json_string_value(json_object_get(answer, "csrf"));
	const char *role = json_string_value(json_object_get(answer, "role"));
	if (!session_token_valid(token) || !session_token_valid(csrf) || !role)
		return false;
	strcpy(session->token, token);
	strcpy(session->csrf, csrf);
	session->role = strcmp(role, role_names[SESSION_INSTRUCTOR]) == 0 ? SESSION_INSTRUCTOR : SESSION_TEAM;
	session->team = (int)json_integer_value(json_object_get(answer, "team"));
	if (session->role == SESSION_TEAM && (strcmp(role, role_names[SESSION_TEAM]) != 0 || session->team < 1))
		return false;
	return copy_text(session->exercise, sizeof session->exercise, json_object_get(answer, "exercise")) &&
	       copy_text(session->account, sizeof session->account, json_object_get(answer, "account"));
}

json_t *session_to_json(const struct session *session)
{
	json_t *team = session->role == SESSION_TEAM ? json_integer(session->team) : json_null();
	return json_pack("{s:s, s:o, s:s, s:s}", "role", role_names[session->role], "team", team, "account", session->account,
			 "csrf", session->csrf);
}

static struct slot *find(struct sessions *sessions, const char *token)
{
	for (size_t i = 0; i < BOARD_SESSIONS_MAX; i++)
		if (sessions->slots[i].used && session_token_equal(sessions->slots[i].session.token, token))
			return &sessions->slots[i];
	return NULL;
}

bool sessions_find(struct sessions *sessions, const char *token, struct session *found)
{
	struct slot *slot = find(sessions, token);
	if (!slot)
		return false;
	slot->used = ++sessions->uses;
	*found = slot->session;
	return true;
}

void sessions_put(struct sessions *sessions, const struct session *session)
{
	struct slot *slot = find(sessions, session->token);
	for (size_t i = 0; !slot && i < BOARD_SESSIONS_MAX; i++)
		if (!sessions->slots[i].used)
			slot = &sessions->slots[i];
	if (!slot) {
		slot = &sessions->slots[0];
		for (size_t i = 1; i < BOARD_SESSIONS_MAX; i++)
			if (sessions->slots[i].used < slot->used)
				slot = &sessions->slots[i];
	}
	slot->session = *session;
	slot->used = ++sessions->uses;
}

bool sessions_remove(struct sessions *sessions, const char *token, struct session *ended)
{
	struct slot *slot = session_token_valid(token) ? find(sessions, token) : NULL;
	if (!slot)
		return false;
	*ended = slot->session;
	*slot = (struct slot){0};
	return true;
}

bool sessions_see(const struct sessions *sessions, const char *exercise, int team)
{
	for (size_t i = 0; i < BOARD_SESSIONS_MAX; i++) {
		const struct session *session = &sessions->slots[i].session;
		bool same = (session->role == SESSION_TEAM ? session->team : 0) == team;
		if (sessions->slots[i].used && same && strcmp(session->exercise, exercise) == 0)
			return true;
	}
	return false;
}

void sessions_remove_exercise(struct sessions *sessions, const char *exercise)
{
	for (size_t i = 0; i < BOARD_SESSIONS_MAX; i++)
		if (sessions->slots[i].used && strcmp(sessions->slots[i].session.exercise, exercise) == 0)
			sessions->slots[i] = (struct slot){0};
}
