#include "orchestrator/range/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/alloc.h"
#include "orchestrator/range/tree.h"

/* A running container's id is the process id of its controller; the controller's only child is the guest's init. */
pid_t guest_init_pid(virDomainPtr domain)
{
	unsigned controller = virDomainGetID(domain);
	if (controller == (unsigned)-1)
		return -1;
	cleanup_free char *path = xasprintf("/proc/%u/task/%u/children", controller, controller);
	cleanup_free char *children = file_read(path, 4096, NULL);
	long pid = children ? strtol(children, NULL, 10) : 0;
	return pid > 0 ? (pid_t)pid : -1;
}

static int process_file(pid_t pid, const char *name, int flags)
{
	cleanup_free char *path = xasprintf("/proc/%d/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

static bool process_ended(int process)
{
	struct pollfd ended = {.fd = process, .events = POLLIN};
	return poll(&ended, 1, 0) != 0;
}

/* "0 BASE 65536" */
static int read_id_base(pid_t pid, uint32_t *base)
{
	cleanup_free char *path = xasprintf("/proc/%d/uid_map", pid);
	cleanup_free char *map = file_read(path, 256, NULL);
	return map && sscanf(map, " 0 %u 65536", base) == 1 && *base ? 0 : -1;
}

/* No way around this one: everything that enters a guest uses guest->network, and this is the only place that sets it. */
static int check_network(const struct range *range, int network, struct error **err)
{
	struct stat guests, own;
	if (fstat(network, &guests) < 0 || stat("/proc/self/ns/net", &own) < 0)
		return error_set_errno(err, errno, "look at the network namespace");
	if (guests.st_ino == range->host_network || guests.st_ino == own.st_ino)
		return error_set(err, "shares the host's network: refused; take the range down, this must never be");
	return 0;
}

int guest_open_domain(struct range *range, virDomainPtr domain, struct guest *guest, struct error **err)
{
	struct mark mark;
	if (!domain_mark(domain, &mark))
		return error_set(err, "is not one of this installation's guests");
	return guest_open_marked(range, domain, &mark, guest, err);
}

int guest_open_marked(struct range *range, virDomainPtr domain, const struct mark *mark, struct guest *guest, struct error **err)
{
	cleanup_with(guest) struct guest opened = GUEST_CLOSED;
	opened.mark = *mark;
	if (strcmp(mark->site, range->site) != 0)
		return error_set(err, "is not one of this installation's guests");
	opened.init = guest_init_pid(domain);
	if (opened.init < 0)
		return error_set(err, "is not running");
	opened.process = pidfd_open(opened.init, 0);
	opened.network = opened.process < 0 ? -1 : process_file(opened.init, "ns/net", O_RDONLY);
	opened.root = opened.network < 0 ? -1 : process_file(opened.init, "root", O_PATH | O_DIRECTORY);
	/* Its number may have been given to another process before it was opened. */
	if (opened.root < 0 || process_ended(opened.process) || guest_init_pid(domain) != opened.init)
		return error_set(err, "is not running");
	if (check_network(range, opened.network, err) < 0)
		return -1;
	if (read_id_base(opened.init, &opened.id_base) < 0)
		return error_set(err, "has no user ids of its own: refused; take the range down, this must never be");
	*guest = opened;
	opened = GUEST_CLOSED;
	return 0;
}

int guest_open(struct range *range, const struct guest_id *id, struct guest *guest, struct error **err)
{
	struct mark wanted = {.team = id->team};
	snprintf(wanted.site, sizeof wanted.site, "%s", range->site);
	snprintf(wanted.exercise, sizeof wanted.exercise, "%s", id->exercise);
	snprintf(wanted.name, sizeof wanted.name, "%s", id->host);
	cleanup_free char *name = mark_object_name(&wanted);
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	cleanup_with(domain) virDomainPtr domain = virDomainLookupByName(connection, name);
	int result = domain ? guest_open_domain(range, domain, guest, err) : error_set(err, "is not running");
	range_connection_give(range, connection);
	return result < 0 ? error_prefix(err, "team %d: host '%s'", id->team, id->host) : 0;
}

static void close_held(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void guest_release(struct guest *guest)
{
	close_held(&guest->process);
	close_held(&guest->root);
}

void guest_close(struct guest *guest)
{
	guest_release(guest);
	close_held(&guest->network);
	*guest = GUEST_CLOSED;
}

int guest_file_open(const struct guest *guest, const char *path, int flags)
{
	/* Not beyond its root by any link, no magic links of its /proc, no waiting on a FIFO. */
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY)),
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	return (int)syscall(SYS_openat2, guest->root, path, &how, sizeof how);
}

bool guest_is_ready(const struct guest *guest)
{
	cleanup_close int fd = guest_file_open(guest, "/run/toride/ready", O_PATH | O_NOFOLLOW);
	return fd >= 0;
}

bool guest_has_ended(const struct guest *guest)
{
	return process_ended(guest->process);
}
