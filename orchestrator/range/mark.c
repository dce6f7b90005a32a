#include "orchestrator/range/mark.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

static void hash_hex(const char *text, char *hex, size_t digits)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char all[2 * sizeof hash + 1];
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(all, sizeof all, hash, sizeof hash);
	memcpy(hex, all, digits);
	hex[digits] = '\0';
}

void mark_text(const struct mark *mark, char text[MARK_TEXT_MAX])
{
	snprintf(text, MARK_TEXT_MAX, "toride1 %.8s %.8s %.24s t%d %.24s %.32s b%d", mark->site, resource_kind_names[mark->kind],
		 mark->exercise, mark->team, mark->name, mark->digest, mark->block);
}

bool mark_parse(const char *text, struct mark *mark)
{
	char kind[9] = "";
	struct mark found = {0};
	int end = 0;
	int fields = sscanf(text, "toride1 %8[0-9a-f] %8[a-z] %24[a-z0-9-] t%d %24[a-z0-9-] %32[0-9a-f] b%d%n", found.site, kind,
			    found.exercise, &found.team, found.name, found.digest, &found.block, &end);
	if (fields != 7 || (text[end] && text[end] != '\n'))
		return false;
	for (int i = 0; i < RESOURCE_KINDS; i++)
		if (strcmp(resource_kind_names[i], kind) == 0) {
			found.kind = (enum resource_kind)i;
			*mark = found;
			return true;
		}
	return false;
}

char *mark_object_name(const struct mark *mark)
{
	return xasprintf("toride-%s-t%d-%s-%s", mark->exercise, mark->team, mark->name, mark->site);
}

void mark_uuid(const struct mark *mark, unsigned char uuid[MARK_UUID_BYTES])
{
	char text[MARK_TEXT_MAX];
	mark_text(mark, text);
	crypto_generichash(uuid, MARK_UUID_BYTES, (const unsigned char *)text, strlen(text), NULL, 0);
	uuid[6] = (unsigned char)(0x80 | (uuid[6] & 0x0f)); /* version 8: by a rule of one's own */
	uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3f)); /* the RFC's variant */
}

void mark_index_add(struct mark_index *index, const struct mark *mark)
{
	struct mark_index_entry *entry = array_add(&index->entries, &index->count);
	mark_uuid(mark, entry->uuid);
	entry->mark = mark;
}

static int compare_uuids(const void *left, const void *right)
{
	const struct mark_index_entry *a = left, *b = right;
	return memcmp(a->uuid, b->uuid, MARK_UUID_BYTES);
}

void mark_index_sort(struct mark_index *index)
{
	if (index->count)
		qsort(index->entries, index->count, sizeof *index->entries, compare_uuids);
}

const struct mark *mark_index_get(const struct mark_index *index, const unsigned char uuid[MARK_UUID_BYTES])
{
	struct mark_index_entry wanted;
	memcpy(wanted.uuid, uuid, MARK_UUID_BYTES);
	const struct mark_index_entry *found =
		index->count ? bsearch(&wanted, index->entries, index->count, sizeof wanted, compare_uuids) : NULL;
	return found ? found->mark : NULL;
}

void mark_index_finish(struct mark_index *index)
{
	free(index->entries);
	*index = (struct mark_index){0};
}

static void interface_name(const char *exercise, const char *site, const char *rest, char name[IFNAME_MAX])
{
	cleanup_free char *owner = xasprintf("%s %s", site, exercise);
	cleanup_free char *whole = xasprintf("%s %s", owner, rest);
	char owner_hex[7], rest_hex[8];
	hash_hex(owner, owner_hex, 6);
	hash_hex(whole, rest_hex, 7);
	snprintf(name, IFNAME_MAX, "td%s%s", owner_hex, rest_hex);
}

void mark_bridge_name(const struct mark *mark, char name[IFNAME_MAX])
{
	cleanup_free char *rest = xasprintf("bridge t%d %s", mark->team, mark->name);
	interface_name(mark->exercise, mark->site, rest, name);
}

void mark_port_name(const struct mark *mark, int nic, char name[IFNAME_MAX])
{
	cleanup_free char *rest = xasprintf("port t%d %s %d", mark->team, mark->name, nic);
	interface_name(mark->exercise, mark->site, rest, name);
}

void mark_bridge_address(const char *name, unsigned char address[6])
{
	cleanup_free char *text = xasprintf("toride bridge %s", name);
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	memcpy(address, hash, 6);
	address[0] = 0x02; /* locally administered, for one station */
}

bool mark_bridge_of_exercise(const char *name, const char *site, const char *exercise)
{
	char ours[IFNAME_MAX];
	interface_name(exercise, site, "", ours);
	return strlen(name) == IFNAME_MAX - 1 && strncmp(name, ours, 8) == 0;
}

void mark_site(const char *state_dir, char site[9])
{
	cleanup_free char *resolved = realpath(state_dir, NULL);
	hash_hex(resolved ? resolved : state_dir, site, 8);
}
