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
