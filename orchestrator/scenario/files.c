/* Files of a scenario: reading with limits, `use`, merging. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

struct file {
	dev_t device;
	ino_t inode;
	const char *name;
	bool open; /* its `use` is being followed: to meet it again is a cycle */
};

static const struct {
	const char *key;
	size_t limit;
} sections[SECTION_COUNT] = {
	[SECTION_NETWORKS] = {"networks", LIMIT_NETWORKS}, [SECTION_HOSTS] = {"hosts", LIMIT_HOSTS},
	[SECTION_FIREWALLS] = {"firewalls", LIMIT_HOSTS},  [SECTION_PEOPLE] = {"people", LIMIT_PEOPLE},
	[SECTION_DESK] = {"desk", LIMIT_CONTACTS},
};

/* ---- bytes ---- */

static int read_all(int fd, const char *name, size_t length, char **text, struct error **err)
{
	cleanup_free char *buffer = xcalloc(length + 1, 1);
	size_t used = 0;
	while (used < length) {
		ssize_t got = read(fd, buffer + used, length - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "read %s", name);
		if (got == 0)
			return error_set(err, "%s became shorter while it was read; try again", name);
		used += (size_t)got;
	}
	*text = steal(&buffer);
	return 0;
}

/* Not blocked by a FIFO, not drowned by a device: regular files of a limited size alone. -1 with errno ENOENT left for the caller
 * to see. */
static int read_regular(const char *path, struct stat *status, char **text, struct error **err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot read %s", path);
	if (fstat(fd, status) < 0)
		return error_set_errno(err, errno, "cannot read %s", path);
	if (!S_ISREG(status->st_mode))
		return error_set(err, "cannot read %s: it is not a file", path);
	if (status->st_size > LIMIT_FILE_BYTES)
		return error_set(err, "cannot read %s: it has over %d bytes; split it with `use`", path, LIMIT_FILE_BYTES);
	return read_all(fd, path, (size_t)status->st_size, text, err);
}

/* ---- sources: what is read is noted by its path, with its text and which file it was (two paths may lead to one) ---- */

static void note_source(struct loading *loading, const char *path, const struct stat *status, const char *text)
{
	/* A name or text that is not UTF-8 is left out: the one cannot be kept, the other is an error anyway. */
	json_object_set_new(loading->scenario->sources, path,
			    json_pack("{sI sI ss%}", "device", (json_int_t)status->st_dev, "inode", (json_int_t)status->st_ino,
				      "text", text, (size_t)status->st_size));
}

static int read_again(const json_t *sources, const char *path, struct stat *status, char **text, struct error **err)
{
	json_int_t device, inode;
	const char *kept;
	if (json_unpack(json_object_get(sources, path), "{sI sI ss}", "device", &device, "inode", &inode, "text", &kept) < 0)
		return error_set(err, "cannot read %s: it is not among what the scenario was read from", path);
	*status = (struct stat){.st_dev = (dev_t)device, .st_ino = (ino_t)inode, .st_size = (off_t)strlen(kept)};
	*text = xstrdup(kept);
	return 0;
}

static int read_source(struct loading *loading, const char *path, struct stat *status, char **text, struct error **err)
{
	int result = loading->again ? read_again(loading->again, path, status, text, err) : read_regular(path, status, text, err);
	if (result == 0)
		note_source(loading, path, status, *text);
	return result;
}

static bool is_there(const struct loading *loading, const char *path)
{
	if (loading->again)
		return json_object_get(loading->again, path) != NULL;
	return access(path, F_OK) == 0 || errno != ENOENT;
}

static struct source *add_source(struct loading *loading, const char *name, char *text, size_t length)
{
	struct source *source = pool_alloc(loading->scratch, 1, sizeof *source);
	*source = (struct source){
		.name = pool_strdup(loading->pool, name), .text = pool_own(loading->scratch, text), .length = length};
	findings_source(loading->findings, source);
	/* Length before text: no two lists of files hash alike. */
	uint64_t size = length;
	unsigned char prefix[8];
	for (int i = 0; i < 8; i++)
		prefix[i] = (unsigned char)(size >> (8 * i));
	crypto_hash_sha256_update(&loading->hash, prefix, sizeof prefix);
	crypto_hash_sha256_update(&loading->hash, (const unsigned char *)text, length);
	return source;
}

struct node *loading_read_part(struct loading *loading, const char *path, const struct schema *schema, bool *broken)
{
	struct stat status;
	char *text;
	cleanup_error struct error *err = NULL;
	if (!is_there(loading, path))
		return NULL;
	const struct position position = {.file = pool_strdup(loading->pool, path), .line = 1, .column = 1};
	*broken = true;
	if (read_source(loading, path, &status, &text, &err) < 0) {
		findings_error(loading->findings, &position, "%s", error_text(err));
		return NULL;
	}
	const struct source *source = add_source(loading, path, text, (size_t)status.st_size);
	struct node *root = node_read(source, loading->scratch, loading->findings, &loading->values_left);
	if (!root)
		return NULL;
	schema_check(schema, root, loading->findings);
	*broken = root->kind != NODE_MAP;
	return *broken ? NULL : root;
}

/* ---- merging ---- */

static void warn_override(struct loading *loading, const char *section, const struct entry *before, const struct entry *now)
{
	bool meant = read_truth(now->value, "override", false);
	if (before && !meant)
		findings_warning(loading->findings, &now->key->position,
				 "`%s.%s` takes the place of the one in %s:%d; if that is meant, write `override: true` in it",
				 section, now->key->text, before->key->position.file, before->key->position.line);
	else if (!before && meant && loading->complete) /* of a file that could not be read nobody knows what it has */
		findings_warning(loading->findings, &now->key->position,
				 "`%s.%s` says `override: true`, but no used file has a `%s`; take it away", section,
				 now->key->text, now->key->text);
}

static void merge_section(struct loading *loading, enum section_kind kind, const struct node *map)
{
	struct section *section = &loading->sections[kind];
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++) {
		const struct entry *entry = &map->entries[i];
		if (entry->key->faulty || map->faulty)
			continue;
		const json_t *number = json_object_get(section->numbers, entry->key->text);
		struct entry *before = number ? &section->entries[json_integer_value(number)] : NULL;
		if (before && before->key->position.file == entry->key->position.file)
			continue; /* a doubled key: reported when the file was read */
		warn_override(loading, sections[kind].key, before, entry);
		if (before) {
			*before = *entry;
			continue;
		}
		json_object_set_new(section->numbers, entry->key->text, json_integer((json_int_t)section->count));
		*array_add(&section->entries, &section->count) = *entry;
	}
}

static void merge(struct loading *loading, const struct node *root)
{
	for (int kind = 0; kind < SECTION_COUNT; kind++)
		merge_section(loading, kind, node_sound(root, sections[kind].key));
}

/* ---- use ---- */

/* A path beside another file, for people: `a/b/../c.yaml` is shown as `a/c.yaml`. */
static char *beside(const char *file, const char *relative)
{
	const char *slash = strrchr(file, '/');
	int folder = slash ? (int)(slash + 1 - file) : 0;
	char *path = xasprintf("%.*s%s", folder, file, relative);
	for (char *up; (up = strstr(path, "/../"));) {
		char *part = up;
		while (part > path && part[-1] != '/')
			part--;
		size_t length = (size_t)(up - part);
		if (length == 0 || (length == 2 && memcmp(part, "..", 2) == 0) || (length == 1 && *part == '.'))
			break;
		memmove(part, up + 4, strlen(up + 4) + 1);
	}
	return path;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);
	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static void fail_use(struct loading *loading, const struct node *node, const char *text)
{
	loading->complete = false;
	findings_error(loading->findings, &node->position, "%s", text);
}

static struct file *find_file(struct loading *loading, const struct stat *status)
{
	for (size_t i = 0; i < loading->files_count; i++)
		if (loading->files[i].device == status->st_dev && loading->files[i].inode == status->st_ino)
			return &loading->files[i];
	return NULL;
}

static void follow_uses(struct loading *loading, const struct source *source, const struct node *root, size_t number);

static void use_file(struct loading *loading, const struct source *user, const struct node *node)
{
	cleanup_free char *shown = quoted(node->text);
	cleanup_free char *path = beside(user->name, node->text);
	cleanup_free char *fault = NULL;
	cleanup_error struct error *err = NULL;
	struct stat status;
	char *text;
	if (*node->text == '/' || (!ends_with(node->text, ".yaml") && !ends_with(node->text, ".yml"))) {
		fault = xasprintf("%s must be a path relative to this file, to a file that ends in `.yaml`", shown);
		return fail_use(loading, node, fault);
	}
	if (loading->files_count >= LIMIT_FILES) {
		fault = xasprintf("over %d files in one scenario; merge some", LIMIT_FILES);
		return fail_use(loading, node, fault);
	}
	if (read_source(loading, path, &status, &text, &err) < 0) {
		fault = xasprintf("%s (paths in `use` are relative to this file)", error_text(err));
		return fail_use(loading, node, fault);
	}
	const struct file *known = find_file(loading, &status);
	if (known) {
		free(text);
		if (!known->open)
			return; /* used on two ways: merged once */
		fault = xasprintf("a cycle of `use`: %s uses this file, directly or through others; take one of them away",
				  known->name);
		return fail_use(loading, node, fault);
	}
	const struct source *source = add_source(loading, path, text, (size_t)status.st_size);
	*array_add(&loading->files, &loading->files_count) =
		(struct file){.device = status.st_dev, .inode = status.st_ino, .name = source->name};
	struct node *root = node_read(source, loading->scratch, loading->findings, &loading->values_left);
	if (!root) {
		loading->complete = false;
		return;
	}
	schema_check(&schema_part, root, loading->findings);
	follow_uses(loading, source, root, loading->files_count - 1);
	merge(loading, root);
}

static void follow_uses(struct loading *loading, const struct source *source, const struct node *root, size_t number)
{
	const struct node *uses = node_sound(root, "use");
	loading->files[number].open = true;
	for (size_t i = 0; uses && uses->kind == NODE_LIST && i < uses->count; i++)
		if (!uses->entries[i].value->faulty)
			use_file(loading, source, uses->entries[i].value);
	loading->files[number].open = false;
}

bool loading_is_own(const struct loading *loading, const struct position *position)
{
	for (size_t i = 0; i < loading->files_count; i++)
		if (loading->files[i].name == position->file)
			return true;
	return false;
}

static int compare_entries(const void *left, const void *right)
{
	return strcmp(((const struct entry *)left)->key->text, ((const struct entry *)right)->key->text);
}

static void finish_section(struct loading *loading, enum section_kind kind)
{
	struct section *section = &loading->sections[kind];
	pool_own(loading->scratch, section->entries);
	if (section->count > 1)
		qsort(section->entries, section->count, sizeof *section->entries, compare_entries);
	if (section->count <= sections[kind].limit)
		return;
	findings_error(loading->findings, &loading->root->position,
		       "`%s` has %zu entries with those of the used files; %zu are the limit", sections[kind].key, section->count,
		       sections[kind].limit);
	section->count = sections[kind].limit;
}

int loading_read(struct loading *loading, const char *file, const char *text, size_t length, struct error **err)
{
	struct stat status = {0};
	char *owned;
	loading->complete = true;
	if (text && length <= LIMIT_FILE_BYTES) {
		owned = xstrndup("", 0);
		owned = xrealloc_array(owned, length + 1, 1);
		memcpy(owned, text, length);
		owned[length] = '\0';
		status.st_size = (off_t)length;
		note_source(loading, file, &status, owned);
	} else if (read_source(loading, file, &status, &owned, err) < 0) {
		return -1;
	}
	const struct source *source = add_source(loading, file, owned, (size_t)status.st_size);
	loading->scenario->file = source->name;
	loading->roles_dir = pool_own(loading->pool, beside(file, "../roles"));
	loading->images_dir = pool_own(loading->pool, beside(file, "../images"));
	for (int kind = 0; kind < SECTION_COUNT; kind++)
		loading->sections[kind].numbers = pool_json(loading->scratch, json_object());
	*array_add(&loading->files, &loading->files_count) =
		(struct file){.device = status.st_dev, .inode = status.st_ino, .name = source->name};
	loading->root = node_read(source, loading->scratch, loading->findings, &loading->values_left);
	if (!loading->root || loading->root->kind != NODE_MAP)
		loading->complete = false;
	if (!loading->root)
		return 0;
	schema_check(&schema_scenario, loading->root, loading->findings);
	follow_uses(loading, source, loading->root, 0);
	merge(loading, loading->root);
	for (int kind = 0; kind < SECTION_COUNT; kind++)
		finish_section(loading, kind);
	return 0;
}
