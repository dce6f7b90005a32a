/* What the attack's facts say of a truth: whether it stands, and when something happened. */
#include <string.h>

#include "scoreboard/compare.h"
#include "scoreboard/mark.h"

const struct step_record *truth_step(const struct score *score, const struct team_record *team, const struct step *step)
{
	return &team->steps[step - score->scenario->steps];
}

/* What the journal holds of the team's secret; -1: nothing. */
static int64_t secret_number(const struct team_record *team, const char *name)
{
	const char *digest = json_string_value(json_object_get(team->secrets, name));
	return digest ? digest_number(digest) : -1;
}

enum truth_status truth_status(const struct score *score, const struct team_record *team, const struct question *question)
{
	if (question->truth->secret && secret_number(team, question->truth->secret) < 0)
		return TRUTH_UNMEASURED;
	if (!question->truth->step)
		return TRUTH_STANDS;
	const struct step_record *step = truth_step(score, team, question->truth->step);
	bool begun = step->begun.at_ms != NEVER;
	switch (step->fate) {
	case STEP_FATE_FAILED:
		return TRUTH_UNMEASURED;
	case STEP_FATE_SKIPPED:
	case STEP_FATE_BLOCKED:
		return TRUTH_PREVENTED;
	case STEP_FATE_DONE:
		return step->missing.at_ms != NEVER && step->found.at_ms == NEVER ? TRUTH_UNMEASURED : TRUTH_STANDS;
	case STEP_FATE_WAITING:
		break;
	}
	if (begun || (team->ended.at_ms == NEVER && !question_asks_time(question)))
		return TRUTH_STANDS;
	return team->ended.at_ms != NEVER ? TRUTH_PREVENTED : TRUTH_WAITING;
}

int truth_share(const struct score *score, const struct team_record *team, const struct question *question, int64_t answer)
{
	enum truth_status status = truth_status(score, team, question);
	if (status == TRUTH_UNMEASURED || status == TRUTH_WAITING)
		return -1;
	const struct step *step = question->truth->step;
	int64_t begun_ms = step ? truth_step(score, team, step)->begun.at_ms : NEVER;
	if (step && question_asks_time(question) && begun_ms == NEVER)
		return -1;
	const char *secret = question->truth->secret;
	int share = answer_share(score->scenario, question, answer, secret ? secret_number(team, secret) : begun_ms);
	return status == TRUTH_PREVENTED && share < SHARE_FULL ? -1 : share;
}

/* When what is named happened: a step was done, an inject sent, an objective reached, a report sent. A blocked step has not
 * happened. */
static int64_t happened_ms(const struct score *score, const struct team_record *team, const char *name)
{
	const struct scenario *scenario = score->scenario;
	for (size_t i = 0; i < scenario->steps_count; i++)
		if (strcmp(scenario->steps[i].id, name) == 0)
			return team->steps[i].fate == STEP_FATE_DONE ? team->steps[i].fate_fact.at_ms : NEVER;
	for (size_t i = 0; i < scenario->injects_count; i++)
		if (strcmp(scenario->injects[i].id, name) == 0)
			return team->injects[i].at_ms;
	for (size_t i = 0; i < scenario->objectives_count; i++)
		if (strcmp(scenario->objectives[i].id, name) == 0)
			return objective_reached_ms(score, team, i);
	for (size_t i = 0; i < scenario->duties_count; i++)
		if (strcmp(scenario->duties[i].id, name) == 0 && team->duties[i].reports_count > 0)
			return team->duties[i].reports[0].fact.at_ms;
	return NEVER;
}

int64_t truth_moment_ms(const struct score *score, const struct team_record *team, const struct moment *moment)
{
	if (!moment->given)
		return TIMING_UNKNOWN;
	if (!moment->after)
		return moment->offset_ms;
	int64_t base = happened_ms(score, team, moment->after);
	return base == NEVER ? TIMING_UNKNOWN : base + moment->offset_ms;
}
