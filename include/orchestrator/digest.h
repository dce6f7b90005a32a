/*
 * SHA-256 (FIPS 180-4, libsodium) over a sequence of texts. Each part is closed by a zero byte, so that ("ab", "c") and ("a", "bc")
 * differ.
 */
#ifndef TORIDE_ORCHESTRATOR_DIGEST_H
#define TORIDE_ORCHESTRATOR_DIGEST_H

#include <sodium/crypto_hash_sha256.h>

enum { DIGEST_TEXT_SIZE = 65 }; /* lower-case hex and its end */

struct digest {
	crypto_hash_sha256_state state;
};

void digest_init(struct digest *digest);
void digest_add(struct digest *digest, const char *text); /* NULL counts as a part of its own, unlike any text */
void digest_addf(struct digest *digest, const char *format, ...) __attribute__((format(printf, 2, 3)));
void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE]);

/*
 * What the journal holds of a team's secret, for the score to know it again. A secret has 120 random bits (orchestrator/range.h): nobody finds it by trying,
 * so there is no salt.
 */
void digest_secret(const char *name, const char *secret, char text[DIGEST_TEXT_SIZE]);

#endif
