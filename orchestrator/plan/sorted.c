#include "orchestrator/sorted.h"

#include <string.h>

#include "common/alloc.h"

static int compare_names(const void *left, const void *right)
{
	const char *const *const *a = left, *const *const *b = right; /* an element's first member is its name */
	return strcmp(**a, **b);
}

void *sorted_by_name(const void *items, size_t count, size_t size)
{
	const void **sorted = xcalloc(count + 1, sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (const char *)items + i * size;
	qsort(sorted, count, sizeof *sorted, compare_names);
	return sorted;
}

void *sorted_pointers_by_name(void *const *items, size_t count)
{
	const void **sorted = xcalloc(count + 1, sizeof *sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = items[i];
	qsort(sorted, count, sizeof *sorted, compare_names);
	return sorted;
}

static int compare_nics(const void *left, const void *right)
{
	const struct nic *const *a = left, *const *b = right;
	int order = strcmp((*a)->network->name, (*b)->network->name);
	return order ? order : ((*a)->address > (*b)->address) - ((*a)->address < (*b)->address);
}

const struct nic **sorted_nics(const struct host *host)
{
	const struct nic **sorted = xcalloc(host->nics_count + 1, sizeof *sorted);
	for (size_t i = 0; i < host->nics_count; i++)
		sorted[i] = &host->nics[i];
	qsort(sorted, host->nics_count, sizeof *sorted, compare_nics);
	return sorted;
}
