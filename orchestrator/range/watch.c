#include "orchestrator/range/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>

#include "common/alloc.h"

struct watched {
	struct mark mark;
	int process; /* pidfd of the controller */
};

struct watch {
	pthread_mutex_t lock; /* guests, lost, stopping */
	struct watched *guests;
	size_t guests_count;
	range_lost_fn *lost;
	void *context;
	bool stopping, running;
	int wake;
	pthread_t thread;
};

struct watch *watch_create(void)
{
	struct watch *watch = xcalloc(1, sizeof *watch);
	pthread_mutex_init(&watch->lock, NULL);
	watch->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return watch;
}

static void wake(const struct watch *watch)
{
	const uint64_t one = 1;
	if (write(watch->wake, &one, sizeof one) < 0 && errno != EAGAIN)
		abort(); /* our own descriptor is broken */
}

void watch_destroy(struct watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopping = true;
	bool running = watch->running;
	pthread_mutex_unlock(&watch->lock);
	wake(watch);
	if (running)
		pthread_join(watch->thread, NULL);
	for (size_t i = 0; i < watch->guests_count; i++)
		close(watch->guests[i].process);
	free(watch->guests);
	close(watch->wake);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

/* With the lock held. */
static void forget(struct watch *watch, size_t index)
{
	close(watch->guests[index].process);
	watch->guests[index] = watch->guests[--watch->guests_count];
}

static void forget_mark(struct watch *watch, const struct mark *mark)
{
	for (size_t i = watch->guests_count; i-- > 0;) {
		const struct mark *held = &watch->guests[i].mark;
		if (held->team == mark->team && strcmp(held->name, mark->name) == 0 &&
		    strcmp(held->exercise, mark->exercise) == 0)
			forget(watch, i);
	}
}

void watch_add(struct watch *watch, const struct mark *mark, virDomainPtr domain)
{
	unsigned controller = virDomainGetID(domain);
	int process = controller == (unsigned)-1 ? -1 : pidfd_open((pid_t)controller, 0);
	if (process < 0)
		return;
	pthread_mutex_lock(&watch->lock);
	forget_mark(watch, mark);
	*array_add(&watch->guests, &watch->guests_count) = (struct watched){.mark = *mark, .process = process};
	pthread_mutex_unlock(&watch->lock);
	wake(watch);
}

void watch_remove(struct watch *watch, const struct mark *mark)
{
	pthread_mutex_lock(&watch->lock);
	forget_mark(watch, mark);
	pthread_mutex_unlock(&watch->lock);
	wake(watch);
}

/* Takes one ended guest off the list. */
static bool take_ended(struct watch *watch, struct mark *mark)
{
	bool found = false;
	pthread_mutex_lock(&watch->lock);
	for (size_t i = 0; i < watch->guests_count && !found; i++) {
		struct pollfd ended = {.fd = watch->guests[i].process, .events = POLLIN};
		if (poll(&ended, 1, 0) > 0) {
			*mark = watch->guests[i].mark;
			forget(watch, i);
			found = true;
		}
	}
	pthread_mutex_unlock(&watch->lock);
	return found;
}

static void tell(struct watch *watch)
{
	struct mark mark;
	while (take_ended(watch, &mark)) {
		struct guest_id id = {.exercise = mark.exercise, .team = mark.team, .host = mark.name};
		watch->lost(&id, "the guest's first process has ended", watch->context);
	}
}

/* Duplicates of the descriptors, as the list may change while we wait. */
static struct pollfd *wait_list(struct watch *watch, size_t *count, bool *stopping)
{
	pthread_mutex_lock(&watch->lock);
	*stopping = watch->stopping;
	*count = watch->guests_count + 1;
	struct pollfd *waits = xcalloc(*count, sizeof *waits);
	waits[0] = (struct pollfd){.fd = watch->wake, .events = POLLIN};
	for (size_t i = 0; i < watch->guests_count; i++)
		waits[i + 1] = (struct pollfd){.fd = dup(watch->guests[i].process), .events = POLLIN};
	pthread_mutex_unlock(&watch->lock);
	return waits;
}

static void *watch_guests(void *context)
{
	struct watch *watch = context;
	for (bool stopping = false; !stopping;) {
		size_t count;
		uint64_t woken;
		cleanup_free struct pollfd *waits = wait_list(watch, &count, &stopping);
		if (!stopping && poll(waits, count, -1) > 0 && waits[0].revents && read(watch->wake, &woken, sizeof woken) < 0)
			woken = 0;
		for (size_t i = 1; i < count; i++)
			close(waits[i].fd);
		if (!stopping)
			tell(watch);
	}
	return NULL;
}

static void add_running(virDomainPtr domain, const struct mark *mark, void *context)
{
	watch_add(((struct range *)context)->watch, mark, domain);
}

int range_watch(struct range *range, range_lost_fn *lost, void *context, struct error **err)
{
	struct watch *watch = range->watch;
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	int listed = domains_each(connection, range->site, NULL, add_running, range, err);
	range_connection_give(range, connection);
	if (listed < 0)
		return -1;
	pthread_mutex_lock(&watch->lock);
	int failure = watch->running ? EBUSY : 0;
	if (!failure) {
		watch->lost = lost;
		watch->context = context;
		sigset_t all, before; /* signals are the loop's */
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, &before);
		failure = pthread_create(&watch->thread, NULL, watch_guests, watch);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		watch->running = !failure;
	}
	pthread_mutex_unlock(&watch->lock);
	return failure ? error_set_errno(err, failure, "watch the guests") : 0;
}
