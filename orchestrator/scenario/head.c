/* What the exercise is; and the names of its steps, injects, objectives and duties, before anything refers to them. */
#include <string.h>

#include "orchestrator/scenario/loading.h"

/* `languages`, or else those of the title. */
static void read_languages(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct node *languages = node_sound(loading->root, "languages");
	const struct node *title = node_sound(loading->root, "title");
	loading->languages_promised = languages && languages->kind == NODE_LIST;
	if (loading->languages_promised) {
		for (size_t i = 0; i < languages->count; i++) {
			scenario->has_ja = scenario->has_ja || strcmp(languages->entries[i].value->text, "ja") == 0;
			scenario->has_en = scenario->has_en || strcmp(languages->entries[i].value->text, "en") == 0;
		}
		return;
	}
	bool translated = title && title->kind == NODE_MAP;
	scenario->has_ja = !translated || node_get(title, "ja");
	scenario->has_en = !translated || node_get(title, "en");
	if (translated && scenario->has_ja != scenario->has_en)
		findings_warning(loading->findings, &title->position,
				 "the title exists in one language only; add the other, or write `languages: [%s]`",
				 scenario->has_ja ? "ja" : "en");
}

void load_head(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct node *root = loading->root;
	read_languages(loading);
	scenario->id = read_string(loading, root, "id");
	scenario->title = read_text(loading, root, "title");
	scenario->summary = read_text(loading, root, "summary");
	scenario->level = read_string(loading, root, "level");
	scenario->duration_ms = read_number(root, "duration", 0);
}

static void read_list(struct loading *loading, enum list_kind kind, const char *key)
{
	const struct node *list = node_sound(loading->root, key);
	struct records *records = &loading->lists[kind];
	if (!list || list->kind != NODE_LIST)
		return;
	records->nodes = pool_alloc(loading->scratch, list->count, sizeof *records->nodes);
	for (size_t i = 0; i < list->count; i++)
		if (!list->entries[i].value->faulty && list->entries[i].value->kind == NODE_MAP)
			records->nodes[records->count++] = list->entries[i].value;
}

/* A moment names one thing: the four lists share their names. */
static char *read_id(struct loading *loading, enum index_kind kind, const struct node *node, size_t number)
{
	const struct node *id = node_sound(node, "id");
	if (id && index_add(loading, INDEX_EVENT, id, number))
		index_add(loading, kind, id, number);
	return read_string(loading, node, "id");
}

#define READ_IDS(list_kind, list_key, index, array)                                                                              \
	do {                                                                                                                     \
		read_list(loading, list_kind, list_key);                                                                         \
		const struct records *records_ = &loading->lists[list_kind];                                                     \
		scenario->array##_count = records_->count;                                                                       \
		scenario->array = pool_alloc(loading->pool, records_->count, sizeof *scenario->array);                           \
		for (size_t i = 0; i < records_->count; i++)                                                                     \
			scenario->array[i].id = read_id(loading, index, records_->nodes[i], i);                                  \
	} while (0)

void load_events(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	READ_IDS(LIST_STEPS, "attack", INDEX_STEP, steps);
	READ_IDS(LIST_INJECTS, "injects", INDEX_INJECT, injects);
	READ_IDS(LIST_OBJECTIVES, "objectives", INDEX_OBJECTIVE, objectives);
	READ_IDS(LIST_DUTIES, "duties", INDEX_DUTY, duties);
	read_list(loading, LIST_SOLUTION, "solution");
}
