/* Objectives and duties: what is scored, and the truth that it is compared with. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

const char *const phase_names[] = {"detect", "triage", "analyse", "contain", "eradicate", "recover", "report", NULL};
static const int64_t TOLERANCE_MS = 5 * 60 * 1000;
enum { FLOOR_PERCENT = 40 };

/* ---- truth ---- */

static const struct {
	const char *name;
	enum match match; /* that fits it */
} truth_keys[] = {
	[TRUTH_HOST] = {"host", MATCH_EXACT},	    [TRUTH_ADDRESSES] = {"addresses", MATCH_SET},
	[TRUTH_TIME] = {"time", MATCH_TIME},	    [TRUTH_TECHNIQUE] = {"technique", MATCH_EXACT},
	[TRUTH_ACCOUNT] = {"account", MATCH_EXACT},
};
enum { TRUTH_KEYS = sizeof truth_keys / sizeof *truth_keys };

/* `truth.STEP.KEY`; false after reporting. */
static bool read_truth_reference(struct loading *loading, const struct node *node, struct truth *truth)
{
	cleanup_free char *copy = xstrdup(node->text + strlen("truth."));
	char *dot = strchr(copy, '.');
	int key = 0;
	if (!dot) {
		findings_error(loading->findings, &node->position, "write `truth.STEP.KEY`, such as `truth.%s.host`",
			       *copy ? copy : "open");
		return false;
	}
	*dot = '\0';
	while (key < TRUTH_KEYS && strcmp(truth_keys[key].name, dot + 1) != 0)
		key++;
	if (key == TRUTH_KEYS) {
		cleanup_free char *shown = quoted(dot + 1);
		findings_error(loading->findings, &node->position,
			       "a step has no truth %s; it has host, addresses, time, technique, account", shown);
		return false;
	}
	int number = index_refer_name(loading, INDEX_STEP, copy, &node->position);
	if (number < 0)
		return false;
	truth->step = &loading->scenario->steps[number];
	truth->key = (enum truth_key)key;
	bool complete = loading->complete && truth->step->ability;
	if (key == TRUTH_ADDRESSES && !truth->step->to && complete)
		findings_error(loading->findings, &node->position, "the step `%s` has no `to`: there are no addresses to know",
			       copy);
	if (key == TRUTH_ACCOUNT && !truth->step->as && complete)
		findings_error(loading->findings, &node->position, "the step `%s` has no `as`: there is no account to know",
			       copy);
	return true;
}

static bool read_answer_value(struct loading *loading, const struct node *node, struct truth *truth, enum match *match)
{
	*match = node->kind == NODE_LIST ? MATCH_SET : MATCH_EXACT;
	if (node->kind == NODE_SCALAR && strcmp(node->text, "any") == 0)
		return true;
	if (node->kind == NODE_SCALAR && strncmp(node->text, "truth.", 6) == 0) {
		if (!read_truth_reference(loading, node, truth))
			return false;
		*match = truth_keys[truth->key].match;
		return true;
	}
	if (node->kind == NODE_SCALAR && (truth->secret = facts_secret(loading, node->text, &node->position)))
		return true;
	truth->literal = pool_json(loading->pool, read_line_or_lines(loading, node, true));
	return true;
}

struct answer {
	struct truth truth;
	enum match match;
	int64_t tolerance_ms;
	bool required;
};

static const char *const match_names[] = {[MATCH_EXACT] = "exact", [MATCH_SET] = "set", [MATCH_TIME] = "time", NULL};

static struct answer read_answer(struct loading *loading, const struct node *node)
{
	struct answer answer = {.tolerance_ms = TOLERANCE_MS, .required = true};
	if (!node || node->faulty)
		return answer;
	const struct node *value = node->kind == NODE_MAP ? node_sound(node, "is") : node;
	if (value)
		read_answer_value(loading, value, &answer.truth, &answer.match);
	if (node->kind != NODE_MAP)
		return answer;
	answer.match = (enum match)read_choice(node, "match", match_names, (int)answer.match);
	answer.tolerance_ms = read_number(node, "tolerance", TOLERANCE_MS);
	answer.required = read_truth(node, "required", true);
	return answer;
}

static void judge_match(struct loading *loading, const struct node *node, const struct answer *answer)
{
	const struct truth *truth = &answer->truth;
	bool is_time = truth->step && truth->key == TRUTH_TIME;
	if (!node->faulty && truth->secret && answer->match != MATCH_EXACT)
		findings_error(loading->findings, &node->position,
			       "a team's secret is matched as `exact`; take the other `match` away");
	if (node->faulty || (!truth->step && !truth->literal))
		return;
	if ((answer->match == MATCH_TIME) != is_time)
		findings_error(loading->findings, &node->position,
			       is_time ? "a time is matched as `time`; take the other `match` away"
				       : "only `truth.STEP.time` can be matched as `time`");
}

/* ---- claims ---- */

/* `match` and `tolerance` beside the fields hold for all of them. */
static bool is_for_all(const char *key)
{
	return strcmp(key, "match") == 0 || strcmp(key, "tolerance") == 0;
}

static void read_for_all(struct loading *loading, const struct node *map, int *match, int64_t *tolerance_ms)
{
	const struct node *node = node_sound(map, "match");
	*match = read_choice(map, "match", match_names, -1);
	if (node && (node->kind != NODE_SCALAR || *match < 0))
		findings_error(loading->findings, &node->position, "`match` must be `exact`, `set` or `time`");
	node = node_sound(map, "tolerance");
	*tolerance_ms = TOLERANCE_MS;
	if (node && (node->kind != NODE_SCALAR || !value_duration(node->text, tolerance_ms)))
		findings_error(loading->findings, &node->position, "`tolerance` must be a length of time such as `5m`");
}

static void read_claim(struct loading *loading, struct objective *objective, const struct node *map)
{
	int match;
	int64_t tolerance_ms;
	if (map->kind != NODE_MAP)
		return;
	objective->fields = pool_alloc(loading->pool, map->count, sizeof *objective->fields);
	read_for_all(loading, map, &match, &tolerance_ms);
	for (size_t i = 0; i < map->count; i++) {
		const struct entry *entry = &map->entries[i];
		if (is_for_all(entry->key->text))
			continue;
		struct answer answer = read_answer(loading, entry->value);
		if (match >= 0 && entry->value->kind != NODE_MAP)
			answer.match = (enum match)match;
		if (entry->value->kind != NODE_MAP)
			answer.tolerance_ms = tolerance_ms;
		judge_match(loading, entry->value, &answer);
		if (entry->value->kind == NODE_SCALAR && strcmp(entry->value->text, "any") == 0)
			findings_error(loading->findings, &entry->value->position,
				       "a claim needs something to be compared with, not `any`");
		objective->fields[objective->fields_count++] = (struct claim_field){
			.name = pool_strdup(loading->pool, entry->key->text),
			.truth = answer.truth,
			.match = answer.match,
			.tolerance_ms = answer.tolerance_ms,
		};
	}
	if (objective->fields_count == 0)
		findings_error(loading->findings, &map->position, "a claim needs a field, such as `host: truth.open.host`");
}

/* ---- objectives ---- */

static void judge_times(struct loading *loading, const struct objective *objective, const struct node *node)
{
	const struct node *full = node_get(node, "full_by"), *floor_node = node_get(node, "floor_at");
	const struct moment *full_by = &objective->full_by, *floor_at = &objective->floor_at;
	if (!full != !floor_node)
		findings_error(loading->findings, full ? &full->position : &floor_node->position, "`%s` needs `%s` as well",
			       full ? "full_by" : "floor_at", full ? "floor_at" : "full_by");
	if (!full || !floor_node)
		return;
	if (objective->id && full_by->after && strcmp(full_by->after, objective->id) == 0)
		findings_error(loading->findings, &full->position, "`%s` cannot count from itself", objective->id);
	if (!full_by->given || !floor_at->given)
		return;
	bool same = !full_by->after == !floor_at->after && (!full_by->after || strcmp(full_by->after, floor_at->after) == 0);
	if (!same)
		findings_error(loading->findings, &floor_node->position,
			       "`floor_at` counts from %s, `full_by` from %s; let both count from the same",
			       floor_at->after ? floor_at->after : "the start", full_by->after ? full_by->after : "the start");
	else if (floor_at->offset_ms <= full_by->offset_ms)
		findings_error(loading->findings, &floor_node->position, "`floor_at` (%s) must come after `full_by` (%s)",
			       floor_node->text, full->text);
}

static void read_hints(struct loading *loading, struct objective *objective, const struct node *list)
{
	if (!list || list->kind != NODE_LIST)
		return;
	objective->hints = pool_alloc(loading->pool, list->count, sizeof *objective->hints);
	for (size_t i = 0; i < list->count; i++) {
		const struct node *node = list->entries[i].value;
		struct hint *hint = &objective->hints[objective->hints_count++];
		hint->cost_points = (int)read_number(node, "cost", 0);
		hint->text = read_text_with_facts(loading, node, "text");
		if (hint->cost_points > objective->points && node_sound(node, "cost") && objective->points > 0)
			findings_warning(loading->findings, &node_get(node, "cost")->position,
					 "this hint costs more than the objective's %d points", objective->points);
	}
}

static void read_rule(struct loading *loading, struct objective *objective, const struct node *node)
{
	static const struct {
		const char *key;
		enum objective_kind kind;
	} rules[] = {{"claim", OBJECTIVE_CLAIM}, {"state", OBJECTIVE_STATE}, {"manual", OBJECTIVE_MANUAL}};
	const struct node *rule = NULL;
	bool faulty = false;
	int count = 0;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct node *found = node_get(node, rules[i].key);
		if (!found)
			continue;
		rule = found;
		objective->kind = rules[i].kind;
		faulty = faulty || found->faulty;
		if (count++ > 0)
			findings_error(loading->findings, &found->position,
				       "an objective has one of `claim`, `state` and `manual`; make two of it");
	}
	if (count == 0)
		findings_error(loading->findings, &node->position,
			       "an objective needs one of `claim`, `state` and `manual: true`");
	if (count != 1 || faulty)
		return;
	if (objective->kind == OBJECTIVE_CLAIM)
		read_claim(loading, objective, rule);
	else if (objective->kind == OBJECTIVE_STATE)
		load_state(loading, &objective->state, rule);
	else if (!read_truth(node, "manual", false))
		findings_error(loading->findings, &rule->position, "`manual` is `true` or is left out");
}

/* Where no title is written, people read the id. */
static struct text read_title(struct loading *loading, const struct node *node)
{
	struct text title = read_text(loading, node, "title");
	if (!node_get(node, "title"))
		title.ja = title.en = read_string(loading, node, "id");
	return title;
}

static void load_objective(struct loading *loading, struct objective *objective, const struct node *node)
{
	objective->position = node->position;
	objective->title = read_title(loading, node);
	objective->phase = (enum phase)read_choice(node, "phase", phase_names, PHASE_DETECT);
	objective->points = (int)read_number(node, "points", 0);
	objective->full_by = read_moment(loading, node, "full_by");
	objective->floor_at = read_moment(loading, node, "floor_at");
	objective->floor_percent = (int)read_number(node, "floor", FLOOR_PERCENT);
	judge_times(loading, objective, node);
	read_rule(loading, objective, node);
	read_hints(loading, objective, node_sound(node, "hints"));
}

/* ---- duties ---- */

static void read_duty_fields(struct loading *loading, struct duty *duty, const struct node *node)
{
	if (!node)
		return;
	duty->fields = pool_alloc(loading->pool, node->count, sizeof *duty->fields);
	for (size_t i = 0; i < node->count; i++) {
		const struct entry *entry = &node->entries[i];
		const struct node *key = node->kind == NODE_LIST ? entry->value : entry->key;
		struct answer answer = {.required = true, .tolerance_ms = TOLERANCE_MS};
		if (key->faulty)
			continue;
		if (node->kind == NODE_MAP) {
			answer = read_answer(loading, entry->value);
			judge_match(loading, entry->value, &answer);
		}
		duty->fields[duty->fields_count++] = (struct duty_field){
			.name = pool_strdup(loading->pool, key->text),
			.truth = answer.truth,
			.match = answer.match,
			.tolerance_ms = answer.tolerance_ms,
			.required = answer.required,
		};
	}
}

static void load_duty(struct loading *loading, struct duty *duty, const struct node *node)
{
	const struct node *of = node_sound(node, "of");
	duty->title = read_title(loading, node);
	duty->to = refer_contact(loading, node_sound(node, "to"));
	duty->due = (struct moment){.given = true, .offset_ms = read_number(node, "within", 0)};
	if (of && duty->id && strcmp(of->text, duty->id) == 0)
		findings_error(loading->findings, &of->position, "`%s` cannot count from itself", duty->id);
	else if (index_refer(loading, INDEX_EVENT, of) >= 0)
		duty->due.after = read_string(loading, node, "of");
	duty->points = (int)read_number(node, "points", 0);
	duty->final = read_truth(node, "final", false);
	duty->rubric = read_text(loading, node, "rubric");
	read_duty_fields(loading, duty, node_sound(node, "fields"));
}

void load_goals(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->objectives_count; i++)
		load_objective(loading, &scenario->objectives[i], loading->lists[LIST_OBJECTIVES].nodes[i]);
	for (size_t i = 0; i < scenario->duties_count; i++)
		load_duty(loading, &scenario->duties[i], loading->lists[LIST_DUTIES].nodes[i]);
}
