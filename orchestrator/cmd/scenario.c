/* What several subcommands do with a scenario file. */
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/scenario.h"

int command_scenario(const char *file, const char *data_dir, struct scenario **scenario)
{
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	int result = scenario_load(file, data_dir, scenario, &diagnostics, &err);
	if (result < 0) {
		command_failed(err);
		return EXIT_USAGE;
	}
	if (result > 0)
		fputs(diagnostics.text, stderr);
	diagnostics_finish(&diagnostics);
	return result == 0 ? EXIT_DONE : EXIT_REFUSED;
}
