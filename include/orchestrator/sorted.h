/*
 * Model lists in the order of their names: nothing that we make may depend on the order in which an author wrote a mapping's keys.
 *
 *     cleanup_free const struct host **hosts = sorted_by_name(scenario->hosts, scenario->hosts_count, sizeof *scenario->hosts);
 */
#ifndef TORIDE_ORCHESTRATOR_SORTED_H
#define TORIDE_ORCHESTRATOR_SORTED_H

#include "orchestrator/scenario.h"

/* Pointers to the elements, sorted by their names (byte order). The first member of an element is its name. The caller frees the array. */
void *sorted_by_name(const void *items, size_t count, size_t size);
/* The same for an array of pointers to elements (roles, images). */
void *sorted_pointers_by_name(void *const *items, size_t count);

/* A host's interfaces by network, then address: the first is the guest's eth0. */
const struct nic **sorted_nics(const struct host *host);

#endif
