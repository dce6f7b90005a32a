/*
 * The journal: one SQLite file per exercise (WAL), append-only, hash-chained; this is the only caller of SQLite.
 *
 * hash(n) = SHA-256(hash(n-1) as hex text || canonical JSON of event n), lower-case hex; hash(0) = 64 zeros. Canonical JSON is
 * event_to_json() dumped compact with sorted keys. One writer, the orchestrator's main thread; readers open their own handle.
 *
 * A chain proves that nothing inside it was changed; that nothing was cut off its end is proved by its last hash, written down elsewhere.
 */
#ifndef TORIDE_ORCHESTRATOR_JOURNAL_H
#define TORIDE_ORCHESTRATOR_JOURNAL_H

#include <stdio.h>

#include "common/event.h"
#include "orchestrator/journal/chain.h"

enum {
	JOURNAL_EVENT_MAX_BYTES = 4 << 20, /* one event as JSON; a longer one is refused, written or read */
	JOURNAL_EVENTS_MAX = 4000000,	   /* in one file that is loaded whole */
};

struct journal;

/* Opens or makes, for writing; exclusive (a lock file beside it). The chain that is there is verified: a broken one is not continued. */
int journal_create(const char *file, struct journal **journal, struct error **err);
/* For reading, also while the orchestrator writes, also in a folder that cannot be written. */
int journal_open(const char *file, struct journal **journal, struct error **err);
void journal_destroy(struct journal *journal); /* NULL is fine */

/* Appends and commits; sets event->seq. On failure (disk full) nothing is written and the event keeps seq 0. */
int journal_append(struct journal *journal, struct event *event, struct error **err);

/* Calls `visit` for each event with seq > after, in order; stops when it returns non-zero. */
typedef int journal_visit(const struct event *event, void *context);
int journal_read(struct journal *journal, int64_t after, journal_visit *visit, void *context, struct error **err);

/* From the first event on, each one's place in the chain verified before `take` gets it, which then owns it. */
typedef int journal_take(struct event *event, void *context);
int journal_read_verified(struct journal *journal, journal_take *take, void *context, struct error **err);

/* Recomputes the chain. -1 with *err naming the first event that does not fit. */
int journal_verify(struct journal *journal, struct error **err);
/* As journal_verify; *end tells where the chain ends. */
int journal_verify_to(struct journal *journal, struct chain *end, struct error **err);

/* One JSON line per event, with "prev" and "hash". */
int journal_export(struct journal *journal, FILE *out, struct error **err);
/* Only events with seq > *after; *after becomes the last one's seq. */
int journal_export_after(struct journal *journal, int64_t *after, FILE *out, struct error **err);

/*
 * Reads a journal file of either form (the SQLite file, or exported JSON lines), the chain verified on the way. Not for a file that this same
 * process writes: closing it would drop SQLite's locks (POSIX locks belong to the process).
 */
int journal_load(const char *file, struct event ***events, size_t *count, struct error **err);
void journal_events_destroy(struct event **events, size_t count);

#endif
