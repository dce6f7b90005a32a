/*
 * Calls the range directly, for its tests: no daemon, no exercise.
 *     range-tool up|bake FILE EXERCISE TEAMS    range-tool down|status EXERCISE    range-tool exercises
 *     range-tool reset FILE EXERCISE TEAMS TEAM [HOST]    range-tool verify FILE EXERCISE TEAMS [PATIENCE_MS]
 *     range-tool exec EXERCISE/TEAM/HOST [-u USER] [-t MS] [-l BYTES] [-i INPUT] -- CMD…
 *     range-tool probe EXERCISE/TEAM/HOST ADDRESS PORT [PROXY PORT]    range-tool shell EXERCISE/TEAM/HOST
 *     range-tool race EXERCISE/TEAM/HOST SECONDS
 *     range-tool watch SECONDS    range-tool secret EXERCISE TEAM NAME    range-tool mount EXERCISE [TEAM]
 * State directory and so on come from the environment, as for toride (site.h).
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/plan.h"
#include "orchestrator/range.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/site.h"
#include "orchestrator/verify.h"

static int failed(struct error *err)
{
	fprintf(stderr, "error: %s\n", error_text(err));
	error_free(err);
	return 1;
}

static void print_progress(const struct range_progress *progress, void *context)
{
	(void)context;
	if (progress->finished)
		fprintf(stderr, "%lld %s %s %s%s%s\n", (long long)monotonic_ms() % 1000000, progress->action,
			resource_kind_names[progress->kind], progress->name, progress->error ? ": " : "",
			progress->error ? progress->error : "");
}

static int load_plan(const struct site *site, char **argv, struct scenario **scenario, struct plan **plan, struct error **err)
{
	struct diagnostics diagnostics = {0};
	const char *day = getenv("RANGE_TOOL_DAY");
	int result = scenario_load(argv[0], site->data_dir, scenario, &diagnostics, err);
	if (result > 0)
		error_set(err, "%s", diagnostics.text);
	diagnostics_finish(&diagnostics);
	return result ? -1 : plan_create(*scenario, argv[1], atoi(argv[2]), day ? day : "2026-11-24", plan, err);
}

static int build(const struct site *site, struct range *range, char **argv)
{
	struct error *err = NULL;
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_plan struct plan *plan = NULL;
	range_progress_fn *progress = getenv("RANGE_TOOL_VERBOSE") ? print_progress : NULL;
	size_t changed = 0;
	cleanup_json json_t *report = NULL;
	if (load_plan(site, argv + 1, &scenario, &plan, &err) < 0)
		return failed(err);
	int64_t start_ms = monotonic_ms();
	int result = strcmp(argv[0], "up") == 0 ? range_up(range, plan, progress, NULL, NULL, &changed, &err)
						: range_bake(range, plan, progress, NULL, NULL, &report, &err);
	if (result < 0)
		return failed(err);
	printf("%zu changed, %lld ms\n", changed, (long long)(monotonic_ms() - start_ms));
	return 0;
}

static int reset(const struct site *site, struct range *range, char **argv)
{
	struct error *err = NULL;
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_plan struct plan *plan = NULL;
	range_progress_fn *progress = getenv("RANGE_TOOL_VERBOSE") ? print_progress : NULL;
	if (load_plan(site, argv + 1, &scenario, &plan, &err) < 0)
		return failed(err);
	int64_t start_ms = monotonic_ms();
	if (range_reset(range, plan, atoi(argv[4]), argv[5], progress, NULL, NULL, &err) < 0)
		return failed(err);
	printf("%lld ms\n", (long long)(monotonic_ms() - start_ms));
	return 0;
}

static void print_verified(const char *what, size_t done, size_t total, void *context)
{
	(void)context;
	fprintf(stderr, "%lld %zu/%zu %s\n", (long long)monotonic_ms() % 1000000, done, total, what);
}

/* "2000 pairs, 0 differ, 800 planned services answered within 900 ms, isolated, 1500 ms" */
static int verify(const struct site *site, struct range *range, char **argv)
{
	struct error *err = NULL;
	cleanup_scenario struct scenario *scenario = NULL;
	cleanup_plan struct plan *plan = NULL;
	cleanup_json json_t *result = NULL;
	size_t i;
	json_t *entry;
	json_int_t answered_ms = 0, answered = 0;
	if (load_plan(site, argv + 1, &scenario, &plan, &err) < 0)
		return failed(err);
	const struct verify_request request = {.range = range,
					       .plan = plan,
					       .patience_ms = argv[4] ? atoi(argv[4]) : REACH_PATIENCE_START_MS,
					       .progress = getenv("RANGE_TOOL_VERBOSE") ? print_verified : NULL};
	if (verify_run(&request, &result, &err) < 0)
		return failed(err);
	json_array_foreach (json_object_get(result, "teams"), i, entry) {
		json_int_t last_ms = json_integer_value(json_object_get(entry, "answered_ms"));
		answered_ms = last_ms > answered_ms ? last_ms : answered_ms;
		answered += json_integer_value(json_object_get(entry, "answered"));
	}
	cleanup_json json_t *failures = verify_failures(result);
	json_array_foreach (failures, i, entry)
		fprintf(stderr, "%s\n", json_string_value(entry));
	printf("%lld pairs, %lld differ, %lld planned services answered within %lld ms, %sisolated, %lld ms\n",
	       (long long)json_integer_value(json_object_get(result, "pairs")),
	       (long long)json_integer_value(json_object_get(result, "differ")), (long long)answered, (long long)answered_ms,
	       json_is_true(json_object_get(json_object_get(result, "isolation"), "holds")) ? "" : "NOT ",
	       (long long)json_integer_value(json_object_get(result, "took_ms")));
	return json_is_true(json_object_get(result, "holds")) ? 0 : 1;
}

static int take_down(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	size_t changed = 0;
	int64_t start_ms = monotonic_ms();
	if (range_down(range, argv[1], getenv("RANGE_TOOL_VERBOSE") ? print_progress : NULL, NULL, &changed, &err) < 0)
		return failed(err);
	printf("%zu changed, %lld ms\n", changed, (long long)(monotonic_ms() - start_ms));
	return 0;
}

static int status(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	cleanup_json json_t *found = NULL;
	if (range_status(range, argv[1], &found, &err) < 0)
		return failed(err);
	json_dumpf(found, stdout, JSON_INDENT(1));
	puts("");
	return 0;
}

static int exercises(const struct site *site, struct range *range, char **argv)
{
	(void)site, (void)argv;
	struct error *err = NULL;
	char **names = NULL;
	if (range_exercises(range, &names, &err) < 0)
		return failed(err);
	for (size_t i = 0; names[i]; free(names[i++]))
		puts(names[i]);
	free(names);
	return 0;
}

struct target {
	char exercise[32], host[32];
	struct guest_id id;
};

static int parse_target(const char *text, struct target *target)
{
	if (sscanf(text, "%31[^/]/%d/%31s", target->exercise, &target->id.team, target->host) != 3)
		return -1;
	target->id.exercise = target->exercise;
	target->id.host = target->host;
	return 0;
}

static int run_exec(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	struct target target;
	struct exec_request request = {0};
	struct exec_result result;
	char **option = argv + 2;
	if (parse_target(argv[1], &target) < 0)
		return 2;
	for (; *option && strcmp(*option, "--") != 0; option += 2) {
		switch ((*option)[1]) {
		case 'u':
			request.user = option[1];
			break;
		case 't':
			request.timeout_ms = atoi(option[1]);
			break;
		case 'l':
			request.output_limit = (size_t)atol(option[1]);
			break;
		case 'i':
			request.input = option[1];
			request.input_length = strlen(option[1]);
			break;
		case 'p':
			request.pass_stdio = true;
			request.stdio[1] = 1;
			request.stdio[2] = 2;
			option--;
			break;
		default:
			return 2;
		}
	}
	request.argv = (const char *const *)option + 1;
	if (range_exec(range, &target.id, &request, &result, &err) < 0)
		return failed(err);
	if (!request.pass_stdio) {
		fwrite(result.out, 1, result.out_length, stdout);
		fwrite(result.err, 1, result.err_length, stderr);
	}
	if (result.timed_out || result.truncated)
		fprintf(stderr, "range-tool:%s%s\n", result.timed_out ? " timed out" : "", result.truncated ? " truncated" : "");
	int exit_status = result.status;
	exec_result_finish(&result);
	return exit_status;
}

static int run_probe(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	static const char *const names[] = {"reached", "not reached", "unknown"};
	struct error *err = NULL;
	struct target target;
	if (parse_target(argv[1], &target) < 0)
		return 2;
	struct probe_request request = {.from = &target.id, .address = argv[2], .port = atoi(argv[3]), .timeout_ms = 2000};
	if (argv[4]) {
		request.proxy_address = argv[4];
		request.proxy_port = atoi(argv[5]);
	}
	enum probe_outcome outcome = range_probe(range, &request, &err);
	puts(names[outcome]);
	return err ? failed(err) : (int)outcome;
}

/* Gives standard input to the shell and prints what comes back. */
static int run_shell(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	struct target target;
	int master;
	pid_t pid;
	char block[4096];
	if (parse_target(argv[1], &target) < 0)
		return 2;
	if (range_shell(range, &target.id, argv[2], &master, &pid, &err) < 0)
		return failed(err);
	for (bool input = true;;) {
		struct pollfd waits[2] = {{.fd = input ? 0 : -1, .events = POLLIN}, {.fd = master, .events = POLLIN}};
		poll(waits, 2, -1);
		if (waits[0].revents) {
			ssize_t got = read(0, block, sizeof block);
			input = got > 0;
			if (got > 0 && write(master, block, (size_t)got) < 0)
				break;
		}
		if (waits[1].revents) {
			ssize_t got = read(master, block, sizeof block);
			if (got < 0 && (waits[1].revents & POLLHUP))
				break;
			if (got > 0)
				fwrite(block, 1, (size_t)got, stdout);
		}
	}
	close(master);
	return range_shell_wait(pid);
}

static void print_lost(const struct guest_id *guest, const char *detail, void *context)
{
	(void)context;
	printf("lost %s/%d/%s: %s\n", guest->exercise, guest->team, guest->host, detail);
	fflush(stdout);
}

static int run_watch(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	if (range_watch(range, print_lost, NULL, &err) < 0)
		return failed(err);
	puts("watching");
	fflush(stdout);
	sleep((unsigned)atoi(argv[1]));
	return 0;
}

static int print_secret(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	char text[RANGE_SECRET_SIZE];
	if (range_secret(range, argv[1], atoi(argv[2]), argv[3], text, &err) < 0)
		return failed(err);
	puts(text);
	return 0;
}

/* The disks of guests (of one team, or all) at their places, for others to start containers on; `down` takes them away. */
static int mount_disks(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct error *err = NULL;
	cleanup_free char *guests = range_guests_folder(range, argv[1]);
	cleanup_free char *prefix = argv[2] ? xasprintf("t%s-", argv[2]) : xstrdup("t");
	cleanup_dir DIR *disks = opendir(guests);
	for (const struct dirent *entry; !err && disks && (entry = readdir(disks));) {
		cleanup_free char *folder = xasprintf("%s/%s", guests, entry->d_name);
		cleanup_free char *own = xasprintf("%s/disk", folder);
		cleanup_free char *upper = xasprintf("%s/upper", own);
		cleanup_free char *root = xasprintf("%s/root", folder);
		cleanup_with(stack) struct stack stack = {0};
		struct stat info;
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || stat(upper, &info) < 0 || is_mount_point(root) ||
		    stack_read(&stack, range, folder, &err) < 0)
			continue;
		const struct overlay overlay = {
			.layers = stack.paths, .layers_count = stack.count, .folder = own, .id_base = info.st_uid};
		overlay_mount(&overlay, root, &err);
	}
	return err ? failed(err) : 0;
}

/* ---- race: programs are started in a guest while threads come and go all the time ---- */

enum { RACERS = 4, CHURNERS = 4 };

struct race {
	struct range *range;
	const struct guest_id *guest;
	int64_t end_ms;
	int started, failed;
};

static void *nothing(void *context)
{
	return context;
}

static void *churn(void *context)
{
	const struct race *race = context;
	pthread_t thread;
	while (monotonic_ms() < race->end_ms)
		if (pthread_create(&thread, NULL, nothing, NULL) == 0)
			pthread_join(thread, NULL);
	return NULL;
}

static void *start_programs(void *context)
{
	struct race *race = context;
	const struct exec_request request = {.argv = (const char *const[]){"true", NULL}, .timeout_ms = 5000};
	while (monotonic_ms() < race->end_ms) {
		struct exec_result result;
		cleanup_error struct error *err = NULL;
		if (range_exec(race->range, race->guest, &request, &result, &err) < 0) {
			fprintf(stderr, "%s\n", error_text(err));
			__atomic_add_fetch(&race->failed, 1, __ATOMIC_RELAXED);
		}
		exec_result_finish(&result);
		__atomic_add_fetch(&race->started, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int run_race(const struct site *site, struct range *range, char **argv)
{
	(void)site;
	struct target target;
	pthread_t threads[RACERS + CHURNERS];
	if (parse_target(argv[1], &target) < 0)
		return 2;
	struct race race = {.range = range, .guest = &target.id, .end_ms = monotonic_ms() + atoi(argv[2]) * 1000};
	for (int i = 0; i < RACERS + CHURNERS; i++)
		pthread_create(&threads[i], NULL, i < RACERS ? start_programs : churn, &race);
	for (int i = 0; i < RACERS + CHURNERS; i++)
		pthread_join(threads[i], NULL);
	printf("%d started, %d failed\n", race.started, race.failed);
	return race.failed ? 1 : 0;
}

static const struct {
	const char *name;
	int arguments; /* at least */
	int (*run)(const struct site *site, struct range *range, char **argv);
} commands[] = {
	{"up", 3, build},	 {"bake", 3, build},	      {"down", 1, take_down},
	{"status", 1, status},	 {"exercises", 0, exercises}, {"exec", 3, run_exec},
	{"probe", 3, run_probe}, {"shell", 1, run_shell},     {"watch", 1, run_watch},
	{"race", 2, run_race},	 {"secret", 3, print_secret}, {"reset", 4, reset},
	{"verify", 3, verify},	 {"mount", 1, mount_disks},
};

int main(int argc, char **argv)
{
	struct site site;
	struct range *range = NULL;
	struct error *err = NULL;
	int result = 2;
	site_init(&site);
	const struct range_options options = {
		.state_dir = site.state_dir, .data_dir = site.data_dir, .programs_dir = site.programs_dir, .uri = site.uri};
	if (range_create(&options, &range, &err) < 0)
		return failed(err);
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].arguments)
			result = commands[i].run(&site, range, argv + 1);
	range_destroy(range);
	site_finish(&site);
	return result;
}
