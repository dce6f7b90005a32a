/* Per-team secrets on their way into guests. Their values: range_secret() in orchestrator/range.h. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_SECRET_H
#define TORIDE_ORCHESTRATOR_RANGE_SECRET_H

#include "orchestrator/range/kind.h"

/* Writes the secrets of the guest's host, when it has any, into /etc/toride/secrets.json below its mounted root: mode 0600, `owner`'s. */
int secret_deliver(const struct work *work, const char *root, uint32_t owner, struct error **err);
/* The exercise is over: so are its secrets. */
void secret_forget(const struct range *range, const char *exercise);

#endif
