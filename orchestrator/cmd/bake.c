/* toride bake: what a range is made from, made beforehand. By the orchestrator where one runs, else right here. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/progress.h"
#include "orchestrator/serve/bake.h"

extern const struct command command_bake;

/* ---- what came of it ---- */

static const char *word(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

/* A layer's role says less than its host. */
static const char *label(const json_t *part)
{
	return json_object_get(part, "host") ? word(part, "host") : word(part, "name");
}

static double seconds(const json_t *object)
{
	return (double)json_integer_value(json_object_get(object, "took_ms")) / 1000.0;
}

static void print_parts(const json_t *result)
{
	const json_t *parts = json_object_get(result, "parts");
	size_t index, made = 0;
	json_t *part;
	int width = 0;
	json_array_foreach (parts, index, part)
		width = (int)strlen(label(part)) > width ? (int)strlen(label(part)) : width;
	json_array_foreach (parts, index, part) {
		bool fresh = json_is_true(json_object_get(part, "made"));
		printf("  %-7s  %-*s  ", word(part, "kind"), width, label(part));
		if (fresh)
			printf("made in %.1f s\n", seconds(part));
		else
			puts("at hand");
		made += fresh;
	}
	printf("%s, day %s: %zu made, %zu at hand, in %.1f s\n", word(result, "scenario"), word(result, "day"), made,
	       json_array_size(parts) - made, seconds(result));
}

static void print_removed(const json_t *removed)
{
	size_t index;
	json_t *item;
	json_int_t bytes = 0;
	json_array_foreach (removed, index, item) {
		printf("  removed  %s/%s\n", word(item, "folder"), word(item, "name"));
		bytes += json_integer_value(json_object_get(item, "bytes"));
	}
	printf("%zu removed, %lld MiB\n", json_array_size(removed), (long long)(bytes >> 20));
}

static void print_result(const json_t *result, bool as_json)
{
	if (as_json) {
		json_dumpf(result, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
		return;
	}
	if (json_object_get(result, "parts"))
		print_parts(result);
	if (json_object_get(result, "removed"))
		print_removed(json_object_get(result, "removed"));
}

/* ---- without an orchestrator ---- */

static volatile bool cancelled;

static void cancel(int signal_number)
{
	(void)signal_number;
	cancelled = true;
}

static void show(const struct range_progress *progress, void *context)
{
	cleanup_json json_t *step = range_progress_json(progress);
	progress_show(step, context);
}

static int bake_here(const struct site *site, const json_t *order, struct progress *progress, json_t **result, struct error **err)
{
	const struct range_options options = {
		.state_dir = site->state_dir, .data_dir = site->data_dir, .programs_dir = site->programs_dir, .uri = site->uri};
	struct range *range = NULL;
	const struct sigaction stop = {.sa_handler = cancel, .sa_flags = (int)SA_RESETHAND}; /* the second one is the usual end */
	if (range_create(&options, &range, err) < 0)
		return -1;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	int failure = bake_order(site, range, order, show, progress, &cancelled, result, err);
	range_destroy(range);
	return failure;
}

/* ---- */

static int bake(const struct site *site, json_t *order, bool as_json)
{
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	struct progress progress;
	progress_init(&progress);
	int failure = client_nobody_there(site)
			      ? bake_here(site, order, &progress, &result, &err)
			      : client_call(site, "bake", json_incref(order), progress_show, &progress, &result, &err);
	progress_finish(&progress);
	if (failure < 0)
		return command_failed(err);
	print_result(result, as_json);
	return EXIT_DONE;
}

enum { OPTION_DAY = 1, OPTION_PRUNE, OPTION_JSON };

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"day", required_argument, NULL, OPTION_DAY},
						{"prune", no_argument, NULL, OPTION_PRUNE},
						{"json", no_argument, NULL, OPTION_JSON},
						SITE_OPTIONS,
						{0}};
	cleanup_json json_t *order = json_object();
	bool as_json = false;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_DAY)
			json_object_set_new(order, "day", json_string(optarg));
		else if (option == OPTION_PRUNE)
			json_object_set_new(order, "prune", json_true());
		else if (option == OPTION_JSON)
			as_json = true;
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && optind != argc - 1 && !(optind == argc && json_object_get(order, "prune")))
		status = command_usage(&command_bake, "give one scenario file");
	if (status < 0 && optind < argc) {
		char path[PATH_MAX];
		json_object_set_new(order, "scenario", json_string(realpath(argv[optind], path) ? path : argv[optind]));
	}
	if (status < 0)
		status = bake(&site, order, as_json);
	site_finish(&site);
	return status;
}

const struct command command_bake = {
	"bake", "SCENARIO [--day DAY] [--json] [--prune]",
	"make images, layers and histories beforehand: `up` then takes seconds",
	"  --day 2026-11-24     the exercise's day: all that the histories tell lies before it (today, in Japan)\n"
	"  --json               what was made and what was at hand, for programs\n"
	"  --prune              afterwards (or, without SCENARIO, only) remove images, layers and histories that no exercise on "
	"this\n"
	"                       host stands on and neither SCENARIO nor an installed exercise needs on that day\n" SITE_HELP
	"\nNeeds no running orchestrator; where one runs, it bakes. What is at hand is not made again; what fails is shown with\n"
	"the end of its log and where the whole of it is, and the rest is made. Ctrl-C stops; what is done stays.\n",
	run};
