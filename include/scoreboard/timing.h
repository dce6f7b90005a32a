/* Points against time: full until one moment, in a straight line to the floor at another, the floor from then on. Pure integers. */
#ifndef TORIDE_SCOREBOARD_TIMING_H
#define TORIDE_SCOREBOARD_TIMING_H

#include <stdint.h>

enum { TIMING_UNKNOWN = -1, TIMING_FULL = 1000, TIMING_FLOOR_PERCENT = 40 };

struct timing {
	int64_t full_by_ms, floor_at_ms; /* TIMING_UNKNOWN: none, or what it counts from has not happened: no limit yet */
	int floor_percent;
};

/* Thousandths, rounded down. */
int timing_factor(const struct timing *timing, int64_t at_ms);

#endif
