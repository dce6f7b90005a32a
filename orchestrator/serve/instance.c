#include "orchestrator/serve/instance.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/serve/board.h"
#include "orchestrator/serve/gate.h"
#include "orchestrator/serve/kept.h"

/* Tells the engine which claim objectives have been reached: what the scenario has `after` one of them may begin. */
static void tell_reached(struct instance *instance, int team)
{
	for (size_t i = 0; i < instance->scenario->objectives_count; i++) {
		const struct objective *objective = &instance->scenario->objectives[i];
		if (objective->kind != OBJECTIVE_CLAIM)
			continue;
		int64_t at_ms = score_reached(view_score(instance->view), team, objective->id);
		if (at_ms >= 0)
			exercise_reached(instance->exercise, team, objective->id, at_ms);
	}
}

static void on_event(const struct event *event, void *context)
{
	struct instance *instance = context;
	view_apply(instance->view, event);
	board_view_changed(instance->orchestrator->board, instance_name(instance));
	if (instance->exercise && event->team > 0 && score_counts(event->kind))
		tell_reached(instance, event->team);
}

static void on_ended(void *context)
{
	struct instance *instance = context;
	struct call *follower = steal(&instance->follower);
	if (follower)
		call_finish(follower,
			    json_pack("{ss so}", "exercise", instance_name(instance), "board", view_board(instance->view)));
}

static void instance_free(struct instance *instance)
{
	if (!instance)
		return;
	exercise_destroy(instance->exercise);
	view_destroy(instance->view);
	journal_destroy(instance->journal);
	plan_destroy(instance->plan);
	plan_destroy(instance->first_plan);
	scenario_destroy(instance->scenario);
	accounts_finish(&instance->accounts);
	free(instance->folder);
	free(instance->file);
	free(instance);
}

static int make_folders(const char *folder, struct error **err)
{
	cleanup_free char *path = xstrdup(folder);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_set_errno(err, errno, "cannot make '%s'", path);
		*slash = '/';
	}
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make '%s'", folder);
	return 0;
}

int scenario_open(const struct site *site, const char *file, struct scenario **scenario, struct error **err)
{
	struct diagnostics diagnostics = {0};
	int loaded = scenario_load(file, site->data_dir, scenario, &diagnostics, err);
	if (loaded > 0)
		error_set(err, "%s has %zu error%s\n%s", file, diagnostics.errors, diagnostics.errors == 1 ? "" : "s",
			  diagnostics.text);
	diagnostics_finish(&diagnostics);
	return loaded == 0 ? 0 : -1;
}

static int load(struct instance *instance, const char *name, int teams, const char *day, struct error **err)
{
	const struct site *site = instance->orchestrator->site;
	if (scenario_open(site, instance->file, &instance->scenario, err) < 0 ||
	    plan_create(instance->scenario, name, teams, day, &instance->plan, err) < 0)
		return -1;
	instance->folder = kept_folder(site, instance_name(instance));
	return make_folders(instance->folder, err);
}

/* The journal of an exercise that was taken down stays, under the time at which its successor began. */
static int set_old_journal_aside(const char *folder, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/journal.db", folder);
	char stamp[32];
	time_t now = time(NULL);
	struct tm utc;
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	cleanup_free char *aside = xasprintf("%s/journal-%s.db", folder, stamp);
	for (int n = 2; access(aside, F_OK) == 0; n++) {
		free(aside);
		aside = xasprintf("%s/journal-%s-%d.db", folder, stamp, n);
	}
	if (rename(path, aside) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "cannot keep the old journal '%s'", path);
	static const char *const beside[] = {"-wal", "-shm"};
	for (size_t i = 0; i < 2; i++) {
		cleanup_free char *from = xasprintf("%s%s", path, beside[i]), *to = xasprintf("%s%s", aside, beside[i]);
		rename(from, to);
	}
	return 0;
}

static int feed_view(const struct event *event, void *context)
{
	view_apply(context, event);
	return 0;
}

static int open_journal(struct instance *instance, struct error **err)
{
	cleanup_free char *path = xasprintf("%s/journal.db", instance->folder);
	instance->view = view_create(instance->scenario, instance_name(instance), instance->plan->teams);
	if (journal_create(path, &instance->journal, err) < 0 ||
	    journal_read(instance->journal, 0, feed_view, instance->view, err) < 0)
		return error_prefix(err, "journal '%s'", path);
	struct exercise_options options = {
		.loop = instance->orchestrator->loop,
		.jobs = instance->orchestrator->jobs,
		.journal = instance->journal,
		.range = instance->orchestrator->range,
		.plan = instance->plan,
		.on_event = on_event,
		.on_ended = on_ended,
		.reset = instance_reset,
		.context = instance,
	};
	if (exercise_create(&options, &instance->exercise, err) < 0)
		return -1;
	for (int team = 1; team <= instance->plan->teams; team++)
		tell_reached(instance, team);
	return 0;
}

static int add_to_orchestrator(struct instance *instance, struct error **err)
{
	struct orchestrator *orchestrator = instance->orchestrator;
	if (orchestrator->instances_count == ORCHESTRATOR_EXERCISES_MAX)
		return error_set(err, "%d exercises are here already; take one down", ORCHESTRATOR_EXERCISES_MAX);
	orchestrator->instances[orchestrator->instances_count++] = instance;
	board_exercises_changed(orchestrator->board);
	board_view_changed(orchestrator->board, instance_name(instance));
	return 0;
}

static int begin_new(struct instance *instance, json_t **passwords, struct error **err)
{
	if (set_old_journal_aside(instance->folder, err) < 0 || open_journal(instance, err) < 0)
		return -1;
	accounts_draw(&instance->accounts, instance->plan->teams, passwords);
	return add_to_orchestrator(instance, err);
}

int instance_create(struct orchestrator *orchestrator, const char *file, const char *name, int teams, const char *day,
		    struct instance **out, json_t **passwords, struct error **err)
{
	struct instance *instance = xcalloc(1, sizeof *instance);
	instance->orchestrator = orchestrator;
	char resolved[PATH_MAX];
	instance->file = xstrdup(realpath(file, resolved) ? resolved : file);
	struct capacity capacity;
	if (load(instance, name, teams, day, err) < 0 || range_capacity(orchestrator->range, &capacity, err) < 0 ||
	    plan_check_capacity(instance->plan, &capacity, err) < 0 || begin_new(instance, passwords, err) < 0) {
		instance_free(instance);
		return -1;
	}
	*out = instance;
	return 0;
}

/* The engine holds on to the plan that it began with; teams and networks are the same in both. */
int instance_set_day(struct instance *instance, const char *day, struct error **err)
{
	struct plan *plan = NULL;
	if (plan_create(instance->scenario, instance_name(instance), instance->plan->teams, day, &plan, err) < 0)
		return -1;
	if (instance->first_plan)
		plan_destroy(instance->plan);
	else
		instance->first_plan = instance->plan;
	instance->plan = plan;
	return 0;
}

int instance_save(const struct instance *instance, struct error **err)
{
	cleanup_json json_t *state =
		json_pack("{ss ss si ss so}", "scenario", instance->file, "digest", instance->scenario->digest, "teams",
			  instance->plan->teams, "day", instance->plan->day, "accounts", accounts_to_json(&instance->accounts));
	return kept_write_scenario(instance->folder, instance->scenario, err) < 0 ? -1 : kept_write(instance->folder, state, err);
}

/* By its copy whatever became of the file. Without a sound copy the file must still be the same; then it is copied again. */
static int load_kept(struct instance *instance, const char *name, const char *digest, struct error **err)
{
	const struct site *site = instance->orchestrator->site;
	cleanup_error struct error *fault = NULL;
	if (kept_scenario(instance->folder, instance->file, site->data_dir, digest, &instance->scenario, &fault) == 0)
		return 0;
	log_warning("%s: %s; going by '%s' itself", name, error_text(fault), instance->file);
	if (scenario_open(site, instance->file, &instance->scenario, err) < 0)
		return -1;
	if (strcmp(digest, instance->scenario->digest) != 0)
		return error_set(err, "'%s' was changed since the exercise began; put it back, or `toride down %s`",
				 instance->file, name);
	cleanup_error struct error *unkept = NULL; /* as on a full disk: it goes on all the same */
	if (kept_write_scenario(instance->folder, instance->scenario, &unkept) < 0)
		log_warning("%s: %s", name, error_text(unkept));
	return 0;
}

/* What exercise.json says, taken up again. */
static int restore(struct instance *instance, const char *name, struct error **err)
{
	instance->folder = kept_folder(instance->orchestrator->site, name);
	cleanup_json json_t *state = kept_read(instance->folder, err);
	json_error_t fault;
	const char *file, *digest, *day;
	int teams;
	json_t *accounts;
	if (!state)
		return -1;
	if (json_unpack_ex(state, &fault, 0, "{ss ss si ss so}", "scenario", &file, "digest", &digest, "teams", &teams, "day",
			   &day, "accounts", &accounts) < 0)
		return error_set(err, "'%s/exercise.json': %s", instance->folder, fault.text);
	instance->file = xstrdup(file);
	if (load_kept(instance, name, digest, err) < 0 ||
	    plan_create(instance->scenario, name, teams, day, &instance->plan, err) < 0)
		return -1;
	if (accounts_from_json(&instance->accounts, accounts, err) < 0)
		return error_prefix(err, "'%s/exercise.json'", instance->folder);
	return open_journal(instance, err);
}

int instance_adopt(struct orchestrator *orchestrator, const char *name, struct instance **out, struct error **err)
{
	struct instance *instance = xcalloc(1, sizeof *instance);
	instance->orchestrator = orchestrator;
	instance->built = true;
	if (restore(instance, name, err) < 0 || add_to_orchestrator(instance, err) < 0) {
		instance_free(instance);
		return error_prefix(err, "exercise '%s' cannot go on", name);
	}
	*out = instance;
	return 0;
}

void instance_destroy(struct instance *instance, bool forget)
{
	struct orchestrator *orchestrator = instance->orchestrator;
	for (size_t i = 0; i < orchestrator->instances_count; i++) {
		if (orchestrator->instances[i] != instance)
			continue;
		orchestrator->instances[i] = orchestrator->instances[--orchestrator->instances_count];
		break;
	}
	struct call *follower = steal(&instance->follower);
	if (follower)
		call_finish(follower,
			    json_pack("{ss so}", "exercise", instance_name(instance), "board", view_board(instance->view)));
	if (forget) {
		kept_forget(instance->folder);
		gate_close_exercise(orchestrator->gate, instance_name(instance));
		board_exercise_closed(orchestrator->board, instance_name(instance));
	}
	instance_free(instance);
	board_exercises_changed(orchestrator->board);
}

static bool has_room(const struct instance *instance, const char *file, int teams, const char *day, struct error **err)
{
	const struct orchestrator *orchestrator = instance->orchestrator;
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_plan struct plan *plan = NULL;
	struct capacity capacity;
	return scenario_open(orchestrator->site, file, &scenario, err) == 0 &&
	       plan_create(scenario, instance_name(instance), teams, day, &plan, err) == 0 &&
	       range_capacity(orchestrator->range, &capacity, err) == 0 && plan_check_capacity(plan, &capacity, err) == 0;
}

int instance_replace(struct instance *old, const char *file, int teams, const char *day, struct instance **out,
		     json_t **passwords, struct error **err)
{
	struct orchestrator *orchestrator = old->orchestrator;
	if (!has_room(old, file, teams, day, err)) /* then all stays as it is */
		return -1;
	cleanup_free char *name = xstrdup(instance_name(old)), *kept_day = xstrdup(day); /* may be the old plan's */
	const bool same_teams = old->plan->teams == teams;
	struct accounts accounts = old->accounts;
	old->accounts = (struct accounts){0};
	instance_record(old, 0, "exercise.closed", json_pack("{ss}", "reason", "built anew from a changed scenario"));
	instance_destroy(old, true);
	int result = instance_create(orchestrator, file, name, teams, kept_day, out, passwords, err);
	if (result == 0 && same_teams) { /* they have been handed out */
		accounts_finish(&(*out)->accounts);
		(*out)->accounts = accounts;
		json_decref(*passwords);
		*passwords = NULL;
		return 0;
	}
	accounts_finish(&accounts);
	return result;
}

static char *host_names(const struct scenario *scenario)
{
	char *names = xstrdup("");
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		char *longer = xasprintf("%s%s%s", names, i ? ", " : "", scenario->hosts[i].name);
		free(names);
		names = longer;
	}
	return names;
}

int instance_check_guest(const struct instance *instance, int team, const char *host, struct error **err)
{
	if (team < 1 || team > instance->plan->teams)
		return error_set(err, "exercise '%s' has teams 1 to %d", instance_name(instance), instance->plan->teams);
	if (!host || scenario_host(instance->scenario, host))
		return 0;
	cleanup_free char *there = host_names(instance->scenario);
	return error_set(err, "exercise '%s' has no host '%s'; it has %s", instance_name(instance), host, there);
}

void instance_record(struct instance *instance, int team, const char *kind, json_t *body)
{
	cleanup_error struct error *err = NULL;
	if (exercise_record(instance->exercise, event_create(team, -1, kind, "orchestrator", body), &err) < 0)
		log_error("%s: journal: %s", instance_name(instance), error_text(err));
}
