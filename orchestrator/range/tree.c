#include "orchestrator/range/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/fs.h>
#include <sodium.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"

enum { TREE_DEPTH_MAX = 32, TREE_FILES_MAX = 100000, FILE_FIRST_BYTES = 4096 };

int file_error(struct error **err, int errnum, const char *what, const char *path)
{
	if (errnum == ENOSPC || errnum == EDQUOT)
		return error_set(err, "%s '%s': the disk is full; make room there, or move the state with --state-dir", what,
				 path);
	return error_set_errno(err, errnum, "%s '%s'", what, path);
}

char *file_read(const char *path, size_t limit, struct error **err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		file_error(err, errno, "open", path);
		return NULL;
	}
	/* Grows with the file: the limits are far above what most files hold, and memory that is not needed costs, too. */
	size_t length = 0, room = limit < FILE_FIRST_BYTES ? limit : FILE_FIRST_BYTES;
	cleanup_free char *content = xrealloc_array(NULL, room + 1, 1);
	for (ssize_t got; length < limit && (got = read(fd, content + length, room - length)) != 0;) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			file_error(err, errno, "read", path);
			return NULL;
		}
		length += (size_t)got;
		if (length == room && room < limit) {
			room = room < limit / 4 ? room * 4 : limit;
			content = xrealloc_array(content, room + 1, 1);
		}
	}
	content[length] = '\0';
	return steal(&content);
}

static int write_all(int fd, const char *content)
{
	for (size_t left = strlen(content); left;) {
		ssize_t put = write(fd, content, left);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		content += put;
		left -= (size_t)put;
	}
	return 0;
}

int file_write(const char *path, const char *content, struct error **err)
{
	cleanup_free char *temporary = xasprintf("%s.new", path);
	cleanup_close int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return file_error(err, errno, "write", temporary);
	int failure = write_all(fd, content);
	if (failure)
		return file_error(err, failure, "write", temporary);
	if (rename(temporary, path) < 0)
		return file_error(err, errno, "write", path);
	return 0;
}

int make_folder(const char *path, mode_t mode, struct error **err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return file_error(err, errno, "make folder", path);
	return 0;
}

int make_folders(const char *path, mode_t mode, struct error **err)
{
	cleanup_free char *part = xstrdup(path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_folder(part, mode, err) < 0)
			return -1;
		*slash = '/';
	}
	return make_folder(path, mode, err);
}

void folder_spread(const char *path)
{
	int flags;
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_TOPDIR_FL)) {
		flags |= FS_TOPDIR_FL;
		ioctl(fd, FS_IOC_SETFLAGS, &flags); /* a file system without it needs none */
	}
}

/* coreutils know how to do it for trees of any depth, without a descriptor or stack for each level. */
static int run_tool(const char *const *argv, const char *what, const char *path, struct error **err)
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	pid_t pid;
	int status, failure = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, (char *const *)environment);
	if (failure)
		return error_set_errno(err, failure, "%s '%s': run %s", what, path, argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "%s '%s'", what, path);
	return status == 0 ? 0 : error_set(err, "%s '%s': %s failed, see its message above", what, path, argv[0]);
}

int tree_remove(const char *path, struct error **err)
{
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	return run_tool((const char *const[]){"rm", "-rf", "--one-file-system", "--", path, NULL}, "remove", path, err);
}

/* Gives the copies of all in `from` the modes of a package: a checkout's own depend on somebody's umask, and a folder that only
 * root may enter, such as /etc then, breaks a guest. */
static int plain_modes(const char *from, const char *to, struct error **err)
{
	char *roots[] = {(char *)from, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int result = walk ? 0 : file_error(err, errno, "look into", from);
	for (FTSENT *entry; result == 0 && (entry = fts_read(walk));) {
		bool file = entry->fts_info == FTS_F, folder = entry->fts_info == FTS_D;
		cleanup_free char *copy = xasprintf("%s%s", to, entry->fts_path + strlen(from));
		if ((file || folder) && chmod(copy, folder || entry->fts_statp->st_mode & S_IXUSR ? 0755 : 0644) < 0)
			result = file_error(err, errno, "change the mode of", copy);
	}
	if (walk)
		fts_close(walk);
	return result;
}

int tree_copy(const char *from, const char *to, struct error **err)
{
	cleanup_free char *content = xasprintf("%s/.", from);
	const char *const argv[] = {"cp", "-RP", "--preserve=mode,timestamps,links", "--", content, to, NULL};
	return run_tool(argv, "copy", from, err) < 0 ? -1 : plain_modes(from, to, err);
}

int64_t tree_bytes(const char *path)
{
	char *roots[] = {(char *)path, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int64_t bytes = 0;
	for (FTSENT *entry; walk && (entry = fts_read(walk));)
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS)
			bytes += (int64_t)entry->fts_statp->st_blocks * 512; /* stat(2) */
	if (walk)
		fts_close(walk);
	return bytes;
}

/* ---- digest ---- */

struct tree_hash {
	crypto_generichash_state hash;
	size_t files;
	const char *without;
};

static void add(struct tree_hash *digest, const void *data, size_t length)
{
	crypto_generichash_update(&digest->hash, data, length);
}

static int add_file(struct tree_hash *digest, const char *path, struct error **err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return file_error(err, errno, "open", path);
	char block[65536];
	for (ssize_t got; (got = read(fd, block, sizeof block)) != 0;) {
		if (got < 0)
			return file_error(err, errno, "read", path);
		add(digest, block, (size_t)got);
	}
	return 0;
}

static int add_path(struct tree_hash *digest, const char *path, const char *name, int depth, struct error **err);

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int add_folder(struct tree_hash *digest, const char *path, int depth, struct error **err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, not_dots, by_name);
	int result = count < 0 ? file_error(err, errno, "list", path) : 0;
	for (int i = 0; i < count; i++) {
		cleanup_free char *below = xasprintf("%s/%s", path, entries[i]->d_name);
		bool skipped = depth == 0 && digest->without && strcmp(entries[i]->d_name, digest->without) == 0;
		if (result == 0 && !skipped)
			result = add_path(digest, below, entries[i]->d_name, depth + 1, err);
		free(entries[i]);
	}
	free(entries);
	add(digest, "end", 4);
	return result;
}

static int add_path(struct tree_hash *digest, const char *path, const char *name, int depth, struct error **err)
{
	struct stat info;
	if (lstat(path, &info) < 0)
		return file_error(err, errno, "look at", path);
	if (depth > TREE_DEPTH_MAX || ++digest->files > TREE_FILES_MAX)
		return error_set(err, "'%s': over %d files or %d folders deep; make it smaller", path, TREE_FILES_MAX,
				 TREE_DEPTH_MAX);
	const unsigned kind[3] = {info.st_mode & S_IFMT, S_ISREG(info.st_mode) && (info.st_mode & 0111),
				  S_ISREG(info.st_mode) ? (unsigned)info.st_size : 0};
	add(digest, name, strlen(name) + 1);
	add(digest, kind, sizeof kind);
	if (S_ISDIR(info.st_mode))
		return add_folder(digest, path, depth, err);
	if (S_ISREG(info.st_mode))
		return add_file(digest, path, err);
	if (S_ISLNK(info.st_mode)) {
		char target[4096];
		ssize_t length = readlink(path, target, sizeof target);
		if (length < 0)
			return file_error(err, errno, "read link", path);
		add(digest, target, (size_t)length);
	}
	return 0;
}

int tree_digest(const char *path, const char *without, char digest_hex[65], struct error **err)
{
	struct tree_hash digest = {.without = without};
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash_init(&digest.hash, NULL, 0, sizeof hash);
	if (access(path, F_OK) == 0 && add_path(&digest, path, "", 0, err) < 0)
		return -1;
	crypto_generichash_final(&digest.hash, hash, sizeof hash);
	sodium_bin2hex(digest_hex, 65, hash, sizeof hash);
	return 0;
}

static bool is_same_tree(const struct tree_digested *known, const char *path, const char *without)
{
	return strcmp(known->path, path) == 0 &&
	       (without && known->without ? strcmp(known->without, without) == 0 : known->without == without);
}

int tree_digests_get(struct tree_digests *digests, const char *path, const char *without, char digest[65], struct error **err)
{
	for (size_t i = 0; i < digests->count; i++) {
		if (!is_same_tree(&digests->items[i], path, without))
			continue;
		memcpy(digest, digests->items[i].digest, 65);
		return 0;
	}
	if (tree_digest(path, without, digest, err) < 0)
		return -1;
	struct tree_digested *known = array_add(&digests->items, &digests->count);
	*known = (struct tree_digested){.path = xstrdup(path), .without = xstrdup(without)};
	memcpy(known->digest, digest, 65);
	return 0;
}

void tree_digests_finish(struct tree_digests *digests)
{
	for (size_t i = 0; i < digests->count; i++) {
		free(digests->items[i].path);
		free(digests->items[i].without);
	}
	free(digests->items);
}
