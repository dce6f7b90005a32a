/* `unplug` and `plug`: the same but for the direction. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"

extern const struct command command_plug, command_unplug;

/* "EX/TEAM/HOST[/NETWORK]" into {"exercise", "command", "args": {"team", "host", "network"}}. */
static int read_target(const struct command *command, const char *text, json_t **request, struct error **err)
{
	cleanup_json json_t *guest = NULL;
	if (client_guest(text, &guest, err) < 0)
		return -1;
	cleanup_json json_t *whole = json_incref(json_object_get(guest, "host"));
	const char *host = json_string_value(whole), *slash = strchr(host, '/');
	if (slash && !slash[1]) /* all cables are not meant by half a name */
		return error_set(err, "'%s' ends before the network's name", text);
	json_t *args = json_pack("{s:O, s:s%, s:s*}", "team", json_object_get(guest, "team"), "host", host,
				 slash ? (size_t)(slash - host) : strlen(host), "network", slash ? slash + 1 : NULL);
	*request = json_pack("{s:O, s:s, s:o}", "exercise", json_object_get(guest, "exercise"), "command", command->name, "args",
			     args);
	return 0;
}

static int run_either(const struct command *command, int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {SITE_OPTIONS, {0}};
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	json_t *request = NULL;
	if (status < 0 && optind != argc - 1)
		status = command_usage(command, "give EX/TEAM/HOST or EX/TEAM/HOST/NETWORK");
	if (status < 0 && read_target(command, argv[optind], &request, &err) < 0)
		status = command_usage(command, "%s", error_text(err));
	if (status < 0) {
		if (client_call(&site, "command", request, NULL, NULL, &result, &err) < 0)
			status = command_failed(err);
		else
			printf("%sed%s\n", command == &command_plug ? "plugg" : "unplugg",
			       json_is_true(json_object_get(result, "changed")) ? "" : " (it was so before)");
	}
	site_finish(&site);
	return status < 0 ? EXIT_DONE : status;
}

static int run_plug(int argc, char **argv)
{
	return run_either(&command_plug, argc, argv);
}

static int run_unplug(int argc, char **argv)
{
	return run_either(&command_unplug, argc, argv);
}

const struct command command_plug = {"plug", "EX/TEAM/HOST[/NETWORK]", "put an unplugged host back on its networks, or on one",
				     SITE_HELP, run_plug};

const struct command command_unplug = {"unplug", "EX/TEAM/HOST[/NETWORK]",
				       "take a host off its networks, or off one, while it runs",
				       SITE_HELP "\nThe guest keeps its addresses, and its root cannot undo it. It stays so, "
						 "also when the host is made anew, until `toride plug`.\n",
				       run_unplug};
