/* For tests and the fuzzer: a scenario whose own file is in memory. */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_MEMORY_H
#define TORIDE_ORCHESTRATOR_SCENARIO_MEMORY_H

#include "orchestrator/scenario.h"

/* As scenario_load, with the text of `file` given (NULL: it is read); what it uses is read from beside `file`. */
int scenario_load_text(const char *file, const char *text, size_t length, const char *data_dir, struct scenario **scenario,
		       struct diagnostics *diagnostics, struct error **err);

#endif
