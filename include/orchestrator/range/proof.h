/*
 * The proof of isolation, as its parts share it: isolation.c opens it all and judges, knock.c sends, listen.c watches.
 *
 * A token is 06 and three secret bytes of a team. It is the beginning of the hardware address that frames come from, and of what datagrams hold:
 * a frame with a token, wherever it is seen, tells whose it is, and no other team can make one.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_PROOF_H
#define TORIDE_ORCHESTRATOR_RANGE_PROOF_H

#include "orchestrator/range/guest.h"
#include "orchestrator/range/packet.h"
#include "orchestrator/range/verify.h"

enum { PROOF_HOST_ADDRESSES_MAX = 32, PROOF_SPACES = 6, PROOF_TOKEN_FIRST = 0x06 /* local; the guests' own begin with 02 */ };

/* What range_sealed() finds, at one look: for who knows that nothing is being reset. */
int seal_look(struct range *range, const struct plan *plan, int team, struct error **err);

/* A running guest: hears what comes from other teams, and sends. */
struct cell {
	int team;
	const struct host *host;
	int fd; /* packet socket in its network */
	ino_t spaces[PROOF_SPACES];
};

/* An interface of a guest, from which is sent. */
struct outlet {
	const struct cell *cell;
	const struct network *network;
	unsigned index, port_index; /* in the guest; the other end, on the host */
	char bridge[IFNAME_MAX];
	unsigned char mac[PACKET_MAC_BYTES]; /* the token and its number */
	bool sent, seen;
};

/* An interface of the host that belongs to a team. */
struct place {
	int team;
	unsigned index;
	const char *name; /* of the guest or network */
	bool is_bridge;
	int fd; /* of a bridge: what the host itself says there; else -1 */
};

struct proof {
	struct range *range;
	const struct plan *plan;
	struct isolation *result;
	struct cell *cells; /* of all teams */
	size_t cells_count;
	struct place *places; /* of all teams */
	size_t places_count;
	struct outlet *outlets; /* of the teams that are looked at */
	size_t outlets_count;
	uint32_t tokens[PLAN_TEAMS_MAX + 1];
	int everywhere;				      /* each frame with a token on any interface of the host */
	int datagrams, segments;		      /* what reaches the host's own stack */
	int port;				      /* of the datagrams; of the segments, too, where nobody listens */
	uint32_t addresses[PROOF_HOST_ADDRESSES_MAX]; /* the host's */
	size_t addresses_count;
};

/* Adds a finding, once. */
void proof_found(struct proof *proof, int team, const char *host, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool proof_has_findings(const struct proof *proof, int team); /* of the team, or of the host */

/* ---- listen.c ---- */

/* Puts the ears out: on the host, on the bridges, in the cells. */
int proof_listen(struct proof *proof, struct error **err);
/* Takes in what has come until now, and for `wait_ms` on. */
void proof_hear(struct proof *proof, int wait_ms);
/* Frames that came faster than they could be read: then silence proves nothing. */
void proof_check_losses(struct proof *proof);

/* ---- knock.c ---- */

/* Sends what can make nobody answer beyond the link … */
void proof_knock(struct proof *proof, struct outlet *outlet);
/* … and what could, had the host heard the former. */
void proof_knock_harder(struct proof *proof, struct outlet *outlet);

#endif
