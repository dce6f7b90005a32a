/* A whole journal in memory, from the SQLite file or from exported JSON lines; the chain is verified on the way. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/journal.h"

struct loading {
	struct chain chain;
	struct event **events;
	size_t count;
};

void journal_events_destroy(struct event **events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		event_destroy(events[i]);
	free(events);
}

static void cleanup_loading(struct loading *loading)
{
	journal_events_destroy(loading->events, loading->count);
}

/* One line without its end, at most JOURNAL_EVENT_MAX_BYTES and the chain's two keys. 1: a line, 0: no more, -1: too long or
 * unreadable. */
static int read_line(FILE *in, char **line, size_t *size, size_t *length)
{
	int byte;
	*length = 0;
	while ((byte = getc_unlocked(in)) != EOF && byte != '\n') {
		if (*length > (size_t)JOURNAL_EVENT_MAX_BYTES + 256) {
			errno = EFBIG;
			return -1;
		}
		if (*length == *size) {
			*size = *size ? *size * 2 : 4096;
			*line = xrealloc_array(*line, *size, 1);
		}
		(*line)[(*length)++] = (char)byte;
	}
	if (ferror(in))
		return -1;
	return byte == '\n' || *length > 0 ? 1 : 0;
}

static int load_lines(FILE *in, struct loading *loading, struct error **err)
{
	cleanup_free char *line = NULL;
	size_t size = 0, length = 0;
	int got;
	while ((got = read_line(in, &line, &size, &length)) > 0) {
		if (loading->count >= JOURNAL_EVENTS_MAX)
			return error_set(err, "it has more than %d events", JOURNAL_EVENTS_MAX);
		struct event *event = NULL;
		if (chain_accept_line(&loading->chain, line, length, &event, err) < 0)
			return -1;
		*array_add(&loading->events, &loading->count) = event;
	}
	return got < 0 ? error_set_errno(err, errno, "line %" PRId64, loading->chain.seq + 1) : 0;
}

static int keep_event(struct event *event, void *context)
{
	struct loading *loading = context;
	if (loading->count >= JOURNAL_EVENTS_MAX) {
		event_destroy(event);
		return -1;
	}
	*array_add(&loading->events, &loading->count) = event;
	return 0;
}

static void cleanup_journal_(struct journal **held)
{
	journal_destroy(*held);
}

static int load_database(const char *file, struct loading *loading, struct error **err)
{
	cleanup_with(journal) struct journal *journal = NULL;
	if (journal_open(file, &journal, err) < 0 || journal_read_verified(journal, keep_event, loading, err) < 0)
		return -1;
	return loading->count < JOURNAL_EVENTS_MAX
		       ? 0
		       : error_set(err, "journal '%s': it has more than %d events", file, JOURNAL_EVENTS_MAX);
}

int journal_load(const char *file, struct event ***events, size_t *count, struct error **err)
{
	__attribute__((cleanup(cleanup_loading))) struct loading loading = {0};
	chain_init(&loading.chain);
	cleanup_file FILE *in = fopen(file, "re");
	if (!in)
		return error_set_errno(err, errno, "journal '%s'", file);
	const int first = getc(in); /* '{' of a line, 'S' of "SQLite format 3": a pipe can be read, too */
	if (first == 'S') {
		fclose(steal(&in));
		if (load_database(file, &loading, err) < 0)
			return -1;
	} else if (first != '{') {
		return error_set(err, "journal '%s': it is %s; give a journal.db or lines of `toride journal`", file,
				 first == EOF ? "empty, or cannot be read" : "neither SQLite nor JSON lines");
	} else {
		ungetc(first, in);
		if (load_lines(in, &loading, err) < 0)
			return error_prefix(err, "journal '%s'", file);
	}
	*count = loading.count;
	*events = steal(&loading.events);
	loading.count = 0;
	return 0;
}
