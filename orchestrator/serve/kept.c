#include "orchestrator/serve/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"

char *kept_folder(const struct site *site, const char *exercise)
{
	return xasprintf("%s/exercises/%s", site->state_dir, exercise);
}

static char *state_path(const char *folder)
{
	return xasprintf("%s/exercise.json", folder);
}

static char *scenario_path(const char *folder)
{
	return xasprintf("%s/scenario.json", folder);
}

bool kept_is_there(const char *folder)
{
	cleanup_free char *path = state_path(folder);
	return access(path, F_OK) == 0;
}

static int write_whole(const char *path, const json_t *json, struct error **err)
{
	cleanup_free char *fresh = xasprintf("%s.new", path);
	cleanup_close int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || json_dumpfd(json, fd, JSON_INDENT(2)) < 0 || fsync(fd) < 0 || rename(fresh, path) < 0)
		return error_set_errno(err, errno, "cannot write '%s'", path);
	return 0;
}

static json_t *read_whole(const char *path, struct error **err)
{
	json_error_t fault;
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
	if (!json)
		error_set(err, "'%s': %s", path, fault.text);
	return json;
}

int kept_write(const char *folder, const json_t *state, struct error **err)
{
	cleanup_free char *path = state_path(folder);
	return write_whole(path, state, err);
}

json_t *kept_read(const char *folder, struct error **err)
{
	cleanup_free char *path = state_path(folder);
	return read_whole(path, err);
}

int kept_write_scenario(const char *folder, const struct scenario *scenario, struct error **err)
{
	cleanup_free char *path = scenario_path(folder);
	return write_whole(path, scenario->sources, err);
}

int kept_scenario(const char *folder, const char *file, const char *data_dir, const char *digest, struct scenario **scenario,
		  struct error **err)
{
	cleanup_free char *path = scenario_path(folder);
	cleanup_json json_t *sources = read_whole(path, err);
	cleanup_scenario struct scenario *made = NULL;
	struct diagnostics diagnostics = {0};
	if (!sources)
		return -1;
	int loaded = scenario_load_again(sources, file, data_dir, &made, &diagnostics, err);
	if (loaded > 0)
		error_set(err, "the copy of the scenario has %zu errors\n%s", diagnostics.errors, diagnostics.text);
	diagnostics_finish(&diagnostics);
	if (loaded == 0 && strcmp(made->digest, digest) != 0)
		loaded = error_set(err, "it is not the scenario that the exercise was made with");
	if (loaded != 0)
		return error_prefix(err, "'%s'", path);
	*scenario = steal(&made);
	return 0;
}

void kept_forget(const char *folder)
{
	cleanup_free char *state = state_path(folder), *scenario = scenario_path(folder);
	unlink(state); /* first: it is what makes an exercise be taken up */
	unlink(scenario);
}
