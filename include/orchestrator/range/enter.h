/*
 * Starting a program inside a guest: through its namespaces, from the outside.
 *
 * Two processes: the *porter* joins the guest's namespaces (but stays a process of the host, outside of the guest's limits),
 * forks the *program* into the guest's process tree and its control groups, and ends with its status. This process has threads,
 * so between fork and exec nothing is called that is not async-signal-safe: all texts are made before.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_ENTER_H
#define TORIDE_ORCHESTRATOR_RANGE_ENTER_H

#include "orchestrator/range/account.h"
#include "orchestrator/range/cgroup.h"
#include "orchestrator/range/guest.h"

struct entry {
	const struct guest *guest;
	const struct account *account;
	const char *const *argv;
	const char *const *environment; /* beside the fixed one; may be NULL */
	const struct cgroup_session *session;
	int stdio[3];	   /* -1 each: on a new terminal of the guest */
	bool background;   /* below everything else on the processors */
	bool dies_with_us; /* killed when the calling thread ends */
	int terminal;	   /* out: the terminal's master, with stdio -1 */
};

/* The porter's process id, or -1. On success the program has been started (its exec succeeded). */
pid_t enter_start(struct entry *entry, struct error **err);

/* Status from waitpid: the exit status, or 128 + signal. */
int enter_status(int wait_status);

#endif
