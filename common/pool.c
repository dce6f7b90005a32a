#include "common/pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

/* Each thing is an allocation of its own, so that the address sanitizer sees a step over its edge. */
struct pool {
	void **memory;
	size_t memory_count;
	json_t **json;
	size_t json_count;
};

struct pool *pool_create(void)
{
	return xcalloc(1, sizeof(struct pool));
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->memory_count; i++)
		free(pool->memory[i]);
	for (size_t i = 0; i < pool->json_count; i++)
		json_decref(pool->json[i]);
	free(pool->memory);
	free(pool->json);
	free(pool);
}

void *pool_own(struct pool *pool, void *memory)
{
	if (memory)
		*array_add(&pool->memory, &pool->memory_count) = memory;
	return memory;
}

void *pool_alloc(struct pool *pool, size_t count, size_t size)
{
	return pool_own(pool, xcalloc(count, size));
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_own(pool, xstrdup(text));
}

char *pool_strndup(struct pool *pool, const char *text, size_t length)
{
	return pool_own(pool, xstrndup(text, length));
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return pool_own(pool, text);
}

json_t *pool_json(struct pool *pool, json_t *json)
{
	if (json)
		*array_add(&pool->json, &pool->json_count) = json;
	return json;
}
