#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/command.h"
#include "orchestrator/serve/orchestrator.h"

extern const struct command command_serve;

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	(void)info, (void)context;
	return sd_event_exit(sd_event_source_get_event(source), EXIT_DONE);
}

static int serve(const struct site *site, const struct board_options *board)
{
	cleanup_error struct error *err = NULL;
	struct orchestrator *orchestrator = NULL;
	if (orchestrator_create(site, board, &orchestrator, &err) < 0)
		return command_failed(err);
	sd_event_add_signal(orchestrator->loop, NULL, SIGINT, on_signal, NULL);
	sd_event_add_signal(orchestrator->loop, NULL, SIGTERM, on_signal, NULL);
	sd_event_add_signal(orchestrator->loop, NULL, SIGHUP, on_signal, NULL); /* refused, rightly, under nohup */
	const char *url = orchestrator_url(orchestrator);
	if (url)
		log_info("scoreboard at %s", url);
	log_info("ready at %s/control.sock", site->run_dir);
	int status = sd_event_loop(orchestrator->loop);
	orchestrator_destroy(orchestrator);
	return status < 0 ? EXIT_REFUSED : status;
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	struct board_options board = {.listen = "127.0.0.1:8080", .user = "toride-board"};
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
						{"no-scoreboard", no_argument, NULL, 'n'},
						{"tls-cert", required_argument, NULL, 'c'},
						{"tls-key", required_argument, NULL, 'k'},
						{"verbose", no_argument, NULL, 'v'},
						SITE_OPTIONS,
						{0}};
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			board.listen = optarg;
		else if (option == 'n')
			board.listen = NULL;
		else if (option == 'c')
			board.tls_certificate = optarg;
		else if (option == 'k')
			board.tls_key = optarg;
		else if (option == 'v')
			log_set_level(LOG_LEVEL_DEBUG);
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	if (status < 0 && optind != argc)
		status = command_usage(&command_serve, "it takes no argument");
	if (status < 0 && !board.tls_certificate != !board.tls_key)
		status = command_usage(&command_serve, "--tls-cert and --tls-key go together");
	if (status < 0)
		status = serve(&site, &board);
	site_finish(&site);
	return status;
}

const struct command command_serve = {
	"serve", "[--listen ADDR:PORT] [OPTION]...",
	"run the orchestrator, and the scoreboard beside it, until it is told to stop",
	"  --listen ADDR:PORT   where the scoreboard listens (127.0.0.1:8080; 0.0.0.0:8080 for a class room)\n"
	"  --tls-cert FILE --tls-key FILE   HTTPS instead of HTTP\n"
	"  --no-scoreboard      without it\n"
	"  --verbose            more log lines\n" SITE_HELP
	"\nThe ranges stay when it stops (Ctrl-C, SIGTERM); when it starts again it takes them up, clocks paused.\n",
	run};
