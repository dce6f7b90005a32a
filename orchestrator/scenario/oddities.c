/* Warnings: what is legal, but hardly meant. Asked only when there are no errors, so every reference holds. */
#include <string.h>

#include "orchestrator/scenario/loading.h"

enum { LOGS_PORT = 514, FLOWS_PORT = 2055 };

/* ---- time: the earliest moment at which each step and inject can happen ---- */

struct timeline {
	const struct loading *loading;
	int64_t *steps_ms, *injects_ms; /* -1: not yet computed */
};

static int64_t earliest_step(struct timeline *timeline, const struct step *step);

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* What waits for people (an objective, a report) can come as early as they are quick. There are no cycles: load_order has looked.
 */
static int64_t earliest_moment(struct timeline *timeline, const struct moment *moment)
{
	const struct scenario *scenario = timeline->loading->scenario;
	if (!moment->given || !moment->after)
		return moment->offset_ms;
	int number = index_find(timeline->loading, INDEX_STEP, moment->after);
	if (number >= 0)
		return earliest_step(timeline, &scenario->steps[number]) + moment->offset_ms;
	number = index_find(timeline->loading, INDEX_INJECT, moment->after);
	if (number < 0)
		return moment->offset_ms;
	if (timeline->injects_ms[number] < 0)
		timeline->injects_ms[number] = earliest_moment(timeline, &scenario->injects[number].at);
	return timeline->injects_ms[number] + moment->offset_ms;
}

static int64_t earliest_step(struct timeline *timeline, const struct step *step)
{
	const struct scenario *scenario = timeline->loading->scenario;
	int64_t *known = &timeline->steps_ms[step - scenario->steps];
	if (*known >= 0)
		return *known;
	int64_t at_ms = earliest_moment(timeline, &step->at);
	if (step->through)
		at_ms = later(at_ms, earliest_step(timeline, step->through));
	for (size_t i = 0; i < step->needs_count; i++)
		at_ms = later(at_ms, earliest_step(timeline, scenario_step(scenario, step->needs[i])));
	return *known = at_ms;
}

static void warn_late(struct timeline *timeline, const struct moment *moment, const struct position *position, const char *what)
{
	if (moment->given && earliest_moment(timeline, moment) > timeline->loading->scenario->duration_ms)
		findings_warning(timeline->loading->findings, position, "%s comes after the end of the exercise (`duration`)",
				 what);
}

static const struct position *key_position(const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);
	return value ? &value->position : &node->position;
}

static void warn_times(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	struct timeline timeline = {
		.loading = loading,
		.steps_ms = pool_alloc(loading->scratch, scenario->steps_count, sizeof *timeline.steps_ms),
		.injects_ms = pool_alloc(loading->scratch, scenario->injects_count, sizeof *timeline.injects_ms),
	};
	for (size_t i = 0; i < scenario->steps_count; i++)
		timeline.steps_ms[i] = -1;
	for (size_t i = 0; i < scenario->injects_count; i++)
		timeline.injects_ms[i] = -1;
	for (size_t i = 0; i < scenario->steps_count; i++)
		if (earliest_step(&timeline, &scenario->steps[i]) > scenario->duration_ms)
			findings_warning(loading->findings, &scenario->steps[i].position,
					 "the step `%s` comes after the end of the exercise (`duration`)", scenario->steps[i].id);
	for (size_t i = 0; i < scenario->injects_count; i++)
		warn_late(&timeline, &scenario->injects[i].at, key_position(loading->lists[LIST_INJECTS].nodes[i], "at"),
			  "this inject");
	for (size_t i = 0; i < scenario->objectives_count; i++)
		warn_late(&timeline, &scenario->objectives[i].full_by,
			  key_position(loading->lists[LIST_OBJECTIVES].nodes[i], "full_by"), "`full_by`");
	for (size_t i = 0; i < scenario->duties_count; i++)
		warn_late(&timeline, &scenario->duties[i].due, key_position(loading->lists[LIST_DUTIES].nodes[i], "within"),
			  "the deadline");
	for (size_t i = 0; i < scenario->solution_count; i++)
		warn_late(&timeline, &scenario->solution[i].at, key_position(loading->lists[LIST_SOLUTION].nodes[i], "at"),
			  "this part of the solution");
}

/* ---- the LAN ---- */

static bool is_attached(const struct host *host, const struct network *network)
{
	for (size_t i = 0; i < host->nics_count; i++)
		if (host->nics[i].network == network)
			return true;
	return false;
}

/* Marks every network that packets can get to from `host`, through hosts that forward. Rules of firewalls are not asked: teams
 * change them. */
static void mark_networks(const struct scenario *scenario, const struct host *host, bool *marked)
{
	for (size_t i = 0; i < host->nics_count; i++)
		marked[host->nics[i].network - scenario->networks] = true;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < scenario->hosts_count; i++) {
			const struct host *router = &scenario->hosts[i];
			bool on = false, off = false;
			for (size_t j = 0; router->role->forwards && j < router->nics_count; j++)
				*(marked[router->nics[j].network - scenario->networks] ? &on : &off) = true;
			for (size_t j = 0; on && off && j < router->nics_count; j++)
				marked[router->nics[j].network - scenario->networks] = true;
			more = more || (on && off);
		}
	}
}

static bool connected(const struct scenario *scenario, const struct host *from, const struct host *to)
{
	bool marked[LIMIT_NETWORKS] = {false};
	mark_networks(scenario, from, marked);
	for (size_t i = 0; i < to->nics_count; i++)
		if (marked[to->nics[i].network - scenario->networks])
			return true;
	return false;
}

/* With the proxy, or without: does any way lead there? */
static bool has_way(const struct scenario *scenario, const struct host *from, const struct host *via, const struct host *to)
{
	return connected(scenario, from, to) || (via && connected(scenario, from, via) && connected(scenario, via, to));
}

/* A host that nobody names, on networks that no rule names, in which trainees have nothing to do. */
static bool is_idle(const struct loading *loading, const struct host *host)
{
	if (host->access != ACCESS_NONE || host->role->forwards || host->role->resolves ||
	    index_mentioned(loading, INDEX_HOST, host->name))
		return false;
	for (size_t i = 0; i < loading->scenario->firewalls_count; i++) {
		const struct firewall *firewall = &loading->scenario->firewalls[i];
		for (size_t j = 0; j < firewall->rules_count; j++)
			for (size_t k = 0; k < host->nics_count; k++)
				for (size_t n = 0; n < firewall->rules[j].to_count; n++)
					if (firewall->rules[j].to[n].network == host->nics[k].network)
						return false;
	}
	return true;
}

static bool is_empty(const struct scenario *scenario, const struct network *network)
{
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (is_attached(&scenario->hosts[i], network))
			return false;
	return true;
}

static void warn_lan(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		bool has_rules = false;
		for (size_t j = 0; j < scenario->firewalls_count; j++)
			has_rules = has_rules || scenario->firewalls[j].host == host;
		if (is_idle(loading, host))
			findings_warning(loading->findings, &host->position,
					 "no step, objective or rule mentions `%s`, and trainees may not use it; is it needed?",
					 host->name);
		if (host->role->forwards && !has_rules)
			findings_warning(loading->findings, &host->position,
					 "`%s` forwards packets, but `firewalls` has no rules for it: it drops everything",
					 host->name);
	}
	for (size_t i = 0; i < scenario->networks_count; i++)
		if (is_empty(scenario, &scenario->networks[i]))
			findings_warning(loading->findings, &scenario->networks[i].position, "no host is on the network `%s`",
					 scenario->networks[i].name);
}

/* ---- what hosts send, and who hands out addresses ---- */

static bool offers(const struct host *host, int port)
{
	for (size_t i = 0; i < host->role->services_count; i++)
		if (scenario_service_port(host, &host->role->services[i]) == port)
			return true;
	return false;
}

/* Does what the host sends to the other stay on a closed network, or has it one that is not closed? */
static bool leaves_closed(const struct host *host, const struct host *to)
{
	for (size_t i = 0; i < host->nics_count; i++)
		if (host->nics[i].network->kind != NETWORK_CLOSED || is_attached(to, host->nics[i].network))
			return false;
	return true;
}

static void warn_receiver(struct loading *loading, const struct host *host, const struct host *to, int port, const char *what)
{
	if (!to)
		return;
	if (!offers(to, port))
		findings_warning(loading->findings, &host->position,
				 "`%s` sends its %s to `%s` (role `%s`), which has no service on port %d: nothing receives them",
				 host->name, what, to->name, to->role->name, port);
	if (!connected(loading->scenario, host, to))
		findings_warning(loading->findings, &host->position, "no way leads from `%s` to `%s`: its %s are never received",
				 host->name, to->name, what);
	else if (leaves_closed(host, to))
		findings_warning(loading->findings, &host->position,
				 "`%s` is on a closed network, and sends its %s out of it to `%s`", host->name, what, to->name);
}

/* Requests for an address are broadcast: somebody on the network must hear them. */
static bool is_heard(const struct scenario *scenario, const struct host *server, const struct network *network)
{
	if (is_attached(server, network))
		return true;
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (scenario->hosts[i].role->forwards && is_attached(&scenario->hosts[i], network) &&
		    scenario_host_names(&scenario->hosts[i], server->name))
			return true;
	return false;
}

static void warn_traffic(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		warn_receiver(loading, host, host->logs, LOGS_PORT, "logs");
		warn_receiver(loading, host, host->flows, FLOWS_PORT, "flows");
		for (size_t r = 0; r < host->ranges_count; r++)
			if (!is_heard(scenario, host, host->ranges[r].network))
				findings_warning(
					loading->findings, &host->position,
					"`%s` hands out addresses on `%s`, but is not on it, and no firewall there passes "
					"requests on (its option `dhcp: %s`)",
					host->name, host->ranges[r].network->name, host->name);
	}
}

/* ---- attack and goals ---- */

static void warn_ways(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->steps_count; i++) {
		const struct step *step = &scenario->steps[i];
		if (step->to && step->to != step->on && !step->through && !has_way(scenario, step->on, step->via, step->to))
			findings_warning(loading->findings, &step->position,
					 "no way leads from `%s` to `%s`: this step will always be blocked", step->on->name,
					 step->to->name);
	}
	for (size_t i = 0; i < scenario->objectives_count; i++) {
		const struct objective *objective = &scenario->objectives[i];
		const struct state_probe *state = &objective->state;
		if (objective->kind != OBJECTIVE_STATE || !state->to || has_way(scenario, state->from, state->via, state->to))
			continue;
		findings_warning(loading->findings, &objective->position,
				 state->kind == STATE_UNREACHABLE
					 ? "no way leads from `%s` to `%s` anyway: an idle team reaches `%s`"
					 : "no way leads from `%s` to `%s`: nobody can reach `%s`",
				 state->from->name, state->to->name, objective->id);
	}
}

static bool solution_has(const struct scenario *scenario, enum solution_kind kind, const char *target)
{
	for (size_t i = 0; i < scenario->solution_count; i++) {
		const struct solution_step *entry = &scenario->solution[i];
		if (entry->kind == kind && (!target || (entry->target && strcmp(entry->target, target) == 0)))
			return true;
	}
	return false;
}

static void warn_solution(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	if (scenario->objectives_count + scenario->duties_count == 0)
		findings_warning(loading->findings, &loading->root->position,
				 "there are no `objectives` and no `duties`: nothing is scored");
	if (scenario->solution_count == 0)
		return;
	for (size_t i = 0; i < scenario->objectives_count; i++) {
		const struct objective *objective = &scenario->objectives[i];
		if (objective->kind != OBJECTIVE_MANUAL && !solution_has(scenario, SOLUTION_CLAIM, objective->id))
			findings_warning(loading->findings, &objective->position,
					 "the solution never claims `%s`: can anybody reach it?", objective->id);
		if (objective->kind == OBJECTIVE_STATE && !solution_has(scenario, SOLUTION_RUN, NULL))
			findings_warning(loading->findings, &objective->position,
					 "the solution runs nothing that could bring about `%s`", objective->id);
	}
	for (size_t i = 0; i < scenario->duties_count; i++)
		if (!solution_has(scenario, SOLUTION_REPORT, scenario->duties[i].id))
			findings_warning(loading->findings, &loading->lists[LIST_DUTIES].nodes[i]->position,
					 "the solution never sends the report `%s`: can anybody write it?",
					 scenario->duties[i].id);
}

void warn_oddities(struct loading *loading)
{
	warn_times(loading);
	warn_lan(loading);
	warn_traffic(loading);
	warn_ways(loading);
	warn_solution(loading);
}
