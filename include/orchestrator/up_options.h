/* The options that `run` and `up` share, and numbers on the command line. */
#ifndef TORIDE_ORCHESTRATOR_UP_OPTIONS_H
#define TORIDE_ORCHESTRATOR_UP_OPTIONS_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

enum { UP_TEAMS = 0x5200, UP_NAME, UP_BOT, UP_DAY, UP_NO_VERIFY };
/* clang-format off */
#define UP_OPTIONS                                                                                                                           \
	{"teams", required_argument, NULL, UP_TEAMS}, {"name", required_argument, NULL, UP_NAME}, {"bot", required_argument, NULL, UP_BOT},   \
	{"day", required_argument, NULL, UP_DAY}, {"no-verify", no_argument, NULL, UP_NO_VERIFY}
/* clang-format on */
#define UP_HELP                                                                                                                  \
	"  --teams N            a copy of the LAN for each of N teams (1)\n"                                                     \
	"  --bot TEAM           this team is played by the scenario's solution\n"                                                \
	"  --name EX            the exercise's name (the scenario's id)\n"                                                       \
	"  --day 2026-11-24     the exercise's day: all that the histories tell lies before it (that of its first `up`, in "     \
	"Japan)\n"                                                                                                               \
	"  --no-verify          do not prove at the end that all is as planned (`toride verify`)\n"

/* 1: it was such an option and is in `args` now (what the operation `up` takes); 0: another option; -1: its value is wrong, and
 * that has been said on standard error. */
int up_option(json_t *args, int option, const char *value);

/* A whole number from `least` to `most`; false after saying on standard error what `--name` takes. */
bool option_number(const char *name, const char *value, long long least, long long most, long long *number);

#endif
