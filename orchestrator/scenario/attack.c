/* The attack's steps, what the team gets to read, and the order of both: nothing may wait for itself. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

/* ---- steps ---- */

static void read_start(struct loading *loading, struct step *step, const struct node *node)
{
	const struct node *at = node_get(node, "at"), *after = node_get(node, "after"), *sound = node_sound(node, "after");
	char name[LIMIT_NAME_BYTES + 1];
	int64_t offset_ms;
	if (!at == !after)
		findings_error(loading->findings, at ? &at->position : &node->position,
			       at ? "a step has either `at` or `after`; take one away"
				  : "a step needs `at: +5s` or `after: STEP + 5s`: say when it begins");
	if (sound && value_moment(sound->text, name, &offset_ms) && !*name)
		findings_error(loading->findings, &sound->position,
			       "`after` must name what it comes after (`open + 10s`); for a time from the start write `at`");
	step->at = read_moment(loading, node, after ? "after" : "at");
}

static void judge_technique(struct loading *loading, const struct step *step, const struct node *node)
{
	for (size_t i = 0; i < step->ability->techniques_count; i++)
		if (strcmp(step->ability->techniques[i], step->technique) == 0)
			return;
	if (step->ability->techniques_count > 0)
		findings_warning(loading->findings, &node->position, "the ability `%s` emulates %s%s, not %s", step->ability->id,
				 step->ability->techniques[0], step->ability->techniques_count > 1 ? " and others" : "",
				 step->technique);
}

static void read_args(struct loading *loading, struct step *step, const struct node *node)
{
	cleanup_free char *owner = xasprintf("the ability `%s`", step->ability->id);
	const struct node *args = node_sound(node, "args");
	const struct assignment assignment = {
		.parameters = step->ability->args,
		.parameters_count = step->ability->args_count,
		.given = args,
		.position = args ? &args->position : &step->position,
		.owner = owner,
		.what = "argument",
		.whats = "arguments",
		.for_attack = true,
	};
	if (node_get(node, "args") && !args)
		return;
	step->args = pool_json(loading->pool, parameters_assign(loading, &assignment));
}

/* `${via}` in `expect` of a step without a proxy is left out; `${to.ip}` in a text cannot be. */
static void judge_beacon(struct loading *loading, const struct step *step, const struct node *node)
{
	const struct node *every = node_get(node, "every");
	if (step->ability->kind == ABILITY_BEACON) {
		if (!node_get(node, "to"))
			findings_error(loading->findings, &step->position, "a beacon needs `to`: the host that is its C&C");
		if (!every)
			findings_error(loading->findings, &step->position,
				       "a beacon needs `every`: how often it polls its C&C (`every: 5s`)");
	} else if (every) {
		findings_error(loading->findings, &every->position, "only a beacon has `every`; `%s` is run once",
			       step->ability->id);
	}
}

static void read_needs(struct loading *loading, struct step *step, const struct node *node)
{
	const struct node *needs = node_sound(node, "needs");
	if (!needs)
		return;
	size_t most = needs->kind == NODE_LIST ? needs->count : 1;
	step->needs = pool_alloc(loading->pool, most, sizeof *step->needs);
	for (size_t i = 0; i < most; i++) {
		const struct step *needed = refer_step(loading, needs->kind == NODE_LIST ? needs->entries[i].value : needs);
		if (needed && needed->id)
			step->needs[step->needs_count++] = needed->id;
	}
}

static void load_step(struct loading *loading, struct step *step, const struct node *node)
{
	const struct node *technique = node_sound(node, "technique");
	step->position = node->position;
	step->technique = read_string(loading, node, "technique");
	step->ability = catalogue_ability(loading, node_sound(node, "ability"));
	step->on = refer_host(loading, node_sound(node, "on"));
	step->to = refer_host(loading, node_sound(node, "to"));
	step->via = refer_host(loading, node_sound(node, "via"));
	step->as = refer_person(loading, node_sound(node, "as"));
	step->every_ms = read_number(node, "every", 0);
	read_start(loading, step, node);
	read_needs(loading, step, node);
	if (!step->ability)
		return;
	if (technique)
		judge_technique(loading, step, technique);
	read_args(loading, step, node);
	judge_beacon(loading, step, node);
}

/* ---- steps that a beacon carries ---- */

static void judge_carried(struct loading *loading, const struct step *step, const struct step *beacon, const struct node *node)
{
	const struct position *position = &node_get(node, "through")->position;
	if (beacon->ability && beacon->ability->kind != ABILITY_BEACON)
		findings_error(loading->findings, position,
			       "`%s` is no beacon (its ability is `%s`); `through` names a step that starts one", beacon->id,
			       beacon->ability->id);
	else if (beacon->on && step->on && beacon->on != step->on)
		findings_error(loading->findings, position,
			       "the beacon `%s` runs on `%s`, not on `%s`; a beacon acts where it is", beacon->id,
			       beacon->on->name, step->on->name);
	if (step->ability && !step->ability->through_beacon)
		findings_error(loading->findings, position, "the ability `%s` cannot be carried by a beacon; take `through` away",
			       step->ability->id);
	static const char *const own[] = {"to", "via", "as", NULL};
	for (int i = 0; own[i]; i++) {
		const struct node *value = node_get(node, own[i]);
		if (value)
			findings_error(loading->findings, &value->position,
				       "a step `through` a beacon has the beacon's `%s`; take this one away", own[i]);
	}
}

static void load_carried(struct loading *loading, struct step *step, const struct node *node)
{
	struct step *beacon = refer_step(loading, node_sound(node, "through"));
	if (!beacon)
		return;
	judge_carried(loading, step, beacon, node);
	step->through = beacon;
	step->to = beacon->to;
	step->via = beacon->via;
	step->as = beacon->as;
}

/* A trace whose host this scenario does not have cannot be looked for. `${to}` or `${via}` of a step without: the engine leaves
 * it out. */
static void judge_traces(struct loading *loading, const struct step *step, const struct node *node)
{
	for (size_t i = 0; i < step->ability->expect_count; i++) {
		const char *host = step->ability->expect[i].host;
		if (strncmp(host, "${", 2) != 0 && index_find(loading, INDEX_HOST, host) < 0)
			findings_error(loading->findings, &node->position,
				       "the ability `%s` leaves a trace on a host `%s`, which this scenario does not have",
				       step->ability->id, host);
	}
}

void load_attack(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	struct node **nodes = loading->lists[LIST_STEPS].nodes;
	for (size_t i = 0; i < scenario->steps_count; i++)
		load_step(loading, &scenario->steps[i], nodes[i]);
	for (size_t i = 0; i < scenario->steps_count; i++) {
		load_carried(loading, &scenario->steps[i], nodes[i]);
		if (scenario->steps[i].ability)
			judge_traces(loading, &scenario->steps[i], nodes[i]);
	}
}

void load_messages(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	struct node **nodes = loading->lists[LIST_INJECTS].nodes;
	scenario->briefing = read_text_with_facts(loading, loading->root, "briefing");
	for (size_t i = 0; i < scenario->injects_count; i++) {
		struct inject *inject = &scenario->injects[i];
		inject->at = read_moment(loading, nodes[i], "at");
		inject->from = refer_contact(loading, node_sound(nodes[i], "from"));
		inject->text = read_text_with_facts(loading, nodes[i], "text");
	}
}

/* ---- order ---- */

/* Steps and injects as one numbered graph: steps first. What waits for an objective or a report waits for people, not for the
 * script. */
struct order {
	struct loading *loading;
	size_t count;
	enum { NEW, OPEN, DONE } * states;
	size_t *from; /* by which thing an open one was reached */
};

static int number_of(const struct order *order, const char *id)
{
	int number = id ? index_find(order->loading, INDEX_STEP, id) : -1;
	if (number >= 0 || !id)
		return number;
	number = index_find(order->loading, INDEX_INJECT, id);
	return number < 0 ? -1 : (int)order->loading->scenario->steps_count + number;
}

static const char *id_of(const struct order *order, size_t number)
{
	const struct scenario *scenario = order->loading->scenario;
	const char *id = number < scenario->steps_count ? scenario->steps[number].id
							: scenario->injects[number - scenario->steps_count].id;
	return id ? id : "?";
}

/* What a thing waits for: the `nth`, or -1 after the last; -2: that one is no step or inject. */
static int waits_for(const struct order *order, size_t number, size_t nth)
{
	const struct scenario *scenario = order->loading->scenario;
	if (number >= scenario->steps_count) {
		const char *after = scenario->injects[number - scenario->steps_count].at.after;
		int found = nth == 0 ? number_of(order, after) : -1;
		return nth > 0 ? -1 : found < 0 ? -2 : found;
	}
	const struct step *step = &scenario->steps[number];
	if (nth >= 2 + step->needs_count)
		return -1;
	const char *id = nth == 0 ? step->at.after : nth == 1 ? (step->through ? step->through->id : NULL) : step->needs[nth - 2];
	int found = number_of(order, id);
	return found < 0 ? -2 : found;
}

static void report_cycle(const struct order *order, size_t number, size_t met)
{
	struct loading *loading = order->loading;
	const struct node *node = met < loading->scenario->steps_count
					  ? loading->lists[LIST_STEPS].nodes[met]
					  : loading->lists[LIST_INJECTS].nodes[met - loading->scenario->steps_count];
	size_t size, shown = 0;
	cleanup_free char *way = NULL;
	FILE *out = open_memstream(&way, &size);
	if (!out)
		abort();
	for (size_t at = number; at != met && shown < LIMIT_NAMES_LISTED; at = order->from[at], shown++)
		fprintf(out, "`%s` waits for ", id_of(order, at));
	fprintf(out, "%s`%s`", shown == LIMIT_NAMES_LISTED ? "... " : "", id_of(order, met));
	fclose(out);
	if (number == met)
		findings_error(loading->findings, &node->position,
			       "`%s` waits for itself; look at its `after`, `needs` and `through`", id_of(order, met));
	else
		findings_error(loading->findings, &node->position,
			       "a cycle: `%s` waits in the end for itself (%s, and that for `%s`); break it", id_of(order, met),
			       way, id_of(order, number));
}

/* Depth first, without recursion: a chain may be as long as the list. */
static void walk(struct order *order, size_t start, size_t *next)
{
	size_t at = start;
	order->from[at] = order->count;
	order->states[at] = OPEN;
	while (at != order->count) {
		int other = waits_for(order, at, next[at]++);
		if (other == -1) {
			order->states[at] = DONE;
			at = order->from[at];
		} else if (other >= 0 && order->states[other] == OPEN) {
			report_cycle(order, at, (size_t)other);
		} else if (other >= 0 && order->states[other] == NEW) {
			order->from[other] = at;
			order->states[other] = OPEN;
			at = (size_t)other;
		}
	}
}

void load_order(struct loading *loading)
{
	size_t count = loading->scenario->steps_count + loading->scenario->injects_count;
	struct order order = {.loading = loading, .count = count};
	order.states = pool_alloc(loading->scratch, count, sizeof *order.states);
	order.from = pool_alloc(loading->scratch, count, sizeof *order.from);
	size_t *next = pool_alloc(loading->scratch, count, sizeof *next);
	for (size_t i = 0; i < count; i++)
		if (order.states[i] == NEW)
			walk(&order, i, next);
}
