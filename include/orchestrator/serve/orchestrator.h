/*
 * The orchestrator: the loop, the workers, the range, the exercises and the two sockets, put together. `toride serve` runs it until it is told to
 * stop; `toride run` runs it around one exercise. Opens no TCP port: that is the scoreboard's.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_ORCHESTRATOR_H
#define TORIDE_ORCHESTRATOR_SERVE_ORCHESTRATOR_H

#include <systemd/sd-event.h>

#include "common/error.h"
#include "common/jobs.h"
#include "orchestrator/range.h"
#include "orchestrator/serve/call.h"
#include "orchestrator/site.h"

enum { ORCHESTRATOR_WORKERS = 64, ORCHESTRATOR_EXERCISES_MAX = 32 };

struct board;
struct control;
struct gate;
struct instance;

struct orchestrator {
	const struct site *site;
	sd_event *loop;
	struct jobs *jobs;
	struct range *range;
	struct control *control;
	struct board *board; /* NULL: without a scoreboard */
	struct gate *gate;
	struct instance *instances[ORCHESTRATOR_EXERCISES_MAX];
	size_t instances_count;
	int captures; /* that run now */
	int lock_fd;
};

struct board_options {
	const char *listen; /* "127.0.0.1:8080"; NULL: no scoreboard */
	const char *tls_certificate, *tls_key;
	const char *user; /* whom the scoreboard runs as */
};

/* Takes the state directory's lock, opens the sockets, starts the scoreboard and waits until it listens, takes up what an earlier run left behind. */
int orchestrator_create(const struct site *site, const struct board_options *board, struct orchestrator **orchestrator,
			struct error **err);
void orchestrator_destroy(struct orchestrator *orchestrator);
const char *orchestrator_url(const struct orchestrator *orchestrator); /* NULL without a scoreboard */

struct instance *orchestrator_instance(const struct orchestrator *orchestrator, const char *name); /* NULL: none */

/* Begins the operation named `op`; its answers come through the call. */
void operation_begin(struct orchestrator *orchestrator, const char *op, struct call *call);

/* The state directory's lock: one orchestrator at a time. The descriptor holds it; -1 with *err naming who has it. */
int state_lock(const struct site *site, struct error **err);

#endif
