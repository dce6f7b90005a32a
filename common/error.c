#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct error {
	char *text, *ja; /* ja: NULL where the text has no Japanese of its own */
	int64_t retry_ms;
};

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	return text;
}

/* Takes over both texts. */
static int error_store(struct error **err, char *text, char *ja)
{
	if (!err) {
		free(text);
		free(ja);
		return -1;
	}
	error_free(*err);
	*err = xcalloc(1, sizeof **err);
	**err = (struct error){.text = text, .ja = ja};
	return -1;
}

int(error_set)(struct error **err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = format_text(format, arguments);
	va_end(arguments);
	return error_store(err, text, NULL);
}

int(error_set_texts)(struct error **err, const char *ja_format, const char *en_format, ...)
{
	va_list arguments, again;
	va_start(arguments, en_format);
	va_copy(again, arguments);
	char *ja = format_text(ja_format, arguments), *text = format_text(en_format, again);
	va_end(again);
	va_end(arguments);
	return error_store(err, text, ja);
}

int error_retry(struct error **err, int64_t after_ms)
{
	if (err && *err)
		(*err)->retry_ms = after_ms;
	return -1;
}

int(error_set_errno)(struct error **err, int errnum, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	cleanup_free char *text = format_text(format, arguments);
	va_end(arguments);
	return error_store(err, xasprintf("%s: %s", text, strerror(errnum)), NULL);
}

int(error_prefix)(struct error **err, const char *format, ...)
{
	if (!err || !*err)
		return -1;
	va_list arguments;
	va_start(arguments, format);
	cleanup_free char *prefix = format_text(format, arguments);
	va_end(arguments);
	struct error *old = *err;
	*err = NULL;
	error_store(err, xasprintf("%s: %s", prefix, old->text), old->ja ? xasprintf("%s: %s", prefix, old->ja) : NULL);
	error_retry(err, old->retry_ms);
	error_free(old);
	return -1;
}

int error_move(struct error **err, struct error *from)
{
	if (err) {
		error_free(*err);
		*err = from;
	} else {
		error_free(from);
	}
	return -1;
}

const char *error_text(const struct error *err)
{
	return err ? err->text : "no error";
}

const char *error_text_ja(const struct error *err)
{
	return err && err->ja ? err->ja : error_text(err);
}

int64_t error_retry_ms(const struct error *err)
{
	return err ? err->retry_ms : 0;
}

void error_free(struct error *err)
{
	if (!err)
		return;
	free(err->text);
	free(err->ja);
	free(err);
}
