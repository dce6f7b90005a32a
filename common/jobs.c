#include "common/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct job {
	job_fn *run, *done;
	void *context;
	struct job *next;
};

struct job_queue {
	struct job *first, **last;
};

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job_queue waiting, finished;
	size_t pending; /* submitted or posted; `done` not yet called: the loop's thread alone takes them off */
	bool stopping;
	pthread_t *threads;
	int threads_count;
	int wake_fd;
	sd_event_source *wake;
};

static void queue_init(struct job_queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void queue_put(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct job *queue_take(struct job_queue *queue)
{
	struct job *job = queue->first;
	if (job && !(queue->first = job->next))
		queue->last = &queue->first;
	return job;
}

static void finish_job(struct jobs *jobs, struct job *job)
{
	queue_put(&jobs->finished, job);
	const uint64_t one = 1;
	while (write(jobs->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void *worker(void *context)
{
	struct jobs *jobs = context;
	pthread_mutex_lock(&jobs->lock);
	for (;;) {
		struct job *job = queue_take(&jobs->waiting);
		if (job) {
			pthread_mutex_unlock(&jobs->lock);
			job->run(job->context);
			pthread_mutex_lock(&jobs->lock);
			finish_job(jobs, job);
		} else if (jobs->stopping) {
			break;
		} else {
			pthread_cond_wait(&jobs->work, &jobs->lock);
		}
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

/* Calls `done` of everything that has finished; on the loop's thread, without the lock: `done` may submit again. */
static void deliver(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	for (struct job *job; (job = queue_take(&jobs->finished));) {
		pthread_mutex_unlock(&jobs->lock);
		if (job->done)
			job->done(job->context);
		free(job);
		pthread_mutex_lock(&jobs->lock);
		jobs->pending--;
	}
	pthread_mutex_unlock(&jobs->lock);
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source, (void)revents;
	uint64_t count;
	if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
		return -errno;
	deliver(context);
	return 0;
}

int jobs_create(sd_event *loop, int workers, struct jobs **out, struct error **err)
{
	struct jobs *jobs = xcalloc(1, sizeof *jobs);
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->work, NULL);
	queue_init(&jobs->waiting);
	queue_init(&jobs->finished);
	jobs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int failure = jobs->wake_fd < 0 ? -errno : sd_event_add_io(loop, &jobs->wake, jobs->wake_fd, EPOLLIN, on_wake, jobs);
	jobs->threads = xcalloc((size_t)workers, sizeof *jobs->threads);
	/* Workers take no signals: those are the loop's (signalfd). */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (failure >= 0 && jobs->threads_count < workers) {
		failure = -pthread_create(&jobs->threads[jobs->threads_count], NULL, worker, jobs);
		if (failure >= 0)
			jobs->threads_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure < 0) {
		jobs_destroy(jobs);
		return error_set_errno(err, -failure, "start worker threads");
	}
	*out = jobs;
	return 0;
}

static void put(struct jobs *jobs, job_fn *run, job_fn *done, void *context)
{
	struct job *job = xcalloc(1, sizeof *job);
	*job = (struct job){.run = run, .done = done, .context = context};
	pthread_mutex_lock(&jobs->lock);
	jobs->pending++;
	if (run) {
		queue_put(&jobs->waiting, job);
		pthread_cond_signal(&jobs->work);
	} else {
		finish_job(jobs, job);
	}
	pthread_mutex_unlock(&jobs->lock);
}

void jobs_submit(struct jobs *jobs, job_fn *run, job_fn *done, void *context)
{
	put(jobs, run, done, context);
}

void jobs_post(struct jobs *jobs, job_fn *done, void *context)
{
	put(jobs, NULL, done, context);
}

size_t jobs_pending(const struct jobs *jobs)
{
	struct jobs *shared = (struct jobs *)jobs;
	pthread_mutex_lock(&shared->lock);
	size_t pending = jobs->pending;
	pthread_mutex_unlock(&shared->lock);
	return pending;
}

void jobs_destroy(struct jobs *jobs)
{
	if (!jobs)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	for (struct job *job; (job = queue_take(&jobs->waiting));)
		finish_job(jobs, job);
	pthread_cond_broadcast(&jobs->work);
	pthread_mutex_unlock(&jobs->lock);
	for (int i = 0; i < jobs->threads_count; i++)
		pthread_join(jobs->threads[i], NULL);
	deliver(jobs);
	sd_event_source_unref(jobs->wake);
	if (jobs->wake_fd >= 0)
		close(jobs->wake_fd);
	pthread_cond_destroy(&jobs->work);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs->threads);
	free(jobs);
}
