#include "scoreboard/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/ipc.h"
#include "common/log.h"
#include "scoreboard/limits.h"
#include "scoreboard/session.h"
#include "scoreboard/store.h"
#include "scoreboard/stream.h"

enum { TICK_MS = 1000 };

struct link {
	struct board *board;
	struct ipc *ipc; /* main thread only */
	int wake_fd;	 /* HTTP threads → main thread: something is in `outgoing` */
	/* With the board's lock held: */
	struct question *waiting;
	size_t waiting_count, logins_count;
	json_int_t last_id;
	json_t *outgoing; /* array of messages */
};

int64_t board_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void board_forget_session(struct board *board, const char *token)
{
	struct session ended;
	streams_end_session(board->streams, token);
	if (!sessions_remove(board->sessions, token, &ended))
		return;
	int team = ended.role == SESSION_TEAM ? ended.team : 0;
	if (!sessions_see(board->sessions, ended.exercise, team))
		store_drop_view(board->store, ended.exercise, team ? VIEW_TEAM : VIEW_INSTRUCTOR, team);
}

struct link *link_create(struct board *board, int ipc_fd, struct error **err)
{
	struct link *link = xcalloc(1, sizeof *link);
	link->board = board;
	link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	link->ipc = ipc_create(ipc_fd);
	link->outgoing = json_array();
	if (link->wake_fd < 0) {
		error_set_errno(err, errno, "eventfd");
		link_destroy(link);
		return NULL;
	}
	return link;
}

void link_destroy(struct link *link)
{
	if (!link)
		return;
	ipc_destroy(link->ipc);
	if (link->wake_fd >= 0)
		close(link->wake_fd);
	json_decref(link->outgoing);
	free(link);
}

int link_tell(struct link *link, json_t *message, struct error **err)
{
	int sent = ipc_send(link->ipc, message, NULL, 0, err);
	json_decref(message);
	return sent;
}

bool link_ask(struct link *link, struct question *question, json_t *message)
{
	BOARD_LOCKED(link->board);
	bool login = question->kind == QUESTION_LOGIN;
	if (link->board->stopping || link->waiting_count >= BOARD_WAITING_MAX ||
	    (login && link->logins_count >= BOARD_LOGINS_MAX)) {
		json_decref(message);
		return false;
	}
	question->id = ++link->last_id;
	question->deadline_ms = board_now_ms() + BOARD_WAIT_MS;
	question->next = link->waiting;
	link->waiting = question;
	link->waiting_count++;
	link->logins_count += login;
	json_object_set_new(message, "id", json_integer(question->id));
	json_array_append_new(link->outgoing, message);
	/* Under the lock: the answer may not resume what is not suspended yet. */
	MHD_suspend_connection(question->connection);
	eventfd_write(link->wake_fd, 1);
	return true;
}

/* With the lock held: takes *at out of the list and lets its connection go on, with the answer, which is its own from then on. */
static void settle(struct link *link, struct question **at, json_t *answer)
{
	struct question *question = *at;
	*at = question->next;
	link->waiting_count--;
	link->logins_count -= question->kind == QUESTION_LOGIN;
	question->id = 0;
	question->next = NULL;
	question->answer = answer;
	MHD_resume_connection(question->connection);
}

static void take_answer(struct link *link, json_t **message)
{
	json_int_t id = json_integer_value(json_object_get(*message, "id"));
	for (struct question **at = &link->waiting; *at; at = &(*at)->next) {
		if ((*at)->id == id) {
			settle(link, at, steal(message));
			return;
		}
	}
	log_warning("the orchestrator's answer %lld came too late", (long long)id);
}

static void take_view(struct link *link, json_t **message)
{
	store_set_view(link->board->store, *message);
	const char *exercise = json_string_value(json_object_get(*message, "exercise"));
	if (exercise)
		streams_wake(link->board->streams, exercise);
}

static void take_exercises(struct link *link, json_t **message)
{
	store_set_exercises(link->board->store, json_object_get(*message, "exercises"));
}

static void take_session_end(struct link *link, json_t **message)
{
	const char *token = json_string_value(json_object_get(*message, "session_end"));
	if (session_token_valid(token))
		board_forget_session(link->board, token);
}

static void take_closed(struct link *link, json_t **message)
{
	const char *exercise = json_string_value(json_object_get(*message, "closed"));
	if (!exercise)
		return;
	sessions_remove_exercise(link->board->sessions, exercise);
	store_close(link->board->store, exercise);
	streams_end_exercise(link->board->streams, exercise);
}

/* Told apart by the key that each has. */
static const struct message_kind {
	const char *key;
	void (*take)(struct link *link, json_t **message); /* may steal it */
} message_kinds[] = {
	{"view", take_view},	 {"id", take_answer}, {"exercises", take_exercises}, {"session_end", take_session_end},
	{"closed", take_closed},
};

static void take_message(struct link *link, json_t **message)
{
	BOARD_LOCKED(link->board);
	for (size_t i = 0; i < sizeof message_kinds / sizeof *message_kinds; i++) {
		if (json_object_get(*message, message_kinds[i].key)) {
			message_kinds[i].take(link, message);
			return;
		}
	}
	log_warning("the orchestrator sent a message of no known kind; left out");
}

static int receive_all(struct link *link, struct error **err)
{
	for (;;) {
		cleanup_json json_t *message = NULL;
		int got = ipc_receive(link->ipc, &message, NULL, NULL, err);
		if (got <= 0)
			return got;
		take_message(link, &message);
	}
}

static int send_all(struct link *link, struct error **err)
{
	cleanup_json json_t *messages = NULL;
	{
		BOARD_LOCKED(link->board);
		messages = link->outgoing;
		link->outgoing = json_array();
	}
	size_t i;
	json_t *message;
	json_array_foreach (messages, i, message)
		if (ipc_send(link->ipc, message, NULL, 0, err) < 0)
			return -1;
	return 0;
}

static void tick(struct link *link, int64_t now_ms)
{
	BOARD_LOCKED(link->board);
	for (struct question **at = &link->waiting; *at;) {
		if ((*at)->deadline_ms <= now_ms)
			settle(link, at, NULL);
		else
			at = &(*at)->next;
	}
	streams_tick(link->board->streams, now_ms);
}

static void stop(struct link *link)
{
	BOARD_LOCKED(link->board);
	link->board->stopping = true;
	while (link->waiting)
		settle(link, &link->waiting, NULL);
	streams_wake(link->board->streams, NULL);
}

static int run_once(struct link *link, struct error **err)
{
	struct pollfd ready[] = {
		{.fd = ipc_fd(link->ipc), .events = (short)(POLLIN | (ipc_wants_write(link->ipc) ? POLLOUT : 0))},
		{.fd = link->wake_fd, .events = POLLIN},
	};
	if (poll(ready, 2, TICK_MS) < 0 && errno != EINTR)
		return error_set_errno(err, errno, "poll");
	if (ready[1].revents) {
		eventfd_t count;
		eventfd_read(link->wake_fd, &count);
		if (send_all(link, err) < 0)
			return -1;
	}
	if ((ready[0].revents & POLLOUT) && ipc_flush(link->ipc, err) < 0)
		return -1;
	return ready[0].revents & (POLLIN | POLLHUP | POLLERR) ? receive_all(link, err) : 0;
}

int link_run(struct link *link, struct error **err)
{
	int result;
	int64_t ticked_ms = board_now_ms();
	while ((result = run_once(link, err)) == 0) {
		int64_t now_ms = board_now_ms();
		if (now_ms - ticked_ms >= TICK_MS) {
			tick(link, now_ms);
			ticked_ms = now_ms;
		}
	}
	stop(link);
	return result;
}
