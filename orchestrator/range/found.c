#include "orchestrator/range/found.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/alloc.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/cgroup.h"
#include "orchestrator/range/guest.h"
#include "orchestrator/range/ipv6.h"
#include "orchestrator/range/tree.h"

void found_list_finish(struct found_list *list)
{
	free(list->items);
	*list = (struct found_list){0};
}

const struct found *found_get(const struct found_list *list, enum resource_kind kind, int team, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct mark *mark = &list->items[i].mark;
		if (mark->kind == kind && mark->team == team && strcmp(mark->name, name) == 0)
			return &list->items[i];
	}
	return NULL;
}

struct collecting {
	struct range *range;
	const char *exercise;
	struct found_list *list;
};

/* Notes that a piece is there. Pieces that disagree about what they are parts of have no digest: the thing matches no plan. */
static struct found *add_piece(struct collecting *collecting, const struct mark *mark, unsigned piece)
{
	struct found *found = (struct found *)found_get(collecting->list, mark->kind, mark->team, mark->name);
	if (!found) {
		found = array_add(&collecting->list->items, &collecting->list->count);
		found->mark = *mark;
	} else if (strcmp(found->mark.digest, mark->digest) != 0) {
		found->mark.digest[0] = '\0';
	}
	found->pieces |= piece;
	return found;
}

static void add_domain(virDomainPtr domain, const struct mark *mark, void *context)
{
	struct collecting *collecting = context;
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	if (strcmp(mark->exercise, collecting->exercise) != 0)
		return;
	struct found *found = add_piece(collecting, mark, PIECE_DOMAIN);
	if (guest_open_marked(collecting->range, domain, mark, &guest, NULL) < 0)
		return;
	found->pieces |= cgroup_is_limited(collecting->range->cgroups, guest.init, mark) ? PIECE_LIMIT : 0;
	found->pieces |= guest_is_ready(&guest) && ipv6_is_off(guest.init) ? PIECE_READY : 0;
}

static void add_network(virNetworkPtr network, const struct mark *mark, void *context)
{
	(void)network;
	struct collecting *collecting = context;
	if (strcmp(mark->exercise, collecting->exercise) == 0)
		add_piece(collecting, mark, PIECE_LIBVIRT);
}

static void add_bridge(const char *name, const struct mark *mark, bool is_wall, void *context)
{
	struct collecting *collecting = context;
	struct mark unmarked = {.kind = RESOURCE_NETWORK};
	if (mark ? strcmp(mark->exercise, collecting->exercise) != 0
		 : !mark_bridge_of_exercise(name, collecting->range->site, collecting->exercise))
		return;
	snprintf(unmarked.name, sizeof unmarked.name, "%s", name);
	struct found *found = add_piece(collecting, mark ? mark : &unmarked, is_wall ? PIECE_WALL : PIECE_BRIDGE);
	snprintf(found->bridge, sizeof found->bridge, "%s", name);
}

/* A folder below guests/ is ours by its place, whether its mark has been written yet or not. */
static void add_disk(struct collecting *collecting, const char *name)
{
	struct mark mark = {.kind = RESOURCE_DISK}, written;
	if (sscanf(name, "t%d-%24[a-z0-9-]", &mark.team, mark.name) != 2)
		return;
	snprintf(mark.exercise, sizeof mark.exercise, "%s", collecting->exercise);
	snprintf(mark.site, sizeof mark.site, "%s", collecting->range->site);
	cleanup_free char *folder = range_disk_folder(collecting->range, collecting->exercise, mark.team, mark.name);
	cleanup_free char *mark_path = xasprintf("%s/mark", folder);
	cleanup_free char *upper = xasprintf("%s/disk/upper", folder);
	cleanup_free char *text = file_read(mark_path, MARK_TEXT_MAX, NULL);
	unsigned pieces = PIECE_FOLDER | (access(upper, F_OK) == 0 ? PIECE_UPPER : 0);
	if (text && mark_parse(text, &written)) {
		memcpy(mark.digest, written.digest, sizeof mark.digest);
		pieces |= PIECE_MARK;
	}
	add_piece(collecting, &mark, pieces);
}

static void add_disks(struct collecting *collecting)
{
	cleanup_free char *path = range_guests_folder(collecting->range, collecting->exercise);
	cleanup_dir DIR *disks = opendir(path);
	for (const struct dirent *disk; disks && (disk = readdir(disks));)
		add_disk(collecting, disk->d_name);
}

int found_collect(struct range *range, virConnectPtr connection, const char *exercise, const struct mark_index *planned,
		  struct found_list *list, struct error **err)
{
	struct collecting collecting = {.range = range, .exercise = exercise, .list = list};
	if (domains_each(connection, range->site, planned, add_domain, &collecting, err) < 0 ||
	    networks_each(connection, range->site, planned, add_network, &collecting, err) < 0 ||
	    bridge_each(range->site, add_bridge, &collecting, err) < 0)
		return -1;
	add_disks(&collecting);
	return 0;
}

/* ---- blocks of user ids ---- */

struct blocks {
	const char *site, *exercise;
	bool taken[BLOCKS_MAX];
};

static void take_domains(virDomainPtr domain, const struct mark *mark, void *context)
{
	(void)domain;
	struct blocks *blocks = context;
	bool own = strcmp(mark->site, blocks->site) == 0 && strcmp(mark->exercise, blocks->exercise) == 0;
	if (!own && mark->block >= 0 && mark->block < BLOCKS_MAX)
		blocks->taken[mark->block] = true;
}

static int read_block(const struct range *range, const char *exercise)
{
	cleanup_free char *guests = range_guests_folder(range, exercise);
	cleanup_free char *path = xasprintf("%s/block", guests);
	cleanup_free char *text = file_read(path, 16, NULL);
	long block = text ? strtol(text, NULL, 10) : -1;
	return block >= 0 && block < BLOCKS_MAX ? (int)block : -1;
}

static void take_folders(const struct range *range, const char *exercises, struct blocks *blocks)
{
	cleanup_dir DIR *folders = opendir(exercises);
	for (const struct dirent *folder; folders && (folder = readdir(folders));) {
		int block = folder->d_name[0] == '.' ? -1 : read_block(range, folder->d_name);
		if (block >= 0)
			blocks->taken[block] = true;
	}
}

int block_allocate(struct range *range, virConnectPtr connection, const char *exercise, int *block, struct error **err)
{
	cleanup_free char *exercises = xasprintf("%s/exercises", range->state_dir);
	cleanup_free char *guests = range_guests_folder(range, exercise);
	cleanup_free char *path = xasprintf("%s/block", guests);
	struct blocks blocks = {.site = range->site, .exercise = exercise};
	if ((*block = read_block(range, exercise)) >= 0)
		return 0;
	/* Held while one is chosen and written: closed, it is free again. */
	cleanup_close int lock = open(exercises, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return file_error(err, errno, "lock", exercises);
	if (domains_each(connection, NULL, NULL, take_domains, &blocks, err) < 0)
		return -1;
	take_folders(range, exercises, &blocks);
	for (int i = 0; i < BLOCKS_MAX; i++)
		if (!blocks.taken[i]) {
			cleanup_free char *text = xasprintf("%d\n", i);
			*block = i;
			return file_write(path, text, err);
		}
	return error_set(err, "there are %d exercises on this host already; take one down", BLOCKS_MAX);
}
