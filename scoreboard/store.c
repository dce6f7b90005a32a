#include "scoreboard/store.h"

#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scoreboard/limits.h"
#include "scoreboard/reply.h"

const char *const view_kind_names[] = {[VIEW_BOARD] = "board", [VIEW_TEAM] = "team", [VIEW_INSTRUCTOR] = "instructor", NULL};

struct entry {
	char name[BOARD_NAME_MAX_BYTES + 1];
	struct shown board, instructor, teams[BOARD_TEAMS_MAX]; /* teams[0] is team 1 */
};

struct store {
	struct entry *entries[BOARD_EXERCISES_MAX];
	size_t count;
	struct shown list;
	uint64_t serial;
};

struct text *text_ref(struct text *text)
{
	__atomic_add_fetch(&text->references, 1, __ATOMIC_RELAXED);
	return text;
}

void text_unref(struct text *text)
{
	if (text && __atomic_sub_fetch(&text->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(text);
}

static void text_release(void *text) /* as libmicrohttpd wants it */
{
	text_unref(text);
}

int view_kind_of(const char *name)
{
	for (int kind = 0; name && view_kind_names[kind]; kind++)
		if (strcmp(view_kind_names[kind], name) == 0)
			return kind;
	return -1;
}

bool store_name_valid(const char *name)
{
	size_t length = name ? strlen(name) : 0;
	return length > 0 && length <= BOARD_NAME_MAX_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static void shown_clear(struct shown *shown)
{
	if (shown->full)
		MHD_destroy_response(shown->full);
	if (shown->unchanged)
		MHD_destroy_response(shown->unchanged);
	text_unref(shown->event);
	*shown = (struct shown){0};
}

/* FNV-1a, 64 bits: tells versions apart after an orchestrator's restart has begun to count anew. */
static uint64_t digest(const char *bytes, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return hash;
}

static struct MHD_Response *with_headers(struct MHD_Response *response, const char *etag)
{
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	return reply_secure(response);
}

/* One text serves both ways: the JSON body is a part of the event's. */
static void shown_set(struct store *store, struct shown *shown, json_int_t version, const json_t *data)
{
	cleanup_free char *json = json_dumps(data, JSON_COMPACT);
	if (!json)
		return;
	char head[64];
	size_t head_length = (size_t)snprintf(head, sizeof head, "event: view\nid: %lld\ndata: ", (long long)version);
	size_t length = strlen(json);
	struct text *text = xcalloc(1, sizeof *text + head_length + length + 3);
	text->references = 1;
	text->length = head_length + length + 2;
	memcpy(text->bytes, head, head_length);
	memcpy(text->bytes + head_length, json, length);
	memcpy(text->bytes + head_length + length, "\n\n", 2);

	shown_clear(shown);
	shown->event = text;
	shown->serial = ++store->serial;
	snprintf(shown->etag, sizeof shown->etag, "\"%lld-%016llx\"", (long long)version,
		 (unsigned long long)digest(json, length));
	struct MHD_Response *full = MHD_create_response_from_buffer_with_free_callback_cls(length, text->bytes + head_length,
											   text_release, text_ref(text));
	MHD_add_response_header(full, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json; charset=utf-8");
	shown->full = with_headers(full, shown->etag);
	shown->unchanged = with_headers(MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT), shown->etag);
}

static void entry_destroy(struct entry *entry)
{
	shown_clear(&entry->board);
	shown_clear(&entry->instructor);
	for (size_t i = 0; i < BOARD_TEAMS_MAX; i++)
		shown_clear(&entry->teams[i]);
	free(entry);
}

struct store *store_create(void)
{
	struct store *store = xcalloc(1, sizeof *store);
	cleanup_json json_t *none = json_array();
	shown_set(store, &store->list, 0, none);
	return store;
}

void store_destroy(struct store *store)
{
	if (!store)
		return;
	while (store->count > 0)
		entry_destroy(store->entries[--store->count]);
	shown_clear(&store->list);
	free(store);
}

static struct entry *find(const struct store *store, const char *exercise)
{
	for (size_t i = 0; exercise && i < store->count; i++)
		if (strcmp(store->entries[i]->name, exercise) == 0)
			return store->entries[i];
	return NULL;
}

static struct entry *find_or_add(struct store *store, const char *exercise)
{
	struct entry *entry = find(store, exercise);
	if (entry)
		return entry;
	if (!store_name_valid(exercise) || store->count == BOARD_EXERCISES_MAX) {
		log_warning("exercise '%s' is left out: at most %d, with names of a-z, 0-9 and '-'", exercise ? exercise : "",
			    BOARD_EXERCISES_MAX);
		return NULL;
	}
	entry = store->entries[store->count++] = xcalloc(1, sizeof *entry);
	strcpy(entry->name, exercise);
	return entry;
}

bool store_has(const struct store *store, const char *exercise)
{
	return find(store, exercise) != NULL;
}

const char *store_only(const struct store *store)
{
	return store->count == 1 ? store->entries[0]->name : NULL;
}

const struct shown *store_list(const struct store *store)
{
	return &store->list;
}

static struct shown *slot_of(struct entry *entry, enum view_kind kind, int team)
{
	switch (kind) {
	case VIEW_BOARD:
		return &entry->board;
	case VIEW_INSTRUCTOR:
		return &entry->instructor;
	case VIEW_TEAM:
		return team >= 1 && team <= BOARD_TEAMS_MAX ? &entry->teams[team - 1] : NULL;
	}
	return NULL;
}

const struct shown *store_view(const struct store *store, const char *exercise, enum view_kind kind, int team)
{
	struct entry *entry = find(store, exercise);
	struct shown *shown = entry ? slot_of(entry, kind, team) : NULL;
	return shown && shown->serial ? shown : NULL;
}

static bool listed(const json_t *list, const char *name)
{
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item) {
		const char *other = json_string_value(json_object_get(item, "name"));
		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

void store_set_exercises(struct store *store, const json_t *list)
{
	if (!json_is_array(list)) {
		log_warning("the orchestrator's list of exercises is not a list; left out");
		return;
	}
	for (size_t i = store->count; i-- > 0;) {
		if (listed(list, store->entries[i]->name))
			continue;
		entry_destroy(store->entries[i]);
		store->entries[i] = store->entries[--store->count];
	}
	size_t i;
	const json_t *item;
	json_array_foreach (list, i, item)
		find_or_add(store, json_string_value(json_object_get(item, "name")));
	shown_set(store, &store->list, (json_int_t)store->serial, list);
}

void store_set_view(struct store *store, const json_t *message)
{
	const char *exercise = json_string_value(json_object_get(message, "exercise"));
	int kind = view_kind_of(json_string_value(json_object_get(message, "view")));
	const json_t *data = json_object_get(message, "data"), *team = json_object_get(message, "team");
	if (kind < 0 || !json_is_object(data) || !exercise) {
		log_warning("a view from the orchestrator lacks its exercise, kind or data; left out");
		return;
	}
	struct entry *entry = find_or_add(store, exercise);
	struct shown *shown = entry ? slot_of(entry, (enum view_kind)kind, (int)json_integer_value(team)) : NULL;
	if (shown)
		shown_set(store, shown, json_integer_value(json_object_get(message, "version")), data);
	else if (entry)
		log_warning("exercise '%s': a view of team %lld is left out: at most %d teams", exercise,
			    (long long)json_integer_value(team), BOARD_TEAMS_MAX);
}

void store_close(struct store *store, const char *exercise)
{
	for (size_t i = 0; i < store->count; i++) {
		if (strcmp(store->entries[i]->name, exercise) != 0)
			continue;
		entry_destroy(store->entries[i]);
		store->entries[i] = store->entries[--store->count];
		return;
	}
}

void store_drop_view(struct store *store, const char *exercise, enum view_kind kind, int team)
{
	struct entry *entry = find(store, exercise);
	struct shown *shown = entry ? slot_of(entry, kind, team) : NULL;
	if (shown)
		shown_clear(shown);
}
