#include "orchestrator/scenario/schema.h"

#include <assert.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/types.h"

/* Where a value stands, for messages: the chain of its keys. */
struct place {
	const struct place *above;
	const char *key;
	size_t index; /* in a list, from 1; then key is the entry's id or NULL */
};

struct check {
	struct findings *findings;
};

static void check_node(const struct check *check, const struct schema *schema, struct node *node, const struct place *place);

/* ---- suggestions ---- */

enum { SUGGEST_BYTES = 40 };

static int least_of(int a, int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau-Levenshtein without moved substrings). */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][SUGGEST_BYTES + 1];
	size_t length_a = strlen(a), length_b = strlen(b);
	for (size_t j = 0; j <= length_b; j++)
		rows[0][j] = (int)j;
	for (size_t i = 1; i <= length_a; i++) {
		int *now = rows[i % 3], *before = rows[(i + 2) % 3], *before_that = rows[(i + 1) % 3];
		now[0] = (int)i;
		for (size_t j = 1; j <= length_b; j++) {
			int best = least_of(before[j], now[j - 1]) + 1;
			best = least_of(best, before[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least_of(best, before_that[j - 2] + 1);
			now[j] = best;
		}
	}
	return rows[length_a % 3][length_b];
}

static const char *nearest(const char *wrong, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t length = strlen(wrong);
	int best_distance = length < 4 ? 2 : length < 8 ? 3 : 4; /* at least that far is another word */
	if (length > SUGGEST_BYTES)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(names[i]);
		if (other > SUGGEST_BYTES || (other > length ? other - length : length - other) >= (size_t)best_distance)
			continue;
		int distance = edit_distance(wrong, names[i]);
		if (distance < best_distance) {
			best_distance = distance;
			best = names[i];
		}
	}
	return best;
}

char *schema_suggest(const char *wrong, const char *kinds, const char *const *names, size_t count)
{
	const char *near = nearest(wrong, names, count);
	if (near)
		return xasprintf("; did you mean `%s`?", near);
	if (count == 0)
		return xasprintf("; there are no %s", kinds);
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	fprintf(out, "; %s are: ", kinds);
	for (size_t i = 0; i < count && i < LIMIT_NAMES_LISTED; i++)
		fprintf(out, "%s%s", i ? ", " : "", names[i]);
	if (count > LIMIT_NAMES_LISTED)
		fprintf(out, ", ... (%zu more)", count - LIMIT_NAMES_LISTED);
	fclose(out);
	return text;
}

/* ---- messages ---- */

static void print_place(FILE *out, const struct place *place)
{
	if (!place)
		return;
	print_place(out, place->above);
	bool first = !place->above;
	if (place->key) {
		cleanup_free char *shown = quoted(place->key);
		shown[strlen(shown) - 1] = '\0';
		fprintf(out, "%s%s", first ? "" : ".", shown + 1);
	} else {
		fprintf(out, "[%zu]", place->index);
	}
}

/* "`hosts.proxy.nics`", or `otherwise` for the whole file. Caller frees. */
static char *place_text(const struct place *place, const char *otherwise)
{
	if (!place)
		return xstrdup(otherwise);
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	fputc('`', out);
	print_place(out, place);
	fputc('`', out);
	fclose(out);
	return text;
}

static char *expectation(const struct schema *schema)
{
	assert(schema); /* our own table */
	if (schema->expects)
		return xstrdup(schema->expects);
	if (schema->shape == SHAPE_LIST)
		return xstrdup("a list (`[...]`, or lines that begin with `- `)");
	if (schema->shape == SHAPE_EITHER) {
		cleanup_free char *first = expectation(schema->either[0]);
		cleanup_free char *second = expectation(schema->either[1]);
		return xasprintf("%s, or %s", first, second);
	}
	return xstrdup(schema->shape == SHAPE_SCALAR ? "a text" : "a map (`{key: value}`, or lines `key: value`)");
}

static char *description(const struct node *node)
{
	if (node->kind == NODE_SCALAR)
		return *node->text ? quoted(node->text) : xstrdup("nothing");
	return xstrdup(node->kind == NODE_LIST ? "a list" : "a map");
}

static void report_unfit(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	cleanup_free char *where = place_text(place, "the file");
	cleanup_free char *expected = expectation(schema);
	cleanup_free char *found = description(node);
	node->faulty = true;
	findings_error(check->findings, &node->position, "%s must be %s, not %s", where, expected, found);
}

/* ---- shapes ---- */

static void check_scalar(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	if (node->kind != NODE_SCALAR || !schema->accepts(schema, node->text))
		report_unfit(check, schema, node, place);
}

static bool count_fits(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	int64_t most = schema->most ? schema->most : LIMIT_LIST;
	if ((int64_t)node->count >= schema->least && (int64_t)node->count <= most)
		return true;
	cleanup_free char *where = place_text(place, "the file");
	node->faulty = true;
	if ((int64_t)node->count > most)
		findings_error(check->findings, &node->position, "%s has %zu entries; %lld are the limit", where, node->count,
			       (long long)most);
	else
		findings_error(check->findings, &node->position, "%s must not be empty", where);
	return false;
}

static void check_list(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	if (node->kind != NODE_LIST) {
		report_unfit(check, schema, node, place);
		return;
	}
	if (!count_fits(check, schema, node, place))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct node *item = node->entries[i].value;
		struct place here = {.above = place, .key = node_text(item, "id"), .index = i + 1};
		check_node(check, schema->item, item, &here);
	}
}

static void check_map(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	if (node->kind != NODE_MAP) {
		report_unfit(check, schema, node, place);
		return;
	}
	if (!count_fits(check, schema, node, place))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct node *key = node->entries[i].key;
		struct place here = {.above = place, .key = key->text};
		check_node(check, schema->key ? schema->key : &type_name, key, &here);
		check_node(check, schema->item, node->entries[i].value, &here);
	}
}

static void report_unknown_key(const struct check *check, const struct schema *schema, struct node *key,
			       const struct place *place)
{
	key->faulty = true;
	cleanup_free char *suggestion = NULL;
	if (!findings_full(check->findings)) {
		const char *names[LIMIT_PARAMETERS];
		size_t count = 0;
		for (const struct field *field = schema->fields; field->key && count < LIMIT_PARAMETERS; field++)
			if (field->need != REFUSED)
				names[count++] = field->key;
		suggestion = schema_suggest(key->text, "known keys", names, count);
	}
	cleanup_free char *where = place_text(place, "the file");
	cleanup_free char *shown = quoted(key->text);
	findings_error(check->findings, &key->position, "%s has no key %s%s", where, shown, suggestion ? suggestion : "");
}

static const struct field *find_field(const struct schema *schema, const char *key)
{
	for (const struct field *field = schema->fields; field->key; field++)
		if (strcmp(field->key, key) == 0)
			return field;
	return NULL;
}

/* In an open record a misspelt key is not known to be wrong; when it is near to what is missing, it is named. */
static void report_missing_key(const struct check *check, const struct schema *schema, const struct node *node,
			       const struct field *field, const struct place *place)
{
	const char *written = NULL;
	for (size_t i = 0; schema->open && !written && i < node->count; i++)
		if (!find_field(schema, node->entries[i].key->text))
			written = nearest(field->key, (const char *const[]){node->entries[i].key->text}, 1);
	cleanup_free char *where = place_text(place, "the file");
	findings_error(check->findings, &node->position, "%s needs `%s`: %s%s%s%s", where, field->key, field->help,
		       written ? " (it has `" : "", written ? written : "", written ? "`)" : "");
}

static void check_record(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	if (node->kind != NODE_MAP) {
		report_unfit(check, schema, node, place);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct node *key = node->entries[i].key, *value = node->entries[i].value;
		const struct field *field = find_field(schema, key->text);
		struct place here = {.above = place, .key = key->text};
		if (!field && !schema->open) {
			report_unknown_key(check, schema, key, place);
		} else if (field && field->need == REFUSED) {
			value->faulty = true;
			findings_error(check->findings, &key->position, "`%s` (%s) is not played yet; leave it out", key->text,
				       field->help);
		} else if (field) {
			check_node(check, field->schema, value, &here);
		}
	}
	for (const struct field *field = schema->fields; field->key; field++)
		if (field->need == REQUIRED && !node_get(node, field->key))
			report_missing_key(check, schema, node, field, place);
}

static void check_either(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	static const enum node_kind kinds[] = {
		[SHAPE_SCALAR] = NODE_SCALAR, [SHAPE_LIST] = NODE_LIST, [SHAPE_MAP] = NODE_MAP, [SHAPE_RECORD] = NODE_MAP};
	for (size_t i = 0; i < sizeof schema->either / sizeof *schema->either && schema->either[i]; i++) {
		if (kinds[schema->either[i]->shape] != node->kind)
			continue;
		check_node(check, schema->either[i], node, place);
		return;
	}
	report_unfit(check, schema, node, place);
}

static void check_any(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	(void)check, (void)schema, (void)node, (void)place;
}

static void check_node(const struct check *check, const struct schema *schema, struct node *node, const struct place *place)
{
	static void (*const checks[])(const struct check *, const struct schema *, struct node *, const struct place *) = {
		[SHAPE_SCALAR] = check_scalar, [SHAPE_LIST] = check_list,     [SHAPE_MAP] = check_map,
		[SHAPE_RECORD] = check_record, [SHAPE_EITHER] = check_either, [SHAPE_ANY] = check_any,
	};
	checks[schema->shape](check, schema, node, place);
}

void schema_check(const struct schema *schema, struct node *root, struct findings *findings)
{
	const struct check check = {.findings = findings};
	check_node(&check, schema, root, NULL);
}
