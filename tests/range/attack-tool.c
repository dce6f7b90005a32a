/*
 * Calls the attack directly, for its tests: no daemon, no exercise, no clock. The range must be up (range-tool).
 *     attack-tool FILE EXERCISE TEAMS prepare TEAM
 *     attack-tool FILE EXERCISE TEAMS run TEAM STEP     prints "STEP OUTCOME DETAIL", "notice TEXT" if there is one, "trace HOST FILE FOUND" for each trace
 *     attack-tool FILE EXERCISE TEAMS undo TEAM STEP    prints "STEP clean|left|unknown"
 * Exit status 0 when it could be carried out, whatever came of it. State directory and so on come from the environment (site.h).
 */
#include <stdio.h>
#include <string.h>

#include "attacker/attack.h"
#include "common/cleanup.h"
#include "orchestrator/site.h"

struct stage {
	struct scenario *scenario;
	struct plan *plan;
	struct range *range;
	struct attack *attack;
};

static int failed(const struct error *err)
{
	fprintf(stderr, "error: %s\n", error_text(err));
	return 1;
}

static int stage_set(struct stage *stage, const struct site *site, char **argv, struct error **err)
{
	struct diagnostics diagnostics = {0};
	const struct range_options options = {
		.state_dir = site->state_dir, .data_dir = site->data_dir, .programs_dir = site->programs_dir, .uri = site->uri};
	int result = scenario_load(argv[0], site->data_dir, &stage->scenario, &diagnostics, err);
	if (result > 0)
		error_set(err, "%s", diagnostics.text);
	diagnostics_finish(&diagnostics);
	if (result || plan_create(stage->scenario, argv[1], atoi(argv[2]), "2026-11-24", &stage->plan, err) < 0 ||
	    range_create(&options, &stage->range, err) < 0)
		return -1;
	stage->attack = attack_create(stage->range, stage->plan);
	return 0;
}

static void stage_clear(struct stage *stage)
{
	attack_destroy(stage->attack);
	range_destroy(stage->range);
	plan_destroy(stage->plan);
	scenario_destroy(stage->scenario);
}

static int prepare(struct stage *stage, int team, const char *id, struct error **err)
{
	(void)id;
	return attack_prepare(stage->attack, team, err);
}

static const struct step *find(const struct stage *stage, const char *id, struct error **err)
{
	const struct step *step = id ? scenario_step(stage->scenario, id) : NULL;
	if (!step)
		error_set(err, "there is no step '%s'", id ? id : "");
	return step;
}

static int run(struct stage *stage, int team, const char *id, struct error **err)
{
	const struct step *step = find(stage, id, err);
	struct step_result result;
	if (!step)
		return -1;
	attack_run(stage->attack, team, step, &result);
	printf("%s %s %s\n", id, step_outcome_names[result.outcome], result.detail);
	if (result.notice)
		printf("notice %s\n", result.notice);
	for (size_t i = 0; i < result.traces_count; i++)
		printf("trace %s %s %d\n", result.traces[i].host, result.traces[i].file, result.traces[i].found);
	step_result_finish(&result);
	return 0;
}

static int undo(struct stage *stage, int team, const char *id, struct error **err)
{
	static const char *const words[] = {"unknown", "left", "clean"};
	const struct step *step = find(stage, id, err);
	if (!step)
		return -1;
	printf("%s %s\n", id, words[attack_undo(stage->attack, team, step) + 1]);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct stage *stage, int team, const char *id, struct error **err);
} verbs[] = {{"prepare", prepare}, {"run", run}, {"undo", undo}};

int main(int argc, char **argv)
{
	struct site site;
	struct stage stage = {0};
	cleanup_error struct error *err = NULL;
	int result = 2;
	if (argc < 6)
		return 2;
	site_init(&site);
	if (stage_set(&stage, &site, argv + 1, &err) < 0)
		return failed(err);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[4], verbs[i].name) == 0)
			result = verbs[i].run(&stage, atoi(argv[5]), argv[6], &err) < 0 ? failed(err) : 0;
	stage_clear(&stage);
	site_finish(&site);
	return result;
}
