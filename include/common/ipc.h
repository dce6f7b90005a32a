/*
 * Messages between our processes: one JSON object per line over a stream socket, descriptors beside it (SCM_RIGHTS): a line that
 * brings n of them begins with n blanks.
 * Limits: a line 4 MiB, four descriptors a message, 64 MiB waiting to be sent; beyond any of them the connection is dead.
 */
#ifndef TORIDE_COMMON_IPC_H
#define TORIDE_COMMON_IPC_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"

enum { IPC_LINE_MAX_BYTES = 4 << 20, IPC_FDS_MAX = 4, IPC_QUEUE_MAX_BYTES = 64 << 20 };

struct ipc;

struct ipc *ipc_create(int fd); /* takes over the descriptor; makes it non-blocking */
void ipc_destroy(struct ipc *ipc);
int ipc_fd(const struct ipc *ipc);

/* Queues a message and sends what the socket takes. Borrows the message and the descriptors (they are duplicated). */
int ipc_send(struct ipc *ipc, const json_t *message, const int *fds, size_t fds_count, struct error **err);
bool ipc_wants_write(const struct ipc *ipc); /* poll for POLLOUT, then ipc_flush() */
int ipc_flush(struct ipc *ipc, struct error **err);

/* 1: *message is a new reference, fds[] hold *fds_count descriptors that are now the caller's (fds may be NULL: none wanted, they are closed);
 * 0: nothing whole yet; -1: closed by the peer ("connection closed") or broken. */
int ipc_receive(struct ipc *ipc, json_t **message, int fds[IPC_FDS_MAX], size_t *fds_count, struct error **err);

/* Blocking: waits for the next message (poll). 1 or -1, as ipc_receive(). */
int ipc_wait(struct ipc *ipc, json_t **message, int fds[IPC_FDS_MAX], size_t *fds_count, struct error **err);

#endif
