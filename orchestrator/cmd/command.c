#include "orchestrator/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/error.h"

int command_usage(const struct command *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "toride %s: ", command->name);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "; see toride %s --help\n", command->name);
	va_end(arguments);
	return EXIT_USAGE;
}

int command_failed(const struct error *err)
{
	fprintf(stderr, "error: %s\n", error_text(err));
	return EXIT_REFUSED;
}
