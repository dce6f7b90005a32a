#include "scoreboard/timing.h"

int timing_factor(const struct timing *timing, int64_t at_ms)
{
	int floor = timing->floor_percent * (TIMING_FULL / 100);
	int64_t full = timing->full_by_ms, end = timing->floor_at_ms;
	if (end != TIMING_UNKNOWN && at_ms >= end && at_ms > full)
		return floor;
	if (full == TIMING_UNKNOWN || end == TIMING_UNKNOWN || at_ms <= full)
		return TIMING_FULL;
	return (int)(TIMING_FULL - ((TIMING_FULL - floor) * (at_ms - full) + (end - full) - 1) / (end - full));
}
