#include "orchestrator/journal/chain.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

void chain_init(struct chain *chain)
{
	chain->seq = 0;
	memset(chain->hash, '0', CHAIN_HASH_LENGTH);
	chain->hash[CHAIN_HASH_LENGTH] = '\0';
}

char *chain_text(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text) /* only memory can be short: what is dumped here was made or parsed by jansson */
		abort();
	return text;
}

void chain_hash(const struct chain *chain, const char *text, size_t length, char hash[CHAIN_HASH_LENGTH + 1])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)chain->hash, CHAIN_HASH_LENGTH);
	crypto_hash_sha256_update(&state, (const unsigned char *)text, length);
	crypto_hash_sha256_final(&state, digest);
	sodium_bin2hex(hash, CHAIN_HASH_LENGTH + 1, digest, sizeof digest);
}

static json_t *parse(const char *text, size_t length, int64_t seq, struct error **err)
{
	json_error_t fault;
	json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &fault);
	if (!json)
		error_set(err, "event %" PRId64 ": is not JSON: %s", seq, fault.text);
	return json;
}

/* The part that both forms share: `text` is the canonical text of `json`; `prev` is NULL where the form has none. */
static int accept_event(struct chain *chain, const json_t *json, const char *text, size_t length, const char *prev,
			const char *hash, struct event **out, struct error **err)
{
	const int64_t expected = chain->seq + 1;
	cleanup_event struct event *event = NULL;
	if (event_from_json(json, &event, err) < 0)
		return error_prefix(err, "event %" PRId64, expected);
	if (event->seq != expected)
		return error_set(err, "event %" PRId64 " is missing: event %" PRId64 " stands in its place", expected,
				 event->seq);
	if (prev && strcmp(prev, chain->hash) != 0)
		return error_set(err, "event %" PRId64 ": does not follow the event before it (\"prev\" is another hash)",
				 expected);
	char found[CHAIN_HASH_LENGTH + 1];
	chain_hash(chain, text, length, found);
	if (!hash || strcmp(found, hash) != 0)
		return error_set(err, "event %" PRId64 ": the hash does not fit: this event, or the hash before it, was changed",
				 expected);
	chain->seq = expected;
	memcpy(chain->hash, found, sizeof found);
	if (out)
		*out = steal(&event);
	return 0;
}

int chain_accept(struct chain *chain, const char *text, size_t length, const char *hash, struct event **event, struct error **err)
{
	cleanup_json json_t *json = parse(text, length, chain->seq + 1, err);
	return json ? accept_event(chain, json, text, length, NULL, hash, event, err) : -1;
}

int chain_accept_line(struct chain *chain, const char *line, size_t length, struct event **event, struct error **err)
{
	const int64_t expected = chain->seq + 1;
	cleanup_json json_t *json = parse(line, length, expected, err);
	if (!json)
		return -1;
	const char *prev = json_string_value(json_object_get(json, "prev"));
	const char *hash = json_string_value(json_object_get(json, "hash"));
	if (!prev || !hash)
		return error_set(err, "event %" PRId64 ": has no \"prev\" and \"hash\": not a line of an exported journal",
				 expected);
	cleanup_free char *kept_prev = xstrdup(prev), *kept_hash = xstrdup(hash);
	json_object_del(json, "prev");
	json_object_del(json, "hash");
	cleanup_free char *text = chain_text(json);
	return accept_event(chain, json, text, strlen(text), kept_prev, kept_hash, event, err);
}

char *chain_line(const char *prev, const char *hash, const char *text, struct error **err)
{
	json_error_t fault;
	cleanup_json json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	if (json_object_set_new(json, "prev", json_string(prev)) == 0 &&
	    json_object_set_new(json, "hash", json_string(hash)) == 0)
		return chain_text(json);
	error_set(err, "an event is not a JSON object, or its hash is not a text; `toride journal --verify` names it");
	return NULL;
}
