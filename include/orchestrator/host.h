/*
 * What this host must have before it can run a range, and how to mend what it lacks (`toride doctor`).
 *
 * Each check looks at the real thing (a mount is tried, libvirt is asked) and changes nothing that others can see. Mending is
 * idempotent, and never restarts or reconfigures a daemon that is running.
 */
#ifndef TORIDE_ORCHESTRATOR_HOST_H
#define TORIDE_ORCHESTRATOR_HOST_H

#include <stdbool.h>

enum host_state {
	HOST_OK,
	HOST_NOTE, /* not there, and not needed by what there is today; or not looked at */
	HOST_WARN, /* a range runs, but not as well as it could */
	HOST_FAIL  /* no range runs */
};
extern const char *const host_state_names[]; /* "ok", "note", "warn", "FAIL" */

struct host_options {
	const char *state_dir; /* where images, layers and disks will be */
	const char *uri;       /* libvirt: lxc:///system */
	bool fix;
};

/* One check's result; lives during the call only. */
struct host_finding {
	const char *id;
	enum host_state state;
	const char *what;    /* what was seen: one line */
	const char *mend;    /* how to mend it; NULL when there is nothing to mend */
	bool can_fix;	     /* `--fix` knows how */
	const char *fixed;   /* what was done just now; NULL: nothing */
	const char *failure; /* why mending failed; NULL: it did not */
};
typedef void host_finding_fn(const struct host_finding *finding, void *context);

/* The kernel can delay and lose packets (sch_netem): tried in a network of its own. From any thread. */
bool host_can_delay(void);

/* Makes every check in order; with `fix` mends and looks again. Returns how many ended as HOST_FAIL. Forks: call it before any
 * thread is made. */
int host_examine(const struct host_options *options, host_finding_fn *found, void *context);

#endif
