/* toride-scoreboard: shows views and hands on commands. Started by the orchestrator with one end of the board socket. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scoreboard/limits.h"
#include "scoreboard/link.h"
#include "scoreboard/listen.h"
#include "scoreboard/sandbox.h"
#include "scoreboard/server.h"
#include "scoreboard/session.h"
#include "scoreboard/store.h"
#include "scoreboard/stream.h"

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, PEM_MAX_BYTES = 1 << 20 };

static const char usage[] =
	"usage: toride-scoreboard --ipc-fd N --listen ADDRESS:PORT [--user NAME] [--tls-cert FILE --tls-key FILE]\n"
	"\n"
	"The web scoreboard of Toride. 'toride serve' and 'toride run' start it; it does not run alone.\n"
	"\n"
	"  --ipc-fd N              the board socket, an open descriptor\n"
	"  --listen ADDRESS:PORT   127.0.0.1:8080, [::1]:8080; port 0: any free one\n"
	"  --user NAME             whom to become when started as root (toride-board)\n"
	"  --tls-cert, --tls-key   PEM files: serve HTTPS\n";

struct options {
	int ipc_fd;
	const char *listen, *user, *certificate, *key;
};

static bool read_options(int argc, char **argv, struct options *options)
{
	enum { IPC_FD = 1, LISTEN, USER, CERTIFICATE, KEY };
	static const struct option known[] = {
		{"ipc-fd", required_argument, NULL, IPC_FD},
		{"listen", required_argument, NULL, LISTEN},
		{"user", required_argument, NULL, USER},
		{"tls-cert", required_argument, NULL, CERTIFICATE},
		{"tls-key", required_argument, NULL, KEY},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	*options = (struct options){.ipc_fd = -1, .user = "toride-board"};
	for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
		switch (option) {
		case IPC_FD:
			options->ipc_fd = atoi(optarg);
			break;
		case LISTEN:
			options->listen = optarg;
			break;
		case USER:
			options->user = optarg;
			break;
		case CERTIFICATE:
			options->certificate = optarg;
			break;
		case KEY:
			options->key = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(STATUS_DONE);
		default:
			return false;
		}
	}
	return optind == argc && options->ipc_fd >= 3 && options->listen && !options->certificate == !options->key;
}

/* Whatever the parent left open is none of our business. */
static void close_others(int ipc_fd)
{
	if (ipc_fd > 3)
		close_range(3, (unsigned)ipc_fd - 1, 0);
	close_range((unsigned)ipc_fd + 1, ~0u, 0);
}

static char *read_pem(const char *path, struct error **err)
{
	cleanup_file FILE *file = fopen(path, "re");
	if (!file) {
		error_set_errno(err, errno, "'%s'", path);
		return NULL;
	}
	char *text = xcalloc(1, PEM_MAX_BYTES + 1);
	size_t length = fread(text, 1, PEM_MAX_BYTES, file);
	if (length > 0 && length < PEM_MAX_BYTES && strstr(text, "-----BEGIN"))
		return text;
	error_set(err, "'%s': not a PEM file", path);
	free(text);
	return NULL;
}

static int read_tls(const struct options *options, struct tls_files *tls, struct error **err)
{
	if (!options->certificate)
		return 0;
	tls->certificate = read_pem(options->certificate, err);
	tls->key = tls->certificate ? read_pem(options->key, err) : NULL;
	return tls->key ? 0 : error_prefix(err, "TLS");
}

static int enter_sandbox(const char *user, struct error **err)
{
	if (sandbox_limit(err) < 0 || sandbox_drop_root(user, err) < 0 || sandbox_landlock(err) < 0)
		return -1;
	return sandbox_seccomp(err);
}

/* In this order: what needs the file system and rights, then giving them up, then threads and foreign input. */
static int start(struct board *board, const struct options *options, struct server **server, struct error **err)
{
	struct tls_files tls = {0};
	struct listener listener = {.fd = -1};
	int result = -1;
	if (read_tls(options, &tls, err) < 0 || listener_open(options->listen, &listener, err) < 0 ||
	    enter_sandbox(options->user, err) < 0)
		goto cleanup;
	board->secure = tls.certificate != NULL;
	if (server_start(board, listener.fd, &tls, server, err) < 0)
		goto cleanup;
	result = link_tell(board->link,
			   json_pack("{s:{s:s, s:i}}", "listening", "address", listener.address, "port", listener.port), err);
cleanup:
	if (tls.key)
		explicit_bzero(tls.key, strlen(tls.key));
	free(tls.key);
	free(tls.certificate);
	return result;
}

static int run(struct board *board, const struct options *options, struct error **err)
{
	struct server *server = NULL;
	int result = start(board, options, &server, err);
	if (result == 0) {
		cleanup_error struct error *closed = NULL; /* the orchestrator has ended, and so do we */
		link_run(board->link, &closed);
		log_debug("%s", error_text(closed));
	} else {
		cleanup_error struct error *untold = NULL; /* the orchestrator says it; nobody there: this process does */
		if (link_tell(board->link, json_pack("{s:s}", "failed", error_text(*err)), &untold) < 0)
			fprintf(stderr, "error: %s\n", error_text(*err));
	}
	server_stop(server);
	return result;
}

int main(int argc, char **argv)
{
	struct options options;
	if (!read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	struct stat found;
	if (fstat(options.ipc_fd, &found) < 0 || !S_ISSOCK(found.st_mode)) {
		fprintf(stderr, "error: descriptor %d is no socket; 'toride serve' starts the scoreboard with one\n",
			options.ipc_fd);
		return STATUS_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C and a closed terminal are for the orchestrator; its end is ours */
	signal(SIGHUP, SIG_IGN);
	close_others(options.ipc_fd);
	clearenv();
	cleanup_error struct error *err = NULL;
	struct board board = {.lock = PTHREAD_MUTEX_INITIALIZER};
	board.link = link_create(&board, options.ipc_fd, &err);
	board.store = store_create();
	board.sessions = sessions_create();
	board.streams = streams_create();
	int result = board.link ? run(&board, &options, &err) : -1;
	if (!board.link)
		fprintf(stderr, "error: %s\n", error_text(err));
	link_destroy(board.link);
	streams_destroy(board.streams);
	sessions_destroy(board.sessions);
	store_destroy(board.store);
	return result < 0 ? STATUS_FAILED : STATUS_DONE;
}
