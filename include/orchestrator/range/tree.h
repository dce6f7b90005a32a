/* Files and folders of the host: small helpers over the system calls, with errors that name the path and, for a full disk, the
 * mend. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_TREE_H
#define TORIDE_ORCHESTRATOR_RANGE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"

/* Sets the error of a failed file operation; says what helps when the disk is full. Always -1. */
int file_error(struct error **err, int errnum, const char *what, const char *path);

/* At most `limit` bytes of a small file, zero-ended; NULL with *err. Caller frees. */
char *file_read(const char *path, size_t limit, struct error **err);
/* Replaces the file's content as one step (a temporary file, renamed). */
int file_write(const char *path, const char *content, struct error **err);

int make_folder(const char *path, mode_t mode, struct error **err);  /* one that is there is fine */
int make_folders(const char *path, mode_t mode, struct error **err); /* parents too */
/* What is made in the folder from now on is laid apart on the disk, where the file system can be told so (ext4: the attribute T of chattr(1)). ext4 hands
 * out no inode that was freed within the last minutes and looks at each of them in turn: where guests come and go in one place, every new file of the
 * next ones is searched for longer. */
void folder_spread(const char *path);

/* The room that all in it takes on the disk; what cannot be looked at counts nothing. */
int64_t tree_bytes(const char *path);
/* Removes a folder and all in it, whatever is in it; what is not there is fine. Does not cross into other file systems. */
int tree_remove(const char *path, struct error **err);
/* Copies what is in `from` over what is in `to`: owned by root, modes 755 and 644. */
int tree_copy(const char *from, const char *to, struct error **err);

/* BLAKE2b-256 (RFC 7693) over names, kinds, modes (executable or not) and contents, in order of names; lower-case hex. A path that is not there
 * has a digest, too. What is called `without` right below it is left out (NULL: nothing). */
int tree_digest(const char *path, const char *without, char digest[65], struct error **err);

/* The same, with each tree read once: for many questions at one moment. By one thread. */
struct tree_digests {
	struct tree_digested {
		char *path, *without;
		char digest[65];
	} * items;
	size_t count;
};
int tree_digests_get(struct tree_digests *digests, const char *path, const char *without, char digest[65], struct error **err);
void tree_digests_finish(struct tree_digests *digests);

#endif
