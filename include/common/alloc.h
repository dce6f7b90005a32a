/* Allocation that cannot fail: out of memory aborts here, in one place (house rule: only bugs and this abort). */
#ifndef TORIDE_COMMON_ALLOC_H
#define TORIDE_COMMON_ALLOC_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xrealloc_array(void *old, size_t count, size_t size);
char *xstrdup(const char *text); /* NULL gives NULL */
char *xstrndup(const char *text, size_t length);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Grows a growing array by one zeroed element and returns that element's address:
 *     struct host *host = array_add(&hosts, &hosts_count);
 * Amortised: capacity is the next power of two of the count.
 */
#define array_add(items, count) ((__typeof__(*(items)))array_add_(items, count, sizeof **(items)))
void *array_add_(void *items, size_t *count, size_t size);

#endif
