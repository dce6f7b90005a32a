/* The SQLite file of a journal: opening, the schema and its migrations, the lock of the one writer, and the words for SQLite's
 * faults. */
#ifndef TORIDE_ORCHESTRATOR_JOURNAL_STORE_H
#define TORIDE_ORCHESTRATOR_JOURNAL_STORE_H

#include <sqlite3.h>

#include "common/error.h"

/* *lock is a descriptor that holds the writer's lock until it is closed. Makes the file when there is none. */
int store_open_writer(const char *file, sqlite3 **database, int *lock, struct error **err);
int store_open_reader(const char *file, sqlite3 **database, struct error **err);

/* Sets *err to what SQLite's last fault on this handle means for a person. Always returns -1. */
int store_fault(sqlite3 *database, const char *file, const char *action, struct error **err);

#endif
