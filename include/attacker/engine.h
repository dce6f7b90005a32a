/* What the files of the engine share. Nobody outside attacker/ includes this. */
#ifndef TORIDE_ATTACKER_ENGINE_H
#define TORIDE_ATTACKER_ENGINE_H

#include <pthread.h>

#include "attacker/attack.h"
#include "attacker/guard.h"
#include "attacker/protocol.h"

enum {
	BEACON_LIFE_SPARE_S = 12 * 3600, /* beyond the exercise's own duration: breaks and extra time */
	POLLS_AWAITED = 3,		 /* a beacon that has missed so many is cut off */
	PATIENCE_MIN_MS = 6000,		 /* ... but never sooner */
	REQUEST_SPARE_MS = 12000,	 /* one HTTP request of the beacon, at its longest */
	C2_START_MS = 15000,
	TRACE_TRIES = 6,
	TRACE_PAUSE_MS = 700,
	TRACE_LIMIT_MS = 20000, /* for one trace, on a host that hardly answers */
	SHELL_TIMEOUT_MS = 10000,
	DETAIL_MAX = 300, /* characters of a step's detail */
};

struct team_state {
	pthread_mutex_t lock;	      /* held while the team is being prepared */
	char token[TOKEN_LENGTH + 1]; /* empty: not prepared */
	pthread_mutex_t beacon;	      /* held while a task is with one: it takes them one by one, and is silent meanwhile */
};

struct attack {
	struct range *range;
	const struct plan *plan;
	struct egress *egress;
	struct team_state *teams; /* [team - 1] */
};

/* ---- one shell script in a guest, out of band (attacker/shell.c) ---- */
struct shell {
	const char *host;
	const char *script;
	char *const *environment; /* NULL: none */
	const char *user;	  /* NULL: root */
	const char *input;	  /* NULL: empty */
	int64_t timeout_ms;	  /* 0: SHELL_TIMEOUT_MS */
};
int shell_run(const struct attack *attack, int team, const struct shell *shell, struct exec_result *result, struct error **err);
/* The last line that says something, printable, at most DETAIL_MAX characters; NULL: there is none. Caller frees. */
char *last_line(const char *text);

/* ---- the C&C server's folder, out of band (attacker/mailbox.c) ---- */
struct mailbox {
	const struct attack *attack;
	int team;
	const char *host; /* the C&C */
};
int mailbox_forget_beacon(const struct mailbox *mailbox, const char *beacon, struct error **err);
/* 1: it has polled within patience_ms from now on; 0: it has not. */
int mailbox_await_poll(const struct mailbox *mailbox, const char *beacon, int64_t patience_ms, struct error **err);
/* Seconds since the last poll; -1: it never polled; -2: could not look. */
int64_t mailbox_silence_s(const struct mailbox *mailbox, const char *beacon);
int mailbox_stage(const struct mailbox *mailbox, const char *beacon, const char *task, const json_t *json, struct error **err);

enum mailbox_answer { MAILBOX_ANSWERED, MAILBOX_NOT_TAKEN, MAILBOX_NOT_ANSWERED, MAILBOX_BROKEN };
/*
 * Waits until the beacon has taken the task (patience_ms; then it is taken back and can never run), then for its result
 * (answer_ms; then whatever comes is thrown away). MAILBOX_ANSWERED: *result is a new reference; MAILBOX_BROKEN: *err says why.
 */
enum mailbox_answer mailbox_await(const struct mailbox *mailbox, const char *beacon, const char *task, int64_t patience_ms,
				  int64_t answer_ms, json_t **result, struct error **err);
/* Takes away everything kept under the task's id. */
int mailbox_clean(const struct mailbox *mailbox, const char *task, struct error **err);

/* ---- traces (attacker/trace.c) ---- */
/* Looks for each expected trace of a step that was done, for a few seconds. */
void traces_look(const struct attack *attack, int team, const struct step *step, struct step_result *result);

#endif
