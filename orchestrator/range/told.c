/* What a host is told, laid into the upper folder of a layer, a history or a disk: over what those below it were told. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/kind.h"

/* A guest may have had the folder before, and a trainee been its root: no link of his leads us anywhere. */
static int open_folder(int parent, const char *name, uint32_t owner, struct error **err)
{
	bool made = mkdirat(parent, name, 0755) == 0;
	if (!made && errno != EEXIST)
		return error_set_errno(err, errno, "make its folder '%s'", name);
	int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return error_set_errno(err, errno, "open its folder '%s'", name);
	if (made && fchown(folder, owner, owner) < 0) {
		close(folder);
		return error_set_errno(err, errno, "give it its folder '%s'", name);
	}
	return folder;
}

static int lay(int folder, const char *name, const char *text, uint32_t owner, struct error **err)
{
	ssize_t length = (ssize_t)strlen(text);
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "put away its last %s", name);
	cleanup_close int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || fchown(fd, owner, owner) < 0 || write(fd, text, (size_t)length) != length)
		return error_set_errno(err, errno, "write its %s", name);
	return 0;
}

int told_lay(const struct told *told, const char *upper, uint32_t owner, struct error **err)
{
	cleanup_close int root = open(upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int etc = root < 0 ? -1 : open_folder(root, "etc", owner, err);
	cleanup_close int own = etc < 0 ? -1 : open_folder(etc, "toride", owner, err);
	if (root < 0)
		return error_set_errno(err, errno, "open '%s'", upper);
	if (own < 0)
		return -1;
	return lay(own, "facts.json", told->facts, owner, err) < 0 || lay(own, "network", told->network, owner, err) < 0 ||
			       lay(etc, "hosts", told->hosts, owner, err) < 0 ||
			       lay(etc, "resolv.conf", told->resolver, owner, err) < 0
		       ? -1
		       : 0;
}
