/*
 * `toride verify`: what the plan says of a range against what is found in it. Takes the expected (orchestrator/reach.h) and the measured
 * (orchestrator/range/verify.h); gives one JSON object, for the CLI and the journal.
 */
#ifndef TORIDE_ORCHESTRATOR_VERIFY_H
#define TORIDE_ORCHESTRATOR_VERIFY_H

#include "orchestrator/range/verify.h"
#include "orchestrator/reach.h"

/* Told from any thread, one call at a time: so many steps of `total` are done; `what` was the last. */
typedef void verify_progress_fn(const char *what, size_t done, size_t total, void *context);

struct verify_request {
	struct range *range;
	const struct plan *plan;
	int team; /* 0: all */
	const bool *
		begun; /* by team (index 0 unused): its clock has been started, so it may have changed what it likes; NULL: none has */
	int64_t patience_ms; /* how long a planned service may take to answer */
	verify_progress_fn *progress;
	void *context;
	const volatile bool *cancel;
};

enum { VERIFY_DIFFERENCES_MAX = 200, VERIFY_FAILURES_MAX = 20 };

/*
 * *result is a new reference:
 * {"exercise","holds","took_ms","pairs","differ","hosts":["attacker",…],
 *  "teams":[{"team","begun","pairs","differ","unknown","answered","answered_ms","not_running":["web"],"rows":["…"],
 *            "differences":[{"from":["pc-tanaka",…],"to","service","port","protocol","address","expected","found","text"}],"more"}],
 *  "isolation":{"holds","guests","frames","silent","findings":[{"team","host","text"}],"more"}}
 * A row is a source's, its letters the targets' in the order of `hosts`: see verify_letter(). `answered`: how many planned services answered,
 * `answered_ms`: the last of them. `holds`: it is isolated, and no team that has not begun differs from the plan.
 */
int verify_run(const struct verify_request *request, json_t **result, struct error **err);

/* What does not hold, for people: texts, at most VERIFY_FAILURES_MAX, with a last one that counts the rest. Teams that have begun
 * are left out. New reference; empty when all holds. */
json_t *verify_failures(const json_t *result);

/* ---- pure: the judgement ---- */

enum verdict { VERDICT_AS_PLANNED, VERDICT_DIFFERS, VERDICT_UNKNOWN };
/* A dormant service may be asleep: then nobody listens, and it is as planned. */
enum verdict verify_judge(enum reach_kind expected, enum reach_found found, bool dormant);

/* All services from one host to another: ' ' none, '+' all reachable, '.' none reachable, '~' some: as planned; '!' differs; '?' unknown. */
struct verify_cell {
	size_t open, closed, differ, unknown;
};
char verify_letter(const struct verify_cell *cell);

struct verify_pair {
	struct reach expected;
	const struct role_service *service;
	struct reach_probe probe;
};
/* {"team",…} of the result; new reference. The pairs are those of verify_pairs(). */
json_t *verify_team_json(const struct scenario *scenario, int team, const struct verify_pair *pairs, size_t count);
/* All pairs of hosts and services that the target declares, with what is expected; the caller frees. */
struct verify_pair *verify_pairs(const struct scenario *scenario, size_t *count);

#endif
