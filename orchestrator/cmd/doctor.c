/* toride doctor: says what this host lacks, and mends it. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/host.h"
#include "orchestrator/site.h"

extern const struct command command_doctor;

static void print_line(const struct host_finding *finding, void *context)
{
	(void)context;
	printf("%-4s  %-12s  %s\n", host_state_names[finding->state], finding->id, finding->what);
	if (finding->fixed)
		printf("      %-12s  fixed: %s\n", "", finding->fixed);
	if (finding->failure)
		printf("      %-12s  could not be mended: %s\n", "", finding->failure);
	if (finding->mend)
		printf("      %-12s  mend: %s%s\n", "", finding->mend,
		       finding->can_fix && !finding->failure ? " (toride doctor --fix does it)" : "");
	fflush(stdout); /* a check may take a while: what is known is shown */
}

static void collect(const struct host_finding *finding, void *context)
{
	json_array_append_new(context,
			      json_pack("{s:s, s:s, s:s, s:s?, s:b, s:s?, s:s?}", "id", finding->id, "state",
					host_state_names[finding->state], "what", finding->what, "mend", finding->mend, "can_fix",
					finding->can_fix, "fixed", finding->fixed, "failure", finding->failure));
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{"fix", no_argument, NULL, 'f'}, {"json", no_argument, NULL, 'j'}, SITE_OPTIONS, {0}};
	struct site site;
	bool fix = false, json = false;
	int status = EXIT_DONE;
	site_init(&site);
	opterr = 0;
	for (int option; status == EXIT_DONE && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		fix |= option == 'f';
		json |= option == 'j';
		if (option != 'f' && option != 'j' && !site_option(&site, option, optarg))
			status = command_usage(&command_doctor, "unknown option '%s'", argv[optind - 1]);
	}
	if (status == EXIT_DONE && optind < argc)
		status = command_usage(&command_doctor, "unexpected '%s'", argv[optind]);
	if (status == EXIT_DONE) {
		cleanup_json json_t *checks = json_array();
		struct host_options host = {.state_dir = site.state_dir, .uri = site.uri, .fix = fix};
		int failed = host_examine(&host, json ? collect : print_line, checks);
		status = failed ? EXIT_REFUSED : EXIT_DONE;
		cleanup_json json_t *result =
			json_pack("{s:b, s:i, s:O}", "ready", failed == 0, "failed", failed, "checks", checks);
		if (json) {
			json_dumpf(result, stdout, JSON_INDENT(2));
			putchar('\n');
		} else if (failed) {
			printf("\nThis host cannot run a range yet: %d of the checks failed.\n", failed);
		} else {
			puts("\nThis host can run a range.");
		}
	}
	site_finish(&site);
	return status;
}

const struct command command_doctor = {
	"doctor", "[--fix] [--json]", "say what this host lacks to run a range, and mend it",
	"  --fix             mend what can be mended, as root: install packages, start libvirt, make the scoreboard's account\n"
	"  --json            the result as JSON\n" SITE_HELP "\n"
	"Each line is ok, note (nothing to do), warn (a range runs, less well) or FAIL, with the mend below it.\n"
	"Exit status: 0 when nothing FAILs, 1 otherwise. What runs is never restarted.\n",
	run};
