#include "orchestrator/serve/throttle.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct tries {
	char *key;
	int failures;
	bool known;	 /* a pair that has come in before */
	int64_t last_ms; /* of the last failure */
};

struct throttle {
	struct tries items[THROTTLE_ENTRIES_MAX];
	size_t count;
};

enum { KEYS = 3 };
static const int free_tries[KEYS] = {THROTTLE_PAIR_FREE, THROTTLE_ACCOUNT_FREE, THROTTLE_ADDRESS_FREE};

struct throttle *throttle_create(void)
{
	return xcalloc(1, sizeof(struct throttle));
}

void throttle_destroy(struct throttle *throttle)
{
	if (!throttle)
		return;
	for (size_t i = 0; i < throttle->count; i++)
		free(throttle->items[i].key);
	free(throttle);
}

/* One character in front tells the three kinds of key apart, whatever the names hold. */
static char *make_key(int kind, const char *exercise, const char *account, const char *address)
{
	switch (kind) {
	case 0:
		return xasprintf("p%s\n%s\n%s", exercise, account, address);
	case 1:
		return xasprintf("a%s\n%s", exercise, account);
	default:
		return xasprintf("h%s", address);
	}
}

static struct tries *find(struct throttle *throttle, const char *key)
{
	for (size_t i = 0; i < throttle->count; i++)
		if (strcmp(throttle->items[i].key, key) == 0)
			return &throttle->items[i];
	return NULL;
}

static void forget(struct throttle *throttle, struct tries *tries)
{
	free(tries->key);
	*tries = throttle->items[--throttle->count];
}

/* Nobody makes a known pair with wrong tries, so nobody can push one out with them. */
static bool goes_before(const struct tries *left, const struct tries *right)
{
	return left->known == right->known ? left->last_ms < right->last_ms : right->known;
}

static struct tries *add(struct throttle *throttle, const char *key)
{
	if (throttle->count == THROTTLE_ENTRIES_MAX) {
		struct tries *oldest = &throttle->items[0];
		for (size_t i = 1; i < throttle->count; i++)
			if (goes_before(&throttle->items[i], oldest))
				oldest = &throttle->items[i];
		forget(throttle, oldest);
	}
	struct tries *tries = &throttle->items[throttle->count++];
	*tries = (struct tries){.key = xstrdup(key)};
	return tries;
}

/* After the free tries: 2 s, 4 s, 8 s ... since the last wrong one. */
static int64_t wait_of(const struct tries *tries, int free_count, int64_t now_ms)
{
	if (now_ms - tries->last_ms > THROTTLE_WINDOW_MS || tries->failures < free_count)
		return 0;
	int doublings = tries->failures - free_count + 1;
	int64_t wait = doublings > 5 ? THROTTLE_WAIT_MAX_MS : (int64_t)1000 << doublings;
	int64_t left = tries->last_ms + wait - now_ms;
	return left > 0 ? left : 0;
}

int64_t throttle_wait_ms(struct throttle *throttle, const char *exercise, const char *account, const char *address,
			 int64_t now_ms)
{
	int64_t longest = 0;
	for (int kind = 0; kind < KEYS; kind++) {
		cleanup_free char *key = make_key(kind, exercise, account, address);
		const struct tries *tries = find(throttle, key);
		/* From where somebody has come in before he comes in again, whatever others do to his account elsewhere. */
		if (kind == 0 && tries && tries->known)
			return wait_of(tries, free_tries[kind], now_ms);
		int64_t wait = tries ? wait_of(tries, free_tries[kind], now_ms) : 0;
		longest = wait > longest ? wait : longest;
	}
	return longest;
}

void throttle_failed(struct throttle *throttle, const char *exercise, const char *account, const char *address, int64_t now_ms)
{
	for (int kind = 0; kind < KEYS; kind++) {
		cleanup_free char *key = make_key(kind, exercise, account, address);
		struct tries *tries = find(throttle, key);
		if (!tries)
			tries = add(throttle, key);
		if (now_ms - tries->last_ms > THROTTLE_WINDOW_MS)
			tries->failures = 0;
		tries->failures++;
		tries->last_ms = now_ms;
	}
}

/* Only the pair is forgiven: otherwise guessing against others could hide between log-ins of one's own. */
void throttle_succeeded(struct throttle *throttle, const char *exercise, const char *account, const char *address)
{
	cleanup_free char *key = make_key(0, exercise, account, address);
	struct tries *tries = find(throttle, key);
	if (!tries)
		tries = add(throttle, key);
	tries->failures = 0;
	tries->known = true;
}
