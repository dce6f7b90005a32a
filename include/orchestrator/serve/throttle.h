/*
 * Guards log-ins against guessing: per account and address together, per account from everywhere, and per address. The pair has the tightest limit, so
 * that nobody can lock another team out from his own desk. Pure: the caller gives the time.
 */
#ifndef TORIDE_ORCHESTRATOR_SERVE_THROTTLE_H
#define TORIDE_ORCHESTRATOR_SERVE_THROTTLE_H

#include <stdint.h>

enum {
	THROTTLE_WINDOW_MS = 10 * 60 * 1000,
	THROTTLE_PAIR_FREE = 5, /* wrong tries before waiting begins; then 2, 4, 8 ... 60 s */
	THROTTLE_ACCOUNT_FREE = 50,
	THROTTLE_ADDRESS_FREE = 100, /* a class room may share one address */
	THROTTLE_WAIT_MAX_MS = 60 * 1000,
	THROTTLE_ENTRIES_MAX = 4096, /* beyond, the oldest goes */
};

struct throttle;
struct throttle *throttle_create(void);
void throttle_destroy(struct throttle *throttle);

/* How long this try has to wait, in milliseconds; 0: go on. */
int64_t throttle_wait_ms(struct throttle *throttle, const char *exercise, const char *account, const char *address,
			 int64_t now_ms);
void throttle_failed(struct throttle *throttle, const char *exercise, const char *account, const char *address, int64_t now_ms);
void throttle_succeeded(struct throttle *throttle, const char *exercise, const char *account, const char *address);

#endif
