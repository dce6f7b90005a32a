/* toride: a table of subcommands; each lives in its file in orchestrator/cmd/. */
#include <stdbool.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "orchestrator/command.h"

/* In the order in which a new user meets them. */
/* clang-format off */
#define COMMANDS(entry) \
	entry(run) \
	entry(check) \
	entry(schema) \
	entry(plan) \
	entry(score) \
	entry(serve) \
	entry(bake) \
	entry(up) \
	entry(verify) \
	entry(start) \
	entry(status) \
	entry(exec) \
	entry(shell) \
	entry(reset) \
	entry(npc) \
	entry(capture) \
	entry(unplug) \
	entry(plug) \
	entry(down) \
	entry(journal) \
	entry(doctor) \
	entry(version)
/* clang-format on */

#define DECLARE(name) extern const struct command command_##name;
#define POINT(name) &command_##name,
COMMANDS(DECLARE)
static const struct command *const commands[] = {COMMANDS(POINT)};

static int version(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("toride " TORIDE_VERSION);
	return EXIT_DONE;
}
const struct command command_version = {"version", "", "print the version", NULL, version};

static void print_commands(FILE *out)
{
	fputs("Toride: a cyber-defence training range.\n\nusage: toride COMMAND [OPTION]... (toride COMMAND --help says "
	      "more)\n\n",
	      out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

/* A caller may have closed them; what is opened next would be taken for them, such as a pipe to a guest for our own output. */
static void have_streams(void)
{
	int fd;
	while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	have_streams();
	if (argc < 2) {
		print_commands(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_commands(stdout);
		return EXIT_DONE;
	}
	const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		const struct command *command = commands[i];
		if (strcmp(command->name, name) != 0)
			continue;
		if (!asks_for_help(argc - 1, argv + 1))
			return command->run(argc - 1, argv + 1);
		printf("usage: toride %s %s\n\n%s\n%s%s", command->name, command->usage, command->summary,
		       command->help ? "\n" : "", command->help ? command->help : "");
		return EXIT_DONE;
	}
	fprintf(stderr, "error: there is no command '%s'; toride --help lists them\n", name);
	return EXIT_USAGE;
}
