/*
 * What is kept of an exercise for a restart, beside its journal in STATE/exercises/NAME/ (mode 0600, each file written whole or not at all):
 * - exercise.json: where the scenario's file is, its digest, teams, day, accounts. An exercise is taken up again when it is there.
 * - scenario.json: the scenario's sources, so that the exercise goes on with what it was made from when the files are changed or gone.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_KEPT_H
#define TORIDE_ORCHESTRATOR_SERVE_KEPT_H

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"
#include "orchestrator/scenario.h"
#include "orchestrator/site.h"

/* STATE/exercises/NAME; the caller frees it. It need not be there. */
char *kept_folder(const struct site *site, const char *exercise);
bool kept_is_there(const char *folder);

int kept_write(const char *folder, const json_t *state, struct error **err); /* exercise.json */
json_t *kept_read(const char *folder, struct error **err);		     /* new reference; NULL with *err */

int kept_write_scenario(const char *folder, const struct scenario *scenario, struct error **err);
/* Makes the scenario of `file` from its copy. -1: there is none, or it does not give a scenario of that digest. */
int kept_scenario(const char *folder, const char *file, const char *data_dir, const char *digest, struct scenario **scenario,
		  struct error **err);

/* It is not to be taken up again. Nothing there: nothing to do. */
void kept_forget(const char *folder);

#endif
