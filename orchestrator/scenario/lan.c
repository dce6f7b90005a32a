/* Networks, hosts, people, contacts and firewalls. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

/* ---- networks ---- */

enum { PREFIX_LEAST = 8, PREFIX_MOST = 30 };

/* Loopback, "this network", link-local, multicast and reserved addresses (RFC 6890) mean something else to every guest. */
static bool is_special(struct subnet subnet)
{
	static const struct subnet specials[] = {{0, 8}, {0x7f000000, 8}, {0xa9fe0000, 16}, {0xe0000000, 3}};
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (subnet_contains(specials[i], subnet.address) || subnet_contains(subnet, specials[i].address))
			return true;
	return false;
}

static void read_cidr(struct loading *loading, struct network *network, const struct node *node)
{
	struct subnet subnet;
	char address[16];
	if (!node || !value_subnet(node->text, &subnet))
		return;
	uint32_t first = subnet.address & subnet_mask(subnet);
	address_format(first, address);
	if (subnet.prefix < PREFIX_LEAST || subnet.prefix > PREFIX_MOST)
		findings_error(loading->findings, &node->position, "a network may be from /%d to /%d, not /%d", PREFIX_LEAST,
			       PREFIX_MOST, subnet.prefix);
	else if (first != subnet.address)
		findings_error(loading->findings, &node->position, "`%s` is not the beginning of a network; write `%s/%d`",
			       node->text, address, subnet.prefix);
	else if (is_special(subnet))
		findings_error(
			loading->findings, &node->position,
			"`%s` is kept for other uses (RFC 6890); take 10.0.0.0/8, 192.168.0.0/16 or a documentation network",
			node->text);
	else
		network->cidr = subnet;
}

struct numbered_subnet {
	struct subnet subnet;
	size_t number;
};

static int compare_subnets(const void *left, const void *right)
{
	const struct numbered_subnet *a = left, *b = right;
	if (a->subnet.address != b->subnet.address)
		return a->subnet.address < b->subnet.address ? -1 : 1;
	return a->subnet.prefix - b->subnet.prefix;
}

static void judge_overlaps(struct loading *loading)
{
	const struct scenario *scenario = loading->scenario;
	struct numbered_subnet *subnets = pool_alloc(loading->scratch, scenario->networks_count, sizeof *subnets);
	size_t count = 0;
	for (size_t i = 0; i < scenario->networks_count; i++)
		if (scenario->networks[i].cidr.prefix > 0)
			subnets[count++] = (struct numbered_subnet){scenario->networks[i].cidr, i};
	qsort(subnets, count, sizeof *subnets, compare_subnets);
	for (size_t i = 1, widest = 0; i < count; i++) {
		if (!subnet_contains(subnets[widest].subnet, subnets[i].subnet.address)) {
			widest = i;
			continue;
		}
		const struct network *network = &scenario->networks[subnets[i].number],
				     *other = &scenario->networks[subnets[widest].number];
		const struct node *at = node_get(loading->sections[SECTION_NETWORKS].entries[subnets[i].number].value, "cidr");
		findings_error(loading->findings, &at->position,
			       "the networks `%s` and `%s` overlap; give one of them other addresses", network->name,
			       other->name);
	}
}

static void load_networks(struct loading *loading)
{
	static const char *const kinds[] = {
		[NETWORK_LAN] = "lan", [NETWORK_INTERNET] = "internet", [NETWORK_CLOSED] = "closed", NULL};
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_NETWORKS];
	scenario->networks = pool_alloc(loading->pool, section->count, sizeof *scenario->networks);
	scenario->networks_count = section->count;
	const struct network *internet = NULL;
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		struct network *network = &scenario->networks[i];
		index_add(loading, INDEX_NETWORK, entry->key, i);
		network->name = pool_strdup(loading->pool, entry->key->text);
		network->position = entry->key->position;
		network->kind = (enum network_kind)read_choice(entry->value, "kind", kinds, NETWORK_LAN);
		network->zone = read_text(loading, entry->value, "zone");
		network->label = read_text(loading, entry->value, "label");
		read_cidr(loading, network, node_sound(entry->value, "cidr"));
		if (network->kind == NETWORK_INTERNET && internet)
			findings_error(loading->findings, &entry->key->position,
				       "`%s` and `%s` are both of kind `internet`; default routes can point to one only",
				       internet->name, network->name);
		else if (network->kind == NETWORK_INTERNET)
			internet = network;
	}
	judge_overlaps(loading);
}

/* ---- hosts ---- */

static void read_address(struct loading *loading, struct nic *nic, const struct node *node)
{
	const struct network *network = nic->network;
	uint32_t address;
	char first[16], last[16];
	if (strcmp(node->text, "dhcp") == 0) {
		findings_error(loading->findings, &node->position,
			       "`dhcp` (an address from a DHCP server) is not played yet; write an address of `%s`",
			       network->name);
		return;
	}
	if (!value_address(node->text, &address) || network->cidr.prefix == 0)
		return;
	uint32_t broadcast = network->cidr.address | ~subnet_mask(network->cidr);
	address_format(network->cidr.address + 1, first);
	address_format(broadcast - 1, last);
	if (!subnet_contains(network->cidr, address) || address == network->cidr.address || address == broadcast)
		findings_error(loading->findings, &node->position, "`%s` is %s; addresses of hosts go from %s to %s", node->text,
			       address == network->cidr.address ? "the address of the network itself"
			       : address == broadcast		? "the broadcast address of the network"
								: "outside its network",
			       first, last);
	else
		nic->address = address;
}

static int compare_nics(const void *left, const void *right)
{
	return strcmp(((const struct nic *)left)->network->name, ((const struct nic *)right)->network->name);
}

static void judge_unique(struct loading *loading, json_t *addresses, const struct host *host, const struct node *node)
{
	uint32_t address;
	if (!value_address(node->text, &address))
		return;
	const char *other = json_string_value(json_object_get(addresses, node->text));
	if (other)
		findings_error(loading->findings, &node->position, "the address %s is taken by `%s`; give `%s` another one",
			       node->text, other, host->name);
	else
		json_object_set_new(addresses, node->text, json_string(host->name));
}

static void read_nics(struct loading *loading, struct host *host, const struct node *map, json_t *addresses)
{
	if (!map || map->kind != NODE_MAP)
		return;
	host->nics = pool_alloc(loading->pool, map->count, sizeof *host->nics);
	for (size_t i = 0; i < map->count; i++) {
		const struct entry *entry = &map->entries[i];
		struct nic nic = {.network = refer_network(loading, entry->key)};
		if (!nic.network || entry->value->faulty)
			continue;
		read_address(loading, &nic, entry->value);
		judge_unique(loading, addresses, host, entry->value);
		host->nics[host->nics_count++] = nic;
	}
	qsort(host->nics, host->nics_count, sizeof *host->nics, compare_nics);
}

static void load_host(struct loading *loading, struct host *host, const struct entry *entry, json_t *addresses)
{
	static const char *const levels[] = {[ACCESS_NONE] = "none", [ACCESS_USER] = "user", [ACCESS_ROOT] = "root", NULL};
	const struct node *node = entry->value;
	host->name = pool_strdup(loading->pool, entry->key->text);
	host->position = entry->key->position;
	host->role = catalogue_role(loading, node_sound(node, "role"));
	host->access = (enum access)read_choice(node, "access", levels, ACCESS_NONE);
	host->label = read_text(loading, node, "label");
	host->memory_bytes = read_number(node, "size", host->role ? host->role->memory_bytes : 0);
	host->processes = (int)read_number(node, "processes", host->role ? host->role->processes : 0);
	const struct node *runs = node_sound(node, "runs");
	if (runs && strcmp(runs->text, "vm") == 0)
		findings_error(loading->findings, &runs->position,
			       "`vm` (a machine of its own) is not played yet; leave `runs` out");
	read_nics(loading, host, node_sound(node, "nics"), addresses);
	const struct node *nics = node_sound(node, "nics");
	if (host->role && host->role->forwards && nics && nics->count == 1)
		findings_warning(loading->findings, &host->position, "`%s` forwards packets, but is on one network only",
				 host->name);
	if (index_find(loading, INDEX_NETWORK, host->name) >= 0)
		findings_error(loading->findings, &host->position,
			       "`%s` is a network as well: rules could mean either; give the host another name", host->name);
}

static void load_hosts(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_HOSTS];
	json_t *addresses = pool_json(loading->scratch, json_object());
	scenario->hosts = pool_alloc(loading->pool, section->count, sizeof *scenario->hosts);
	scenario->hosts_count = section->count;
	for (size_t i = 0; i < section->count; i++) {
		index_add(loading, INDEX_HOST, section->entries[i].key, i);
		load_host(loading, &scenario->hosts[i], &section->entries[i], addresses);
	}
}

/* After people and hosts are known: options may refer to them. */
static void load_options(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		struct host *host = &scenario->hosts[i];
		const struct node *node = loading->sections[SECTION_HOSTS].entries[i].value;
		if (!host->role || node->kind != NODE_MAP)
			continue;
		cleanup_free char *owner = xasprintf("`%s` (role `%s`)", host->name, host->role->name);
		const struct assignment assignment = {
			.parameters = host->role->options,
			.parameters_count = host->role->options_count,
			.given = node,
			.besides = &schema_host,
			.position = &host->position,
			.owner = owner,
			.what = "option",
			.whats = "keys",
		};
		host->options = pool_json(loading->pool, parameters_assign(loading, &assignment));
	}
}

/* ---- people and contacts ---- */

static void load_people(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_PEOPLE];
	scenario->people = pool_alloc(loading->pool, section->count, sizeof *scenario->people);
	scenario->people_count = section->count;
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		struct person *person = &scenario->people[i];
		index_add(loading, INDEX_PERSON, entry->key, i);
		person->account = pool_strdup(loading->pool, entry->key->text);
		person->name = read_text(loading, entry->value, "name");
		person->department = read_string(loading, entry->value, "department");
		person->terminal = refer_host(loading, node_sound(entry->value, "terminal"));
	}
}

static void load_contacts(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_DESK];
	scenario->contacts = pool_alloc(loading->pool, section->count, sizeof *scenario->contacts);
	scenario->contacts_count = section->count;
	for (size_t i = 0; i < section->count; i++) {
		index_add(loading, INDEX_CONTACT, section->entries[i].key, i);
		scenario->contacts[i].id = pool_strdup(loading->pool, section->entries[i].key->text);
		scenario->contacts[i].name = read_text(loading, section->entries[i].value, "name");
	}
}

/* ---- firewalls ---- */

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
	rule->log = read_truth(node, "log", false);
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

void load_lan(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_FIREWALLS];
	load_networks(loading);
	load_hosts(loading);
	load_people(loading);
	load_contacts(loading);
	load_options(loading);
	scenario->firewalls = pool_alloc(loading->pool, section->count, sizeof *scenario->firewalls);
	scenario->firewalls_count = section->count;
	for (size_t i = 0; i < section->count; i++)
		load_firewall(loading, &scenario->firewalls[i], &section->entries[i]);
	if (loading->complete && scenario->hosts_count == 0)
		findings_error(loading->findings, &loading->root->position,
			       "there are no `hosts`: write them here, or `use` a file that has them");
}
