/* Fuzzes roles and abilities: any bytes for both files, with a scenario that names them. Run from the tree's top. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/error.h"
#include "orchestrator/scenario/memory.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char scenario_text[] =
	"toride: 1\nid: x\ntitle: X\nduration: 1h\n"
	"networks: { a: { cidr: 10.0.0.0/24 } }\n"
	"people: { sato: { name: Sato } }\n"
	"hosts: { h: { role: fuzzed, nics: { a: 10.0.0.2 }, port: 80, sites: [a.example], user: sato } }\n"
	"attack: [{ id: s, technique: T1000, ability: fuzzed, on: h, at: +1m, args: { host: h, path: x, port: 80 } }]\n";
static char *data_dir, *role_file, *ability_file; /* made once: libFuzzer has no place of its own for it */

static void remove_data(void)
{
	char *command = xasprintf("rm -rf '%s'", data_dir);
	if (system(command) != 0)
		perror(command);
	free(command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	char folder[] = "/tmp/toride-fuzz-XXXXXX";
	if (!mkdtemp(folder))
		abort();
	data_dir = xstrdup(folder);
	char *command = xasprintf("cd '%s' && mkdir -p attacker/abilities scenarios/roles/fuzzed scenarios/images && "
				  "printf 'image: base\\nsuite: bookworm\\npackages: []\\n' > scenarios/images/base.yaml",
				  folder);
	if (system(command) != 0)
		abort();
	free(command);
	role_file = xasprintf("%s/scenarios/roles/fuzzed/role.yaml", folder);
	ability_file = xasprintf("%s/attacker/abilities/fuzzed.yaml", folder);
	atexit(remove_data);
	return 0;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario *scenario = NULL;
	struct diagnostics diagnostics;
	struct error *err = NULL;
	write_file(role_file, data, size);
	write_file(ability_file, data, size);
	int result = scenario_load_text("/nowhere/x.yaml", scenario_text, strlen(scenario_text), data_dir, &scenario,
					&diagnostics, &err);
	if ((result == 0) != (scenario != NULL) || result < 0)
		abort();
	scenario_destroy(scenario);
	diagnostics_finish(&diagnostics);
	return 0;
}
