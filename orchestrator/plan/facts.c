/* What a host is told of itself and of its surroundings (scenarios/roles/README.md). */
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/digest.h"
#include "orchestrator/plan.h"
#include "orchestrator/route.h"
#include "orchestrator/sorted.h"

static const char *const access_names[] = {[ACCESS_NONE] = "none", [ACCESS_USER] = "user", [ACCESS_ROOT] = "root"};
const char *const network_kind_names[] = {[NETWORK_LAN] = "lan", [NETWORK_INTERNET] = "internet", [NETWORK_CLOSED] = "closed"};

static json_t *address_json(uint32_t address)
{
	struct address_text buffer;
	return json_string(address_text(address, &buffer));
}

static json_t *subnet_json(uint32_t address, int prefix)
{
	struct address_text buffer;
	return json_string(subnet_text(address, prefix, &buffer));
}

static json_t *text_json(const struct text *text)
{
	return json_pack("{s:s*, s:s*}", "ja", text->ja, "en", text->en);
}

void plan_mac(const struct host *host, const struct network *network, char text[PLAN_MAC_SIZE])
{
	struct digest digest;
	char hex[DIGEST_TEXT_SIZE];
	digest_init(&digest);
	digest_add(&digest, "mac");
	digest_add(&digest, host->name);
	digest_add(&digest, network->name);
	digest_finish(&digest, hex);
	snprintf(text, PLAN_MAC_SIZE, "02:%.2s:%.2s:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4, hex + 6, hex + 8);
}

static json_t *nics_facts(const struct host *host)
{
	json_t *facts = json_array();
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < host->nics_count; i++) {
		char mac[PLAN_MAC_SIZE];
		plan_mac(host, nics[i]->network, mac);
		cleanup_free char *device = xasprintf("eth%zu", i);
		json_t *more = json_array();
		for (size_t m = 0; m < nics[i]->more_count; m++)
			json_array_append_new(more, address_json(nics[i]->more[m]));
		json_array_append_new(facts,
				      json_pack("{s:s, s:s, s:o, s:i, s:s, s:b, s:o}", "device", device, "network",
						nics[i]->network->name, "address", address_json(nics[i]->address), "prefix",
						nics[i]->network->cidr.prefix, "mac", mac, "dhcp", nics[i]->dhcp, "more", more));
	}
	return facts;
}

static json_t *routes_facts(const struct scenario *scenario, const struct host *host)
{
	json_t *facts = json_array();
	size_t count;
	cleanup_free struct route *routes = routes_find(scenario, host, &count);
	for (size_t i = 0; i < count; i++) {
		const struct network *to = routes[i].to;
		if (routes[i].by_dhcp)
			continue;
		json_array_append_new(facts,
				      json_pack("{s:o, s:o}", "to",
						to ? subnet_json(to->cidr.address, to->cidr.prefix) : json_string("default"),
						"via", address_json(routes[i].via)));
	}
	return facts;
}

/* All, or those that the host is on. */
static json_t *networks_facts(const struct scenario *scenario, const struct host *host, bool all)
{
	json_t *facts = json_object();
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct network *network = &scenario->networks[i];
		bool is_own = false;
		for (size_t n = 0; n < host->nics_count; n++)
			is_own = is_own || host->nics[n].network == network;
		if (all || is_own)
			json_object_set_new(facts, network->name,
					    json_pack("{s:o, s:s}", "cidr",
						      subnet_json(network->cidr.address, network->cidr.prefix), "kind",
						      network_kind_names[network->kind]));
	}
	return facts;
}

/* ---- addresses that the host hands out ---- */

static json_t *leased_hosts(const struct scenario *scenario, const struct network *network)
{
	json_t *facts = json_object();
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		for (size_t n = 0; n < host->nics_count; n++) {
			char mac[PLAN_MAC_SIZE];
			if (host->nics[n].network != network || !host->nics[n].dhcp)
				continue;
			plan_mac(host, network, mac);
			json_object_set_new(facts, host->name,
					    json_pack("{s:s, s:o}", "mac", mac, "address", address_json(host->nics[n].address)));
		}
	}
	return facts;
}

/* NULL where the host's role hands out none. */
static json_t *leases_facts(const struct scenario *scenario, const struct host *host)
{
	json_t *facts = NULL;
	for (size_t i = 0; i < host->role->options_count; i++)
		if (!facts && host->role->options[i].type == VALUE_RANGES)
			facts = json_object();
	for (size_t i = 0; i < host->ranges_count; i++) {
		const struct address_range *range = &host->ranges[i];
		uint32_t router = router_find(scenario, range->network);
		json_object_set_new(facts, range->network->name,
				    json_pack("{s:o, s:o, s:o, s:o}", "first", address_json(range->first), "last",
					      address_json(range->last), "router", router ? address_json(router) : json_null(),
					      "hosts", leased_hosts(scenario, range->network)));
	}
	return facts;
}

/* ---- the others ---- */

/* Whoever the host's own keys name is told to it whatever its role reads. */
static bool names(const struct host *host, const struct host *other)
{
	return other == host || scenario_host_names(host, other->name) || host->logs == other || host->flows == other;
}

/* A trainee reads the facts of the hosts where he may work: they must not name the attacker. */
static bool may_know(const struct host *host, const struct host *other)
{
	return host->access == ACCESS_NONE || other->access != ACCESS_NONE || names(host, other) ||
	       scenario_host_names(other, host->name);
}

static json_t *host_facts(const struct host *host, unsigned reads)
{
	json_t *addresses = json_array(), *facts = json_pack("{s:s, s:o}", "role", host->role->name, "addresses", addresses);
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < host->nics_count; i++) {
		json_array_append_new(addresses, address_json(nics[i]->address));
		for (size_t m = 0; m < nics[i]->more_count; m++)
			json_array_append_new(addresses, address_json(nics[i]->more[m]));
	}
	for (int option = READ_ANNOUNCED_FIRST; option < READ_FACTS; option++) {
		json_t *value = json_object_get(host->options, read_fact_names[option]);
		if (value && reads & 1u << option)
			json_object_set(facts, read_fact_names[option], value);
	}
	return facts;
}

static bool announces(const struct host *host, unsigned reads)
{
	for (int option = READ_ANNOUNCED_FIRST; option < READ_FACTS; option++)
		if (reads & 1u << option && json_object_get(host->options, read_fact_names[option]))
			return true;
	return false;
}

/* By name, so that the order in the file does not matter. */
static json_t *hosts_facts(const struct scenario *scenario, const struct host *host, unsigned reads)
{
	json_t *facts = json_object();
	cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *other = hosts[i];
		bool is_named = names(host, other);
		if (is_named || ((reads & 1u << READ_HOSTS || announces(other, reads)) && may_know(host, other)))
			json_object_set_new(facts, other->name, host_facts(other, is_named ? READ_ALL : reads));
	}
	return facts;
}

static json_t *people_facts(const struct scenario *scenario)
{
	json_t *facts = json_object();
	for (size_t i = 0; i < scenario->people_count; i++) {
		const struct person *person = &scenario->people[i];
		json_object_set_new(facts, person->account,
				    json_pack("{s:o, s:s?, s:s?}", "name", text_json(&person->name), "department",
					      person->department, "terminal", person->terminal ? person->terminal->name : NULL));
	}
	return facts;
}

static void add_host_side(json_t *facts, const struct host *host)
{
	cleanup_free const struct nic **nics = sorted_nics(host);
	for (size_t i = 0; i < host->nics_count; i++) {
		json_array_append_new(facts, subnet_json(nics[i]->address, 32));
		for (size_t m = 0; m < nics[i]->more_count; m++)
			json_array_append_new(facts, subnet_json(nics[i]->more[m], 32));
	}
}

/* The addresses that a rule's side means; an empty list means any. */
static json_t *side_facts(const struct endpoint *endpoints, size_t count)
{
	json_t *facts = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct endpoint *endpoint = &endpoints[i];
		if (endpoint->kind == ENDPOINT_ANY) {
			json_array_clear(facts);
			return facts;
		}
		if (endpoint->kind == ENDPOINT_NETWORK)
			json_array_append_new(facts,
					      subnet_json(endpoint->network->cidr.address, endpoint->network->cidr.prefix));
		if (endpoint->kind == ENDPOINT_HOST)
			add_host_side(facts, endpoint->host);
	}
	return facts;
}

static json_t *rule_facts(const struct rule *rule)
{
	json_t *services = json_array();
	for (size_t i = 0; i < rule->services_count; i++) {
		const struct rule_service *service = &rule->services[i];
		json_t *entry = json_pack("{s:s}", "protocol", service->protocol);
		if (service->port)
			json_object_set_new(entry, "port", json_integer(service->port));
		json_array_append_new(services, entry);
	}
	return json_pack("{s:o, s:o, s:o, s:s, s:b}", "from", side_facts(rule->from, rule->from_count), "to",
			 side_facts(rule->to, rule->to_count), "services", services, "action", rule->accept ? "accept" : "drop",
			 "log", rule->log);
}

/* NULL where the host has no rules of its own. */
static json_t *firewall_facts(const struct scenario *scenario, const struct host *host)
{
	for (size_t i = 0; i < scenario->firewalls_count; i++) {
		const struct firewall *firewall = &scenario->firewalls[i];
		if (firewall->host != host)
			continue;
		json_t *facts = json_array();
		for (size_t r = 0; r < firewall->rules_count; r++)
			json_array_append_new(facts, rule_facts(&firewall->rules[r]));
		return facts;
	}
	return NULL;
}

/* Where to send logs or flows: null, also where no way leads. */
static json_t *receiver_facts(const struct scenario *scenario, const struct host *host, const struct host *receiver)
{
	const struct nic *nic = receiver ? route_target(scenario, host, receiver) : NULL;
	return nic ? address_json(nic->address) : json_null();
}

static json_t *secrets_facts(const struct host *host)
{
	json_t *facts = json_array();
	for (size_t i = 0; i < host->secrets_count; i++)
		json_array_append_new(facts, json_string(host->secrets[i]));
	return facts;
}

/* The past of a host is a part of everybody's: it is told of all hosts and people. */
enum {
	PAST_READS = 1u << READ_PEOPLE | 1u << READ_NETWORKS | 1u << READ_RESOLVER | 1u << READ_HOSTS | 1u << READ_SITES |
		     1u << READ_DOMAIN
};

json_t *plan_facts(const struct scenario *scenario, const struct host *host, enum telling telling)
{
	unsigned reads = telling == TOLD_SETUP ? host->role->reads : telling == TOLD_PAST ? PAST_READS : READ_ALL;
	json_t *facts =
		json_pack("{s:s, s:s, s:s, s:O, s:o, s:o, s:o, s:o*, s:o, s:o, s:o, s:o*}", "host", host->name, "role",
			  host->role->name, "access", access_names[host->access], "options", host->options, "nics",
			  nics_facts(host), "networks", networks_facts(scenario, host, reads & 1u << READ_NETWORKS), "hosts",
			  hosts_facts(scenario, host, reads), "firewall", firewall_facts(scenario, host), "logs",
			  receiver_facts(scenario, host, host->logs), "flows", receiver_facts(scenario, host, host->flows),
			  "secrets", secrets_facts(host), "leases", leases_facts(scenario, host));
	if (reads & 1u << READ_PEOPLE)
		json_object_set_new(facts, "people", people_facts(scenario));
	if (reads & 1u << READ_RESOLVER) {
		uint32_t resolver = resolver_find(scenario, host);
		json_object_set_new(facts, "resolver", resolver ? address_json(resolver) : json_null());
	}
	if (telling == TOLD_GUEST) {
		json_object_set_new(facts, "exercise", json_string(scenario->id));
		json_object_set_new(facts, "routes", routes_facts(scenario, host));
	}
	return facts;
}
