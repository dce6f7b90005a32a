/* The operations `exec` and `shell`: a program in a guest, its streams pipes of the caller's. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

enum { EXEC_TIMEOUT_MAX_MS = 24 * 3600 * 1000, EXEC_ARGUMENTS_MAX = 4096, SHELLS_MAX = ORCHESTRATOR_WORKERS / 2 };

struct guest_work {
	struct orchestrator *orchestrator;
	struct call *call;
	char *exercise, *host;
	int team;
	const char **argv;
	const char *user;
	int stdio[3];
	int64_t timeout_ms;
	struct exec_result result;
	int master;
	pid_t pid;
	int status;
	struct error *err;
};

static void guest_work_free(struct guest_work *work)
{
	for (size_t i = 0; i < 3; i++)
		if (work->stdio[i] >= 0)
			close(work->stdio[i]);
	if (work->master >= 0)
		close(work->master);
	exec_result_finish(&work->result);
	free(work->argv);
	free(work->exercise);
	free(work->host);
	free(work);
}

/* The guest that the call names, checked; NULL: the call has been answered. */
static struct guest_work *guest_work_create(struct orchestrator *orchestrator, struct call *call)
{
	struct instance *instance = named_instance(orchestrator, call);
	if (!instance)
		return NULL;
	const char *host = call_text(call, "host", "");
	int team = call_integer(call, "team", 0);
	struct error *err = NULL;
	if (instance_check_guest(instance, team, host, &err) < 0) {
		call_fail(call, err);
		return NULL;
	}
	struct guest_work *work = xcalloc(1, sizeof *work);
	*work = (struct guest_work){.orchestrator = orchestrator,
				    .call = call,
				    .exercise = xstrdup(instance_name(instance)),
				    .host = xstrdup(host),
				    .team = team,
				    .user = call_text(call, "user", NULL),
				    .master = -1};
	for (size_t i = 0; i < 3; i++)
		work->stdio[i] = call_take_fd(call, i);
	return work;
}

static struct guest_id guest_of(const struct guest_work *work)
{
	return (struct guest_id){.exercise = work->exercise, .team = work->team, .host = work->host};
}

static void exec_run(void *context)
{
	struct guest_work *work = context;
	struct guest_id guest = guest_of(work);
	struct exec_request request = {.argv = work->argv,
				       .user = work->user,
				       .timeout_ms = work->timeout_ms,
				       .stdio = {work->stdio[0], work->stdio[1], work->stdio[2]},
				       .pass_stdio = true};
	range_exec(work->orchestrator->range, &guest, &request, &work->result, &work->err);
}

static void exec_done(void *context)
{
	struct guest_work *work = context;
	if (work->err)
		call_fail(work->call, steal(&work->err));
	else
		call_finish(work->call, json_pack("{si sb}", "status", work->result.status, "timed_out", work->result.timed_out));
	guest_work_free(work);
}

void op_exec(struct orchestrator *orchestrator, struct call *call)
{
	const json_t *argv = json_object_get(call_args(call), "argv");
	const json_t *timeout = json_object_get(call_args(call), "timeout_ms");
	size_t count = json_array_size(argv);
	if (count == 0 || count > EXEC_ARGUMENTS_MAX) {
		call_refuse(call, "exec needs a command of 1 to %d words", EXEC_ARGUMENTS_MAX);
		return;
	}
	struct guest_work *work = guest_work_create(orchestrator, call);
	if (!work)
		return;
	work->timeout_ms = json_is_integer(timeout) ? json_integer_value(timeout) : 0;
	work->argv = xcalloc(count + 1, sizeof *work->argv);
	for (size_t i = 0; i < count; i++)
		work->argv[i] = json_string_value(json_array_get(argv, i));
	bool whole = work->timeout_ms >= 0 && work->timeout_ms <= EXEC_TIMEOUT_MAX_MS;
	for (size_t i = 0; i < count; i++)
		whole = whole && work->argv[i];
	for (size_t i = 0; i < 3; i++)
		whole = whole && is_pipe(work->stdio[i]); /* what a guest's root gets to hold must lead nowhere */
	if (!whole) {
		call_refuse(call, "exec needs words, three pipes and a time limit of at most 24 hours");
		guest_work_free(work);
		return;
	}
	jobs_submit(orchestrator->jobs, exec_run, exec_done, work);
}

static void shell_wait(void *context)
{
	struct guest_work *work = context;
	work->status = range_shell_wait(work->pid);
}

static void shell_done(void *context)
{
	struct guest_work *work = context;
	call_finish(work->call, json_pack("{si}", "status", work->status));
	guest_work_free(work);
}

static void shell_run(void *context)
{
	struct guest_work *work = context;
	struct guest_id guest = guest_of(work);
	range_shell(work->orchestrator->range, &guest, work->user, &work->master, &work->pid, &work->err);
}

static void shell_opened(void *context)
{
	struct guest_work *work = context;
	if (work->err) {
		call_fail(work->call, steal(&work->err));
		guest_work_free(work);
		return;
	}
	call_send(work->call, json_pack("{sb}", "terminal", 1), work->master);
	close(steal_fd(&work->master));
	jobs_submit(work->orchestrator->jobs, shell_wait, shell_done, work);
}

void op_shell(struct orchestrator *orchestrator, struct call *call)
{
	if (jobs_pending(orchestrator->jobs) >= SHELLS_MAX) {
		call_refuse(call, "too many shells and commands are running; try again");
		return;
	}
	struct guest_work *work = guest_work_create(orchestrator, call);
	if (work)
		jobs_submit(orchestrator->jobs, shell_run, shell_opened, work);
}
