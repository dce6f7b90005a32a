#include "orchestrator/client.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/alloc.h"
#include "common/cleanup.h"

static int connect_to(const struct site *site)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/control.sock", site->run_dir);
	if (length < 0 || (size_t)length >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	int fault = errno;
	if (fd >= 0)
		close(fd);
	errno = fault;
	return -1;
}

bool client_nobody_there(const struct site *site)
{
	cleanup_close int fd = connect_to(site);
	return fd < 0 && (errno == ENOENT || errno == ECONNREFUSED);
}

int client_connect(const struct site *site, struct ipc **client, struct error **err)
{
	int fd = connect_to(site);
	if (fd >= 0) {
		*client = ipc_create(fd);
		return 0;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		return error_set(err, "no orchestrator runs at '%s'; start one with `toride serve`, or use `toride run SCENARIO`",
				 site->run_dir);
	return error_set_errno(err, errno,
			       "cannot reach the orchestrator at '%s/control.sock' (it answers root and the group `toride`)",
			       site->run_dir);
}

int client_request(struct ipc *client, const char *op, json_t *args, const int *fds, size_t fds_count, struct error **err)
{
	cleanup_json json_t *request = args ? args : json_object();
	json_object_set_new(request, "op", json_string(op));
	json_object_set_new(request, "id", json_integer(1));
	return ipc_send(client, request, fds, fds_count, err);
}

int client_wait(struct ipc *client, client_progress_fn *progress, void *context, json_t **result, struct error **err)
{
	for (;;) {
		cleanup_json json_t *message = NULL;
		if (ipc_wait(client, &message, NULL, NULL, err) < 0)
			return error_prefix(err, "the orchestrator went away");
		const json_t *step = json_object_get(message, "progress");
		if (step && progress)
			progress(step, context);
		const json_t *ok = json_object_get(message, "ok");
		if (!ok)
			continue;
		const char *text = json_string_value(json_object_get(message, "error"));
		if (!json_is_true(ok))
			return error_set(err, "%s", text ? text : "the orchestrator refused without a word");
		*result = json_incref(json_object_get(message, "result"));
		return 0;
	}
}

int client_call(const struct site *site, const char *op, json_t *args, client_progress_fn *progress, void *context,
		json_t **result, struct error **err)
{
	struct ipc *client = NULL;
	cleanup_json json_t *owned = args;
	if (client_connect(site, &client, err) < 0)
		return -1;
	int failure = client_request(client, op, steal(&owned), NULL, 0, err);
	if (failure == 0)
		failure = client_wait(client, progress, context, result, err);
	ipc_destroy(client);
	return failure;
}

/* `host_needed`: without, a team will do. */
static int read_target(const char *text, bool host_needed, json_t **args, struct error **err)
{
	cleanup_free char *copy = xstrdup(text);
	char *team = strchr(copy, '/'), *host = team ? strchr(team + 1, '/') : NULL;
	if (!team || team == copy || (host_needed && !host) || (host && host[1] == '\0'))
		return error_set(err, "'%s' is not EXERCISE/TEAM%s, as in first-call/1/proxy", text,
				 host_needed ? "/HOST" : " or EXERCISE/TEAM/HOST");
	*team++ = '\0';
	if (host)
		*host++ = '\0';
	while (isalpha((unsigned char)*team)) /* t1, team1 */
		team++;
	char *end;
	long number = strtol(team, &end, 10);
	if (end == team || *end || number < 1 || number > 1000)
		return error_set(err, "'%s': the team is a number from 1, as in first-call/1/proxy", text);
	*args = json_pack("{ss si ss*}", "exercise", copy, "team", (int)number, "host", host);
	return *args ? 0 : error_set(err, "'%s' is not UTF-8", text);
}

int client_guest(const char *text, json_t **args, struct error **err)
{
	return read_target(text, true, args, err);
}

int client_team(const char *text, json_t **args, struct error **err)
{
	return read_target(text, false, args, err);
}
