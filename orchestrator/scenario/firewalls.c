/* Firewalls: who may talk to whom. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

static void refer_endpoint(struct loading *loading, const struct node *node, struct endpoint *endpoints, size_t *count)
{
	struct scenario *scenario = loading->scenario;
	struct endpoint endpoint = {.kind = ENDPOINT_ANY};
	if (node->faulty || strcmp(node->text, "any") == 0)
		return; /* none: any */
	if (index_find(loading, INDEX_NETWORK, node->text) >= 0) {
		endpoint = (struct endpoint){.kind = ENDPOINT_NETWORK,
					     .network = &scenario->networks[index_refer(loading, INDEX_NETWORK, node)]};
	} else if (index_find(loading, INDEX_HOST, node->text) >= 0) {
		endpoint = (struct endpoint){.kind = ENDPOINT_HOST,
					     .host = &scenario->hosts[index_refer(loading, INDEX_HOST, node)]};
	} else if (loading->complete) {
		const struct index *networks = &loading->indexes[INDEX_NETWORK], *hosts = &loading->indexes[INDEX_HOST];
		const char *names[LIMIT_NETWORKS + LIMIT_HOSTS];
		size_t known = 0;
		for (size_t i = 0; i < networks->count; i++)
			names[known++] = networks->names[i];
		for (size_t i = 0; i < hosts->count; i++)
			names[known++] = hosts->names[i];
		cleanup_free char *suggestion =
			findings_full(loading->findings) ? NULL : schema_suggest(node->text, "networks and hosts", names, known);
		findings_error(loading->findings, &node->position, "there is no network or host `%s`%s", node->text,
			       suggestion ? suggestion : "");
		return;
	}
	endpoints[(*count)++] = endpoint;
}

static struct endpoint *read_endpoints(struct loading *loading, const struct node *rule, const char *key, size_t *count)
{
	const struct node *node = node_sound(rule, key);
	if (!node)
		return NULL;
	struct endpoint *endpoints = pool_alloc(loading->pool, node->kind == NODE_LIST ? node->count : 1, sizeof *endpoints);
	if (node->kind == NODE_SCALAR)
		refer_endpoint(loading, node, endpoints, count);
	for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++) {
		const struct node *item = node->entries[i].value;
		if (!item->faulty && strcmp(item->text, "any") == 0 && node->count > 1)
			findings_error(loading->findings, &item->position, "`any` stands alone: take it, or the others, away");
		refer_endpoint(loading, item, endpoints, count);
	}
	return endpoints;
}

static void add_service(struct loading *loading, struct rule *rule, const struct node *node)
{
	struct rule_service services[VALUE_SERVICES_MAX];
	size_t count;
	if (node->faulty || !value_service(node->text, services, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		services[i].name = pool_strdup(loading->pool, node->text);
		rule->services[rule->services_count++] = services[i];
	}
}

static void load_rule(struct loading *loading, struct rule *rule, const struct node *node)
{
	static const char *const actions[] = {"drop", "accept", NULL};
	const struct node *service = node_sound(node, "service");
	rule->from = read_endpoints(loading, node, "from", &rule->from_count);
	rule->to = read_endpoints(loading, node, "to", &rule->to_count);
	rule->accept = read_choice(node, "action", actions, 0) == 1;
	rule->log = read_truth(node, "log", !rule->accept);
	if (!service)
		return;
	size_t most = (service->kind == NODE_LIST ? service->count : 1) * VALUE_SERVICES_MAX;
	rule->services = pool_alloc(loading->pool, most, sizeof *rule->services);
	if (service->kind == NODE_SCALAR)
		add_service(loading, rule, service);
	for (size_t i = 0; service->kind == NODE_LIST && i < service->count; i++)
		add_service(loading, rule, service->entries[i].value);
}

/* What stands behind a rule that takes everything is never asked. */
static void warn_unreached(struct loading *loading, const struct firewall *firewall, const struct node *list)
{
	for (size_t i = 0; i + 1 < firewall->rules_count; i++) {
		const struct rule *rule = &firewall->rules[i];
		if (rule->from_count || rule->to_count || rule->services_count)
			continue;
		findings_warning(loading->findings, &list->entries[i + 1].value->position,
				 "this rule and those after it are never asked: the one before takes everything");
		return;
	}
}

static void load_firewall(struct loading *loading, struct firewall *firewall, const struct entry *entry)
{
	const struct node *rules = node_sound(entry->value, "rules");
	firewall->host = refer_host(loading, entry->key);
	if (firewall->host && firewall->host->role && !firewall->host->role->forwards)
		findings_error(loading->findings, &entry->key->position,
			       "`%s` (role `%s`) forwards no packets: rules belong to a host whose role does, such as `firewall`",
			       firewall->host->name, firewall->host->role->name);
	if (!rules || rules->kind != NODE_LIST)
		return;
	size_t errors = findings_errors(loading->findings);
	firewall->rules = pool_alloc(loading->pool, rules->count, sizeof *firewall->rules);
	firewall->rules_count = rules->count;
	for (size_t i = 0; i < rules->count; i++)
		load_rule(loading, &firewall->rules[i], rules->entries[i].value);
	if (errors == findings_errors(loading->findings))
		warn_unreached(loading, firewall, rules);
}

void load_firewalls(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_FIREWALLS];
	scenario->firewalls = pool_alloc(loading->pool, section->count, sizeof *scenario->firewalls);
	scenario->firewalls_count = section->count;
	for (size_t i = 0; i < section->count; i++)
		load_firewall(loading, &scenario->firewalls[i], &section->entries[i]);
}
