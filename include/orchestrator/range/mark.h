/*
 * The mark: what every object of ours carries (domain and network metadata, a bridge's alias, an nftables table's comment, a
 * disk's file), and the names that follow from it. Clean-up goes by marks alone.
 *
 * A domain or network has the UUID that follows from its whole mark (RFC 9562, version 8): one list from libvirt tells which are as
 * planned, and their metadata need not be asked for one by one.
 *
 * As text: "toride1 SITE KIND EXERCISE tTEAM NAME DIGEST bBLOCK", under 128 characters (the limit of an nftables comment).
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_MARK_H
#define TORIDE_ORCHESTRATOR_RANGE_MARK_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "orchestrator/plan.h"

enum { MARK_TEXT_MAX = 128, MARK_NAME_MAX = 24, MARK_UUID_BYTES = 16, IFNAME_MAX = 16 };

struct mark {
	char site[9]; /* of the state directory: two installations on one host leave each other alone */
	enum resource_kind kind;
	char exercise[MARK_NAME_MAX + 1];
	int team;
	char name[MARK_NAME_MAX + 1]; /* of the host or network */
	char digest[33];
	int block; /* GUEST: the exercise's block of user ids */
};

void mark_text(const struct mark *mark, char text[MARK_TEXT_MAX]);
/* False: not a mark of ours. */
bool mark_parse(const char *text, struct mark *mark);

/* Name of the libvirt domain or network: "toride-EXERCISE-tN-NAME-SITE". Caller frees. */
char *mark_object_name(const struct mark *mark);
void mark_uuid(const struct mark *mark, unsigned char uuid[MARK_UUID_BYTES]);

/* Marks by their UUIDs. The marks are the caller's and outlive it. */
struct mark_index {
	struct mark_index_entry {
		unsigned char uuid[MARK_UUID_BYTES];
		const struct mark *mark;
	} * entries;
	size_t count;
};
void mark_index_add(struct mark_index *index, const struct mark *mark);
void mark_index_sort(struct mark_index *index); /* once, after the last mark and before the first question */
const struct mark *mark_index_get(const struct mark_index *index, const unsigned char uuid[MARK_UUID_BYTES]); /* NULL: none */
void mark_index_finish(struct mark_index *index);
CLEANUP_DEFINE(mark_index, struct mark_index, mark_index_finish(held));

/*
 * Interfaces: "td" + 6 hex digits of site and exercise + 7 of the rest. A bridge is made with a hardware address that follows
 * from its name: so one that was made but not marked yet, when we were killed, is still known as ours (and as of which exercise).
 */
void mark_bridge_name(const struct mark *mark, char name[IFNAME_MAX]);
void mark_port_name(const struct mark *mark, int nic, char name[IFNAME_MAX]);
void mark_bridge_address(const char *name, unsigned char address[6]);
bool mark_bridge_of_exercise(const char *name, const char *site, const char *exercise);

void mark_site(const char *state_dir, char site[9]);

#endif
