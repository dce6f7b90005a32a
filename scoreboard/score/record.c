/* From events to facts: score_create, score_apply, score_destroy. */
#include "scoreboard/record.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/compare.h"

static const struct fact NO_FACT = {0, NEVER};

static struct fact fact_of(const struct event *event)
{
	return (struct fact){event->seq, event->at_ms < 0 ? 0 : event->at_ms};
}

/* Keeps the earlier of two; among simultaneous ones the one with the smaller number. */
static void keep_first(struct fact *kept, struct fact fact)
{
	if (kept->at_ms == NEVER || fact.at_ms < kept->at_ms || (fact.at_ms == kept->at_ms && fact.seq < kept->seq))
		*kept = fact;
}

static const char *body_text(const struct event *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event->body, key));
	return text ? text : "";
}

/* The index of the element whose first member, its id, is what the body says; `count` when there is none. */
static size_t index_of(const struct event *event, const char *key, const void *items, size_t count, size_t size)
{
	const char *id = body_text(event, key);
	for (size_t i = 0; i < count; i++)
		if (strcmp(*(char *const *)((const char *)items + i * size), id) == 0)
			return i;
	return count;
}

#define INDEX_OF(score, event, key, list)                                                                                        \
	index_of(event, key, (score)->scenario->list, (score)->scenario->list##_count, sizeof *(score)->scenario->list)

/* ---- the attack ---- */

static enum step_fate fate_named(const char *outcome)
{
	static const struct {
		const char *outcome;
		enum step_fate fate;
	} fates[] = {{"done", STEP_FATE_DONE},
		     {"blocked", STEP_FATE_BLOCKED},
		     {"skipped", STEP_FATE_SKIPPED},
		     {"failed", STEP_FATE_FAILED}};
	for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
		if (strcmp(fates[i].outcome, outcome) == 0)
			return fates[i].fate;
	return STEP_FATE_WAITING;
}

static void on_step(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "step", steps);
	if (index == score->scenario->steps_count)
		return;
	struct step_record *step = &team->steps[index];
	bool end = strcmp(body_text(event, "phase"), "end") == 0;
	if (!end)
		keep_first(&step->begun, fact_of(event));
	/* A begin without an end: it may be running; only an end says more. */
	enum step_fate fate = end ? fate_named(body_text(event, "outcome")) : STEP_FATE_WAITING;
	if (fate > step->fate) {
		step->fate = fate;
		step->fate_fact = fact_of(event);
	} else if (fate == step->fate && fate != STEP_FATE_WAITING) {
		keep_first(&step->fate_fact, fact_of(event));
	}
}

static void on_trace(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "step", steps);
	const json_t *found = json_object_get(event->body, "found");
	if (index == score->scenario->steps_count || !json_is_boolean(found))
		return;
	keep_first(json_is_true(found) ? &team->steps[index].found : &team->steps[index].missing, fact_of(event));
}

static void on_probe(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "objective", objectives);
	if (index == score->scenario->objectives_count)
		return;
	struct objective_record *objective = &team->objectives[index];
	const json_t *holds = json_object_get(event->body, "holds");
	struct probe_record probe = {fact_of(event),
				     json_is_true(holds)    ? 1
				     : json_is_false(holds) ? 0
							    : -1,
				     json_integer_value(json_object_get(event->body, "held_ms"))};
	array_add(&objective->probes, &objective->probes_count);
	size_t at = objective->probes_count - 1; /* in order of time, then number: nearly always the end */
	for (; at > 0; at--) {
		const struct fact *before = &objective->probes[at - 1].fact;
		if (before->at_ms < probe.fact.at_ms || (before->at_ms == probe.fact.at_ms && before->seq <= probe.fact.seq))
			break;
		objective->probes[at] = objective->probes[at - 1];
	}
	objective->probes[at] = probe;
}

static void on_secrets(struct score *score, struct team_record *team, const struct event *event)
{
	(void)score;
	json_t *digests = json_object_get(event->body, "digests");
	if (!json_is_object(digests) || event->seq < team->secrets_seq)
		return;
	json_decref(team->secrets);
	team->secrets = json_incref(digests);
	team->secrets_seq = event->seq;
}

static void on_inject(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "inject", injects);
	if (index < score->scenario->injects_count)
		keep_first(&team->injects[index], fact_of(event));
}

/* ---- the team ---- */

/* One claim in one form, so that sending it again is seen. */
static char *claim_key(const struct objective *objective, const json_t *value)
{
	cleanup_json json_t *plain = json_object();
	const char *name;
	json_t *field;
	json_object_foreach ((json_t *)value, name, field) {
		bool split = false;
		for (size_t i = 0; i < objective->fields_count; i++)
			split = split ||
				(strcmp(objective->fields[i].name, name) == 0 && objective->fields[i].match == MATCH_SET);
		json_object_set_new(plain, name, answer_words(field, split));
	}
	cleanup_free char *text = json_dumps(plain, JSON_COMPACT | JSON_SORT_KEYS);
	return xasprintf("%s %s", objective->id, text ? text : "");
}

/* The same once more: the first stays, also when simultaneous ones come in another order. */
static void claim_again(struct claim_record *claim, const struct event *event, json_t *value)
{
	keep_first(&claim->fact, fact_of(event));
	if (claim->fact.seq != event->seq)
		return;
	json_decref(claim->value);
	claim->value = json_incref(value);
}

static void on_claim(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "objective", objectives);
	json_t *value = json_object_get(event->body, "value");
	if (index == score->scenario->objectives_count || !json_is_object(value))
		return;
	const struct objective *objective = &score->scenario->objectives[index];
	struct objective_record *record = &team->objectives[index];
	cleanup_free char *key = claim_key(objective, value);
	const json_t *earlier = json_object_get(team->claims_seen, key);
	if (earlier) {
		claim_again(&record->claims[json_integer_value(earlier)], event, value);
		return;
	}
	json_object_set_new(team->claims_seen, key, json_integer((json_int_t)record->claims_count));
	struct claim_record *claim = array_add(&record->claims, &record->claims_count);
	claim->fact = fact_of(event);
	claim->value = json_incref(value);
	claim->measure = answer_length(json_object_get(value, "measure")) >= SCORE_MEASURE_LENGTH_MIN;
	claim->answers = xcalloc(objective->fields_count + 1, sizeof *claim->answers);
	for (size_t i = 0; i < objective->fields_count; i++) {
		const struct claim_field *field = &objective->fields[i];
		const struct question question = {&field->truth, field->match, field->tolerance_ms};
		claim->answers[i] = answer_read(score->scenario, &question, json_object_get(value, field->name));
	}
}

/* The place of a new report among those marked, in order of time; NULL: it is not one of the first. */
static struct report_record *report_place(struct duty_record *duty, struct fact fact)
{
	size_t at = duty->reports_count;
	while (at > 0 && (duty->reports[at - 1].fact.at_ms > fact.at_ms ||
			  (duty->reports[at - 1].fact.at_ms == fact.at_ms && duty->reports[at - 1].fact.seq > fact.seq)))
		at--;
	if (at == SCORE_REPORTS_MARKED_MAX)
		return NULL;
	if (duty->reports_count < SCORE_REPORTS_MARKED_MAX) {
		array_add(&duty->reports, &duty->reports_count);
	} else {
		json_decref(duty->reports[duty->reports_count - 1].fields);
		free(duty->reports[duty->reports_count - 1].answers);
	}
	for (size_t i = duty->reports_count - 1; i > at; i--)
		duty->reports[i] = duty->reports[i - 1];
	return &duty->reports[at];
}

static void on_report(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "duty", duties);
	json_t *fields = json_object_get(event->body, "fields");
	if (index == score->scenario->duties_count || !json_is_object(fields))
		return;
	const struct duty *duty = &score->scenario->duties[index];
	struct duty_record *record = &team->duties[index];
	struct fact fact = fact_of(event);
	record->sent++;
	struct report_record *report = report_place(record, fact);
	if (!report)
		return;
	*report = (struct report_record){fact, json_incref(fields), xcalloc(duty->fields_count + 1, sizeof *report->answers)};
	for (size_t i = 0; i < duty->fields_count; i++) {
		const struct duty_field *field = &duty->fields[i];
		const struct question question = {&field->truth, field->match, field->tolerance_ms};
		report->answers[i] = answer_read(score->scenario, &question, json_object_get(fields, field->name));
	}
}

static void on_hint(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "objective", objectives);
	json_int_t hint = json_integer_value(json_object_get(event->body, "hint"));
	if (index == score->scenario->objectives_count || hint < 0 ||
	    (size_t)hint >= score->scenario->objectives[index].hints_count)
		return;
	struct objective_record *objective = &team->objectives[index];
	for (size_t i = 0; i < objective->hints_count; i++) {
		if (objective->hints[i].index == hint) {
			keep_first(&objective->hints[i].fact, fact_of(event));
			return;
		}
	}
	*array_add(&objective->hints, &objective->hints_count) = (struct hint_record){fact_of(event), (int)hint};
}

/* ---- the referee ---- */

static void on_grade(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "duty", duties);
	json_int_t percent = json_integer_value(json_object_get(event->body, "percent"));
	if (index == score->scenario->duties_count || percent < 0 || percent > 100)
		return;
	struct duty_record *duty = &team->duties[index];
	struct grade_record *grade = NULL;
	for (size_t i = 0; i < duty->grades_count && !grade; i++)
		if (strcmp(duty->grades[i].actor, event->actor) == 0)
			grade = &duty->grades[i];
	if (!grade) {
		grade = array_add(&duty->grades, &duty->grades_count);
		grade->actor = xstrdup(event->actor);
	}
	if (event->seq < grade->seq) /* a grader's latest counts, by number: clocks may have ended */
		return;
	grade->seq = event->seq;
	grade->percent = (int)percent;
}

static void on_adjust(struct score *score, struct team_record *team, const struct event *event)
{
	size_t index = INDEX_OF(score, event, "objective", objectives);
	bool marks = index < score->scenario->objectives_count && score->scenario->objectives[index].kind == OBJECTIVE_MANUAL;
	struct adjustment *adjustment = marks ? array_add(&team->objectives[index].marks, &team->objectives[index].marks_count)
					      : array_add(&team->adjustments, &team->adjustments_count);
	adjustment->fact = fact_of(event);
	adjustment->points_milli = json_integer_value(json_object_get(event->body, "points_milli"));
	adjustment->reason = xstrdup(body_text(event, "reason"));
}

static void on_ended(struct score *score, struct team_record *team, const struct event *event)
{
	(void)score;
	struct fact fact = fact_of(event);
	if (event->at_ms < 0) /* the exercise was closed: no clock applies; a clock's own end comes first */
		fact.at_ms = INT64_MAX;
	keep_first(&team->ended, fact);
}

/* ---- the fold ---- */

static const struct {
	const char *kind;
	void (*apply)(struct score *, struct team_record *, const struct event *);
} handlers[] = {
	{"state.probe", on_probe},	 {"claim.made", on_claim},   {"truth.step", on_step},	    {"truth.trace", on_trace},
	{"inject.sent", on_inject},	 {"report.sent", on_report}, {"hint.taken", on_hint},	    {"report.graded", on_grade},
	{"referee.adjusted", on_adjust}, {"clock.ended", on_ended},  {"exercise.closed", on_ended}, {"truth.secrets", on_secrets},
};

bool score_counts(const char *kind)
{
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
		if (strcmp(handlers[i].kind, kind) == 0)
			return true;
	return false;
}

void score_apply(struct score *score, const struct event *event)
{
	score->seq = event->seq > score->seq ? event->seq : score->seq;
	if (event->team < 0 || event->team > score->teams)
		return;
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
		if (strcmp(handlers[i].kind, event->kind) != 0)
			continue;
		/* An event of team 0 is the whole exercise's, that is every team's. */
		for (int team = event->team ? event->team : 1; team <= (event->team ? event->team : score->teams); team++)
			handlers[i].apply(score, &score->records[team - 1], event);
		return;
	}
}

struct score *score_create(const struct scenario *scenario, int teams)
{
	struct score *score = xcalloc(1, sizeof *score);
	score->scenario = scenario;
	score->teams = teams;
	score->records = xcalloc((size_t)teams + 1, sizeof *score->records);
	for (int i = 0; i < teams; i++) {
		struct team_record *team = &score->records[i];
		team->steps = xcalloc(scenario->steps_count + 1, sizeof *team->steps);
		team->objectives = xcalloc(scenario->objectives_count + 1, sizeof *team->objectives);
		team->duties = xcalloc(scenario->duties_count + 1, sizeof *team->duties);
		team->injects = xcalloc(scenario->injects_count + 1, sizeof *team->injects);
		team->claims_seen = json_object();
		team->ended = NO_FACT;
		for (size_t s = 0; s < scenario->steps_count; s++)
			team->steps[s].begun = team->steps[s].found = team->steps[s].missing = NO_FACT;
		for (size_t n = 0; n < scenario->injects_count; n++)
			team->injects[n] = NO_FACT;
	}
	return score;
}

static void objective_finish(struct objective_record *objective)
{
	for (size_t i = 0; i < objective->claims_count; i++) {
		json_decref(objective->claims[i].value);
		free(objective->claims[i].answers);
	}
	for (size_t i = 0; i < objective->marks_count; i++)
		free(objective->marks[i].reason);
	free(objective->claims);
	free(objective->probes);
	free(objective->hints);
	free(objective->marks);
}

static void duty_finish(struct duty_record *duty)
{
	for (size_t i = 0; i < duty->reports_count; i++) {
		json_decref(duty->reports[i].fields);
		free(duty->reports[i].answers);
	}
	for (size_t i = 0; i < duty->grades_count; i++)
		free(duty->grades[i].actor);
	free(duty->reports);
	free(duty->grades);
}

static void team_finish(const struct scenario *scenario, struct team_record *team)
{
	for (size_t i = 0; i < scenario->objectives_count; i++)
		objective_finish(&team->objectives[i]);
	for (size_t i = 0; i < scenario->duties_count; i++)
		duty_finish(&team->duties[i]);
	for (size_t i = 0; i < team->adjustments_count; i++)
		free(team->adjustments[i].reason);
	free(team->steps);
	free(team->objectives);
	free(team->duties);
	free(team->injects);
	free(team->adjustments);
	json_decref(team->claims_seen);
	json_decref(team->secrets);
}

void score_destroy(struct score *score)
{
	if (!score)
		return;
	for (int i = 0; i < score->teams; i++)
		team_finish(score->scenario, &score->records[i]);
	free(score->records);
	free(score);
}
