/*
 * The C&C server's folder, reached out of band (include/attacker/protocol.h tells its files). Names arrive in the scripts as
 * environment variables; they are checked before.
 */
#include <string.h>

#include "attacker/engine.h"
#include "common/alloc.h"
#include "common/cleanup.h"

enum { SHELL_SPARE_MS = 10000, VARIABLES_MAX = 8 };

/* /proc/uptime is read by the shell itself: waiting costs no process but sleep's. */
#define NOW "read -r up rest < /proc/uptime; now=${up%.*}${up#*.}; "
#define FOLDER "umask 022; cd " C2_FOLDER " || exit 3; "

struct call {
	const char *script;
	const char *beacon, *task; /* NULL: not used */
	const char *input;
	int64_t first_ms, second_ms; /* limits, in the script as hundredths of a second: $first, $second */
};

/* The script's exit status, or -1 with *err; *out (unless NULL) is what it printed. */
static int call(const struct mailbox *mailbox, const struct call *call, char **out, struct error **err)
{
	if ((call->beacon && !protocol_beacon_id(call->beacon)) || (call->task && !protocol_id(call->task)))
		return error_set(err, "'%s' is no id of a task or beacon: at most %d characters a-z, 0-9, -",
				 call->task ? call->task : call->beacon, PROTOCOL_NAME_MAX);
	cleanup_free char *beacon = xasprintf("beacon=%s", call->beacon ? call->beacon : "");
	cleanup_free char *task = xasprintf("task=%s", call->task ? call->task : "");
	cleanup_free char *first = xasprintf("first=%lld", (long long)call->first_ms / 10);
	cleanup_free char *second = xasprintf("second=%lld", (long long)call->second_ms / 10);
	char *const environment[] = {beacon, task, first, second, NULL};
	struct shell shell = {
		.host = mailbox->host,
		.script = call->script,
		.environment = environment,
		.input = call->input,
		.timeout_ms = call->first_ms + call->second_ms + SHELL_SPARE_MS,
	};
	struct exec_result result = {0};
	if (shell_run(mailbox->attack, mailbox->team, &shell, &result, err) < 0)
		return -1;
	int status = result.status;
	if (result.timed_out)
		status = error_set(err, "team %d: host '%s': the C&C's folder did not answer in time", mailbox->team,
				   mailbox->host);
	if (out)
		*out = steal(&result.out);
	exec_result_finish(&result);
	return status;
}

/* For scripts that can only succeed. */
static int must(const struct mailbox *mailbox, const struct call *one, struct error **err)
{
	int status = call(mailbox, one, NULL, err);
	if (status > 0)
		return error_set(err, "team %d: host '%s': the C&C's folder cannot be used (status %d): is its service running?",
				 mailbox->team, mailbox->host, status);
	return status;
}

int mailbox_forget_beacon(const struct mailbox *mailbox, const char *beacon, struct error **err)
{
	return must(mailbox, &(struct call){.script = FOLDER "rm -f \"beacons/$beacon\"", .beacon = beacon}, err);
}

int mailbox_await_poll(const struct mailbox *mailbox, const char *beacon, int64_t patience_ms, struct error **err)
{
	static const char script[] =
		FOLDER NOW "end=$((now + first))\n"
			   "until [ -e \"beacons/$beacon\" ]; do\n" NOW "[ \"$now\" -lt \"$end\" ] || exit 10\n"
			   "sleep 0.2\n"
			   "done";
	int status = call(mailbox, &(struct call){.script = script, .beacon = beacon, .first_ms = patience_ms}, NULL, err);
	if (status == 3)
		return error_set(err, "team %d: host '%s': there is no C&C folder: is its service running?", mailbox->team,
				 mailbox->host);
	return status < 0 ? -1 : status == 0;
}

int64_t mailbox_silence_s(const struct mailbox *mailbox, const char *beacon)
{
	static const char script[] = FOLDER "[ -e \"beacons/$beacon\" ] || exit 10\n"
					    "read -r count at < \"beacons/$beacon\" && echo $(($(date +%s) - at))";
	cleanup_free char *out = NULL;
	cleanup_error struct error *ignored = NULL;
	int status = call(mailbox, &(struct call){.script = script, .beacon = beacon}, &out, &ignored);
	if (status == 10)
		return -1;
	return status == 0 && out ? strtoll(out, NULL, 10) : -2;
}

int mailbox_stage(const struct mailbox *mailbox, const char *beacon, const char *task, const json_t *json, struct error **err)
{
	static const char script[] = FOLDER "rm -f tasks/*@\"$task.json\" taken/*@\"$task.json\" \"results/$task.json\"\n"
					    "cat > \"tasks/.new.$task\" && mv \"tasks/.new.$task\" \"tasks/$beacon@$task.json\"";
	cleanup_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text || strlen(text) > PROTOCOL_TASK_MAX_BYTES)
		return error_set(err, "task '%s' is larger than %d bytes", task, PROTOCOL_TASK_MAX_BYTES);
	return must(mailbox, &(struct call){.script = script, .beacon = beacon, .task = task, .input = text}, err);
}

/*
 * Both sides move the task by a rename of the same name, so that one of them wins: what is taken back was never handed out. What
 * the C&C handed out and nobody answered is forgotten, so that a late result finds nobody who wants it.
 */
static const char await_script[] =
	FOLDER NOW "end=$((now + first))\n"
		   "while [ -e \"tasks/$beacon@$task.json\" ]; do\n" NOW "if [ \"$now\" -ge \"$end\" ]; then\n"
		   "mv \"tasks/$beacon@$task.json\" \"tasks/.back.$task\" 2> /dev/null || break\n"
		   "rm -f \"tasks/.back.$task\"\n"
		   "exit 10\n"
		   "fi\n"
		   "sleep 0.2\n"
		   "done\n" NOW "end=$((now + second))\n"
		   "until [ -e \"results/$task.json\" ]; do\n" NOW "if [ \"$now\" -ge \"$end\" ]; then\n"
		   "rm -f \"taken/$beacon@$task.json\"\n"
		   "exit 11\n"
		   "fi\n"
		   "sleep 0.2\n"
		   "done\n"
		   "rm -f \"taken/$beacon@$task.json\"\n"
		   "cat \"results/$task.json\"";

enum mailbox_answer mailbox_await(const struct mailbox *mailbox, const char *beacon, const char *task, int64_t patience_ms,
				  int64_t answer_ms, json_t **result, struct error **err)
{
	cleanup_free char *out = NULL;
	const struct call wait = {
		.script = await_script, .beacon = beacon, .task = task, .first_ms = patience_ms, .second_ms = answer_ms};
	switch (call(mailbox, &wait, &out, err)) {
	case 0:
		*result = json_loads(out ? out : "", JSON_REJECT_DUPLICATES, NULL);
		if (*result)
			return MAILBOX_ANSWERED;
		error_set(err, "team %d: the result of '%s' cannot be read", mailbox->team, task);
		return MAILBOX_BROKEN;
	case 10:
		return MAILBOX_NOT_TAKEN;
	case 11:
		return MAILBOX_NOT_ANSWERED;
	case -1:
		return MAILBOX_BROKEN;
	default:
		error_set(err, "team %d: host '%s': the C&C's folder cannot be used: is its service running?", mailbox->team,
			  mailbox->host);
		return MAILBOX_BROKEN;
	}
}

int mailbox_clean(const struct mailbox *mailbox, const char *task, struct error **err)
{
	static const char script[] =
		FOLDER "rm -f tasks/*@\"$task.json\" taken/*@\"$task.json\" \"results/$task.json\" uploads/\"$task@\"*";
	return must(mailbox, &(struct call){.script = script, .task = task}, err);
}
