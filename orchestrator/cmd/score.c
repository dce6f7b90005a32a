/* toride score: the board's numbers once more, from a journal and the rules, on any machine. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/journal.h"
#include "orchestrator/plan.h"
#include "orchestrator/scenario.h"
#include "orchestrator/site.h"
#include "scoreboard/score.h"

extern const struct command command_score;

struct arguments {
	const char *journal, *scenario, *language;
	int64_t at; /* the last event that counts; -1: all */
	bool json;
};

struct events {
	struct event **list;
	size_t count;
};

static void cleanup_events_(struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		event_destroy(events->list[i]);
	free(events->list);
}

enum { OPTION_JOURNAL = 1, OPTION_SCENARIO, OPTION_JSON, OPTION_AT, OPTION_LANGUAGE };

static const struct option options[] = {{"journal", required_argument, NULL, OPTION_JOURNAL},
					{"scenario", required_argument, NULL, OPTION_SCENARIO},
					{"json", no_argument, NULL, OPTION_JSON},
					{"at", required_argument, NULL, OPTION_AT},
					{"language", required_argument, NULL, OPTION_LANGUAGE},
					SITE_OPTIONS,
					{0}};

static int take_at(struct arguments *arguments)
{
	char *end;
	errno = 0;
	arguments->at = strtoll(optarg, &end, 10);
	bool fine = !errno && end != optarg && !*end && arguments->at >= 0;
	return fine ? EXIT_DONE : command_usage(&command_score, "'--at %s' is not the number of an event", optarg);
}

static int take_option(int option, struct arguments *arguments)
{
	switch (option) {
	case OPTION_JOURNAL:
		arguments->journal = optarg;
		return EXIT_DONE;
	case OPTION_SCENARIO:
		arguments->scenario = optarg;
		return EXIT_DONE;
	case OPTION_JSON:
		arguments->json = true;
		return EXIT_DONE;
	case OPTION_AT:
		return take_at(arguments);
	case OPTION_LANGUAGE:
		arguments->language = optarg;
		if (strcmp(optarg, "ja") == 0 || strcmp(optarg, "en") == 0)
			return EXIT_DONE;
		return command_usage(&command_score, "'--language %s': ja or en", optarg);
	default:
		return command_usage(&command_score, "unknown option");
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
	if (optind != argc)
		return command_usage(&command_score, "'%s' is no option", argv[optind]);
	if (!arguments->journal || !arguments->scenario)
		return command_usage(&command_score, "it needs --journal and --scenario");
	return EXIT_DONE;
}

/* ---- what the journal says of itself ---- */

static const struct event *find_opened(const struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		if (strcmp(events->list[i]->kind, "exercise.opened") == 0)
			return events->list[i];
	return NULL;
}

static int teams_of(const struct events *events)
{
	const struct event *opened = find_opened(events);
	json_int_t teams = opened ? json_integer_value(json_object_get(opened->body, "teams")) : 0;
	for (size_t i = 0; !opened && i < events->count; i++)
		teams = events->list[i]->team > teams ? events->list[i]->team : teams;
	return teams < 1 ? 1 : teams > PLAN_TEAMS_MAX ? PLAN_TEAMS_MAX : (int)teams;
}

/* Another scenario gives numbers without sense; the same one with mended rules is what re-scoring is for. */
static int check_opened(const struct events *events, const struct scenario *scenario, struct error **err)
{
	const struct event *opened = find_opened(events);
	if (!opened)
		return 0;
	const char *id = json_string_value(json_object_get(opened->body, "scenario"));
	const char *digest = json_string_value(json_object_get(opened->body, "digest"));
	if (id && strcmp(id, scenario->id) != 0)
		return error_set(err, "the journal is of scenario '%s', this one is '%s'; give that one with --scenario", id,
				 scenario->id);
	if (digest && strcmp(digest, scenario->digest) != 0)
		fprintf(stderr, "note: the scenario's text is not the one that was played; its rules as they are now are used\n");
	return 0;
}

/* ---- text ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Thousandths as "16.667". */
static char *decimal(int64_t milli)
{
	int64_t size = milli < 0 ? -milli : milli;
	return xasprintf("%s%" PRId64 ".%03" PRId64, milli < 0 ? "-" : "", size / 1000, size % 1000);
}

static void print_lines(const json_t *why, const char *language)
{
	size_t index, event;
	json_t *line, *seq;
	json_array_foreach (why, index, line) {
		cleanup_free char *points = decimal(number_of(line, "points_milli"));
		printf("      %9s  %s", points, text_of(json_object_get(line, "text"), language));
		const json_t *events = json_object_get(line, "events");
		json_array_foreach (events, event, seq)
			printf("%s%" JSON_INTEGER_FORMAT, event ? " " : " [", json_integer_value(seq));
		puts(json_array_size(events) ? "]" : "");
	}
}

static void print_marks(const json_t *marks, const char *language)
{
	size_t index;
	json_t *mark;
	json_array_foreach (marks, index, mark) {
		cleanup_free char *points = decimal(number_of(mark, "points_milli")),
				  *max = decimal(number_of(mark, "max_milli"));
		bool provisional = json_is_true(json_object_get(mark, "provisional"));
		printf("    %-24s %9s of %9s  %s%s\n", text_of(mark, "id"), points, max, text_of(mark, "state"),
		       provisional ? ", provisional" : "");
		print_lines(json_object_get(mark, "why"), language);
	}
}

static void print_score(const json_t *score, const char *language)
{
	size_t index;
	json_t *team;
	printf("up to event %" PRId64 "\n\nteam     points   measured    percent\n", number_of(score, "seq"));
	json_array_foreach (json_object_get(score, "teams"), index, team) {
		cleanup_free char *points = decimal(number_of(team, "points_milli")),
				  *measured = decimal(number_of(team, "measured_milli"));
		cleanup_free char *percent = decimal(number_of(team, "percent_milli"));
		printf("%4" PRId64 "  %9s  %9s  %7s %%\n", number_of(team, "team"), points, measured, percent);
	}
	json_array_foreach (json_object_get(score, "teams"), index, team) {
		printf("\nteam %" PRId64 "\n", number_of(team, "team"));
		print_marks(json_object_get(team, "objectives"), language);
		print_marks(json_object_get(team, "duties"), language);
		print_lines(json_object_get(team, "why"), language);
	}
}

/* ---- the command ---- */

static int score_journal(const struct arguments *arguments, const struct scenario *scenario, struct error **err)
{
	__attribute__((cleanup(cleanup_events_))) struct events events = {0};
	if (journal_load(arguments->journal, &events.list, &events.count, err) < 0 || check_opened(&events, scenario, err) < 0)
		return -1;
	cleanup_score struct score *score = score_create(scenario, teams_of(&events));
	for (size_t i = 0; i < events.count; i++)
		if (arguments->at < 0 || events.list[i]->seq <= arguments->at)
			score_apply(score, events.list[i]);
	cleanup_json json_t *json = score_to_json(score);
	if (arguments->json) {
		json_dumpf(json, stdout, JSON_SORT_KEYS | JSON_INDENT(2));
		putchar('\n');
	} else {
		print_score(json, arguments->language);
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct arguments arguments = {.language = "en", .at = -1};
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_error struct error *err = NULL;
	struct site site;
	site_init(&site);
	int status = take_arguments(argc, argv, &site, &arguments);
	if (status == EXIT_DONE)
		status = command_scenario(arguments.scenario, site.data_dir, &scenario);
	if (status == EXIT_DONE && score_journal(&arguments, scenario, &err) < 0)
		status = command_failed(err);
	site_finish(&site);
	return status;
}

const struct command command_score = {
	"score", "--journal FILE --scenario FILE [--json] [--at SEQ]",
	"compute the scores of a journal again, each point with its reason",
	"  --journal FILE    an exercise's journal.db, or the lines of `toride journal`\n"
	"  --scenario FILE   its scenario: the rules\n"
	"  --at SEQ          as it was after that event\n"
	"  --language L      of the reasons: ja or en (en)\n"
	"  --json            as JSON, for programs\n" SITE_HELP
	"\nThe journal's chain is verified. The numbers are those of the board, to the last digit.\n",
	run};
