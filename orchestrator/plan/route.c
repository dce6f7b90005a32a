#include "orchestrator/route.h"

#include <limits.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/value.h"
#include "orchestrator/sorted.h"

enum { UNREACHABLE = INT_MAX };

static size_t index_of(const struct scenario *scenario, const struct network *network)
{
	return (size_t)(network - scenario->networks);
}

/* Where ways may lead: everywhere, or not over the border of a closed network. */
enum borders { BORDERS_OPEN, BORDERS_CLOSED };

static int nearest_nic(const struct scenario *scenario, const struct host *host, const int *distances)
{
	int nearest = UNREACHABLE;
	for (size_t i = 0; i < host->nics_count; i++) {
		int distance = distances[index_of(scenario, host->nics[i].network)];
		nearest = distance < nearest ? distance : nearest;
	}
	return nearest;
}

/* May the host pass packets on to and from the network? */
static bool forwards(const struct host *host, const struct network *network, enum borders borders)
{
	return host->role->forwards && (borders == BORDERS_OPEN || network->kind != NETWORK_CLOSED);
}

/* The distances of the networks from which the host passes packets on. */
static int nearest_forwarded(const struct scenario *scenario, const struct host *host, const int *distances, enum borders borders)
{
	int nearest = UNREACHABLE;
	for (size_t i = 0; i < host->nics_count; i++) {
		int distance = distances[index_of(scenario, host->nics[i].network)];
		if (forwards(host, host->nics[i].network, borders) && distance < nearest)
			nearest = distance;
	}
	return nearest;
}

/* For each network the number of forwarding hosts between it and the target; `without` takes no part. The caller frees. */
static int *measure(const struct scenario *scenario, const struct network *target, const struct host *without,
		    enum borders borders)
{
	int *distances = xcalloc(scenario->networks_count, sizeof *distances);
	for (size_t i = 0; i < scenario->networks_count; i++)
		distances[i] = UNREACHABLE;
	distances[index_of(scenario, target)] = 0;
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < scenario->hosts_count; i++) {
			const struct host *host = &scenario->hosts[i];
			int nearest = host != without ? nearest_forwarded(scenario, host, distances, borders) : UNREACHABLE;
			for (size_t n = 0; nearest != UNREACHABLE && n < host->nics_count; n++) {
				int *distance = &distances[index_of(scenario, host->nics[n].network)];
				if (forwards(host, host->nics[n].network, borders) && *distance > nearest + 1) {
					*distance = nearest + 1;
					changed = true;
				}
			}
		}
	}
	return distances;
}

/* The address of the first forwarding host on the way to a target with these distances; 0: there is no way. */
static uint32_t first_hop(const struct scenario *scenario, const struct host *host, const int *distances)
{
	int nearest = nearest_nic(scenario, host, distances);
	if (nearest == UNREACHABLE || nearest == 0)
		return 0;
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *hop = hosts[i];
		if (hop == host || !hop->role->forwards || nearest_nic(scenario, hop, distances) != nearest - 1)
			continue;
		cleanup_free const struct nic **hop_nics = sorted_nics(hop);
		for (size_t n = 0; n < host->nics_count; n++)
			for (size_t h = 0; h < hop->nics_count; h++)
				if (hop_nics[h]->network == nics[n]->network)
					return hop_nics[h]->address;
	}
	return 0;
}

static bool is_attached(const struct host *host, const struct network *network)
{
	for (size_t i = 0; i < host->nics_count; i++)
		if (host->nics[i].network == network)
			return true;
	return false;
}

static bool wants_default(const struct host *host)
{
	bool all_closed = true;
	for (size_t i = 0; i < host->nics_count; i++) {
		if (host->nics[i].network->kind == NETWORK_INTERNET)
			return false;
		all_closed = all_closed && host->nics[i].network->kind == NETWORK_CLOSED;
	}
	return !all_closed;
}

/* The internet network that the default route leads to; NULL: none. */
static const struct network *default_target(const struct scenario *scenario, const struct host *host)
{
	if (!wants_default(host))
		return NULL;
	cleanup_free const struct network **networks =
		sorted_by_name(scenario->networks, scenario->networks_count, sizeof *scenario->networks);
	const struct network *best = NULL;
	int best_distance = UNREACHABLE;
	for (size_t i = 0; i < scenario->networks_count; i++) {
		if (networks[i]->kind != NETWORK_INTERNET)
			continue;
		cleanup_free int *distances = measure(scenario, networks[i], host, BORDERS_OPEN);
		int distance = nearest_nic(scenario, host, distances);
		if (distance < best_distance) {
			best = networks[i];
			best_distance = distance;
		}
	}
	return best;
}

static int compare_routes(const void *left, const void *right)
{
	const struct route *a = left, *b = right;
	if (!a->to || !b->to)
		return !a->to - !b->to;
	return (a->to->cidr.address > b->to->cidr.address) - (a->to->cidr.address < b->to->cidr.address);
}

static const struct nic *nic_towards(const struct host *host, uint32_t neighbour)
{
	for (size_t i = 0; i < host->nics_count; i++)
		if (subnet_contains(host->nics[i].network->cidr, neighbour))
			return &host->nics[i];
	return NULL;
}

uint32_t router_find(const struct scenario *scenario, const struct network *network)
{
	static const struct role none = {0};
	struct nic nic = {.network = network};
	const struct host guest = {.role = &none, .nics = &nic, .nics_count = 1};
	const struct network *outside = default_target(scenario, &guest);
	if (outside) {
		cleanup_free int *distances = measure(scenario, outside, NULL, BORDERS_OPEN);
		return first_hop(scenario, &guest, distances);
	}
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t n = 0; hosts[i]->role->forwards && n < hosts[i]->nics_count; n++)
			if (hosts[i]->nics[n].network == network)
				return hosts[i]->nics[n].address;
	return 0;
}

struct route *routes_find(const struct scenario *scenario, const struct host *host, size_t *count)
{
	struct route *routes = NULL;
	*count = 0;
	const struct network *outside = default_target(scenario, host);
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct network *network = &scenario->networks[i];
		if (is_attached(host, network))
			continue;
		cleanup_free int *distances = measure(scenario, network, host, BORDERS_OPEN);
		uint32_t via = first_hop(scenario, host, distances);
		if (via && !nic_towards(host, via)->dhcp)
			*array_add(&routes, count) = (struct route){.to = network == outside ? NULL : network, .via = via};
	}
	for (size_t i = 0; i < host->nics_count; i++) {
		uint32_t via = host->nics[i].dhcp ? router_find(scenario, host->nics[i].network) : 0;
		if (via)
			*array_add(&routes, count) = (struct route){.via = via, .by_dhcp = true};
	}
	if (routes)
		qsort(routes, *count, sizeof *routes, compare_routes);
	return routes;
}

const struct host *route_next(const struct scenario *scenario, const struct host *host, const struct network *to,
			      const struct nic **out)
{
	size_t count;
	cleanup_free struct route *routes = routes_find(scenario, host, &count);
	for (size_t i = 0; i < count; i++) {
		if (routes[i].to && routes[i].to != to) /* the default comes last */
			continue;
		for (size_t h = 0; h < scenario->hosts_count; h++) {
			if (!scenario_host_has(&scenario->hosts[h], routes[i].via))
				continue;
			*out = nic_towards(host, routes[i].via);
			return &scenario->hosts[h];
		}
	}
	return NULL;
}

/* The other's nearest interface; *best (UNREACHABLE at first, or better) is its distance. NULL: none is nearer than *best. */
static const struct nic *nearest_of(const struct scenario *scenario, const struct host *host, const struct host *other,
				    enum borders borders, int *best)
{
	const struct nic *nearest = NULL;
	cleanup_free const struct nic **nics = sorted_nics(other);
	for (size_t n = 0; n < other->nics_count; n++) {
		cleanup_free int *distances = measure(scenario, nics[n]->network, host, borders);
		int distance = other == host ? -1 : nearest_nic(scenario, host, distances);
		if (distance < *best) {
			*best = distance;
			nearest = nics[n];
		}
	}
	return nearest;
}

const struct nic *route_target(const struct scenario *scenario, const struct host *host, const struct host *other)
{
	int best = UNREACHABLE;
	return nearest_of(scenario, host, other, BORDERS_OPEN, &best);
}

uint32_t resolver_find(const struct scenario *scenario, const struct host *host)
{
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	uint32_t address = 0;
	int best = UNREACHABLE;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct nic *nic =
			hosts[i]->role->resolves ? nearest_of(scenario, host, hosts[i], BORDERS_CLOSED, &best) : NULL;
		if (nic)
			address = nic->address;
	}
	return address;
}
