#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/exercise/turn.h"
#include "orchestrator/plan.h"
#include "orchestrator/up_options.h"

extern const struct command command_npc;

static long long number(const json_t *team, const char *key)
{
	return (long long)json_integer_value(json_object_get(team, key));
}

static void print_teams(const json_t *result)
{
	size_t index;
	json_t *team;
	json_array_foreach (json_object_get(result, "teams"), index, team) {
		long long done = number(team, "done"), all = done + number(team, "failed");
		printf("  team %-3lld  load %3lld %%  %lld people  %lld actions", number(team, "team"), number(team, "percent"),
		       number(team, "people"), all);
		if (all > 0)
			printf(", %lld %% done", done * 100 / all);
		const char *last = json_string_value(json_object_get(team, "last_failure"));
		printf("%s%s\n", last ? "; last failure: " : "", last ? last : "");
	}
}

/* "50" or "50%". */
static bool load_option(const char *text, long long *percent)
{
	size_t length = strlen(text);
	cleanup_free char *digits = xstrndup(text, length - (length > 1 && text[length - 1] == '%'));
	return option_number("load", digits, 0, LOAD_MAX_PERCENT, percent);
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"team", required_argument, NULL, 't'},
						{"load", required_argument, NULL, 'l'},
						{"json", no_argument, NULL, 'j'},
						SITE_OPTIONS,
						{0}};
	cleanup_json json_t *args = json_pack("{ss s{}}", "command", "npc", "args");
	json_t *given = json_object_get(args, "args");
	bool as_json = false;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		long long value = 0;
		if (option == 't' && option_number("team", optarg, 1, PLAN_TEAMS_MAX, &value))
			json_object_set_new(given, "team", json_integer(value));
		else if (option == 'l' && load_option(optarg, &value))
			json_object_set_new(given, "percent", json_integer(value));
		else if (option == 'j')
			as_json = true;
		else if (option == 't' || option == 'l' || !site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && argc - optind > 1)
		status = command_usage(&command_npc, "give one exercise");
	if (status < 0) {
		cleanup_error struct error *err = NULL;
		cleanup_json json_t *result = NULL;
		if (optind < argc)
			json_object_set_new(args, "exercise", json_string(argv[optind]));
		if (client_call(&site, "command", json_incref(args), NULL, NULL, &result, &err) < 0) {
			status = command_failed(err);
		} else {
			if (as_json && json_dumpf(result, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) == 0)
				putchar('\n');
			else
				print_teams(result);
			status = EXIT_DONE;
		}
	}
	site_finish(&site);
	return status;
}

const struct command command_npc = {"npc", "[EX] [--team N] [--load PERCENT] [--json]",
				    "how much the simulated staff does, and how well it can",
				    "  --load PERCENT    from 0 (nobody does anything) over 100 (as the scenario says) to 200\n"
				    "  --team N          of this team only\n"
				    "  --json            for programs\n" SITE_HELP,
				    run};
