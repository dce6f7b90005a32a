#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "common/cleanup.h"
#include "orchestrator/client.h"
#include "orchestrator/command.h"

extern const struct command command_shell;

static volatile sig_atomic_t resized = 1;

static void on_resize(int signal)
{
	(void)signal;
	resized = 1;
}

static void pass_size(int master)
{
	struct winsize size;
	if (resized && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
	resized = 0;
}

/* Copies what is there; false when that side has ended. */
static bool copy_some(int from, int to)
{
	char buffer[4096];
	ssize_t got = read(from, buffer, sizeof buffer);
	if (got <= 0)
		return got < 0 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t done = 0; done < got;) {
		ssize_t put = write(to, buffer + done, (size_t)(got - done));
		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? put : 0;
	}
	return true;
}

static void relay(int master)
{
	struct pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = master, .events = POLLIN}};
	for (;;) {
		pass_size(master);
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return;
		if (ready[1].revents && !copy_some(master, STDOUT_FILENO))
			return; /* the shell has ended */
		if (ready[0].revents && !copy_some(STDIN_FILENO, master)) {
			if (write(master, "\004", 1) < 0) /* the end of input, as a terminal says it */
				return;
			ready[0].fd = -1;
		}
		ready[0].revents = ready[1].revents = 0;
	}
}

/* The terminal passes every key on, and is put back however the relay ends. */
static void relay_raw(int master)
{
	struct termios before, raw;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
	if (terminal) {
		struct sigaction action = {.sa_handler = on_resize};
		sigaction(SIGWINCH, &action, NULL);
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	relay(master);
	if (terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* The first answer brings the terminal's descriptor. */
static int receive_terminal(struct ipc *client, int *master, struct error **err)
{
	cleanup_json json_t *message = NULL;
	int fds[IPC_FDS_MAX];
	size_t fds_count = 0;
	if (ipc_wait(client, &message, fds, &fds_count, err) < 0)
		return error_prefix(err, "the orchestrator went away");
	if (fds_count > 0)
		*master = fds[0];
	const char *text = json_string_value(json_object_get(message, "error"));
	return *master >= 0 ? 0 : error_set(err, "%s", text ? text : "no terminal came");
}

static int open_shell(const struct site *site, json_t *args, json_t **result, struct error **err)
{
	struct ipc *client = NULL;
	cleanup_close int master = -1;
	cleanup_json json_t *owned = args;
	int failure = client_connect(site, &client, err);
	if (failure == 0)
		failure = client_request(client, "shell", steal(&owned), NULL, 0, err);
	if (failure == 0)
		failure = receive_terminal(client, &master, err);
	if (failure == 0) {
		relay_raw(master);
		close(steal_fd(&master));
		failure = client_wait(client, NULL, NULL, result, err);
	}
	ipc_destroy(client);
	return failure;
}

static int run(int argc, char **argv)
{
	struct site site;
	site_init(&site);
	static const struct option options[] = {{"user", required_argument, NULL, 'u'}, SITE_OPTIONS, {0}};
	const char *user = NULL;
	int option, status = -1;
	while (status < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'u')
			user = optarg;
		else if (!site_option(&site, option, optarg))
			status = EXIT_USAGE;
	}
	cleanup_error struct error *err = NULL;
	json_t *args = NULL;
	if (status < 0 && optind != argc - 1)
		status = command_usage(&command_shell, "give EX/TEAM/HOST");
	if (status < 0 && client_guest(argv[optind], &args, &err) < 0)
		status = command_usage(&command_shell, "%s", error_text(err));
	if (status < 0) {
		cleanup_json json_t *result = NULL;
		if (user)
			json_object_set_new(args, "user", json_string(user));
		status = open_shell(&site, args, &result, &err) < 0 ? command_failed(err)
								    : (int)json_integer_value(json_object_get(result, "status"));
	}
	site_finish(&site);
	return status;
}

const struct command command_shell = {"shell", "[--user U] EX/TEAM/HOST", "a log-in shell on a terminal of a guest, out of band",
				      "  --user U          as this account of the guest (root)\n" SITE_HELP, run};
