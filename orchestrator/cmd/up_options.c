#include "orchestrator/up_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "orchestrator/plan.h"

bool option_number(const char *name, const char *value, long long least, long long most, long long *number)
{
	char *end;
	errno = 0;
	*number = strtoll(value, &end, 10);
	if (errno == 0 && end != value && *end == '\0' && *number >= least && *number <= most)
		return true;
	fprintf(stderr, "error: --%s takes a whole number from %lld to %lld, not '%s'\n", name, least, most, value);
	return false;
}

int up_option(json_t *args, int option, const char *value)
{
	long long number;
	switch (option) {
	case UP_TEAMS:
		if (!option_number("teams", value, 1, PLAN_TEAMS_MAX, &number))
			return -1;
		return json_object_set_new(args, "teams", json_integer(number)) == 0 ? 1 : -1;
	case UP_BOT:
		if (!option_number("bot", value, 1, PLAN_TEAMS_MAX, &number))
			return -1;
		return json_array_append_new(json_object_get(args, "bots"), json_integer(number)) == 0 ? 1 : -1;
	case UP_NAME:
	case UP_DAY:
		if (json_object_set_new(args, option == UP_NAME ? "name" : "day", json_string(value)) == 0)
			return 1;
		fprintf(stderr, "error: --%s takes UTF-8 text\n", option == UP_NAME ? "name" : "day");
		return -1;
	case UP_NO_VERIFY:
		return json_object_set_new(args, "no_verify", json_true()) == 0 ? 1 : -1;
	default:
		return 0;
	}
}
