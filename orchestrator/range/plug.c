#include "orchestrator/range/plug.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>

#include "common/alloc.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/tree.h"

/* What is remembered and what the port is change together; else a guest that is just being made could miss a change. */
static pthread_mutex_t plugging = PTHREAD_MUTEX_INITIALIZER;

static char *memory_folder(const struct range *range, const char *exercise)
{
	cleanup_free char *guests = range_guests_folder(range, exercise);
	return xasprintf("%s/unplugged", guests);
}

/* An empty file; no name of a host or network has a dot in it. */
static char *memory_file(const struct range *range, const char *exercise, int team, const char *host, const char *network)
{
	cleanup_free char *folder = memory_folder(range, exercise);
	return xasprintf("%s/t%d.%s.%s", folder, team, host, network);
}

static int remember(const char *file, bool on, struct error **err)
{
	if (on)
		return unlink(file) == 0 || errno == ENOENT ? 0 : file_error(err, errno, "remove", file);
	cleanup_free char *folder = xstrndup(file, (size_t)(strrchr(file, '/') - file));
	if (make_folders(folder, 0711, err) < 0)
		return -1;
	cleanup_close int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? file_error(err, errno, "make", file) : 0;
}

static int plug_nic(struct range *range, const struct mark *guest, int nic, const char *network, bool on, bool *changed,
		    struct error **err)
{
	char port[IFNAME_MAX];
	mark_port_name(guest, nic, port);
	cleanup_free char *file = memory_file(range, guest->exercise, guest->team, guest->name, network);
	const bool was_on = access(file, F_OK) != 0;
	/* Off is remembered before it is so, on after: a guest that should be off is never left on. */
	if (!on && remember(file, on, err) < 0)
		return -1;
	if (interface_switch(port, on, err) < 0)
		return -1;
	*changed |= was_on != on;
	return on ? remember(file, on, err) : 0;
}

int range_plug(struct range *range, const struct plan *plan, int team, const struct host *host, const struct network *network,
	       bool on, bool *changed, struct error **err)
{
	struct mark mark = {.kind = RESOURCE_GUEST, .team = team};
	int result = 0;
	snprintf(mark.site, sizeof mark.site, "%s", range->site);
	snprintf(mark.exercise, sizeof mark.exercise, "%s", plan->exercise);
	snprintf(mark.name, sizeof mark.name, "%s", host->name);
	*changed = false;
	pthread_mutex_lock(&plugging);
	for (size_t i = 0; i < host->nics_count && result == 0; i++)
		if (!network || host->nics[i].network == network)
			result = plug_nic(range, &mark, (int)i, host->nics[i].network->name, on, changed, err);
	pthread_mutex_unlock(&plugging);
	return result < 0 ? error_prefix(err, "team %d: host '%s'", team, host->name) : 0;
}

int plug_restore(struct range *range, const struct mark *guest, const char *network, const char *port, struct error **err)
{
	cleanup_free char *file = memory_file(range, guest->exercise, guest->team, guest->name, network);
	pthread_mutex_lock(&plugging);
	int result = access(file, F_OK) == 0 ? interface_switch(port, false, err) : 0;
	pthread_mutex_unlock(&plugging);
	return result;
}

json_t *plug_list(const struct range *range, const char *exercise, int team, const char *host)
{
	json_t *networks = json_array();
	cleanup_free char *folder = memory_folder(range, exercise);
	cleanup_free char *prefix = xasprintf("t%d.%s.", team, host);
	cleanup_dir DIR *files = opendir(folder);
	for (const struct dirent *file; files && (file = readdir(files));)
		if (strncmp(file->d_name, prefix, strlen(prefix)) == 0)
			json_array_append_new(networks, json_string(file->d_name + strlen(prefix)));
	return networks;
}
