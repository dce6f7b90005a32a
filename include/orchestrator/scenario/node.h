/*
 * A YAML file as a tree of nodes with positions. yaml.c is the only caller of libyaml; nothing else knows that the text was YAML.
 *
 * The author's aliases are shared nodes, so the tree may be a graph without cycles; its unfolded size is limited (LIMIT_VALUES).
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_NODE_H
#define TORIDE_ORCHESTRATOR_SCENARIO_NODE_H

#include "common/pool.h"
#include "orchestrator/scenario/findings.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node;

struct entry {
	struct node *key; /* a scalar; NULL in a list */
	struct node *value;
};

struct node {
	enum node_kind kind;
	struct position position;
	bool faulty;	  /* it has been reported: later stages pass over it */
	size_t unfolded;  /* nodes under it and itself, with aliases unfolded */
	const char *text; /* scalar: UTF-8 without control characters but tab and line feed; else empty: a faulty node is safe to
			     read */
	struct entry *entries; /* list, map */
	size_t count;
};

/*
 * Reads the source into a tree that lives in the pool. *values_left goes down by every value (shared by the files of one
 * scenario). Returns NULL after reporting to `findings`: one error, the first that makes the text unreadable; or several doubled
 * keys.
 */
struct node *node_read(const struct source *source, struct pool *pool, struct findings *findings, size_t *values_left);

/* The value of a map's key, whatever it is; NULL when it is not there (or `map` is NULL or no map). */
struct node *node_get(const struct node *map, const char *key);
/* The same; NULL also when it is known to be faulty. */
struct node *node_sound(const struct node *map, const char *key);
/* The text of a sound scalar under `key`, or NULL. */
const char *node_text(const struct node *map, const char *key);

#endif
