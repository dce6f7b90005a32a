/* What a perfect team does: each entry must fit the objective or duty that it answers. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

enum { VALUES_MAX = LIMIT_FIELDS + 1 };

/* Names of what may be written, for "did you mean". */
struct allowed {
	const char *names[VALUES_MAX];
	bool required[VALUES_MAX];
	size_t count;
};

static void allow(struct allowed *allowed, const char *name, bool required)
{
	if (allowed->count == VALUES_MAX)
		return;
	allowed->required[allowed->count] = required;
	allowed->names[allowed->count++] = name;
}

static bool is_allowed(const struct allowed *allowed, const char *name)
{
	for (size_t i = 0; i < allowed->count; i++)
		if (strcmp(allowed->names[i], name) == 0)
			return true;
	return false;
}

/* A team's secret stays as it is written: what it is depends on the team. */
static json_t *read_value(struct loading *loading, const struct node *node)
{
	if (node->kind == NODE_SCALAR && !node->faulty && facts_secret(loading, node->text, &node->position))
		return json_string(node->text);
	return read_line_or_lines(loading, node, true);
}

/* The values of a map, but for the key `besides` (or NULL); judged against what is allowed. */
static json_t *read_values(struct loading *loading, const struct node *map, const char *besides, const struct allowed *allowed)
{
	json_t *values = pool_json(loading->pool, json_object());
	for (size_t i = 0; i < map->count; i++) {
		const struct entry *entry = &map->entries[i];
		if (entry->key->faulty || (besides && strcmp(entry->key->text, besides) == 0))
			continue;
		if (allowed && !is_allowed(allowed, entry->key->text)) {
			cleanup_free char *suggestion =
				schema_suggest(entry->key->text, "fields", allowed->names, allowed->count);
			findings_error(loading->findings, &entry->key->position, "there is no field `%s` to fill in%s",
				       entry->key->text, suggestion);
			continue;
		}
		json_t *value = read_value(loading, entry->value);
		if (value)
			json_object_set_new(values, entry->key->text, value);
	}
	for (size_t i = 0; allowed && i < allowed->count; i++)
		if (allowed->required[i] && !node_get(map, allowed->names[i]))
			findings_warning(loading->findings, &map->position,
					 "the solution leaves `%s` empty: it will not score full points", allowed->names[i]);
	return values;
}

static void read_claim(struct loading *loading, struct solution_step *entry, const struct node *claim)
{
	const struct node *id = node_sound(claim, "objective");
	struct allowed allowed = {0};
	if (!node_get(claim, "objective"))
		findings_error(loading->findings, &claim->position, "a claim needs `objective`: which one it answers");
	if (id && id->kind != NODE_SCALAR) {
		findings_error(loading->findings, &id->position, "`objective` must be the id of one objective");
		return;
	}
	int number = index_refer(loading, INDEX_OBJECTIVE, id);
	if (number < 0) {
		entry->values = read_values(loading, claim, "objective", NULL);
		return;
	}
	const struct objective *objective = &loading->scenario->objectives[number];
	entry->target = objective->id;
	for (size_t i = 0; i < objective->fields_count; i++)
		allow(&allowed, objective->fields[i].name, true);
	if (objective->kind != OBJECTIVE_CLAIM)
		allow(&allowed, "measure", objective->kind == OBJECTIVE_STATE);
	if (objective->kind == OBJECTIVE_MANUAL)
		findings_warning(loading->findings, &claim->position, "`%s` is judged by the instructor; a claim does not score",
				 objective->id);
	entry->values = read_values(loading, claim, "objective",
				    objective->kind == OBJECTIVE_CLAIM && !objective->fields_count ? NULL : &allowed);
}

static void read_run(struct loading *loading, struct solution_step *entry, const struct node *node)
{
	const struct node *run = node_sound(node, "run");
	entry->on = refer_host(loading, node_sound(node, "on"));
	if (run)
		entry->run = facts_fill(loading, run->text, &run->position);
	if (!node_get(node, "on"))
		findings_error(loading->findings, &node->position, "`run` needs `on`: the host where it runs");
	else if (entry->on && entry->on->access != ACCESS_ROOT)
		findings_warning(loading->findings, &node_get(node, "on")->position,
				 "the trainees are not root on `%s`; could they do this?", entry->on->name);
}

static void read_report(struct loading *loading, struct solution_step *entry, const struct node *node)
{
	const struct node *fields = node_sound(node, "fields");
	struct allowed allowed = {0};
	int number = index_refer(loading, INDEX_DUTY, node_sound(node, "report"));
	if (!node_get(node, "fields"))
		findings_error(loading->findings, &node->position, "`report` needs `fields`: what it says");
	if (number >= 0) {
		const struct duty *duty = &loading->scenario->duties[number];
		entry->target = duty->id;
		for (size_t i = 0; i < duty->fields_count; i++)
			allow(&allowed, duty->fields[i].name, duty->fields[i].required);
	}
	if (fields && fields->kind == NODE_MAP)
		entry->values = read_values(loading, fields, NULL, number >= 0 && allowed.count > 0 ? &allowed : NULL);
}

static void load_entry(struct loading *loading, struct solution_step *entry, const struct node *node)
{
	static const char *const keys[] = {[SOLUTION_CLAIM] = "claim", [SOLUTION_RUN] = "run", [SOLUTION_REPORT] = "report"};
	static const struct {
		const char *key;
		enum solution_kind goes_with;
	} companions[] = {{"on", SOLUTION_RUN}, {"fields", SOLUTION_REPORT}};
	int count = 0;
	entry->at = read_moment(loading, node, "at");
	for (int kind = SOLUTION_CLAIM; kind <= SOLUTION_REPORT; kind++) {
		if (!node_get(node, keys[kind]))
			continue;
		entry->kind = (enum solution_kind)kind;
		count++;
	}
	if (count != 1) {
		findings_error(loading->findings, &node->position,
			       "an entry of the solution is one of `claim`, `run` and `report`; this has %s",
			       count == 0 ? "none" : "several");
		return;
	}
	for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
		const struct node *found = node_get(node, companions[i].key);
		if (found && entry->kind != companions[i].goes_with)
			findings_error(loading->findings, &found->position, "`%s` goes with `%s` only; take it away",
				       companions[i].key, keys[companions[i].goes_with]);
	}
	const struct node *claim = node_sound(node, "claim");
	if (entry->kind == SOLUTION_CLAIM && claim && claim->kind == NODE_MAP)
		read_claim(loading, entry, claim);
	else if (entry->kind == SOLUTION_RUN)
		read_run(loading, entry, node);
	else if (entry->kind == SOLUTION_REPORT)
		read_report(loading, entry, node);
}

void load_solution(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	scenario->solution_count = loading->lists[LIST_SOLUTION].count;
	scenario->solution = pool_alloc(loading->pool, scenario->solution_count, sizeof *scenario->solution);
	for (size_t i = 0; i < scenario->solution_count; i++)
		load_entry(loading, &scenario->solution[i], loading->lists[LIST_SOLUTION].nodes[i]);
}
