/* Values of the tables' types, out of nodes that were checked. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

char *read_string(struct loading *loading, const struct node *map, const char *key)
{
	return pool_strdup(loading->pool, node_text(map, key));
}

int64_t read_number(const struct node *map, const char *key, int64_t fallback)
{
	const char *text = node_text(map, key);
	int64_t number;
	if (text && (value_integer(text, &number) || value_duration(text, &number) || value_bytes(text, &number) ||
		     value_percent(text, &number) || value_rate(text, &number)))
		return number;
	return fallback;
}

bool read_truth(const struct node *map, const char *key, bool fallback)
{
	const char *text = node_text(map, key);
	bool truth;
	return text && value_boolean(text, &truth) ? truth : fallback;
}

int read_choice(const struct node *map, const char *key, const char *const *names, int fallback)
{
	const char *text = node_text(map, key);
	for (int i = 0; text && names[i]; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return fallback;
}

/* ---- texts ---- */

static void judge_languages(struct loading *loading, const struct node *node, const struct text *text)
{
	const struct scenario *scenario = loading->scenario;
	const char *missing = scenario->has_ja && !text->ja ? "ja" : scenario->has_en && !text->en ? "en" : NULL;
	if (!missing || !loading_is_own(loading, &node->position))
		return;
	if (loading->languages_promised)
		findings_error(loading->findings, &node->position, "this text has no `%s`, which `languages` promises; add it",
			       missing);
	else
		findings_warning(loading->findings, &node->position, "this text has no `%s`, which the title has; add it",
				 missing);
}

static char *read_words(struct loading *loading, const struct node *node, bool with_facts)
{
	if (!node || node->faulty)
		return NULL;
	return with_facts ? facts_fill(loading, node->text, &node->position) : pool_strdup(loading->pool, node->text);
}

static struct text read_any_text(struct loading *loading, const struct node *node, bool with_facts)
{
	struct text text = {0};
	if (!node)
		return text;
	if (node->kind == NODE_SCALAR) {
		text.ja = text.en = read_words(loading, node, with_facts);
		return text;
	}
	if (!node_get(node, "ja") && !node_get(node, "en")) {
		findings_error(loading->findings, &node->position, "this text is empty: write `{ja: ..., en: ...}`");
		return text;
	}
	text.ja = read_words(loading, node_sound(node, "ja"), with_facts);
	text.en = read_words(loading, node_sound(node, "en"), with_facts);
	if (node_get(node, "ja") == node_sound(node, "ja") && node_get(node, "en") == node_sound(node, "en"))
		judge_languages(loading, node, &text);
	/* Where a missing one is only odd, people read the other. */
	if (!text.ja && loading->scenario->has_ja)
		text.ja = text.en;
	if (!text.en && loading->scenario->has_en)
		text.en = text.ja;
	return text;
}

struct text read_text(struct loading *loading, const struct node *map, const char *key)
{
	return read_any_text(loading, node_sound(map, key), false);
}

struct text read_text_with_facts(struct loading *loading, const struct node *map, const char *key)
{
	return read_any_text(loading, node_sound(map, key), true);
}

/* ---- moments, lists ---- */

struct moment read_moment(struct loading *loading, const struct node *map, const char *key)
{
	const struct node *node = node_sound(map, key);
	struct moment moment = {0};
	char after[LIMIT_NAME_BYTES + 1];
	if (!node || !value_moment(node->text, after, &moment.offset_ms))
		return moment;
	moment.given = true;
	if (!*after)
		return moment;
	if (index_refer_name(loading, INDEX_EVENT, after, &node->position) < 0)
		return (struct moment){0};
	moment.after = pool_strdup(loading->pool, after);
	return moment;
}

static json_t *read_line(struct loading *loading, const struct node *node, bool with_facts)
{
	const char *text = with_facts ? facts_fill(loading, node->text, &node->position) : node->text;
	return json_string(text);
}

json_t *read_line_or_lines(struct loading *loading, const struct node *node, bool with_facts)
{
	if (!node || node->faulty || node->kind == NODE_MAP)
		return NULL;
	if (node->kind == NODE_SCALAR)
		return read_line(loading, node, with_facts);
	json_t *list = json_array();
	for (size_t i = 0; i < node->count; i++)
		if (!node->entries[i].value->faulty)
			json_array_append_new(list, read_line(loading, node->entries[i].value, with_facts));
	return list;
}
