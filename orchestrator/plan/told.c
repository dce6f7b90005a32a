/* The facts as the files of a guest: facts.json for its role, the rest for its init, which has no time for JSON while all guests start. */
#include <stdio.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/plan.h"

static const char *word(const json_t *facts, const char *key)
{
	return json_string_value(json_object_get(facts, key));
}

static char *hosts_file(const json_t *facts)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	const char *name;
	json_t *host, *address;
	fputs("127.0.0.1 localhost\n", out);
	json_object_foreach (json_object_get(facts, "hosts"), name, host)
		json_array_foreach (json_object_get(host, "addresses"), i, address)
			fprintf(out, "%s %s\n", json_string_value(address), name);
	fclose(out);
	return text;
}

static void print_address(FILE *out, const json_t *nic, const char *address)
{
	fprintf(out, "address add %s/%d broadcast + dev %s\n", address, (int)json_integer_value(json_object_get(nic, "prefix")),
		word(nic, "device"));
}

/* Lines for `ip -batch`. An interface with DHCP only goes up. */
static char *network_file(const json_t *facts)
{
	char *text = NULL;
	size_t size, i, more;
	FILE *out = open_memstream(&text, &size);
	json_t *nic, *address, *route;
	fputs("link set lo up\n", out);
	json_array_foreach (json_object_get(facts, "nics"), i, nic) {
		if (!json_is_true(json_object_get(nic, "dhcp")))
			print_address(out, nic, word(nic, "address"));
		json_array_foreach (json_object_get(nic, "more"), more, address)
			print_address(out, nic, json_string_value(address));
		fprintf(out, "link set %s up\n", word(nic, "device"));
	}
	json_array_foreach (json_object_get(facts, "routes"), i, route)
		fprintf(out, "route add %s via %s\n", word(route, "to"), word(route, "via"));
	fclose(out);
	return text;
}

/* Where nobody answers it is empty: a look-up fails at once, instead of asking the guest itself. */
static char *resolver_file(const json_t *facts)
{
	const char *resolver = word(facts, "resolver");
	return resolver ? xasprintf("nameserver %s\noptions timeout:1 attempts:2\n", resolver) : xstrdup("");
}

struct told *told_create(const struct scenario *scenario, const struct host *host, enum telling telling)
{
	cleanup_json json_t *facts = plan_facts(scenario, host, telling);
	struct told *told = xcalloc(1, sizeof *told);
	*told = (struct told){
		.facts = json_dumps(facts, JSON_SORT_KEYS | JSON_INDENT(2)),
		.hosts = hosts_file(facts),
		.network = network_file(facts),
		.resolver = resolver_file(facts),
	};
	return told;
}

void told_destroy(struct told *told)
{
	if (!told)
		return;
	free(told->facts);
	free(told->hosts);
	free(told->network);
	free(told->resolver);
	free(told);
}
