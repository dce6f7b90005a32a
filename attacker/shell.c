#include <string.h>

#include "attacker/engine.h"

int shell_run(const struct attack *attack, int team, const struct shell *shell, struct exec_result *result, struct error **err)
{
	const char *argv[] = {"sh", "-c", shell->script, NULL};
	struct guest_id guest = {attack->plan->exercise, team, shell->host};
	struct exec_request request = {
		.argv = argv,
		.environment = (const char *const *)shell->environment,
		.user = shell->user,
		.input = shell->input,
		.input_length = shell->input ? strlen(shell->input) : 0,
		.timeout_ms = shell->timeout_ms ? shell->timeout_ms : SHELL_TIMEOUT_MS,
		.output_limit = PROTOCOL_RESULT_MAX_BYTES,
	};
	if (range_exec(attack->range, &guest, &request, result, err) < 0)
		return error_prefix(err, "team %d: host '%s'", team, shell->host);
	return 0;
}
