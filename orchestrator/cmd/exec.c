#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/up_options.h"

extern const struct command command_exec;

/* One output stream of the guest's program: a pipe that is copied up to the limit; the rest is read and thrown away. */
struct stream {
	int from, to;
	long long left;
	bool cut;
};

static void copy_some(struct stream *stream)
{
	char buffer[65536];
	ssize_t got = read(stream->from, buffer, sizeof buffer);
	if (got <= 0) {
		if (got < 0 && errno == EINTR)
			return;
		close(steal_fd(&stream->from));
		return;
	}
	ssize_t take = got > stream->left ? (ssize_t)stream->left : got;
	stream->cut = stream->cut || take < got;
	stream->left -= take;
	for (ssize_t done = 0; done < take;) {
		ssize_t put = write(stream->to, buffer + done, (size_t)(take - done));
		if (put < 0 && errno != EINTR)
			return;
		done += put > 0 ? put : 0;
	}
}

/*
 * The program's input. The guest's root may do with a descriptor whatever its open mode allows: on a terminal, write and change
 * its modes; in a folder, open what lies above it. So it gets our own input only when that is a pipe, and a copy in a pipe
 * otherwise.
 */
struct input {
	int guests; /* what the guest gets */
	int from, to;
	char buffer[4096];
	size_t start, end;
};

static bool is_pipe(int fd)
{
	struct statfs about;
	return fstatfs(fd, &about) == 0 && about.f_type == PIPEFS_MAGIC;
}

static int input_open(struct input *input, struct error **err)
{
	int ends[2];
	*input = (struct input){.guests = STDIN_FILENO, .from = -1, .to = -1};
	if (is_pipe(STDIN_FILENO))
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "pipe");
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	input->guests = ends[0];
	input->to = ends[1];
	input->from = STDIN_FILENO;
	return 0;
}

/* What the program has not read is left to whoever reads our input next: a file is read on in a shell's loop. */
static void input_close(struct input *input)
{
	int unread = 0;
	if (input->guests == STDIN_FILENO)
		return;
	if (ioctl(input->guests, FIONREAD, &unread) == 0)
		lseek(STDIN_FILENO, -(off_t)unread - (off_t)(input->end - input->start), SEEK_CUR);
	close(input->guests);
	if (input->to >= 0)
		close(input->to);
}

static void input_copy(struct input *input)
{
	if (input->start == input->end) {
		ssize_t got = read(input->from, input->buffer, sizeof input->buffer);
		if (got < 0 && errno == EINTR)
			return;
		input->start = 0;
		input->end = got > 0 ? (size_t)got : 0;
	}
	ssize_t put = input->end ? write(input->to, input->buffer + input->start, input->end - input->start) : -1;
	if (put > 0)
		input->start += (size_t)put;
	else if (!input->end || (errno != EAGAIN && errno != EINTR))
		close(steal_fd(&input->to)); /* its end */
}

/* Copies until the answer has come and both streams have ended. */
static int relay(struct ipc *client, struct input *input, struct stream streams[2], json_t **result, struct error **err)
{
	while (!*result || streams[0].from >= 0 || streams[1].from >= 0) {
		bool held = input->start < input->end, more = input->to >= 0 && !*result;
		struct pollfd ready[4] = {{.fd = streams[0].from, .events = POLLIN},
					  {.fd = streams[1].from, .events = POLLIN},
					  {.fd = *result ? -1 : ipc_fd(client), .events = POLLIN},
					  {.fd = !more	? -1
						 : held ? input->to
							: input->from,
					   .events = held ? POLLOUT : POLLIN}};
		/* A child that the program left in the guest may hold the pipes: after the answer only what is there counts. */
		int count = poll(ready, 4, *result ? 100 : -1);
		if (count < 0 && errno != EINTR)
			return error_set_errno(err, errno, "poll");
		if (count == 0)
			break;
		for (size_t i = 0; i < 2; i++)
			if (ready[i].revents)
				copy_some(&streams[i]);
		if (ready[3].revents)
			input_copy(input);
		if (ready[2].revents && client_wait(client, NULL, NULL, result, err) < 0)
			return -1;
	}
	return 0;
}

static int exec_in_guest(const struct site *site, json_t *args, long long limit, json_t **result, struct error **err)
{
	cleanup_json json_t *owned = args;
	int out[2], errs[2];
	struct input input;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(errs, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "pipe");
	if (input_open(&input, err) < 0)
		return -1;
	struct stream streams[2] = {{out[0], STDOUT_FILENO, limit, false}, {errs[0], STDERR_FILENO, limit, false}};
	const int fds[3] = {input.guests, out[1], errs[1]};
	struct ipc *client = NULL;
	int failure = client_connect(site, &client, err);
	if (failure == 0)
		failure = client_request(client, "exec", steal(&owned), fds, 3, err);
	close(out[1]);
	close(errs[1]);
	if (failure == 0)
		failure = relay(client, &input, streams, result, err);
	input_close(&input);
	ipc_destroy(client);
	for (size_t i = 0; i < 2; i++)
		if (streams[i].from >= 0)
			close(streams[i].from);
	if (streams[0].cut || streams[1].cut)
		fprintf(stderr, "toride exec: output cut at %lld bytes (--max-output)\n", limit);
	return failure;
}

static int finish(const json_t *result)
{
	if (json_is_true(json_object_get(result, "timed_out")))
		fputs("toride exec: stopped: out of time (--timeout)\n", stderr);
	return (int)json_integer_value(json_object_get(result, "status"));
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"user", required_argument, NULL, 'u'},
						{"timeout", required_argument, NULL, 't'},
						{"max-output", required_argument, NULL, 'm'},
						SITE_OPTIONS,
						{0}};
	const char *user = NULL;
	double timeout_s = 600;
	long long limit = 1LL << 30;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'u')
			user = optarg;
		else if (option == 't')
			timeout_s = atof(optarg);
		else if (option == 'm')
			status = option_number("max-output", optarg, 0, LLONG_MAX, &limit) ? -1 : EXIT_USAGE;
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	cleanup_error struct error *err = NULL;
	json_t *args = NULL;
	if (status < 0 && (timeout_s <= 0 || limit < 0))
		status = command_usage(&command_exec, "--timeout is seconds above 0, --max-output bytes from 0");
	int command = optind + 1;
	if (status < 0 && command < argc && strcmp(argv[command], "--") == 0)
		command++;
	if (status < 0 && command >= argc)
		status = command_usage(&command_exec, "give EX/TEAM/HOST -- COMMAND");
	if (status < 0 && client_guest(argv[optind], &args, &err) < 0)
		status = command_usage(&command_exec, "%s", error_text(err));
	if (status < 0) {
		json_t *words = json_array();
		for (int i = command; i < argc; i++)
			json_array_append_new(words, json_string(argv[i]));
		json_object_set_new(args, "argv", words);
		json_object_set_new(args, "timeout_ms", json_integer((json_int_t)(timeout_s * 1000)));
		if (user)
			json_object_set_new(args, "user", json_string(user));
		cleanup_json json_t *result = NULL;
		status = exec_in_guest(&site, args, limit, &result, &err) < 0 ? command_failed(err) : finish(result);
	}
	site_finish(&site);
	return status;
}

const struct command command_exec = {"exec", "[--user U] [--timeout S] [--max-output BYTES] EX/TEAM/HOST -- COMMAND [ARG]...",
				     "run a command in a guest, out of band",
				     "  --user U          as this account of the guest (root)\n"
				     "  --timeout S       seconds (600); then it is killed, exit status 124\n"
				     "  --max-output N    bytes of each output stream (1 GiB)\n" SITE_HELP
				     "\nThe exit status is the command's; 128 + n when signal n ended it.\n",
				     run};
