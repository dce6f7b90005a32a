#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/progress.h"
#include "orchestrator/range.h"
#include "orchestrator/serve/kept.h"
#include "orchestrator/serve/orchestrator.h"

extern const struct command command_down;

static void report(const char *exercise, long long removed)
{
	if (removed > 0)
		printf("%s: is down (%lld things removed)\n", exercise, removed);
	else
		printf("%s: nothing of it is on this host\n", exercise);
}

static int down_through_orchestrator(const struct site *site, const char *exercise, struct progress *progress, struct error **err)
{
	cleanup_json json_t *result = NULL;
	if (client_call(site, "down", json_pack("{ss*}", "exercise", exercise), progress_show, progress, &result, err) < 0)
		return -1;
	progress_finish(progress);
	report(json_string_value(json_object_get(result, "exercise")), json_integer_value(json_object_get(result, "changed")));
	return 0;
}

static int remove_one(const struct site *site, struct range *range, const char *exercise, struct error **err)
{
	size_t removed = 0;
	if (range_down(range, exercise, NULL, NULL, &removed, err) < 0)
		return -1;
	cleanup_free char *folder = kept_folder(site, exercise);
	kept_forget(folder); /* it must not be taken up again */
	report(exercise, (long long)removed);
	return 0;
}

/* After a crash there is no orchestrator to ask; the state lock makes sure of that. */
static int down_directly(const struct site *site, const char *exercise, struct error **err)
{
	fputs("no orchestrator runs (`toride serve` starts one): removing what is on this host directly\n", stderr);
	cleanup_close int lock = state_lock(site, err);
	struct range_options options = {
		.state_dir = site->state_dir, .data_dir = site->data_dir, .programs_dir = site->programs_dir, .uri = site->uri};
	struct range *range = NULL;
	if (lock < 0 || range_create(&options, &range, err) < 0)
		return -1;
	char **names = NULL;
	int failure = exercise ? remove_one(site, range, exercise, err) : range_exercises(range, &names, err);
	if (names && !names[0])
		puts("nothing of any exercise is on this host");
	for (size_t i = 0; names && names[i]; i++) {
		failure = failure == 0 ? remove_one(site, range, names[i], err) : failure;
		free(names[i]);
	}
	free(names);
	range_destroy(range);
	return failure;
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {SITE_OPTIONS, {0}};
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	if (status < 0 && argc - optind > 1)
		status = command_usage(&command_down, "give one exercise");
	if (status < 0) {
		const char *exercise = optind < argc ? argv[optind] : NULL;
		cleanup_error struct error *err = NULL;
		struct progress progress;
		progress_init(&progress);
		int failure = client_nobody_there(&site) ? down_directly(&site, exercise, &err)
							 : down_through_orchestrator(&site, exercise, &progress, &err);
		progress_finish(&progress);
		status = failure < 0 ? command_failed(err) : EXIT_DONE;
	}
	site_finish(&site);
	return status;
}

const struct command command_down = {"down", "[EX]", "remove an exercise from this host, whole; its journal stays",
				     SITE_HELP "\nWithout a running orchestrator (after a crash, say) it removes the remains "
					       "itself; without EX those of all exercises.\n"
					       "What Toride did not make is never touched.\n",
				     run};
