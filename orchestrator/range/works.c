/* A plan's resources on their way into being, and the lock on the exercise that they are part of. */
#include "orchestrator/range/works.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/digest.h"
#include "orchestrator/range/tree.h"

enum { LOCK_WAIT_MS = 3000, LOCK_WAIT_SHORT_WORK_MS = 60000 };

/* ---- one process at a time works on an exercise; a dead one's lock is gone ---- */

/* The name becomes a folder: no name may lead elsewhere. */
static bool is_exercise_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return length && length <= PLAN_NAME_MAX && !text[length] && text[0] >= 'a';
}

int exercise_lock(const struct range *range, const char *exercise, enum lock_purpose purpose, struct error **err)
{
	const bool make = purpose == LOCK_TO_MAKE;
	const int64_t wait_ms = purpose >= LOCK_TO_RESET ? LOCK_WAIT_SHORT_WORK_MS : LOCK_WAIT_MS;
	if (!is_exercise_name(exercise))
		return error_set(err, "'%.40s' is not the name of an exercise", exercise);
	cleanup_free char *folder = range_exercise_folder(range, exercise);
	for (int64_t deadline_ms = monotonic_ms() + wait_ms;;) {
		if (make && make_folders(folder, 0711, err) < 0)
			return -1;
		/* Who takes down makes nothing: the disk may be full. */
		const char *place = make || access(folder, F_OK) == 0 ? folder : range->state_dir;
		cleanup_close int lock = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat info;
		/* Who removed the folder meanwhile has left us the lock of nothing. */
		if (lock >= 0 && flock(lock, (purpose == LOCK_TO_RESET ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 &&
		    fstat(lock, &info) == 0 && info.st_nlink > 0)
			return steal_fd(&lock);
		if (lock < 0 && errno != ENOENT)
			return file_error(err, errno, "lock", place);
		if (monotonic_ms() > deadline_ms)
			return error_set(err, "exercise '%s' is being built or taken down by another process; wait for it",
					 exercise);
		usleep(20000);
	}
}

int range_hold_still(struct range *range, const char *exercise, struct error **err)
{
	return exercise_lock(range, exercise, LOCK_TO_VERIFY, err);
}

bool exercise_is_still(const struct range *range, const char *exercise)
{
	cleanup_free char *folder = range_exercise_folder(range, exercise);
	cleanup_close int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0;
}

int cache_lock(const struct range *range, int how, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/cache.lock", range->state_dir);
	cleanup_close int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (lock >= 0 && flock(lock, how) < 0)
		if (errno != EINTR)
			return file_error(err, errno, "lock", path);
	return lock >= 0 ? steal_fd(&lock) : file_error(err, errno, "make", path);
}

/* ---- works: the plan's resources with their digests ---- */

static int finish_digest(struct work *work, struct tree_digests *trees, struct error **err)
{
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, work->resource->digest);
	const struct kind *kind = kind_of(work->resource->kind);
	if (kind->content && kind->content(work, trees, &digest, err) < 0)
		return error_prefix(err, "%s '%s'", resource_kind_names[work->resource->kind], work->resource->name);
	for (size_t i = 0; i < work->resource->needs_count; i++)
		digest_add(&digest, work->works[work->resource->needs[i]].digest);
	digest_finish(&digest, work->digest);
	snprintf(work->mark.digest, sizeof work->mark.digest, "%.32s", work->digest);
	return 0;
}

CLEANUP_DEFINE(trees, struct tree_digests, tree_digests_finish(held));

struct work *works_create(struct range *range, const struct plan *plan, int block, const volatile bool *cancel,
			  struct error **err)
{
	static const volatile bool never;
	cleanup_with(trees) struct tree_digests trees = {0};
	cleanup_free struct work *works = xcalloc(plan->resources_count + 1, sizeof *works);
	for (size_t i = 0; i < plan->resources_count; i++) {
		const struct resource *resource = &plan->resources[i];
		const char *name = resource->network ? resource->network->name
				   : resource->host  ? resource->host->name
						     : resource->image->name;
		struct work *work = &works[i];
		*work = (struct work){.range = range,
				      .plan = plan,
				      .resource = resource,
				      .works = works,
				      .guest = GUEST_CLOSED,
				      .cancel = cancel ? cancel : &never};
		work->mark = (struct mark){.kind = resource->kind, .team = resource->team, .block = block};
		snprintf(work->mark.site, sizeof work->mark.site, "%s", range->site);
		snprintf(work->mark.exercise, sizeof work->mark.exercise, "%s", plan->exercise);
		snprintf(work->mark.name, sizeof work->mark.name, "%s", name);
		if (resource->guest_index >= BLOCK_GUESTS) {
			error_set(err, "over %d guests in an exercise", BLOCK_GUESTS);
			return NULL;
		}
		if (finish_digest(work, &trees, err) < 0)
			return NULL;
	}
	return steal(&works);
}

void works_destroy(struct work *works, size_t count)
{
	for (size_t i = 0; works && i < count; i++)
		guest_close(&works[i].guest);
	free(works);
}
