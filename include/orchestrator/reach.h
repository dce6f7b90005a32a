/*
 * What should be reachable: whether a packet of a host would get to a service of another one, as the plan's routes and the firewalls' rules
 * say. Pure. `toride verify` compares it with what is found; what a team has changed since is not known here.
 */
#ifndef TORIDE_ORCHESTRATOR_REACH_H
#define TORIDE_ORCHESTRATOR_REACH_H

#include "orchestrator/scenario.h"

enum reach_kind { REACH_OPEN, REACH_BLOCKED, REACH_NO_ROUTE };

enum { REACH_PASSES_MAX = 4 };
struct reach_pass { /* a forwarding host that lets it through, and by which of its rules */
	const struct host *at;
	int rule;
};

struct reach {
	enum reach_kind kind;
	uint32_t
		address; /* of `to`, the one that is tried: on a common network, else the nearest; host byte order; 0: no way leads there */
	const struct host *at; /* BLOCKED: the forwarding host that drops it; NO_ROUTE: the host that has no route; else NULL */
	int rule; /* BLOCKED: the number of its rule, from 1 in the file's order; 0: none took it, so it is dropped */
	struct reach_pass passes[REACH_PASSES_MAX]; /* OPEN: on the way there; the first ones */
	size_t passes_count;
};

/*
 * `service` is one of to->role->services. The way is walked hop by hop; on each forwarding host between the two (not on the two themselves)
 * the first rule that fits decides, and what none takes is dropped. Firewalls are stateful: the answer passes where the question did; it is
 * dropped (rule 0) by a forwarding host that did not see the question. Where a host whose role translates sends a private
 * address on to the internet, those after it see that host's own; its own rules see the address before. A host reaches itself.
 */
struct reach reach_expected(const struct scenario *scenario, const struct host *from, const struct host *to,
			    const struct role_service *service);

/* "reachable", with its passes "reachable by rule 1 of fw-office and rule 4 of fw-edge"; "blocked by fw-core, rule 2", "blocked by fw-core, which has no rule for it", "no route from pc-kato". The caller frees. */
char *reach_text(const struct reach *reach);

#endif
