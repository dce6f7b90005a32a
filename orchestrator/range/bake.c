/* What layers and histories have in common: a script of the role's, run once in a chroot of what lies under them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/sandbox.h"
#include "orchestrator/range/tree.h"

static int run_script(const struct work *work, const struct baking *baking, const struct draft *draft, const char *root,
		      struct error **err)
{
	cleanup_with(stack) struct stack stack;
	stack_init(&stack, work);
	cleanup_close int log = draft_log(draft, err);
	if (log < 0)
		return -1;
	const struct overlay overlay = {.layers = stack.paths, .layers_count = stack.count, .folder = draft->path};
	cleanup_close int mount = overlay_create(&overlay, err);
	if (mount < 0)
		return -1;
	cleanup_free char *role_folder = realpath(work->resource->host->role->folder, NULL);
	cleanup_free char *programs = realpath(work->range->programs_dir, NULL);
	/* A layer is the same on every day: only a history is told which it is, and what happened before. */
	bool past = work->resource->kind == RESOURCE_HISTORY;
	cleanup_free char *day = xasprintf("TORIDE_DAY=%s", past ? work->plan->day : "");
	cleanup_free char *chronicle_from = xasprintf("%s/" CHRONICLE_FOLDER, work->range->data_dir);
	cleanup_free char *chronicle = past ? realpath(chronicle_from, NULL) : NULL;
	const struct sandbox sandbox = {
		.root_mount = mount,
		.root = root,
		.host_name = work->resource->host->name,
		.binds = {{role_folder, ROLE_PLACE}, {programs, PROGRAMS_PLACE}, {chronicle, CHRONICLE_PLACE}},
		.argv = (const char *const[]){"/bin/sh", "-c", baking->script, NULL},
		.environment =
			(const char *const[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
					      "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" CHRONICLE_PLACE,
					      "TORIDE_ROLE=" ROLE_PLACE, "TORIDE_PROGRAMS=" PROGRAMS_PLACE, day, NULL},
		.log = log,
		.timeout_ms = RANGE_SETUP_TIMEOUT_MS,
		.cancel = work->cancel,
	};
	return sandbox_run(&sandbox, err);
}

/* With the end of the script's output; the whole of it is kept in the cache's folder. */
static int script_failed(const struct work *work, const struct baking *baking, const struct draft *draft, struct error **err)
{
	const struct host *host = work->resource->host;
	cleanup_free char *end = draft_log_end(draft);
	cleanup_free char *log = xasprintf("%s/log", draft->path);
	cleanup_free char *kept = xasprintf("%s/%s/%s-%s.log", work->range->state_dir, kind_of(work->resource->kind)->folder,
					    host->role->name, host->name);
	cleanup_error struct error *cause = err ? steal(err) : NULL;
	bool moved = rename(log, kept) == 0;
	return error_set(err, "%s of role '%s' %s; its last lines%s%s%s:\n%s", baking->what, host->role->name, error_text(cause),
			 moved ? " (all in '" : "", moved ? kept : "", moved ? "')" : "", end);
}

int bake(const struct work *work, const struct baking *baking, struct error **err)
{
	cleanup_with(draft) struct draft draft = {.lock = -1};
	if (draft_create(work->range, kind_of(work->resource->kind)->folder, &draft, err) < 0)
		return -1;
	cleanup_free char *path = cache_path(work);
	cleanup_free char *upper = xasprintf("%s/upper", draft.path);
	cleanup_free char *upper_work = xasprintf("%s/work", draft.path);
	cleanup_free char *root = xasprintf("%s/root", draft.path);
	if (make_folder(upper, 0755, err) < 0 || make_folder(upper_work, 0755, err) < 0 || make_folder(root, 0755, err) < 0 ||
	    (baking->lay_out && baking->lay_out(work, upper, err) < 0) || told_lay(work->resource->told, upper, 0, err) < 0)
		return -1;
	cleanup_error struct error *cause = NULL;
	if (run_script(work, baking, &draft, root, &cause) < 0) {
		if (draft_room(&draft, err) < 0) /* whatever the script says comes of that */
			return -1;
		error_move(err, steal(&cause));
		return script_failed(work, baking, &draft, err);
	}
	return draft_keep(&draft, "upper", path, err);
}
