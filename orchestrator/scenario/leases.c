/* Addresses that are handed out: what the hosts' options of type ranges mean, and the address that each dhcp nic will have. */
#include <endian.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

static const struct node *host_node(const struct loading *loading, size_t host)
{
	return loading->sections[SECTION_HOSTS].entries[host].value;
}

/* ---- ranges ---- */

static bool lies_within(const struct address_range *range)
{
	const struct subnet *cidr = &range->network->cidr;
	uint32_t broadcast = cidr->address | ~subnet_mask(*cidr);
	return range->first > cidr->address && range->last < broadcast;
}

/* A fixed address of the range's network that the range covers; its host, or NULL. */
static const struct host *find_covered(const struct scenario *scenario, const struct address_range *range, uint32_t *covered)
{
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		for (size_t n = 0; n < host->nics_count; n++) {
			const struct nic *nic = &host->nics[n];
			for (size_t a = 0; a <= nic->more_count; a++) {
				*covered = a ? nic->more[a - 1] : nic->address;
				if (*covered >= range->first && *covered <= range->last)
					return host;
			}
		}
	}
	return NULL;
}

static bool judge_range(struct loading *loading, const struct address_range *range, const struct node *node)
{
	const struct network *network = range->network;
	char first[16], last[16], address[16];
	uint32_t covered;
	address_format(network->cidr.address + 1, first);
	address_format((network->cidr.address | ~subnet_mask(network->cidr)) - 1, last);
	if (range->first > range->last) {
		findings_error(loading->findings, &node->position, "`%s` goes backwards: write the smaller one first",
			       node->text);
		return false;
	}
	if (!lies_within(range)) {
		findings_error(loading->findings, &node->position,
			       "`%s` goes beyond `%s`; addresses of its hosts go from %s to %s", node->text, network->name, first,
			       last);
		return false;
	}
	const struct host *other = find_covered(loading->scenario, range, &covered);
	if (!other)
		return true;
	address_format(covered, address);
	findings_error(loading->findings, &node->position,
		       "`%s` covers %s, the fixed address of `%s`; take another range, or give the host another address",
		       node->text, address, other->name);
	return false;
}

static void read_range(struct loading *loading, struct host *host, const struct network *network, const struct node *node)
{
	struct address_range range = {.network = network};
	const struct host *other = scenario_dhcp_server(loading->scenario, network, NULL);
	if (!value_range(node->text, network->cidr, &range.first, &range.last)) {
		cleanup_free char *shown = quoted(node->text);
		findings_error(loading->findings, &node->position,
			       "%s is no range: write the last parts of the first and the last address, such as `100-199` (in a "
			       "larger network `4.0-7.255`)",
			       shown);
		return;
	}
	if (other)
		findings_error(loading->findings, &node->position,
			       "`%s` hands out addresses on `%s` already; a network has one DHCP server", other->name,
			       network->name);
	if (!other && judge_range(loading, &range, node))
		host->ranges[host->ranges_count++] = range;
}

static int compare_ranges(const void *left, const void *right)
{
	return strcmp(((const struct address_range *)left)->network->name, ((const struct address_range *)right)->network->name);
}

static void read_ranges(struct loading *loading, struct host *host, const struct node *node)
{
	struct scenario *scenario = loading->scenario;
	host->ranges = pool_alloc(loading->pool, scenario->networks_count, sizeof *host->ranges);
	for (size_t i = 0; i < host->role->options_count; i++) {
		const struct parameter *option = &host->role->options[i];
		const struct node *map = option->type == VALUE_RANGES ? node_sound(node, option->name) : NULL;
		for (size_t e = 0; map && map->kind == NODE_MAP && e < map->count; e++) {
			int number = index_find(loading, INDEX_NETWORK, map->entries[e].key->text);
			const struct node *value = map->entries[e].value;
			if (number >= 0 && scenario->networks[number].cidr.prefix > 0 && value->kind == NODE_SCALAR &&
			    !value->faulty)
				read_range(loading, host, &scenario->networks[number], value);
		}
	}
	if (host->ranges_count > 1)
		qsort(host->ranges, host->ranges_count, sizeof *host->ranges, compare_ranges);
}

/* ---- reservations ---- */

static bool has_ranges_option(const struct role *role)
{
	for (size_t i = 0; i < role->options_count; i++)
		if (role->options[i].type == VALUE_RANGES)
			return true;
	return false;
}

/* A host's option names the network, rightly or wrongly. */
static bool is_promised(const struct scenario *scenario, const struct network *network)
{
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		for (size_t n = 0; host->role && n < host->role->options_count; n++)
			if (host->role->options[n].type == VALUE_RANGES &&
			    json_object_get(json_object_get(host->options, host->role->options[n].name), network->name))
				return true;
	}
	return false;
}

static void report_unserved(struct loading *loading, const struct network *network, const struct node *node)
{
	const struct scenario *scenario = loading->scenario;
	const char *server = NULL;
	for (size_t i = 0; !server && i < scenario->hosts_count; i++)
		if (scenario->hosts[i].role && has_ranges_option(scenario->hosts[i].role))
			server = scenario->hosts[i].name;
	cleanup_free char *mend = server ? xasprintf("give `%s` a range for it (`%s: 100-199`)", server, network->name)
					 : xasprintf("add a host of role `dhcp` (`ranges: {%s: 100-199}`)", network->name);
	findings_error(loading->findings, &node->position, "nobody hands out addresses on `%s`: %s, or write an address",
		       network->name, mend);
}

static bool is_taken(const struct scenario *scenario, const struct network *network, uint32_t address)
{
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t n = 0; n < scenario->hosts[i].nics_count; n++)
			if (scenario->hosts[i].nics[n].network == network && scenario->hosts[i].nics[n].address == address)
				return true;
	return false;
}

/* Where in a range the search for a host's address begins: the same whatever other hosts there are. */
static uint32_t start_of(const struct host *host, const struct network *network, uint32_t size)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	uint32_t number;
	cleanup_free char *names = xasprintf("%s/%s", host->name, network->name);
	crypto_hash_sha256(hash, (const unsigned char *)names, strlen(names));
	memcpy(&number, hash, sizeof number);
	return le32toh(number) % size;
}

/* Hosts come in the order of their names. 0: the range is full. */
static uint32_t reserve(const struct scenario *scenario, const struct host *host, const struct address_range *range)
{
	uint32_t size = range->last - range->first + 1, start = start_of(host, range->network, size);
	for (uint32_t i = 0; i < size; i++) {
		uint32_t address = range->first + (start + i) % size;
		if (!is_taken(scenario, range->network, address))
			return address;
	}
	return 0;
}

static void load_reservation(struct loading *loading, const struct host *host, struct nic *nic, const struct node *node)
{
	const struct address_range *range;
	const struct host *server = scenario_dhcp_server(loading->scenario, nic->network, &range);
	if (!server) {
		/* What is wrong with a range, or a file that is not there, has been reported. */
		if (loading->complete && !is_promised(loading->scenario, nic->network))
			report_unserved(loading, nic->network, node);
		return;
	}
	if (server == host) {
		findings_error(loading->findings, &node->position,
			       "`%s` hands out the addresses on `%s`: it needs a fixed one itself", host->name,
			       nic->network->name);
		return;
	}
	nic->address = reserve(loading->scenario, host, range);
	if (!nic->address)
		findings_error(loading->findings, &node->position,
			       "no address is left for `%s`: the range of `%s` on `%s` has %u; make it larger", host->name,
			       server->name, nic->network->name, range->last - range->first + 1);
}

void load_leases(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (scenario->hosts[i].role)
			read_ranges(loading, &scenario->hosts[i], host_node(loading, i));
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		struct host *host = &scenario->hosts[i];
		const struct node *nics = node_sound(host_node(loading, i), "nics");
		for (size_t n = 0; n < host->nics_count; n++)
			if (host->nics[n].dhcp)
				load_reservation(loading, host, &host->nics[n], node_get(nics, host->nics[n].network->name));
	}
}
