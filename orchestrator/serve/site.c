#include "orchestrator/site.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"

static char *from_environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);
	return xstrdup(value && *value ? value : fallback);
}

/* In the tree the program is BUILD/toride, with the guest programs in BUILD/guest and the data in BUILD/..; installed it is
 * PREFIX/bin/toride. */
void site_init(struct site *site)
{
	char program[PATH_MAX] = "";
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	const char *here = dirname(program);
	cleanup_free char *tree_programs = xasprintf("%s/guest", here);
	bool in_tree = access(tree_programs, X_OK) == 0;
	cleanup_free char *data = xasprintf(in_tree ? "%s/.." : "%s/../share/toride", here);
	cleanup_free char *programs = xasprintf(in_tree ? "%s/guest" : "%s/../lib/toride/guest", here);
	char resolved[PATH_MAX];
	site->state_dir = from_environment("TORIDE_STATE_DIR", "/var/lib/toride");
	site->run_dir = from_environment("TORIDE_RUN_DIR", "/run/toride");
	site->data_dir = from_environment("TORIDE_DATA_DIR", realpath(data, resolved) ? resolved : data);
	site->programs_dir = from_environment("TORIDE_PROGRAMS_DIR", programs);
	site->board_program = xasprintf("%s/toride-scoreboard", here);
	site->uri = from_environment("TORIDE_URI", "lxc:///system");
}

void site_finish(struct site *site)
{
	free(site->state_dir);
	free(site->run_dir);
	free(site->data_dir);
	free(site->programs_dir);
	free(site->board_program);
	free(site->uri);
}

static void replace(char **held, const char *value)
{
	free(*held);
	*held = xstrdup(value);
}

bool site_option(struct site *site, int option, const char *value)
{
	char **const targets[] = {&site->state_dir, &site->run_dir, &site->data_dir};
	if (option < SITE_STATE_DIR || option > SITE_DATA_DIR)
		return false;
	replace(targets[option - SITE_STATE_DIR], value);
	return true;
}
