/*
 * A pool owns many small things that live and die together (a scenario's model, a file's nodes): nobody frees them one by one.
 * Whatever a pool hands out is valid until pool_destroy().
 */
#ifndef TORIDE_COMMON_POOL_H
#define TORIDE_COMMON_POOL_H

#include <jansson.h>
#include <stddef.h>

struct pool;

struct pool *pool_create(void);
void pool_destroy(struct pool *pool); /* NULL is fine */

void *pool_alloc(struct pool *pool, size_t count, size_t size); /* zeroed; count 0 gives a pointer too */
char *pool_strdup(struct pool *pool, const char *text);		/* NULL gives NULL */
char *pool_strndup(struct pool *pool, const char *text, size_t length);
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *pool_own(struct pool *pool, void *memory);    /* takes over what malloc gave; returns it */
json_t *pool_json(struct pool *pool, json_t *json); /* takes over the reference; returns it; NULL gives NULL */

static inline void cleanup_pool_(struct pool **held)
{
	pool_destroy(*held);
}
#define cleanup_pool __attribute__((cleanup(cleanup_pool_)))

#endif
