#include "orchestrator/exercise/clock.h"

const char *const clock_state_names[] = {"ready", "running", "paused", "ended"};

void clock_init(struct clock *clock, int64_t duration_ms)
{
	*clock = (struct clock){.state = CLOCK_READY, .duration_us = duration_ms * 1000};
}

static int64_t shown_us(const struct clock *clock, int64_t now_us)
{
	int64_t shown = clock->shown_us;
	if (clock->state == CLOCK_RUNNING && now_us > clock->since_us)
		shown += now_us - clock->since_us;
	return shown < clock->duration_us ? shown : clock->duration_us;
}

int64_t clock_ms(const struct clock *clock, int64_t now_us)
{
	return shown_us(clock, now_us) / 1000;
}

static void change(struct clock *clock, enum clock_state state, int64_t now_us)
{
	clock->shown_us = shown_us(clock, now_us);
	clock->since_us = now_us;
	clock->state = state;
}

void clock_run(struct clock *clock, int64_t now_us)
{
	if (clock->state == CLOCK_READY || clock->state == CLOCK_PAUSED)
		change(clock, CLOCK_RUNNING, now_us);
}

void clock_pause(struct clock *clock, int64_t now_us)
{
	if (clock->state == CLOCK_RUNNING)
		change(clock, CLOCK_PAUSED, now_us);
}

void clock_end(struct clock *clock, int64_t now_us)
{
	change(clock, CLOCK_ENDED, now_us);
}

void clock_set(struct clock *clock, enum clock_state state, int64_t ms)
{
	clock->state = state;
	clock->shown_us = ms * 1000 < clock->duration_us ? ms * 1000 : clock->duration_us;
}

int64_t clock_when_us(const struct clock *clock, int64_t ms)
{
	return clock->since_us + ms * 1000 - clock->shown_us;
}
