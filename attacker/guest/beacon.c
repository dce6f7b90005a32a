/*
 * The toride training beacon: a dummy that behaves on the network like an implant and can do next to nothing.
 *
 * It polls its C&C server over plain HTTP, through the proxy it was told, and runs only ability scripts that root has staged in
 * this guest, by id. It stops for good when the range's token is missing or another, when its end time has passed, or after
 * BEACON_SILENCE_MAX_S without its C&C. It does not hide, does not come back by itself, and one signal ends it. Linked against
 * libcurl and libjansson only.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "attacker/protocol.h"
#include "common/cleanup.h"

/* The text is in the program's file, too: `grep` finds it there. */
static const char agent[] = "invoice-viewer/1.0 (toride training beacon)";

enum { ANSWER_MAX_BYTES = PROTOCOL_TASK_MAX_BYTES, REQUEST_TIMEOUT_S = 10, ENVIRONMENT_MAX = PROTOCOL_ARGS_MAX + 10 };

struct beacon {
	const char *id, *c2, *proxy; /* proxy: NULL, or "http://ADDRESS:PORT" */
	char token[TOKEN_LENGTH + 1];
	int64_t interval_ms, until_s, heard_s;
	json_t *result; /* of the last task, until the C&C has it */
	CURL *curl;
};

struct buffer {
	char data[ANSWER_MAX_BYTES + 1];
	size_t length;
};

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- may it live? ---- */

/* NULL, or why it must stop for good. */
static const char *reason_to_stop(const struct beacon *beacon)
{
	char token[TOKEN_LENGTH + 1];
	if (!protocol_token_read(token))
		return "there is no range token";
	if (!protocol_token_equal(token, beacon->token))
		return "the range token is another";
	if (now_ms(CLOCK_REALTIME) / 1000 >= beacon->until_s)
		return "its time is over";
	/* The boot clock goes on while the machine sleeps, and nobody can turn it back. */
	if (now_ms(CLOCK_BOOTTIME) / 1000 - beacon->heard_s >= BEACON_SILENCE_MAX_S)
		return "its C&C has been silent for too long";
	return NULL;
}

/* ---- one request ---- */

static size_t take(char *data, size_t size, size_t count, void *context)
{
	struct buffer *buffer = context;
	size_t length = size * count;
	if (length > ANSWER_MAX_BYTES - buffer->length)
		return 0; /* too long: libcurl gives up */
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	return length;
}

/* GET, or POST of `body`. The answer of a C&C that knows the token, or NULL. */
static json_t *request(struct beacon *beacon, const char *path, const char *body)
{
	char url[256], header[sizeof RANGE_HEADER + TOKEN_LENGTH + 4];
	snprintf(url, sizeof url, "http://%s%s", beacon->c2, path);
	snprintf(header, sizeof header, RANGE_HEADER ": %s", beacon->token);
	struct curl_slist *headers = curl_slist_append(NULL, header);
	struct buffer *answer = calloc(1, sizeof *answer);
	if (!headers || !answer)
		abort();
	CURL *curl = beacon->curl;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, beacon->proxy ? beacon->proxy : "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)REQUEST_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* A fresh connection each time: what the network lets through now decides, not what it let through before. */
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	long status = 0;
	json_t *json = NULL;
	if (curl_easy_perform(curl) == CURLE_OK && curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
	    status == 200)
		json = json_loadb(answer->data, answer->length, JSON_REJECT_DUPLICATES, NULL);
	free(answer);
	curl_slist_free_all(headers);
	const char *range = json_string_value(json_object_get(json, "range"));
	if (!range || !protocol_token_equal(range, beacon->token)) {
		json_decref(json);
		return NULL;
	}
	beacon->heard_s = now_ms(CLOCK_BOOTTIME) / 1000;
	return json;
}

/* ---- one task ---- */

struct task {
	const char *id, *ability;
	json_t *args; /* borrowed */
	int64_t timeout_ms;
};

/* NULL, or what is wrong with it. Whatever came over the network is checked here and nowhere else. */
static const char *task_read(const json_t *json, struct task *task)
{
	task->id = json_string_value(json_object_get(json, "task"));
	task->ability = json_string_value(json_object_get(json, "ability"));
	task->args = json_object_get(json, "args");
	task->timeout_ms = json_integer_value(json_object_get(json, "timeout_ms"));
	if (!task->id || !protocol_id(task->id))
		return "the task's id is malformed";
	if (!task->ability || !protocol_id(task->ability))
		return "the ability's id is malformed";
	if (task->timeout_ms <= 0 || task->timeout_ms > PROTOCOL_TIMEOUT_MAX_MS)
		return "the time limit is out of bounds";
	if (!json_is_object(task->args) || json_object_size(task->args) > PROTOCOL_ARGS_MAX)
		return "the arguments are malformed";
	const char *name;
	json_t *value;
	json_object_foreach (task->args, name, value)
		if (!protocol_variable(name) || !json_is_string(value) || !protocol_value(json_string_value(value)))
			return "an argument is malformed";
	return NULL;
}

/* Only what root put there, and root alone can change. */
static bool ability_is_staged(const char *id, char path[static 256])
{
	struct stat folder, file;
	snprintf(path, 256, ABILITIES_FOLDER "/%s", id);
	return lstat(ABILITIES_FOLDER, &folder) == 0 && S_ISDIR(folder.st_mode) && folder.st_uid == 0 &&
	       !(folder.st_mode & 022) && lstat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == 0 &&
	       !(file.st_mode & 022);
}

static void environment_add(char **environment, size_t *count, const char *name, const char *value)
{
	if (!value || *count >= ENVIRONMENT_MAX)
		return;
	if (asprintf(&environment[(*count)++], "%s=%s", name, value) < 0)
		abort();
}

/* The script's whole environment: of ours what names the C&C and the proxy, of the task its arguments. */
static char **environment_make(const struct task *task)
{
	static const char *const kept[] = {"HOME", "USER", "LOGNAME", "LANG", "user", "c2_ip", "proxy_ip", "proxy_port"};
	char **environment = calloc(ENVIRONMENT_MAX + 1, sizeof *environment);
	if (!environment)
		abort();
	size_t count = 0;
	environment_add(environment, &count, "PATH", "/usr/local/bin:/usr/bin:/bin");
	environment_add(environment, &count, "task", task->id);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		environment_add(environment, &count, kept[i], getenv(kept[i]));
	const char *name;
	json_t *value;
	json_object_foreach (task->args, name, value)
		environment_add(environment, &count, name, json_string_value(value));
	return environment;
}

static void environment_free(char **environment)
{
	for (char **variable = environment; *variable; variable++)
		free(*variable);
	free(environment);
}

_Noreturn static void become_script(const char *path, char **environment, int out)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* who kills the beacon ends what it was doing */
	int nothing = open("/dev/null", O_RDONLY);
	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t)path, NULL};
	execve("/bin/sh", argv, environment);
	_exit(127);
}

/* Reads what the script prints (the first PROTOCOL_OUTPUT_MAX_BYTES are kept) until it ends or its time is over. */
static bool read_output(int fd, int64_t timeout_ms, char output[static PROTOCOL_OUTPUT_MAX_BYTES + 1])
{
	int64_t end = now_ms(CLOCK_BOOTTIME) + timeout_ms;
	size_t length = 0;
	bool in_time = false;
	for (int64_t left; (left = end - now_ms(CLOCK_BOOTTIME)) > 0;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char piece[4096];
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		ssize_t got = read(fd, piece, sizeof piece);
		if (got <= 0) {
			in_time = true;
			break;
		}
		size_t room = PROTOCOL_OUTPUT_MAX_BYTES - length, kept = (size_t)got < room ? (size_t)got : room;
		memcpy(output + length, piece, kept);
		length += kept;
	}
	output[length] = '\0';
	return in_time;
}

/* The script's exit status; 124 when out of time, 128 + signal when killed. */
static int run_script(const struct task *task, const char *path, char output[static PROTOCOL_OUTPUT_MAX_BYTES + 1])
{
	int pipe_fds[2];
	output[0] = '\0';
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return 126;
	cleanup_close int in = pipe_fds[0];
	char **environment = environment_make(task);
	pid_t pid = fork();
	if (pid == 0)
		become_script(path, environment, pipe_fds[1]);
	environment_free(environment);
	close(pipe_fds[1]);
	if (pid < 0)
		return 126;
	setpgid(pid, pid); /* here, too: whoever is first */
	bool in_time = read_output(in, task->timeout_ms, output);
	if (!in_time)
		kill(-pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!in_time)
		return 124;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whatever bytes a tool printed, as a JSON text. */
static json_t *printable(char *output)
{
	json_t *text = json_string(output);
	if (text)
		return text;
	for (char *c = output; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(output);
}

static json_t *task_run(const json_t *json)
{
	struct task task;
	char path[256], output[PROTOCOL_OUTPUT_MAX_BYTES + 1];
	const char *refused = task_read(json, &task);
	if (!refused && !ability_is_staged(task.ability, path))
		refused = "no such ability is staged in this guest";
	int status = PROTOCOL_STATUS_REFUSED;
	if (refused)
		snprintf(output, sizeof output, "refused: %s", refused);
	else
		status = run_script(&task, path, output);
	const char *id = task.id && protocol_id(task.id) ? task.id : "malformed";
	return json_pack("{s:s, s:i, s:o}", "task", id, "status", status, "output", printable(output));
}

/* ---- the loop ---- */

/* True when the C&C has the last task's result, or there is none. */
static bool deliver(struct beacon *beacon)
{
	if (!beacon->result)
		return true;
	char *body = json_dumps(beacon->result, JSON_COMPACT);
	cleanup_json json_t *answer = request(beacon, "/result", body);
	free(body);
	if (!answer)
		return false;
	json_decref(steal(&beacon->result));
	return true;
}

/* One task at a time, and no new one before the C&C has the last one's result. */
static void talk(struct beacon *beacon)
{
	if (!deliver(beacon))
		return;
	char path[128];
	snprintf(path, sizeof path, "/poll?id=%s", beacon->id);
	cleanup_json json_t *answer = request(beacon, path, NULL);
	const json_t *task = json_object_get(answer, "task");
	if (!json_is_object(task))
		return;
	beacon->result = task_run(task);
	if (!reason_to_stop(beacon))
		deliver(beacon);
}

/* Sleeps until the next poll, looking every second whether it may live. */
static const char *rest(const struct beacon *beacon)
{
	for (int64_t left = beacon->interval_ms; left > 0; left -= 1000) {
		int64_t nap = left < 1000 ? left : 1000;
		struct timespec time = {.tv_sec = nap / 1000, .tv_nsec = nap % 1000 * 1000000};
		nanosleep(&time, NULL);
		const char *why = reason_to_stop(beacon);
		if (why)
			return why;
	}
	return NULL;
}

static bool read_number(const char *text, int64_t min, int64_t max, int64_t *number)
{
	char *end;
	errno = 0;
	*number = text ? strtoll(text, &end, 10) : 0;
	return text && errno == 0 && end != text && *end == '\0' && *number >= min && *number <= max;
}

static bool is_address(const char *text)
{
	struct in_addr address;
	return text && inet_pton(AF_INET, text, &address) == 1;
}

/* From the environment that the engine gives it. False (with a word) when anything is missing or odd. */
static bool beacon_init(struct beacon *beacon, char proxy[static 64])
{
	const char *token = getenv("range_token"), *proxy_ip = getenv("proxy_ip");
	int64_t port = 0;
	beacon->id = getenv("beacon_id");
	beacon->c2 = getenv("c2_ip");
	if (!beacon->id || !protocol_beacon_id(beacon->id) || !is_address(beacon->c2) || !token || !protocol_token(token) ||
	    !read_number(getenv("beacon_interval_ms"), BEACON_INTERVAL_MIN_MS, BEACON_INTERVAL_MAX_MS, &beacon->interval_ms) ||
	    !read_number(getenv("beacon_until"), 1, INT64_MAX, &beacon->until_s) ||
	    (proxy_ip && (!is_address(proxy_ip) || !read_number(getenv("proxy_port"), 1, 65535, &port)))) {
		fprintf(stderr, "%s: it runs inside a training range only, started by an exercise\n", agent);
		return false;
	}
	memcpy(beacon->token, token, sizeof beacon->token);
	if (proxy_ip) {
		snprintf(proxy, 64, "http://%s:%d", proxy_ip, (int)port);
		beacon->proxy = proxy;
	}
	beacon->heard_s = now_ms(CLOCK_BOOTTIME) / 1000;
	beacon->curl = curl_easy_init();
	return beacon->curl != NULL;
}

/* For itself and what it runs: a trainee's machine must stay usable. */
static void limit_resources(void)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t limit;
	} limits[] = {
		{RLIMIT_AS, 512 << 20}, {RLIMIT_NOFILE, 256}, {RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 4 * PROTOCOL_UPLOAD_MAX_BYTES}};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		setrlimit(limits[i].resource, &(struct rlimit){limits[i].limit, limits[i].limit});
	if (setpriority(PRIO_PROCESS, 0, 10) < 0)
		perror("setpriority");
}

int main(void)
{
	struct beacon beacon = {0};
	char proxy[64];
	limit_resources();
	curl_global_init(CURL_GLOBAL_NOTHING);
	if (!beacon_init(&beacon, proxy))
		return 2;
	const char *why = reason_to_stop(&beacon);
	while (!why) {
		talk(&beacon);
		why = rest(&beacon);
	}
	fprintf(stderr, "%s: stops for good: %s\n", agent, why);
	json_decref(beacon.result);
	curl_easy_cleanup(beacon.curl);
	curl_global_cleanup();
	return 0;
}
