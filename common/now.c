#include "common/now.h"

#include <time.h>

enum { JAPAN_IS_AHEAD_S = 9 * 3600 }; /* all the year round */

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

void today(char text[TODAY_SIZE])
{
	const time_t there = time(NULL) + JAPAN_IS_AHEAD_S;
	struct tm parts;
	strftime(text, TODAY_SIZE, "%Y-%m-%d", gmtime_r(&there, &parts));
}
