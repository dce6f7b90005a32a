/* The kinds of resources: each is one const table of functions. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_KIND_H
#define TORIDE_ORCHESTRATOR_RANGE_KIND_H

#include "orchestrator/digest.h"
#include "orchestrator/range/found.h"
#include "orchestrator/range/guest.h"
#include "orchestrator/range/overlay.h"
#include "orchestrator/range/tree.h"

/* A planned resource on its way into being. */
struct work {
	struct range *range;
	const struct plan *plan;
	const struct resource *resource;
	const struct work *works; /* of the whole plan, by the plan's indexes */
	struct mark mark;	  /* its digest: the plan's, mixed with what the folders hold and with what it stands on */
	char digest[65];
	const volatile bool *cancel;
	/* a guest that is being made; held open until all are: */
	struct guest guest;
	int64_t started_ms;
	bool is_held; /* made, but it does nothing yet: it begins with kind.begin */
};

enum settled { SETTLE_FAILED = -1, SETTLE_NOT_YET, SETTLE_DONE };

struct kind {
	const char
		*folder; /* what is cached, below the state directory: stays when the exercise goes; NULL: part of the exercise */
	/* Mixes what is not in the plan's digest into it. NULL: nothing. */
	int (*content)(const struct work *work, struct tree_digests *trees, struct digest *digest, struct error **err);
	int (*create)(struct work *work, virConnectPtr connection, struct error **err);
	/* After create, where `is_held` was set before it: now it may begin. */
	int (*begin)(struct work *work, struct error **err);
	/* After that, until it is SETTLE_DONE: is it ready? NULL: at once. */
	enum settled (*settle)(struct work *work, struct error **err);
	int (*destroy)(struct range *range, virConnectPtr connection, const struct found *found, struct error **err);
};
extern const struct kind kind_image, kind_layer, kind_history, kind_network, kind_disk, kind_guest;
const struct kind *kind_of(enum resource_kind kind);

/* A guest that is there, with its disk: stopped, the disk emptied, started. */
int guest_reset(struct work *work, virConnectPtr connection, struct error **err);
int disk_reset(const struct work *work, struct error **err);
/* The disk's place in the host's file system, for as long as the guest takes to start. */
int disk_mount(const struct work *work, struct error **err);
int disk_unmount(const struct work *work, struct error **err);

/* The first need of that kind; the plan promises that it is there. */
const struct work *work_need(const struct work *work, enum resource_kind kind);
/* Where an image, layer or history lies: state_dir/images/NAME-DIGEST. Caller frees. */
char *cache_path(const struct work *work);
bool cache_has(const struct work *work);
/* What it stands on: the cached folders of its history, layer and image, the top first. */
enum { STACK_LINE_MAX = 256 };
struct stack {
	char *paths[OVERLAY_LAYERS_MAX];
	size_t count;
};
void stack_init(struct stack *stack, const struct work *work);
/* What the disk in this folder stands on. */
int stack_read(struct stack *stack, const struct range *range, const char *folder, struct error **err);
void stack_finish(struct stack *stack);
CLEANUP_DEFINE(stack, struct stack, stack_finish(held));
uint32_t work_id_base(const struct work *work);

/* A folder state_dir/FOLDER/.tmp-XXXXXX for something that is being made, held by a lock; those of the dead are removed on the
 * way. */
struct draft {
	char *path;
	int lock;
};
int draft_create(const struct range *range, const char *folder, struct draft *draft, struct error **err);
/* -1 with the mend: the disk has too little room for anything to be begun there; or so little that what was made may not be whole. */
int cache_room(const struct range *range, const char *folder, struct error **err);
int draft_room(const struct draft *draft, struct error **err);
void draft_destroy(struct draft *draft);
CLEANUP_DEFINE(draft, struct draft, draft_destroy(held));
void drafts_remove_dead(const struct range *range, const char *folder);
/* A new file for output in the draft. */
int draft_log(const struct draft *draft, struct error **err);
/* The last lines of the log, as one text for a person; caller frees. */
char *draft_log_end(const struct draft *draft);
/* The finished part of the draft gets its name; when another was faster, that is as good. */
int draft_keep(const struct draft *draft, const char *part, const char *path, struct error **err);

/*
 * Bakes a layer or history: in a chroot of what it stands on, without a network, /bin/sh runs `script`, which finds the role's folder and the guest programs
 * (ROLE_PLACE, PROGRAMS_PLACE; also in its environment), and a history Python's module of the organisation's past (CHRONICLE_PLACE, from data_dir's CHRONICLE_FOLDER); what that changes, over what `lay_out` has put there before and what the host is told, is then in the cache. `what`: as
 * a person calls the script.
 */
struct baking {
	const char *what, *script;
	int (*lay_out)(const struct work *work, const char *upper, struct error **err); /* NULL: nothing */
};
#define ROLE_PLACE "/run/toride-bake/role"
#define PROGRAMS_PLACE "/run/toride-bake/programs"
#define CHRONICLE_PLACE "/run/toride-bake/history"
#define CHRONICLE_FOLDER "scenarios/history"
int bake(const struct work *work, const struct baking *baking, struct error **err);

/* What a host is told, as files of `owner` in an upper folder that is mounted nowhere yet. */
int told_lay(const struct told *told, const char *upper, uint32_t owner, struct error **err);

#endif
