#include "orchestrator/reach.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/route.h"
#include "orchestrator/scenario/value.h"

struct packet {
	uint32_t from, to;
	const char *protocol;
	int port;
};

/* ---- rules ---- */

static bool side_fits(const struct endpoint *endpoints, size_t count, uint32_t address)
{
	for (size_t i = 0; i < count; i++) {
		const struct endpoint *endpoint = &endpoints[i];
		if (endpoint->kind == ENDPOINT_ANY ||
		    (endpoint->kind == ENDPOINT_NETWORK && subnet_contains(endpoint->network->cidr, address)) ||
		    (endpoint->kind == ENDPOINT_HOST && scenario_host_has(endpoint->host, address)))
			return true;
	}
	return count == 0;
}

static bool service_fits(const struct rule *rule, const struct packet *packet)
{
	for (size_t i = 0; i < rule->services_count; i++)
		if (strcmp(rule->services[i].protocol, packet->protocol) == 0 && rule->services[i].port == packet->port)
			return true;
	return rule->services_count == 0;
}

static bool passes(const struct scenario *scenario, const struct host *host, const struct packet *packet, int *rule)
{
	*rule = 0;
	for (size_t i = 0; i < scenario->firewalls_count; i++) {
		const struct firewall *firewall = &scenario->firewalls[i];
		for (size_t r = 0; firewall->host == host && r < firewall->rules_count; r++) {
			const struct rule *candidate = &firewall->rules[r];
			if (!side_fits(candidate->from, candidate->from_count, packet->from) ||
			    !side_fits(candidate->to, candidate->to_count, packet->to) || !service_fits(candidate, packet))
				continue;
			*rule = (int)r + 1;
			return candidate->accept;
		}
	}
	return false;
}

/* ---- the way ---- */

static const struct nic *nic_on(const struct host *host, const struct network *network)
{
	for (size_t i = 0; i < host->nics_count; i++)
		if (host->nics[i].network == network)
			return &host->nics[i];
	return NULL;
}

struct way {
	const struct host **hops; /* forwarding hosts between the two ends, in order */
	size_t count;
	const struct nic **outs; /* of each, the interface that it sends on by */
	size_t outs_count;
	const struct nic *out;	  /* of the first end; NULL: no route */
	const struct host *stuck; /* where no route leads on; NULL: it arrives */
};

static void way_finish(struct way *way)
{
	free(way->hops);
	free(way->outs);
}
CLEANUP_DEFINE(way, struct way, way_finish(held));

static bool has_passed(const struct way *way, const struct host *host)
{
	for (size_t i = 0; i < way->count; i++)
		if (way->hops[i] == host)
			return true;
	return false;
}

/* From a host to an interface of another, by each one's own routes. */
static struct way walk(const struct scenario *scenario, const struct host *from, const struct host *to, const struct nic *target)
{
	struct way way = {0};
	for (const struct host *at = from; at != to;) {
		const struct nic *out = nic_on(at, target->network);
		const struct host *next = out ? to : route_next(scenario, at, target->network, &out);
		if (at == from)
			way.out = out;
		else
			*array_add(&way.outs, &way.outs_count) = out;
		if (!next || has_passed(&way, next)) { /* no route, or one in a circle */
			way.stuck = at;
			break;
		}
		if (next != to)
			*array_add(&way.hops, &way.count) = next;
		at = next;
	}
	return way;
}

/* Where private addresses give way to the forwarding host's own (RFC 1918). */
static bool is_private(uint32_t address)
{
	return address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8;
}

static bool translates(const struct host *host, const struct nic *out, const struct packet *packet)
{
	return host->role->translates && out->network->kind == NETWORK_INTERNET && is_private(packet->from);
}

/* Whether the answer finds its way from one host to another, over hosts alone that have seen the question. */
static bool comes_back(const struct scenario *scenario, const struct way *there, const struct host *from, const struct host *to,
		       const struct nic *target, struct reach *reach)
{
	cleanup_with(way) struct way back = walk(scenario, from, to, target);
	if (back.stuck)
		*reach = (struct reach){.kind = REACH_NO_ROUTE, .address = reach->address, .at = back.stuck};
	for (size_t i = 0; !back.stuck && i < back.count; i++)
		if (!has_passed(there, back.hops[i])) {
			*reach = (struct reach){.kind = REACH_BLOCKED, .address = reach->address, .at = back.hops[i]};
			return false;
		}
	return !back.stuck;
}

struct reach reach_expected(const struct scenario *scenario, const struct host *from, const struct host *to,
			    const struct role_service *service)
{
	const struct nic *target = route_target(scenario, from, to);
	struct reach reach = {.kind = REACH_NO_ROUTE, .address = target ? target->address : 0, .at = target ? NULL : from};
	if (!target)
		return reach;
	if (from == to)
		return (struct reach){.kind = REACH_OPEN, .address = target->address};
	cleanup_with(way) struct way there = walk(scenario, from, to, target);
	if (there.stuck) {
		reach.at = there.stuck;
		return reach;
	}
	struct packet packet = {.from = there.out->address,
				.to = target->address,
				.protocol = service->udp ? "udp" : "tcp",
				.port = scenario_service_port(to, service)};
	const struct host *asker = from; /* whom the other end sees, and by which interface */
	const struct nic *seen = there.out;
	for (size_t i = 0; i < there.count; i++) {
		if (!passes(scenario, there.hops[i], &packet, &reach.rule))
			return (struct reach){
				.kind = REACH_BLOCKED, .address = reach.address, .at = there.hops[i], .rule = reach.rule};
		if (reach.passes_count < REACH_PASSES_MAX)
			reach.passes[reach.passes_count++] = (struct reach_pass){there.hops[i], reach.rule};
		if (translates(there.hops[i], there.outs[i], &packet)) {
			asker = there.hops[i];
			seen = there.outs[i];
			packet.from = seen->address;
		}
	}
	if (!comes_back(scenario, &there, to, asker, seen, &reach) ||
	    (asker != from && !comes_back(scenario, &there, asker, from, there.out, &reach)))
		return reach;
	reach.kind = REACH_OPEN;
	reach.rule = 0;
	return reach;
}

static char *passes_text(const struct reach *reach)
{
	char *text = xstrdup("reachable");
	for (size_t i = 0; i < reach->passes_count; i++) {
		char *longer = xasprintf("%s %s rule %d of %s", text, i ? "and" : "by", reach->passes[i].rule,
					 reach->passes[i].at->name);
		free(text);
		text = longer;
	}
	return text;
}

char *reach_text(const struct reach *reach)
{
	if (reach->kind == REACH_OPEN)
		return passes_text(reach);
	if (reach->kind == REACH_NO_ROUTE)
		return xasprintf("no route from %s", reach->at->name);
	if (reach->rule == 0)
		return xasprintf("blocked by %s, which has no rule for it", reach->at->name);
	return xasprintf("blocked by %s, rule %d", reach->at->name, reach->rule);
}
