#include "orchestrator/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/check.h"

const char *const host_state_names[] = {[HOST_OK] = "ok", [HOST_NOTE] = "note", [HOST_WARN] = "warn", [HOST_FAIL] = "FAIL"};

char *existing_part(const char *path)
{
	char *part = xstrdup(path);
	struct stat status;
	for (char *slash; stat(part, &status) != 0 && (slash = strrchr(part, '/')) && slash != part;)
		*slash = '\0';
	return part;
}

static enum host_state examine(const struct check *check, const struct check_context *context, bool fix, host_finding_fn *found,
			       void *found_context)
{
	cleanup_free char *what = NULL, *did = NULL;
	cleanup_error struct error *err = NULL;
	bool blind = check->needs_root && !context->root;
	enum host_state state = blind ? HOST_NOTE : check->inspect(context, &what);
	if (!blind && fix && state >= HOST_WARN && check->fix && context->root && check->fix(context, &did, &err) == 0) {
		free(steal(&what));
		state = check->inspect(context, &what);
	}
	struct host_finding finding = {
		.id = check->id,
		.state = state,
		.what = blind ? "not looked at: only root can" : what,
		.mend = state == HOST_OK || blind ? NULL : check->mend,
		.can_fix = check->fix != NULL,
		.fixed = did,
		.failure = err ? error_text(err) : NULL,
	};
	found(&finding, found_context);
	return state;
}

int host_examine(const struct host_options *options, host_finding_fn *found, void *context)
{
	static const struct check *const tables[] = {checks_system, checks_kernel, checks_libvirt};
	struct check_context about = {
		.state_dir = options->state_dir,
		.uri = options->uri,
		.root = geteuid() == 0,
		.systemd = access("/run/systemd/system", F_OK) == 0,
	};
	int failed = 0;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct check *check = tables[i]; check->id; check++)
			failed += examine(check, &about, options->fix, found, context) == HOST_FAIL;
	return failed;
}
