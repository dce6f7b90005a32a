/* Images: a Debian root file system by mmdebstrap, once for each list of packages. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "common/alloc.h"
#include "orchestrator/digest.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/sandbox.h"
#include "orchestrator/range/tree.h"

#define MMDEBSTRAP "/usr/bin/mmdebstrap"

/* Making one keeps less than a core busy (measured: 34 s of processor time in 50 s), and the network the rest of the time. */
enum { PROXIES_MAX = 3, IMAGES_AT_ONCE = 2 };

static char *joined(char *const *items, size_t count)
{
	char *text = xstrdup("");
	for (size_t i = 0; i < count; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? "," : "", items[i]);
		free(text);
		text = longer;
	}
	return text;
}

/* Where packages come through a proxy, the host's own environment says so, in apt's names. They do not stay in the image. */
static void add_proxies(const char **environment, size_t count, char *settings[PROXIES_MAX])
{
	static const char *const names[PROXIES_MAX] = {"http_proxy", "https_proxy", "no_proxy"};
	for (size_t i = 0; i < PROXIES_MAX; i++) {
		const char *value = getenv(names[i]);
		if (value)
			environment[count++] = settings[i] = xasprintf("%s=%s", names[i], value);
	}
	environment[count] = NULL;
}

static int debootstrap(const struct work *work, const struct draft *draft, const char *root, struct error **err)
{
	const struct image *image = work->resource->image;
	if (access(MMDEBSTRAP, X_OK) < 0)
		return error_set(err, "mmdebstrap is not installed; run `toride doctor --fix`");
	cleanup_close int log = draft_log(draft, err);
	if (log < 0)
		return -1;
	cleanup_free char *packages = joined(image->packages, image->packages_count);
	cleanup_free char *include = xasprintf("--include=%s", packages);
	cleanup_free char *temporary = xasprintf("TMPDIR=%s", draft->path);
	char *proxies[PROXIES_MAX] = {NULL};
	const char *environment[5 + PROXIES_MAX + 1] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root",
							"DEBIAN_FRONTEND=noninteractive", temporary};
	add_proxies(environment, 5, proxies);
	const struct sandbox sandbox = {
		.root_mount = -1,
		.argv = (const char *const[]){MMDEBSTRAP, "--variant=minbase", "--mode=root", include, image->suite, root, NULL},
		.environment = environment,
		.log = log,
		.timeout_ms = RANGE_IMAGE_TIMEOUT_MS,
		.cancel = work->cancel,
	};
	int status = sandbox_run(&sandbox, err);
	for (size_t i = 0; i < PROXIES_MAX; i++)
		free(proxies[i]);
	if (status == 0)
		return 0;
	cleanup_free char *end = draft_log_end(draft);
	error_prefix(err, "mmdebstrap");
	struct error *whole = NULL;
	error_set(&whole, "%s; its last lines:\n%s", err ? error_text(*err) : "", end);
	if (err)
		error_free(steal(err));
	return error_move(err, whole);
}

static int image_make(struct work *work, const char *path, struct error **err)
{
	cleanup_with(draft) struct draft draft = {.lock = -1};
	if (draft_create(work->range, "images", &draft, err) < 0)
		return -1;
	cleanup_free char *root = xasprintf("%s/root", draft.path);
	if (debootstrap(work, &draft, root, err) < 0)
		return -1;
	return draft_keep(&draft, "root", path, err);
}

/* The lock of one of the files, whichever is free first; -1 with *err: cancelled, or they cannot be used. */
static int take_lock(const struct work *work, const char *folder, const char *name, int files, struct error **err)
{
	for (int i = 0;; i = (i + 1) % files) {
		cleanup_free char *path = xasprintf("%s/.lock-%s-%d", folder, name, i + 1);
		cleanup_close int lock = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (lock < 0)
			return file_error(err, errno, "lock", path);
		if (flock(lock, LOCK_EX | LOCK_NB) == 0)
			return steal_fd(&lock);
		if (*work->cancel)
			return error_set(err, "cancelled");
		usleep(100000);
	}
}

/* Nobody makes the same image twice, and no more than a few are made at once: others would only take their bandwidth. */
static int image_create(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	cleanup_free char *path = cache_path(work);
	cleanup_free char *folder = xasprintf("%s/images", work->range->state_dir);
	if (make_folders(folder, 0700, err) < 0)
		return -1;
	cleanup_close int own = take_lock(work, folder, work->resource->image->name, 1, err);
	cleanup_close int slot = own < 0 ? -1 : take_lock(work, folder, "slot", IMAGES_AT_ONCE, err);
	if (slot < 0)
		return -1;
	return cache_has(work) ? 0 : image_make(work, path, err);
}

const struct kind kind_image = {
	.folder = "images",
	.create = image_create,
};
