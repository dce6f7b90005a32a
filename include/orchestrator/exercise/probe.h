/*
 * What the results of a state probe mean: when an objective's state counts, since when it holds, and what the journal is told.
 * Pure.
 *
 * An idle team must not earn what is true anyway: a C&C that is not up yet is unreachable, a file that nobody has made yet is
 * absent. So a probe only counts from the moment it is armed: the opposite has been seen, or the attack that would have brought
 * the opposite is over (done, or stopped by the team: prevention). A state that holds when its probe is armed holds from that
 * moment.
 */
#ifndef TORIDE_ORCHESTRATOR_EXERCISE_PROBE_H
#define TORIDE_ORCHESTRATOR_EXERCISE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* All in exercise time. */
enum {
	PROBE_INTERVAL_MS = 5000,
	PROBE_NEAR_MS = 2000,	 /* while it holds, but not yet for long enough */
	PROBE_CONFIRM_MS = 1000, /* before a silence is believed, and after a probe that could not run */
	PROBE_UNKNOWN_MAX = 3,	 /* as many in a row are written down as "could not be measured" */
};

/* Does the objective's state hold? */
enum probe_seen { PROBE_SEEN_NOTHING = -1, PROBE_SEEN_NO, PROBE_SEEN_YES, PROBE_SEEN_UNKNOWN };

struct probe {
	int64_t holds_ms; /* how long the objective wants it to hold */
	bool armed;	  /* it counts */
	int64_t armed_ms;
	enum probe_seen written; /* last in the journal */
	enum probe_seen guess;	 /* a silence that waits for its confirmation */
	bool held;		 /* for long enough */
	int64_t since_ms;	 /* it holds (or is guessed to) since then */
	int unknown;		 /* in a row */
	int64_t next_ms;	 /* the next look */
};

struct probe_look {
	enum probe_seen seen;
	bool silence;	  /* it rests on an answer that did not come: a busy host looks the same, so it is looked at twice */
	int64_t begun_ms; /* what was seen was so from here on: a silence takes its time to be one */
	int64_t ended_ms;
};

struct probe_note { /* what to write */
	bool write;
	enum probe_seen holds;
	int64_t held_ms; /* PROBE_SEEN_YES */
};

void probe_init(struct probe *probe, int64_t holds_ms, int64_t first_ms);
/* Takes a result; sets next_ms. */
struct probe_note probe_result(struct probe *probe, const struct probe_look *look);
/* The attack that concerns it is over. */
void probe_arm(struct probe *probe, int64_t now_ms);
/* From the journal: what was written at that time. */
void probe_replay(struct probe *probe, enum probe_seen seen, int64_t held_ms, int64_t at_ms);

#endif
