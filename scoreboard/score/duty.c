/* The rule of duties: completeness 40, agreement with the truth 40, rubric 20; what a duty has not is not weighed. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/compare.h"
#include "scoreboard/mark.h"

struct parts { /* weights; shares in thousandths, -1: left out */
	int completeness_weight, agreement_weight, rubric_weight;
	int completeness, agreement, rubric;
};

static bool field_has_truth(const struct duty_field *field)
{
	return field->truth.step || field->truth.secret || field->truth.literal;
}

/* An answer that says something; "unknown" says enough until the final report. */
static bool is_filled(const struct duty *duty, const json_t *value)
{
	return answer_length(value) > 0 && !(duty->final && answer_is_unknown(value));
}

/* Required fields that are filled; of a duty that requires none, all fields. */
static int completeness(const struct duty *duty, const json_t *fields)
{
	int wanted[2] = {0}, filled[2] = {0};
	for (size_t i = 0; i < duty->fields_count; i++) {
		bool required = duty->fields[i].required;
		wanted[required]++;
		filled[required] += is_filled(duty, json_object_get(fields, duty->fields[i].name));
	}
	bool kind = wanted[1] > 0;
	return wanted[kind] ? SHARE_FULL * filled[kind] / wanted[kind] : SHARE_FULL;
}

/* The average over the fields with a truth that can be compared; -1: there is none. "Unknown" agrees with nothing; a field that
 * is not required and empty is left out when others are there. */
static int agreement(const struct score *score, const struct team_record *team, const struct duty *duty,
		     const struct report_record *report)
{
	int sum = 0, counted = 0, empty = 0;
	for (size_t i = 0; i < duty->fields_count; i++) {
		const struct duty_field *field = &duty->fields[i];
		const struct question question = {&field->truth, field->match, field->tolerance_ms};
		int share = field_has_truth(field) ? truth_share(score, team, &question, report->answers[i]) : -1;
		if (share < 0)
			continue;
		if (!field->required && report->answers[i] == ANSWER_EMPTY) {
			empty++;
			continue;
		}
		sum += share;
		counted++;
	}
	return counted ? sum / counted : empty ? 0 : -1;
}

/* The graders' average, rounded down; -1: not graded. */
static int rubric(const struct duty_record *record)
{
	int sum = 0;
	for (size_t i = 0; i < record->grades_count; i++)
		sum += record->grades[i].percent;
	return record->grades_count ? (int)(sum * (SHARE_FULL / 100) / (int)record->grades_count) : -1;
}

static void weigh(const struct duty *duty, struct parts *parts)
{
	parts->completeness_weight = SCORE_COMPLETENESS_WEIGHT;
	for (size_t i = 0; i < duty->fields_count; i++)
		if (field_has_truth(&duty->fields[i]))
			parts->agreement_weight = SCORE_AGREEMENT_WEIGHT;
	if (duty->rubric.ja || duty->rubric.en)
		parts->rubric_weight = SCORE_RUBRIC_WEIGHT;
}

static int weight_in_all(const struct parts *parts)
{
	return parts->completeness_weight + parts->agreement_weight + parts->rubric_weight;
}

/* Of the maximum, what could be measured, in weight. */
static int weight_measured(const struct parts *parts)
{
	return parts->completeness_weight + (parts->agreement < 0 ? 0 : parts->agreement_weight) +
	       (parts->rubric < 0 ? 0 : parts->rubric_weight);
}

static int64_t weighted_share(const struct parts *parts)
{
	return (int64_t)parts->completeness_weight * parts->completeness +
	       (parts->agreement < 0 ? 0 : (int64_t)parts->agreement_weight * parts->agreement) +
	       (parts->rubric < 0 ? 0 : (int64_t)parts->rubric_weight * parts->rubric);
}

static int64_t points_of(const struct mark *mark, const struct parts *parts, int64_t at_ms)
{
	/* All multiplications first, then one division: rounded down once. 10^9 (a million points) * 10^5 * 10^3 fits. */
	return mark->max_milli * weighted_share(parts) * timing_factor(&mark->timing, at_ms) /
	       ((int64_t)weight_in_all(parts) * SHARE_FULL * TIMING_FULL);
}

static const char *part_text(int weight, int share, struct why_time *buffer)
{
	if (weight == 0 || share < 0) {
		snprintf(buffer->text, sizeof buffer->text, "–");
		return buffer->text;
	}
	struct why_time number;
	snprintf(buffer->text, sizeof buffer->text, "%s %%", why_percent(share, &number));
	return buffer->text;
}

static void explain(struct mark *mark, const struct duty_record *record, const struct report_record *report,
		    const struct parts *parts, int64_t points_milli)
{
	struct why_time at, points, max, complete, agree, graded;
	struct why_rule rule;
	why_timing(&mark->timing, report->fact.at_ms, &rule);
	json_t *events = json_pack("[I]", (json_int_t)report->fact.seq);
	for (size_t i = 0; i < record->grades_count; i++)
		json_array_append_new(events, json_integer(record->grades[i].seq));
	why_time(report->fact.at_ms, &at);
	part_text(parts->completeness_weight, parts->completeness, &complete);
	part_text(parts->agreement_weight, parts->agreement, &agree);
	part_text(parts->rubric_weight, parts->rubric, &graded);
	why_points(points_milli, &points);
	why_points(mark->max_milli, &max);
	why_take(mark, points_milli, events,
		 xasprintf("%s の報告: 記入 %s、事実との一致 %s、講評 %s、%s: %s / %s 点", at.text, complete.text, agree.text,
			   graded.text, rule.ja, points.text, max.text),
		 xasprintf("report at %s: complete %s, agrees with the facts %s, rubric %s, %s: %s of %s points", at.text,
			   complete.text, agree.text, graded.text, rule.en, points.text, max.text));
	if (record->sent > record->reports_count)
		why_addf(mark, 0, NULL, "採点の対象は最初の %d 通まで", "only the first %d reports are marked",
			 SCORE_REPORTS_MARKED_MAX);
}

/* A part that waits for people, or whose truth could not be measured, counts on neither side. */
static void settle(struct mark *mark, const struct parts *parts)
{
	mark->measured_milli = mark->max_milli * weight_measured(parts) / weight_in_all(parts);
	mark->provisional = parts->rubric_weight > 0 && parts->rubric < 0;
	bool all = parts->completeness == SHARE_FULL && (parts->agreement < 0 || parts->agreement == SHARE_FULL);
	mark->state = all ? MARK_DONE : MARK_PARTIAL;
}

void mark_duty(const struct score *score, const struct team_record *team, size_t index, struct mark *mark)
{
	const struct duty *duty = &score->scenario->duties[index];
	const struct duty_record *record = &team->duties[index];
	int64_t due_ms = truth_moment_ms(score, team, &duty->due);
	*mark = (struct mark){.at_ms = NEVER, .why = mark->why, .max_milli = 1000LL * duty->points};
	mark->timing = (struct timing){due_ms, due_ms == TIMING_UNKNOWN ? TIMING_UNKNOWN : due_ms + duty->due.offset_ms,
				       TIMING_FLOOR_PERCENT};
	mark->measured_milli = mark->max_milli;
	struct parts best = {0};
	const struct report_record *report = NULL;
	int64_t points_milli = 0;
	for (size_t i = 0; i < record->reports_count; i++) { /* in order of time: the first of equals stays */
		struct parts parts = {.completeness = completeness(duty, record->reports[i].fields),
				      .agreement = agreement(score, team, duty, &record->reports[i]),
				      .rubric = rubric(record)};
		weigh(duty, &parts);
		int64_t points = points_of(mark, &parts, record->reports[i].fact.at_ms);
		if (!report || points > points_milli) {
			report = &record->reports[i];
			points_milli = points;
			best = parts;
		}
	}
	if (report) {
		mark->at_ms = record->reports[0].fact.at_ms;
		settle(mark, &best);
		explain(mark, record, report, &best, points_milli);
	} else if (team->ended.at_ms != NEVER) {
		mark->state = MARK_MISSED;
		why_add(mark, 0, json_pack("[I]", (json_int_t)team->ended.seq), "終了までに報告されず", "not sent by the end");
	}
}
