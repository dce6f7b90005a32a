/*
 * One loading of a scenario: what the stages of the loader share. In order: files.c reads and merges, then head.c, lan.c (with
 * people.c, leases.c, firewalls.c), attack.c, goals.c (with states.c) and solution.c turn nodes into the model, and oddities.c warns of what is legal but odd. Each stage passes
 * over nodes that are known to be faulty, so that one run reports everything and nothing twice.
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_LOADING_H
#define TORIDE_ORCHESTRATOR_SCENARIO_LOADING_H

#include <sodium.h>

#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/schema.h"
#include "orchestrator/scenario/value.h"

/* The maps that `use` merges, by entry. */
enum section_kind { SECTION_NETWORKS, SECTION_HOSTS, SECTION_FIREWALLS, SECTION_PEOPLE, SECTION_DESK, SECTION_COUNT };

struct section {
	struct entry *entries; /* sorted by name: the model does not depend on the order of keys */
	size_t count;
	json_t *numbers; /* name -> index, while merging */
};

/* Names that a scenario may refer to. INDEX_EVENT: whatever a moment may count from. */
enum index_kind {
	INDEX_NETWORK,
	INDEX_HOST,
	INDEX_PERSON,
	INDEX_CONTACT,
	INDEX_STEP,
	INDEX_INJECT,
	INDEX_OBJECTIVE,
	INDEX_DUTY,
	INDEX_EVENT,
	INDEX_COUNT
};

struct index {
	json_t *numbers;   /* name -> number in the scenario's array */
	json_t *mentioned; /* name -> true: something refers to it */
	const char **names;
	size_t count;
};

/* The lists of the scenario's own file: the entries that are maps, in order; the model's arrays have the same numbers. */
enum list_kind { LIST_STEPS, LIST_INJECTS, LIST_OBJECTIVES, LIST_DUTIES, LIST_SOLUTION, LIST_COUNT };

struct records {
	struct node **nodes;
	size_t count;
};

struct loading {
	struct scenario *scenario; /* being made */
	struct pool *pool;	   /* the scenario's own */
	struct pool *scratch;	   /* sources, nodes: gone when the loading is over */
	struct findings *findings;
	const char *data_dir;
	const json_t *again;	      /* the sources to read instead of the disk; NULL: the disk */
	char *roles_dir, *images_dir; /* beside the folder of the scenario's file: looked in first */
	size_t values_left;
	bool complete; /* every file could be read: references can be judged */
	crypto_hash_sha256_state hash;
	struct file *files;
	size_t files_count;
	struct node *root;
	struct section sections[SECTION_COUNT];
	struct records lists[LIST_COUNT];
	struct index indexes[INDEX_COUNT];
	bool languages_promised; /* `languages` is written */
};

/* ---- files.c ---- */

/* Reads the scenario (from `text` when it is not NULL) and all that it uses; fills root and sections. -1: the scenario's own file
 * cannot be read. */
int loading_read(struct loading *loading, const char *file, const char *text, size_t length, struct error **err);

/* Is the position in the scenario or in a file that it uses (not in a role, ...)? */
bool loading_is_own(const struct loading *loading, const struct position *position);

/* Reads another file of the language (a role, ...) against its schema. NULL: it is not there, or (reported, *broken set) not
 * sound enough to go on. */
struct node *loading_read_part(struct loading *loading, const char *path, const struct schema *schema, bool *broken);

/* ---- index.c: names and references ---- */

/* Adds a name that `key` gives; false after reporting that it is there already. */
bool index_add(struct loading *loading, enum index_kind kind, const struct node *key, size_t number);
/* The number of what `name` names, or -1. */
int index_find(const struct loading *loading, enum index_kind kind, const char *name);
/* The same for a node that must refer to something: reports when it does not. -1 also for NULL and faulty nodes. Counts as a
 * mention. */
int index_refer(struct loading *loading, enum index_kind kind, const struct node *node);
int index_refer_name(struct loading *loading, enum index_kind kind, const char *name, const struct position *position);

const struct network *refer_network(struct loading *loading, const struct node *node);
const struct host *refer_host(struct loading *loading, const struct node *node);
const struct person *refer_person(struct loading *loading, const struct node *node);
const struct contact *refer_contact(struct loading *loading, const struct node *node);
struct step *refer_step(struct loading *loading, const struct node *node);

bool index_mentioned(const struct loading *loading, enum index_kind kind, const char *name);

/* ---- read.c: values of the tables' types; what is missing or faulty gives the fallback ---- */

char *read_string(struct loading *loading, const struct node *map, const char *key); /* or NULL */
int64_t read_number(const struct node *map, const char *key, int64_t fallback); /* integer, duration, bytes, percent or rate */
bool read_truth(const struct node *map, const char *key, bool fallback);
int read_choice(const struct node *map, const char *key, const char *const *names, int fallback);
struct text read_text(struct loading *loading, const struct node *map, const char *key);
/* With ${host.NAME.ip} filled in. */
struct text read_text_with_facts(struct loading *loading, const struct node *map, const char *key);
/* Not given also when it counts from nothing that there is. */
struct moment read_moment(struct loading *loading, const struct node *map, const char *key);
json_t *read_line_or_lines(struct loading *loading, const struct node *node, bool with_facts); /* new reference, or NULL */

/* ---- facts.c ---- */

/* The text with ${host.NAME.ip} filled in (in the scenario's pool); reports at `position` what it does not know. */
char *facts_fill(struct loading *loading, const char *text, const struct position *position);
/* The name in a text that is `${team.secret.NAME}` and nothing more (in the scenario's pool); NULL: it is another text. Reports when no host
 * has such a secret. */
const char *facts_secret(struct loading *loading, const char *text, const struct position *position);

/* ---- parameters.c: options of roles, arguments of abilities ---- */

struct parameter *parameters_read(struct loading *loading, const struct node *map, size_t *count);

struct assignment { /* what is to be set from what */
	const struct parameter *parameters;
	size_t parameters_count;
	const struct node *given;	 /* a map, or NULL */
	const struct schema *besides;	 /* keys of this table in `given` are not for us; or NULL */
	const struct position *position; /* where a missing one is reported */
	const char *owner;		 /* for messages: "role `proxy`" */
	const char *what, *whats;	 /* "option", "options" */
	bool for_attack;		 /* addresses must be in the range, no odd characters */
};
/* All values by name, defaults filled in; new reference. */
json_t *parameters_assign(struct loading *loading, const struct assignment *assignment);

/* ---- catalogue.c: roles, images, abilities, each read once ---- */

const struct role *catalogue_role(struct loading *loading, const struct node *name);
const struct ability *catalogue_ability(struct loading *loading, const struct node *name);

/* ---- the stages ---- */

void load_head(struct loading *loading);
void load_lan(struct loading *loading); /* with the four that follow */
void load_people(struct loading *loading);
void judge_service_account(struct loading *loading, const struct node *account); /* an option of type account */
void load_contacts(struct loading *loading);
void load_leases(struct loading *loading);
void load_firewalls(struct loading *loading);
void load_attack(struct loading *loading);
void load_messages(struct loading *loading);
void load_goals(struct loading *loading);
void load_state(struct loading *loading, struct state_probe *state, const struct node *node); /* of an objective */
void load_solution(struct loading *loading);
void load_events(struct loading *loading); /* ids of steps, injects, objectives and duties: before anything refers to them */
void load_order(struct loading *loading);  /* no step may wait for itself */
void warn_oddities(struct loading *loading);

#endif
