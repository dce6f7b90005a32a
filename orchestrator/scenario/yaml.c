#include "orchestrator/scenario/node.h"

#include <string.h>
#include <yaml.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/limits.h"

struct anchor {
	char *name;
	struct node *node;
};

struct reading {
	yaml_parser_t parser;
	const struct source *source;
	struct pool *pool;
	struct findings *findings;
	size_t *values_left;
	struct anchor anchors[LIMIT_ANCHORS];
	size_t anchors_count;
};

CLEANUP_DEFINE(event, yaml_event_t, yaml_event_delete(held));
#define cleanup_yaml_event cleanup_with(event)

static struct position position_at(const struct reading *reading, yaml_mark_t mark)
{
	return (struct position){.file = reading->source->name, .line = (int)mark.line + 1, .column = (int)mark.column + 1};
}

#define FAULT(reading, mark, ...)                                                                                                \
	__extension__({                                                                                                          \
		struct position at_ = position_at(reading, mark);                                                                \
		findings_error((reading)->findings, &at_, __VA_ARGS__);                                                          \
		(void *)NULL;                                                                                                    \
	})

/* ---- what libyaml calls a fault, in words that say the mend ---- */

/* A tab among the white space at the beginning of a line (from 1); NULL when there is none. */
static const char *tab_in_indentation(const struct source *source, int line)
{
	const char *at = source_line(source, line);
	while (*at == ' ')
		at++;
	return *at == '\t' ? at : NULL;
}

static const struct {
	const char *problem, *mend;
} mends[] = {
	{"did not find expected key",
	 "a key, or the end of the part above, is expected here: look at the indentation and at quotes"},
	{"mapping values are not allowed in this context",
	 "a `:` is not allowed here: put the text in quotes, or look at the indentation"},
	{"could not find expected ':'", "a `:` and a space are missing after the key"},
	{"did not find expected '-' indicator", "a `-` is expected here, as in the lines above"},
	{"did not find expected ',' or ']'", "a `,` or `]` is missing before this"},
	{"did not find expected ',' or '}'",
	 "a `,` or `}` is missing before this (write texts that hold `,`, `:` or `{` in quotes)"},
	{"found unexpected end of stream", "the quotes that open here are never closed"},
	{"found character that cannot start any token", "a text may not begin with this character: put it in quotes"},
	{"did not find expected <document start>", "something stands before or after the document that does not belong to it"},
};

static void report_parser(struct reading *reading)
{
	const yaml_parser_t *parser = &reading->parser;
	struct position position = position_at(reading, parser->problem_mark);
	if (parser->error == YAML_READER_ERROR) {
		position = source_position(reading->source, parser->problem_offset);
		findings_error(reading->findings, &position, "a control character; take it away");
		return;
	}
	if (parser->problem && strcmp(parser->problem, "found unexpected end of stream") == 0)
		position = position_at(reading, parser->context_mark); /* where the quotes open; the end is far away */
	const char *tab = tab_in_indentation(reading->source, position.line);
	if (tab) {
		position = source_position(reading->source, (size_t)(tab - reading->source->text));
		findings_error(reading->findings, &position,
			       "a tab in the indentation: YAML indents with spaces; put spaces in its place");
		return;
	}
	const char *problem = parser->problem ? parser->problem : "unreadable";
	for (size_t i = 0; i < sizeof mends / sizeof *mends; i++) {
		if (strcmp(mends[i].problem, problem) != 0)
			continue;
		findings_error(reading->findings, &position, "%s", mends[i].mend);
		return;
	}
	findings_error(reading->findings, &position, "this is not YAML: %s%s%s", parser->context ? parser->context : "",
		       parser->context ? ", " : "", problem);
}

static bool next_event(struct reading *reading, yaml_event_t *event)
{
	if (yaml_parser_parse(&reading->parser, event))
		return true;
	report_parser(reading);
	return false;
}

/* ---- nodes ---- */

static bool take_values(struct reading *reading, size_t count, yaml_mark_t mark)
{
	if (count > *reading->values_left) {
		*reading->values_left = 0;
		FAULT(reading, mark, "over %d values (with every alias `*name` unfolded); make the scenario smaller",
		      LIMIT_VALUES);
		return false;
	}
	*reading->values_left -= count;
	return true;
}

static struct node *new_node(struct reading *reading, enum node_kind kind, yaml_mark_t mark)
{
	if (!take_values(reading, 1, mark))
		return NULL;
	struct node *node = pool_alloc(reading->pool, 1, sizeof *node);
	*node = (struct node){.kind = kind, .position = position_at(reading, mark), .unfolded = 1, .text = ""};
	return node;
}

static struct node *resolve_alias(struct reading *reading, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	for (size_t i = reading->anchors_count; i-- > 0;) {
		const struct anchor *anchor = &reading->anchors[i];
		if (strcmp(anchor->name, name) == 0)
			return take_values(reading, anchor->node->unfolded, event->start_mark) ? anchor->node : NULL;
	}
	cleanup_free char *shown = quoted(name);
	return FAULT(reading, event->start_mark, "the alias %s refers to nothing before it, or to itself", shown);
}

static struct node *keep_anchor(struct reading *reading, const char *name, struct node *node, yaml_mark_t mark)
{
	if (!node || !name)
		return node;
	if (reading->anchors_count == LIMIT_ANCHORS)
		return FAULT(reading, mark, "over %d anchors (`&name`) in one file; use fewer", LIMIT_ANCHORS);
	reading->anchors[reading->anchors_count++] = (struct anchor){pool_strdup(reading->pool, name), node};
	return node;
}

static struct node *read_scalar(struct reading *reading, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	if (length > LIMIT_SCALAR_BYTES)
		return FAULT(reading, event->start_mark, "a text of over %d bytes; shorten it", LIMIT_SCALAR_BYTES);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t')
			return FAULT(reading, event->start_mark, "a control character (%d) in this text; take it away", text[i]);
	struct node *node = new_node(reading, NODE_SCALAR, event->start_mark);
	if (node)
		node->text = pool_strndup(reading->pool, text, length);
	return node;
}

static struct node *read_node(struct reading *reading, const yaml_event_t *event, int depth);

static bool read_key(struct reading *reading, const yaml_event_t *event, struct node **key, int depth)
{
	*key = event->type == YAML_SCALAR_EVENT || event->type == YAML_ALIAS_EVENT ? read_node(reading, event, depth) : NULL;
	if (*key && (*key)->kind == NODE_SCALAR)
		return true;
	if (*key || (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT))
		FAULT(reading, event->start_mark, "a key must be a plain word, not a list or a map");
	return false;
}

static bool read_entries(struct reading *reading, struct node *node, int depth)
{
	const yaml_event_type_t end = node->kind == NODE_LIST ? YAML_SEQUENCE_END_EVENT : YAML_MAPPING_END_EVENT;
	struct entry *entries = NULL;
	bool complete = false;
	for (;;) {
		cleanup_yaml_event yaml_event_t event = {0};
		struct entry entry = {0};
		if (!next_event(reading, &event))
			break;
		if (event.type == end) {
			complete = true;
			break;
		}
		if (node->kind == NODE_MAP) {
			cleanup_yaml_event yaml_event_t key = event;
			event = (yaml_event_t){0};
			if (!read_key(reading, &key, &entry.key, depth) || !next_event(reading, &event))
				break;
		}
		if (!(entry.value = read_node(reading, &event, depth)))
			break;
		node->unfolded += entry.value->unfolded + (entry.key ? 1 : 0);
		*array_add(&entries, &node->count) = entry;
	}
	node->entries = pool_own(reading->pool, entries);
	return complete;
}

static int compare_keys(const void *left, const void *right)
{
	const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
	int order = strcmp(a->text, b->text);
	if (order != 0)
		return order;
	return a->position.line != b->position.line ? a->position.line - b->position.line
						    : a->position.column - b->position.column;
}

/* Every doubled key is reported; the first one stays in force for the rest of the checks. */
static void report_doubled_keys(struct reading *reading, const struct node *map)
{
	cleanup_free struct node **keys = xcalloc(map->count, sizeof *keys);
	for (size_t i = 0; i < map->count; i++)
		keys[i] = map->entries[i].key;
	qsort(keys, map->count, sizeof *keys, compare_keys);
	for (size_t i = 1; i < map->count; i++) {
		if (strcmp(keys[i]->text, keys[i - 1]->text) != 0)
			continue;
		cleanup_free char *shown = quoted(keys[i]->text);
		findings_error(reading->findings, &keys[i]->position, "%s is here twice (before: line %d); keep one of them",
			       shown, keys[i - 1]->position.line);
	}
}

static struct node *read_collection(struct reading *reading, const yaml_event_t *event, enum node_kind kind, int depth)
{
	if (depth > LIMIT_DEPTH)
		return FAULT(reading, event->start_mark, "over %d lists and maps inside each other; make it flatter",
			     LIMIT_DEPTH);
	struct node *node = new_node(reading, kind, event->start_mark);
	if (!node || !read_entries(reading, node, depth + 1))
		return NULL;
	if (kind == NODE_MAP && node->count > 1)
		report_doubled_keys(reading, node);
	return node;
}

/* A tag makes YAML build things; only the plain words of the language are read. */
static bool has_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag != NULL;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag != NULL;
	default:
		return false;
	}
}

static struct node *read_node(struct reading *reading, const yaml_event_t *event, int depth)
{
	if (has_tag(event))
		return FAULT(reading, event->start_mark, "tags (`!...`) are not part of the language; take it away");
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return resolve_alias(reading, event);
	case YAML_SCALAR_EVENT:
		return keep_anchor(reading, (const char *)event->data.scalar.anchor, read_scalar(reading, event),
				   event->start_mark);
	case YAML_SEQUENCE_START_EVENT:
		return keep_anchor(reading, (const char *)event->data.sequence_start.anchor,
				   read_collection(reading, event, NODE_LIST, depth), event->start_mark);
	case YAML_MAPPING_START_EVENT:
		return keep_anchor(reading, (const char *)event->data.mapping_start.anchor,
				   read_collection(reading, event, NODE_MAP, depth), event->start_mark);
	default:
		return FAULT(reading, event->start_mark, "a value is missing here");
	}
}

/* Takes events up to the root value: NULL (reported) when there is none. */
static struct node *read_root(struct reading *reading)
{
	for (;;) {
		cleanup_yaml_event yaml_event_t event = {0};
		if (!next_event(reading, &event))
			return NULL;
		if (event.type == YAML_STREAM_END_EVENT)
			return FAULT(reading, (yaml_mark_t){0}, "the file is empty");
		if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT)
			return read_node(reading, &event, 0);
	}
}

static bool read_end(struct reading *reading)
{
	for (;;) {
		cleanup_yaml_event yaml_event_t event = {0};
		if (!next_event(reading, &event))
			return false;
		if (event.type == YAML_STREAM_END_EVENT)
			return true;
		if (event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		FAULT(reading, event.start_mark, "a second document begins here; a file holds one: take the `---` away");
		return false;
	}
}

/* ---- the encoding, looked at before libyaml sees the text ---- */

/* Length of the well-formed UTF-8 character at `at` (Unicode, table 3-7), or 0. The text ends with NUL, which follows no lead
 * byte. */
static size_t utf8_length(const unsigned char *at)
{
	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		return (at[1] & 0xc0) == 0x80 ? 2 : 0;
	unsigned char least = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char most = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
	size_t length = at[0] >= 0xe0 && at[0] <= 0xef ? 3 : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 : 0;
	if (length == 0 || at[1] < least || at[1] > most)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static bool is_utf8(const struct source *source, struct findings *findings)
{
	const unsigned char *text = (const unsigned char *)source->text;
	for (size_t i = 0; i < source->length;) {
		size_t length = utf8_length(text + i);
		if (length > 0) {
			i += length;
			continue;
		}
		struct position position = source_position(source, i);
		findings_error(findings, &position, "byte 0x%02x is not UTF-8; save the file as UTF-8%s", text[i],
			       text[i] >= 0xfe ? " (it looks like UTF-16)" : "");
		return false;
	}
	return true;
}

struct node *node_read(const struct source *source, struct pool *pool, struct findings *findings, size_t *values_left)
{
	if (!is_utf8(source, findings))
		return NULL;
	cleanup_free struct reading *reading = xcalloc(1, sizeof *reading);
	*reading = (struct reading){.source = source, .pool = pool, .findings = findings, .values_left = values_left};
	if (!yaml_parser_initialize(&reading->parser))
		abort();
	yaml_parser_set_encoding(&reading->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reading->parser, (const unsigned char *)source->text, source->length);
	struct node *root = read_root(reading);
	bool complete = root && read_end(reading);
	yaml_parser_delete(&reading->parser);
	return complete ? root : NULL;
}

struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->entries[i].key->text, key) == 0)
			return map->entries[i].value;
	return NULL;
}

struct node *node_sound(const struct node *map, const char *key)
{
	struct node *node = node_get(map, key);
	return node && !node->faulty ? node : NULL;
}

const char *node_text(const struct node *map, const char *key)
{
	const struct node *node = node_sound(map, key);
	return node && node->kind == NODE_SCALAR ? node->text : NULL;
}
