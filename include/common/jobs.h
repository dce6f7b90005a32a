/*
 * A pool of worker threads for what blocks (libvirt, guest exec, Argon2id). `run` is called on a worker; then `done` on the loop's own
 * thread, in the order of finishing. The context is borrowed and must live until `done` has returned.
 */
#ifndef TORIDE_COMMON_JOBS_H
#define TORIDE_COMMON_JOBS_H

#include <systemd/sd-event.h>

#include "common/error.h"

struct jobs;
typedef void job_fn(void *context);

int jobs_create(sd_event *loop, int workers, struct jobs **jobs, struct error **err);
void jobs_submit(struct jobs *jobs, job_fn *run, job_fn *done, void *context);
/* From any thread: calls `done` on the loop's thread soon. */
void jobs_post(struct jobs *jobs, job_fn *done, void *context);
size_t jobs_pending(const struct jobs *jobs); /* submitted, `done` not yet called */
void jobs_destroy(struct jobs *jobs);	      /* waits for what runs; `done` of what has not begun is still called */

#endif
