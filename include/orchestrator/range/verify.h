/*
 * What verify measures in a range that stands: who reaches whom, and that nothing leads out. All of it is done by the orchestrator's
 * own code on sockets in the guests' networks and the host's: nothing runs in a guest, and nothing is taken from a guest's files or words.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_VERIFY_H
#define TORIDE_ORCHESTRATOR_RANGE_VERIFY_H

#include "orchestrator/range.h"

/* ---- who reaches whom ---- */

enum reach_found {
	FOUND_UNKNOWN,	/* one of the two is not running */
	FOUND_ANSWERS,	/* TCP: somebody listens; UDP: it arrived where somebody listens; DNS: an answer came back */
	FOUND_REFUSED,	/* it arrived, and nobody listens */
	FOUND_SILENT,	/* it arrived, and no answer came back */
	FOUND_LOST,	/* it never arrived */
	FOUND_REJECTED, /* somebody (`by`) sent it back */
	FOUND_NO_ROUTE, /* the source knows no way */
};
extern const char *const reach_found_names[]; /* "unknown", "answers", … */

struct reach_probe {
	const struct host *from, *to; /* of the plan's scenario; not the same */
	uint32_t address;	      /* of `to`; host byte order */
	int port;
	bool udp;
	bool wanted; /* an answer is expected: waited for longer, and asked for again */
	/* measured */
	enum reach_found found;
	uint32_t by;
	int64_t after_ms; /* from the beginning to the answer */
};

enum { REACH_PATIENCE_MS = 2500, REACH_PATIENCE_START_MS = 60000 };

/*
 * Measures all pairs of a team at once: one SYN or datagram for each (include/orchestrator/range/packet.h). What stays silent costs about
 * a second; a wanted answer is waited for up to `patience_ms`. Ends soon after *cancel becomes true.
 * runs[i]: the i-th host of the scenario does. -1: it could not be measured at all.
 */
int range_reach(struct range *range, const struct plan *plan, int team, struct reach_probe *probes, size_t count,
		int64_t patience_ms, const volatile bool *cancel, bool *runs, struct error **err);

/* ---- nothing leads out ---- */

enum { ISOLATION_FINDINGS_MAX = 100 };

struct isolation_finding {
	int team;	  /* 0: of the host */
	const char *host; /* or NULL; of the plan */
	char *text;
};

struct isolation {
	struct isolation_finding *findings; /* none: it holds. At most ISOLATION_FINDINGS_MAX; `more` counts the rest */
	size_t findings_count, more;
	size_t guests;	/* from which it was tried */
	size_t frames;	/* sent */
	size_t silent;	/* interfaces that are down, or whose guest lets nothing out: nothing could be sent from them */
	size_t missing; /* guests that do not run */
};

/*
 * Tries to get from every guest of the team (0: of every team) to the host, to other teams and beyond, and looks on every interface of
 * the host, and in every guest of the other teams, for what arrives or answers; takes range_sealed() along. Sends nothing that a router could
 * carry on: to the host's own addresses and the range's, from link-local addresses, with a time to live of one.
 * 0 with *isolation filled, whatever was found; -1: it could not be looked at.
 */
int range_isolation(struct range *range, const struct plan *plan, int team, struct isolation *isolation, struct error **err);
void isolation_finish(struct isolation *isolation);

#endif
