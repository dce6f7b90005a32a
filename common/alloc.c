#include "common/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
	if (!memory) {
		fputs("error: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc_array(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length));
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return checked(text);
}

void *array_add_(void *items, size_t *count, size_t size)
{
	void **array = items;
	if ((*count & (*count - 1)) == 0) /* full at each power of two */
		*array = xrealloc_array(*array, *count ? *count * 2 : 1, size);
	char *added = (char *)*array + *count * size;
	memset(added, 0, size);
	(*count)++;
	return added;
}
