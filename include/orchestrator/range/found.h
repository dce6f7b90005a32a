/* What an exercise has on this host, found by marks; also what is left of things half made. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_FOUND_H
#define TORIDE_ORCHESTRATOR_RANGE_FOUND_H

#include "orchestrator/range/state.h"

enum {
	PIECE_BRIDGE = 1,
	PIECE_WALL = 2,
	PIECE_LIBVIRT = 4, /* NETWORK */
	PIECE_FOLDER = 1,
	PIECE_MARK = 2,
	PIECE_UPPER = 4, /* DISK */
	PIECE_DOMAIN = 1,
	PIECE_LIMIT = 2,
	PIECE_READY = 4, /* GUEST */
	PIECES_ALL = 7
};

struct found {
	struct mark mark; /* kind, team, name; digest "" when its pieces disagree */
	unsigned pieces;
	char bridge[IFNAME_MAX]; /* NETWORK */
};

struct found_list {
	struct found *items;
	size_t count;
};
void found_list_finish(struct found_list *list);
CLEANUP_DEFINE(found_list, struct found_list, found_list_finish(held));

enum { BLOCK_FIRST_ID = 0x10000000, BLOCK_GUESTS = 2048, BLOCKS_MAX = 30 };

/* Networks, disks and guests of the exercise. `planned`: what is likely to be there; it is found sooner. NULL: nothing. */
int found_collect(struct range *range, virConnectPtr connection, const char *exercise, const struct mark_index *planned,
		  struct found_list *list, struct error **err);
const struct found *found_get(const struct found_list *list, enum resource_kind kind, int team, const char *name);
/* The exercise's block of user ids: what it has, or the lowest that no exercise on this host has. Written into the exercise's
 * folder. */
int block_allocate(struct range *range, virConnectPtr connection, const char *exercise, int *block, struct error **err);

#endif
