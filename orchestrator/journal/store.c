#include "orchestrator/journal/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/journal.h"

enum {
	APPLICATION_ID = 0x54724a6e, /* "TrJn": file(1) and we tell a journal from any other SQLite file */
	BUSY_TIMEOUT_MS = 5000,	     /* a reader that recovers the log after a crash holds the writer up for a moment */
	SCHEMA_LENGTH_MAX = JOURNAL_EVENT_MAX_BYTES + 4096,
};

/*
 * migrations[n] takes a file from user_version n to n + 1. Old ones are never edited.
 *
 * An event is kept as its canonical text: the bytes that are stored are the bytes that are hashed. The insert trigger also stops
 * REPLACE, which deletes without firing delete triggers.
 */
static const char *const migrations[] = {
	"CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT NOT NULL, hash TEXT NOT NULL);"
	"CREATE TRIGGER events_in_order BEFORE INSERT ON events WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM "
	"events)"
	" BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an event has the next number'); END;"
	"CREATE TRIGGER events_not_changed BEFORE UPDATE ON events"
	" BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an event cannot be changed'); END;"
	"CREATE TRIGGER events_not_deleted BEFORE DELETE ON events"
	" BEGIN SELECT RAISE(ABORT, 'the journal is append-only: an event cannot be deleted'); END;",
};
enum { VERSION = sizeof migrations / sizeof *migrations };

struct fault {
	int code; /* primary result code */
	const char *text;
};

static const struct fault faults[] = {
	{SQLITE_FULL, "the disk is full; free some space, and it goes on"},
	{SQLITE_IOERR, "input/output error; look at the disk and at the kernel's log"},
	{SQLITE_CANTOPEN, "cannot open it; look at the path and at its permissions"},
	{SQLITE_PERM, "no permission"},
	{SQLITE_READONLY, "it is read-only; look at the permissions of the file and of its folder"},
	{SQLITE_BUSY, "another process holds it"},
	{SQLITE_NOTADB, "it is not a journal"},
	{SQLITE_CORRUPT, "the file is damaged; take a copy from before"},
	{SQLITE_TOOBIG, "an event in it is too long"},
};

int store_fault(sqlite3 *database, const char *file, const char *action, struct error **err)
{
	const int code = database ? sqlite3_errcode(database) & 0xff : SQLITE_NOMEM;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		if (faults[i].code == code)
			return error_set(err, "journal '%s': %s: %s", file, action, faults[i].text);
	return error_set(err, "journal '%s': %s: %s", file, action, database ? sqlite3_errmsg(database) : "out of memory");
}

static void close_database(sqlite3 **held)
{
	sqlite3_close(*held);
}

/* What is opened may be anybody's file: no function of a hostile schema runs, nothing in it is longer than an event may be. */
static int open_database(const char *name, int flags, sqlite3 **database)
{
	int code = sqlite3_open_v2(name, database, flags | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (code != SQLITE_OK)
		return code;
	sqlite3_busy_timeout(*database, BUSY_TIMEOUT_MS);
	sqlite3_db_config(*database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(*database, SQLITE_LIMIT_LENGTH, SCHEMA_LENGTH_MAX);
	return SQLITE_OK;
}

static int run(sqlite3 *database, const char *sql)
{
	return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int read_number(sqlite3 *database, const char *sql, int *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
	if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
		*number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : -1;
}

/* *version: 0 for an empty file, which is a journal to be. */
static int check_kind(sqlite3 *database, const char *file, int *version, struct error **err)
{
	int id = 0, tables = 0;
	if (read_number(database, "PRAGMA application_id", &id) < 0 ||
	    read_number(database, "PRAGMA user_version", version) < 0 ||
	    read_number(database, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", &tables) < 0)
		return store_fault(database, file, "read", err);
	if (tables > 0 && id != APPLICATION_ID)
		return error_set(err, "journal '%s': it is another program's SQLite file, not a journal", file);
	if (*version > VERSION)
		return error_set(err, "journal '%s': written by a newer toride (format %d, this one knows %d); update toride",
				 file, *version, (int)VERSION);
	return 0;
}

static int migrate(sqlite3 *database, const char *file, int version, struct error **err)
{
	if (version == VERSION)
		return 0;
	if (run(database, "BEGIN IMMEDIATE") < 0)
		return store_fault(database, file, "prepare", err);
	int done = 0;
	for (int at = version; at < VERSION && done == 0; at++)
		done = run(database, migrations[at]);
	cleanup_free char *marks =
		xasprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION_ID, (int)VERSION);
	if (done == 0 && run(database, marks) == 0)
		return 0;
	store_fault(database, file, "prepare", err);
	run(database, "ROLLBACK");
	return -1;
}

/*
 * synchronous = FULL: the person who sent a report was told that it is in; a power cut must not take that back, and an exported
 * chain's end must not be written a second time with other events. An append then costs one fsync (0.1 to 5 ms), and an exercise
 * has a few a second.
 */
static const char writer_settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608";

/* A lock file of its own: closing any descriptor of the SQLite file itself would drop SQLite's locks. */
static int take_lock(const char *file, int *lock, struct error **err)
{
	cleanup_free char *name = xasprintf("%s.lock", file);
	cleanup_close int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "journal '%s': make the lock file '%s'", file, name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(err, "journal '%s': another toride writes it; stop that one first", file);
	*lock = steal_fd(&fd);
	return 0;
}

int store_open_writer(const char *file, sqlite3 **out, int *out_lock, struct error **err)
{
	cleanup_close int lock = -1;
	__attribute__((cleanup(close_database))) sqlite3 *database = NULL;
	int version = 0;
	if (take_lock(file, &lock, err) < 0)
		return -1;
	mode_t before = umask(0077); /* SQLite gives -wal and -shm the mode of the file itself */
	int code = open_database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &database);
	umask(before);
	if (code != SQLITE_OK)
		return store_fault(database, file, "open", err);
	if (check_kind(database, file, &version, err) < 0)
		return -1;
	if (run(database, writer_settings) < 0)
		return store_fault(database, file, "prepare", err);
	if (migrate(database, file, version, err) < 0)
		return -1;
	*out = steal(&database);
	*out_lock = steal_fd(&lock);
	return 0;
}

/* file: URI, with every byte that means something there written as %XX. */
static char *immutable_uri(const char *file)
{
	char *uri = xcalloc(strlen(file) * 3 + sizeof "file:?immutable=1", 1);
	char *end = stpcpy(uri, "file:");
	for (const unsigned char *at = (const unsigned char *)file; *at; at++)
		end += *at == '%' || *at == '?' || *at == '#' ? sprintf(end, "%%%02X", *at) : sprintf(end, "%c", *at);
	strcpy(end, "?immutable=1");
	return uri;
}

/* Without a log beside it the file is whole, and nobody writes it. */
static bool has_log(const char *file)
{
	cleanup_free char *name = xasprintf("%s-wal", file);
	struct stat found;
	return stat(name, &found) == 0 && found.st_size > 0;
}

int store_open_reader(const char *file, sqlite3 **out, struct error **err)
{
	struct stat found;
	int version = 0;
	if (stat(file, &found) < 0)
		return error_set_errno(err, errno, "journal '%s'", file);
	if (!S_ISREG(found.st_mode))
		return error_set(err, "journal '%s': it is not a file", file);
	__attribute__((cleanup(close_database))) sqlite3 *database = NULL;
	int code = open_database(file, SQLITE_OPEN_READONLY, &database);
	/* A reader of a WAL file shares an index file with the writer; in a folder that cannot be written it could not make one.
	 */
	if (code == SQLITE_OK && read_number(database, "PRAGMA user_version", &version) < 0 && !has_log(file)) {
		sqlite3_close(steal(&database));
		cleanup_free char *uri = immutable_uri(file);
		code = open_database(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &database);
	}
	if (code != SQLITE_OK)
		return store_fault(database, file, "open", err);
	if (check_kind(database, file, &version, err) < 0)
		return -1;
	if (version == 0)
		return error_set(err, "journal '%s': it is empty", file);
	*out = steal(&database);
	return 0;
}
