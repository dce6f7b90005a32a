/*
 * Per-team secrets: worked out from a random key of the exercise, so that they are the same after a reset or a restart, and are kept nowhere but
 * in that key (exercises/EX/secrets.key, mode 0600, until the exercise is taken down) and in the guests that are given them.
 */
#include "orchestrator/range/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/alloc.h"
#include "orchestrator/range/tree.h"

enum { KEY_BYTES = crypto_generichash_KEYBYTES };

/* ---- the key ---- */

static char *key_path(const struct range *range, const char *exercise)
{
	cleanup_free char *folder = range_exercise_folder(range, exercise);
	return xasprintf("%s/secrets.key", folder);
}

static int key_read(const char *path, unsigned char key[KEY_BYTES], struct error **err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return file_error(err, errno, "open", path);
	return read(fd, key, KEY_BYTES) == KEY_BYTES
		       ? 0
		       : error_set(err, "'%s' is cut short; `toride down` the exercise, and build it anew", path);
}

/* Whole or not at all: whoever is first gives it its name, the others take that one. */
static int key_make(const char *path, struct error **err)
{
	unsigned char key[KEY_BYTES];
	cleanup_free char *draft = xasprintf("%s.XXXXXX", path);
	cleanup_close int fd = mkostemp(draft, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return file_error(err, errno, "make", draft);
	randombytes_buf(key, sizeof key);
	bool made = write(fd, key, sizeof key) == sizeof key && fsync(fd) == 0 && (link(draft, path) == 0 || errno == EEXIST);
	int failure = errno;
	sodium_memzero(key, sizeof key);
	unlink(draft);
	return made ? 0 : file_error(err, failure, "make", path);
}

static int key_of(const struct range *range, const char *exercise, unsigned char key[KEY_BYTES], struct error **err)
{
	cleanup_free char *path = key_path(range, exercise);
	if (access(path, F_OK) < 0 && errno == ENOENT && key_make(path, err) < 0)
		return -1;
	return key_read(path, key, err);
}

void secret_forget(const struct range *range, const char *exercise)
{
	cleanup_free char *path = key_path(range, exercise);
	unlink(path);
}

/* ---- the values ---- */

int range_secret(struct range *range, const char *exercise, int team, const char *name, char text[RANGE_SECRET_SIZE],
		 struct error **err)
{
	/* 32 of them, five bits each; none is mistaken for another on paper. */
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char key[KEY_BYTES], hash[RANGE_SECRET_SIZE - 1];
	if (key_of(range, exercise, key, err) < 0)
		return error_prefix(err, "secret '%s'", name);
	cleanup_free char *what = xasprintf("toride secret %s %d %s", exercise, team, name);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)what, strlen(what), key, sizeof key);
	for (size_t i = 0; i < sizeof hash; i++)
		text[i] = letters[hash[i] % 32];
	text[sizeof hash] = '\0';
	sodium_memzero(key, sizeof key);
	return 0;
}

static char *secrets_json(const struct work *work, struct error **err)
{
	const struct host *host = work->resource->host;
	cleanup_json json_t *secrets = json_object();
	for (size_t i = 0; i < host->secrets_count; i++) {
		char text[RANGE_SECRET_SIZE];
		if (range_secret(work->range, work->mark.exercise, work->mark.team, host->secrets[i], text, err) < 0)
			return NULL;
		json_object_set_new(secrets, host->secrets[i], json_string(text));
	}
	return json_dumps(secrets, JSON_SORT_KEYS | JSON_INDENT(2));
}

/* ---- into the guest ---- */

/* The guest may have run before, and a trainee been its root: no link of his leads us anywhere. */
static int open_folder(const char *root, struct error **err)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	cleanup_close int base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int folder = base < 0 ? -1 : (int)syscall(SYS_openat2, base, "etc/toride", &how, sizeof how);
	return folder >= 0 ? folder : error_set_errno(err, errno, "open its /etc/toride");
}

int secret_deliver(const struct work *work, const char *root, uint32_t owner, struct error **err)
{
	if (!work->resource->host->secrets_count)
		return 0;
	cleanup_free char *json = secrets_json(work, err);
	cleanup_close int folder = json ? open_folder(root, err) : -1;
	if (folder < 0)
		return json ? error_prefix(err, "secrets") : -1;
	if (unlinkat(folder, "secrets.json", 0) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "secrets: put away the last /etc/toride/secrets.json");
	cleanup_close int fd = openat(folder, "secrets.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t length = (ssize_t)strlen(json);
	bool done = fd >= 0 && fchown(fd, owner, owner) == 0 && write(fd, json, (size_t)length) == length;
	int failure = errno;
	sodium_memzero(json, (size_t)length);
	return done ? 0 : error_set_errno(err, failure, "secrets: write /etc/toride/secrets.json");
}
