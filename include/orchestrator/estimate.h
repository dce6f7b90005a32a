/* What a plan will take of its host. */
#ifndef TORIDE_ORCHESTRATOR_ESTIMATE_H
#define TORIDE_ORCHESTRATOR_ESTIMATE_H

#include "orchestrator/plan.h"

/* Fills plan->estimate from its resources. */
void plan_estimate(struct plan *plan);

#endif
