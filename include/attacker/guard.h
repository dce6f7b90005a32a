/*
 * The guard: what an attack may never do, whatever a scenario says. guard_step() is pure; struct egress looks at the range as it
 * is.
 *
 * Refused: a host that is not the plan's own, a team that it does not have, an address outside the range's networks (also one
 * hidden in an argument, in whatever form curl would read it), an argument with characters that a shell could take for more than
 * a word, and any step while something leads out of its team's range.
 */
#ifndef TORIDE_ATTACKER_GUARD_H
#define TORIDE_ATTACKER_GUARD_H

#include "orchestrator/plan.h"
#include "orchestrator/range.h"

/* Is the address (host byte order) in one of the range's networks? */
bool guard_address(const struct scenario *scenario, uint32_t address);

/* Refuses literal IPv4 addresses outside the range, and any IPv6 address. `type` says how the text is read. */
int guard_text(const struct scenario *scenario, enum value_type type, const char *text, struct error **err);

/* All that can be said of a step without looking at the range. */
int guard_step(const struct plan *plan, int team, const struct step *step, struct error **err);

/* A documentation address (RFC 5737) or benchmark address (RFC 2544) that is in no network of the range; 0 when the range has
 * them all. */
uint32_t guard_outside(const struct scenario *scenario);

/* ---- the egress probe ---- */

enum { EGRESS_VERDICT_MS = 60 * 1000, EGRESS_PORT = 80, EGRESS_TIMEOUT_MS = 500 };

struct egress;
struct egress *egress_create(struct range *range, const struct plan *plan); /* borrows both */
void egress_destroy(struct egress *egress);

/*
 * -1 with *err when anything leads out of the team's range (range_sealed), or when that cannot be found out. A good verdict holds
 * for a minute. May be called from any thread.
 *
 * Where nothing does, and the guest reaches an address outside all the same, it is a guest that answers in its name: trainees with
 * root can take that address, or send it elsewhere by a route or NAT. That must not stop the attack: *notice (caller frees) then
 * tells the instructor, once for each guest and time that it begins.
 */
int egress_check(struct egress *egress, int team, const struct host *host, char **notice, struct error **err);

#endif
