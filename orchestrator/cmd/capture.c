#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"
#include "orchestrator/up_options.h"

extern const struct command command_capture;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

struct output {
	int fd;
	const char *file; /* ours to begin anew; NULL: standard output */
	bool made;	  /* the file was not there before */
	long long copied; /* bytes */
};

/* 1; 0 at the end; -1 when it cannot be written. */
static int copy_some(int from, struct output *output, struct error **err)
{
	char buffer[65536];
	ssize_t got = read(from, buffer, sizeof buffer);
	if (got <= 0)
		return got < 0 && errno == EINTR;
	/* Only now: what the file held is not lost to a capture that is refused. EINVAL: a device, say. */
	if (output->file && !output->copied && ftruncate(output->fd, 0) < 0 && errno != EINVAL)
		return error_set_errno(err, errno, "begin the file anew");
	for (ssize_t done = 0; done < got;) {
		ssize_t put = write(output->fd, buffer + done, (size_t)(got - done));
		if (put < 0 && errno != EINTR)
			return error_set_errno(err, errno, "write what was captured to %s%s%s, after %lld bytes%s",
					       output->file ? "'" : "", output->file ? output->file : "standard output",
					       output->file ? "'" : "", output->copied + (long long)done,
					       errno == ENOSPC ? " (make room, or take less: --bytes)" : "");
		done += put > 0 ? put : 0;
	}
	output->copied += got;
	return 1;
}

/* Copies until the stream ends. A Ctrl-C says goodbye to the orchestrator, who hands on what he has and ends the stream. */
static int relay(const struct ipc *client, int from, struct output *output, struct error **err)
{
	int more = 1;
	struct sigaction action = {.sa_handler = on_interrupt};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (bool told = false; more > 0;) {
		struct pollfd ready = {.fd = from, .events = POLLIN};
		/* A signal between the look and the waiting is noticed a moment later. */
		if (poll(&ready, 1, 500) > 0)
			more = copy_some(from, output, err);
		if (interrupted && !told)
			told = shutdown(ipc_fd(client), SHUT_RDWR) == 0;
	}
	return more;
}

static int capture(const struct site *site, json_t *args, struct output *output, json_t **result, struct error **err)
{
	cleanup_json json_t *owned = args;
	int ends[2];
	struct ipc *client = NULL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "pipe");
	cleanup_close int from = ends[0];
	int failure = client_connect(site, &client, err);
	if (failure == 0)
		failure = client_request(client, "capture", steal(&owned), &ends[1], 1, err);
	close(ends[1]);
	if (failure == 0) {
		failure = relay(client, from, output, err);
		close(steal_fd(&from)); /* that nobody reads any more is an end, too */
		/* Who says goodbye, or has nobody to write to, waits for no answer. */
		if (failure == 0 && interrupted)
			*result = json_pack("{sI ss}", "bytes", (json_int_t)output->copied, "end", "stopped");
		else if (failure == 0)
			failure = client_wait(client, NULL, NULL, result, err);
	}
	ipc_destroy(client);
	return failure;
}

static void print_result(const json_t *result)
{
	const json_t *frames = json_object_get(result, "frames");
	fputs("toride capture: ", stderr);
	if (frames)
		fprintf(stderr, "%lld frames, ", (long long)json_integer_value(frames));
	fprintf(stderr, "%lld bytes; ended: %s\n", (long long)json_integer_value(json_object_get(result, "bytes")),
		json_string_value(json_object_get(result, "end")));
	long long dropped = (long long)json_integer_value(json_object_get(result, "dropped"));
	if (dropped)
		fprintf(stderr, "toride capture: %lld frames were lost: whoever reads was too slow\n", dropped);
}

static int open_output(struct output *output)
{
	if (!output->file && isatty(STDOUT_FILENO)) {
		errno = 0;
		return -1;
	}
	if (!output->file)
		return output->fd = dup(STDOUT_FILENO);
	output->fd = open(output->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	output->made = output->fd >= 0;
	if (output->fd < 0 && errno == EEXIST)
		output->fd = open(output->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* a link to nothing yet is there, too */
	return output->fd;
}

/* A capture that was refused leaves no file behind. */
static void close_output(struct output *output)
{
	if (output->made && !output->copied)
		unlink(output->file);
	if (output->fd >= 0)
		close(output->fd);
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"write", required_argument, NULL, 'w'},
						{"seconds", required_argument, NULL, 's'},
						{"bytes", required_argument, NULL, 'b'},
						SITE_OPTIONS,
						{0}};
	struct output output = {.fd = -1};
	long long seconds = 600, bytes = 100 << 20;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "w:", options, NULL)) != -1) {
		if (option == 'w')
			output.file = optarg;
		else if (option == 's')
			status = option_number("seconds", optarg, 1, 24 * 3600, &seconds) ? -1 : EXIT_USAGE;
		else if (option == 'b')
			status = option_number("bytes", optarg, 1, LLONG_MAX, &bytes) ? -1 : EXIT_USAGE;
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	cleanup_error struct error *err = NULL;
	cleanup_json json_t *result = NULL;
	json_t *args = NULL;
	if (status < 0 && (optind != argc - 1 || client_guest(argv[optind], &args, NULL) < 0))
		status = command_usage(&command_capture, "give EX/TEAM/NETWORK, as in first-call/1/office");
	if (status < 0 && open_output(&output) < 0)
		status = command_usage(&command_capture,
				       errno ? "'%s': %m" : "frames are nothing for a terminal: give -w FILE, or | tshark -r -",
				       output.file);
	if (status < 0) {
		json_object_set(args, "network", json_object_get(args, "host"));
		json_object_set_new(args, "time_ms", json_integer(seconds * 1000));
		json_object_set_new(args, "bytes", json_integer(bytes));
		status = capture(&site, json_incref(args), &output, &result, &err) < 0 ? command_failed(err)
										       : (print_result(result), EXIT_DONE);
	}
	close_output(&output);
	json_decref(args);
	site_finish(&site);
	return status;
}

const struct command command_capture = {"capture", "[-w FILE] [--seconds N] [--bytes N] EX/TEAM/NETWORK",
					"every frame of a team's network as a pcap stream, unseen by the team",
					"  -w FILE           into this file; not given: to standard output (| tshark -r -)\n"
					"  --seconds N       for so long (600)\n"
					"  --bytes N         at most so many bytes (100 MiB)\n" SITE_HELP "\nCtrl-C ends it.\n",
					run};
