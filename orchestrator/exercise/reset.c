/* A host is taken back to what it was when it was built: what that means for the attack. */
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
