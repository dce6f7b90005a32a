/* toride plan: what would be made, and whether this host can. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/command.h"
#include "orchestrator/plan.h"
#include "orchestrator/range.h"
#include "orchestrator/site.h"

extern const struct command command_plan;

struct arguments {
	const char *file, *name, *facts_host, *day;
	int teams;
	bool json, any_capacity;
};

enum { OPTION_TEAMS = 1, OPTION_NAME, OPTION_DAY, OPTION_JSON, OPTION_FACTS, OPTION_NO_CAPACITY };

static const struct option options[] = {{"teams", required_argument, NULL, OPTION_TEAMS},
					{"name", required_argument, NULL, OPTION_NAME},
					{"day", required_argument, NULL, OPTION_DAY},
					{"json", no_argument, NULL, OPTION_JSON},
					{"facts", required_argument, NULL, OPTION_FACTS},
					{"no-capacity", no_argument, NULL, OPTION_NO_CAPACITY},
					SITE_OPTIONS,
					{0}};

/* -1: not a whole number of teams; the plan itself knows how many there may be. */
static int read_teams(const char *text)
{
	char *end;
	errno = 0;
	long teams = strtol(text, &end, 10);
	return errno || end == text || *end || teams < 0 || teams > 1000000 ? -1 : (int)teams;
}

static int take_option(int option, struct arguments *arguments)
{
	switch (option) {
	case OPTION_TEAMS:
		arguments->teams = read_teams(optarg);
		return arguments->teams < 0 ? command_usage(&command_plan, "'--teams %s' is not a number", optarg) : EXIT_DONE;
	case OPTION_NAME:
		arguments->name = optarg;
		return EXIT_DONE;
	case OPTION_DAY:
		arguments->day = optarg;
		return EXIT_DONE;
	case OPTION_JSON:
		arguments->json = true;
		return EXIT_DONE;
	case OPTION_FACTS:
		arguments->facts_host = optarg;
		return EXIT_DONE;
	case OPTION_NO_CAPACITY:
		arguments->any_capacity = true;
		return EXIT_DONE;
	default:
		return command_usage(&command_plan, "unknown option");
	}
}

static int take_arguments(int argc, char **argv, struct site *site, struct arguments *arguments)
{
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int status = site_option(site, option, optarg) ? EXIT_DONE : take_option(option, arguments);
		if (status != EXIT_DONE)
			return status;
	}
	if (optind + 1 != argc)
		return command_usage(&command_plan, optind == argc ? "which FILE?" : "one FILE at a time");
	arguments->file = argv[optind];
	return EXIT_DONE;
}

static int print_facts(const struct scenario *scenario, const char *name, struct error **err)
{
	const struct host *host = scenario_host(scenario, name);
	if (!host)
		return error_set(err, "--facts: scenario '%s' has no host '%s'", scenario->id, name);
	cleanup_json json_t *facts = plan_facts(scenario, host, TOLD_GUEST);
	cleanup_free char *text = json_dumps(facts, JSON_SORT_KEYS | JSON_INDENT(2));
	puts(text);
	return 0;
}

static void print_plan(const struct plan *plan, bool as_json)
{
	if (!as_json) {
		plan_print(plan, stdout);
		return;
	}
	cleanup_json json_t *json = plan_to_json(plan);
	json_dumpf(json, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
	putchar('\n');
}

/* The plan is printed whether this host can or not; the refusal comes after it. */
static int plan_file(const struct arguments *arguments, const struct site *site, const struct scenario *scenario,
		     struct error **err)
{
	cleanup_plan struct plan *plan = NULL;
	if (arguments->facts_host)
		return print_facts(scenario, arguments->facts_host, err);
	if (plan_create(scenario, arguments->name, arguments->teams, arguments->day, &plan, err) < 0)
		return -1;
	print_plan(plan, arguments->json);
	fflush(stdout);
	struct capacity capacity;
	if (arguments->any_capacity)
		return 0;
	return capacity_read(site->state_dir, &capacity, err) < 0 || plan_check_capacity(plan, &capacity, err) < 0 ? -1 : 0;
}

static int run(int argc, char **argv)
{
	char this_day[TODAY_SIZE];
	today(this_day);
	struct arguments arguments = {.teams = 1, .day = this_day};
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_error struct error *err = NULL;
	struct site site;
	site_init(&site);
	int status = take_arguments(argc, argv, &site, &arguments);
	if (status == EXIT_DONE)
		status = command_scenario(arguments.file, site.data_dir, &scenario);
	if (status == EXIT_DONE && plan_file(&arguments, &site, scenario, &err) < 0)
		status = command_failed(err);
	site_finish(&site);
	return status;
}

const struct command command_plan = {
	"plan", "FILE [--teams N] [--name EX] [--day DAY] [--json] [--facts HOST]",
	"show what would be made for a scenario, and whether this host can",
	"  --teams N         for so many teams, 1 to 30 (1)\n"
	"  --name EX         name of the exercise (the scenario's id)\n"
	"  --day 2026-11-24  the exercise's day: all that the histories tell lies before it (today, in Japan)\n"
	"  --json            as JSON, for programs\n"
	"  --facts HOST      instead: what a host will be told of itself and its surroundings\n"
	"  --no-capacity     do not look whether this host has the memory and disk\n" SITE_HELP
	"\nNothing is made. Exit status 1 when the host is short.\n",
	run};
