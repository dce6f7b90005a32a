/*
 * The scenario model: what a scenario file says, typed, resolved and checked (docs/scenario-reference.md).
 *
 * scenario_load() is the only maker. What it returns holds: every reference names something that exists, every
 * address lies in its network, every argument has its ability's type. Later stages need not check again.
 * The model is read-only for everybody else; all pointers in it live as long as the struct scenario.
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_H
#define TORIDE_ORCHESTRATOR_SCENARIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"

struct position {
	const char *file; /* as the user named it */
	int line, column; /* from 1 */
};

/* A text in the scenario's languages. A plain string is all languages alike. Either may be NULL if not promised. */
struct text {
	char *ja, *en;
};

/* A moment on a team's exercise clock: `+12m` is {NULL, 720000}; `open + 3m` is {"open", 180000}.
 * `after` names a step, an inject, an objective (when it is first reached) or a duty (when its report is sent). */
struct moment {
	bool given;
	const char *after; /* NULL: the start */
	int64_t offset_ms;
};

struct subnet {
	uint32_t address; /* host byte order */
	int prefix;
};

enum network_kind { NETWORK_LAN, NETWORK_INTERNET, NETWORK_CLOSED };

struct network {
	char *name;
	struct subnet cidr;
	enum network_kind kind;
	struct text zone; /* may be empty */
	struct text label;
	/* What it is made worse by, for whatever enters a host from it (tc); 0: nothing. */
	int64_t rate_bits; /* per second */
	int64_t delay_ms;
	int loss_milli_percent; /* 2000 is 2 % */
	struct position position;
};

/* ---- roles and abilities: folders and files beside the scenarios, read by the same loader ---- */

enum value_type {
	VALUE_STRING,
	VALUE_INTEGER,
	VALUE_BOOLEAN,
	VALUE_DURATION,
	VALUE_BYTES,
	VALUE_PORT,
	VALUE_NAME,
	VALUE_HOST,
	VALUE_NETWORK,
	VALUE_PERSON,
	VALUE_ACCOUNT, /* of a directory, and no person's */
	VALUE_PATH,
	VALUE_URL,
	VALUE_DOMAIN,
	VALUE_RANGES /* networks -> the last parts of addresses, `{residents: 100-199}`: struct address_range */
};

/* A typed option of a role or argument of an ability. */
struct parameter {
	char *name;
	enum value_type type;
	bool list; /* `type: [name]` in YAML: a list of them */
	bool required;
	json_t *fallback; /* default, or NULL */
	struct text help;
};

struct role_service { /* scenario_service_port() says the port of a host's */
	char *name;
	int port; /* 0: what the option says */
	bool udp;
	const struct parameter *option; /* of type port, or NULL */
};

/* What a role's setup may go by beyond its host's own keys and the hosts that they name: the words of `reads` in role.yaml, and the keys of the
 * facts. From READ_ANNOUNCED_FIRST on: options by which a host says where it can be found and for what, told with its role and addresses. */
enum read_fact {
	READ_PEOPLE,
	READ_NETWORKS, /* also those that the host is not on */
	READ_RESOLVER,
	READ_HOSTS, /* role and addresses of each */
	READ_ANNOUNCED_FIRST,
	READ_SITES = READ_ANNOUNCED_FIRST, /* the names that DNS answers for */
	READ_PORT,			   /* of its service */
	READ_DOMAIN,			   /* of a directory, or of a mail server */
	READ_ZONE,			   /* that a DNS server speaks for */
	READ_SHARES,			   /* folders of a file server */
	READ_DHCP,			   /* the server that a relay passes requests to */
	READ_FACTS
};
enum { READ_ALL = (1 << READ_FACTS) - 1 };
extern const char *const read_fact_names[READ_FACTS + 1]; /* "people", …; NULL */

struct role {
	char *name, *folder; /* folder: path of scenarios/roles/<name> */
	char *image;	     /* name of the image it is made from (scenarios/images/<image>.yaml) */
	struct text summary;
	bool forwards;	 /* routes packets between its networks (firewalls) */
	bool resolves;	 /* answers DNS for the others */
	bool translates; /* gives private addresses (RFC 1918) its own towards a network of kind internet */
	bool dormant;	 /* its services start with the attack, not with the guest */
	bool history;	 /* the folder has a past to tell (scenarios/roles/README.md) */
	int64_t memory_bytes;
	int processes;
	struct parameter *options;
	size_t options_count;
	struct role_service *services;
	size_t services_count;
	char **activities; /* what a person can do there: <folder>/activities/<name> */
	size_t activities_count;
	unsigned reads; /* 1 << enum read_fact: what its setup goes by */
	bool directory; /* holds the accounts of the organisation: /usr/lib/toride/account-disabled ACCOUNT says of each whether it can log in */
};

enum { IMAGE_FOLDERS_MAX = 4 };

struct image {
	char *name, *file;
	char *folders
		[IMAGE_FOLDERS_MAX]; /* laid over the root one after the other: those of the images that it stands on come first */
	size_t folders_count;
	char *suite;	 /* Debian release */
	char **packages; /* with those of the images that it stands on */
	size_t packages_count;
};

/* An entry of the attack catalogue, attacker/abilities/<id>.yaml. */
struct trace {		/* what the ability must leave: ground truth */
	char *host;	/* host name, or `${on}`, `${arg}` of type host */
	char *file;	/* path on that host */
	char *contains; /* fixed text to be found in it; may hold ${...} */
};

enum ability_kind {
	ABILITY_COMMAND, /* `run` on the step's host, in its guest */
	ABILITY_BEACON	 /* starts the training beacon on the step's host */
};

struct ability {
	char *id, *file;
	enum ability_kind kind;
	char **techniques;
	size_t techniques_count;
	struct text summary;
	struct parameter *args;
	size_t args_count;
	bool through_beacon;	   /* may be run by the beacon */
	char *run, *undo, *undone; /* POSIX shell; arguments arrive as environment arg_<name> (hosts also arg_<name>_ip) */
	struct trace *expect;
	size_t expect_count;
	int64_t timeout_ms;
};

/* ---- the exercise ---- */

struct nic {
	const struct network *network;
	uint32_t address; /* host byte order; with dhcp: the one that is reserved for it */
	bool dhcp;	  /* the guest asks for it */
	uint32_t *more;	  /* further addresses on the same interface */
	size_t more_count;
};

/* Addresses that a host hands out on a network; no fixed address lies between them. A dhcp nic on the network has one of them. */
struct address_range {
	const struct network *network;
	uint32_t first, last;
};

enum access { ACCESS_NONE, ACCESS_USER, ACCESS_ROOT };

struct host {
	char *name;
	const struct role *role;
	struct nic *nics; /* by the networks' names */
	size_t nics_count;
	json_t *options;	      /* the role's options, defaults filled in */
	struct address_range *ranges; /* by the networks' names: what its options of type ranges say */
	size_t ranges_count;
	const struct host *logs;  /* its log goes there (514/tcp), or NULL */
	const struct host *flows; /* flow records of what it forwards go there (2055/udp), or NULL */
	char **secrets;		  /* names of the per-team secrets that it is given, in the file's order */
	size_t secrets_count;
	enum access access;
	int64_t memory_bytes; /* size, or the role's */
	int processes;
	struct text label;
	struct position position;
};

enum endpoint_kind { ENDPOINT_ANY, ENDPOINT_NETWORK, ENDPOINT_HOST };

struct endpoint {
	enum endpoint_kind kind;
	const struct network *network;
	const struct host *host;
};

struct rule_service {
	char *name;	  /* as written */
	char protocol[5]; /* "tcp", "udp", "icmp" */
	int port;	  /* 0 for icmp */
};

struct rule {
	struct endpoint *from, *to; /* none: any */
	size_t from_count, to_count;
	struct rule_service *services; /* none: any */
	size_t services_count;
	bool accept, log;
};

struct firewall {
	const struct host *host;
	struct rule *rules; /* in order; what no rule takes is dropped */
	size_t rules_count;
};

struct person {
	char *account;
	struct text name;
	char *department;	     /* or NULL */
	const struct host *terminal; /* or NULL */
	char **does;		     /* activities of the terminal's role, in the file's order: simulated use */
	size_t does_count;
	int64_t pace_ms; /* mean time from one of them to the next; 0: does nothing */
};

struct contact { /* a desk entry: who sends injects and receives reports */
	char *id;
	struct text name;
};

struct step {
	char *id, *technique;
	const struct ability *ability;
	const struct host *on;	     /* where it runs */
	const struct host *to, *via; /* C&C and proxy; may be NULL; a step `through` a beacon has the beacon's */
	const struct person *as;     /* NULL: root; a step `through` a beacon has the beacon's */
	struct step *through;	     /* the beacon step that carries it, or NULL */
	json_t *args;
	struct moment at;
	int64_t every_ms; /* beacon's poll interval */
	char **needs;	  /* step ids that must have been done, beside `after` and `through` */
	size_t needs_count;
	struct position position;
};

struct inject {
	char *id;
	struct moment at;
	const struct contact *from;
	struct text text;
};

enum phase { PHASE_DETECT, PHASE_TRIAGE, PHASE_ANALYSE, PHASE_CONTAIN, PHASE_ERADICATE, PHASE_RECOVER, PHASE_REPORT };
extern const char *const phase_names[]; /* "detect" ... "report", NULL */

/* What a claim or a report field is compared with: `truth.STEP.KEY`, `${team.secret.NAME}`, or the right value itself. */
enum truth_key { TRUTH_HOST, TRUTH_ADDRESSES, TRUTH_TIME, TRUTH_TECHNIQUE, TRUTH_ACCOUNT };
struct truth {
	const struct step *step; /* NULL: the secret, or the literal value */
	enum truth_key key;
	const char *secret; /* name of a per-team secret that some host is given; or NULL */
	json_t *literal;
};

enum match { MATCH_EXACT, MATCH_SET, MATCH_TIME };

struct claim_field { /* `claim: {host: truth.open.host, match: exact}` */
	char *name;
	struct truth truth;
	enum match match;
	int64_t tolerance_ms; /* MATCH_TIME */
};

enum objective_kind { OBJECTIVE_CLAIM, OBJECTIVE_STATE, OBJECTIVE_MANUAL };

enum state_kind { STATE_UNREACHABLE, STATE_REACHABLE, STATE_FILE_ABSENT, STATE_PROCESS_ABSENT, STATE_ACCOUNT_DISABLED };
extern const char *const state_kind_names[];

struct state_probe {
	enum state_kind kind;
	const struct host *from;     /* where it is probed: network state: in this host's network, out of its users' reach */
	const struct host *to, *via; /* via: also tried through that proxy */
	int port;		     /* of `to`; 0: its C&C port 80 */
	char *path;		     /* file, name of a process, or account */
	int64_t holds_ms;
};

struct hint {
	int cost_points;
	struct text text;
};

struct objective {
	char *id;
	enum phase phase;
	struct text title;
	int points;
	enum objective_kind kind;
	struct claim_field *fields; /* OBJECTIVE_CLAIM */
	size_t fields_count;
	struct state_probe state;	 /* OBJECTIVE_STATE */
	struct moment full_by, floor_at; /* not given: no time rule */
	int floor_percent;		 /* 40 unless set */
	struct hint *hints;
	size_t hints_count;
	struct position position;
};

struct duty_field {
	char *name;
	struct truth truth; /* step, secret and literal NULL: any answer but an empty one */
	enum match match;
	int64_t tolerance_ms;
	bool required;
};

struct duty { /* a report that is due */
	char *id;
	struct text title;
	const struct contact *to;
	struct moment due; /* `within: 30m, of: call` */
	int points;
	bool final; /* in a final report "unknown" is not a valid value */
	struct duty_field *fields;
	size_t fields_count;
	struct text rubric; /* empty: no human mark */
};

enum solution_kind { SOLUTION_CLAIM, SOLUTION_RUN, SOLUTION_REPORT };

struct solution_step { /* what a perfect team does; the bot plays it */
	struct moment at;
	enum solution_kind kind;
	const char *target;    /* objective id, or duty id; SOLUTION_RUN: NULL */
	const struct host *on; /* SOLUTION_RUN */
	char *run;
	json_t *values; /* claim or report fields; ${...} resolved, but for a value that is `${team.secret.NAME}` */
};

struct scenario {
	char *file;
	/* SHA-256 over every file read (roles, images and abilities too), in order of reading: each as its length (8 bytes, little endian) and
	 * its bytes; lower-case hex. */
	char digest[65];
	json_t *sources; /* those files, for scenario_load_again */
	char *id;
	struct text title, summary, briefing;
	char *level;
	int64_t duration_ms;
	bool has_ja, has_en; /* the languages it promises */
	/* Networks, hosts, firewalls, people, contacts, roles, images and abilities are sorted by name; the rest is in the file's order. */
	struct network *networks;
	size_t networks_count;
	struct host *hosts;
	size_t hosts_count;
	struct firewall *firewalls;
	size_t firewalls_count;
	struct person *people;
	size_t people_count;
	struct contact *contacts;
	size_t contacts_count;
	struct step *steps;
	size_t steps_count;
	struct inject *injects;
	size_t injects_count;
	struct objective *objectives;
	size_t objectives_count;
	struct duty *duties;
	size_t duties_count;
	struct solution_step *solution;
	size_t solution_count;
	struct role **roles;
	size_t roles_count; /* those in use */
	struct image **images;
	size_t images_count; /* those in use */
	struct ability **abilities;
	size_t abilities_count; /* those in use */
	struct pool *pool;	/* owns all of it */
};

/* What scenario_load found wrong, all of it. */
struct diagnostics {
	size_t errors, warnings;
	char *text; /* ready to print: file:line:column: error: ..., source line, caret */
};
void diagnostics_finish(struct diagnostics *diagnostics);

/*
 * Reads the scenario and the files it uses. `data_dir` holds scenarios/roles, scenarios/images and
 * attacker/abilities (a roles/ folder beside the scenario's own folder is looked in first).
 * Returns 0 and *scenario when there are no errors (there may be warnings in `diagnostics`); 1 when the text has
 * errors, all of them in `diagnostics`; -1 with *err when a file cannot be read at all.
 */
int scenario_load(const char *file, const char *data_dir, struct scenario **scenario, struct diagnostics *diagnostics,
		  struct error **err);
/*
 * The same from a scenario's `sources` (or what JSON text made of them) instead of the disk: the scenario that they were, whatever became of the files.
 * What is no text of the language (the scripts in the roles' folders, the images' files) is in none of them and stays where it is.
 * -1 also when `sources` are not sound; compare the digest to know that they are whole.
 */
int scenario_load_again(const json_t *sources, const char *file, const char *data_dir, struct scenario **scenario,
			struct diagnostics *diagnostics, struct error **err);
void scenario_destroy(struct scenario *scenario); /* NULL is fine */
static inline void cleanup_scenario_(struct scenario **held)
{
	scenario_destroy(*held);
}
#define cleanup_scenario __attribute__((cleanup(cleanup_scenario_)))

/* Look-ups by name; NULL when there is none. */
const struct network *scenario_network(const struct scenario *scenario, const char *name);
const struct host *scenario_host(const struct scenario *scenario, const char *name);
const struct step *scenario_step(const struct scenario *scenario, const char *id);
const struct objective *scenario_objective(const struct scenario *scenario, const char *id);
const struct duty *scenario_duty(const struct scenario *scenario, const char *id);
const struct inject *scenario_inject(const struct scenario *scenario, const char *id);

/* Does an option of the host name the other one (a terminal its proxy, a server its directory)? */
bool scenario_host_names(const struct host *host, const char *other);
/* Is it one of the host's addresses? */
bool scenario_host_has(const struct host *host, uint32_t address);
/* The port on which the host's role offers the service (one of host->role->services). */
int scenario_service_port(const struct host *host, const struct role_service *service);
/* The port of the host's service `http-proxy`; the usual one of Squid where its role has none. */
int scenario_proxy_port(const struct host *proxy);
/* The host that hands out addresses on the network; NULL: none. *range (may be NULL): which. */
const struct host *scenario_dhcp_server(const struct scenario *scenario, const struct network *network,
					const struct address_range **range);

/* The language's text as JSON Schema (draft 2020-12), from the table that validates. Caller frees. */
json_t *scenario_schema(void);

#endif
