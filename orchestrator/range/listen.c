/* Where the frames of the proof are looked for: on every interface of the host, in the host's own stack, and in the other teams' guests. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/proof.h"

enum {
	RECEIVE_BYTES = 32 << 20,
	SNAP_BYTES = 128,
	READS_AT_ONCE = 20000,
	IP_BYTES = 20,
	PROGRAM_MAX = 3 * (2 * PLAN_TEAMS_MAX + 1) + 8,
};

/* ---- ears ---- */

struct program {
	struct sock_filter steps[PROGRAM_MAX];
	unsigned short count;
};

static void add_step(struct program *program, unsigned short code, unsigned char then, unsigned char otherwise, uint32_t value)
{
	program->steps[program->count++] = (struct sock_filter){code, then, otherwise, value};
}

static void take_if_token(struct program *program, const struct proof *proof, int but_team)
{
	for (int team = 1; team <= proof->plan->teams; team++) {
		if (team == but_team)
			continue;
		add_step(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, proof->tokens[team]);
		add_step(program, BPF_RET | BPF_K, 0, 0, SNAP_BYTES);
	}
}

static int attach(int fd, struct program *program)
{
	const struct sock_fprog filter = {.len = program->count, .filter = program->steps};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

/* A token is taken as the beginning of either hardware address, or eight bytes behind an IP header: in a datagram's or an echo's
 * payload. `but_team` (0: none): its tokens are not taken. */
static int hear_tokens(const struct proof *proof, int fd, int but_team)
{
	struct program program = {0};
	add_step(&program, BPF_LD | BPF_W | BPF_ABS, 0, 0, PACKET_MAC_BYTES);
	take_if_token(&program, proof, but_team);
	add_step(&program, BPF_LD | BPF_W | BPF_ABS, 0, 0, 0);
	take_if_token(&program, proof, but_team);
	add_step(&program, BPF_LD | BPF_H | BPF_ABS, 0, 0, 12);
	add_step(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ETH_P_IP);
	add_step(&program, BPF_RET | BPF_K, 0, 0, 0);
	add_step(&program, BPF_LDX | BPF_B | BPF_MSH, 0, 0, ETH_HLEN);
	add_step(&program, BPF_LD | BPF_W | BPF_IND, 0, 0, ETH_HLEN + 8);
	take_if_token(&program, proof, but_team);
	add_step(&program, BPF_RET | BPF_K, 0, 0, 0);
	return attach(fd, &program);
}

/* What the host sends there by itself; what goes from guest to guest never counts as sent by the bridge. */
static int hear_the_host(int fd)
{
	struct program program = {0};
	add_step(&program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	add_step(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, PACKET_OUTGOING);
	add_step(&program, BPF_RET | BPF_K, 0, 0, SNAP_BYTES);
	add_step(&program, BPF_RET | BPF_K, 0, 0, 0);
	return attach(fd, &program);
}

static int hear_port(int fd, int port)
{
	struct program program = {0};
	add_step(&program, BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0);
	add_step(&program, BPF_LD | BPF_H | BPF_IND, 0, 0, 2);
	add_step(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)port);
	add_step(&program, BPF_RET | BPF_K, 0, 0, SNAP_BYTES);
	add_step(&program, BPF_RET | BPF_K, 0, 0, 0);
	return attach(fd, &program);
}

static int begin_hearing(int fd, unsigned index)
{
	const int bytes = RECEIVE_BYTES;
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)index};
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	return bind(fd, (const struct sockaddr *)&all, sizeof all);
}

static int listen_in_stack(struct proof *proof, struct error **err)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t size = sizeof any;
	proof->datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	proof->segments = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (proof->datagrams < 0 || proof->segments < 0 || bind(proof->datagrams, (struct sockaddr *)&any, sizeof any) < 0 ||
	    getsockname(proof->datagrams, (struct sockaddr *)&any, &size) < 0 ||
	    hear_port(proof->segments, ntohs(any.sin_port)) < 0)
		return error_set_errno(err, errno, "listen on the host");
	proof->port = ntohs(any.sin_port);
	return 0;
}

int proof_listen(struct proof *proof, struct error **err)
{
	if (listen_in_stack(proof, err) < 0)
		return -1;
	/* Not bound at first: nothing comes in before the filter stands. */
	proof->everywhere = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (proof->everywhere < 0 || hear_tokens(proof, proof->everywhere, 0) < 0 || begin_hearing(proof->everywhere, 0) < 0)
		return error_set_errno(err, errno, "watch the host's interfaces");
	for (size_t i = 0; i < proof->places_count; i++) {
		struct place *place = &proof->places[i];
		if (!place->is_bridge || !place->index)
			continue;
		place->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (place->fd < 0 || hear_the_host(place->fd) < 0 || begin_hearing(place->fd, place->index) < 0)
			return error_set_errno(err, errno, "watch the bridge of network '%s'", place->name);
	}
	for (size_t i = 0; i < proof->cells_count; i++) {
		if (hear_tokens(proof, proof->cells[i].fd, proof->cells[i].team) < 0 || begin_hearing(proof->cells[i].fd, 0) < 0)
			return error_set_errno(err, errno, "watch in host '%s'", proof->cells[i].host->name);
	}
	return 0;
}

/* ---- what they hear ---- */

static const struct place *place_of(const struct proof *proof, unsigned index)
{
	for (size_t i = 0; i < proof->places_count; i++)
		if (proof->places[i].index == index)
			return &proof->places[i];
	return NULL;
}

/* The team whose token is at `bytes`; 0: none's. */
static int team_of(const struct proof *proof, const unsigned char *bytes)
{
	const uint32_t token = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
	for (int team = 1; token >> 24 == PROOF_TOKEN_FIRST && team <= proof->plan->teams; team++)
		if (proof->tokens[team] == token)
			return team;
	return 0;
}

/* The outlet of a token with the number behind it; NULL: the number is nobody's. */
static struct outlet *outlet_of(const struct proof *proof, const unsigned char mac[PACKET_MAC_BYTES])
{
	size_t number = (size_t)mac[4] << 8 | mac[5];
	return number < proof->outlets_count && memcmp(proof->outlets[number].mac, mac, PACKET_MAC_BYTES) == 0
		       ? &proof->outlets[number]
		       : NULL;
}

/* Where in the frame a token is, and so who sent it. NULL: nowhere after all. */
static const unsigned char *token_in(const struct proof *proof, const unsigned char *frame, size_t length)
{
	static const size_t places[] = {PACKET_MAC_BYTES, 0, ETH_HLEN + IP_BYTES + 8};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (length >= places[i] + PACKET_MAC_BYTES && team_of(proof, frame + places[i]))
			return frame + places[i];
	return NULL;
}

static const char *host_of(const struct proof *proof, const unsigned char *token)
{
	const struct outlet *outlet = outlet_of(proof, token);
	return outlet ? outlet->cell->host->name : NULL;
}

static void hear_everywhere(struct proof *proof, const unsigned char *frame, size_t length, const struct sockaddr_ll *from)
{
	const unsigned char *token = token_in(proof, frame, length);
	if (!token)
		return;
	int team = team_of(proof, token);
	const unsigned index = (unsigned)from->sll_ifindex;
	const struct place *place = place_of(proof, index);
	struct outlet *outlet = outlet_of(proof, token);
	if (place && place->team == team) {
		if (outlet && outlet->port_index == index && from->sll_pkttype != PACKET_OUTGOING)
			outlet->seen = true;
		return;
	}
	char name[IF_NAMESIZE] = "?";
	if (place)
		proof_found(proof, team, host_of(proof, token), "what it sends comes to team %d's %s '%s'", place->team,
			    place->is_bridge ? "network" : "host", place->name);
	else
		proof_found(proof, team, host_of(proof, token), "what it sends comes to the host's interface '%s'",
			    if_indextoname(index, name) ? name : "?");
}

static void hear_in_cell(struct proof *proof, const struct cell *cell, const unsigned char *frame, size_t length)
{
	const unsigned char *token = token_in(proof, frame, length);
	if (token && team_of(proof, token) != cell->team)
		proof_found(proof, team_of(proof, token), host_of(proof, token), "what it sends arrives in team %d's host '%s'",
			    cell->team, cell->host->name);
}

static void hear_in_stack(struct proof *proof, const unsigned char *packet, size_t length)
{
	struct packet_view view;
	if (!packet_read(packet, length, &view))
		return;
	for (int team = 1; team <= proof->plan->teams; team++)
		if (view.sequence == proof->tokens[team])
			proof_found(proof, team, NULL, "a TCP connection from one of its guests reaches the host itself");
}

static void drain(struct proof *proof, int fd, const struct cell *cell)
{
	unsigned char frame[SNAP_BYTES];
	for (int i = 0; i < READS_AT_ONCE; i++) {
		struct sockaddr_ll from = {0};
		socklen_t size = sizeof from;
		ssize_t length = recvfrom(fd, frame, sizeof frame, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (length < 0)
			return;
		if (cell && from.sll_pkttype != PACKET_OUTGOING)
			hear_in_cell(proof, cell, frame, (size_t)length);
		else if (!cell)
			hear_everywhere(proof, frame, (size_t)length, &from);
	}
}

static void hear_stack(struct proof *proof)
{
	unsigned char bytes[SNAP_BYTES];
	ssize_t length;
	for (int i = 0; i < READS_AT_ONCE && (length = recv(proof->datagrams, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0; i++)
		if (length >= PACKET_MAC_BYTES && team_of(proof, bytes))
			proof_found(proof, team_of(proof, bytes), host_of(proof, bytes),
				    "a datagram from it reaches the host itself");
	for (int i = 0; i < READS_AT_ONCE && (length = recv(proof->segments, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0; i++)
		hear_in_stack(proof, bytes, (size_t)length);
}

static void hear_bridges(struct proof *proof)
{
	unsigned char frame[SNAP_BYTES];
	for (size_t i = 0; i < proof->places_count; i++) {
		const struct place *place = &proof->places[i];
		if (place->fd >= 0 && recv(place->fd, frame, sizeof frame, MSG_DONTWAIT) >= 0)
			proof_found(proof, place->team, NULL, "the host itself speaks on network '%s': it answers its guests",
				    place->name);
	}
}

void proof_hear(struct proof *proof, int wait_ms)
{
	int64_t until_ms = monotonic_ms() + wait_ms;
	for (;;) {
		drain(proof, proof->everywhere, NULL);
		int64_t left_ms = until_ms - monotonic_ms();
		struct pollfd ready = {.fd = proof->everywhere, .events = POLLIN};
		if (left_ms <= 0)
			break;
		poll(&ready, 1, (int)left_ms);
	}
	for (size_t i = 0; i < proof->cells_count; i++)
		drain(proof, proof->cells[i].fd, &proof->cells[i]);
	hear_stack(proof);
	hear_bridges(proof);
}

void proof_check_losses(struct proof *proof)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof stats;
	if (getsockopt(proof->everywhere, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0 && stats.tp_drops)
		proof_found(proof, 0, NULL,
			    "frames with tokens came faster than they could be read: a guest sends them again and again, and "
			    "nothing is "
			    "proved; stop it, or reset the host");
}
