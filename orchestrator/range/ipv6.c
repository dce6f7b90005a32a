#include "orchestrator/range/ipv6.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/tree.h"

/* Sets the default for new interfaces, too. */
#define ALL_INTERFACES "/proc/sys/net/ipv6/conf/all/disable_ipv6"

struct guests {
	const struct work *works;
	size_t count;
	const struct work *failed; /* NULL: none */
	int failure;
};

/* A guest that was there already has been through this: else it would not count as ready (found.c). */
static bool is_new(const struct work *work)
{
	return work->guest.network >= 0;
}

/* /proc/sys/net is that of the thread's own network. */
static int switch_off(const struct work *work)
{
	struct stat now_in;
	if (setns(work->guest.network, CLONE_NEWNET) < 0)
		return errno;
	if (stat("/proc/thread-self/ns/net", &now_in) < 0 || now_in.st_ino == work->range->host_network)
		return EPERM;
	cleanup_close int fd = open(ALL_INTERFACES, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : errno; /* a kernel without IPv6 */
	return write(fd, "1", 1) == 1 ? 0 : errno;
}

/* A thread of its own, which ends here: nothing else runs in a guest's network. */
static void *switch_off_all(void *context)
{
	struct guests *guests = context;
	for (size_t i = 0; i < guests->count && !guests->failed; i++)
		if (is_new(&guests->works[i]) && (guests->failure = switch_off(&guests->works[i])))
			guests->failed = &guests->works[i];
	return NULL;
}

static int guests_off(const struct work *works, size_t count, struct error **err)
{
	struct guests guests = {.works = works, .count = count};
	pthread_t thread;
	int failure = pthread_create(&thread, NULL, switch_off_all, &guests);
	if (failure)
		return error_set_errno(err, failure, "start a thread");
	pthread_join(thread, NULL);
	if (!guests.failed)
		return 0;
	return error_set_errno(err, guests.failure, "team %d: guest '%s': take IPv6 off", guests.failed->mark.team,
			       guests.failed->mark.name);
}

int ipv6_off(const struct work *works, size_t count, struct error **err)
{
	char port[IFNAME_MAX];
	for (size_t i = 0; i < count; i++)
		for (size_t nic = 0; is_new(&works[i]) && nic < works[i].resource->host->nics_count; nic++) {
			mark_port_name(&works[i].mark, (int)nic, port);
			if (interface_without_ipv6(port, err) < 0)
				return -1;
		}
	return guests_off(works, count, err);
}

bool ipv6_is_off(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/net/if_inet6", pid);
	cleanup_free char *addresses = file_read(path, 64, NULL);
	return !addresses || !*addresses;
}
