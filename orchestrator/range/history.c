/* Histories: what happened at a host before the exercise's day, told by its role; a thin layer of its own, so that a new day makes nothing else anew. */
#include <unistd.h>

#include "common/alloc.h"
#include "orchestrator/digest.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/tree.h"

static char *history_file(const struct work *work)
{
	return xasprintf("%s/history", work->resource->host->role->folder);
}

static int history_content(const struct work *work, struct tree_digests *trees, struct digest *digest, struct error **err)
{
	cleanup_free char *file = history_file(work);
	cleanup_free char *chronicle = xasprintf("%s/" CHRONICLE_FOLDER, work->range->data_dir);
	char content[65], chronicle_content[65];
	if (tree_digests_get(trees, file, NULL, content, err) < 0 ||
	    tree_digests_get(trees, chronicle, NULL, chronicle_content, err) < 0)
		return -1;
	digest_add(digest, content);
	digest_add(digest, chronicle_content);
	return 0;
}

static int history_create(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	cleanup_free char *file = history_file(work);
	if (access(file, X_OK) < 0)
		return error_set(err, "'%s' cannot be run; chmod +x it", file);
	return bake(work, &(struct baking){.what = "history", .script = "exec " ROLE_PLACE "/history"}, err);
}

const struct kind kind_history = {
	.folder = "histories",
	.content = history_content,
	.create = history_create,
};
