#include "orchestrator/plan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/digest.h"
#include "orchestrator/estimate.h"
#include "orchestrator/sorted.h"

const char *const resource_kind_names[] = {"image", "layer", "history", "network", "disk", "guest"};

static const size_t NOT_FOUND = (size_t)-1;

static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t length = strlen(text);
	return length > 0 && length <= PLAN_NAME_MAX && strchr(letters, text[0]) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static struct resource *add(struct plan *plan, enum resource_kind kind, int team)
{
	struct resource *resource = array_add(&plan->resources, &plan->resources_count);
	resource->kind = kind;
	resource->team = team;
	return resource;
}

static void need(struct resource *resource, size_t index)
{
	*array_add(&resource->needs, &resource->needs_count) = index;
}

static char *team_name(const struct plan *plan, int team, const char *name)
{
	return xasprintf("%s/t%d/%s", plan->exercise, team, name);
}

/* For what exercises share: the name says what it is, the digest which. */
static char *digest_name(const char *name, const char *digest)
{
	return xasprintf("%s-%.12s", name, digest);
}

static size_t find(const struct plan *plan, enum resource_kind kind, int team, const void *of)
{
	for (size_t i = 0; i < plan->resources_count; i++) {
		const struct resource *resource = &plan->resources[i];
		const void *subject = kind == RESOURCE_IMAGE	 ? (const void *)resource->image
				      : kind == RESOURCE_NETWORK ? (const void *)resource->network
								 : (const void *)resource->host;
		if (resource->kind == kind && resource->team == team && subject == of)
			return i;
	}
	return NOT_FOUND;
}

static const struct image *host_image(const struct scenario *scenario, const struct host *host)
{
	for (size_t i = 0; i < scenario->images_count; i++)
		if (strcmp(scenario->images[i]->name, host->role->image) == 0)
			return scenario->images[i];
	assert(!"the loader resolves every role's image");
	return NULL;
}

static const struct told *tell(struct plan *plan, const struct host *host, enum telling telling)
{
	return *array_add(&plan->told, &plan->told_count) = told_create(plan->scenario, host, telling);
}

static void add_told(struct digest *digest, const struct told *told)
{
	digest_add(digest, told->facts);
	digest_add(digest, told->hosts);
	digest_add(digest, told->network);
	digest_add(digest, told->resolver);
}

static void add_image(struct plan *plan, const struct image *image)
{
	struct resource *resource = add(plan, RESOURCE_IMAGE, 0);
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "image");
	digest_add(&digest, image->name);
	digest_add(&digest, image->suite);
	for (size_t i = 0; i < image->packages_count; i++)
		digest_add(&digest, image->packages[i]);
	digest_finish(&digest, resource->digest);
	resource->image = image;
	resource->name = digest_name(image->name, resource->digest);
}

static void add_layer(struct plan *plan, const struct host *host)
{
	struct resource *resource = add(plan, RESOURCE_LAYER, 0);
	resource->host = host;
	resource->image = host_image(plan->scenario, host);
	resource->told = tell(plan, host, TOLD_SETUP);
	size_t image = find(plan, RESOURCE_IMAGE, 0, resource->image);
	need(resource, image);
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "layer");
	digest_add(&digest, plan->resources[image].digest);
	digest_add(&digest, host->role->name);
	add_told(&digest, resource->told);
	digest_finish(&digest, resource->digest);
	resource->name = digest_name(host->role->name, resource->digest);
}

/* What lies right under a host's disk: its history, where it has one, or its layer. */
static size_t find_top(const struct plan *plan, const struct host *host)
{
	return find(plan, host->role->history ? RESOURCE_HISTORY : RESOURCE_LAYER, 0, host);
}

static void add_history(struct plan *plan, const struct host *host)
{
	struct resource *resource = add(plan, RESOURCE_HISTORY, 0);
	resource->host = host;
	resource->told = tell(plan, host, TOLD_PAST);
	size_t layer = find(plan, RESOURCE_LAYER, 0, host);
	need(resource, layer);
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "history");
	digest_add(&digest, plan->resources[layer].digest);
	digest_add(&digest, plan->day);
	add_told(&digest, resource->told);
	digest_finish(&digest, resource->digest);
	resource->name = digest_name(host->role->name, resource->digest);
}

static void add_network(struct plan *plan, int team, const struct network *network)
{
	struct resource *resource = add(plan, RESOURCE_NETWORK, team);
	resource->network = network;
	resource->name = team_name(plan, team, network->name);
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "network");
	digest_add(&digest, resource->name);
	digest_addf(&digest, "%u/%d", network->cidr.address, network->cidr.prefix);
	digest_add(&digest, network_kind_names[network->kind]);
	digest_addf(&digest, "%lld %lld %d", (long long)network->rate_bits, (long long)network->delay_ms,
		    network->loss_milli_percent);
	digest_finish(&digest, resource->digest);
}

/* All teams' guests of a host are told the same. */
static const struct told *guest_told(struct plan *plan, int team, const struct host *host)
{
	return team == 1 ? tell(plan, host, TOLD_GUEST) : plan->resources[find(plan, RESOURCE_DISK, 1, host)].told;
}

static void add_disk(struct plan *plan, int team, const struct host *host, int guest_index)
{
	struct resource *resource = add(plan, RESOURCE_DISK, team);
	resource->host = host;
	resource->guest_index = guest_index;
	resource->name = team_name(plan, team, host->name);
	resource->told = guest_told(plan, team, host);
	size_t top = find_top(plan, host);
	need(resource, top);
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "disk");
	digest_add(&digest, resource->name);
	digest_add(&digest, plan->resources[top].digest);
	digest_addf(&digest, "%d", guest_index);
	add_told(&digest, resource->told);
	digest_finish(&digest, resource->digest);
}

static void add_guest(struct plan *plan, int team, const struct host *host, int guest_index)
{
	struct resource *resource = add(plan, RESOURCE_GUEST, team);
	resource->host = host;
	resource->guest_index = guest_index;
	resource->name = team_name(plan, team, host->name);
	size_t disk = find(plan, RESOURCE_DISK, team, host);
	resource->told = plan->resources[disk].told;
	need(resource, disk);
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < host->nics_count; i++)
		need(resource, find(plan, RESOURCE_NETWORK, team, nics[i]->network));
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "guest");
	digest_add(&digest, resource->name);
	for (size_t i = 0; i < resource->needs_count; i++)
		digest_add(&digest, plan->resources[resource->needs[i]].digest);
	digest_addf(&digest, "%lld %d", (long long)host->memory_bytes, host->processes);
	digest_finish(&digest, resource->digest);
}

static void add_team(struct plan *plan, int team)
{
	const struct scenario *scenario = plan->scenario;
	cleanup_free const struct network **networks =
		sorted_by_name(scenario->networks, scenario->networks_count, sizeof *scenario->networks);
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	/* Numbers of teams that are there already do not move when there are more teams. */
	int first_index = (team - 1) * (int)scenario->hosts_count;
	for (size_t i = 0; i < scenario->networks_count; i++)
		add_network(plan, team, networks[i]);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		add_disk(plan, team, hosts[i], first_index + (int)i);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		add_guest(plan, team, hosts[i], first_index + (int)i);
}

static void add_shared(struct plan *plan)
{
	const struct scenario *scenario = plan->scenario;
	cleanup_free const struct image **images =
		sorted_pointers_by_name((void *const *)scenario->images, scenario->images_count);
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	for (size_t i = 0; i < scenario->images_count; i++)
		add_image(plan, images[i]);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		add_layer(plan, hosts[i]);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (hosts[i]->role->history)
			add_history(plan, hosts[i]);
}

/* As ISO 8601 writes it, and in the calendar. */
/* The past before it is made of days, too, and of years that have four digits. */
enum { YEAR_FIRST = 2000, YEAR_LAST = 2099 };

static bool is_day(const char *text)
{
	static const int longest[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, day, end = 0;
	if (strlen(text) != PLAN_DAY_SIZE - 1 || strspn(text, "0123456789-") != PLAN_DAY_SIZE - 1 ||
	    sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != PLAN_DAY_SIZE - 1 || month < 1 || month > 12)
		return false;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return year >= YEAR_FIRST && year <= YEAR_LAST && day >= 1 && day <= longest[month - 1] + (month == 2 && leap);
}

static int check_limits(const struct scenario *scenario, const char *exercise, int teams, const char *day, struct error **err)
{
	if (!is_day(day))
		return error_set(err, "day '%.40s': there is no such day; write it as 2026-11-24, from %d to %d", day, YEAR_FIRST,
				 YEAR_LAST);
	if (!is_name(exercise))
		return error_set(err,
				 "exercise name '%.40s': a name is made of a-z, 0-9 and '-', begins with a letter and has at "
				 "most %d characters",
				 exercise, PLAN_NAME_MAX);
	if (teams < 1 || teams > PLAN_TEAMS_MAX)
		return error_set(err, "%d teams: an exercise has 1 to %d", teams, PLAN_TEAMS_MAX);
	if (scenario->hosts_count < 1 || scenario->hosts_count > PLAN_HOSTS_MAX)
		return error_set(err, "scenario '%s': %zu hosts, a team has 1 to %d", scenario->id, scenario->hosts_count,
				 PLAN_HOSTS_MAX);
	return 0;
}

int plan_create(const struct scenario *scenario, const char *exercise, int teams, const char *day, struct plan **out,
		struct error **err)
{
	exercise = exercise ? exercise : scenario->id;
	if (check_limits(scenario, exercise, teams, day, err) < 0)
		return -1;
	struct plan *plan = xcalloc(1, sizeof *plan);
	plan->exercise = xstrdup(exercise);
	plan->scenario = scenario;
	plan->teams = teams;
	memcpy(plan->day, day, PLAN_DAY_SIZE);
	plan->hypervisor.uri = "lxc:///system";
	add_shared(plan);
	for (int team = 1; team <= teams; team++)
		add_team(plan, team);
	plan_estimate(plan);
	*out = plan;
	return 0;
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->resources_count; i++) {
		free(plan->resources[i].name);
		free(plan->resources[i].needs);
	}
	for (size_t i = 0; i < plan->told_count; i++)
		told_destroy(plan->told[i]);
	free(plan->told);
	free(plan->resources);
	free(plan->exercise);
	free(plan);
}
