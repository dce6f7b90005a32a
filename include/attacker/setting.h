/*
 * A step's setting: the machines and the account it deals with, and the texts made of them. Pure.
 *
 * A step that a beacon carries has its carrier's C&C, proxy and account where it names none of its own.
 */
#ifndef TORIDE_ATTACKER_SETTING_H
#define TORIDE_ATTACKER_SETTING_H

#include "common/cleanup.h"
#include "orchestrator/scenario.h"

struct setting {
	const struct host *on, *to, *via; /* to: the C&C; via: the proxy; either may be NULL */
	const struct person *as;	  /* NULL: root */
	int proxy_port;			  /* of `via` */
};

struct setting setting_of(const struct step *step);

/* The address of `host` on a network that `from` shares with it, else its first; 0: it has none. Host byte order. */
uint32_t setting_address(const struct host *host, const struct host *from);

enum { BEACON_INTERVAL_USUAL_MS = 5000 };
/* Of a step that starts a beacon: its name at the C&C, HOST.STEP (caller frees), and how often it polls. */
char *beacon_id(const struct step *beacon);
int64_t beacon_interval_ms(const struct step *beacon);

/* {"arg_name": text, "arg_host_ip": text, ...}: the arguments as attacker/abilities/README.md tells. New reference. */
json_t *setting_arguments(const struct scenario *scenario, const struct step *step);

/* The whole environment of the step's scripts, "NAME=value", NULL-ended, with `extra` (an object of texts, or NULL). Caller:
 * setting_free(). */
char **setting_environment(const struct scenario *scenario, const struct step *step, const json_t *extra);
void setting_free(char **environment);

/* A trace's text with every ${...} filled in. NULL: it names what this step does not have (a proxy, say). Caller frees. */
char *setting_expand(const struct scenario *scenario, const struct step *step, const char *text);

static inline void cleanup_environment_(char ***held)
{
	setting_free(*held);
}
#define cleanup_environment cleanup_with(environment)

#endif
