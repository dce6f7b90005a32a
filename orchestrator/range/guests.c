/* Guests: a transient libvirt domain on a disk, its limit on processes, and the wait until its services are up. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/cgroup.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/plug.h"
#include "orchestrator/range/shape.h"
#include "orchestrator/range/secret.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/watch.h"
#include "orchestrator/range/xml.h"

#define HOLD ".toride-hold"

enum { GUEST_LOG_BYTES = 600 };

static int define_nics(const struct work *work, struct guest_definition *definition, struct error **err)
{
	cleanup_json json_t *facts = json_loads(work->resource->told->facts, 0, NULL);
	size_t i;
	json_t *nic;
	json_array_foreach (json_object_get(facts, "nics"), i, nic) {
		const char *device, *network, *mac;
		if (i == GUEST_NICS_MAX)
			return error_set(err, "over %d interfaces", GUEST_NICS_MAX);
		if (json_unpack(nic, "{s:s, s:s, s:s}", "device", &device, "network", &network, "mac", &mac) < 0)
			return error_set(err, "interface %zu of its facts has no device, network or mac", i);
		struct mark network_mark = work->mark;
		network_mark.kind = RESOURCE_NETWORK;
		snprintf(network_mark.name, sizeof network_mark.name, "%s", network);
		struct nic_definition *made = &definition->nics[definition->nics_count++];
		*made = (struct nic_definition){
			.network = mark_object_name(&network_mark), .mac = xstrdup(mac), .device = xstrdup(device)};
		mark_port_name(&work->mark, (int)i, made->port);
	}
	return 0;
}

static int define(const struct work *work, struct guest_definition *definition, struct error **err)
{
	cleanup_free char *folder = range_disk_folder(work->range, work->mark.exercise, work->mark.team, work->mark.name);
	*definition = (struct guest_definition){.mark = work->mark,
						.root = xasprintf("%s/root", folder),
						.id_base = work_id_base(work),
						.memory_bytes = work->resource->host->memory_bytes};
	return define_nics(work, definition, err);
}

CLEANUP_DEFINE(definition, struct guest_definition, guest_definition_finish(held));

/* The guest's root may have put a link, or a folder with something in it, in the place of our file. */
static int take_away(const char *path, struct error **err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? tree_remove(path, err) : file_error(err, errno, "remove", path);
}

/* libvirt puts ports on their bridges, and up, before anybody can say how they shall be. So process 1 (orchestrator/guest/init.c) takes no interface up
 * while this file is there: when we die before the ports are right, the guest stays silent, and `up` makes it anew. */
static int hold(const char *root, bool on, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/" HOLD, root);
	if (take_away(path, err) < 0)
		return -1;
	cleanup_close int fd = on ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	return on && fd < 0 ? file_error(err, errno, "make", path) : 0;
}

static int set_ports(const struct work *work, const struct guest_definition *definition, struct error **err)
{
	const struct nic *nics = work->resource->host->nics;
	char ports[GUEST_NICS_MAX][IFNAME_MAX];
	for (size_t i = 0; i < definition->nics_count; i++) {
		memcpy(ports[i], definition->nics[i].port, IFNAME_MAX);
		if (plug_restore(work->range, &work->mark, nics[i].network->name, ports[i], err) < 0 ||
		    port_learns_nothing(ports[i], definition->nics[i].mac, err) < 0)
			return -1;
	}
	return shape_ports(work->range, nics, definition->nics_count, (const char(*)[IFNAME_MAX])ports, err);
}

/* On its disk, which is mounted. NULL with *err. */
static virDomainPtr start(const struct work *work, virConnectPtr connection, const struct guest_definition *definition,
			  struct error **err)
{
	if (secret_deliver(work, definition->root, definition->id_base, err) < 0 || hold(definition->root, true, err) < 0)
		return NULL;
	cleanup_free char *xml = xml_domain(definition);
	virDomainPtr domain = virDomainCreateXML(connection, xml, 0);
	if (!domain)
		libvirt_error(err, "start");
	else if (set_ports(work, definition, err) < 0 || (!work->is_held && hold(definition->root, false, err) < 0)) {
		virDomainFree(domain);
		domain = NULL;
	}
	return domain;
}

static int guest_create(struct work *work, virConnectPtr connection, struct error **err)
{
	cleanup_with(definition) struct guest_definition definition = {0};
	if (define(work, &definition, err) < 0)
		return -1;
	const struct work *disk = work_need(work, RESOURCE_DISK);
	if (disk_mount(disk, err) < 0)
		return -1;
	cleanup_with(domain) virDomainPtr domain = start(work, connection, &definition, err);
	if (disk_unmount(disk, domain ? err : NULL) < 0 || !domain)
		return -1;
	if (guest_open_marked(work->range, domain, &work->mark, &work->guest, err) < 0 ||
	    cgroup_take_back(work->range->cgroups, work->guest.init, err) < 0 ||
	    cgroup_limit(work->range->cgroups, work->guest.init, &work->mark, work->resource->host->processes, err) < 0)
		return -1;
	watch_add(work->range->watch, &work->mark, domain);
	work->started_ms = monotonic_ms();
	return 0;
}

/* Somebody with a shell may have let it begin himself. What has ended, guest_settle finds. */
static int guest_begin(struct work *work, struct error **err)
{
	if (unlinkat(work->guest.root, HOLD, 0) < 0 && errno != ENOENT && !guest_has_ended(&work->guest))
		return error_set_errno(err, errno, "let it begin");
	work->started_ms = monotonic_ms();
	return 0;
}

/* The end of a log inside the guest. */
static char *guest_log_end(const struct guest *guest, const char *path)
{
	cleanup_close int fd = guest_file_open(guest, path, O_RDONLY);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	cleanup_free char *text = xcalloc(1, GUEST_LOG_BYTES + 1);
	if (fd < 0 || size <= 0 || pread(fd, text, GUEST_LOG_BYTES, size > GUEST_LOG_BYTES ? size - GUEST_LOG_BYTES : 0) <= 0)
		return xstrdup("");
	return xasprintf("\n%s: %s", path, text);
}

static enum settled guest_settle(struct work *work, struct error **err)
{
	if (guest_is_ready(&work->guest)) {
		guest_release(&work->guest);
		return SETTLE_DONE;
	}
	bool ended = guest_has_ended(&work->guest);
	if (!ended && monotonic_ms() - work->started_ms < RANGE_READY_TIMEOUT_MS)
		return SETTLE_NOT_YET;
	cleanup_free char *start = guest_log_end(&work->guest, "/run/toride/start.log");
	cleanup_free char *services = guest_log_end(&work->guest, "/run/toride/services.log");
	if (ended)
		error_set(err, "ended while it was starting; see its log in /var/log/libvirt/lxc");
	else
		error_set(err,
			  "its services were not up in %d s; the role's start or a service does not end or keeps failing%s%s",
			  RANGE_READY_TIMEOUT_MS / 1000, start, services);
	guest_close(&work->guest);
	return SETTLE_FAILED;
}

/* Spares libvirt its own slower way of ending every process. By what is held open, not by a number that may be another process's by now. */
static void end_init(struct range *range, virDomainPtr domain, const struct mark *mark)
{
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	if (guest_open_marked(range, domain, mark, &guest, NULL) == 0)
		pidfd_send_signal(guest.process, SIGKILL, NULL, 0);
}

static int guest_destroy(struct range *range, virConnectPtr connection, const struct found *found, struct error **err)
{
	struct mark is;
	cleanup_free char *name = mark_object_name(&found->mark);
	cleanup_with(domain) virDomainPtr domain = virDomainLookupByName(connection, name);
	watch_remove(range->watch, &found->mark);
	if (domain && domain_mark(domain, &is) && strcmp(is.site, range->site) == 0) {
		end_init(range, domain, &is);
		if (virDomainDestroy(domain) < 0 && virDomainIsActive(domain) == 1)
			return libvirt_error(err, "stop");
	}
	cgroup_remove(range->cgroups, &found->mark);
	return 0;
}

/* It stays what it was made as, whatever has become of its role's folder since: so nothing but `up` takes such a change. */
static void keep_digest(struct work *work, virConnectPtr connection)
{
	struct mark is;
	cleanup_free char *name = mark_object_name(&work->mark);
	cleanup_with(domain) virDomainPtr domain = virDomainLookupByName(connection, name);
	if (domain && domain_mark(domain, &is) && strcmp(is.site, work->mark.site) == 0)
		memcpy(work->mark.digest, is.digest, sizeof is.digest);
}

int guest_reset(struct work *work, virConnectPtr connection, struct error **err)
{
	const struct found found = {.mark = work->mark};
	keep_digest(work, connection);
	if (guest_destroy(work->range, connection, &found, err) < 0 || disk_reset(work_need(work, RESOURCE_DISK), err) < 0)
		return -1;
	return guest_create(work, connection, err);
}

const struct kind kind_guest = {
	.create = guest_create,
	.begin = guest_begin,
	.settle = guest_settle,
	.destroy = guest_destroy,
};
