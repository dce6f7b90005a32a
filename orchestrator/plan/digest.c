#include "orchestrator/digest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sodium/utils.h>

#include "common/alloc.h"
#include "common/cleanup.h"

void digest_init(struct digest *digest)
{
	crypto_hash_sha256_init(&digest->state);
}

void digest_add(struct digest *digest, const char *text)
{
	static const unsigned char nothing[] = {0xff, 0}; /* 0xff is in no UTF-8 text */
	if (text)
		crypto_hash_sha256_update(&digest->state, (const unsigned char *)text, strlen(text) + 1);
	else
		crypto_hash_sha256_update(&digest->state, nothing, sizeof nothing);
}

void digest_addf(struct digest *digest, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	digest_add(digest, text);
}

void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_final(&digest->state, hash);
	sodium_bin2hex(text, DIGEST_TEXT_SIZE, hash, sizeof hash);
}

void digest_secret(const char *name, const char *secret, char text[DIGEST_TEXT_SIZE])
{
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, "secret");
	digest_add(&digest, name);
	digest_add(&digest, secret);
	digest_finish(&digest, text);
}
