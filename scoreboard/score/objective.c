/* The rules of objectives: claim, state, manual; what hints cost. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/mark.h"

static json_t *one_event(const struct fact *fact)
{
	return json_pack("[I]", (json_int_t)fact->seq);
}

static bool earlier(const struct fact *left, const struct fact *right)
{
	return left->at_ms < right->at_ms || (left->at_ms == right->at_ms && left->seq < right->seq);
}

/* points = maximum * share * factor, rounded down to a thousandth of a point. */
static int64_t points_of(int64_t max_milli, int share, int factor)
{
	return max_milli * share * factor / (SHARE_FULL * TIMING_FULL);
}

static struct timing timing_of(const struct score *score, const struct team_record *team, const struct objective *objective)
{
	return (struct timing){truth_moment_ms(score, team, &objective->full_by),
			       truth_moment_ms(score, team, &objective->floor_at), objective->floor_percent};
}

/* ---- claims ---- */

static struct question field_question(const struct claim_field *field)
{
	return (struct question){&field->truth, field->match, field->tolerance_ms};
}

enum claim_result claim_judge(const struct score *score, const struct team_record *team, size_t index,
			      const struct claim_record *claim, int *share)
{
	const struct objective *objective = &score->scenario->objectives[index];
	int sum = 0, counted = 0, full = 0;
	bool wrong = false;
	*share = 0;
	for (size_t i = 0; objective->kind == OBJECTIVE_CLAIM && i < objective->fields_count; i++) {
		const struct question question = field_question(&objective->fields[i]);
		int one = truth_share(score, team, &question, claim->answers[i]);
		if (one < 0)
			continue;
		counted++;
		sum += one;
		full += one == SHARE_FULL;
		wrong = wrong || (one == 0 && claim->answers[i] != ANSWER_EMPTY);
	}
	if (counted == 0 || (sum == 0 && !wrong))
		return CLAIM_NOTED;
	*share = sum / counted;
	return wrong ? CLAIM_WRONG : full == counted ? CLAIM_RIGHT : CLAIM_PARTIAL;
}

struct best_claim {
	const struct claim_record *claim; /* NULL: none brings anything */
	int64_t points_milli;
	int share;
	bool right;	     /* some claim was right in full */
	struct fact reached; /* the first of those */
	bool compared;	     /* some claim could be compared at all */
};

static struct best_claim find_best(const struct score *score, const struct team_record *team, size_t index,
				   const struct mark *mark)
{
	const struct objective_record *record = &team->objectives[index];
	struct best_claim best = {.reached = {0, NEVER}};
	for (size_t i = 0; i < record->claims_count; i++) {
		const struct claim_record *claim = &record->claims[i];
		int share;
		enum claim_result result = claim_judge(score, team, index, claim, &share);
		best.compared = best.compared || result != CLAIM_NOTED;
		if (result == CLAIM_RIGHT && (!best.right || earlier(&claim->fact, &best.reached))) {
			best.right = true;
			best.reached = claim->fact;
		}
		int64_t points = points_of(mark->max_milli, share, timing_factor(&mark->timing, claim->fact.at_ms));
		if (share > 0 && (!best.claim || points > best.points_milli ||
				  (points == best.points_milli && earlier(&claim->fact, &best.claim->fact)))) {
			best.claim = claim;
			best.points_milli = points;
			best.share = share;
		}
	}
	return best;
}

/* Some field's truth stands, or may yet. */
static bool can_be_measured(const struct score *score, const struct team_record *team, const struct objective *objective)
{
	for (size_t i = 0; i < objective->fields_count; i++) {
		const struct question question = field_question(&objective->fields[i]);
		enum truth_status status = truth_status(score, team, &question);
		if (status == TRUTH_STANDS || status == TRUTH_WAITING)
			return true;
	}
	return false;
}

static void mark_claim(const struct score *score, const struct team_record *team, size_t index, struct mark *mark)
{
	const struct objective *objective = &score->scenario->objectives[index];
	struct best_claim best = find_best(score, team, index, mark);
	if (!best.compared && !can_be_measured(score, team, objective)) {
		mark->state = MARK_UNMEASURED;
		return;
	}
	mark->measured_milli = mark->max_milli;
	mark->state = best.right ? MARK_DONE : best.claim ? MARK_PARTIAL : MARK_OPEN;
	if (!best.claim)
		return;
	const struct fact *fact = &best.claim->fact;
	mark->at_ms = fact->at_ms;
	struct why_time at, share, points, max;
	struct why_rule rule;
	why_timing(&mark->timing, fact->at_ms, &rule);
	why_percent(best.share, &share);
	why_points(best.points_milli, &points);
	why_points(mark->max_milli, &max);
	why_time(fact->at_ms, &at);
	why_take(
		mark, best.points_milli, one_event(fact),
		xasprintf("%s の主張: 一致 %s %%、%s: %s / %s 点", at.text, share.text, rule.ja, points.text, max.text),
		xasprintf("claim at %s: agrees %s %%, %s: %s of %s points", at.text, share.text, rule.en, points.text, max.text));
}

/* ---- states ---- */

struct state_proof {
	bool proved, measured;
	int64_t began_ms;
	struct fact fact; /* the probe that proves it */
};

/*
 * The first probe that held for as long as is asked; what counts is when that hold began. Once proved stays proved. The
 * orchestrator writes "holds" only when it is the team's doing: after the opposite was seen, or the attack was over or stopped
 * (docs/events.md), so that a state that is there before anything happens earns nothing, and one that a team brings about before
 * the attack counts from then.
 */
static struct state_proof find_proof(const struct score *score, const struct team_record *team, size_t index)
{
	const struct objective_record *record = &team->objectives[index];
	int64_t holds_ms = score->scenario->objectives[index].state.holds_ms;
	struct state_proof proof = {.began_ms = NEVER};
	for (size_t i = 0; i < record->probes_count && !proof.proved; i++) {
		const struct probe_record *probe = &record->probes[i];
		proof.measured = proof.measured || probe->holds >= 0;
		proof.proved = probe->holds == 1 && probe->held_ms >= holds_ms;
		if (!proof.proved)
			continue;
		proof.fact = probe->fact;
		proof.began_ms = probe->fact.at_ms > probe->held_ms ? probe->fact.at_ms - probe->held_ms : 0;
	}
	return proof;
}

static const struct fact *find_measure(const struct objective_record *record)
{
	const struct fact *first = NULL;
	for (size_t i = 0; i < record->claims_count; i++)
		if (record->claims[i].measure && (!first || earlier(&record->claims[i].fact, first)))
			first = &record->claims[i].fact;
	return first;
}

static void add_part(struct mark *mark, int64_t max_milli, int64_t at_ms, json_t *events, const char *ja, const char *en)
{
	struct why_time at, points, max;
	struct why_rule rule;
	int64_t points_milli = points_of(max_milli, SHARE_FULL, timing_factor(&mark->timing, at_ms));
	why_timing(&mark->timing, at_ms, &rule);
	why_time(at_ms, &at);
	why_points(points_milli, &points);
	why_points(max_milli, &max);
	why_take(mark, points_milli, events, xasprintf("%s %s、%s: %s / %s 点", at.text, ja, rule.ja, points.text, max.text),
		 xasprintf("%s %s, %s: %s of %s points", at.text, en, rule.en, points.text, max.text));
}

static void mark_state(const struct score *score, const struct team_record *team, size_t index, struct mark *mark)
{
	const struct objective_record *record = &team->objectives[index];
	struct state_proof proof = find_proof(score, team, index);
	bool ended = team->ended.at_ms != NEVER;
	if (!proof.measured && (record->probes_count > 0 || ended)) {
		mark->state = MARK_UNMEASURED;
		return;
	}
	mark->measured_milli = mark->max_milli;
	if (!proof.proved)
		return;
	int64_t state_milli = mark->max_milli * SCORE_STATE_PERCENT / 100;
	mark->at_ms = proof.began_ms;
	mark->state = MARK_PARTIAL;
	add_part(mark, state_milli, proof.began_ms, one_event(&proof.fact), "から状態が続いたことを確認",
		 "the state has held since then (probed)");
	const struct fact *measure = find_measure(record);
	if (!measure)
		return;
	mark->state = MARK_DONE;
	add_part(mark, mark->max_milli - state_milli, measure->at_ms > proof.began_ms ? measure->at_ms : proof.began_ms,
		 one_event(measure), "実施した対応を記録", "what was done was written down");
}

/* ---- manual ---- */

static void mark_manual(const struct team_record *team, size_t index, struct mark *mark)
{
	const struct objective_record *record = &team->objectives[index];
	mark->state = MARK_UNMEASURED;
	if (record->marks_count == 0)
		return;
	int64_t sum = 0;
	json_t *events = json_array();
	for (size_t i = 0; i < record->marks_count; i++) {
		sum += record->marks[i].points_milli;
		json_array_append_new(events, json_integer(record->marks[i].fact.seq));
	}
	sum = sum < 0 ? 0 : sum > mark->max_milli ? mark->max_milli : sum;
	mark->measured_milli = mark->max_milli;
	mark->state = sum == mark->max_milli ? MARK_DONE : sum > 0 ? MARK_PARTIAL : MARK_OPEN;
	mark->at_ms = record->marks[0].fact.at_ms;
	why_add(mark, sum, events, "講師による採点", "marked by the instructor");
}

/* ---- all ---- */

static void charge_hints(const struct objective *objective, const struct objective_record *record, struct mark *mark)
{
	for (size_t index = 0; index < objective->hints_count; index++)
		for (size_t i = 0; i < record->hints_count; i++)
			if (record->hints[i].index == (int)index)
				why_addf(mark, -1000LL * objective->hints[index].cost_points, one_event(&record->hints[i].fact),
					 "ヒント %zu を使用", "hint %zu was taken", index + 1);
}

void mark_objective(const struct score *score, const struct team_record *team, size_t index, struct mark *mark)
{
	const struct objective *objective = &score->scenario->objectives[index];
	*mark = (struct mark){.at_ms = NEVER, .why = mark->why, .max_milli = 1000LL * objective->points};
	mark->timing = timing_of(score, team, objective);
	switch (objective->kind) {
	case OBJECTIVE_CLAIM:
		mark_claim(score, team, index, mark);
		break;
	case OBJECTIVE_STATE:
		mark_state(score, team, index, mark);
		break;
	case OBJECTIVE_MANUAL:
		mark_manual(team, index, mark);
		break;
	}
	if (mark->state == MARK_UNMEASURED) {
		why_add(mark, 0, NULL, "測定できなかったため、満点からも除外", "not measured: left out of both sides");
		return;
	}
	if (mark->state == MARK_OPEN && team->ended.at_ms != NEVER) {
		mark->state = MARK_MISSED;
		why_add(mark, 0, one_event(&team->ended), "終了までに達成されず", "not done by the end");
	}
	charge_hints(objective, &team->objectives[index], mark);
}

int64_t objective_reached_ms(const struct score *score, const struct team_record *team, size_t index)
{
	const struct objective_record *record = &team->objectives[index];
	if (score->scenario->objectives[index].kind == OBJECTIVE_STATE) {
		struct state_proof proof = find_proof(score, team, index);
		return proof.proved ? proof.began_ms : NEVER;
	}
	struct fact reached = {0, NEVER};
	for (size_t i = 0; i < record->claims_count; i++) {
		int share;
		if (claim_judge(score, team, index, &record->claims[i], &share) == CLAIM_RIGHT &&
		    (reached.at_ms == NEVER || earlier(&record->claims[i].fact, &reached)))
			reached = record->claims[i].fact;
	}
	return reached.at_ms;
}
