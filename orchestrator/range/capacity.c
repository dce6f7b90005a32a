/* What this host has for a range. */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range.h"

static int read_memory(struct capacity *capacity, struct error **err)
{
	cleanup_file FILE *file = fopen("/proc/meminfo", "re");
	if (!file)
		return error_set_errno(err, errno, "/proc/meminfo");
	char line[256];
	long long available_kib;
	while (fgets(line, sizeof line, file)) {
		if (sscanf(line, "MemAvailable: %lld kB", &available_kib) == 1) {
			capacity->memory_available_bytes = available_kib * 1024;
			return 0;
		}
	}
	return error_set(err, "/proc/meminfo does not say MemAvailable");
}

/* The file system that the directory is on, or will be on: that of the nearest directory above it that exists. */
static int read_disk(const char *state_dir, struct capacity *capacity, struct error **err)
{
	cleanup_free char *path = xstrdup(state_dir);
	struct statvfs disk;
	while (statvfs(*path ? path : ".", &disk) < 0) {
		char *slash = strrchr(path, '/');
		if (errno != ENOENT || !*path)
			return error_set_errno(err, errno, "'%s': free space", state_dir);
		if (!slash)
			*path = '\0';
		else
			slash[slash == path && slash[1] ? 1 : 0] = '\0';
	}
	capacity->disk_available_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	return 0;
}

int capacity_read(const char *state_dir, struct capacity *capacity, struct error **err)
{
	return read_memory(capacity, err) < 0 || read_disk(state_dir, capacity, err) < 0 ? -1 : 0;
}
