/* The loader's front: stages in order, and the finished model. */
#include "orchestrator/scenario.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"
#include "orchestrator/scenario/memory.h"

void scenario_destroy(struct scenario *scenario)
{
	if (!scenario)
		return;
	free(scenario->roles);
	free(scenario->images);
	free(scenario->abilities);
	pool_destroy(scenario->pool); /* with the scenario itself */
}

static void loading_init(struct loading *loading, const char *data_dir, const json_t *again)
{
	struct pool *pool = pool_create();
	*loading = (struct loading){
		.scenario = pool_alloc(pool, 1, sizeof *loading->scenario),
		.pool = pool,
		.scratch = pool_create(),
		.findings = findings_create(),
		.data_dir = data_dir,
		.again = again,
		.values_left = LIMIT_VALUES,
	};
	loading->scenario->pool = pool;
	loading->scenario->sources = pool_json(pool, json_object());
	crypto_hash_sha256_init(&loading->hash);
	for (int kind = 0; kind < INDEX_COUNT; kind++) {
		loading->indexes[kind].numbers = pool_json(loading->scratch, json_object());
		loading->indexes[kind].mentioned = pool_json(loading->scratch, json_object());
	}
}

static void loading_finish(struct loading *loading)
{
	scenario_destroy(loading->scenario);
	for (int kind = 0; kind < INDEX_COUNT; kind++)
		free(loading->indexes[kind].names);
	free(loading->files);
	findings_destroy(loading->findings);
	pool_destroy(loading->scratch);
}
CLEANUP_DEFINE(loading, struct loading, loading_finish(held));

static int compare_roles(const void *left, const void *right)
{
	return strcmp((*(struct role *const *)left)->name, (*(struct role *const *)right)->name);
}

static int compare_images(const void *left, const void *right)
{
	return strcmp((*(struct image *const *)left)->name, (*(struct image *const *)right)->name);
}

static int compare_abilities(const void *left, const void *right)
{
	return strcmp((*(struct ability *const *)left)->id, (*(struct ability *const *)right)->id);
}

static void sort_catalogue(struct scenario *scenario)
{
	if (scenario->roles_count > 1)
		qsort(scenario->roles, scenario->roles_count, sizeof *scenario->roles, compare_roles);
	if (scenario->images_count > 1)
		qsort(scenario->images, scenario->images_count, sizeof *scenario->images, compare_images);
	if (scenario->abilities_count > 1)
		qsort(scenario->abilities, scenario->abilities_count, sizeof *scenario->abilities, compare_abilities);
}

static void write_digest(struct loading *loading)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_final(&loading->hash, digest);
	sodium_bin2hex(loading->scenario->digest, sizeof loading->scenario->digest, digest, sizeof digest);
}

/* What follows reading; the results are scenario_load's. */
static int load(struct loading *loading, struct scenario **scenario, struct diagnostics *diagnostics)
{
	if (loading->root && loading->root->kind == NODE_MAP) {
		load_head(loading);
		load_events(loading);
		load_lan(loading);
		load_attack(loading);
		load_messages(loading);
		load_order(loading);
		load_goals(loading);
		load_solution(loading);
		if (loading->complete && findings_errors(loading->findings) == 0)
			warn_oddities(loading);
	}
	sort_catalogue(loading->scenario);
	write_digest(loading);
	findings_render(loading->findings, diagnostics);
	if (diagnostics->errors > 0)
		return 1;
	*scenario = steal(&loading->scenario);
	return 0;
}

int scenario_load_text(const char *file, const char *text, size_t length, const char *data_dir, struct scenario **scenario,
		       struct diagnostics *diagnostics, struct error **err)
{
	cleanup_with(loading) struct loading loading;
	*diagnostics = (struct diagnostics){0};
	loading_init(&loading, data_dir, NULL);
	return loading_read(&loading, file, text, length, err) < 0 ? -1 : load(&loading, scenario, diagnostics);
}

int scenario_load(const char *file, const char *data_dir, struct scenario **scenario, struct diagnostics *diagnostics,
		  struct error **err)
{
	return scenario_load_text(file, NULL, 0, data_dir, scenario, diagnostics, err);
}

int scenario_load_again(const json_t *sources, const char *file, const char *data_dir, struct scenario **scenario,
			struct diagnostics *diagnostics, struct error **err)
{
	cleanup_with(loading) struct loading loading;
	*diagnostics = (struct diagnostics){0};
	loading_init(&loading, data_dir, sources);
	return loading_read(&loading, file, NULL, 0, err) < 0 ? -1 : load(&loading, scenario, diagnostics);
}

/* ---- look-ups: the maps are sorted by name, the lists are short ---- */

static int compare_network(const void *name, const void *network)
{
	return strcmp(name, ((const struct network *)network)->name);
}

const struct network *scenario_network(const struct scenario *scenario, const char *name)
{
	return bsearch(name, scenario->networks, scenario->networks_count, sizeof *scenario->networks, compare_network);
}

static int compare_host(const void *name, const void *host)
{
	return strcmp(name, ((const struct host *)host)->name);
}

const struct host *scenario_host(const struct scenario *scenario, const char *name)
{
	return bsearch(name, scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts, compare_host);
}

bool scenario_host_has(const struct host *host, uint32_t address)
{
	for (size_t i = 0; i < host->nics_count; i++) {
		if (host->nics[i].address == address)
			return true;
		for (size_t m = 0; m < host->nics[i].more_count; m++)
			if (host->nics[i].more[m] == address)
				return true;
	}
	return false;
}

bool scenario_host_names(const struct host *host, const char *other)
{
	for (size_t i = 0; i < host->role->options_count; i++) {
		const struct parameter *option = &host->role->options[i];
		json_t *value = option->type == VALUE_HOST ? json_object_get(host->options, option->name) : NULL, *item;
		size_t index;
		if (json_is_string(value) && strcmp(json_string_value(value), other) == 0)
			return true;
		json_array_foreach (value, index, item)
			if (json_is_string(item) && strcmp(json_string_value(item), other) == 0)
				return true;
	}
	return false;
}

int scenario_service_port(const struct host *host, const struct role_service *service)
{
	return service->option ? (int)json_integer_value(json_object_get(host->options, service->option->name)) : service->port;
}

int scenario_proxy_port(const struct host *proxy)
{
	enum { SQUID_PORT = 3128 };
	for (size_t i = 0; i < proxy->role->services_count; i++)
		if (strcmp(proxy->role->services[i].name, "http-proxy") == 0)
			return scenario_service_port(proxy, &proxy->role->services[i]);
	return SQUID_PORT;
}

const struct host *scenario_dhcp_server(const struct scenario *scenario, const struct network *network,
					const struct address_range **range)
{
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		for (size_t r = 0; r < host->ranges_count; r++) {
			if (host->ranges[r].network != network)
				continue;
			if (range)
				*range = &host->ranges[r];
			return host;
		}
	}
	return NULL;
}

#define DEFINE_LOOKUP(type, array)                                                                                               \
	const struct type *scenario_##type(const struct scenario *scenario, const char *id)                                      \
	{                                                                                                                        \
		for (size_t i = 0; i < scenario->array##_count; i++)                                                             \
			if (strcmp(scenario->array[i].id, id) == 0)                                                              \
				return &scenario->array[i];                                                                      \
		return NULL;                                                                                                     \
	}
DEFINE_LOOKUP(step, steps)
DEFINE_LOOKUP(objective, objectives)
DEFINE_LOOKUP(duty, duties)
DEFINE_LOOKUP(inject, injects)
