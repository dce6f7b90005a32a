#include "orchestrator/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/journal/store.h"

struct journal {
	char *file;
	sqlite3 *database;
	int lock;	      /* the writer's; -1: for reading */
	sqlite3_stmt *insert; /* the writer's */
	struct chain chain;   /* the writer's: where the next event goes */
};

CLEANUP_DEFINE(statement, sqlite3_stmt *, sqlite3_finalize(*held));
CLEANUP_DEFINE(journal, struct journal *, journal_destroy(*held));

static struct journal *make(const char *file)
{
	struct journal *journal = xcalloc(1, sizeof *journal);
	journal->file = xstrdup(file);
	journal->lock = -1;
	chain_init(&journal->chain);
	return journal;
}

static int fault(const struct journal *journal, const char *action, struct error **err)
{
	return store_fault(journal->database, journal->file, action, err);
}

int journal_create(const char *file, struct journal **out, struct error **err)
{
	cleanup_with(journal) struct journal *journal = make(file);
	if (store_open_writer(file, &journal->database, &journal->lock, err) < 0 ||
	    journal_verify_to(journal, &journal->chain, err) < 0)
		return -1;
	if (sqlite3_prepare_v3(journal->database, "INSERT INTO events (seq, event, hash) VALUES (?1, ?2, ?3)", -1,
			       SQLITE_PREPARE_PERSISTENT, &journal->insert, NULL) != SQLITE_OK)
		return fault(journal, "prepare", err);
	*out = steal(&journal);
	return 0;
}

int journal_open(const char *file, struct journal **out, struct error **err)
{
	cleanup_with(journal) struct journal *journal = make(file);
	if (store_open_reader(file, &journal->database, err) < 0)
		return -1;
	*out = steal(&journal);
	return 0;
}

void journal_destroy(struct journal *journal)
{
	if (!journal)
		return;
	sqlite3_finalize(journal->insert);
	sqlite3_close(journal->database); /* before the lock goes: the last one to close cleans the log up */
	if (journal->lock >= 0)
		close(journal->lock);
	free(journal->file);
	free(journal);
}

static int insert(struct journal *journal, const struct event *event, const char *text, size_t length, const char *hash)
{
	sqlite3_stmt *statement = journal->insert;
	sqlite3_bind_int64(statement, 1, event->seq);
	sqlite3_bind_text(statement, 2, text, (int)length, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, hash, CHAIN_HASH_LENGTH, SQLITE_STATIC);
	int code = sqlite3_step(statement);
	/* The step outside of a transaction is the commit: it is whole in the log, or not there. */
	return code == SQLITE_DONE ? 0 : -1;
}

int journal_append(struct journal *journal, struct event *event, struct error **err)
{
	event->seq = journal->chain.seq + 1;
	cleanup_json json_t *json = event_to_json(event);
	cleanup_free char *text = chain_text(json);
	const size_t length = strlen(text);
	char hash[CHAIN_HASH_LENGTH + 1];
	int done;
	if (length > JOURNAL_EVENT_MAX_BYTES) {
		done = error_set(err, "journal '%s': an event of %zu bytes is too long (%d are allowed)", journal->file, length,
				 JOURNAL_EVENT_MAX_BYTES);
	} else {
		chain_hash(&journal->chain, text, length, hash);
		done = insert(journal, event, text, length, hash);
		if (done < 0)
			fault(journal, "write", err);
		sqlite3_reset(journal->insert);
		sqlite3_clear_bindings(journal->insert);
	}
	if (done < 0) {
		event->seq = 0;
		return -1;
	}
	journal->chain.seq = event->seq;
	memcpy(journal->chain.hash, hash, sizeof hash);
	return 0;
}

struct row {
	int64_t seq;
	const char *event, *hash; /* zero-ended; until the next step */
	size_t event_length;
};
typedef int row_fn(const struct row *row, void *context, struct error **err); /* 0: go on, 1: enough, -1: *err */

static int each_row(struct journal *journal, int64_t after, row_fn *take, void *context, struct error **err)
{
	cleanup_with(statement) sqlite3_stmt *select = NULL;
	if (sqlite3_prepare_v2(journal->database, "SELECT seq, event, hash FROM events WHERE seq > ?1 ORDER BY seq", -1, &select,
			       NULL) != SQLITE_OK)
		return fault(journal, "read", err);
	sqlite3_bind_int64(select, 1, after);
	int code;
	while ((code = sqlite3_step(select)) == SQLITE_ROW) {
		struct row row = {.seq = sqlite3_column_int64(select, 0),
				  .event = (const char *)sqlite3_column_text(select, 1),
				  .event_length = (size_t)sqlite3_column_bytes(select, 1),
				  .hash = (const char *)sqlite3_column_text(select, 2)};
		if (!row.event || !row.hash)
			return error_set(err, "journal '%s': event %" PRId64 " is empty", journal->file, row.seq);
		int taken = take(&row, context, err);
		if (taken < 0)
			return error_prefix(err, "journal '%s'", journal->file);
		if (taken > 0)
			return 0;
	}
	return code == SQLITE_DONE ? 0 : fault(journal, "read", err);
}

struct visit {
	journal_visit *call;
	void *context;
};

static int visit_row(const struct row *row, void *context, struct error **err)
{
	const struct visit *visit = context;
	cleanup_event struct event *event = NULL;
	json_error_t why;
	cleanup_json json_t *json = json_loadb(row->event, row->event_length, JSON_REJECT_DUPLICATES, &why);
	if (!json)
		return error_set(err, "event %" PRId64 ": is not JSON: %s", row->seq, why.text);
	if (event_from_json(json, &event, err) < 0)
		return error_prefix(err, "event %" PRId64, row->seq);
	return visit->call(event, visit->context) ? 1 : 0;
}

int journal_read(struct journal *journal, int64_t after, journal_visit *visit, void *context, struct error **err)
{
	return each_row(journal, after, visit_row, &(struct visit){visit, context}, err);
}

static int check_seq(const struct row *row, const struct chain *chain, struct error **err)
{
	if (row->seq == chain->seq + 1)
		return 0;
	return error_set(err, "event %" PRId64 " is missing: event %" PRId64 " stands in its place", chain->seq + 1, row->seq);
}

static int verify_row(const struct row *row, void *context, struct error **err)
{
	struct chain *chain = context;
	if (check_seq(row, chain, err) < 0)
		return -1;
	return chain_accept(chain, row->event, row->event_length, row->hash, NULL, err);
}

int journal_verify_to(struct journal *journal, struct chain *end, struct error **err)
{
	struct chain chain;
	chain_init(&chain);
	if (each_row(journal, 0, verify_row, &chain, err) < 0)
		return -1;
	*end = chain;
	return 0;
}

int journal_verify(struct journal *journal, struct error **err)
{
	struct chain end;
	return journal_verify_to(journal, &end, err);
}

struct taking {
	struct chain chain;
	journal_take *take;
	void *context;
};

static int take_row(const struct row *row, void *context, struct error **err)
{
	struct taking *taking = context;
	struct event *event = NULL;
	if (check_seq(row, &taking->chain, err) < 0 ||
	    chain_accept(&taking->chain, row->event, row->event_length, row->hash, &event, err) < 0)
		return -1;
	return taking->take(event, taking->context) ? 1 : 0;
}

int journal_read_verified(struct journal *journal, journal_take *take, void *context, struct error **err)
{
	struct taking taking = {.take = take, .context = context};
	chain_init(&taking.chain);
	return each_row(journal, 0, take_row, &taking, err);
}

struct export
{
	FILE *out;
	int64_t *after;
	char prev[CHAIN_HASH_LENGTH + 1];
};

static int export_row(const struct row *row, void *context, struct error **err)
{
	struct export *export = context;
	if (row->seq > *export->after) {
		cleanup_free char *line = chain_line(export->prev, row->hash, row->event, err);
		if (!line)
			return -1;
		if (fprintf(export->out, "%s\n", line) < 0)
			return error_set_errno(err, errno, "event %" PRId64 ": write", row->seq);
		*export->after = row->seq;
	}
	snprintf(export->prev, sizeof export->prev, "%s", row->hash);
	return 0;
}

/* Begins one event earlier: the first line tells the hash before it. */
int journal_export_after(struct journal *journal, int64_t *after, FILE *out, struct error **err)
{
	struct export export = {.out = out, .after = after};
	struct chain start;
	chain_init(&start);
	memcpy(export.prev, start.hash, sizeof export.prev);
	if (each_row(journal, *after - 1, export_row, &export, err) < 0)
		return -1;
	return fflush(out) == 0 ? 0 : error_set_errno(err, errno, "journal '%s': export", journal->file);
}

int journal_export(struct journal *journal, FILE *out, struct error **err)
{
	int64_t after = 0;
	return journal_export_after(journal, &after, out, err);
}
