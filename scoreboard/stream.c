#include "scoreboard/stream.h"

#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scoreboard/limits.h"
#include "scoreboard/reply.h"
#include "scoreboard/session.h"

enum { BLOCK_BYTES = 16 << 10 };

/* Opens a stream and keeps it warm: a comment, and how soon a browser should come back. */
static const char heartbeat[] = ":\nretry: 2000\n\n";

struct stream {
	struct board *board;
	struct MHD_Connection *connection;
	int fd; /* borrowed from the connection; open for as long as the stream is in the list */
	char exercise[BOARD_NAME_MAX_BYTES + 1], token[SESSION_TOKEN_BYTES + 1];
	enum view_kind kind;
	int team;
	struct text *current; /* being sent */
	size_t offset;
	uint64_t seen; /* the serial of what was sent last */
	int64_t spoke_ms, moved_ms;
	bool suspended, ended, beat;
	struct stream *next, **link;
};

struct streams {
	struct stream *first;
	size_t count;
};

struct streams *streams_create(void)
{
	return xcalloc(1, sizeof(struct streams));
}

void streams_destroy(struct streams *streams)
{
	free(streams);
}

static void wake(struct stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	stream->moved_ms = board_now_ms();
	MHD_resume_connection(stream->connection);
}

static size_t give(struct stream *stream, const char *bytes, size_t length, char *buffer, size_t size)
{
	size_t part = length < size ? length : size;
	memcpy(buffer, bytes, part);
	stream->spoke_ms = stream->moved_ms = board_now_ms();
	return part;
}

/* The view has changed since it was sent last: begin to send it. */
static bool take_news(struct stream *stream)
{
	const struct shown *shown = store_view(stream->board->store, stream->exercise, stream->kind, stream->team);
	if (!shown || shown->serial == stream->seen)
		return false;
	stream->current = text_ref(shown->event);
	stream->offset = 0;
	stream->seen = shown->serial;
	return true;
}

/* Called by the connection's thread when its buffer is empty, that is when the client has taken what it was given. */
static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t size)
{
	(void)position;
	struct stream *stream = context;
	BOARD_LOCKED(stream->board);
	if (stream->ended || stream->board->stopping)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->beat && !stream->current) {
		stream->beat = false;
		return (ssize_t)give(stream, heartbeat, sizeof heartbeat - 1, buffer, size);
	}
	if (stream->current || take_news(stream)) {
		struct text *text = stream->current;
		size_t part = give(stream, text->bytes + stream->offset, text->length - stream->offset, buffer, size);
		stream->offset += part;
		if (stream->offset == text->length) {
			stream->current = NULL;
			text_unref(text);
		}
		return (ssize_t)part;
	}
	stream->suspended = true;
	MHD_suspend_connection(stream->connection);
	return 0;
}

static void free_stream(void *context)
{
	struct stream *stream = context;
	struct board *board = stream->board;
	BOARD_LOCKED(board);
	if (stream->link) {
		*stream->link = stream->next;
		if (stream->next)
			stream->next->link = stream->link;
		board->streams->count--;
	}
	text_unref(stream->current);
	free(stream);
}

static bool add(struct streams *streams, struct stream *stream)
{
	if (streams->count >= BOARD_STREAMS_MAX || stream->board->stopping)
		return false;
	stream->next = streams->first;
	stream->link = &streams->first;
	if (stream->next)
		stream->next->link = &stream->next;
	streams->first = stream;
	streams->count++;
	return true;
}

enum MHD_Result stream_respond(struct board *board, struct MHD_Connection *connection, const char *exercise, enum view_kind kind,
			       int team, const char *token, bool *full)
{
	struct stream *stream = xcalloc(1, sizeof *stream);
	*stream = (struct stream){.board = board, .connection = connection, .kind = kind, .team = team, .beat = true};
	stream->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	stream->spoke_ms = stream->moved_ms = board_now_ms();
	strncpy(stream->exercise, exercise, sizeof stream->exercise - 1);
	strncpy(stream->token, token, sizeof stream->token - 1);
	pthread_mutex_lock(&board->lock);
	*full = !add(board->streams, stream);
	pthread_mutex_unlock(&board->lock);
	if (*full) {
		free(stream);
		return MHD_NO;
	}
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_stream, stream, free_stream);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream; charset=utf-8");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, reply_secure(response));
	MHD_destroy_response(response);
	return queued;
}

void streams_wake(struct streams *streams, const char *exercise)
{
	for (struct stream *stream = streams->first; stream; stream = stream->next)
		if (!exercise || strcmp(stream->exercise, exercise) == 0)
			wake(stream);
}

static void end(struct stream *stream)
{
	stream->ended = true;
	wake(stream);
}

void streams_end_session(struct streams *streams, const char *token)
{
	for (struct stream *stream = streams->first; stream; stream = stream->next)
		if (stream->token[0] && session_token_equal(stream->token, token))
			end(stream);
}

void streams_end_exercise(struct streams *streams, const char *exercise)
{
	for (struct stream *stream = streams->first; stream; stream = stream->next)
		if (strcmp(stream->exercise, exercise) == 0)
			end(stream);
}

void streams_tick(struct streams *streams, int64_t now_ms)
{
	for (struct stream *stream = streams->first; stream; stream = stream->next) {
		if (stream->suspended && now_ms - stream->spoke_ms >= BOARD_STREAM_HEARTBEAT_MS) {
			stream->beat = true;
			wake(stream);
		} else if (!stream->suspended && now_ms - stream->moved_ms >= BOARD_STREAM_STALL_MS) {
			/* Its thread sees the end at once and frees the stream; until then this is called again, which does no
			 * harm. */
			shutdown(stream->fd, SHUT_RDWR);
		}
	}
}
