#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	if (level > threshold)
		return;
	char line[4096]; /* one write: lines of several threads do not mix */
	int length = snprintf(line, sizeof line, "%s: ", names[level]);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n", line);
}
