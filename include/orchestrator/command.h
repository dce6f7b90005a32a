/* A subcommand of `toride`: one file in orchestrator/cmd/, one entry in the table of orchestrator/main.c. */
#ifndef TORIDE_ORCHESTRATOR_COMMAND_H
#define TORIDE_ORCHESTRATOR_COMMAND_H

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	const char *usage;		   /* after "toride NAME ", for the first line of --help: "FILE [--json]" */
	const char *summary;		   /* one line */
	const char *help;		   /* options and notes, ready to print; may be NULL */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

/* Prints "toride NAME: text, see toride NAME --help" to standard error; returns EXIT_USAGE. */
int command_usage(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints "error: text" to standard error; returns EXIT_REFUSED. */
struct error;
int command_failed(const struct error *err);

/* Loads a scenario, what is wrong or odd in it to standard error. EXIT_DONE and *scenario; else the exit status: EXIT_REFUSED for errors in it,
 * EXIT_USAGE when it cannot be read (as `toride check`). */
struct scenario;
int command_scenario(const char *file, const char *data_dir, struct scenario **scenario);

#endif
