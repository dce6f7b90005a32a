/* One check of the host. The tables of orchestrator/range/host_*.c hold them; orchestrator/range/host.c goes through them in
 * order. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_CHECK_H
#define TORIDE_ORCHESTRATOR_RANGE_CHECK_H

#include <stdbool.h>

#include "common/error.h"
#include "orchestrator/host.h"

struct check_context {
	const char *state_dir, *uri;
	bool root;
	bool systemd; /* it runs here, and starts daemons */
};

struct check {
	const char *id;
	bool needs_root; /* without root it cannot be looked at */
	/* *what: what was seen, one line; caller frees. */
	enum host_state (*inspect)(const struct check_context *context, char **what);
	/* *did: what was done; caller frees. NULL: no program can mend it. Only called as root. */
	int (*fix)(const struct check_context *context, char **did, struct error **err);
	const char *mend; /* for people, what they can do themselves */
};

/* Ended by a NULL id; in this order, as later ones build upon earlier ones. */
extern const struct check checks_system[], checks_kernel[], checks_libvirt[];

/* The nearest folder above (or at) the path that is there; caller frees. */
char *existing_part(const char *path);

#endif
