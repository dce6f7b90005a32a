/* The listening socket: "127.0.0.1:8080", "[::1]:8080", "localhost:0". */
#ifndef TORIDE_SCOREBOARD_LISTEN_H
#define TORIDE_SCOREBOARD_LISTEN_H

#include "common/error.h"

struct listener {
	int fd;
	char address[64]; /* as bound; IPv6 without brackets */
	int port;	  /* as bound: never 0 */
};

int listener_open(const char *where, struct listener *listener, struct error **err);

#endif
