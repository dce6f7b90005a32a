#include "orchestrator/range/mounts.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* "36 35 98:0 /root /point options tag:n... - type source options"; see proc(5). */
static bool parse(const char *text, struct mount_line *line)
{
	int rest = 0;
	const char *end = strstr(text, " - ");
	*line = (struct mount_line){0};
	if (!end || sscanf(text, "%*d %*d %*s %*s %4095s %*s%n", line->point, &rest) != 1 ||
	    sscanf(end, " - %31s", line->type) != 1)
		return false;
	const char *shared = strstr(text + rest, " shared:"), *master = strstr(text + rest, " master:");
	line->shared = shared && shared < end;
	line->receives = line->shared || (master && master < end);
	return true;
}

static bool holds(const char *point, const char *path)
{
	size_t length = strlen(point);
	if (strcmp(point, "/") == 0)
		return path[0] == '/';
	return strncmp(path, point, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool mount_line_of(const char *mountinfo, const char *path, struct mount_line *line)
{
	cleanup_file FILE *file = fopen(mountinfo, "re");
	cleanup_free char *text = NULL;
	size_t size = 0;
	bool found = false;
	*line = (struct mount_line){0};
	for (struct mount_line one; file && getline(&text, &size, file) > 0;) {
		if (!parse(text, &one) || !holds(one.point, path) || (found && strlen(one.point) < strlen(line->point)))
			continue;
		*line = one;
		found = true;
	}
	return found;
}
