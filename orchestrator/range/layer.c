/* Layers: what a role's setup changes in the image for one host, made once; every team's host of that name starts from it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/digest.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/overlay.h"
#include "orchestrator/range/sandbox.h"
#include "orchestrator/range/tree.h"

#define ROLE_PLACE "/run/toride-bake/role"
#define PROGRAMS_PLACE "/run/toride-bake/programs"
/* The image may have something to prepare from the facts, the role something to set up. */
#define BAKE                                                                                                                     \
	"set -e; [ ! -x /usr/lib/toride/prepare ] || /usr/lib/toride/prepare; "                                                  \
	"[ ! -f " ROLE_PLACE "/setup ] || exec sh " ROLE_PLACE "/setup"

static int layer_content(struct work *work, struct digest *digest, struct error **err)
{
	char role[65], programs[65];
	if (tree_digest(work->resource->host->role->folder, role, err) < 0 ||
	    tree_digest(work->range->programs_dir, programs, err) < 0)
		return -1;
	digest_add(digest, role);
	digest_add(digest, programs);
	return 0;
}

static bool layer_exists(const struct work *work)
{
	cleanup_free char *path = cache_path(work);
	return access(path, F_OK) == 0;
}

/* The facts, the role's start and its services are there before setup runs: it may change them. */
static int lay_out(const struct work *work, const char *upper, struct error **err)
{
	cleanup_free char *etc = xasprintf("%s/etc", upper);
	cleanup_free char *folder = xasprintf("%s/etc/toride", upper);
	cleanup_free char *facts = xasprintf("%s/facts.json", folder);
	cleanup_free char *start_from = xasprintf("%s/start", work->resource->host->role->folder);
	cleanup_free char *start_to = xasprintf("%s/start", folder);
	cleanup_free char *services_from = xasprintf("%s/services", work->resource->host->role->folder);
	cleanup_free char *services_to = xasprintf("%s/services", folder);
	if (make_folder(etc, 0755, err) < 0 || make_folder(folder, 0755, err) < 0 ||
	    file_write(facts, work->resource->facts, err) < 0)
		return -1;
	struct stat info;
	if (lstat(start_from, &info) == 0) {
		/* A link would bring any file of the host's into the guest. */
		if (!S_ISREG(info.st_mode))
			return error_set(err, "'%s' is not a file; put the script itself there", start_from);
		cleanup_free char *start = file_read(start_from, 1 << 20, err);
		if (!start || file_write(start_to, start, err) < 0)
			return -1;
	}
	if (access(services_from, F_OK) < 0)
		return 0;
	return make_folder(services_to, 0755, err) < 0 ? -1 : tree_copy(services_from, services_to, err);
}

static int set_up(const struct work *work, const struct draft *draft, const char *root, struct error **err)
{
	const struct role *role = work->resource->host->role;
	cleanup_free char *image = cache_path(work_need(work, RESOURCE_IMAGE));
	cleanup_close int log = draft_log(draft, err);
	if (log < 0)
		return -1;
	const struct overlay overlay = {.layers = {image}, .layers_count = 1, .folder = draft->path};
	cleanup_close int mount = overlay_create(&overlay, err);
	if (mount < 0)
		return -1;
	cleanup_free char *role_folder = realpath(role->folder, NULL);
	cleanup_free char *programs = realpath(work->range->programs_dir, NULL);
	const struct sandbox sandbox = {
		.root_mount = mount,
		.root = root,
		.host_name = work->resource->host->name,
		.binds = {{role_folder, ROLE_PLACE}, {programs, PROGRAMS_PLACE}},
		.argv = (const char *const[]){"/bin/sh", "-c", BAKE, NULL},
		.environment = (const char *const[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
						     "HOME=/root", "LC_ALL=C.UTF-8", "TORIDE_ROLE=" ROLE_PLACE,
						     "TORIDE_PROGRAMS=" PROGRAMS_PLACE, NULL},
		.log = log,
		.timeout_ms = RANGE_SETUP_TIMEOUT_MS,
		.cancel = work->cancel,
	};
	return sandbox_run(&sandbox, err);
}

/* With the end of setup's output; the whole of it is kept beside the layers. */
static int setup_failed(const struct work *work, const struct draft *draft, struct error **err)
{
	cleanup_free char *end = draft_log_end(draft);
	cleanup_free char *log = xasprintf("%s/log", draft->path);
	cleanup_free char *kept = xasprintf("%s/layers/%s.log", work->range->state_dir, work->resource->host->role->name);
	cleanup_error struct error *cause = err ? steal(err) : NULL;
	bool moved = rename(log, kept) == 0;
	return error_set(err, "setup of role '%s' %s; its last lines%s%s%s:\n%s", work->resource->host->role->name,
			 error_text(cause), moved ? " (all in '" : "", moved ? kept : "", moved ? "')" : "", end);
}

static int layer_create(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	cleanup_with(draft) struct draft draft = {.lock = -1};
	if (draft_create(work->range, "layers", &draft, err) < 0)
		return -1;
	cleanup_free char *path = cache_path(work);
	cleanup_free char *upper = xasprintf("%s/upper", draft.path);
	cleanup_free char *upper_work = xasprintf("%s/work", draft.path);
	cleanup_free char *root = xasprintf("%s/root", draft.path);
	if (make_folder(upper, 0755, err) < 0 || make_folder(upper_work, 0755, err) < 0 || make_folder(root, 0755, err) < 0 ||
	    lay_out(work, upper, err) < 0)
		return -1;
	if (set_up(work, &draft, root, err) < 0)
		return setup_failed(work, &draft, err);
	return draft_keep(&draft, "upper", path, err);
}

const struct kind kind_layer = {
	.cached = true,
	.content = layer_content,
	.exists = layer_exists,
	.create = layer_create,
};
