/*
 * The plan: scenario x teams -> every resource of the range, in an order that can be built. Pure: no I/O, no clock, no host;
 * the same scenario and options give the same plan, byte for byte.
 */
#ifndef TORIDE_ORCHESTRATOR_PLAN_H
#define TORIDE_ORCHESTRATOR_PLAN_H

#include "orchestrator/scenario.h"

enum { PLAN_TEAMS_MAX = 30, PLAN_HOSTS_MAX = 64, PLAN_NAME_MAX = 24, PLAN_MAC_SIZE = 18, PLAN_DAY_SIZE = 11 };

enum resource_kind {
	RESOURCE_IMAGE,
	RESOURCE_LAYER,
	RESOURCE_HISTORY,
	RESOURCE_NETWORK,
	RESOURCE_DISK,
	RESOURCE_GUEST,
	RESOURCE_KINDS
};
extern const char *const resource_kind_names[]; /* "image", "layer", "history", "network", "disk", "guest" */
extern const char *const network_kind_names[];	/* "lan", "internet", "closed" */

/*
 * Digests (SHA-256 in hex) over what is known without looking at any disk:
 *   image    name, suite, packages
 *   layer    its image's digest, the role's name, what its setup is told
 *   history  its layer's digest, the day, what its past is told; only hosts whose role has a past to tell
 *   network  its name, cidr, kind, rate, delay, loss
 *   disk     its name, its history's digest or else its layer's, guest_index, what the guest is told
 *   guest    its disk's and networks' digests, limits
 * What the folders hold (an image's files, a role's setup and history, the guest programs) is no part of them: the range mixes those in when it looks
 * for an image, a layer or a history on disk, and into whatever stands on them.
 */

/* Who is told: the less, the fewer changes of the scenario make a layer anew. The rest of a guest's facts reach it with its disk. */
enum telling {
	TOLD_SETUP, /* a role's setup: of the host itself, whom its keys name, and what role.yaml says that it reads */
	TOLD_PAST,  /* a role's history: of all people and hosts */
	TOLD_GUEST  /* the guest that runs: all */
};

/* What a host is told, as files; the same for all teams. */
struct told {
	char *facts;	/* /etc/toride/facts.json (scenarios/roles/README.md) */
	char *hosts;	/* /etc/hosts */
	char *network;	/* /etc/toride/network: lines for `ip -batch` */
	char *resolver; /* /etc/resolv.conf */
};

struct resource {
	enum resource_kind kind;
	/* Unique within its kind: image, layer and history by digest prefix ("base-1f0c…", "proxy-88ab…": shared by exercises),
	 * the rest "EXERCISE/tN/NAME". */
	char *name;
	char digest[65]; /* of its whole definition; a running one with another digest is made anew */
	int team;	 /* 0: shared by all teams */
	size_t *needs;	 /* indexes into plan->resources, all smaller than its own */
	size_t needs_count;
	const struct image *image;     /* IMAGE, LAYER */
	const struct host *host;       /* LAYER, HISTORY, DISK, GUEST */
	const struct network *network; /* NETWORK */
	int guest_index; /* DISK, GUEST: from 0, unique in the exercise; the guest's id range is block base + index * 65536 */
	const struct told *told; /* LAYER, HISTORY, DISK, GUEST; the plan's */
};

struct hypervisor { /* where a team lives; one entry today, more with libvirt's remote driver */
	const char *uri;
};

struct plan_estimate {
	int64_t memory_bytes;	    /* expected in use when idle services run */
	int64_t memory_limit_bytes; /* the sum of the guests' limits */
	int64_t disk_bytes;
	int64_t time_ms;      /* on two cores, image and layers at hand */
	int64_t bake_time_ms; /* more when nothing is cached */
};

struct plan {
	char *exercise; /* [a-z][a-z0-9-]*, at most 24 */
	const struct scenario *scenario;
	int teams;
	char day[PLAN_DAY_SIZE]; /* "2026-11-24": the exercise's day; all that the histories tell lies before it */
	struct resource *resources;
	size_t resources_count;
	struct told **told; /* one of each kind for a host */
	size_t told_count;
	struct hypervisor hypervisor;
	struct plan_estimate estimate; /* orchestrator/plan/estimate.c has the formula */
};

/* `exercise` NULL: the scenario's id; `day`: "2026-11-24". The plan borrows the scenario. Errors: name or team count out of its limits; no such
 * day. */
int plan_create(const struct scenario *scenario, const char *exercise, int teams, const char *day, struct plan **plan,
		struct error **err);
void plan_destroy(struct plan *plan);

struct capacity { /* what the host has; read by range_capacity() */
	int64_t memory_available_bytes, disk_available_bytes;
};
/* -1 with *err saying of what the host is short, and by how much. */
int plan_check_capacity(const struct plan *plan, const struct capacity *capacity, struct error **err);

void plan_print(const struct plan *plan, FILE *out);
/* {"exercise","scenario","teams","day","hypervisor","estimate":{…},"resources":[{"kind","name","digest","team","needs":["kind name"…],
 * "image"|"host"|"network","guest_index"}]}; new reference. */
json_t *plan_to_json(const struct plan *plan);

/*
 * The facts for a host; new reference. Interfaces are numbered by the name of their network (eth0 is the first), hosts come by name, so that the
 * order in the file does not matter. Of hosts without access a trainee's host knows only those that its own options name.
 */
json_t *plan_facts(const struct scenario *scenario, const struct host *host, enum telling telling);

struct told *told_create(const struct scenario *scenario, const struct host *host, enum telling telling);
void told_destroy(struct told *told); /* may be NULL */

/* The interface's address, "02:…": locally administered, made of the two names alone, so the same for all teams. The past (scenarios/history, staff.py) goes by the same rule. */
void plan_mac(const struct host *host, const struct network *network, char text[PLAN_MAC_SIZE]);

static inline void cleanup_plan_(struct plan **held)
{
	plan_destroy(*held);
}
#define cleanup_plan __attribute__((cleanup(cleanup_plan_)))

#endif
