/* Fuzzes the scenario loader: any bytes for a scenario's own file, with the small roles and abilities of tests/fixtures. Run from
 * the tree's top. */
#include <stdint.h>
#include <stdlib.h>

#include "common/error.h"
#include "orchestrator/scenario/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario *scenario = NULL;
	struct diagnostics diagnostics;
	struct error *err = NULL;
	int result = scenario_load_text("tests/fixtures/fuzzed.yaml", (const char *)data, size, "tests/fixtures/data", &scenario,
					&diagnostics, &err);
	if ((result == 0) != (scenario != NULL) || (result == 1) != (diagnostics.errors > 0) || (result < 0) != (err != NULL))
		abort();
	error_free(err);
	scenario_destroy(scenario);
	diagnostics_finish(&diagnostics);
	return 0;
}
