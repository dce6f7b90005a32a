#include "orchestrator/range/account.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/xml.h"

enum { LINE_BYTES = 16384 };

/* The guest's file as a stream over a copy: what the guest does to it meanwhile cannot hurt. */
static char *copy_file(const struct guest *guest, const char *path, size_t *length)
{
	cleanup_close int fd = guest_file_open(guest, path, O_RDONLY);
	struct stat info;
	if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return NULL;
	cleanup_free char *content = xcalloc(1, ACCOUNT_FILE_BYTES + 1);
	*length = 0;
	for (ssize_t got; *length < ACCOUNT_FILE_BYTES && (got = read(fd, content + *length, ACCOUNT_FILE_BYTES - *length)) > 0;)
		*length += (size_t)got;
	return *length ? steal(&content) : NULL;
}

static int read_passwd(const struct guest *guest, struct account *account, struct error **err)
{
	size_t length;
	cleanup_free char *content = copy_file(guest, "/etc/passwd", &length);
	cleanup_file FILE *lines = content ? fmemopen(content, length, "r") : NULL;
	if (!lines)
		return error_set(err, "its /etc/passwd cannot be read");
	char buffer[LINE_BYTES];
	struct passwd entry, *found;
	while (fgetpwent_r(lines, &entry, buffer, sizeof buffer, &found) == 0)
		if (strcmp(found->pw_name, account->name) == 0) {
			if (found->pw_uid >= GUEST_IDS || found->pw_gid >= GUEST_IDS)
				return error_set(err, "its account '%s' has an id over %d", account->name, GUEST_IDS - 1);
			account->uid = found->pw_uid;
			account->gid = found->pw_gid;
			account->home = xstrdup(found->pw_dir);
			return 0;
		}
	return error_set(err, "it has no account '%s'", account->name);
}

static void read_groups(const struct guest *guest, struct account *account)
{
	size_t length;
	cleanup_free char *content = copy_file(guest, "/etc/group", &length);
	cleanup_file FILE *lines = content ? fmemopen(content, length, "r") : NULL;
	char buffer[LINE_BYTES];
	struct group entry, *found;
	while (lines && account->groups_count < ACCOUNT_GROUPS_MAX &&
	       fgetgrent_r(lines, &entry, buffer, sizeof buffer, &found) == 0)
		for (char **member = found->gr_mem; *member; member++)
			if (strcmp(*member, account->name) == 0 && found->gr_gid < GUEST_IDS) {
				account->groups[account->groups_count++] = found->gr_gid;
				break;
			}
}

int account_find(const struct guest *guest, const char *name, struct account *account, struct error **err)
{
	*account = (struct account){.name = xstrdup(name ? name : "root")};
	account->groups_count = 1; /* its own comes first */
	if (strcmp(account->name, "root") == 0)
		account->home = xstrdup("/root");
	else if (read_passwd(guest, account, err) < 0)
		return error_prefix(err, "team %d: host '%s'", guest->mark.team, guest->mark.name);
	account->groups[0] = account->gid;
	read_groups(guest, account);
	return 0;
}

void account_finish(struct account *account)
{
	free(account->name);
	free(account->home);
	*account = (struct account){0};
}
