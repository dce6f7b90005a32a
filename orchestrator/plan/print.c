/* A plan for people, and for programs. */
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/plan.h"
#include "orchestrator/sorted.h"

static const int64_t MIB = 1 << 20;

static int longest(int width, const char *text)
{
	int length = (int)strlen(text);
	return length > width ? length : width;
}

static long long in_mib(int64_t bytes)
{
	return (long long)((bytes + MIB - 1) / MIB);
}

static size_t count_of(const struct plan *plan, enum resource_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->resources_count; i++)
		count += plan->resources[i].kind == kind;
	return count;
}

static void print_networks(const struct scenario *scenario, FILE *out)
{
	cleanup_free const struct network **networks =
		sorted_by_name(scenario->networks, scenario->networks_count, sizeof *scenario->networks);
	int width = 0;
	for (size_t i = 0; i < scenario->networks_count; i++)
		width = longest(width, networks[i]->name);
	fprintf(out, "\nnetworks of each team\n");
	for (size_t i = 0; i < scenario->networks_count; i++) {
		struct address_text cidr;
		fprintf(out, "  %-*s  %-18s  %s\n", width, networks[i]->name,
			subnet_text(networks[i]->cidr.address, networks[i]->cidr.prefix, &cidr),
			network_kind_names[networks[i]->kind]);
	}
}

static void print_addresses(const struct host *host, FILE *out)
{
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < host->nics_count; i++) {
		struct address_text address;
		fprintf(out, "%s%s %s%s", i ? ", " : "", nics[i]->network->name, address_text(nics[i]->address, &address),
			nics[i]->dhcp ? " (dhcp)" : "");
		if (nics[i]->more_count > 0)
			fprintf(out, " and %zu more", nics[i]->more_count);
	}
}

static void print_hosts(const struct scenario *scenario, FILE *out)
{
	static const char *const access[] = {[ACCESS_NONE] = "none", [ACCESS_USER] = "user", [ACCESS_ROOT] = "root"};
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	int name_width = (int)strlen("host"), role_width = (int)strlen("role");
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		name_width = longest(name_width, hosts[i]->name);
		role_width = longest(role_width, hosts[i]->role->name);
	}
	fprintf(out, "\nguests of each team\n  %-*s  %-*s  access    memory  processes  addresses\n", name_width, "host",
		role_width, "role");
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		fprintf(out, "  %-*s  %-*s  %-6s  %4lld MiB  %9d  ", name_width, hosts[i]->name, role_width, hosts[i]->role->name,
			access[hosts[i]->access], in_mib(hosts[i]->memory_bytes), hosts[i]->processes);
		print_addresses(hosts[i], out);
		fputc('\n', out);
	}
}

static void print_shared(const struct plan *plan, FILE *out)
{
	fprintf(out, "\nmade once, shared by all teams\n");
	int width = 0;
	for (size_t i = 0; i < plan->resources_count && plan->resources[i].team == 0; i++)
		width = longest(width, plan->resources[i].name);
	for (size_t i = 0; i < plan->resources_count && plan->resources[i].team == 0; i++) {
		const struct resource *resource = &plan->resources[i];
		if (resource->kind == RESOURCE_IMAGE)
			fprintf(out, "  image    %-*s  %s, %zu packages\n", width, resource->name, resource->image->suite,
				resource->image->packages_count);
		else if (resource->kind == RESOURCE_LAYER)
			fprintf(out, "  layer    %-*s  %s on %s\n", width, resource->name, resource->host->name,
				resource->image->name);
		else
			fprintf(out, "  history  %-*s  %s before %s\n", width, resource->name, resource->host->name, plan->day);
	}
}

void plan_print(const struct plan *plan, FILE *out)
{
	const struct scenario *scenario = plan->scenario;
	const struct plan_estimate *estimate = &plan->estimate;
	fprintf(out, "exercise %s: scenario %s, %d team%s on %s, day %s\n", plan->exercise, scenario->id, plan->teams,
		plan->teams == 1 ? "" : "s", plan->hypervisor.uri, plan->day);
	print_networks(scenario, out);
	print_hosts(scenario, out);
	print_shared(plan, out);
	fprintf(out, "\nin all  %zu images, %zu layers, %zu histories, %zu networks, %zu guests\n",
		count_of(plan, RESOURCE_IMAGE), count_of(plan, RESOURCE_LAYER), count_of(plan, RESOURCE_HISTORY),
		count_of(plan, RESOURCE_NETWORK), count_of(plan, RESOURCE_GUEST));
	fprintf(out, "memory  about %lld MiB in use, %lld MiB if every guest takes all it may\n", in_mib(estimate->memory_bytes),
		in_mib(estimate->memory_limit_bytes));
	fprintf(out, "disk    about %lld MiB\n", in_mib(estimate->disk_bytes));
	fprintf(out, "time    about %lld s to start; %lld s more when no image and layer is there yet\n",
		(long long)(estimate->time_ms + 999) / 1000, (long long)(estimate->bake_time_ms + 999) / 1000);
}

static json_t *needs_json(const struct plan *plan, const struct resource *resource)
{
	json_t *needs = json_array();
	for (size_t i = 0; i < resource->needs_count; i++) {
		const struct resource *other = &plan->resources[resource->needs[i]];
		cleanup_free char *text = xasprintf("%s %s", resource_kind_names[other->kind], other->name);
		json_array_append_new(needs, json_string(text));
	}
	return needs;
}

static json_t *resource_json(const struct plan *plan, const struct resource *resource)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:o}", "kind", resource_kind_names[resource->kind], "name", resource->name,
				 "digest", resource->digest, "team", resource->team, "needs", needs_json(plan, resource));
	if (resource->image)
		json_object_set_new(json, "image", json_string(resource->image->name));
	if (resource->host)
		json_object_set_new(json, "host", json_string(resource->host->name));
	if (resource->network)
		json_object_set_new(json, "network", json_string(resource->network->name));
	if (resource->kind == RESOURCE_DISK || resource->kind == RESOURCE_GUEST)
		json_object_set_new(json, "guest_index", json_integer(resource->guest_index));
	return json;
}

json_t *plan_to_json(const struct plan *plan)
{
	json_t *resources = json_array();
	for (size_t i = 0; i < plan->resources_count; i++)
		json_array_append_new(resources, resource_json(plan, &plan->resources[i]));
	const struct plan_estimate *estimate = &plan->estimate;
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:{s:I, s:I, s:I, s:I, s:I}, s:o}", "exercise", plan->exercise, "scenario",
			 plan->scenario->id, "teams", plan->teams, "day", plan->day, "hypervisor", plan->hypervisor.uri,
			 "estimate", "memory_bytes", (json_int_t)estimate->memory_bytes, "memory_limit_bytes",
			 (json_int_t)estimate->memory_limit_bytes, "disk_bytes", (json_int_t)estimate->disk_bytes, "time_ms",
			 (json_int_t)estimate->time_ms, "bake_time_ms", (json_int_t)estimate->bake_time_ms, "resources",
			 resources);
}
