/*
 * The estimate, simple on purpose: constants measured on a bare Debian 12 host with two cores, times counts.
 *
 *   memory        128 MiB for the orchestrator and libvirt + per guest 4 MiB (an idle container) + a quarter of its limit
 *   memory limit  128 MiB + the guests' limits
 *   disk          per image 200 MiB + 8 MiB a package; per layer or history 32 MiB; per guest 16 MiB (logs, what teams write)
 *   time          1 s + 20 ms per network + 40 ms per guest (measured: 36 guests in 1.5 to 1.8 s)
 *   baking        20 s + 1 s a package per image (measured: 25 to 65 s for 28 packages); 0.5 s per layer or history
 */
#include "orchestrator/estimate.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

static const int64_t MIB = 1 << 20;

static void add_resource(struct plan_estimate *estimate, const struct resource *resource)
{
	switch (resource->kind) {
	case RESOURCE_IMAGE:
		estimate->disk_bytes += 200 * MIB + 8 * MIB * (int64_t)resource->image->packages_count;
		estimate->bake_time_ms += 20000 + 1000 * (int64_t)resource->image->packages_count;
		break;
	case RESOURCE_LAYER:
	case RESOURCE_HISTORY:
		estimate->disk_bytes += 32 * MIB;
		estimate->bake_time_ms += 500;
		break;
	case RESOURCE_NETWORK:
		estimate->time_ms += 20;
		break;
	case RESOURCE_DISK:
		estimate->disk_bytes += 16 * MIB;
		break;
	case RESOURCE_GUEST:
		estimate->memory_bytes += 4 * MIB + resource->host->memory_bytes / 4;
		estimate->memory_limit_bytes += resource->host->memory_bytes;
		estimate->time_ms += 40;
		break;
	case RESOURCE_KINDS:
		break;
	}
}

void plan_estimate(struct plan *plan)
{
	plan->estimate = (struct plan_estimate){.memory_bytes = 128 * MIB, .memory_limit_bytes = 128 * MIB, .time_ms = 1000};
	for (size_t i = 0; i < plan->resources_count; i++)
		add_resource(&plan->estimate, &plan->resources[i]);
}

/* "512 MiB", "3.2 GiB" */
static char *bytes_text(int64_t bytes)
{
	return bytes < 1024 * MIB ? xasprintf("%lld MiB", (long long)((bytes + MIB - 1) / MIB))
				  : xasprintf("%lld.%lld GiB", (long long)(bytes / (1024 * MIB)),
					      (long long)(bytes % (1024 * MIB) * 10 / (1024 * MIB)));
}

/* "memory: 5.2 GiB are needed, 3.1 GiB are there (2.1 GiB short)", or NULL when it is enough. */
static char *shortage(const char *what, int64_t needed, int64_t available)
{
	if (needed <= available)
		return NULL;
	available = available < 0 ? 0 : available;
	cleanup_free char *need = bytes_text(needed), *have = bytes_text(available), *lacks = bytes_text(needed - available);
	return xasprintf("%s: %s needed, %s available, %s short", what, need, have, lacks);
}

/* How many teams would fit; what all teams share (images, layers) is counted once. */
static int teams_that_fit(const struct plan *plan, const struct capacity *capacity)
{
	struct plan_estimate shared = {.memory_bytes = 128 * MIB}, team = {0};
	for (size_t i = 0; i < plan->resources_count; i++)
		if (plan->resources[i].team <= 1)
			add_resource(plan->resources[i].team ? &team : &shared, &plan->resources[i]);
	int teams = 0;
	while (teams < plan->teams && shared.memory_bytes + (teams + 1) * team.memory_bytes <= capacity->memory_available_bytes &&
	       shared.disk_bytes + (teams + 1) * team.disk_bytes <= capacity->disk_available_bytes)
		teams++;
	return teams;
}

int plan_check_capacity(const struct plan *plan, const struct capacity *capacity, struct error **err)
{
	cleanup_free char *memory = shortage("memory", plan->estimate.memory_bytes, capacity->memory_available_bytes);
	cleanup_free char *disk = shortage("disk", plan->estimate.disk_bytes, capacity->disk_available_bytes);
	if (!memory && !disk)
		return 0;
	int teams = teams_that_fit(plan, capacity);
	cleanup_free char *mend = teams > 0 ? xasprintf("--teams %d would fit", teams)
					    : xstrdup("not even one team fits: free some, or use a larger host");
	return error_set(err, "this host is short for %d team%s of '%s': %s%s%s; %s", plan->teams, plan->teams == 1 ? "" : "s",
			 plan->exercise, memory ? memory : "", memory && disk ? "; " : "", disk ? disk : "", mend);
}
