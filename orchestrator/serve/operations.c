/* What the CLI can ask of the orchestrator: a table of operations; the small ones are here. What blocks goes to a worker and
 * comes back. */
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/operation.h"

void call_refuse(struct call *call, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	struct error *err = NULL;
	error_set(&err, "%s", text);
	free(text);
	call_fail(call, err);
}

/* The exercise that the call names; the only one when it names none. NULL: the call has been answered. */
struct instance *named_instance(struct orchestrator *orchestrator, struct call *call)
{
	const char *name = call_text(call, "exercise", NULL);
	if (!name && orchestrator->instances_count == 1)
		return orchestrator->instances[0];
	struct instance *instance = name ? orchestrator_instance(orchestrator, name) : NULL;
	if (instance)
		return instance;
	cleanup_free char *there = xstrdup("");
	for (size_t i = 0; i < orchestrator->instances_count; i++) {
		char *longer = xasprintf("%s%s%s", there, i ? ", " : "", instance_name(orchestrator->instances[i]));
		free(there);
		there = longer;
	}
	if (!*there)
		call_refuse(call, "no exercise is up; `toride up SCENARIO` builds one");
	else if (name)
		call_refuse(call, "there is no exercise '%s'; up are: %s", name, there);
	else
		call_refuse(call, "name one of the exercises: %s", there);
	return NULL;
}

int named_team(const struct instance *instance, struct call *call)
{
	int team = call_integer(call, "team", 0);
	if (team >= 1 && team <= instance->plan->teams)
		return team;
	call_refuse(call, "exercise '%s' has teams 1 to %d", instance_name(instance), instance->plan->teams);
	return 0;
}

bool is_pipe(int fd)
{
	struct statfs about;
	return fd >= 0 && fstatfs(fd, &about) == 0 && about.f_type == PIPEFS_MAGIC;
}

int check_bots(const json_t *bots, int teams, struct error **err)
{
	size_t index;
	json_t *team;
	json_array_foreach (bots, index, team)
		if (!json_is_integer(team) || json_integer_value(team) < 1 || json_integer_value(team) > teams)
			return error_set(err, "--bot names a team from 1 to %d", teams);
	return 0;
}

void set_bots(struct instance *instance, const json_t *bots)
{
	size_t index;
	json_t *team;
	json_array_foreach (bots, index, team)
		exercise_set_bot(instance->exercise, (int)json_integer_value(team), true);
}

/* ---- commands of the instructor, given at the console ---- */

static void op_command(struct orchestrator *orchestrator, struct call *call)
{
	struct instance *instance = named_instance(orchestrator, call);
	if (!instance)
		return;
	if (!instance->built) {
		call_refuse(call, "exercise '%s' is not built yet", instance_name(instance));
		return;
	}
	const json_t *bots = json_object_get(call_args(call), "bots");
	struct identity console = {.role = ACCOUNT_INSTRUCTOR, .account = "console"};
	struct error *err = NULL;
	json_t *answer = NULL;
	if (check_bots(bots, instance->plan->teams, &err) < 0) {
		call_fail(call, err);
		return;
	}
	set_bots(instance, bots);
	if (exercise_command(instance->exercise, &console, call_text(call, "command", ""),
			     json_object_get(call_args(call), "args"), &answer, &err) < 0)
		call_fail(call, err);
	else
		call_finish(call, answer ? answer : json_object());
}

/* Answers when every team's clock has ended. */
static void op_follow(struct orchestrator *orchestrator, struct call *call)
{
	struct instance *instance = named_instance(orchestrator, call);
	if (!instance)
		return;
	if (instance->follower && call_forgotten(instance->follower)) /* he has gone away */
		call_finish(steal(&instance->follower), json_object());
	if (instance->follower)
		call_refuse(call, "somebody follows '%s' already", instance_name(instance));
	else
		instance->follower = call;
}

static void op_board(struct orchestrator *orchestrator, struct call *call)
{
	struct instance *instance = named_instance(orchestrator, call);
	if (instance)
		call_finish(call, view_board(instance->view));
}

/* ---- status ---- */

struct status_work {
	struct orchestrator *orchestrator;
	struct call *call;
	json_t *exercises;
	struct error *err;
};

static void status_run(void *context)
{
	struct status_work *work = context;
	size_t index;
	json_t *exercise;
	json_array_foreach (work->exercises, index, exercise) {
		json_t *found = NULL;
		if (work->err || range_status(work->orchestrator->range, json_string_value(json_object_get(exercise, "name")),
					      &found, &work->err) < 0)
			return;
		json_object_update(exercise, found);
		json_decref(found);
	}
}

static void status_done(void *context)
{
	struct status_work *work = context;
	if (work->err) {
		call_fail(work->call, work->err);
		json_decref(work->exercises);
	} else {
		call_finish(work->call, json_pack("{ss ss* so}", "version", TORIDE_VERSION, "url",
						  orchestrator_url(work->orchestrator), "exercises", work->exercises));
	}
	free(work);
}

static void op_status(struct orchestrator *orchestrator, struct call *call)
{
	struct status_work *work = xcalloc(1, sizeof *work);
	work->orchestrator = orchestrator;
	work->call = call;
	work->exercises = json_array();
	for (size_t i = 0; i < orchestrator->instances_count; i++) {
		const struct instance *instance = orchestrator->instances[i];
		const char *state = instance->built ? "up" : instance->busy ? "building or removing" : "not built";
		json_t *line =
			json_pack("{ss ss ss si ss}", "name", instance_name(instance), "scenario", instance->file, "digest",
				  instance->scenario->digest, "team_count", instance->plan->teams, "state", state);
		cleanup_json json_t *clocks = exercise_status(instance->exercise);
		json_object_update(line, clocks);
		json_array_append_new(work->exercises, line);
	}
	jobs_submit(orchestrator->jobs, status_run, status_done, work);
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*begin)(struct orchestrator *orchestrator, struct call *call);
} operations[] = {
	{"up", op_up},		 {"down", op_down},	{"command", op_command}, {"follow", op_follow},
	{"board", op_board},	 {"status", op_status}, {"exec", op_exec},	 {"shell", op_shell},
	{"capture", op_capture}, {"reset", op_reset},	{"verify", op_verify},	 {"bake", op_bake},
};

void operation_begin(struct orchestrator *orchestrator, const char *op, struct call *call)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		if (strcmp(operations[i].name, op) == 0) {
			operations[i].begin(orchestrator, call);
			return;
		}
	}
	call_refuse(call, "this orchestrator does not know the operation '%s'; is it an older one?", op);
}
