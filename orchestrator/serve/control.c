#include "orchestrator/serve/control.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"

struct control {
	struct orchestrator *orchestrator;
	int fd;
	char *path;
	sd_event_source *source;
	struct connection *connections;
	size_t connections_count;
};

struct pending { /* a call of this connection that is not over */
	struct connection *connection;
	struct call *call;
	json_t *id;
	struct pending *next;
};

struct connection {
	struct control *control;
	struct ipc *ipc;
	sd_event_source *source;
	struct pending *pending;
	struct connection *next;
};

static void connection_destroy(struct connection *connection)
{
	struct control *control = connection->control;
	struct connection **link = &control->connections;
	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	control->connections_count--;
	while (connection->pending) {
		struct pending *pending = connection->pending;
		connection->pending = pending->next;
		call_forget(pending->call);
		json_decref(pending->id);
		free(pending);
	}
	sd_event_source_disable_unref(connection->source);
	ipc_destroy(connection->ipc);
	free(connection);
}

static void watch_writes(struct connection *connection)
{
	sd_event_source_set_io_events(connection->source, EPOLLIN | (ipc_wants_write(connection->ipc) ? EPOLLOUT : 0));
}

static void pending_end(struct pending *pending)
{
	struct pending **link = &pending->connection->pending;
	while (*link != pending)
		link = &(*link)->next;
	*link = pending->next;
	json_decref(pending->id);
	free(pending);
}

/* A peer that cannot be written to is left to its own read event, which ends the connection. */
static void on_answer(const json_t *message, const int *fds, size_t fds_count, bool last, void *context)
{
	struct pending *pending = context;
	struct connection *connection = pending->connection;
	cleanup_json json_t *whole = json_copy((json_t *)message);
	json_object_set(whole, "id", pending->id);
	ipc_send(connection->ipc, whole, fds, fds_count, NULL);
	watch_writes(connection);
	if (last)
		pending_end(pending);
}

static void begin(struct connection *connection, const json_t *request, const int *fds, size_t fds_count)
{
	struct pending *pending = xcalloc(1, sizeof *pending);
	pending->connection = connection;
	json_t *id = json_object_get(request, "id");
	pending->id = id ? json_incref(id) : json_null();
	pending->next = connection->pending;
	connection->pending = pending;
	pending->call = call_create(request, fds, fds_count, on_answer, pending);
	const json_t *op = json_object_get(request, "op");
	operation_begin(connection->control->orchestrator, json_is_string(op) ? json_string_value(op) : "", pending->call);
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source, (void)fd;
	struct connection *connection = context;
	cleanup_error struct error *err = NULL;
	if ((revents & EPOLLOUT) && ipc_flush(connection->ipc, &err) < 0) {
		connection_destroy(connection);
		return 0;
	}
	for (;;) {
		cleanup_json json_t *request = NULL;
		int fds[IPC_FDS_MAX];
		size_t fds_count = 0;
		int got = ipc_receive(connection->ipc, &request, fds, &fds_count, &err);
		if (got < 0) {
			connection_destroy(connection);
			return 0;
		}
		if (got == 0)
			break;
		begin(connection, request, fds, fds_count);
	}
	watch_writes(connection);
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source, (void)revents;
	struct control *control = context;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer < 0)
		return 0;
	if (control->connections_count >= CONTROL_CONNECTIONS_MAX) {
		close(peer);
		return 0;
	}
	struct connection *connection = xcalloc(1, sizeof *connection);
	connection->control = control;
	connection->ipc = ipc_create(peer);
	connection->next = control->connections;
	control->connections = connection;
	control->connections_count++;
	if (sd_event_add_io(control->orchestrator->loop, &connection->source, peer, EPOLLIN, on_message, connection) < 0)
		connection_destroy(connection);
	return 0;
}

/* The state lock is held, so a socket file that is there belongs to nobody alive. */
static int listen_at(const char *path, struct error **err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return error_set(err, "control socket '%s': the path is longer than %zu bytes; choose a shorter --run-dir", path,
				 sizeof address.sun_path - 1);
	strcpy(address.sun_path, path);
	unlink(path);
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0177);
	int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof address);
	int fault = errno;
	umask(before);
	if (bound < 0)
		return error_set_errno(err, fault, "control socket '%s'", path);
	const struct group *group = getgrnam("toride");
	if (group && chown(path, (uid_t)-1, group->gr_gid) == 0)
		chmod(path, 0660);
	if (listen(fd, CONTROL_CONNECTIONS_MAX) < 0)
		return error_set_errno(err, errno, "control socket '%s'", path);
	return steal_fd(&fd);
}

int control_create(struct orchestrator *orchestrator, struct control **out, struct error **err)
{
	struct control *control = xcalloc(1, sizeof *control);
	control->orchestrator = orchestrator;
	control->fd = -1;
	if (mkdir(orchestrator->site->run_dir, 0755) < 0 && errno != EEXIST) {
		error_set_errno(err, errno, "cannot make '%s'", orchestrator->site->run_dir);
		goto failed;
	}
	control->path = xasprintf("%s/control.sock", orchestrator->site->run_dir);
	control->fd = listen_at(control->path, err);
	if (control->fd < 0)
		goto failed;
	if (sd_event_add_io(orchestrator->loop, &control->source, control->fd, EPOLLIN, on_connection, control) < 0) {
		error_set(err, "control socket: cannot be watched");
		goto failed;
	}
	*out = control;
	return 0;
failed:
	control_destroy(control);
	return -1;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	for (struct connection *connection = control->connections, *next; connection; connection = next) {
		next = connection->next;
		connection_destroy(connection);
	}
	sd_event_source_disable_unref(control->source);
	if (control->fd >= 0) {
		close(control->fd);
		unlink(control->path);
	}
	free(control->path);
	free(control);
}
