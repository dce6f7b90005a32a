#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/progress.h"
#include "orchestrator/up_options.h"
#include "orchestrator/verified.h"

extern const struct command command_up;

static int up(struct site *site, json_t *args)
{
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	struct progress progress;
	progress_init(&progress);
	int failure = client_call(site, "up", args, progress_show, &progress, &result, &err);
	progress_finish(&progress);
	if (failure < 0)
		return command_failed(err);
	long long changed = json_integer_value(json_object_get(result, "changed"));
	const char *exercise = json_string_value(json_object_get(result, "exercise"));
	const json_t *url = json_object_get(result, "url");
	if (changed == 0)
		printf("%s: is up; nothing to change\n", exercise);
	else
		printf("%s: is up (%lld things made or removed)\n", exercise, changed);
	lacks_print(json_object_get(result, "lacks"));
	accounts_print(json_object_get(result, "accounts"));
	if (url)
		printf("\n  scoreboard  %s\n", json_string_value(url));
	printf("  next        toride start %s\n", exercise);
	fflush(stdout);
	return verified_line(exercise, json_object_get(result, "verified")) ? EXIT_DONE : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {UP_OPTIONS, SITE_OPTIONS, {0}};
	cleanup_json json_t *args = json_pack("{s[]}", "bots");
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int taken = up_option(args, option, optarg);
		if (taken < 0 || (taken == 0 && !site_option(&site, option, optarg)))
			status = EXIT_USAGE;
	}
	if (status < 0 && optind != argc - 1)
		status = command_usage(&command_up, "give one scenario file");
	if (status < 0) {
		char path[PATH_MAX];
		json_object_set_new(args, "scenario", json_string(realpath(argv[optind], path) ? path : argv[optind]));
		status = up(&site, json_incref(args));
	}
	site_finish(&site);
	return status;
}

const struct command command_up = {
	"up", "SCENARIO [--teams N] [--name EX] [--day DAY] [--bot TEAM]... [--no-verify]",
	"build a range (needs a running `toride serve`)",
	UP_HELP SITE_HELP
	"\nWhat stands already and matches is left as it is: `up` twice changes nothing. Until a clock is started, a changed\n"
	"scenario or number of teams is taken: what it changes is made anew, the journal begins anew.\n"
	"It ends with `toride verify`: when that fails the status is 1, and the range stays up to be looked at.\n",
	run};
