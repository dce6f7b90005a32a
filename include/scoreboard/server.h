/* HTTP: the daemon, the table of routes, and the life of one request. */
#ifndef TORIDE_SCOREBOARD_SERVER_H
#define TORIDE_SCOREBOARD_SERVER_H

#include <microhttpd.h>

#include "common/error.h"
#include "scoreboard/board.h"
#include "scoreboard/link.h"
#include "scoreboard/session.h"

struct request;
typedef enum MHD_Result request_fn(struct request *request);

struct route {
	const char *method;  /* GET also serves HEAD */
	const char *pattern; /* a '*' stands for one segment */
	request_fn *handle;
};
extern const struct route routes[]; /* routes.c; ended by a NULL method */

struct request {
	struct board *board;
	struct MHD_Connection *connection;
	request_fn *then; /* runs when the body is there, and again by whatever it set when the orchestrator has answered */
	enum { BODY_FINE, BODY_TOO_LARGE } body_state;
	char *body;
	size_t body_length;
	char segment[BOARD_NAME_MAX_BYTES + 1]; /* what '*' stood for: the exercise, or an asset's name */
	struct question question;
	struct session session; /* after request_need_session() */
	request_fn *with_session;
};

struct tls_files { /* PEM texts; NULL: plain HTTP */
	char *certificate, *key;
};

/* Serves the listening socket (taken over) with a pool of threads. */
struct server;
int server_start(struct board *board, int listen_fd, const struct tls_files *tls, struct server **server, struct error **err);
void server_stop(struct server *server); /* after link_run() has returned: nothing is suspended then */

/* Asks the orchestrator (takes the message) and comes back in `then` with request->question.answer; answers with a fault when too
 * many wait. */
enum MHD_Result request_ask(struct request *request, json_t *message, enum question_kind kind, request_fn *then);
/* Runs `then` once request->session is known to be a session of this exercise; else answers 401. */
enum MHD_Result request_need_session(struct request *request, request_fn *then);
const char *request_header(const struct request *request, const char *name); /* NULL: absent */
/* The session cookie's text, or NULL when it is absent or not a token. */
bool request_cookie(const struct request *request, char token[SESSION_TOKEN_BYTES + 1]);

#endif
