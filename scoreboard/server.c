#include "scoreboard/server.h"

#include <errno.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scoreboard/limits.h"
#include "scoreboard/reply.h"

struct server {
	struct MHD_Daemon *daemon;
};

static enum MHD_Result no_such_page(struct request *request)
{
	return reply_fault_page(request->connection, FAULT_NOT_FOUND);
}

static enum MHD_Result no_such_call(struct request *request)
{
	return reply_fault(request->connection, FAULT_NOT_FOUND);
}

static enum MHD_Result no_such_method(struct request *request)
{
	return reply_fault(request->connection, FAULT_METHOD);
}

/* Matches a path with a pattern; what '*' stands for goes to `segment`. */
static bool path_matches(const char *pattern, const char *path, char segment[BOARD_NAME_MAX_BYTES + 1])
{
	while (*pattern) {
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t length = strcspn(path, "/");
		if (length == 0 || length > BOARD_NAME_MAX_BYTES)
			return false;
		memcpy(segment, path, length);
		segment[length] = '\0';
		path += length;
		pattern++;
	}
	return *path == '\0';
}

static request_fn *find_handler(const char *method, const char *path, char segment[BOARD_NAME_MAX_BYTES + 1])
{
	bool known_path = false;
	if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		method = MHD_HTTP_METHOD_GET;
	for (const struct route *route = routes; route->method; route++) {
		if (!path_matches(route->pattern, path, segment))
			continue;
		if (strcmp(route->method, method) == 0)
			return route->handle;
		known_path = true;
	}
	if (known_path)
		return no_such_method;
	return strncmp(path, "/api/", 5) == 0 ? no_such_call : no_such_page;
}

static void take_body(struct request *request, const char *bytes, size_t length)
{
	if (request->body_length + length > BOARD_BODY_MAX_BYTES) {
		request->body_state = BODY_TOO_LARGE;
		return;
	}
	request->body = xrealloc_array(request->body, request->body_length + length, 1);
	memcpy(request->body + request->body_length, bytes, length);
	request->body_length += length;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path, const char *method,
				  const char *version, const char *upload, size_t *upload_bytes, void **held)
{
	(void)version;
	struct request *request = *held;
	if (!request) { /* the headers are there */
		*held = request = xcalloc(1, sizeof *request);
		request->board = context;
		request->connection = request->question.connection = connection;
		request->then = find_handler(method, path, request->segment);
		const char *length = request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
		if (length && strtoull(length, NULL, 10) > BOARD_BODY_MAX_BYTES)
			return reply_fault(connection, FAULT_TOO_LARGE);
		return MHD_YES;
	}
	if (*upload_bytes > 0) {
		/* A body without a length that goes on and on: no answer, the connection is closed. */
		if (request->body_state == BODY_TOO_LARGE)
			return MHD_NO;
		take_body(request, upload, *upload_bytes);
		*upload_bytes = 0;
		return MHD_YES;
	}
	return request->body_state == BODY_TOO_LARGE ? reply_fault(connection, FAULT_TOO_LARGE) : request->then(request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **held, enum MHD_RequestTerminationCode code)
{
	(void)context, (void)connection, (void)code;
	struct request *request = *held;
	if (!request)
		return;
	if (request->body) { /* it may have held a password */
		explicit_bzero(request->body, request->body_length);
		free(request->body);
	}
	json_decref(request->question.answer);
	free(request);
	*held = NULL;
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

bool request_cookie(const struct request *request, char token[SESSION_TOKEN_BYTES + 1])
{
	const char *text = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, "toride_session");
	if (!session_token_valid(text))
		return false;
	strcpy(token, text);
	return true;
}

enum MHD_Result request_ask(struct request *request, json_t *message, enum question_kind kind, request_fn *then)
{
	json_decref(request->question.answer);
	request->question.answer = NULL;
	request->question.kind = kind;
	request->then = then; /* before asking: from then on another thread may come back to it */
	if (link_ask(request->board->link, &request->question, message))
		return MHD_YES;
	return reply_fault(request->connection, FAULT_BUSY);
}

/* Without a word about whose session it is: another exercise's is no session here. */
static enum MHD_Result go_on_with_session(struct request *request)
{
	if (strcmp(request->session.exercise, request->segment) != 0)
		return reply_fault(request->connection, FAULT_LOGIN_FIRST);
	return request->with_session(request);
}

static enum MHD_Result resumed(struct request *request)
{
	const json_t *answer = request->question.answer;
	if (!answer)
		return reply_fault(request->connection, FAULT_NO_ANSWER);
	if (!json_is_true(json_object_get(answer, "ok")) || !session_from_json(answer, &request->session))
		return reply_fault(request->connection, FAULT_LOGIN_FIRST);
	pthread_mutex_lock(&request->board->lock);
	sessions_put(request->board->sessions, &request->session);
	pthread_mutex_unlock(&request->board->lock);
	return go_on_with_session(request);
}

enum MHD_Result request_need_session(struct request *request, request_fn *then)
{
	char token[SESSION_TOKEN_BYTES + 1];
	if (!request_cookie(request, token))
		return reply_fault(request->connection, FAULT_LOGIN_FIRST);
	request->with_session = then;
	pthread_mutex_lock(&request->board->lock);
	bool known = sessions_find(request->board->sessions, token, &request->session);
	pthread_mutex_unlock(&request->board->lock);
	if (known)
		return go_on_with_session(request);
	return request_ask(request, json_pack("{s:s, s:s}", "op", "resume", "session", token), QUESTION_OTHER, resumed);
}

static void on_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	char line[512];
	vsnprintf(line, sizeof line, format, arguments);
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
}

int server_start(struct board *board, int listen_fd, const struct tls_files *tls, struct server **out, struct error **err)
{
	struct MHD_OptionItem tls_options[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
		{MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (tls->certificate ? MHD_USE_TLS : 0);
	struct MHD_Daemon *daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, board, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		listen_fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)BOARD_THREADS, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)BOARD_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)BOARD_CONNECTIONS_PER_ADDRESS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)BOARD_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)BOARD_CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		NULL, MHD_OPTION_ARRAY, tls->certificate ? tls_options : no_options, MHD_OPTION_END);
	if (!daemon)
		return error_set(err, "start HTTP: %s",
				 tls->certificate ? "is --tls-cert a PEM certificate and --tls-key its key?"
						  : "no threads or memory");
	*out = xcalloc(1, sizeof **out);
	(*out)->daemon = daemon;
	return 0;
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	free(server);
}
