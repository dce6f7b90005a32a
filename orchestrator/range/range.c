/* The range itself: made, ended, and asked what there is. */
#include "orchestrator/range.h"

#include <curl/curl.h>
#include <errno.h>
#include <libxml/parser.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/alloc.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/cgroup.h"
#include "orchestrator/range/guest.h"
#include "orchestrator/range/plug.h"
#include "orchestrator/range/state.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/watch.h"

/* A descriptor or two for each guest: the usual 1024 are too few for many teams. Programs in guests get the usual limit back
 * (enter.c). */
static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < RANGE_DESCRIPTORS) {
		limit.rlim_cur = limit.rlim_max < RANGE_DESCRIPTORS ? limit.rlim_max : RANGE_DESCRIPTORS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int range_create(const struct range_options *options, struct range **out, struct error **err)
{
	struct stat network;
	if (sodium_init() < 0 || virInitialize() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return error_set(err, "libsodium, libvirt or libcurl cannot be initialised");
	allow_descriptors();
	xmlInitParser(); /* before threads use it */
	/* The thread's own, as at start no thread has gone anywhere else. */
	if (stat("/proc/self/ns/net", &network) < 0)
		return error_set_errno(err, errno, "/proc/self/ns/net");
	if (make_folders(options->state_dir, 0711, err) < 0)
		return -1;
	struct range *range = xcalloc(1, sizeof *range);
	pthread_mutex_init(&range->lock, NULL);
	range->state_dir = realpath(options->state_dir, NULL);
	range->data_dir = xstrdup(options->data_dir);
	range->programs_dir = xstrdup(options->programs_dir);
	range->uri = xstrdup(options->uri ? options->uri : "lxc:///system");
	range->workers = options->workers > 0 ? options->workers : RANGE_WORKERS;
	range->host_network = network.st_ino;
	mark_site(range->state_dir, range->site);
	range->watch = watch_create();
	range->cgroups = cgroups_create();
	*out = range;
	return 0;
}

void range_destroy(struct range *range)
{
	if (!range)
		return;
	watch_destroy(range->watch);
	cgroups_destroy(range->cgroups);
	for (size_t i = 0; i < range->connections_count; i++)
		virConnectClose(range->connections[i]);
	pthread_mutex_destroy(&range->lock);
	free(range->state_dir);
	free(range->data_dir);
	free(range->programs_dir);
	free(range->uri);
	free(range);
}

char *range_exercise_folder(const struct range *range, const char *exercise)
{
	return xasprintf("%s/exercises/%s", range->state_dir, exercise);
}

char *range_guests_folder(const struct range *range, const char *exercise)
{
	return xasprintf("%s/exercises/%s/guests", range->state_dir, exercise);
}

char *range_disk_folder(const struct range *range, const char *exercise, int team, const char *host)
{
	return xasprintf("%s/exercises/%s/guests/t%d-%s", range->state_dir, exercise, team, host);
}

int range_capacity(struct range *range, struct capacity *capacity, struct error **err)
{
	return capacity_read(range->state_dir, capacity, err);
}

/* ---- names of exercises ---- */

struct names {
	const struct range *range;
	char **items;
	size_t count;
};

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return;
	*array_add(&names->items, &names->count) = xstrdup(name);
}

static void add_domain(virDomainPtr domain, const struct mark *mark, void *context)
{
	(void)domain;
	add_name(context, mark->exercise);
}

static void add_network(virNetworkPtr network, const struct mark *mark, void *context)
{
	(void)network;
	add_name(context, mark->exercise);
}

static void add_bridge(const char *name, const struct mark *mark, bool is_wall, void *context)
{
	(void)name, (void)is_wall;
	if (mark)
		add_name(context, mark->exercise);
}

static void add_folders(struct names *names)
{
	cleanup_free char *path = xasprintf("%s/exercises", names->range->state_dir);
	cleanup_dir DIR *exercises = opendir(path);
	for (const struct dirent *entry; exercises && (entry = readdir(exercises));) {
		cleanup_free char *guests = range_guests_folder(names->range, entry->d_name);
		if (entry->d_name[0] != '.' && access(guests, F_OK) == 0)
			add_name(names, entry->d_name);
	}
}

int range_exercises(struct range *range, char ***out, struct error **err)
{
	struct names names = {.range = range};
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	add_folders(&names);
	int result = domains_each(connection, range->site, NULL, add_domain, &names, err);
	if (result == 0)
		result = networks_each(connection, range->site, NULL, add_network, &names, err);
	if (result == 0)
		result = bridge_each(range->site, add_bridge, &names, err);
	range_connection_give(range, connection);
	if (result < 0) {
		for (size_t i = 0; i < names.count; i++)
			free(names.items[i]);
		free(names.items);
		return -1;
	}
	*array_add(&names.items, &names.count) = NULL;
	*out = names.items;
	return 0;
}

/* ---- status ---- */

static json_t *guest_status(const struct range *range, const char *exercise, const struct mark *mark, virDomainPtr domain)
{
	int64_t memory = 0, processes = 0;
	pid_t init = domain ? guest_init_pid(domain) : -1;
	if (init > 0)
		cgroup_usage(range->cgroups, init, mark, &memory, &processes);
	return json_pack("{s:i, s:s, s:s, s:I, s:I, s:o}", "team", mark->team, "host", mark->name, "state",
			 init > 0 ? "running" : "stopped", "memory_bytes", (json_int_t)memory, "pids", (json_int_t)processes,
			 "unplugged", plug_list(range, exercise, mark->team, mark->name));
}

struct status {
	struct range *range;
	const char *exercise;
	json_t *guests;
};

static void add_running(virDomainPtr domain, const struct mark *mark, void *context)
{
	struct status *status = context;
	if (strcmp(mark->exercise, status->exercise) == 0)
		json_array_append_new(status->guests, guest_status(status->range, status->exercise, mark, domain));
}

static bool is_listed(const json_t *guests, int team, const char *host)
{
	size_t i;
	json_t *guest;
	json_array_foreach (guests, i, guest)
		if (json_integer_value(json_object_get(guest, "team")) == team &&
		    strcmp(json_string_value(json_object_get(guest, "host")), host) == 0)
			return true;
	return false;
}

/* A disk without a domain: the guest has been stopped. */
static void add_stopped(const struct range *range, const char *exercise, json_t *guests)
{
	cleanup_free char *path = range_guests_folder(range, exercise);
	cleanup_dir DIR *disks = opendir(path);
	for (const struct dirent *disk; disks && (disk = readdir(disks));) {
		struct mark mark = {0};
		if (sscanf(disk->d_name, "t%d-%24[a-z0-9-]", &mark.team, mark.name) == 2 &&
		    !is_listed(guests, mark.team, mark.name))
			json_array_append_new(guests, guest_status(range, exercise, &mark, NULL));
	}
}

int range_status(struct range *range, const char *exercise, json_t **out, struct error **err)
{
	cleanup_json json_t *guests = json_array();
	struct status status = {.range = range, .exercise = exercise, .guests = guests};
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	int result = domains_each(connection, range->site, NULL, add_running, &status, err);
	range_connection_give(range, connection);
	if (result < 0)
		return -1;
	add_stopped(range, exercise, guests);
	*out = json_pack("{s:O}", "guests", guests);
	return 0;
}
