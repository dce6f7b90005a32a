/* Ground truth: is what an ability must leave really there? Looked for as root, out of band. */
#include <string.h>
#include <time.h>

#include "attacker/engine.h"
#include "attacker/setting.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"

/* 1: the text is in the file; 0: it is not, or there is no file; -1: could not look. */
static int look_once(const struct attack *attack, int team, const struct step_trace *trace, const char *contains)
{
	cleanup_free char *file = xasprintf("file=%s", trace->file);
	cleanup_free char *text = xasprintf("text=%s", contains);
	char *const environment[] = {file, text, NULL};
	struct shell shell = {
		.host = trace->host,
		.script = "[ -f \"$file\" ] || exit 1; exec grep -qaF -- \"$text\" \"$file\"",
		.environment = environment,
	};
	struct exec_result result = {0};
	cleanup_error struct error *ignored = NULL;
	if (shell_run(attack, team, &shell, &result, &ignored) < 0)
		return -1;
	int status = result.timed_out ? -1 : result.status;
	exec_result_finish(&result);
	return status == 0 ? 1 : status == 1 ? 0 : -1;
}

static void look(const struct attack *attack, int team, struct step_trace *trace, const char *contains)
{
	int64_t end_ms = monotonic_ms() + TRACE_LIMIT_MS;
	for (int try = 0; try < TRACE_TRIES && monotonic_ms() < end_ms; try++) {
		if (try > 0) /* a log line may need a moment, and so may a busy host */
			nanosleep(&(struct timespec){.tv_nsec = TRACE_PAUSE_MS * 1000000L}, NULL);
		trace->found = look_once(attack, team, trace, contains);
		if (trace->found == 1)
			return;
	}
}

void traces_look(const struct attack *attack, int team, const struct step *step, struct step_result *result)
{
	const struct scenario *scenario = attack->plan->scenario;
	for (size_t i = 0; i < step->ability->expect_count; i++) {
		const struct trace *expected = &step->ability->expect[i];
		cleanup_free char *host_name = setting_expand(scenario, step, expected->host);
		cleanup_free char *file = setting_expand(scenario, step, expected->file);
		cleanup_free char *contains = setting_expand(scenario, step, expected->contains);
		const struct host *host = host_name ? scenario_host(scenario, host_name) : NULL;
		if (!host || !file || !contains)
			continue; /* the step has no such host: no proxy, say */
		struct step_trace *trace = array_add(&result->traces, &result->traces_count);
		*trace = (struct step_trace){.trace = expected, .host = host->name, .file = steal(&file)};
		look(attack, team, trace, contains);
	}
}
