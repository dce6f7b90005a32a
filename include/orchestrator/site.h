/*
 * Where this installation keeps its things. Each can be moved by an option or the environment, so that tests never touch an installed
 * range: --state-dir (TORIDE_STATE_DIR), --run-dir (TORIDE_RUN_DIR), --data-dir (TORIDE_DATA_DIR).
 */
#ifndef TORIDE_ORCHESTRATOR_SITE_H
#define TORIDE_ORCHESTRATOR_SITE_H

#include <getopt.h>
#include <stdbool.h>

struct site {
	char *state_dir;     /* /var/lib/toride */
	char *run_dir;	     /* /run/toride: control.sock */
	char *data_dir;	     /* holds scenarios/ and attacker/: the tree, or PREFIX/share/toride */
	char *programs_dir;  /* guest programs: build/guest, or PREFIX/lib/toride/guest */
	char *board_program; /* toride-scoreboard, beside toride */
	char *uri;	     /* TORIDE_URI, or lxc:///system */
};

void site_init(struct site *site); /* from the environment and the place of this program */
void site_finish(struct site *site);

/* For getopt_long: `SITE_OPTIONS` in the option table; site_option() takes such an option (true) or leaves it. */
enum { SITE_STATE_DIR = 0x5100, SITE_RUN_DIR, SITE_DATA_DIR };
#define SITE_OPTIONS                                                                                                             \
	{"state-dir", required_argument, NULL, SITE_STATE_DIR}, {"run-dir", required_argument, NULL, SITE_RUN_DIR},              \
	{                                                                                                                        \
		"data-dir", required_argument, NULL, SITE_DATA_DIR                                                               \
	}
#define SITE_HELP                                                                                                                \
	"  --state-dir DIR      journals, images, layers, histories (/var/lib/toride, or $TORIDE_STATE_DIR)\n"                   \
	"  --run-dir DIR        sockets (/run/toride, or $TORIDE_RUN_DIR)\n"                                                     \
	"  --data-dir DIR       roles, images, abilities ($TORIDE_DATA_DIR)\n"
bool site_option(struct site *site, int option, const char *value);

#endif
