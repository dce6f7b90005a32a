#include "common/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct outgoing {
	char *line;
	size_t length, sent;
	int fds[IPC_FDS_MAX];
	size_t fds_count;
	struct outgoing *next;
};

struct ipc {
	int fd;
	char *buffer; /* received, not yet a whole line */
	size_t used, size, searched;
	int fds[2 * IPC_FDS_MAX]; /* in order of coming: at most those of the line in the buffer and of the one after it */
	size_t fds_count;
	struct outgoing *first, **last;
	size_t queued_bytes;
};

static void close_all(int *fds, size_t *count)
{
	while (*count > 0)
		close(fds[--*count]);
}

struct ipc *ipc_create(int fd)
{
	struct ipc *ipc = xcalloc(1, sizeof *ipc);
	ipc->fd = fd;
	ipc->last = &ipc->first;
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return ipc;
}

static void outgoing_drop_first(struct ipc *ipc)
{
	struct outgoing *message = ipc->first;
	if (!(ipc->first = message->next))
		ipc->last = &ipc->first;
	ipc->queued_bytes -= message->length;
	close_all(message->fds, &message->fds_count);
	free(message->line);
	free(message);
}

void ipc_destroy(struct ipc *ipc)
{
	if (!ipc)
		return;
	while (ipc->first)
		outgoing_drop_first(ipc);
	close_all(ipc->fds, &ipc->fds_count);
	close(ipc->fd);
	free(ipc->buffer);
	free(ipc);
}

int ipc_fd(const struct ipc *ipc)
{
	return ipc->fd;
}

int ipc_send(struct ipc *ipc, const json_t *message, const int *fds, size_t fds_count, struct error **err)
{
	cleanup_free char *text = json_dumps(message, JSON_COMPACT);
	if (!text)
		return error_set(err, "a message holds text that is not UTF-8");
	size_t length = fds_count + strlen(text) + 1;
	if (length > IPC_LINE_MAX_BYTES || ipc->queued_bytes + length > IPC_QUEUE_MAX_BYTES || fds_count > IPC_FDS_MAX)
		return error_set(err, "the peer does not read, or the message is too large (%zu bytes)", length);
	struct outgoing *outgoing = xcalloc(1, sizeof *outgoing);
	outgoing->line = xasprintf("%*s%s\n", (int)fds_count, "", text);
	outgoing->length = length;
	for (size_t i = 0; i < fds_count; i++) {
		int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (copy >= 0)
			outgoing->fds[outgoing->fds_count++] = copy;
	}
	*ipc->last = outgoing;
	ipc->last = &outgoing->next;
	ipc->queued_bytes += length;
	return ipc_flush(ipc, err);
}

bool ipc_wants_write(const struct ipc *ipc)
{
	return ipc->first != NULL;
}

/* Descriptors travel with the first byte of their line. */
static ssize_t send_some(const struct ipc *ipc, struct outgoing *message)
{
	struct iovec part = {message->line + message->sent, message->length - message->sent};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	} control = {0};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (message->sent == 0 && message->fds_count > 0) {
		size_t bytes = sizeof(int) * message->fds_count;
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.header), message->fds, bytes);
	}
	return sendmsg(ipc->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int ipc_flush(struct ipc *ipc, struct error **err)
{
	while (ipc->first) {
		struct outgoing *message = ipc->first;
		ssize_t sent = send_some(ipc, message);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return 0;
		if (sent < 0)
			return error_set_errno(err, errno, "connection closed");
		message->sent += (size_t)sent;
		if (message->sent == message->length)
			outgoing_drop_first(ipc);
	}
	return 0;
}

static void keep_fds(struct ipc *ipc, struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
			if (ipc->fds_count < 2 * IPC_FDS_MAX)
				ipc->fds[ipc->fds_count++] = fd;
			else
				close(fd);
		}
	}
}

/* 1: got bytes, 0: none now, -1: over. */
static int read_some(struct ipc *ipc, struct error **err)
{
	if (ipc->size - ipc->used < 4096) {
		ipc->size = ipc->size ? ipc->size * 2 : 16384;
		ipc->buffer = xrealloc_array(ipc->buffer, ipc->size, 1);
	}
	struct iovec part = {ipc->buffer + ipc->used, ipc->size - ipc->used};
	char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t got = recvmsg(ipc->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0)
		return error_set_errno(err, errno, "connection closed");
	if (got == 0)
		return error_set(err, "connection closed");
	keep_fds(ipc, &header);
	ipc->used += (size_t)got;
	return 1;
}

/* The socket may deliver the end of one line and the descriptors of the next in one piece; the line's leading blanks tell whose
 * they are. */
static size_t blanks_before(const char *line, size_t length)
{
	size_t count = 0;
	while (count < length && count < IPC_FDS_MAX && line[count] == ' ')
		count++;
	return count;
}

/* Hands over the first `count` descriptors, or closes them where none are wanted. */
static void take_fds(struct ipc *ipc, size_t count, int *fds, size_t *fds_count)
{
	count = count < ipc->fds_count ? count : ipc->fds_count;
	for (size_t i = 0; i < count; i++) {
		if (fds)
			fds[i] = ipc->fds[i];
		else
			close(ipc->fds[i]);
	}
	ipc->fds_count -= count;
	memmove(ipc->fds, ipc->fds + count, ipc->fds_count * sizeof *ipc->fds);
	if (fds_count)
		*fds_count = count;
}

/* 1: a line was taken and is an object, 0: no whole line, -1: not a message. */
static int take_line(struct ipc *ipc, json_t **message, size_t *blanks, struct error **err)
{
	char *end = ipc->used > ipc->searched ? memchr(ipc->buffer + ipc->searched, '\n', ipc->used - ipc->searched) : NULL;
	if (!end) {
		ipc->searched = ipc->used;
		return ipc->used > IPC_LINE_MAX_BYTES
			       ? error_set(err, "the peer sent a line of over %d bytes", IPC_LINE_MAX_BYTES)
			       : 0;
	}
	size_t length = (size_t)(end - ipc->buffer);
	*blanks = blanks_before(ipc->buffer, length);
	json_error_t fault;
	*message = json_loadb(ipc->buffer, length, JSON_REJECT_DUPLICATES, &fault);
	ipc->used -= length + 1;
	ipc->searched = 0;
	memmove(ipc->buffer, end + 1, ipc->used);
	if (json_is_object(*message)) /* NULL is none */
		return 1;
	json_decref(*message);
	*message = NULL;
	return error_set(err, "the peer sent what is not a JSON object");
}

int ipc_receive(struct ipc *ipc, json_t **message, int fds[IPC_FDS_MAX], size_t *fds_count, struct error **err)
{
	for (;;) {
		size_t blanks = 0;
		int taken = take_line(ipc, message, &blanks, err);
		if (taken > 0)
			take_fds(ipc, blanks, fds, fds_count);
		if (taken != 0)
			return taken;
		int got = read_some(ipc, err);
		if (got <= 0)
			return got;
	}
}

int ipc_wait(struct ipc *ipc, json_t **message, int fds[IPC_FDS_MAX], size_t *fds_count, struct error **err)
{
	for (;;) {
		int got = ipc_receive(ipc, message, fds, fds_count, err);
		if (got != 0)
			return got;
		struct pollfd ready = {.fd = ipc->fd, .events = POLLIN | (ipc_wants_write(ipc) ? POLLOUT : 0)};
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return error_set_errno(err, errno, "poll");
		if ((ready.revents & POLLOUT) && ipc_flush(ipc, err) < 0)
			return -1;
	}
}
