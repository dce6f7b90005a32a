/* The hash chain of a journal (see journal.h for the formula). Pure: no file, no database. */
#ifndef TORIDE_ORCHESTRATOR_JOURNAL_CHAIN_H
#define TORIDE_ORCHESTRATOR_JOURNAL_CHAIN_H

#include <stddef.h>

#include "common/event.h"

enum { CHAIN_HASH_LENGTH = 64 };

struct chain { /* where it stands: the last event's seq and hash */
	int64_t seq;
	char hash[CHAIN_HASH_LENGTH + 1];
};

void chain_init(struct chain *chain); /* before the first event */

/* Compact JSON with sorted keys; caller frees. */
char *chain_text(const json_t *json);
/* The hash of the event that follows, given its canonical text. */
void chain_hash(const struct chain *chain, const char *text, size_t length, char hash[CHAIN_HASH_LENGTH + 1]);

/*
 * Takes the next event of a journal. Its text must be an event, follow without a gap, and have this hash; only then the chain
 * moves on. *event (may be NULL) is then the caller's.
 */
int chain_accept(struct chain *chain, const char *text, size_t length, const char *hash, struct event **event,
		 struct error **err);

/* The same for an exported line: a JSON object that also holds "prev" and "hash". */
int chain_accept_line(struct chain *chain, const char *line, size_t length, struct event **event, struct error **err);
/* Makes such a line from an event's canonical text; caller frees. */
char *chain_line(const char *prev, const char *hash, const char *text, struct error **err);

#endif
