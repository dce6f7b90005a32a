/*
 * What the process gives up for good once its socket and certificates are there: the file system (an empty directory that is
 * already removed becomes its root), its user, every privilege, and all system calls but those that serving needs.
 */
#ifndef TORIDE_SCOREBOARD_SANDBOX_H
#define TORIDE_SCOREBOARD_SANDBOX_H

#include "common/error.h"

/* As root: chroot, and become `user` (must exist and not be root). Else: does nothing, `user` is not looked at. */
int sandbox_drop_root(const char *user, struct error **err);
/* Limits on descriptors, core files and memory. */
int sandbox_limit(struct error **err);
/* Landlock: no file, no new TCP socket, no foreign abstract socket or signal; as far as the kernel knows these (none is told in
 * the log). Needs no_new_privs, which it sets. */
int sandbox_landlock(struct error **err);
/* seccomp: an allow-list; what is not on it fails with EPERM, what only an intruder would call ends the process. */
int sandbox_seccomp(struct error **err);

#endif
