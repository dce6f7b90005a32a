#include <getopt.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"

extern const struct command command_reset;

static double seconds(const json_t *object)
{
	return (double)json_integer_value(json_object_get(object, "took_ms")) / 1000.0;
}

static int reset(const struct site *site, const char *target)
{
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	json_t *args = NULL, *host;
	size_t index;
	if (client_team(target, &args, &err) < 0)
		return command_usage(&command_reset, "%s", error_text(err));
	if (client_call(site, "reset", args, NULL, NULL, &result, &err) < 0)
		return command_failed(err);
	json_array_foreach (json_object_get(result, "hosts"), index, host)
		printf("  %-24s  %5.2f s\n", json_string_value(json_object_get(host, "host")), seconds(host));
	printf("%s: back to the first state in %.2f s\n", target, seconds(result));
	return EXIT_DONE;
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
	if (status < 0 && optind != argc - 1)
		status = command_usage(&command_reset, "give EX/TEAM or EX/TEAM/HOST");
	if (status < 0)
		status = reset(&site, argv[optind]);
	site_finish(&site);
	return status;
}

const struct command command_reset = {
	"reset", "EX/TEAM[/HOST]", "take a host, or all of a team, back to what it was when it was built",
	SITE_HELP
	"\nIt runs again when this ends. What was written in it is gone, and so is what the attack had there; shells and\n"
	"programs in it end. Other hosts and the networks notice nothing;\n"
	"connections through a firewall that is reset end, as it no longer knows them.\n",
	run};
