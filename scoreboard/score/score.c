/* A team's result: marks, wrong claims, adjustments; and all of it as JSON. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/mark.h"

struct result {
	int64_t points_milli, measured_milli, penalty_milli, adjusted_milli;
	int wrong_claims;
};

static int compare_claims(const void *left, const void *right)
{
	const struct claim_record *const *a = left, *const *b = right;
	return ((*a)->fact.seq > (*b)->fact.seq) - ((*a)->fact.seq < (*b)->fact.seq);
}

/* In order of the journal; the caller frees the array. */
static const struct claim_record **sorted_claims(const struct objective_record *record)
{
	const struct claim_record **claims = xcalloc(record->claims_count + 1, sizeof *claims);
	for (size_t i = 0; i < record->claims_count; i++)
		claims[i] = &record->claims[i];
	qsort(claims, record->claims_count, sizeof *claims, compare_claims);
	return claims;
}

/* Counts the claims that are wrong; their events are added to the list when there is one. */
static int wrong_claims(const struct score *score, const struct team_record *team, json_t *events)
{
	int wrong = 0;
	for (size_t i = 0; i < score->scenario->objectives_count; i++) {
		cleanup_free const struct claim_record **claims = sorted_claims(&team->objectives[i]);
		for (size_t c = 0; c < team->objectives[i].claims_count; c++) {
			int share;
			if (claim_judge(score, team, i, claims[c], &share) != CLAIM_WRONG)
				continue;
			wrong++;
			if (events)
				json_array_append_new(events, json_integer(claims[c]->fact.seq));
		}
	}
	return wrong;
}

static int64_t total_milli(const struct scenario *scenario)
{
	int64_t total = 0;
	for (size_t i = 0; i < scenario->objectives_count; i++)
		total += 1000LL * scenario->objectives[i].points;
	for (size_t i = 0; i < scenario->duties_count; i++)
		total += 1000LL * scenario->duties[i].points;
	return total;
}

static int64_t penalty_of(const struct scenario *scenario, int wrong)
{
	int64_t penalty =
		wrong > SCORE_FREE_WRONG_CLAIMS ? (int64_t)(wrong - SCORE_FREE_WRONG_CLAIMS) * SCORE_WRONG_CLAIM_MILLI : 0;
	int64_t cap = total_milli(scenario) * SCORE_WRONG_CAP_PERCENT / 100;
	return penalty < cap ? penalty : cap;
}

static void add_mark(struct result *result, const struct mark *mark)
{
	result->points_milli += mark->points_milli;
	result->measured_milli += mark->measured_milli;
}

/* What stands beside the marks; a team never has less than nothing. */
static void close_result(const struct score *score, const struct team_record *team, struct result *result, json_t *wrong_events)
{
	result->wrong_claims = wrong_claims(score, team, wrong_events);
	result->penalty_milli = penalty_of(score->scenario, result->wrong_claims);
	for (size_t i = 0; i < team->adjustments_count; i++)
		result->adjusted_milli += team->adjustments[i].points_milli;
	result->points_milli += result->adjusted_milli - result->penalty_milli;
	result->points_milli = result->points_milli < 0 ? 0 : result->points_milli;
}

int64_t score_points(const struct score *score, int team)
{
	const struct team_record *record = &score->records[team - 1];
	struct result result = {0};
	struct mark mark = {0};
	for (size_t i = 0; i < score->scenario->objectives_count; i++) {
		mark_objective(score, record, i, &mark);
		add_mark(&result, &mark);
	}
	for (size_t i = 0; i < score->scenario->duties_count; i++) {
		mark_duty(score, record, i, &mark);
		add_mark(&result, &mark);
	}
	close_result(score, record, &result, NULL);
	return result.points_milli;
}

int64_t score_reached(const struct score *score, int team, const char *objective)
{
	for (size_t i = 0; i < score->scenario->objectives_count; i++)
		if (strcmp(score->scenario->objectives[i].id, objective) == 0)
			return objective_reached_ms(score, &score->records[team - 1], i);
	return NEVER;
}

/* ---- JSON ---- */

static json_t *moment_json(int64_t ms)
{
	return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *mark_json(const char *id, const struct mark *mark)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:o, s:O}", "id", id, "points_milli", (json_int_t)mark->points_milli,
			 "max_milli", (json_int_t)mark->max_milli, "measured_milli", (json_int_t)mark->measured_milli, "state",
			 mark_state_names[mark->state], "at_ms", moment_json(mark->at_ms), "why", mark->why);
}

static json_t *claims_json(const struct score *score, const struct team_record *team, size_t index)
{
	const struct objective_record *record = &team->objectives[index];
	cleanup_free const struct claim_record **claims = sorted_claims(record);
	json_t *list = json_array();
	for (size_t i = 0; i < record->claims_count; i++) {
		int share;
		enum claim_result result = claim_judge(score, team, index, claims[i], &share);
		json_array_append_new(list, json_pack("{s:I, s:I, s:O, s:s}", "seq", (json_int_t)claims[i]->fact.seq, "at_ms",
						      (json_int_t)claims[i]->fact.at_ms, "value", claims[i]->value, "result",
						      claim_result_names[result]));
	}
	return list;
}

static json_t *objectives_json(const struct score *score, const struct team_record *team, struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < score->scenario->objectives_count; i++) {
		const struct objective *objective = &score->scenario->objectives[i];
		cleanup_json json_t *why = json_array();
		struct mark mark = {.why = why};
		mark_objective(score, team, i, &mark);
		add_mark(result, &mark);
		json_t *json = mark_json(objective->id, &mark);
		json_object_set_new(json, "phase", json_string(phase_names[objective->phase]));
		json_object_set_new(json, "full_by_ms", moment_json(mark.timing.full_by_ms));
		json_object_set_new(json, "floor_at_ms", moment_json(mark.timing.floor_at_ms));
		json_object_set_new(json, "claims", claims_json(score, team, i));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *duties_json(const struct score *score, const struct team_record *team, struct result *result)
{
	json_t *list = json_array();
	for (size_t i = 0; i < score->scenario->duties_count; i++) {
		cleanup_json json_t *why = json_array();
		struct mark mark = {.why = why};
		mark_duty(score, team, i, &mark);
		add_mark(result, &mark);
		json_t *json = mark_json(score->scenario->duties[i].id, &mark);
		json_object_set_new(json, "due_ms", moment_json(mark.timing.full_by_ms));
		json_object_set_new(json, "provisional", json_boolean(mark.provisional));
		json_array_append_new(list, json);
	}
	return list;
}

/* Lines for what belongs to no objective. */
static json_t *team_why(const struct team_record *team, const struct result *result, json_t *wrong_events)
{
	cleanup_json json_t *why = json_array();
	struct mark mark = {.why = why};
	if (result->wrong_claims > 0)
		why_addf(&mark, -result->penalty_milli, json_incref(wrong_events),
			 "誤った主張 %1$d 件 (%2$d 件までは減点なし、以後 1 件 1 点、合計の %3$d %% まで)",
			 "wrong claims: %1$d (%2$d are free, then 1 point each, at most %3$d %% of all points)",
			 result->wrong_claims, SCORE_FREE_WRONG_CLAIMS, SCORE_WRONG_CAP_PERCENT);
	for (size_t i = 0; i < team->adjustments_count; i++) {
		const struct adjustment *adjustment = &team->adjustments[i];
		why_addf(&mark, adjustment->points_milli, json_pack("[I]", (json_int_t)adjustment->fact.seq),
			 "講師による調整: %s", "adjusted by the instructor: %s", adjustment->reason);
	}
	return steal(&why);
}

static json_t *team_json(const struct score *score, int number)
{
	const struct team_record *team = &score->records[number - 1];
	struct result result = {0};
	cleanup_json json_t *objectives = objectives_json(score, team, &result), *duties = duties_json(score, team, &result);
	cleanup_json json_t *wrong_events = json_array();
	close_result(score, team, &result, wrong_events);
	int64_t percent_milli = result.measured_milli ? result.points_milli * 100000 / result.measured_milli : 0;
	return json_pack("{s:i, s:I, s:I, s:I, s:i, s:I, s:I, s:O, s:O, s:o}", "team", number, "points_milli",
			 (json_int_t)result.points_milli, "measured_milli", (json_int_t)result.measured_milli, "percent_milli",
			 (json_int_t)percent_milli, "wrong_claims", result.wrong_claims, "penalty_milli",
			 (json_int_t)result.penalty_milli, "adjusted_milli", (json_int_t)result.adjusted_milli, "objectives",
			 objectives, "duties", duties, "why", team_why(team, &result, wrong_events));
}

json_t *score_to_json(const struct score *score)
{
	json_t *teams = json_array();
	for (int team = 1; team <= score->teams; team++)
		json_array_append_new(teams, team_json(score, team));
	return json_pack("{s:I, s:o}", "seq", (json_int_t)score->seq, "teams", teams);
}
