/* A host is taken back to what it was when it was built: what that means for the attack. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/engine.h"

static json_t *reset_body(const struct host *host, const char *phase)
{
	return json_pack("{s:s, s:s}", "host", host->name, "phase", phase);
}

/* What the attack needs to act at all is put into it again. */
static void prepare_again(struct team *team, const struct host *host)
{
	if (team->exercise->attack && attack_stages_in(team->exercise->attack, host))
		steps_prepare_again(team);
}

void exercise_reset_began(struct exercise *exercise, int team, const struct host *host, const char *account)
{
	struct team *found = engine_team(exercise, team);
	if (!found)
		return;
	found->resets++;
	prepare_again(found, host);
	team_fact(found, "range.reset", account, reset_body(host, "begin"));
}

/* What the attack had there is gone, as if the team had removed it: the steps that need it will find so. */
void exercise_reset_ended(struct exercise *exercise, int team, const struct host *host, const char *account, int64_t took_ms,
			  const char *fault)
{
	struct team *found = engine_team(exercise, team);
	if (!found)
		return;
	json_t *body = reset_body(host, "end");
	json_object_set_new(body, "took_ms", json_integer(took_ms));
	if (fault) {
		cleanup_free char *clean = xstrdup(fault);
		clean_detail(clean);
		json_object_set_new(body, "error", json_string(clean));
	}
	found->resets--;
	team_fact(found, "range.reset", account, body);
	prepare_again(found, host);
	team_poke(found);
}

/* ---- a restart in the midst of it ---- */

void reset_told(struct team *team, const struct event *event)
{
	const char *host = json_string_value(json_object_get(event->body, "host"));
	const char *phase = json_string_value(json_object_get(event->body, "phase"));
	const json_int_t before = json_integer_value(json_object_get(team->unended, host));
	if (host && phase)
		json_object_set_new(team->unended, host, json_integer(before + (strcmp(phase, "begin") == 0 ? 1 : -1)));
}

void resets_cut_off(struct team *team)
{
	cleanup_json json_t *unended = json_copy(team->unended); /* each end that is told changes it */
	const char *name;
	json_t *count;
	json_object_foreach (unended, name, count)
		for (json_int_t i = json_integer_value(count); i > 0; i--)
			team_fact(team, "range.reset", "orchestrator",
				  json_pack("{s:s, s:s, s:i, s:s}", "host", name, "phase", "end", "took_ms", 0, "error",
					    "the orchestrator ended meanwhile; `toride up` makes anew what is missing"));
}
