#include "orchestrator/exercise/turn.h"

#include <stdlib.h>

#include "orchestrator/digest.h"

enum { DIGITS = 13 }; /* hex digits that a double holds whole */

void work_init(struct work_clock *clock)
{
	*clock = (struct work_clock){.percent = LOAD_FULL_PERCENT};
}

int64_t work_done(const struct work_clock *clock, int64_t now_ms)
{
	return clock->done + (now_ms - clock->since_ms) * clock->percent;
}

void work_set_load(struct work_clock *clock, int percent, int64_t now_ms)
{
	*clock = (struct work_clock){.percent = percent, .done = work_done(clock, now_ms), .since_ms = now_ms};
}

int64_t work_when_ms(const struct work_clock *clock, int64_t work)
{
	if (clock->percent <= 0)
		return INT64_MAX;
	return clock->since_ms + (work - clock->done + clock->percent - 1) / clock->percent;
}

/* From 0 up to 1; the same on every machine. */
static double chance(const struct turns *turns, const char *of)
{
	char hex[65];
	struct digest digest;
	digest_init(&digest);
	digest_add(&digest, of);
	digest_add(&digest, turns->person);
	digest_addf(&digest, "%d %lld", turns->team, (long long)turns->number);
	digest_finish(&digest, hex);
	hex[DIGITS] = '\0';
	return (double)strtoull(hex, NULL, 16) / (double)(UINT64_C(1) << (4 * DIGITS));
}

void turns_init(struct turns *turns, int team, const char *person, int64_t pace_ms)
{
	*turns = (struct turns){.team = team, .person = person, .pace_ms = pace_ms};
	turns->due = (int64_t)(chance(turns, "gap") * (double)pace_ms) * LOAD_FULL_PERCENT; /* not all of them at once */
}

size_t turns_pick(const struct turns *turns, size_t count)
{
	return (size_t)(chance(turns, "pick") * (double)count);
}

void turns_pass(struct turns *turns, int64_t work)
{
	while (turns->due <= work) {
		turns->number++;
		turns->due += (int64_t)((0.5 + chance(turns, "gap")) * (double)turns->pace_ms) * LOAD_FULL_PERCENT;
	}
}
