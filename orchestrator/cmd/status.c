#include <getopt.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"

extern const struct command command_status;

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "-";
}

static void print_clock(long long clock_ms)
{
	long long seconds = clock_ms / 1000;
	printf("%02lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void print_guest(const json_t *guest)
{
	printf("  t%lld/%-24s  %-8s  %6.1f MiB  %4lld processes", (long long)json_integer_value(json_object_get(guest, "team")),
	       text_of(guest, "host"), text_of(guest, "state"),
	       (double)json_integer_value(json_object_get(guest, "memory_bytes")) / (1024.0 * 1024.0),
	       (long long)json_integer_value(json_object_get(guest, "pids")));
	size_t index;
	json_t *network;
	json_array_foreach (json_object_get(guest, "unplugged"), index, network)
		printf("%s%s", index ? ", " : "  unplugged: ", json_string_value(network));
	putchar('\n');
}

static void print_exercise(const json_t *exercise)
{
	printf("%s  (%s, %s)\n", text_of(exercise, "name"), text_of(exercise, "state"), text_of(exercise, "scenario"));
	size_t index;
	json_t *team, *guest;
	json_array_foreach (json_object_get(exercise, "teams"), index, team) {
		printf("  team %-3lld  ", (long long)json_integer_value(json_object_get(team, "team")));
		print_clock(json_integer_value(json_object_get(team, "clock_ms")));
		printf("  %s\n", text_of(team, "state"));
	}
	json_array_foreach (json_object_get(exercise, "guests"), index, guest)
		print_guest(guest);
}

static void print_status(const json_t *status)
{
	const json_t *exercises = json_object_get(status, "exercises");
	if (json_object_get(status, "url"))
		printf("scoreboard  %s\n", text_of(status, "url"));
	if (json_array_size(exercises) == 0)
		puts("no exercise is up; `toride up SCENARIO` builds one");
	size_t index;
	json_t *exercise;
	json_array_foreach (exercises, index, exercise)
		print_exercise(exercise);
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, SITE_OPTIONS, {0}};
	bool as_json = false;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			as_json = true;
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && optind != argc)
		status = command_usage(&command_status, "it takes no argument");
	if (status < 0) {
		cleanup_error struct error *err = NULL;
		cleanup_json json_t *result = NULL;
		if (client_call(&site, "status", NULL, NULL, NULL, &result, &err) < 0) {
			status = command_failed(err);
		} else {
			if (as_json) {
				json_dumpf(result, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
				putchar('\n');
			} else {
				print_status(result);
			}
			status = EXIT_DONE;
		}
	}
	site_finish(&site);
	return status;
}

const struct command command_status = {"status", "[--json]", "exercises, clocks and guests as they are now",
				       "  --json            for programs\n" SITE_HELP, run};
