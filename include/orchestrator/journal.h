/*
 * The journal: one SQLite file per exercise (WAL), append-only, hash-chained; this is the only caller of SQLite.
 *
 * hash(n) = SHA-256(hash(n-1) as hex text || canonical JSON of event n), lower-case hex; hash(0) = 64 zeros. Canonical JSON is
 * event_to_json() dumped compact with sorted keys. One writer, the orchestrator's main thread; readers open their own handle.
 */
#ifndef TORIDE_ORCHESTRATOR_JOURNAL_H
#define TORIDE_ORCHESTRATOR_JOURNAL_H

#include <stdio.h>

#include "common/event.h"

struct journal;

int journal_create(const char *file, struct journal **journal, struct error **err); /* opens or makes, for writing; exclusive */
int journal_open(const char *file, struct journal **journal, struct error **err);   /* for reading */
void journal_destroy(struct journal *journal);

/* Appends and commits; sets event->seq. On failure (disk full) nothing is written and the event keeps seq 0. */
int journal_append(struct journal *journal, struct event *event, struct error **err);

/* Calls `visit` for each event with seq > after, in order; stops when it returns non-zero. */
typedef int journal_visit(const struct event *event, void *context);
int journal_read(struct journal *journal, int64_t after, journal_visit *visit, void *context, struct error **err);

/* Recomputes the chain. -1 with *err naming the first event that does not fit. */
int journal_verify(struct journal *journal, struct error **err);

/* One JSON line per event, with "prev" and "hash". */
int journal_export(struct journal *journal, FILE *out, struct error **err);

/* Reads a journal file of either form (the SQLite file, or exported JSON lines), the chain verified on the way. */
int journal_load(const char *file, struct event ***events, size_t *count, struct error **err);

#endif
