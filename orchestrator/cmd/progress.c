#include "orchestrator/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/now.h"

enum { BAR_WIDTH = 30 };

void progress_init(struct progress *progress)
{
	*progress = (struct progress){.terminal = isatty(STDERR_FILENO), .began_ms = monotonic_ms()};
}

static const char *text_of(const json_t *step, const char *key)
{
	const char *text = json_string_value(json_object_get(step, key));
	return text ? text : "";
}

/* What teams share is named by a digest: the host says more. */
static const char *shown_name(const json_t *step)
{
	return json_object_get(step, "host") && json_integer_value(json_object_get(step, "team")) == 0 ? text_of(step, "host")
												       : text_of(step, "name");
}

static void draw_bar(struct progress *progress, const json_t *step, json_int_t done, json_int_t total)
{
	char bar[BAR_WIDTH * 3 + 1] = ""; /* a block is three bytes of UTF-8 */
	for (int i = 0; i < BAR_WIDTH; i++)
		strcat(bar, i * total < done * BAR_WIDTH ? "█" : "░");
	fprintf(stderr, "\r\033[K%s %lld/%lld  %s %s", bar, (long long)done, (long long)total, text_of(step, "resource"),
		shown_name(step));
	fflush(stderr);
	progress->drawn = true;
}

/* Elsewhere: what takes long when it is done, and each quarter of the rest. */
static void print_line(struct progress *progress, const json_t *step, json_int_t done, json_int_t total)
{
	const char *resource = text_of(step, "resource");
	bool slow = strcmp(resource, "image") == 0 || strcmp(resource, "layer") == 0 || strcmp(resource, "history") == 0;
	int64_t quarter = total ? done * 4 / total : 4;
	if (!slow && quarter <= progress->quarter)
		return;
	progress->quarter = quarter > progress->quarter ? quarter : progress->quarter;
	fprintf(stderr, "  %5.1f s  %lld/%lld  %s %s\n", (double)(monotonic_ms() - progress->began_ms) / 1000.0, (long long)done,
		(long long)total, resource, shown_name(step));
}

void progress_show(const json_t *step, void *context)
{
	struct progress *progress = context;
	json_int_t done = json_integer_value(json_object_get(step, "done")),
		   total = json_integer_value(json_object_get(step, "total"));
	bool finished = json_is_true(json_object_get(step, "finished"));
	if (json_object_get(step, "error")) {
		progress_finish(progress);
		fprintf(stderr, "  %s %s: failed\n", text_of(step, "resource"), shown_name(step));
	} else if (progress->terminal) {
		draw_bar(progress, step, done, total);
	} else if (finished) {
		print_line(progress, step, done, total);
	}
}

void progress_finish(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}

static void print_points(json_int_t points_milli)
{
	printf("  %9.3f", (double)points_milli / 1000.0);
}

void board_print(const json_t *board)
{
	const json_t *phases = json_object_get(board, "phases");
	size_t index;
	json_t *phase, *team;
	printf("\n  team      points  of        ");
	json_array_foreach (phases, index, phase)
		printf("  %9s", json_string_value(phase));
	putchar('\n');
	json_array_foreach (json_object_get(board, "teams"), index, team) {
		printf("  %4lld", json_integer_value(json_object_get(team, "team")));
		print_points(json_integer_value(json_object_get(team, "points_milli")));
		print_points(json_integer_value(json_object_get(team, "measured_milli")));
		size_t column;
		json_array_foreach (phases, column, phase) {
			const json_t *cell = json_object_get(json_object_get(team, "phases"), json_string_value(phase));
			print_points(json_integer_value(json_object_get(cell, "points_milli")));
		}
		putchar('\n');
	}
	fflush(stdout);
}

void lacks_print(const json_t *lacks)
{
	if (lacks)
		printf("  warning     %s\n", json_string_value(lacks));
}

void accounts_print(const json_t *accounts)
{
	size_t index;
	json_t *account;
	if (!accounts)
		return;
	printf("\n  %-12s  %s\n", "account", "password (shown once)");
	json_array_foreach (accounts, index, account)
		printf("  %-12s  %s\n", text_of(account, "account"), text_of(account, "password"));
	fflush(stdout);
}
