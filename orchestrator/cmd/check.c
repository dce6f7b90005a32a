/* toride check: every error and warning of scenario files. */
#include <getopt.h>
#include <stdio.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/host.h"
#include "orchestrator/reach.h"
#include "orchestrator/scenario.h"
#include "orchestrator/site.h"

extern const struct command command_check;

/* "1 error", "2 errors". */
static void print_count(size_t count, const char *word)
{
	printf("%zu %s%s", count, word, count == 1 ? "" : "s");
}

static void print_summary(const char *file, const struct scenario *scenario, size_t warnings)
{
	const struct {
		size_t count;
		const char *word;
	} parts[] = {{scenario->hosts_count, "host"},
		     {scenario->networks_count, "network"},
		     {scenario->steps_count, "step"},
		     {scenario->injects_count, "inject"},
		     {scenario->objectives_count, "objective"}};
	printf("%s: ok (", file);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		fputs(i ? ", " : "", stdout);
		print_count(parts[i].count, parts[i].word);
	}
	printf(", %zu dut%s", scenario->duties_count, scenario->duties_count == 1 ? "y" : "ies");
	if (warnings > 0) {
		fputs("; ", stdout);
		print_count(warnings, "warning");
	}
	puts(")");
}

/* What is right in itself, but more than this host can do. */
static void warn_of_host(const struct scenario *scenario, struct diagnostics *diagnostics)
{
	bool asked = false, can = false;
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct network *network = &scenario->networks[i];
		if (!network->delay_ms && !network->loss_milli_percent)
			continue;
		can = asked ? can : host_can_delay();
		asked = true;
		if (can)
			return;
		printf("%s:%d:%d: warning: this host's kernel cannot delay or lose packets (no sch_netem): `delay` and `loss` of "
		       "`%s` are left out here; the rest goes on\n",
		       network->position.file, network->position.line, network->position.column, network->name);
		diagnostics->warnings++;
	}
}

static const struct role_service *find_service(const struct host *host, int port, bool udp)
{
	for (size_t i = 0; i < host->role->services_count; i++)
		if (scenario_service_port(host, &host->role->services[i]) == port && host->role->services[i].udp == udp)
			return &host->role->services[i];
	return NULL;
}

struct delivery { /* what a host sends to another one */
	const char *what;
	int port;
	bool udp;
};

/* Nobody else would notice: `verify` finds what the rules say. */
static void warn_of_dropped(const struct scenario *scenario, const struct host *host, const struct host *to,
			    const struct delivery *delivery, struct diagnostics *diagnostics)
{
	const struct role_service *service = to ? find_service(to, delivery->port, delivery->udp) : NULL;
	const struct reach reach = service ? reach_expected(scenario, host, to, service) : (struct reach){.kind = REACH_OPEN};
	if (reach.kind != REACH_BLOCKED)
		return;
	cleanup_free char *reason = reach_text(&reach);
	printf("%s:%d:%d: warning: `%s` sends its %s to `%s`, but they are %s; accept %d/%s there\n", host->position.file,
	       host->position.line, host->position.column, host->name, delivery->what, to->name, reason, delivery->port,
	       delivery->udp ? "udp" : "tcp");
	diagnostics->warnings++;
}

static void warn_of_firewalls(const struct scenario *scenario, struct diagnostics *diagnostics)
{
	static const struct delivery logs = {"logs", 514, false}, flows = {"flows", 2055, true};
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		warn_of_dropped(scenario, host, host->logs, &logs, diagnostics);
		warn_of_dropped(scenario, host, host->flows, &flows, diagnostics);
	}
}

static int check_file(const char *file, const char *data_dir)
{
	struct scenario *scenario cleanup_scenario = NULL;
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	int result = scenario_load(file, data_dir, &scenario, &diagnostics, &err);
	if (result < 0) {
		fprintf(stderr, "error: %s\n", error_text(err));
		return EXIT_USAGE;
	}
	fputs(diagnostics.text, stdout);
	if (result == 0) {
		warn_of_firewalls(scenario, &diagnostics);
		warn_of_host(scenario, &diagnostics);
		print_summary(file, scenario, diagnostics.warnings);
	} else {
		printf("%s: ", file);
		print_count(diagnostics.errors, "error");
		fputs(", ", stdout);
		print_count(diagnostics.warnings, "warning");
		putchar('\n');
	}
	fflush(stdout);
	diagnostics_finish(&diagnostics);
	return result == 0 ? EXIT_DONE : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {SITE_OPTIONS, {0}};
	struct site site;
	int option, status = EXIT_DONE;
	site_init(&site);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (site_option(&site, option, optarg))
			continue;
		site_finish(&site);
		return command_usage(&command_check, "unknown option");
	}
	if (optind == argc) {
		site_finish(&site);
		return command_usage(&command_check, "which FILE?");
	}
	for (int i = optind; i < argc; i++) {
		int result = check_file(argv[i], site.data_dir);
		status = result > status ? result : status;
	}
	site_finish(&site);
	return status;
}

const struct command command_check = {
	"check", "FILE...", "show all errors of scenario files",
	"Each error is printed as file:line:column with its line and the mend.\n"
	"Exit status: 0 no errors (there may be warnings), 1 errors, 2 a file cannot be read.\n\n" SITE_HELP,
	run};
