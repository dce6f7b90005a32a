/* Before the first step: the range's token, the ability scripts that beacons may run, and a C&C server that answers. */
#include <sodium.h>
#include <string.h>

#include "attacker/engine.h"
#include "attacker/setting.h"
#include "common/alloc.h"
#include "common/cleanup.h"

static bool starts_beacon(const struct step *step)
{
	return step->ability->kind == ABILITY_BEACON;
}

/* Is the host a C&C of any step? */
static bool is_c2(const struct scenario *scenario, const struct host *host)
{
	for (size_t i = 0; i < scenario->steps_count; i++)
		if (setting_of(&scenario->steps[i]).to == host)
			return true;
	return false;
}

static bool has_beacon(const struct scenario *scenario, const struct host *host)
{
	for (size_t i = 0; i < scenario->steps_count; i++)
		if (scenario->steps[i].on == host && starts_beacon(&scenario->steps[i]))
			return true;
	return false;
}

static int run(const struct attack *attack, int team, const struct shell *shell, const char *what, struct error **err)
{
	struct exec_result result = {0};
	if (shell_run(attack, team, shell, &result, err) < 0)
		return error_prefix(err, "%s", what);
	cleanup_free char *said = last_line(result.err);
	int status = result.status;
	exec_result_finish(&result);
	return status == 0 ? 0
			   : error_set(err, "%s: team %d: host '%s': status %d: %s", what, team, shell->host, status,
				       said ? said : "no word");
}

/* ---- the token ---- */

/* The one in force, if a C&C has it already (the orchestrator was started anew while the range went on). */
static bool token_recall(const struct attack *attack, int team, const char *host, char token[TOKEN_LENGTH + 1])
{
	struct shell shell = {.host = host, .script = "cat " TOKEN_FILE};
	struct exec_result result = {0};
	cleanup_error struct error *ignored = NULL;
	if (shell_run(attack, team, &shell, &result, &ignored) < 0)
		return false;
	bool good = result.status == 0 && result.out && protocol_token(result.out);
	if (good)
		memcpy(token, result.out, TOKEN_LENGTH + 1);
	exec_result_finish(&result);
	return good;
}

static int token_make(char token[TOKEN_LENGTH + 1], struct error **err)
{
	unsigned char bytes[TOKEN_LENGTH / 2];
	if (sodium_init() < 0)
		return error_set(err, "libsodium cannot be used on this host");
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(token, TOKEN_LENGTH + 1, bytes, sizeof bytes);
	return 0;
}

/* Readable to all in the guest: the beacon runs as an ordinary user. It is a sign of the range, not a secret. */
static int token_stage(const struct attack *attack, int team, const struct host *host, const char *token, struct error **err)
{
	static const char script[] =
		"umask 022; mkdir -p /run/toride && cat > " TOKEN_FILE ".new && chmod 444 " TOKEN_FILE ".new && "
		"mv " TOKEN_FILE ".new " TOKEN_FILE;
	return run(attack, team, &(struct shell){.host = host->name, .script = script, .input = token}, "staging the range token",
		   err);
}

/* ---- abilities ---- */

/* The closed list: what the scenario's own steps make this host's beacon run. */
static int abilities_stage(const struct attack *attack, int team, const struct host *host, struct error **err)
{
	static const char script[] = "set -e; umask 022; cd " ABILITIES_FOLDER " 2> /dev/null || { mkdir -p " ABILITIES_FOLDER
				     "; cd " ABILITIES_FOLDER "; }\n"
				     "cat > \".new.$ability\"; chmod 755 \".new.$ability\"; mv \".new.$ability\" \"$ability\"";
	const struct scenario *scenario = attack->plan->scenario;
	for (size_t i = 0; i < scenario->steps_count; i++) {
		const struct step *step = &scenario->steps[i];
		if (step->on != host || !step->through)
			continue;
		if (!protocol_id(step->ability->id) || !step->ability->run)
			return error_set(err, "ability '%s' cannot be carried by a beacon", step->ability->id);
		cleanup_free char *ability = xasprintf("ability=%s", step->ability->id);
		char *const environment[] = {ability, NULL};
		struct shell shell = {
			.host = host->name, .script = script, .environment = environment, .input = step->ability->run};
		if (run(attack, team, &shell, "staging an ability", err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the C&C server ---- */

/* Its service has gone down for want of a token, and may just be about to. */
static int c2_start(const struct attack *attack, int team, const struct host *host, struct error **err)
{
	static const char script[] =
		"for turn in $(seq 60); do\n"
		"for service in /run/service/*; do s6-svc -u \"$service\"; done\n"
		"curl -fs -m 2 --noproxy '*' -o /dev/null http://127.0.0.1/ && exit 0\n"
		"sleep 0.2\n"
		"done\n"
		"echo 'it does not answer on port 80: is /usr/lib/toride/c2 there, and its service?' >&2; exit 1";
	struct shell shell = {.host = host->name, .script = script, .timeout_ms = C2_START_MS};
	return run(attack, team, &shell, "starting the C&C server", err);
}

static int prepare(const struct attack *attack, int team, char token[TOKEN_LENGTH + 1], struct error **err)
{
	const struct scenario *scenario = attack->plan->scenario;
	bool recalled = false;
	for (size_t i = 0; i < scenario->hosts_count && !recalled; i++)
		if (is_c2(scenario, &scenario->hosts[i]))
			recalled = token_recall(attack, team, scenario->hosts[i].name, token);
	if (!recalled && token_make(token, err) < 0)
		return -1;
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		bool serves = is_c2(scenario, host), is_infected = has_beacon(scenario, host);
		if ((serves || is_infected) && token_stage(attack, team, host, token, err) < 0)
			return -1;
		if (is_infected && abilities_stage(attack, team, host, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (is_c2(scenario, &scenario->hosts[i]) && c2_start(attack, team, &scenario->hosts[i], err) < 0)
			return -1;
	return 0;
}

int attack_prepare(struct attack *attack, int team, struct error **err)
{
	if (team < 1 || team > attack->plan->teams)
		return error_set(err, "there is no team %d (the exercise has %d)", team, attack->plan->teams);
	struct team_state *state = &attack->teams[team - 1];
	char token[TOKEN_LENGTH + 1] = "";
	pthread_mutex_lock(&state->lock);
	int result = prepare(attack, team, token, err);
	memcpy(state->token, result == 0 ? token : "", result == 0 ? sizeof token : 1);
	pthread_mutex_unlock(&state->lock);
	return result;
}

bool attack_stages_in(const struct attack *attack, const struct host *host)
{
	return is_c2(attack->plan->scenario, host) || has_beacon(attack->plan->scenario, host);
}
