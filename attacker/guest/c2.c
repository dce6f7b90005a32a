/*
 * The C&C server of the training beacon, in the attacker guest alone. Plain HTTP, so that trainees can see all of it at the
 * proxy.
 *
 * It hands out tasks that the orchestrator has staged as files and keeps what comes back as files (include/attacker/protocol.h);
 * it runs nothing. Everybody may fetch the lures; the rest is for beacons that know the range's token. Without a token it does
 * not start, and it stops when the token goes. Root opens the port and the folders; then it is nobody.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <jansson.h>
#include <microhttpd.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "attacker/protocol.h"
#include "common/cleanup.h"

enum {
	BEACONS_MAX = 64,
	UPLOADS_MAX = 64,
	LURE_MAX_BYTES = 1 << 20,
	LOG_MAX_BYTES = 8 << 20,
	CONNECTIONS_MAX = 64,
	CONNECTION_TIMEOUT_S = 20,
	CONNECTION_MEMORY_BYTES = 32 << 10,
	PATH_BYTES = 256,
};

static const char *const folders[] = {C2_FOLDER,
				      C2_FOLDER "/tasks",
				      C2_FOLDER "/taken",
				      C2_FOLDER "/results",
				      C2_FOLDER "/uploads",
				      C2_FOLDER "/beacons",
				      C2_FOLDER "/lures"};

struct server {
	char token[TOKEN_LENGTH + 1];
	FILE *log;
};

/* What one request has sent so far. */
struct intake {
	const struct route *route;
	char path[PATH_BYTES]; /* the file being written, or empty */
	FILE *file;
	char *body; /* where there is no file */
	size_t length;
	unsigned status; /* 0 while nothing is wrong */
};

struct request {
	struct server *server;
	struct MHD_Connection *connection;
	const char *url;
	struct intake *intake;
};

struct answer {
	unsigned status;
	const char *type;
	char *body; /* malloc'd; taken over */
	size_t length;
};

struct route {
	const char *method, *path;
	bool prefix;	 /* `path` is the beginning */
	bool known_only; /* for beacons that know the token */
	size_t body_max_bytes;
	bool to_file;
	struct answer (*handle)(const struct request *request);
};

/* ---- answers ---- */

static struct answer answer_text(unsigned status, const char *text)
{
	return (struct answer){status, "text/html; charset=utf-8", strdup(text), strlen(text)};
}

/* {"range": token} and what is added; takes over `json`. */
static struct answer answer_known(const struct server *server, json_t *json)
{
	json_object_set_new(json, "range", json_string(server->token));
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return (struct answer){MHD_HTTP_OK, "application/json", text, strlen(text)};
}

/* ---- files ---- */

static const char *joined(char path[static PATH_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *joined(char path[static PATH_BYTES], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(path, PATH_BYTES, format, args);
	va_end(args);
	/* Every part has been checked to be a short name: a longer path is our own bug. */
	if (length < 0 || length >= PATH_BYTES)
		abort();
	return path;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int count_files(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_visible, NULL);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return count;
}

/* Under another name first: the orchestrator never sees half a file. */
static bool write_whole(const char *folder, const char *name, const char *data, size_t length)
{
	char part[PATH_BYTES], path[PATH_BYTES];
	joined(part, "%s/.new.%s", folder, name);
	FILE *file = fopen(part, "we");
	if (!file)
		return false;
	bool written = fwrite(data, 1, length, file) == length;
	written = fclose(file) == 0 && written;
	if (written && rename(part, joined(path, "%s/%s", folder, name)) == 0)
		return true;
	unlink(part);
	return false;
}

/* ---- GET /, GET /NAME ---- */

static struct answer get_front(const struct request *request)
{
	(void)request;
	return answer_text(MHD_HTTP_OK, "<!doctype html><title>It works</title><p>It works.</p>\n");
}

static struct answer get_lure(const struct request *request)
{
	const char *name = request->url + 1;
	char path[PATH_BYTES];
	if (!protocol_file_name(name))
		return answer_text(MHD_HTTP_NOT_FOUND, "not found\n");
	cleanup_file FILE *file = fopen(joined(path, C2_FOLDER "/lures/%s", name), "re");
	char *data = malloc(LURE_MAX_BYTES);
	if (!file || !data) {
		free(data);
		return answer_text(MHD_HTTP_NOT_FOUND, "not found\n");
	}
	size_t length = fread(data, 1, LURE_MAX_BYTES, file);
	return (struct answer){MHD_HTTP_OK, "text/html; charset=utf-8", data, length};
}

/* ---- GET /poll ---- */

/* "COUNT SECONDS": the engine reads it to see that a beacon lives. */
static bool note_poll(const char *id)
{
	char path[PATH_BYTES], line[64];
	long count = 0;
	FILE *file = fopen(joined(path, C2_FOLDER "/beacons/%s", id), "re");
	if (file) {
		if (fscanf(file, "%ld", &count) != 1)
			count = 0;
		fclose(file);
	} else if (count_files(C2_FOLDER "/beacons") >= BEACONS_MAX) {
		return false;
	}
	int length = snprintf(line, sizeof line, "%ld %lld\n", count + 1, (long long)time(NULL));
	return write_whole(C2_FOLDER "/beacons", id, line, (size_t)length);
}

/* The first task staged for this beacon, moved out of the queue before it is read: it is handed out once, or not at all. */
static json_t *take_task(const char *id)
{
	char prefix[PROTOCOL_NAME_MAX + 2], path[PATH_BYTES], taken[PATH_BYTES];
	size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s@", id);
	struct dirent **entries = NULL;
	int count = scandir(C2_FOLDER "/tasks", &entries, is_visible, alphasort);
	json_t *task = NULL;
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		if (!task && strncmp(name, prefix, length) == 0 && strlen(name) < PATH_BYTES / 2 &&
		    rename(joined(path, C2_FOLDER "/tasks/%s", name), joined(taken, C2_FOLDER "/taken/%s", name)) == 0)
			task = json_load_file(taken, 0, NULL);
		free(entries[i]);
	}
	free(entries);
	return task;
}

static struct answer get_poll(const struct request *request)
{
	const char *id = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "id");
	if (!id || !protocol_beacon_id(id))
		return answer_text(MHD_HTTP_BAD_REQUEST, "bad id\n");
	if (!note_poll(id))
		return answer_text(MHD_HTTP_SERVICE_UNAVAILABLE, "too many beacons\n");
	json_t *task = take_task(id);
	return answer_known(request->server, json_pack("{s:o}", "task", task ? task : json_null()));
}

/* ---- POST /result, POST /upload/NAME ---- */

static struct answer post_result(const struct request *request)
{
	const struct intake *intake = request->intake;
	cleanup_json json_t *json = json_loadb(intake->body ? intake->body : "", intake->length, JSON_REJECT_DUPLICATES, NULL);
	const char *task = json_string_value(json_object_get(json, "task"));
	if (!task || !protocol_id(task) || !json_is_integer(json_object_get(json, "status")) ||
	    !json_is_string(json_object_get(json, "output")))
		return answer_text(MHD_HTTP_BAD_REQUEST, "bad result\n");
	char name[PROTOCOL_NAME_MAX + 8];
	snprintf(name, sizeof name, "%s.json", task);
	/* What nobody staged is thanked for and thrown away. */
	char path[PATH_BYTES];
	bool wanted = false;
	struct dirent **entries = NULL;
	int count = scandir(C2_FOLDER "/taken", &entries, is_visible, NULL);
	for (int i = 0; i < count; i++) {
		const char *at = strchr(entries[i]->d_name, '@');
		wanted |= at && strcmp(at + 1, name) == 0;
		free(entries[i]);
	}
	free(entries);
	if (wanted && access(joined(path, C2_FOLDER "/results/%s", name), F_OK) < 0 &&
	    !write_whole(C2_FOLDER "/results", name, intake->body, intake->length))
		return answer_text(MHD_HTTP_INTERNAL_SERVER_ERROR, "not kept\n");
	return answer_known(request->server, json_object());
}

static const char *upload_task(struct MHD_Connection *connection)
{
	const char *task = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, TASK_HEADER);
	return task && protocol_id(task) ? task : "none";
}

static struct answer post_upload(const struct request *request)
{
	struct intake *intake = request->intake;
	char path[PATH_BYTES];
	if (!intake->file)
		return answer_text(MHD_HTTP_BAD_REQUEST, "nothing was sent\n");
	joined(path, C2_FOLDER "/uploads/%s@%s", upload_task(request->connection), request->url + strlen("/upload/"));
	bool written = fclose(steal(&intake->file)) == 0;
	if (!written || rename(intake->path, path) < 0)
		return answer_text(MHD_HTTP_INTERNAL_SERVER_ERROR, "not kept\n");
	intake->path[0] = '\0';
	return answer_known(request->server, json_object());
}

static const struct route routes[] = {
	{"GET", "/", false, false, 0, false, get_front},
	{"GET", "/poll", false, true, 0, false, get_poll},
	{"POST", "/result", false, true, PROTOCOL_RESULT_MAX_BYTES, false, post_result},
	{"POST", "/upload/", true, true, PROTOCOL_UPLOAD_MAX_BYTES, true, post_upload},
	{"GET", "/", true, false, 0, false, get_lure},
};

/* ---- requests ---- */

static const struct route *route_find(const char *method, const char *url)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const struct route *route = &routes[i];
		size_t length = strlen(route->path);
		if (strcmp(method, route->method) == 0 &&
		    (route->prefix ? strncmp(url, route->path, length) == 0 : strcmp(url, route->path) == 0))
			return route;
	}
	return NULL;
}

/* The status with which the request is refused before its body is read, or 0. */
static unsigned refusal(const struct server *server, struct MHD_Connection *connection, const struct route *route,
			const char *url)
{
	if (!route)
		return MHD_HTTP_NOT_FOUND;
	const char *token = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, RANGE_HEADER);
	if (route->known_only && (!token || !protocol_token_equal(token, server->token)))
		return MHD_HTTP_FORBIDDEN;
	if (route->to_file && !protocol_file_name(url + strlen(route->path)))
		return MHD_HTTP_BAD_REQUEST;
	if (route->to_file && count_files(C2_FOLDER "/uploads") >= UPLOADS_MAX)
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	return 0;
}

static void intake_open(struct intake *intake)
{
	joined(intake->path, C2_FOLDER "/uploads/.new.%p", (void *)intake);
	intake->file = fopen(intake->path, "we");
	if (!intake->file)
		intake->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* A piece of the body: kept within the route's limit, otherwise thrown away and remembered as too much. */
static void intake_add(struct intake *intake, const char *data, size_t length)
{
	if (!intake->status && length > intake->route->body_max_bytes - intake->length)
		intake->status = MHD_HTTP_CONTENT_TOO_LARGE;
	if (!intake->status && intake->route->to_file && !intake->file)
		intake_open(intake);
	if (intake->status)
		return;
	if (intake->file) {
		if (fwrite(data, 1, length, intake->file) != length)
			intake->status = MHD_HTTP_INSUFFICIENT_STORAGE;
	} else {
		char *body = realloc(intake->body, intake->length + length);
		if (!body)
			abort();
		memcpy(body + intake->length, data, length);
		intake->body = body;
	}
	intake->length += length;
}

static void intake_destroy(struct intake *intake)
{
	if (intake->file)
		fclose(intake->file);
	if (intake->path[0])
		unlink(intake->path);
	free(intake->body);
	free(intake);
}

/* One line a request; the file starts anew when it is full. */
static void log_request(struct server *server, struct MHD_Connection *connection, const char *method, const char *url,
			const struct answer *answer)
{
	char peer[INET_ADDRSTRLEN] = "-", when[32];
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info && info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, peer, sizeof peer);
	time_t now = time(NULL);
	struct tm parts;
	strftime(when, sizeof when, "%FT%TZ", gmtime_r(&now, &parts));
	if (ftell(server->log) > LOG_MAX_BYTES) {
		rewind(server->log);
		if (ftruncate(fileno(server->log), 0) < 0)
			return;
	}
	fprintf(server->log, "%s %s %s ", when, peer, method);
	for (const char *c = url; *c && c - url < 200; c++)
		fputc(*c > ' ' && *c < 0x7f ? *c : '?', server->log);
	fprintf(server->log, " %u %zu\n", answer->status, answer->length);
	fflush(server->log);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(answer->length, answer->body, MHD_RESPMEM_MUST_FREE);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", answer->type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *data_length, void **state)
{
	(void)version;
	struct server *server = context;
	struct intake *intake = *state;
	if (!intake) {
		intake = calloc(1, sizeof *intake);
		if (!intake)
			return MHD_NO;
		intake->route = route_find(method, url);
		intake->status = refusal(server, connection, intake->route, url);
		*state = intake;
		return MHD_YES;
	}
	if (*data_length > 0) {
		intake_add(intake, data, *data_length);
		*data_length = 0;
		return MHD_YES;
	}
	struct request request = {server, connection, url, intake};
	struct answer answer = intake->status ? answer_text(intake->status, "refused\n") : intake->route->handle(&request);
	if (!answer.body)
		return MHD_NO;
	log_request(server, connection, method, url, &answer);
	return send_answer(connection, &answer);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
	(void)context, (void)connection, (void)code;
	if (*state)
		intake_destroy(*state);
	*state = NULL;
}

/* ---- start and end ---- */

static bool folders_make(const struct passwd *owner)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if ((mkdir(folders[i], 0755) < 0 && errno != EEXIST) || chown(folders[i], owner->pw_uid, owner->pw_gid) < 0) {
			perror(folders[i]);
			return false;
		}
	return true;
}

/* glibc changes all threads at once, the one that serves included. */
static bool become(const struct passwd *owner)
{
	if (setgroups(0, NULL) == 0 && setresgid(owner->pw_gid, owner->pw_gid, owner->pw_gid) == 0 &&
	    setresuid(owner->pw_uid, owner->pw_uid, owner->pw_uid) == 0)
		return true;
	perror("c2: becoming nobody");
	return false;
}

static struct MHD_Daemon *start(struct server *server, uint16_t port)
{
	return MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, port, NULL, NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED,
				on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}

/* Until the token is gone or another: then the range is over, or never was. */
static void serve_while_in_range(const struct server *server)
{
	char token[TOKEN_LENGTH + 1];
	do
		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	while (protocol_token_read(token) && protocol_token_equal(token, server->token));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'}, {0}};
	int port = 80;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		port = option == 'p' ? atoi(optarg) : 0;
		if (port < 1 || port > 65535) {
			fprintf(stderr, "usage: c2 [--port N]\n");
			return 2;
		}
	}
	struct server server = {0};
	const struct passwd *nobody = getpwnam("nobody");
	if (!protocol_token_read(server.token)) {
		fprintf(stderr, "c2: there is no range token in %s: it runs inside a training range only\n", TOKEN_FILE);
		return 1;
	}
	umask(022);
	if (!nobody || !folders_make(nobody))
		return 1;
	cleanup_file FILE *log = server.log = fopen(C2_FOLDER "/access.log", "ae");
	if (log)
		fseek(log, 0, SEEK_END);
	struct MHD_Daemon *daemon = log ? start(&server, (uint16_t)port) : NULL;
	if (!daemon) {
		fprintf(stderr, "c2: port %d: %s\n", port, strerror(errno));
		return 1;
	}
	bool ready = become(nobody);
	if (ready)
		serve_while_in_range(&server);
	MHD_stop_daemon(daemon);
	return ready ? 0 : 1;
}
