/*
 * Errors that travel up: one text, made where the fault was seen and prefixed at each boundary
 * ("team 3: host 'mail': start: ..."). A text names the thing, what was wrong and the mend.
 *
 * A function that can fail takes `struct error **err` last and returns 0 or -1. `err` may be NULL where the
 * caller does not want the text; otherwise *err must be NULL on entry and is set exactly when -1 is returned.
 * The caller owns it: cleanup_error, or error_move() to hand it on. Only a main() prints one.
 */
#ifndef TORIDE_COMMON_ERROR_H
#define TORIDE_COMMON_ERROR_H

struct error;

/* Sets *err to the formatted text. Always returns -1, so that `return error_set(err, ...)` reads well. */
int error_set(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As error_set, with ": " and the text of the given errno value after it. */
int error_set_errno(struct error **err, int errnum, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " before the text already in *err. Always returns -1. */
int error_prefix(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Moves an error into the caller's *err (freed when err is NULL). Always returns -1. */
int error_move(struct error **err, struct error *from);

/* The text; "no error" for NULL. Lives as long as the error. */
const char *error_text(const struct error *err);

void error_free(struct error *err); /* NULL is fine */

#endif
