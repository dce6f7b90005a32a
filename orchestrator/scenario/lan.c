/* Networks and hosts. */
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

static void read_quality(struct network *network, const struct node *node)
{
	const char *loss = node_text(node, "loss");
	int64_t milli_percent;
	network->rate_bits = read_number(node, "rate", 0);
	network->delay_ms = read_number(node, "delay", 0);
	if (loss && value_loss(loss, &milli_percent))
		network->loss_milli_percent = (int)milli_percent;
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
		read_quality(network, entry->value);
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

/* 0 after reporting. */
static uint32_t read_address(struct loading *loading, const struct network *network, const struct node *node)
{
	uint32_t address;
	char first[16], last[16];
	if (node->faulty || !value_address(node->text, &address) || network->cidr.prefix == 0)
		return 0;
	uint32_t broadcast = network->cidr.address | ~subnet_mask(network->cidr);
	address_format(network->cidr.address + 1, first);
	address_format(broadcast - 1, last);
	if (subnet_contains(network->cidr, address) && address != network->cidr.address && address != broadcast)
		return address;
	findings_error(loading->findings, &node->position, "`%s` is %s; addresses of hosts go from %s to %s", node->text,
		       address == network->cidr.address ? "the address of the network itself"
		       : address == broadcast		? "the broadcast address of the network"
							: "outside its network",
		       first, last);
	return 0;
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

static void read_nic(struct loading *loading, struct host *host, struct nic *nic, const struct node *node, json_t *addresses)
{
	if (node->kind == NODE_SCALAR) {
		nic->dhcp = strcmp(node->text, "dhcp") == 0; /* which one: load_leases */
		nic->address = read_address(loading, nic->network, node);
		judge_unique(loading, addresses, host, node);
		return;
	}
	nic->more = pool_alloc(loading->pool, node->count, sizeof *nic->more);
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->entries[i].value;
		if (!item->faulty && strcmp(item->text, "dhcp") == 0)
			findings_error(loading->findings, &item->position,
				       "`dhcp` stands alone: write `%s: dhcp`, or addresses only", nic->network->name);
		*(i ? &nic->more[nic->more_count++] : &nic->address) = read_address(loading, nic->network, item);
		if (!item->faulty)
			judge_unique(loading, addresses, host, item);
	}
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
		read_nic(loading, host, &nic, entry->value, addresses);
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

static const struct host *read_receiver(struct loading *loading, const struct host *host, const struct node *node)
{
	const struct node *to = node_sound(node, "to");
	const struct host *receiver = refer_host(loading, to);
	if (receiver != host)
		return receiver;
	if (receiver)
		findings_error(loading->findings, &to->position,
			       "`%s` sends to itself: what a host logs is there anyway; take this away, or name another host",
			       host->name);
	return NULL;
}

/* What a host sends to others, and what is given to it. */
static void read_deliveries(struct loading *loading, struct host *host, const struct node *node)
{
	const struct node *flows = node_sound(node, "flows"), *secrets = node_sound(node, "secrets");
	host->logs = read_receiver(loading, host, node_sound(node, "logs"));
	host->flows = read_receiver(loading, host, flows);
	if (flows && host->role && !host->role->forwards)
		findings_error(loading->findings, &flows->position,
			       "`%s` (role `%s`) forwards no packets: it sees no flows; take this away", host->name,
			       host->role->name);
	if (!secrets)
		return;
	host->secrets = pool_alloc(loading->pool, secrets->count, sizeof *host->secrets);
	for (size_t i = 0; i < secrets->count; i++) {
		const struct node *name = secrets->entries[i].value;
		for (size_t j = 0; !name->faulty && j < host->secrets_count; j++)
			if (strcmp(host->secrets[j], name->text) == 0)
				findings_error(loading->findings, &name->position, "`%s` has the secret `%s` already", host->name,
					       name->text);
		if (!name->faulty)
			host->secrets[host->secrets_count++] = pool_strdup(loading->pool, name->text);
	}
}

/* After people and hosts are known: options may refer to them. */
static void load_options(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		struct host *host = &scenario->hosts[i];
		const struct node *node = loading->sections[SECTION_HOSTS].entries[i].value;
		if (node->kind != NODE_MAP)
			continue;
		read_deliveries(loading, host, node);
		if (!host->role)
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

void load_lan(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	load_networks(loading);
	load_hosts(loading);
	load_people(loading);
	load_contacts(loading);
	load_options(loading);
	load_leases(loading);
	load_firewalls(loading);
	if (loading->complete && scenario->hosts_count == 0)
		findings_error(loading->findings, &loading->root->position,
			       "there are no `hosts`: write them here, or `use` a file that has them");
}
