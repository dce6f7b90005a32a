#include <getopt.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/plan.h"
#include "orchestrator/up_options.h"

extern const struct command command_start;

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {
		{"team", required_argument, NULL, 't'}, {"bot", required_argument, NULL, UP_BOT}, SITE_OPTIONS, {0}};
	cleanup_json json_t *args = json_pack("{ss s{} s[]}", "command", "start", "args", "bots");
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		long long team;
		int taken =
			option == 't' ? option_number("team", optarg, 1, PLAN_TEAMS_MAX, &team) : up_option(args, option, optarg);
		if (option == 't' && taken)
			json_object_set_new(json_object_get(args, "args"), "team", json_integer(team));
		else if (option == 't' || taken < 0)
			status = EXIT_USAGE;
		else if (taken == 0 && !site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && argc - optind > 1)
		status = command_usage(&command_start, "give one exercise");
	if (status < 0) {
		cleanup_error struct error *err = NULL;
		cleanup_json json_t *result = NULL;
		if (optind < argc)
			json_object_set_new(args, "exercise", json_string(argv[optind]));
		if (client_call(&site, "command", json_incref(args), NULL, NULL, &result, &err) < 0)
			status = command_failed(err);
		else
			status = (puts("the clock runs"), EXIT_DONE);
	}
	site_finish(&site);
	return status;
}

const struct command command_start = {"start", "[EX] [--team N] [--bot TEAM]...",
				      "start the exercise clock of all teams, or of one",
				      "  --team N          only this team's clock\n"
				      "  --bot TEAM        this team is played by the scenario's solution\n" SITE_HELP,
				      run};
