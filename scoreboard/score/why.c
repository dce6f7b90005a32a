/* Why a number is what it is: one line for each part of it, in Japanese and English, with the events behind it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/mark.h"

const char *const mark_state_names[] = {"open", "partial", "done", "missed", "unmeasured"};
const char *const claim_result_names[] = {"noted", "right", "partial", "wrong"};

const char *why_time(int64_t ms, struct why_time *buffer)
{
	long long seconds = ms / 1000;
	snprintf(buffer->text, sizeof buffer->text, "%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
	return buffer->text;
}

/* A number of thousandths (of `unit`s) without zeros at its end. */
static const char *decimal(int64_t value, int64_t unit, struct why_time *buffer)
{
	int64_t size = value < 0 ? -value : value;
	int digits = unit == 1000 ? 3 : 1;
	int length = snprintf(buffer->text, sizeof buffer->text, "%s%lld.%0*lld", value < 0 ? "-" : "", (long long)(size / unit),
			      digits, (long long)(size % unit));
	while (length > 0 && buffer->text[length - 1] == '0')
		buffer->text[--length] = '\0';
	if (length > 0 && buffer->text[length - 1] == '.')
		buffer->text[length - 1] = '\0';
	return buffer->text;
}

const char *why_points(int64_t points_milli, struct why_time *buffer)
{
	return decimal(points_milli, 1000, buffer);
}

const char *why_percent(int64_t share_milli, struct why_time *buffer)
{
	return decimal(share_milli, 10, buffer);
}

void why_add(struct mark *mark, int64_t points_milli, json_t *events, const char *ja, const char *en)
{
	cleanup_json json_t *seqs = events;
	mark->points_milli += points_milli;
	if (mark->why)
		json_array_append_new(mark->why, json_pack("{s:{s:s, s:s}, s:o, s:I}", "text", "ja", ja, "en", en, "events",
							   seqs ? json_incref(seqs) : json_array(), "points_milli",
							   (json_int_t)points_milli));
}

void why_take(struct mark *mark, int64_t points_milli, json_t *events, char *ja, char *en)
{
	cleanup_free char *ja_text = ja, *en_text = en;
	why_add(mark, points_milli, events, ja_text, en_text);
}

/* Both formats take the same arguments in the same order. */
void why_addf(struct mark *mark, int64_t points_milli, json_t *events, const char *ja, const char *en, ...)
{
	if (!mark->why) {
		why_add(mark, points_milli, events, "", "");
		return;
	}
	cleanup_free char *ja_text = NULL, *en_text = NULL;
	va_list arguments, again;
	va_start(arguments, en);
	va_copy(again, arguments);
	if (vasprintf(&ja_text, ja, arguments) < 0 || vasprintf(&en_text, en, again) < 0)
		abort();
	va_end(again);
	va_end(arguments);
	why_add(mark, points_milli, events, ja_text, en_text);
}

void why_timing(const struct timing *timing, int64_t at_ms, struct why_rule *rule)
{
	struct why_time full, floor, percent;
	int factor = timing_factor(timing, at_ms);
	why_percent(factor, &percent);
	if (timing->full_by_ms == TIMING_UNKNOWN && timing->floor_at_ms == TIMING_UNKNOWN) {
		snprintf(rule->ja, sizeof rule->ja, "時間 100 %%");
		snprintf(rule->en, sizeof rule->en, "time 100 %%");
	} else if (factor == TIMING_FULL) {
		why_time(timing->full_by_ms == TIMING_UNKNOWN ? timing->floor_at_ms : timing->full_by_ms, &full);
		snprintf(rule->ja, sizeof rule->ja, "時間 100 %% (%s まで満点)", full.text);
		snprintf(rule->en, sizeof rule->en, "time 100 %% (full until %s)", full.text);
	} else {
		why_time(timing->full_by_ms == TIMING_UNKNOWN ? 0 : timing->full_by_ms, &full);
		why_time(timing->floor_at_ms, &floor);
		snprintf(rule->ja, sizeof rule->ja, "時間 %s %% (%s まで満点、%s 以降 %d %%)", percent.text, full.text,
			 floor.text, timing->floor_percent);
		snprintf(rule->en, sizeof rule->en, "time %1$s %% (full until %2$s, %4$d %% from %3$s)", percent.text, full.text,
			 floor.text, timing->floor_percent);
	}
}
