/* toride run: serve + bake + up + start in one foreground command; Ctrl-C takes the range down. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/command.h"
#include "orchestrator/progress.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/up_options.h"
#include "orchestrator/verified.h"

extern const struct command command_run;

struct run {
	struct orchestrator *orchestrator;
	json_t *up_args;
	struct progress progress;
	char exercise[64];
	bool stay;    /* on a terminal the board stays after the end, until Ctrl-C */
	bool leaving; /* the range is being taken down */
	int status;
};

static void leave(struct run *run);

static void call_own(struct run *run, const char *op, json_t *args, call_answer_fn *answer)
{
	struct call *call = call_create(args, NULL, 0, answer, run);
	json_decref(args);
	operation_begin(run->orchestrator, op, call);
}

/* Prints an operation's error; the exit status follows it. */
static bool failed(struct run *run, const json_t *message)
{
	if (json_is_true(json_object_get(message, "ok")))
		return false;
	progress_finish(&run->progress);
	fprintf(stderr, "error: %s\n", json_string_value(json_object_get(message, "error")));
	run->status = EXIT_REFUSED;
	return true;
}

/* Shows a step of an up or down; false when the answer is the last one. */
static bool still_working(struct run *run, const json_t *message, bool last)
{
	const json_t *step = json_object_get(message, "progress");
	if (step)
		progress_show(step, &run->progress);
	if (last)
		progress_finish(&run->progress);
	return !last;
}

static void on_down(const json_t *message, const int *fds, size_t fds_count, bool last, void *context)
{
	(void)fds, (void)fds_count;
	struct run *run = context;
	if (still_working(run, message, last))
		return;
	if (!failed(run, message))
		printf("%s: is down\n", run->exercise);
	sd_event_exit(run->orchestrator->loop, run->status);
}

static void leave(struct run *run)
{
	if (run->leaving) {
		fputs("\nstill taking the range down; what a kill leaves behind, `toride down` removes\n", stderr);
		return;
	}
	run->leaving = true;
	if (!*run->exercise || !orchestrator_instance(run->orchestrator, run->exercise)) {
		sd_event_exit(run->orchestrator->loop, run->status);
		return;
	}
	progress_init(&run->progress);
	call_own(run, "down", json_pack("{ss}", "exercise", run->exercise), on_down);
}

static void on_over(const json_t *message, const int *fds, size_t fds_count, bool last, void *context)
{
	(void)fds, (void)fds_count, (void)last;
	struct run *run = context;
	if (run->leaving)
		return; /* the table belongs to an exercise that was played to its end */
	printf("\n%s: the exercise is over\n", run->exercise);
	board_print(json_object_get(json_object_get(message, "result"), "board"));
	if (!run->stay)
		leave(run);
	else
		puts("\n  The board stays until Ctrl-C, which takes the range down.");
}

static void on_started(const json_t *message, const int *fds, size_t fds_count, bool last, void *context)
{
	(void)fds, (void)fds_count, (void)last;
	struct run *run = context;
	if (failed(run, message)) {
		leave(run);
		return;
	}
	printf("\n  The clock runs. Ctrl-C takes everything down.\n");
	fflush(stdout);
	call_own(run, "follow", json_pack("{ss}", "exercise", run->exercise), on_over);
}

static void print_welcome(const struct run *run, const json_t *result)
{
	const json_t *url = json_object_get(result, "url");
	printf("\n  %s is up.\n", run->exercise);
	if (url)
		printf("\n  scoreboard    %s\n", json_string_value(url));
	lacks_print(json_object_get(result, "lacks"));
	accounts_print(json_object_get(result, "accounts"));
	printf("\n  a shell       toride shell %s/1/HOST\n", run->exercise);
}

static void on_up(const json_t *message, const int *fds, size_t fds_count, bool last, void *context)
{
	(void)fds, (void)fds_count;
	struct run *run = context;
	if (still_working(run, message, last))
		return;
	if (run->leaving)
		return; /* Ctrl-C came first; its `down` follows */
	if (failed(run, message)) {
		sd_event_exit(run->orchestrator->loop, run->status);
		return;
	}
	print_welcome(run, json_object_get(message, "result"));
	if (!verified_line(run->exercise, json_object_get(json_object_get(message, "result"), "verified"))) {
		run->status = EXIT_REFUSED;
		if (run->stay)
			puts("\n  The clock does not run. The range stays up to be looked at, until Ctrl-C.");
		else
			leave(run);
		return;
	}
	call_own(run, "command", json_pack("{ss ss s{}}", "exercise", run->exercise, "command", "start", "args"), on_started);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	(void)source, (void)info;
	leave(context);
	return 0;
}

/* The exercise's name is known once `up` has begun: it is then the only one that is new. */
static void begin(struct run *run)
{
	size_t before = run->orchestrator->instances_count;
	call_own(run, "up", json_incref(run->up_args), on_up);
	if (run->orchestrator->instances_count > before)
		snprintf(run->exercise, sizeof run->exercise, "%s", instance_name(run->orchestrator->instances[before]));
}

static int play(const struct site *site, const struct board_options *board, struct run *run)
{
	cleanup_error struct error *err = NULL;
	if (orchestrator_create(site, board, &run->orchestrator, &err) < 0)
		return command_failed(err);
	sd_event_add_signal(run->orchestrator->loop, NULL, SIGINT, on_signal, run);
	sd_event_add_signal(run->orchestrator->loop, NULL, SIGTERM, on_signal, run);
	sd_event_add_signal(run->orchestrator->loop, NULL, SIGHUP, on_signal, run);
	run->stay = isatty(STDOUT_FILENO);
	progress_init(&run->progress);
	begin(run);
	int status = sd_event_loop(run->orchestrator->loop);
	orchestrator_destroy(run->orchestrator);
	return status < 0 ? EXIT_REFUSED : status;
}

static int run_command(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	struct board_options board = {.listen = "127.0.0.1:8080", .user = "toride-board"};
	static const struct option options[] = {{"listen", required_argument, NULL, 'l'}, UP_OPTIONS, SITE_OPTIONS, {0}};
	cleanup_json json_t *args = json_pack("{s[]}", "bots");
	struct run run = {.up_args = args};
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		int taken = up_option(args, option, optarg);
		if (option == 'l')
			board.listen = optarg;
		else if (taken < 0 || (taken == 0 && !site_option(&site, option, optarg)))
			status = EXIT_USAGE;
	}
	if (status < 0 && optind != argc - 1)
		status = command_usage(&command_run, "give one scenario file");
	if (status < 0) {
		json_object_set_new(args, "scenario", json_string(argv[optind]));
		status = play(&site, &board, &run);
	}
	site_finish(&site);
	return status;
}

const struct command command_run = {
	"run", "SCENARIO [--teams N] [--day DAY] [--bot TEAM]... [--no-verify] [--listen ADDR:PORT]",
	"build, start and show an exercise in one go; Ctrl-C takes it down",
	UP_HELP "  --listen ADDR:PORT   where the scoreboard listens (127.0.0.1:8080)\n" SITE_HELP
		"\nOn a terminal the board stays after the end until Ctrl-C. Without a terminal the exercise is played to its\n"
		"end, the table printed, and the range taken down.\n",
	run_command};
