#include <getopt.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/plan.h"
#include "orchestrator/progress.h"
#include "orchestrator/up_options.h"
#include "orchestrator/verified.h"

extern const struct command command_verify;

static int verify(const struct site *site, json_t *args, bool as_json)
{
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	struct progress progress;
	progress_init(&progress);
	int failure = client_call(site, "verify", args, progress_show, &progress, &result, &err);
	progress_finish(&progress);
	if (failure < 0)
		return command_failed(err);
	if (as_json) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		verified_print(result);
	}
	return json_is_true(json_object_get(result, "holds")) ? EXIT_DONE : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {
		{"team", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'}, SITE_OPTIONS, {0}};
	cleanup_json json_t *args = json_object();
	bool as_json = false;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		long long team;
		if (option == 'j')
			as_json = true;
		else if (option == 't' && option_number("team", optarg, 1, PLAN_TEAMS_MAX, &team))
			json_object_set_new(args, "team", json_integer(team));
		else if (option == 't' || !site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && argc - optind > 1)
		status = command_usage(&command_verify, "give one exercise");
	if (status < 0) {
		if (optind < argc)
			json_object_set_new(args, "exercise", json_string(argv[optind]));
		status = verify(&site, json_incref(args), as_json);
	}
	site_finish(&site);
	return status;
}

const struct command command_verify = {
	"verify", "[EX] [--team N] [--json]", "prove that a range is as planned, and that nothing leads out of it",
	"  --team N             only this team\n"
	"  --json               what was found, for programs\n" SITE_HELP
	"\nEvery host tries every service that another one declares, against what routes and firewall rules say. Then every\n"
	"guest tries to reach other teams, this host, and what lies beyond. Measured from the guests' networks by the\n"
	"orchestrator itself: trainees neither see nor change it, and services log nothing of it.\n"
	"Exit status: 0 it holds; 1 it does not (a team whose clock has been started may differ from the plan: that is\n"
	"shown, but only isolation counts there); 2 usage.\n",
	run};
