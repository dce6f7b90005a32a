#include "orchestrator/serve/board.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/serve/gate.h"
#include "orchestrator/serve/instance.h"

enum {
	BOARD_IPC_FD = 3,
	VIEW_DELAY_US = 100 * 1000, /* changes within this time go out together */
	RESTART_DELAY_US = 1000 * 1000,
	END_PATIENCE_MS = 3000, /* then it is killed */
};

struct changed {
	char *exercise;
	struct changed *next;
};

struct board {
	struct orchestrator *orchestrator;
	char *listen, *certificate, *key, *user, *url;
	pid_t pid;
	bool ending; /* killed, and not yet gone */
	struct ipc *ipc;
	sd_event_source *messages, *child, *later, *restart;
	struct changed *changed; /* exercises whose views are to be sent */
	int64_t version;
};

/* ---- to the scoreboard ---- */

static void watch_writes(struct board *board)
{
	sd_event_source_set_io_events(board->messages, EPOLLIN | (ipc_wants_write(board->ipc) ? EPOLLOUT : 0));
}

/* A scoreboard that breaks the protocol may be in other hands. It would hold the address, and show there what it likes, for as
 * long as it lived; its end brings a new one. */
static void end_it(const struct board *board, const char *why)
{
	log_error("scoreboard: %s; it is ended", why);
	if (board->pid > 0)
		kill(board->pid, SIGKILL);
}

void board_push(struct board *board, json_t *message)
{
	cleanup_error struct error *err = NULL;
	if (board && board->ipc && !board->ending) {
		if (ipc_send(board->ipc, message, NULL, 0, &err) < 0) {
			board->ending = true; /* not taken down here: the caller may be in the midst of reading from it */
			end_it(board, error_text(err));
		}
		watch_writes(board);
	}
	json_decref(message);
}

static void send_view(struct board *board, const struct instance *instance, const char *view, int team, json_t *data)
{
	json_t *message = json_pack("{ss ss sI so}", "view", view, "exercise", instance_name(instance), "version",
				    (json_int_t)++board->version, "data", data);
	if (team > 0)
		json_object_set_new(message, "team", json_integer(team));
	board_push(board, message);
}

static void send_views(struct board *board, const struct instance *instance)
{
	const struct gate *gate = board->orchestrator->gate;
	const char *name = instance_name(instance);
	send_view(board, instance, "board", 0, view_board(instance->view));
	for (int team = 1; team <= instance->plan->teams; team++)
		if (gate_audience(gate, name, team))
			send_view(board, instance, "team", team, view_team(instance->view, team));
	if (gate_audience(gate, name, 0))
		send_view(board, instance, "instructor", 0, view_instructor(instance->view));
}

static int on_later(sd_event_source *source, uint64_t usec, void *context)
{
	(void)usec;
	struct board *board = context;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	while (board->changed) {
		struct changed *changed = board->changed;
		board->changed = changed->next;
		const struct instance *instance = orchestrator_instance(board->orchestrator, changed->exercise);
		if (instance)
			send_views(board, instance);
		free(changed->exercise);
		free(changed);
	}
	return 0;
}

void board_view_changed(struct board *board, const char *exercise)
{
	if (!board)
		return;
	for (const struct changed *changed = board->changed; changed; changed = changed->next)
		if (strcmp(changed->exercise, exercise) == 0)
			return;
	struct changed *changed = xcalloc(1, sizeof *changed);
	changed->exercise = xstrdup(exercise);
	changed->next = board->changed;
	board->changed = changed;
	sd_event_source_set_time_relative(board->later, VIEW_DELAY_US);
	sd_event_source_set_enabled(board->later, SD_EVENT_ONESHOT);
}

void board_exercises_changed(struct board *board)
{
	if (!board)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < board->orchestrator->instances_count; i++) {
		const struct instance *instance = board->orchestrator->instances[i];
		const struct text *title = &instance->scenario->title;
		json_array_append_new(list, json_pack("{ss s{ss* ss*}}", "name", instance_name(instance), "title", "ja",
						      title->ja, "en", title->en));
	}
	board_push(board, json_pack("{so}", "exercises", list));
}

void board_exercise_closed(struct board *board, const char *exercise)
{
	board_push(board, json_pack("{ss}", "closed", exercise));
}

/* ---- its life ---- */

static void disconnect(struct board *board)
{
	board->messages = sd_event_source_disable_unref(board->messages);
	ipc_destroy(board->ipc);
	board->ipc = NULL;
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source, (void)fd;
	struct board *board = context;
	cleanup_error struct error *err = NULL;
	if ((revents & EPOLLOUT) && ipc_flush(board->ipc, &err) < 0) {
		end_it(board, error_text(err));
		disconnect(board);
		return 0;
	}
	for (;;) {
		cleanup_json json_t *message = NULL;
		int got = ipc_receive(board->ipc, &message, NULL, NULL, &err);
		if (got < 0) {
			end_it(board, error_text(err));
			disconnect(board); /* its end is told by the child event */
			return 0;
		}
		if (got == 0 || board->ending)
			break;
		gate_handle(board->orchestrator->gate, message);
	}
	watch_writes(board);
	return 0;
}

static void exec_scoreboard(const struct board *board, int socket)
{
	if (socket == BOARD_IPC_FD)
		fcntl(socket, F_SETFD, 0);
	else if (dup2(socket, BOARD_IPC_FD) < 0)
		_exit(127);
	close_range(BOARD_IPC_FD + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* A terminal's Ctrl-C goes to the orchestrator, which ends the scoreboard last. */
	setsid();
	const char *argv[16] = {"toride-scoreboard", "--ipc-fd", "3", "--listen", board->listen};
	int count = 5;
	const struct {
		const char *name, *value;
	} optional[] = {{"--user", board->user}, {"--tls-cert", board->certificate}, {"--tls-key", board->key}};
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
		if (optional[i].value) {
			argv[count++] = optional[i].name;
			argv[count++] = optional[i].value;
		}
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(board->orchestrator->site->board_program, (char *const *)argv);
	_exit(127);
}

/* The first message says whether it listens. */
static int wait_until_listening(struct board *board, struct error **err)
{
	cleanup_error struct error *fault = NULL;
	cleanup_json json_t *first = NULL;
	if (ipc_wait(board->ipc, &first, NULL, NULL, &fault) < 0)
		return error_set(err, "scoreboard '%s' did not start", board->orchestrator->site->board_program);
	const json_t *failed = json_object_get(first, "failed");
	if (failed)
		return error_set(err, "scoreboard: %s", json_string_value(failed));
	const json_t *listening = json_object_get(first, "listening");
	const char *address = json_string_value(json_object_get(listening, "address"));
	if (!address)
		return error_set(err, "scoreboard: its first message says neither that it listens nor why not");
	json_int_t port = json_integer_value(json_object_get(listening, "port"));
	free(board->url);
	const char *scheme = board->certificate ? "https" : "http";
	bool everywhere = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
	board->url = xasprintf(strchr(address, ':') && !everywhere ? "%s://[%s]:%lld/" : "%s://%s:%lld/", scheme,
			       everywhere ? "localhost" : address, (long long)port);
	/* Should it have to be started again, then at the same port. */
	char *colon = strrchr(board->listen, ':');
	if (colon && strcmp(colon, ":0") == 0) {
		char *fixed = xasprintf("%.*s:%lld", (int)(colon - board->listen), board->listen, (long long)port);
		free(board->listen);
		board->listen = fixed;
	}
	return 0;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *context);

static int start(struct board *board, struct error **err)
{
	int sockets[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set_errno(err, errno, "scoreboard: socket pair");
	pid_t pid = fork();
	if (pid == 0)
		exec_scoreboard(board, sockets[1]);
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		return error_set_errno(err, errno, "scoreboard: fork");
	}
	board->pid = pid;
	board->ipc = ipc_create(sockets[0]);
	sd_event *loop = board->orchestrator->loop;
	if (sd_event_add_io(loop, &board->messages, sockets[0], EPOLLIN, on_message, board) < 0 ||
	    sd_event_add_child(loop, &board->child, pid, WEXITED, on_exit_of_child, board) < 0)
		return error_set(err, "scoreboard: cannot be watched");
	if (wait_until_listening(board, err) < 0)
		return -1;
	on_message(NULL, -1, 0, board); /* what came with the first message makes no event of its own */
	return 0;
}

static int on_restart(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	struct board *board = context;
	cleanup_error struct error *err = NULL;
	board->restart = sd_event_source_disable_unref(board->restart);
	if (start(board, &err) < 0) {
		log_error("%s", error_text(err));
		return 0; /* its end brings us here again */
	}
	log_info("scoreboard: started again");
	board_exercises_changed(board);
	for (size_t i = 0; i < board->orchestrator->instances_count; i++)
		board_view_changed(board, instance_name(board->orchestrator->instances[i]));
	return 0;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *context)
{
	(void)source;
	struct board *board = context;
	log_error("scoreboard: ended (%s %d); it is started again", info->si_code == CLD_EXITED ? "status" : "signal",
		  info->si_status);
	board->child = sd_event_source_disable_unref(board->child);
	board->pid = 0;
	board->ending = false;
	disconnect(board);
	sd_event_add_time_relative(board->orchestrator->loop, &board->restart, CLOCK_MONOTONIC, RESTART_DELAY_US, 0, on_restart,
				   board);
	return 0;
}

int board_create(struct orchestrator *orchestrator, const struct board_options *options, struct board **out, struct error **err)
{
	struct board *board = xcalloc(1, sizeof *board);
	board->orchestrator = orchestrator;
	board->listen = xstrdup(options->listen);
	board->certificate = xstrdup(options->tls_certificate);
	board->key = xstrdup(options->tls_key);
	board->user = xstrdup(options->user);
	int failure = sd_event_add_time_relative(orchestrator->loop, &board->later, CLOCK_MONOTONIC, 0, 0, on_later, board);
	if (failure >= 0)
		sd_event_source_set_enabled(board->later, SD_EVENT_OFF);
	if (failure < 0 ? error_set_errno(err, -failure, "scoreboard: timer") < 0 : start(board, err) < 0) {
		board_destroy(board);
		return -1;
	}
	*out = board;
	return 0;
}

static void wait_for_end(pid_t pid)
{
	if (pid <= 0)
		return;
	for (int waited_ms = 0; waited_ms < END_PATIENCE_MS; waited_ms += 10) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		usleep(10000);
	}
	log_error("scoreboard: does not end by itself; it is ended");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void board_destroy(struct board *board)
{
	if (!board)
		return;
	sd_event_source_disable_unref(board->child);
	sd_event_source_disable_unref(board->later);
	sd_event_source_disable_unref(board->restart);
	disconnect(board); /* it ends when its socket closes */
	wait_for_end(board->pid);
	while (board->changed) {
		struct changed *changed = board->changed;
		board->changed = changed->next;
		free(changed->exercise);
		free(changed);
	}
	free(board->listen);
	free(board->certificate);
	free(board->key);
	free(board->user);
	free(board->url);
	free(board);
}

const char *board_url(const struct board *board)
{
	return board->url;
}
