#include "orchestrator/range/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/tree.h"

enum { MOVE_ROUNDS_MAX = 200, KILL_ROUNDS_MAX = 500, PROC_TEXT_MAX = 1 << 20 };

/* ---- where control groups are mounted ---- */

struct cgroups {
	struct hierarchy {
		char *controllers; /* ",rw,cpu,cpuacct," of v1; "" of v2 */
		char *place;
	} * items;
	size_t count;
};

static void add_hierarchy(struct cgroups *cgroups, const char *line)
{
	char root[1024], place[1024], type[32], options[512] = "";
	const char *rest = strstr(line, " - ");
	if (!rest || sscanf(line, "%*s %*s %*s %1023s %1023s", root, place) != 2 ||
	    sscanf(rest, " - %31s %*s %511s", type, options) < 1 || strcmp(root, "/") != 0)
		return;
	const bool v2 = strcmp(type, "cgroup2") == 0;
	if (!v2 && strcmp(type, "cgroup") != 0)
		return;
	*array_add(&cgroups->items, &cgroups->count) =
		(struct hierarchy){.controllers = v2 ? xstrdup("") : xasprintf(",%s,", options), .place = xstrdup(place)};
}

struct cgroups *cgroups_create(void)
{
	struct cgroups *cgroups = xcalloc(1, sizeof *cgroups);
	cleanup_file FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	while (mounts && fgets(line, sizeof line, mounts))
		add_hierarchy(cgroups, line);
	return cgroups;
}

void cgroups_destroy(struct cgroups *cgroups)
{
	for (size_t i = 0; cgroups && i < cgroups->count; i++) {
		free(cgroups->items[i].controllers);
		free(cgroups->items[i].place);
	}
	free(cgroups ? cgroups->items : NULL);
	free(cgroups);
}

/* Mount point of the v1 controller, or of v2 for ""; NULL: none. */
static const char *place_of(const struct cgroups *cgroups, const char *controller)
{
	cleanup_free char *wanted = *controller ? xasprintf(",%s,", controller) : xstrdup("");
	for (size_t i = 0; i < cgroups->count; i++) {
		const char *controllers = cgroups->items[i].controllers;
		if (*wanted ? strstr(controllers, wanted) != NULL : !*controllers)
			return cgroups->items[i].place;
	}
	return NULL;
}

/* Calls `visit` with the folder of each group (other than a root) that the process is in; *controllers is "" for v2. */
typedef void group_visit(const char *controllers, const char *folder, void *context);
static void groups_each(const struct cgroups *cgroups, pid_t pid, group_visit *visit, void *context)
{
	cleanup_free char *path = xasprintf("/proc/%d/cgroup", pid);
	cleanup_free char *text = file_read(path, 65536, NULL);
	for (char *save = NULL, *line = strtok_r(text ? text : (char[]){""}, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group || strcmp(group, ":/") == 0)
			continue;
		*group = '\0';
		cleanup_free char *first = xstrndup(controllers + 1, strcspn(controllers + 1, ","));
		const char *place = place_of(cgroups, first);
		cleanup_free char *folder = place ? xasprintf("%s%s", place, group + 1) : NULL;
		if (folder)
			visit(controllers + 1, folder, context);
	}
}

struct search {
	const char *controller;
	char *folder;
};

static void compare_group(const char *controllers, const char *folder, void *context)
{
	struct search *search = context;
	cleanup_free char *list = xasprintf(",%s,", controllers);
	cleanup_free char *wanted = xasprintf(",%s,", search->controller);
	if (!search->folder && strstr(list, wanted))
		search->folder = xstrdup(folder);
}

/* The process's group of that v1 controller, or of v2 for "". Caller frees. */
static char *group_of(const struct cgroups *cgroups, pid_t pid, const char *controller)
{
	struct search search = {.controller = controller};
	groups_each(cgroups, pid, compare_group, &search);
	return search.folder;
}

static char *exercise_folder(const struct cgroups *cgroups, const char *site, const char *exercise)
{
	const char *pids = place_of(cgroups, "pids");
	return pids ? xasprintf("%s/toride/%s/%s", pids, site, exercise) : NULL;
}

/* v1: our own group of the guest. NULL: the host has v2. */
static char *own_folder(const struct cgroups *cgroups, const struct mark *mark)
{
	cleanup_free char *exercise = exercise_folder(cgroups, mark->site, mark->exercise);
	return exercise ? xasprintf("%s/t%d-%s", exercise, mark->team, mark->name) : NULL;
}

/* v2: the guest's group that can limit processes. It, or one of the two above it when libvirt put a group between; never beyond
 * the guest's own scope. */
static char *unified_folder(const struct cgroups *cgroups, pid_t init)
{
	char *folder = group_of(cgroups, init, "");
	for (int up = 0; folder && up < 3 && strstr(folder, "lxc"); up++) {
		cleanup_free char *limit = xasprintf("%s/pids.max", folder);
		if (access(limit, W_OK) == 0)
			return folder;
		*strrchr(folder, '/') = '\0';
	}
	free(folder);
	return NULL;
}

/* ---- reading and writing ---- */

static int put(const char *folder, const char *file, long long value)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, file);
	cleanup_free char *text = xasprintf("%lld", value);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) >= 0 ? 0 : errno;
}

static int64_t number_in(const char *folder, const char *file)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, file);
	cleanup_free char *text = file_read(path, 64, NULL);
	return text ? strtoll(text, NULL, 10) : 0;
}

/* Calls `each` for every process in the group; returns how many there were. */
static int members_each(const char *folder, void (*each)(pid_t pid, const char *target), const char *target)
{
	cleanup_free char *path = xasprintf("%s/cgroup.procs", folder);
	cleanup_free char *text = file_read(path, PROC_TEXT_MAX, NULL);
	int count = 0;
	for (char *next = text; next && *next; count++) {
		pid_t pid = (pid_t)strtol(next, &next, 10);
		next += *next == '\n';
		if (pid > 0)
			each(pid, target);
	}
	return count;
}

static void move(pid_t pid, const char *target)
{
	put(target, "cgroup.procs", pid);
}

static void end(pid_t pid, const char *target)
{
	(void)target;
	kill(pid, SIGKILL);
}

/* ---- the limit ---- */

struct taking {
	struct error **err;
	int result;
};

static void take_group(const char *controllers, const char *folder, void *context)
{
	(void)controllers;
	struct taking *taking = context;
	struct stat info;
	if (taking->result < 0 || stat(folder, &info) < 0 || info.st_uid == 0)
		return;
	cleanup_dir DIR *files = opendir(folder);
	for (const struct dirent *file; files && (file = readdir(files));)
		if (taking->result == 0 && strcmp(file->d_name, "..") != 0 &&
		    fchownat(dirfd(files), file->d_name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
			taking->result = error_set_errno(taking->err, errno, "take back '%s/%s'", folder, file->d_name);
}

int cgroup_take_back(const struct cgroups *cgroups, pid_t init, struct error **err)
{
	struct taking taking = {.err = err};
	groups_each(cgroups, init, take_group, &taking);
	return taking.result;
}

static int move_all(const struct cgroups *cgroups, pid_t init, const char *folder, struct error **err)
{
	cleanup_free char *memory = group_of(cgroups, init, "memory");
	if (!memory)
		return error_set(err, "the guest has no memory group: does libvirt use the host's control groups?");
	/* A process that forks while its group is read may be missed; so until two readings find the same. */
	for (int round = 0, before = -1; round < MOVE_ROUNDS_MAX; round++) {
		cleanup_free char *own = group_of(cgroups, init, "pids");
		int members = members_each(memory, move, folder);
		if (members == before && own && strcmp(own, folder) == 0)
			return 0;
		before = members;
	}
	return error_set(err, "the guest makes processes faster than they can be put under a limit");
}

/* libvirt's controller of the container shares its groups; it counts, but is never in the way. */
int cgroup_limit(const struct cgroups *cgroups, pid_t init, const struct mark *mark, int processes, struct error **err)
{
	cleanup_free char *own = own_folder(cgroups, mark);
	cleanup_free char *folder = own ? xstrdup(own) : unified_folder(cgroups, init);
	if (!folder)
		return error_set(err, "process limit: this host has no pids controller; run `toride doctor --fix`");
	if (own && make_folders(own, 0755, err) < 0)
		return -1;
	int failure = put(folder, "pids.max", processes);
	if (failure)
		return error_set_errno(err, failure, "process limit: '%s/pids.max'", folder);
	return own ? move_all(cgroups, init, own, err) : 0;
}

bool cgroup_is_limited(const struct cgroups *cgroups, pid_t init, const struct mark *mark)
{
	cleanup_free char *own = own_folder(cgroups, mark);
	cleanup_free char *is = own ? group_of(cgroups, init, "pids") : unified_folder(cgroups, init);
	return is && (!own || strcmp(own, is) == 0) && number_in(is, "pids.max") > 0;
}

/* Groups are empty but for groups; a process that is just ending keeps one busy for a moment. */
static void remove_group(const char *folder)
{
	cleanup_dir DIR *groups = opendir(folder);
	for (const struct dirent *entry; groups && (entry = readdir(groups));) {
		cleanup_free char *below = xasprintf("%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			remove_group(below);
	}
	for (int round = 0; rmdir(folder) < 0 && errno == EBUSY && round < 100; round++)
		usleep(5000);
}

void cgroup_remove(const struct cgroups *cgroups, const struct mark *mark)
{
	cleanup_free char *own = own_folder(cgroups, mark);
	if (own)
		remove_group(own);
}

void cgroup_remove_exercise(const struct cgroups *cgroups, const char *site, const char *exercise)
{
	cleanup_free char *folder = exercise_folder(cgroups, site, exercise);
	if (!folder)
		return;
	remove_group(folder);
	/* The site's and our own top group go with their last exercise. */
	for (int up = 0; up < 2; up++) {
		*strrchr(folder, '/') = '\0';
		if (rmdir(folder) < 0)
			return;
	}
}

/* The number behind `key` in memory.stat. */
static int64_t memory_stat(const char *folder, const char *key)
{
	cleanup_free char *path = xasprintf("%s/memory.stat", folder);
	cleanup_free char *text = file_read(path, 65536, NULL);
	cleanup_free char *line = xasprintf("\n%s ", key);
	const char *found = text ? strstr(text, line) : NULL;
	return found ? strtoll(found + strlen(line), NULL, 10) : 0;
}

/* Without the pages of files, which the kernel takes back whenever it wants: they belong to whoever read a shared image first. */
static int64_t memory_in_use(const struct cgroups *cgroups, pid_t init, const char *unified)
{
	cleanup_free char *memory = group_of(cgroups, init, "memory");
	int64_t usage = memory ? number_in(memory, "memory.usage_in_bytes") : unified ? number_in(unified, "memory.current") : 0;
	int64_t files = memory	  ? memory_stat(memory, "total_inactive_file") + memory_stat(memory, "total_active_file")
			: unified ? memory_stat(unified, "inactive_file") + memory_stat(unified, "active_file")
				  : 0;
	return usage > files ? usage - files : 0;
}

void cgroup_usage(const struct cgroups *cgroups, pid_t init, const struct mark *mark, int64_t *memory_bytes, int64_t *processes)
{
	cleanup_free char *own = own_folder(cgroups, mark);
	cleanup_free char *folder = own ? xstrdup(own) : unified_folder(cgroups, init);
	*processes = folder ? number_in(folder, "pids.current") : 0;
	*memory_bytes = memory_in_use(cgroups, init, folder);
}

/* ---- groups of an exec ---- */

static int join_open(struct cgroup_session *session, const char *folder, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/cgroup.procs", folder);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "'%s'", path);
	if (session->joins_count == CGROUP_JOINS_MAX) {
		close(fd);
		return error_set(err, "over %d control groups", CGROUP_JOINS_MAX);
	}
	session->joins[session->joins_count++] = fd;
	return 0;
}

struct joining {
	struct cgroup_session *session;
	struct error **err;
	bool unified;
	int result;
};

static void join_group(const char *controllers, const char *folder, void *context)
{
	struct joining *joining = context;
	/* The group of `pids` (v1), or the only one (v2), is joined through the exec's own group below it. */
	bool own = joining->unified ? !*controllers : strcmp(controllers, "pids") == 0;
	if (joining->result == 0 && !own)
		joining->result = join_open(joining->session, folder, joining->err);
}

int cgroup_session_create(const struct cgroups *cgroups, pid_t init, const struct mark *mark, bool own_group,
			  struct cgroup_session *session, struct error **err)
{
	static atomic_uint serial;
	*session = (struct cgroup_session){0};
	cleanup_free char *own = own_folder(cgroups, mark);
	cleanup_free char *parent = own ? xstrdup(own) : group_of(cgroups, init, "");
	if (!parent)
		return error_set(err, "the guest has no control group");
	cleanup_free char *folder = xasprintf("%s/toride-exec-%d-%u", parent, getpid(), atomic_fetch_add(&serial, 1));
	if (own_group && mkdir(folder, 0755) < 0)
		return error_set_errno(err, errno, "control group '%s'", folder);
	if (own_group)
		session->folder = steal(&folder);
	struct joining joining = {.session = session, .err = err, .unified = !own};
	joining.result = join_open(session, own_group ? session->folder : parent, err);
	groups_each(cgroups, init, join_group, &joining);
	if (joining.result < 0)
		cgroup_session_finish(session);
	return joining.result;
}

void cgroup_session_kill(const struct cgroup_session *session)
{
	if (put(session->folder, "cgroup.kill", 1) == 0) /* v2 */
		return;
	put(session->folder, "pids.max", 0); /* no new ones meanwhile */
	for (int round = 0; members_each(session->folder, end, NULL) > 0 && round < KILL_ROUNDS_MAX; round++)
		usleep(1000);
}

void cgroup_session_finish(struct cgroup_session *session)
{
	for (size_t i = 0; i < session->joins_count; i++)
		close(session->joins[i]);
	session->joins_count = 0;
	cleanup_free char *folder = steal(&session->folder);
	if (!folder)
		return;
	cleanup_free char *parent = xstrndup(folder, (size_t)(strrchr(folder, '/') - folder));
	for (int round = 0; rmdir(folder) < 0 && errno == EBUSY && round < MOVE_ROUNDS_MAX; round++)
		if (members_each(folder, move, parent) == 0)
			usleep(1000);
}
