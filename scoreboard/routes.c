/* The table of routes and a handler for each: docs/architecture.md, "HTTP". */
#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/assets.h"
#include "scoreboard/limits.h"
#include "scoreboard/reply.h"
#include "scoreboard/server.h"
#include "scoreboard/store.h"
#include "scoreboard/stream.h"

/* ---- pages ---- */

static enum MHD_Result get_root(struct request *request)
{
	cleanup_free char *location = NULL;
	pthread_mutex_lock(&request->board->lock);
	const char *only = store_only(request->board->store);
	if (only)
		location = xasprintf("/x/%s/", only);
	pthread_mutex_unlock(&request->board->lock);
	return location ? reply_redirect(request->connection, location) : asset_respond_page(request->connection);
}

static bool exercise_is_open(struct request *request)
{
	BOARD_LOCKED(request->board);
	return store_has(request->board->store, request->segment);
}

static enum MHD_Result get_page(struct request *request)
{
	if (!exercise_is_open(request))
		return reply_fault_page(request->connection, FAULT_NO_EXERCISE);
	return asset_respond_page(request->connection);
}

static enum MHD_Result get_page_without_slash(struct request *request)
{
	if (!exercise_is_open(request))
		return reply_fault_page(request->connection, FAULT_NO_EXERCISE);
	cleanup_free char *location = xasprintf("/x/%s/", request->segment);
	return reply_redirect(request->connection, location);
}

static enum MHD_Result get_asset(struct request *request)
{
	return asset_respond(request->connection, request->segment);
}

static enum MHD_Result get_health(struct request *request)
{
	struct timespec now; /* browsers set their exercise clocks by it */
	clock_gettime(CLOCK_REALTIME, &now);
	json_int_t wall_ms = (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return reply_json(request->connection, MHD_HTTP_OK, json_pack("{s:b, s:I}", "ok", 1, "wall_ms", wall_ms), NULL);
}

/* ---- views ---- */

static enum MHD_Result send_shown(struct request *request, const struct shown *shown)
{
	const char *known = request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
	if (known && strstr(known, shown->etag))
		return MHD_queue_response(request->connection, MHD_HTTP_NOT_MODIFIED, shown->unchanged);
	return MHD_queue_response(request->connection, MHD_HTTP_OK, shown->full);
}

static enum MHD_Result send_view(struct request *request, enum view_kind kind, int team)
{
	BOARD_LOCKED(request->board);
	const struct shown *shown = store_view(request->board->store, request->segment, kind, team);
	if (shown)
		return send_shown(request, shown);
	bool open = store_has(request->board->store, request->segment);
	return reply_fault(request->connection, open ? FAULT_NOT_READY : FAULT_NO_EXERCISE);
}

static enum MHD_Result get_exercises(struct request *request)
{
	BOARD_LOCKED(request->board);
	return send_shown(request, store_list(request->board->store));
}

static enum MHD_Result get_board(struct request *request)
{
	return send_view(request, VIEW_BOARD, 0);
}

/* A team sees its own view, whatever the address says: ?team=N of another is refused rather than ignored. */
static bool may_see(const struct request *request, enum view_kind kind)
{
	const char *team = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "team");
	const struct session *session = &request->session;
	switch (kind) {
	case VIEW_BOARD:
		return true;
	case VIEW_TEAM:
		return session->role == SESSION_TEAM && (!team || atoi(team) == session->team);
	case VIEW_INSTRUCTOR:
		return session->role == SESSION_INSTRUCTOR;
	}
	return false;
}

static enum MHD_Result team_with_session(struct request *request)
{
	if (!may_see(request, VIEW_TEAM))
		return reply_fault(request->connection, FAULT_NOT_YOURS);
	return send_view(request, VIEW_TEAM, request->session.team);
}

static enum MHD_Result get_team(struct request *request)
{
	return request_need_session(request, team_with_session);
}

static enum MHD_Result instructor_with_session(struct request *request)
{
	if (!may_see(request, VIEW_INSTRUCTOR))
		return reply_fault(request->connection, FAULT_NOT_YOURS);
	return send_view(request, VIEW_INSTRUCTOR, 0);
}

static enum MHD_Result get_instructor(struct request *request)
{
	return request_need_session(request, instructor_with_session);
}

static int wanted_view(const struct request *request)
{
	const char *name = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "view");
	return name ? view_kind_of(name) : VIEW_BOARD;
}

static enum MHD_Result open_stream(struct request *request, enum view_kind kind)
{
	bool full;
	const struct session *session = &request->session; /* empty for the public board */
	enum MHD_Result queued =
		stream_respond(request->board, request->connection, request->segment, kind, session->team, session->token, &full);
	return full ? reply_fault(request->connection, FAULT_BUSY) : queued;
}

static enum MHD_Result events_with_session(struct request *request)
{
	enum view_kind kind = (enum view_kind)wanted_view(request);
	if (!may_see(request, kind))
		return reply_fault(request->connection, FAULT_NOT_YOURS);
	return open_stream(request, kind);
}

static enum MHD_Result get_events(struct request *request)
{
	int kind = wanted_view(request);
	if (kind < 0)
		return reply_fault(request->connection, FAULT_NOT_FOUND);
	if (!exercise_is_open(request))
		return reply_fault(request->connection, FAULT_NO_EXERCISE);
	return kind == VIEW_BOARD ? open_stream(request, VIEW_BOARD) : request_need_session(request, events_with_session);
}

/* ---- sessions and commands ---- */

static enum MHD_Result session_with_session(struct request *request)
{
	return reply_json(request->connection, MHD_HTTP_OK, session_to_json(&request->session), NULL);
}

static enum MHD_Result get_session(struct request *request)
{
	return request_need_session(request, session_with_session);
}

/* A browser tells where a POST comes from; anything but our own pages is refused. Programs tell nothing: they have no cookie to
 * abuse. */
static bool origin_is_ours(const struct request *request)
{
	const char *origin = request_header(request, "Origin"), *host = request_header(request, MHD_HTTP_HEADER_HOST);
	if (!origin)
		return true;
	const char *scheme = request->board->secure ? "https://" : "http://";
	size_t length = strlen(scheme);
	return host && strncmp(origin, scheme, length) == 0 && strcmp(origin + length, host) == 0;
}

/* The body as an object, or NULL with the fault queued as *refused. */
static json_t *json_body(struct request *request, enum MHD_Result *refused)
{
	const char *type = request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
	json_t *body = NULL;
	if (type && strncasecmp(type, "application/json", strlen("application/json")) == 0)
		body = json_loadb(request->body ? request->body : "", request->body_length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(body))
		return body;
	json_decref(body);
	*refused = reply_fault(request->connection, FAULT_NOT_JSON);
	return NULL;
}

/* A text of 1 to `max` bytes, or NULL. */
static const char *text_field(const json_t *object, const char *name, size_t max)
{
	const json_t *field = json_object_get(object, name);
	size_t length = json_string_length(field);
	return length >= 1 && length <= max ? json_string_value(field) : NULL;
}

static void peer_address(struct MHD_Connection *connection, char *text, size_t size)
{
	const struct sockaddr *address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	const void *bytes = address->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
							   : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
	if (!inet_ntop(address->sa_family, bytes, text, (socklen_t)size))
		strcpy(text, "?");
}

static char *session_cookie(const struct request *request, const char *token)
{
	return xasprintf("toride_session=%s; HttpOnly; SameSite=Strict; Path=/%s%s", token, *token ? "" : "; Max-Age=0",
			 request->board->secure ? "; Secure" : "");
}

static enum MHD_Result login_answered(struct request *request)
{
	const json_t *answer = request->question.answer;
	struct session *session = &request->session;
	if (!answer)
		return reply_fault(request->connection, FAULT_NO_ANSWER);
	if (!json_is_true(json_object_get(answer, "ok")))
		return reply_refusal(request->connection, answer, MHD_HTTP_UNAUTHORIZED);
	if (!session_from_json(answer, session) || strcmp(session->exercise, request->segment) != 0)
		return reply_fault(request->connection, FAULT_NO_ANSWER);
	pthread_mutex_lock(&request->board->lock);
	sessions_put(request->board->sessions, session);
	pthread_mutex_unlock(&request->board->lock);
	cleanup_free char *cookie = session_cookie(request, session->token);
	return reply_json(request->connection, MHD_HTTP_OK, session_to_json(session), cookie);
}

static enum MHD_Result post_login(struct request *request)
{
	enum MHD_Result refused;
	if (!origin_is_ours(request))
		return reply_fault(request->connection, FAULT_ORIGIN);
	if (!exercise_is_open(request))
		return reply_fault(request->connection, FAULT_NO_EXERCISE);
	cleanup_json json_t *body = json_body(request, &refused);
	if (!body)
		return refused;
	const char *account = text_field(body, "account", BOARD_ACCOUNT_MAX_BYTES);
	const char *password = text_field(body, "password", BOARD_PASSWORD_MAX_BYTES);
	if (!account || !password)
		return reply_fault(request->connection, FAULT_BAD_FIELDS);
	char peer[INET6_ADDRSTRLEN];
	peer_address(request->connection, peer, sizeof peer);
	json_t *message = json_pack("{s:s, s:s, s:s, s:s, s:s}", "op", "login", "exercise", request->segment, "account", account,
				    "password", password, "peer", peer);
	return request_ask(request, message, QUESTION_LOGIN, login_answered);
}

/* What every POST of a logged-in person needs: our own page, and the token that only our own page can read. */
static bool is_from_our_page(struct request *request, enum MHD_Result *refused)
{
	const char *token = request_header(request, "X-CSRF-Token");
	if (!origin_is_ours(request))
		*refused = reply_fault(request->connection, FAULT_ORIGIN);
	else if (!session_token_valid(token) || !session_token_equal(token, request->session.csrf))
		*refused = reply_fault(request->connection, FAULT_CSRF);
	else
		return true;
	return false;
}

static void forget_session(struct request *request)
{
	BOARD_LOCKED(request->board);
	board_forget_session(request->board, request->session.token);
}

static enum MHD_Result logout_answered(struct request *request)
{
	if (!request->question.answer)
		return reply_fault(request->connection, FAULT_NO_ANSWER);
	forget_session(request);
	cleanup_free char *cookie = session_cookie(request, "");
	return reply_json(request->connection, MHD_HTTP_OK, json_pack("{s:b}", "ok", 1), cookie);
}

static enum MHD_Result logout_with_session(struct request *request)
{
	enum MHD_Result refused;
	if (!is_from_our_page(request, &refused))
		return refused;
	return request_ask(request, json_pack("{s:s, s:s}", "op", "logout", "session", request->session.token), QUESTION_OTHER,
			   logout_answered);
}

static enum MHD_Result post_logout(struct request *request)
{
	return request_need_session(request, logout_with_session);
}

static enum MHD_Result command_answered(struct request *request)
{
	const json_t *answer = request->question.answer;
	if (!answer)
		return reply_fault(request->connection, FAULT_NO_ANSWER);
	if (json_is_true(json_object_get(answer, "ok"))) {
		json_t *result = json_object_get(answer, "answer");
		return reply_json(request->connection, MHD_HTTP_OK, json_is_object(result) ? json_incref(result) : json_object(),
				  NULL);
	}
	const char *code = json_string_value(json_object_get(answer, "code"));
	if (code && strcmp(code, "expired") == 0)
		forget_session(request);
	return reply_refusal(request->connection, answer, MHD_HTTP_FORBIDDEN);
}

static enum MHD_Result command_with_session(struct request *request)
{
	enum MHD_Result refused;
	if (!is_from_our_page(request, &refused))
		return refused;
	cleanup_json json_t *body = json_body(request, &refused);
	if (!body)
		return refused;
	const char *command = text_field(body, "command", BOARD_COMMAND_MAX_BYTES);
	json_t *args = json_object_get(body, "args");
	if (!command || (args && !json_is_object(args)))
		return reply_fault(request->connection, FAULT_BAD_FIELDS);
	json_t *message = json_pack("{s:s, s:s, s:s, s:o}", "op", "command", "session", request->session.token, "command",
				    command, "args", args ? json_incref(args) : json_object());
	return request_ask(request, message, QUESTION_OTHER, command_answered);
}

static enum MHD_Result post_command(struct request *request)
{
	return request_need_session(request, command_with_session);
}

const struct route routes[] = {
	{"GET", "/", get_root},
	{"GET", "/x/*", get_page_without_slash},
	{"GET", "/x/*/", get_page},
	{"GET", "/x/*/team", get_page},
	{"GET", "/x/*/instructor", get_page},
	{"GET", "/x/*/login", get_page},
	{"GET", "/assets/*", get_asset},
	{"GET", "/healthz", get_health},
	{"GET", "/api/exercises", get_exercises},
	{"GET", "/api/x/*/board", get_board},
	{"GET", "/api/x/*/team", get_team},
	{"GET", "/api/x/*/instructor", get_instructor},
	{"GET", "/api/x/*/events", get_events},
	{"GET", "/api/x/*/session", get_session},
	{"POST", "/api/x/*/login", post_login},
	{"POST", "/api/x/*/logout", post_logout},
	{"POST", "/api/x/*/command", post_command},
	{NULL, NULL, NULL},
};
