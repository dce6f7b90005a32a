/*
 * The schema: what may stand in a file, as const tables. One table is the only truth of the language: it validates
 * (schema_check), prints the JSON Schema and prints the reference page. language.c holds the scenario's tables, parts.c those of
 * roles, images and abilities.
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_SCHEMA_H
#define TORIDE_ORCHESTRATOR_SCENARIO_SCHEMA_H

#include "orchestrator/scenario/node.h"

enum shape { SHAPE_SCALAR, SHAPE_LIST, SHAPE_MAP, SHAPE_RECORD, SHAPE_EITHER, SHAPE_ANY };

enum need { OPTIONAL, REQUIRED, REFUSED }; /* REFUSED: in the language, but not played yet */

struct field {
	const char *key;
	const struct schema *schema;
	enum need need;
	const char *help; /* one line; for REFUSED: what it would be */
};

struct schema {
	enum shape shape;
	const char *name;    /* heading in the reference, $defs in the JSON Schema; NULL: written where it is used */
	const char *expects; /* for messages: "a time such as `90s`"; NULL: made from the shape */
	/* SCALAR: */
	bool (*accepts)(const struct schema *schema, const char *text);
	const char *json_type;	    /* NULL: "string" */
	const char *pattern;	    /* for the JSON Schema; `accepts` decides */
	const char *const *choices; /* NULL-ended */
	int64_t least, most;	  /* SCALAR: the value (in ms, in bytes), or the length of a text; LIST, MAP: number of entries */
	const struct schema *key; /* MAP; NULL: a name */
	const struct schema *item;  /* LIST, MAP */
	const struct field *fields; /* RECORD: ended by a NULL key */
	const char *open;	    /* RECORD: what other keys are ("options of the role"); judged elsewhere. NULL: none may be */
	const struct schema *either[3]; /* EITHER: of different shapes */
};

extern const struct schema schema_scenario; /* an exercise */
extern const struct schema schema_part;	    /* a file that `use` names */
extern const struct schema schema_host;	    /* an entry of `hosts` */
extern const struct schema schema_role, schema_image, schema_ability;

/* Reports whatever does not fit the schema and marks it faulty; what is left is as the tables say. */
void schema_check(const struct schema *schema, struct node *root, struct findings *findings);

/* The table as JSON Schema (draft 2020-12); new reference. */
json_t *schema_to_json(const struct schema *schema, const char *title);
/* The reference page's part for one kind of file. `shown` (an object) remembers which tables were printed already. */
void schema_print_reference(const struct schema *schema, const char *heading, const char *introduction, json_t *shown, FILE *out);
/* Its last part: how values are written. */
void schema_print_types(FILE *out);

/* "; did you mean `x`?" for the nearest of the names, else "; KIND are: a, b, c" ("" when there are none). Caller frees. */
char *schema_suggest(const char *wrong, const char *kinds, const char *const *names, size_t count);

#endif
