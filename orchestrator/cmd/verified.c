#include "orchestrator/verified.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static void print_failures(const json_t *verified)
{
	size_t i;
	json_t *failure;
	json_array_foreach (json_object_get(verified, "failures"), i, failure)
		fprintf(stderr, "  %s\n", json_string_value(failure));
}

static const char *plural(long long count)
{
	return count == 1 ? "" : "s";
}

bool verified_line(const char *exercise, const json_t *verified)
{
	const json_t *isolation = json_object_get(verified, "isolation");
	if (!verified)
		return true;
	if (!json_is_true(json_object_get(verified, "holds"))) {
		fprintf(stderr, "error: %s is up, but not as it should be (toride verify %s looks again):\n", exercise, exercise);
		print_failures(verified);
		return false;
	}
	long long differ = number_of(verified, "differ"), teams = (long long)json_array_size(json_object_get(verified, "teams"));
	printf("%s: verified in %.1f s: ", exercise, (double)number_of(verified, "took_ms") / 1000.0);
	if (differ)
		printf("%lld of %lld pairs differ from the plan since the clock was started", differ,
		       number_of(verified, "pairs"));
	else
		printf("%lld pair%s of hosts and services as planned", number_of(verified, "pairs"),
		       plural(number_of(verified, "pairs")));
	printf(", %lld team%s, %lld guest%s isolated\n", teams, plural(teams), number_of(isolation, "guests"),
	       plural(number_of(isolation, "guests")));
	return true;
}

/* ---- the matrix ---- */

static bool is_first_of_its_kind(const json_t *teams, size_t index)
{
	const json_t *rows = json_object_get(json_array_get(teams, index), "rows");
	for (size_t i = 0; i < index; i++)
		if (json_equal(json_object_get(json_array_get(teams, i), "rows"), rows))
			return false;
	return true;
}

static void print_heading(const json_t *teams, size_t index)
{
	const json_t *rows = json_object_get(json_array_get(teams, index), "rows");
	size_t i, named = 0;
	json_t *team;
	printf("\n  team");
	json_array_foreach (teams, i, team)
		if (json_equal(json_object_get(team, "rows"), rows))
			printf("%s %lld", named++ ? "," : "", number_of(team, "team"));
	printf(": from (rows) to (columns)\n");
}

static void print_rows(const json_t *hosts, const json_t *rows)
{
	size_t count = json_array_size(hosts);
	int width = 0;
	for (size_t i = 0; i < count; i++) {
		int length = (int)strlen(json_string_value(json_array_get(hosts, i)));
		width = length > width ? length : width;
	}
	printf("  %*s", width + 4, "");
	for (size_t i = 0; i < count; i++)
		printf(" %2zu", i + 1);
	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		const char *row = json_string_value(json_array_get(rows, i));
		printf("  %2zu  %-*s", i + 1, width, json_string_value(json_array_get(hosts, i)));
		for (; row && *row; row++)
			printf("  %c", *row);
		putchar('\n');
	}
}

static void print_team(const json_t *team)
{
	size_t i;
	json_t *entry;
	const char *after = json_is_true(json_object_get(team, "begun")) ? " (its clock has been started)" : "";
	json_array_foreach (json_object_get(team, "not_running"), i, entry)
		printf("  team %lld: host '%s' is not running\n", number_of(team, "team"), json_string_value(entry));
	json_array_foreach (json_object_get(team, "differences"), i, entry)
		printf("  team %lld: differs from the plan%s: %s\n", number_of(team, "team"), after, text_of(entry, "text"));
	if (number_of(team, "more"))
		printf("  team %lld: and %lld more\n", number_of(team, "team"), number_of(team, "more"));
}

static void print_isolation(const json_t *isolation)
{
	size_t i;
	json_t *finding;
	if (json_is_true(json_object_get(isolation, "holds")))
		printf("\n  isolated: of %lld frames from %lld guests none came to another team, the host or beyond\n",
		       number_of(isolation, "frames"), number_of(isolation, "guests"));
	else
		puts("\n  NOT ISOLATED:");
	json_array_foreach (json_object_get(isolation, "findings"), i, finding) {
		printf("  ");
		if (number_of(finding, "team"))
			printf("team %lld: ", number_of(finding, "team"));
		if (*text_of(finding, "host"))
			printf("host '%s': ", text_of(finding, "host"));
		puts(text_of(finding, "text"));
	}
	if (number_of(isolation, "more"))
		printf("  and %lld more\n", number_of(isolation, "more"));
	if (number_of(isolation, "silent"))
		printf("  %lld interface%s let nothing out (unplugged, or shut by the guest)\n", number_of(isolation, "silent"),
		       plural(number_of(isolation, "silent")));
}

void verified_print(const json_t *verified)
{
	const json_t *teams = json_object_get(verified, "teams");
	size_t i;
	json_t *team;
	json_array_foreach (teams, i, team) {
		if (!is_first_of_its_kind(teams, i))
			continue;
		print_heading(teams, i);
		print_rows(json_object_get(verified, "hosts"), json_object_get(team, "rows"));
	}
	puts("\n  + all services reachable   . none   ~ some   ! differs from the plan   ? not running");
	json_array_foreach (teams, i, team)
		print_team(team);
	print_isolation(json_object_get(verified, "isolation"));
	long long differ = number_of(verified, "differ");
	printf("\n%s: %s; %lld pairs of hosts and services, %lld differ%s from the plan; %.1f s\n", text_of(verified, "exercise"),
	       json_is_true(json_object_get(verified, "holds")) ? "holds" : "does NOT hold", number_of(verified, "pairs"), differ,
	       differ == 1 ? "s" : "", (double)number_of(verified, "took_ms") / 1000.0);
}
