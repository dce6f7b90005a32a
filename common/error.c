#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct error {
	char *text;
};

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	return text;
}

static int error_store(struct error **err, char *text)
{
	cleanup_free char *owned = text;
	if (!err)
		return -1;
	error_free(*err);
	*err = xcalloc(1, sizeof **err);
	(*err)->text = steal(&owned);
	return -1;
}

int error_set(struct error **err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = format_text(format, arguments);
	va_end(arguments);
	return error_store(err, text);
}

int error_set_errno(struct error **err, int errnum, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	cleanup_free char *text = format_text(format, arguments);
	va_end(arguments);
	return error_store(err, xasprintf("%s: %s", text, strerror(errnum)));
}

int error_prefix(struct error **err, const char *format, ...)
{
	if (!err || !*err)
		return -1;
	va_list arguments;
	va_start(arguments, format);
	cleanup_free char *text = format_text(format, arguments);
	va_end(arguments);
	return error_store(err, xasprintf("%s: %s", text, (*err)->text));
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

void error_free(struct error *err)
{
	if (!err)
		return;
	free(err->text);
	free(err);
}
