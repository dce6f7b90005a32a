/* Layers: what a role's setup changes in the image for one host, made once; every team's host of that name starts from it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/digest.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/tree.h"

#define ACTIVITIES "/usr/lib/toride/activities"
/* The image may have something to prepare from the facts, the role something to set up. */
#define SET_UP                                                                                                                   \
	"set -e; [ ! -d " ACTIVITIES " ] || chmod -R 755 " ACTIVITIES "; "                                                       \
	"[ ! -x /usr/lib/toride/prepare ] || /usr/lib/toride/prepare; "                                                          \
	"[ ! -f " ROLE_PLACE "/setup ] || exec sh " ROLE_PLACE "/setup"

static int layer_content(const struct work *work, struct tree_digests *trees, struct digest *digest, struct error **err)
{
	const struct image *image = work->resource->image;
	char role[65], programs[65];
	for (size_t i = 0; i < image->folders_count; i++) {
		char folder[65];
		if (tree_digests_get(trees, image->folders[i], NULL, folder, err) < 0)
			return -1;
		digest_add(digest, folder);
	}
	/* The past has a layer of its own. */
	if (tree_digests_get(trees, work->resource->host->role->folder, "history", role, err) < 0 ||
	    tree_digests_get(trees, work->range->programs_dir, NULL, programs, err) < 0)
		return -1;
	digest_add(digest, role);
	digest_add(digest, programs);
	return 0;
}

/* A folder of the role's, where it has one. */
static int lay_folder(const struct work *work, const char *name, const char *upper, const char *place, struct error **err)
{
	cleanup_free char *from = xasprintf("%s/%s", work->resource->host->role->folder, name);
	cleanup_free char *to = xasprintf("%s%s", upper, place);
	if (access(from, F_OK) < 0)
		return 0;
	return make_folders(to, 0755, err) < 0 ? -1 : tree_copy(from, to, err);
}

static int lay_start(const struct work *work, const char *folder, struct error **err)
{
	cleanup_free char *from = xasprintf("%s/start", work->resource->host->role->folder);
	cleanup_free char *to = xasprintf("%s/start", folder);
	struct stat info;
	if (lstat(from, &info) < 0)
		return 0;
	/* A link would bring any file of the host's into the guest. */
	if (!S_ISREG(info.st_mode))
		return error_set(err, "'%s' is not a file; put the script itself there", from);
	cleanup_free char *start = file_read(from, 1 << 20, err);
	return start ? file_write(to, start, err) : -1;
}

/* The image's own files: here and not in the image, which takes a minute to make and is the same with them changed. */
static int lay_image(const struct work *work, const char *upper, struct error **err)
{
	const struct image *image = work->resource->image;
	for (size_t i = 0; i < image->folders_count; i++)
		if (tree_copy(image->folders[i], upper, err) < 0)
			return -1;
	return 0;
}

/* The role's start, its services and activities are there before setup runs: it may change them. */
static int lay_out(const struct work *work, const char *upper, struct error **err)
{
	cleanup_free char *folder = xasprintf("%s/etc/toride", upper);
	if (lay_image(work, upper, err) < 0 || make_folders(folder, 0755, err) < 0 || lay_start(work, folder, err) < 0 ||
	    lay_folder(work, "services", upper, "/etc/toride/services", err) < 0)
		return -1;
	return lay_folder(work, "activities", upper, ACTIVITIES, err);
}

static int layer_create(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	return bake(work, &(struct baking){.what = "setup", .script = SET_UP, .lay_out = lay_out}, err);
}

const struct kind kind_layer = {
	.folder = "layers",
	.content = layer_content,
	.create = layer_create,
};
