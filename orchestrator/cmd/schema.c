/* toride schema: the scenario language as JSON Schema, or as the reference page. */
#include <getopt.h>
#include <string.h>

#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/scenario/schema.h"

extern const struct command command_schema;

static const struct kind {
	const char *name;
	const struct schema *schema;
	const char *title, *heading, *introduction;
} kinds[] = {
	{"scenario", &schema_scenario, "Toride exercise", "Exercises", "`scenarios/exercises/*.yaml`"},
	{"part", &schema_part, "Toride part", "Shared parts", "`scenarios/lans/*.yaml`, ...: files that `use` names"},
	{"role", &schema_role, "Toride role", "Roles", "`scenarios/roles/*/role.yaml`"},
	{"image", &schema_image, "Toride image", "Images", "`scenarios/images/*.yaml`"},
	{"ability", &schema_ability, "Toride ability", "Abilities", "`attacker/abilities/*.yaml`"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What a table of keys cannot say. */
static const char notes[] =
	"## How a LAN behaves\n\n"
	"- **Addresses.** `nics: {office: 10.1.1.20}` is fixed; in a list the first is the host's address, the others are "
	"further ones of the same "
	"interface. `nics: {tax: dhcp}`: the guest\n"
	"  asks for it, and gets one that is known beforehand: the loader reserves it in the range of the host that serves the "
	"network (an option of "
	"type ranges: `ranges: {tax: 100-199}`),\n"
	"  by the names of host and network, so that it stays when other hosts come and go (two that would have the same one "
	"share it out by name). "
	"Traces, probes and claims may name it.\n"
	"  A range is written as the last parts of its first and last address; the other parts are the network's (`4.0-7.255` in "
	"`10.2.0.0/16` is "
	"10.2.4.0 to 10.2.7.255). A network has one DHCP\n"
	"  server; where that is on another network, a firewall passes the requests on (its option `dhcp: HOST`).\n"
	"- **Routes** are the shortest ways over hosts whose role has `forwards: true`. The default points towards the network "
	"of kind `internet`. A "
	"network of kind `closed` has no default\n"
	"  route and asks no resolver outside; nobody outside asks one inside.\n"
	"- **Firewalls** ask their rules in order, and the first that fits decides; what none takes is dropped, so a forwarding "
	"host without rules "
	"drops everything. Answers to what was let\n"
	"  through pass. A rule's host means all its addresses.\n"
	"- **Logs and flows.** `logs: {to: soc}` sends the host's log there (514/tcp), `flows: {to: soc}` records of what it "
	"forwards (2055/udp). The "
	"firewalls on the way must let them through.\n"
	"- **Secrets.** `secrets: [flag1]` gives the host a text that is another one for each team; hosts that name the same "
	"secret have the same "
	"one. A field of a claim or report may be\n"
	"  compared with it: `claim: {flag: \"${team.secret.flag1}\"}`; the solution gives it as `flag: "
	"\"${team.secret.flag1}\"`. It is told "
	"nowhere else; the journal holds a digest of it.\n"
	"- **People** with a terminal use it: one of `does` by chance, every `pace` on average. What they "
	"could not do is an event.\n"
	"- **Accounts.** `state: {account-disabled: svc-backup}` is looked at on the host whose role has `directory: true` (a "
	"scenario has one).\n";

static void print_reference(void)
{
	cleanup_json json_t *shown = json_object();
	puts("# Scenario reference\n\n"
	     "<!-- Made by `toride schema --reference`; do not edit. -->\n\n"
	     "Every key of the language. `*`: must be there. `toride check FILE` checks a file; `toride schema` prints the same "
	     "as JSON Schema for editors.\n"
	     "Texts that people read may hold `${host.NAME.ip}` in briefings, injects, hints and the solution "
	     "(`${host.NAME.ip.NETWORK}` for a host on several networks).\n\n"
	     "`use` merges networks, hosts, firewalls, people and desk by entry. An entry takes the place of one of the same "
	     "name in a used file (or in a file used before);\n"
	     "`override: true` in it says that this is meant, else there is a warning.\n");
	for (int i = 0; i < KINDS; i++)
		schema_print_reference(kinds[i].schema, kinds[i].heading, kinds[i].introduction, shown, stdout);
	schema_print_types(stdout);
	putchar('\n');
	fputs(notes, stdout);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"reference", no_argument, NULL, 'r'}, {0}};
	bool reference = false;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1; reference = true)
		if (option != 'r')
			return command_usage(&command_schema, "unknown option");
	if (argc - optind > 1 || (reference && optind < argc))
		return command_usage(&command_schema, "too many arguments");
	if (reference) {
		print_reference();
		return EXIT_DONE;
	}
	const char *name = optind < argc ? argv[optind] : kinds[0].name;
	for (int i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		cleanup_json json_t *schema = schema_to_json(kinds[i].schema, kinds[i].title);
		json_dumpf(schema, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
		return EXIT_DONE;
	}
	return command_usage(&command_schema, "there is no schema '%s'", name);
}

const struct command command_schema = {"schema", "[scenario|part|role|image|ability] | --reference",
				       "print the language as JSON Schema",
				       "For editors that complete and check YAML while one types.\n"
				       "  --reference   print docs/scenario-reference.md instead\n",
				       run};
