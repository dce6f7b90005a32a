/* Baking without building: the same by the orchestrator and, where none runs, by the CLI itself. */
#ifndef TORIDE_ORCHESTRATOR_SERVE_BAKE_H
#define TORIDE_ORCHESTRATOR_SERVE_BAKE_H

#include "orchestrator/range.h"
#include "orchestrator/site.h"

/*
 * `order`: {"scenario": its file, "day": "2026-11-24" or today's, "prune": true}, all optional. Blocks. *result, new reference: {"day","took_ms"}; with a
 * scenario {"scenario": its id, "parts": see range_bake()}; with prune {"removed": see range_prune()}. Pruning keeps what exercises on this host stand on, and
 * what the scenario and those in DATA/scenarios/exercises need on that day.
 */
int bake_order(const struct site *site, struct range *range, const json_t *order, range_progress_fn *progress, void *context,
	       const volatile bool *cancel, json_t **result, struct error **err);

/* As the control socket tells it; new reference. */
json_t *range_progress_json(const struct range_progress *progress);

#endif
