/*
 * A guest's root file system: read-only layers, their owners shifted by idmapped mounts, under a writable upper directory.
 *
 * The idmapped mounts are made in a private mount namespace of a short-lived thread, so they never show on the host; of an
 * overlay only its own mount stays. Works from kernel 5.19 (idmapped layers); `userxattr` so that a layer made here can be read
 * in a user namespace.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_OVERLAY_H
#define TORIDE_ORCHESTRATOR_RANGE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { OVERLAY_LAYERS_MAX = 4 };

struct overlay {
	char *const *layers; /* top first; ids on disk from 0 */
	size_t layers_count; /* at most OVERLAY_LAYERS_MAX */
	const char *folder;  /* holds upper/ and work/, both owned by id_base */
	uint32_t id_base;    /* ids 0..65535 of the layers are seen as id_base..; 0: as they are */
};

/* Makes the overlay: a descriptor of a mount that is attached nowhere yet; -1 with *err. */
int overlay_create(const struct overlay *overlay, struct error **err);
/* The same, mounted on `target`. */
int overlay_mount(const struct overlay *overlay, const char *target, struct error **err);

bool is_mount_point(const char *folder);
/* Detaches every mount at or below `folder`. */
int unmount_below(const char *folder, struct error **err);

#endif
