/* toride journal: the events of an exercise as JSON lines, and the proof that nobody changed them. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/command.h"
#include "orchestrator/journal.h"
#include "orchestrator/site.h"

enum { FOLLOW_INTERVAL_US = 250000 };

struct arguments {
	struct site site;
	const char *target; /* exercise or file */
	int64_t after;
	bool verify, follow;
};

extern const struct command command_journal;

static void cleanup_journal_(struct journal **held)
{
	journal_destroy(*held);
}

static void cleanup_arguments(struct arguments *arguments)
{
	site_finish(&arguments->site);
}

/* 0, or the exit status of a wrong use. */
static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {{"verify", no_argument, NULL, 'v'},
						{"after", required_argument, NULL, 'a'},
						{"follow", no_argument, NULL, 'f'},
						SITE_OPTIONS,
						{NULL, 0, NULL, 0}};
	int option;
	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		char *end = NULL;
		if (option == 'v')
			arguments->verify = true;
		else if (option == 'f')
			arguments->follow = true;
		else if (option == 'a') {
			errno = 0;
			arguments->after = strtoll(optarg, &end, 10);
			if (errno || *end || end == optarg || arguments->after < 0)
				return command_usage(&command_journal, "--after '%s': give an event's number", optarg);
		} else if (!site_option(&arguments->site, option, optarg))
			return command_usage(&command_journal, "'%s' is not an option, or lacks its value", argv[optind - 1]);
	}
	if (argc - optind != 1)
		return command_usage(&command_journal, "give one exercise or journal file");
	if (arguments->verify && (arguments->follow || arguments->after))
		return command_usage(&command_journal, "--verify looks at the whole journal, without --after and --follow");
	arguments->target = argv[optind];
	return 0;
}

/* An exercise's name has neither dot nor slash; what has, or is a file here, is a file. */
static char *find_file(const struct arguments *arguments, struct error **err)
{
	struct stat found;
	if (strpbrk(arguments->target, "./"))
		return xstrdup(arguments->target);
	cleanup_free char *file = xasprintf("%s/exercises/%s/journal.db", arguments->site.state_dir, arguments->target);
	if (stat(file, &found) == 0)
		return steal(&file);
	if (errno == ENOENT && stat(arguments->target, &found) == 0)
		return xstrdup(arguments->target);
	if (errno == ENOENT)
		error_set(err, "exercise '%s' has no journal in %s; --state-dir names another place", arguments->target,
			  arguments->site.state_dir);
	else
		error_set_errno(err, errno, "journal '%s'", file);
	return NULL;
}

static bool is_lines(const char *file)
{
	cleanup_file FILE *in = fopen(file, "re");
	struct stat found;
	return in && fstat(fileno(in), &found) == 0 && (!S_ISREG(found.st_mode) || getc(in) == '{');
}

static int print_verified(const char *target, const struct chain *end)
{
	printf("%s: the chain of %" PRId64 " events is whole; it ends in %s\n", target, end->seq, end->hash);
	return EXIT_DONE;
}

/* Exported lines: loaded and verified; what is printed is made anew, the same to the byte. */
static int show_lines(const struct arguments *arguments, const char *file, struct error **err)
{
	struct event **events = NULL;
	size_t count = 0;
	struct chain chain;
	chain_init(&chain);
	if (arguments->follow)
		return error_set(err, "'%s' is an exported journal: nothing is added to it, so there is nothing to follow", file);
	if (journal_load(file, &events, &count, err) < 0)
		return -1;
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++) {
		cleanup_json json_t *json = event_to_json(events[i]);
		cleanup_free char *text = chain_text(json);
		struct chain next = {.seq = events[i]->seq};
		chain_hash(&chain, text, strlen(text), next.hash);
		cleanup_free char *line = chain_line(chain.hash, next.hash, text, err);
		if (!line || (!arguments->verify && next.seq > arguments->after && puts(line) < 0))
			status = -1;
		chain = next;
	}
	journal_events_destroy(events, count);
	if (status == 0 && arguments->verify)
		print_verified(arguments->target, &chain);
	return status;
}

static int show_database(const struct arguments *arguments, const char *file, struct error **err)
{
	cleanup_with(journal) struct journal *journal = NULL;
	struct chain end;
	if (journal_open(file, &journal, err) < 0)
		return -1;
	if (arguments->verify)
		return journal_verify_to(journal, &end, err) < 0 ? -1 : print_verified(arguments->target, &end);
	int64_t after = arguments->after;
	for (;;) {
		if (journal_export_after(journal, &after, stdout, err) < 0)
			return -1;
		if (!arguments->follow)
			return 0;
		usleep(FOLLOW_INTERVAL_US);
	}
}

static int run(int argc, char **argv)
{
	__attribute__((cleanup(cleanup_arguments))) struct arguments arguments = {0};
	cleanup_error struct error *err = NULL;
	site_init(&arguments.site);
	int wrong = read_arguments(argc, argv, &arguments);
	if (wrong)
		return wrong;
	cleanup_free char *file = find_file(&arguments, &err);
	if (!file)
		return command_failed(err);
	int done = is_lines(file) ? show_lines(&arguments, file, &err) : show_database(&arguments, file, &err);
	if (done < 0)
		return command_failed(err);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
}

const struct command command_journal = {
	"journal",
	"EXERCISE|FILE [--verify | [--after SEQ] [--follow]]",
	"print an exercise's events as JSON lines, or verify their chain",
	"FILE is a journal.db or lines that this command printed. Needs no running orchestrator, and may run beside one.\n\n"
	"  --verify          recompute the hash chain: \"is whole\" and its last hash, or the first event that does not fit\n"
	"  --after SEQ       only events after this one\n"
	"  -f, --follow      go on printing events as they come, until interrupted\n" SITE_HELP,
	run,
};
