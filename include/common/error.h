/*
 * Errors that travel up: one text (two where a person may read it on a page), made where the fault was seen and prefixed at each
 * boundary ("team 3: host 'mail': start: ..."). A text names the thing, what was wrong and the mend.
 *
 * A function that can fail takes `struct error **err` last and returns 0 or -1. `err` may be NULL where the
 * caller does not want the text; otherwise *err must be NULL on entry and is set exactly when -1 is returned.
 * The caller owns it: cleanup_error, or error_move() to hand it on. Only a main() prints one.
 */
#ifndef TORIDE_COMMON_ERROR_H
#define TORIDE_COMMON_ERROR_H

#include <stdint.h>

struct error;

/* Sets *err to the formatted text. Always returns -1, so that `return error_set(err, ...)` reads well. */
int error_set(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As error_set, with ": " and the text of the given errno value after it. */
int error_set_errno(struct error **err, int errnum, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * As error_set, for what a person may read on a page: in Japanese and in English. Both formats take the same arguments: "%1$s"
 * where the order differs, "%.0s" for a word of the other language.
 */
int error_set_texts(struct error **err, const char *ja_format, const char *en_format, ...)
	__attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* Says of the error in *err that the same thing may be tried again in so many milliseconds. Always returns -1. */
int error_retry(struct error **err, int64_t after_ms);

/* Puts the formatted text and ": " before the text already in *err, in either language. Always returns -1. */
int error_prefix(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves an error into the caller's *err (freed when err is NULL). Always returns -1. */
int error_move(struct error **err, struct error *from);

/* The text, in English; "no error" for NULL. Lives as long as the error. */
const char *error_text(const struct error *err);
/* The Japanese text; the English one where there is no other. */
const char *error_text_ja(const struct error *err);
/* From error_retry; 0: nothing is known of a better moment. */
int64_t error_retry_ms(const struct error *err);

void error_free(struct error *err); /* NULL is fine */

/* That these return -1 is said once more where they are called, so that compilers and analysers follow the way of an error. */
#define error_set(...)                                                                                                           \
	__extension__({                                                                                                          \
		error_set(__VA_ARGS__);                                                                                          \
		-1;                                                                                                              \
	})
#define error_set_errno(...)                                                                                                     \
	__extension__({                                                                                                          \
		error_set_errno(__VA_ARGS__);                                                                                    \
		-1;                                                                                                              \
	})
#define error_set_texts(...)                                                                                                     \
	__extension__({                                                                                                          \
		error_set_texts(__VA_ARGS__);                                                                                    \
		-1;                                                                                                              \
	})
#define error_prefix(...)                                                                                                        \
	__extension__({                                                                                                          \
		error_prefix(__VA_ARGS__);                                                                                       \
		-1;                                                                                                              \
	})

#endif
