#include "scoreboard/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/cleanup.h"

enum { BACKLOG = 512 };

CLEANUP_DEFINE(addresses, struct addrinfo *, if (*held) freeaddrinfo(*held));

/* "HOST:PORT" or "[HOST]:PORT" → two texts of the caller's. */
static int split(const char *where, char **host, char **port, struct error **err)
{
	const char *colon = strrchr(where, ':');
	if (!colon || colon == where || !colon[1])
		return error_set(err, "--listen '%s': not an address and a port; write for example 127.0.0.1:8080 or [::1]:8080",
				 where);
	size_t length = (size_t)(colon - where);
	bool brackets = length > 2 && where[0] == '[' && colon[-1] == ']';
	*host = brackets ? xstrndup(where + 1, length - 2) : xstrndup(where, length);
	*port = xstrdup(colon + 1);
	return 0;
}

static int bind_failed(const char *where, const char *port, int errnum, struct error **err)
{
	if (errnum == EADDRINUSE)
		return error_set(err,
				 "listen on %s: the port is in use; end what uses it ('ss -ltnp sport = :%s' shows it) or choose "
				 "another port with --listen",
				 where, port);
	if (errnum == EADDRNOTAVAIL)
		return error_set(err, "listen on %s: this host has no such address; 'ip -brief address' lists its own", where);
	if (errnum == EACCES)
		return error_set(err, "listen on %s: not allowed; a port below 1024 needs root", where);
	return error_set_errno(err, errnum, "listen on %s", where);
}

static int read_name(struct listener *listener, struct error **err)
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	char port[16];
	if (getsockname(listener->fd, (struct sockaddr *)&bound, &length) < 0)
		return error_set_errno(err, errno, "getsockname");
	int failure = getnameinfo((struct sockaddr *)&bound, length, listener->address, sizeof listener->address, port,
				  sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	if (failure)
		return error_set(err, "getnameinfo: %s", gai_strerror(failure));
	listener->port = atoi(port);
	return 0;
}

int listener_open(const char *where, struct listener *listener, struct error **err)
{
	cleanup_free char *host = NULL, *port = NULL;
	if (split(where, &host, &port, err) < 0)
		return -1;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
	cleanup_with(addresses) struct addrinfo *found = NULL;
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure)
		return error_set(err, "--listen '%s': %s; write for example 127.0.0.1:8080", where, gai_strerror(failure));
	cleanup_close int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "listen on %s", where);
	const int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (found->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		return bind_failed(where, port, errno, err);
	listener->fd = fd;
	if (read_name(listener, err) < 0)
		return -1;
	steal_fd(&fd);
	return 0;
}
