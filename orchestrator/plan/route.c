#include "orchestrator/route.h"

#include <limits.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/sorted.h"

enum { UNREACHABLE = INT_MAX };

static size_t index_of(const struct scenario *scenario, const struct network *network)
{
	return (size_t)(network - scenario->networks);
}

static int nearest_nic(const struct scenario *scenario, const struct host *host, const int *distances)
{
	int nearest = UNREACHABLE;
	for (size_t i = 0; i < host->nics_count; i++) {
		int distance = distances[index_of(scenario, host->nics[i].network)];
		nearest = distance < nearest ? distance : nearest;
	}
	return nearest;
}

/* For each network the number of forwarding hosts between it and the target; `without` takes no part. The caller frees. */
static int *measure(const struct scenario *scenario, const struct network *target, const struct host *without)
{
	int *distances = xcalloc(scenario->networks_count, sizeof *distances);
	for (size_t i = 0; i < scenario->networks_count; i++)
		distances[i] = UNREACHABLE;
	distances[index_of(scenario, target)] = 0;
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < scenario->hosts_count; i++) {
			const struct host *host = &scenario->hosts[i];
			int nearest =
				host != without && host->role->forwards ? nearest_nic(scenario, host, distances) : UNREACHABLE;
			for (size_t n = 0; nearest != UNREACHABLE && n < host->nics_count; n++) {
				int *distance = &distances[index_of(scenario, host->nics[n].network)];
				if (*distance > nearest + 1) {
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
		cleanup_free int *distances = measure(scenario, networks[i], host);
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

struct route *routes_find(const struct scenario *scenario, const struct host *host, size_t *count)
{
	struct route *routes = NULL;
	*count = 0;
	const struct network *outside = default_target(scenario, host);
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct network *network = &scenario->networks[i];
		if (is_attached(host, network))
			continue;
		cleanup_free int *distances = measure(scenario, network, host);
		uint32_t via = first_hop(scenario, host, distances);
		if (via)
			*array_add(&routes, count) = (struct route){network == outside ? NULL : network, via};
	}
	if (routes)
		qsort(routes, *count, sizeof *routes, compare_routes);
	return routes;
}

uint32_t resolver_find(const struct scenario *scenario, const struct host *host)
{
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	uint32_t address = 0;
	int best = UNREACHABLE;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *resolver = hosts[i];
		if (!resolver->role->resolves)
			continue;
		cleanup_free const struct nic **nics = sorted_nics(resolver);
		for (size_t n = 0; n < resolver->nics_count; n++) {
			cleanup_free int *distances = measure(scenario, nics[n]->network, host);
			int distance = resolver == host ? -1 : nearest_nic(scenario, host, distances);
			if (distance < best) {
				best = distance;
				address = nics[n]->address;
			}
		}
	}
	return address;
}
