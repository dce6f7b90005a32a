/* Names, and what refers to them. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

static const struct {
	const char *one, *many;
} words[INDEX_COUNT] = {
	[INDEX_NETWORK] = {"network", "networks"},
	[INDEX_HOST] = {"host", "hosts"},
	[INDEX_PERSON] = {"person", "people"},
	[INDEX_CONTACT] = {"contact", "contacts in `desk`"},
	[INDEX_STEP] = {"step", "steps"},
	[INDEX_INJECT] = {"inject", "injects"},
	[INDEX_OBJECTIVE] = {"objective", "objectives"},
	[INDEX_DUTY] = {"duty", "duties"},
	[INDEX_EVENT] = {"step, inject, objective or duty", "steps, injects, objectives and duties"},
};

int index_find(const struct loading *loading, enum index_kind kind, const char *name)
{
	const json_t *number = json_object_get(loading->indexes[kind].numbers, name);
	return number ? (int)json_integer_value(number) : -1;
}

bool index_add(struct loading *loading, enum index_kind kind, const struct node *key, size_t number)
{
	struct index *index = &loading->indexes[kind];
	if (index_find(loading, kind, key->text) >= 0) {
		findings_error(loading->findings, &key->position, "there is another %s `%s`; give this one another name",
			       words[kind].one, key->text);
		return false;
	}
	json_object_set_new(index->numbers, key->text, json_integer((json_int_t)number));
	*array_add(&index->names, &index->count) = key->text;
	return true;
}

bool index_mentioned(const struct loading *loading, enum index_kind kind, const char *name)
{
	return json_object_get(loading->indexes[kind].mentioned, name) != NULL;
}

int index_refer_name(struct loading *loading, enum index_kind kind, const char *name, const struct position *position)
{
	struct index *index = &loading->indexes[kind];
	int number = index_find(loading, kind, name);
	if (number >= 0) {
		json_object_set_new(index->mentioned, name, json_true());
		return number;
	}
	if (!loading->complete)
		return -1; /* it may be in the file that could not be read */
	cleanup_free char *shown = quoted(name);
	cleanup_free char *suggestion =
		findings_full(loading->findings) ? NULL : schema_suggest(name, words[kind].many, index->names, index->count);
	findings_error(loading->findings, position, "there is no %s %s%s", words[kind].one, shown, suggestion ? suggestion : "");
	return -1;
}

int index_refer(struct loading *loading, enum index_kind kind, const struct node *node)
{
	if (!node || node->faulty || node->kind != NODE_SCALAR)
		return -1;
	return index_refer_name(loading, kind, node->text, &node->position);
}

#define DEFINE_REFER(result, name, kind, array)                                                                                  \
	result refer_##name(struct loading *loading, const struct node *node)                                                    \
	{                                                                                                                        \
		int number = index_refer(loading, kind, node);                                                                   \
		return number < 0 ? NULL : &loading->scenario->array[number];                                                    \
	}
DEFINE_REFER(const struct network *, network, INDEX_NETWORK, networks)
DEFINE_REFER(const struct host *, host, INDEX_HOST, hosts)
DEFINE_REFER(const struct person *, person, INDEX_PERSON, people)
DEFINE_REFER(const struct contact *, contact, INDEX_CONTACT, contacts)
DEFINE_REFER(struct step *, step, INDEX_STEP, steps)
