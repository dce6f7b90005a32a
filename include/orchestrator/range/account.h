/* An account of a guest, read from the guest's own /etc/passwd and /etc/group: trainees may change them, so everything is
 * bounded. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_ACCOUNT_H
#define TORIDE_ORCHESTRATOR_RANGE_ACCOUNT_H

#include "orchestrator/range/guest.h"

enum { ACCOUNT_GROUPS_MAX = 64, ACCOUNT_FILE_BYTES = 1 << 20 };

struct account {
	char *name, *home;
	uid_t uid; /* as the guest counts */
	gid_t gid;
	gid_t groups[ACCOUNT_GROUPS_MAX];
	size_t groups_count;
};

/* `name` NULL: root, whatever the guest's files say. */
int account_find(const struct guest *guest, const char *name, struct account *account, struct error **err);
void account_finish(struct account *account);
CLEANUP_DEFINE(account, struct account, account_finish(held));

#endif
