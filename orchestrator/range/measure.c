/*
 * Who reaches whom in a team: one packet for each pair and service, all at once, from raw sockets in the guests' networks. A raw
 * socket stands behind the guest's own packet filter, so what it sends and hears is what a program there would.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/guest.h"
#include "orchestrator/range/packet.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/verify.h"

enum {
	AGAIN_MS = 350,	   /* what has no answer is asked again */
	SILENCE_MS = 1000, /* then what is not wanted counts as lost */
	READS_AT_ONCE = 512,
	RECEIVE_BYTES = 1 << 20,
	BURST = 32, /* packets sent between two looks at what has come */
	DNS_PORT = 53,
	DNS_BYTES = 12,	   /* a question without a name: its header */
	DNS_STATUS = 0x10, /* its operation, in the third byte */
	DNS_OPERATION = 0x78,
	DNS_ANSWER = 0x80,
	TOKEN_BYTES = 16,
	NUMBERS = 65535, /* of probes, from 1 */
	PORTS_FILE_BYTES = 1 << 18,
};

const char *const reach_found_names[] = {
	[FOUND_UNKNOWN] = "unknown", [FOUND_ANSWERS] = "answers",   [FOUND_REFUSED] = "refused",   [FOUND_SILENT] = "silent",
	[FOUND_LOST] = "lost",	     [FOUND_REJECTED] = "rejected", [FOUND_NO_ROUTE] = "no-route",
};

enum { SOCKET_TCP, SOCKET_UDP, SOCKET_ICMP, SOCKETS };

/* A guest, as source and as target. */
struct station {
	struct guest guest;
	int sockets[SOCKETS];
	int route;	/* a datagram socket, to ask the guest's kernel for its own address on a way */
	size_t *probes; /* those that it sends; the n-th has the source port PROBE_PORT_FIRST + n */
	size_t probes_count;
};

/* What is known of a probe beside its result. */
struct progress {
	uint32_t source;
	bool arrived, final;
};

struct campaign {
	struct range *range;
	const struct plan *plan;
	int team;
	struct reach_probe *probes;
	struct progress *progress;
	size_t count;
	struct station *stations; /* as the scenario's hosts */
	size_t stations_count;
	uint32_t secret; /* the SYNs' sequence number: who does not hear us cannot answer */
	unsigned char token[TOKEN_BYTES];
	int64_t start_ms, patience_ms;
	const volatile bool *cancel;
};

static void campaign_finish(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->stations_count; i++) {
		struct station *station = &campaign->stations[i];
		guest_close(&station->guest);
		for (size_t s = 0; s < SOCKETS; s++)
			if (station->sockets[s] >= 0)
				close(station->sockets[s]);
		if (station->route >= 0)
			close(station->route);
		free(station->probes);
	}
	free(campaign->stations);
	free(campaign->progress);
}
CLEANUP_DEFINE(campaign, struct campaign, campaign_finish(held));

/* ---- sockets ---- */

/* Of all segments only those that answer our SYNs, and our SYNs. The program runs over the packet from its IP header on. */
static int hear_tcp(int fd, uint32_t secret)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, secret + 1, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, secret, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 128),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

/* Datagrams from or to a probe's port. */
static int hear_udp(int fd, uint32_t secret)
{
	(void)secret;
	struct sock_filter program[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, PROBE_PORT_FIRST, 2, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, PROBE_PORT_FIRST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 128),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

static int hear_icmp(int fd, uint32_t secret)
{
	(void)secret;
	const struct icmp_filter filter = {.data = ~(1U << ICMP_DEST_UNREACH | 1U << ICMP_TIME_EXCEEDED)};
	return setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
}

static const struct {
	int protocol;
	int (*hear)(int fd, uint32_t secret);
} kinds_of_socket[SOCKETS] = {
	[SOCKET_TCP] = {IPPROTO_TCP, hear_tcp},
	[SOCKET_UDP] = {IPPROTO_UDP, hear_udp},
	[SOCKET_ICMP] = {IPPROTO_ICMP, hear_icmp},
};

static int station_open(const struct campaign *campaign, struct station *station, const char *host, struct error **err)
{
	const struct guest_id id = {.exercise = campaign->plan->exercise, .team = campaign->team, .host = host};
	const int one = 1, bytes = RECEIVE_BYTES;
	if (guest_open(campaign->range, &id, &station->guest, NULL) < 0)
		return 0; /* not running: its probes stay unknown */
	for (size_t i = 0; i < SOCKETS; i++) {
		int fd = station->sockets[i] = guest_socket(campaign->range, &station->guest, AF_INET, SOCK_RAW | SOCK_NONBLOCK,
							    kinds_of_socket[i].protocol, err);
		if (fd < 0)
			return error_prefix(err, "host '%s'", host);
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
		if (kinds_of_socket[i].hear(fd, campaign->secret) < 0 ||
		    (i != SOCKET_ICMP && setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof one) < 0))
			return error_set_errno(err, errno, "host '%s': set up a raw socket", host);
	}
	station->route = guest_socket(campaign->range, &station->guest, AF_INET, SOCK_DGRAM, 0, err);
	return station->route < 0 ? error_prefix(err, "host '%s'", host) : 0;
}

static struct station *station_of(const struct campaign *campaign, const struct host *host)
{
	return &campaign->stations[host - campaign->plan->scenario->hosts];
}

static bool is_open(const struct station *station)
{
	return station->route >= 0;
}

static int prepare(struct campaign *campaign, struct error **err)
{
	const struct scenario *scenario = campaign->plan->scenario;
	campaign->stations = xcalloc(scenario->hosts_count, sizeof *campaign->stations);
	campaign->progress = xcalloc(campaign->count + 1, sizeof *campaign->progress);
	campaign->stations_count = scenario->hosts_count;
	for (size_t i = 0; i < campaign->stations_count; i++)
		campaign->stations[i] = (struct station){.guest = GUEST_CLOSED, .sockets = {-1, -1, -1}, .route = -1};
	randombytes_buf(&campaign->secret, sizeof campaign->secret);
	randombytes_buf(campaign->token, sizeof campaign->token);
	for (size_t i = 0; i < campaign->stations_count; i++)
		if (station_open(campaign, &campaign->stations[i], scenario->hosts[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < campaign->count; i++) {
		struct station *from = station_of(campaign, campaign->probes[i].from);
		if (from->probes_count > PROBE_PORT_LAST - PROBE_PORT_FIRST)
			return error_set(err, "over %d probes from host '%s'", PROBE_PORT_LAST - PROBE_PORT_FIRST,
					 campaign->probes[i].from->name);
		*array_add(&from->probes, &from->probes_count) = i;
		bool both = is_open(from) && is_open(station_of(campaign, campaign->probes[i].to));
		campaign->probes[i].found = both ? FOUND_LOST : FOUND_UNKNOWN;
		campaign->progress[i].final = !both;
	}
	return 0;
}

/* ---- sending ---- */

static int64_t elapsed_ms(const struct campaign *campaign)
{
	return monotonic_ms() - campaign->start_ms;
}

static void settle(struct campaign *campaign, size_t index, enum reach_found found)
{
	campaign->probes[index].found = found;
	campaign->probes[index].after_ms = elapsed_ms(campaign);
	/* What is wanted may come yet: a service that starts refuses first. */
	campaign->progress[index].final = found == FOUND_ANSWERS || !campaign->probes[index].wanted;
}

/* The address from which the guest's kernel would send; 0: it knows no way. */
static uint32_t source_address(const struct station *station, const struct reach_probe *probe)
{
	const struct sockaddr forget = {.sa_family = AF_UNSPEC};
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)probe->port), .sin_addr.s_addr = htonl(probe->address)};
	socklen_t size = sizeof address;
	/* Forgotten first: else the first way's address would stay. */
	if (connect(station->route, &forget, sizeof forget) < 0 ||
	    connect(station->route, (struct sockaddr *)&address, sizeof address) < 0 ||
	    getsockname(station->route, (struct sockaddr *)&address, &size) < 0)
		return 0;
	return ntohl(address.sin_addr.s_addr);
}

/* How a probe is known again where it arrives: in a SYN as its window, in a datagram in its first two bytes. */
static int probe_number(size_t index)
{
	return (int)(index % NUMBERS) + 1;
}

/* What a datagram holds: a question that DNS servers answer without looking anything up or writing anything down (an operation that
 * they do not have, RFC 1035 STATUS); for others a token. Its first two bytes, a question's id, hide the probe's number. */
static size_t fill(const struct campaign *campaign, size_t index, unsigned char payload[TOKEN_BYTES])
{
	memcpy(payload, campaign->token, TOKEN_BYTES);
	payload[0] ^= (unsigned char)(probe_number(index) >> 8);
	payload[1] ^= (unsigned char)probe_number(index);
	if (campaign->probes[index].port != DNS_PORT)
		return TOKEN_BYTES;
	memset(payload + 2, 0, DNS_BYTES - 2);
	payload[2] = DNS_STATUS;
	return DNS_BYTES;
}

/* 0: it is none of ours. */
static int datagram_number(const struct campaign *campaign, const struct packet_view *view)
{
	const unsigned char *payload = view->payload;
	if (view->payload_length < DNS_BYTES)
		return 0;
	bool is_token = view->payload_length == TOKEN_BYTES && memcmp(payload + 2, campaign->token + 2, TOKEN_BYTES - 2) == 0;
	if (!is_token && (payload[2] & DNS_OPERATION) != DNS_STATUS)
		return 0;
	return (payload[0] ^ campaign->token[0]) << 8 | (payload[1] ^ campaign->token[1]);
}

static void send_probe(struct campaign *campaign, const struct station *station, size_t n)
{
	size_t index = station->probes[n];
	const struct reach_probe *probe = &campaign->probes[index];
	struct progress *progress = &campaign->progress[index];
	unsigned char payload[TOKEN_BYTES];
	struct packet packet;
	if (!progress->source && !(progress->source = source_address(station, probe))) {
		settle(campaign, index, FOUND_NO_ROUTE);
		return;
	}
	const struct flow flow = {.from = progress->source,
				  .to = probe->address,
				  .from_port = PROBE_PORT_FIRST + (int)n,
				  .to_port = probe->port,
				  .window = probe_number(index)};
	if (probe->udp)
		packet_datagram(&packet, &flow, payload, fill(campaign, index, payload));
	else
		packet_syn(&packet, &flow, campaign->secret);
	const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(probe->address)};
	if (sendto(station->sockets[probe->udp ? SOCKET_UDP : SOCKET_TCP], packet.bytes, packet.length, MSG_DONTWAIT,
		   (const struct sockaddr *)&to, sizeof to) < 0 &&
	    (errno == ENETUNREACH || errno == EHOSTUNREACH))
		settle(campaign, index, FOUND_NO_ROUTE);
}

/* ---- hearing ---- */

/* The probe that this guest sent from the port; count: none. */
static size_t probe_from(const struct campaign *campaign, const struct station *station, int port)
{
	size_t n = (size_t)(port - PROBE_PORT_FIRST);
	return port >= PROBE_PORT_FIRST && n < station->probes_count ? station->probes[n] : campaign->count;
}

/* The probe that arrives here: by its number, for NAT changes its source's address and, as all guests use the same ports, its port. */
static size_t probe_to(const struct campaign *campaign, const struct station *here, const struct packet_view *view, int number,
		       bool udp)
{
	for (size_t index = number ? (size_t)number - 1 : campaign->count; index < campaign->count; index += NUMBERS) {
		const struct reach_probe *probe = &campaign->probes[index];
		if (station_of(campaign, probe->to) == here && probe->address == view->flow.to &&
		    probe->port == view->flow.to_port && probe->udp == udp)
			return index;
	}
	return campaign->count;
}

static void hear_answer(struct campaign *campaign, size_t index, const struct packet_view *view, enum reach_found found)
{
	if (index < campaign->count && campaign->probes[index].address == view->flow.from && !campaign->progress[index].final)
		settle(campaign, index, found);
}

static void mark_arrived(struct campaign *campaign, size_t index)
{
	if (index < campaign->count)
		campaign->progress[index].arrived = true;
}

static void hear_segment(struct campaign *campaign, const struct station *station, const struct packet_view *view)
{
	if (view->is_syn && !view->is_ack)
		mark_arrived(campaign, probe_to(campaign, station, view, view->flow.window, false));
	else
		hear_answer(campaign, probe_from(campaign, station, view->flow.to_port), view,
			    view->is_reset ? FOUND_REFUSED : FOUND_ANSWERS);
}

static void hear_datagram(struct campaign *campaign, const struct station *station, const struct packet_view *view)
{
	const int number = datagram_number(campaign, view);
	if (!number)
		return;
	size_t asked = probe_from(campaign, station, view->flow.to_port);
	if (view->flow.from_port != DNS_PORT || !(view->payload[2] & DNS_ANSWER))
		mark_arrived(campaign, probe_to(campaign, station, view, number, true));
	else if (asked < campaign->count && number == probe_number(asked))
		hear_answer(campaign, asked, view, FOUND_ANSWERS);
}

/* The packet that the error is about has our source port, and of a SYN our secret. */
static void hear_error(struct campaign *campaign, const struct station *station, const struct packet_view *view)
{
	struct packet_view about;
	if (!packet_read(view->payload, view->payload_length, &about))
		return;
	size_t index = probe_from(campaign, station, about.flow.from_port);
	if (index == campaign->count || campaign->progress[index].final || campaign->probes[index].address != about.flow.to ||
	    (about.protocol == IPPROTO_TCP && about.sequence != campaign->secret))
		return;
	/* The target's own "nobody has that port" is no refusal of the way. */
	if (view->flow.from == about.flow.to && about.protocol == IPPROTO_UDP) {
		campaign->progress[index].arrived = true;
		return;
	}
	campaign->probes[index].by = view->flow.from;
	settle(campaign, index, FOUND_REJECTED);
}

static void hear(struct campaign *campaign, const struct station *station, int fd)
{
	unsigned char bytes[256];
	struct packet_view view;
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t length = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (length < 0)
			return;
		if (!packet_read(bytes, (size_t)length, &view))
			continue;
		if (view.protocol == IPPROTO_TCP)
			hear_segment(campaign, station, &view);
		else if (view.protocol == IPPROTO_UDP)
			hear_datagram(campaign, station, &view);
		else if (view.protocol == IPPROTO_ICMP)
			hear_error(campaign, station, &view);
	}
}

/* ---- who has a UDP port open: told by the host's kernel ---- */

/* Lines of /proc/PID/net/udp: "  12: 00000000:0202 00000000:0000 07 …", the address as the processor stores it. */
static bool listens(const char *path, uint32_t address, int port)
{
	cleanup_free char *text = file_read(path, PORTS_FILE_BYTES, NULL);
	for (char *save = NULL, *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char local[33];
		unsigned local_port, last;
		if (sscanf(line, " %*d: %32[0-9A-F]:%x", local, &local_port) != 2 || (int)local_port != port)
			continue;
		/* The last 32 bits: of an IPv6 socket that takes IPv4, too, nothing else is set but perhaps the prefix. */
		if (sscanf(local + (strlen(local) - 8), "%x", &last) == 1 && (last == 0 || last == htonl(address)))
			return true;
	}
	return false;
}

static bool udp_is_open(const struct campaign *campaign, const struct reach_probe *probe)
{
	static const char *const files[] = {"udp", "udp6"};
	pid_t init = station_of(campaign, probe->to)->guest.init;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		cleanup_free char *path = xasprintf("/proc/%d/net/%s", init, files[i]);
		if (listens(path, probe->address, probe->port))
			return true;
	}
	return false;
}

/* What arrived but has no answer. Where DNS answers it counts; elsewhere an open port is all that can be told. */
static void judge_arrivals(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->count; i++) {
		const struct reach_probe *probe = &campaign->probes[i];
		const struct progress *progress = &campaign->progress[i];
		if (!probe->udp || progress->final || !progress->arrived)
			continue;
		if (!udp_is_open(campaign, probe))
			campaign->probes[i].found = FOUND_REFUSED;
		else if (probe->port != DNS_PORT)
			settle(campaign, i, FOUND_ANSWERS);
	}
}

/* ---- all of it ---- */

static bool is_over(const struct campaign *campaign)
{
	int64_t now_ms = elapsed_ms(campaign);
	if (now_ms < SILENCE_MS || now_ms >= campaign->patience_ms)
		return now_ms >= SILENCE_MS;
	for (size_t i = 0; i < campaign->count; i++)
		if (campaign->probes[i].wanted && !campaign->progress[i].final)
			return false;
	return true;
}

/* Until `until_ms` from the start. */
static void listen_until(struct campaign *campaign, int64_t until_ms)
{
	cleanup_free struct pollfd *ready = xcalloc(campaign->stations_count * SOCKETS, sizeof *ready);
	size_t count = campaign->stations_count * SOCKETS;
	for (size_t i = 0; i < count; i++)
		ready[i] = (struct pollfd){.fd = campaign->stations[i / SOCKETS].sockets[i % SOCKETS], .events = POLLIN};
	int64_t left_ms;
	do {
		left_ms = until_ms - elapsed_ms(campaign);
		int some = poll(ready, count, left_ms > 0 ? (int)left_ms : 0);
		for (size_t i = 0; some > 0 && i < count; i++)
			if (ready[i].revents)
				hear(campaign, &campaign->stations[i / SOCKETS], ready[i].fd);
	} while (left_ms > 0);
}

/* One guest after the other, each beginning at another target: no target gets all at once. */
static void send_round(struct campaign *campaign)
{
	size_t longest = 0, sent = 0;
	bool late = elapsed_ms(campaign) >= SILENCE_MS;
	for (size_t i = 0; i < campaign->stations_count; i++)
		longest = campaign->stations[i].probes_count > longest ? campaign->stations[i].probes_count : longest;
	for (size_t round = 0; round < longest; round++) {
		for (size_t i = 0; i < campaign->stations_count; i++) {
			const struct station *station = &campaign->stations[i];
			if (round >= station->probes_count)
				continue;
			size_t n = (round + i * station->probes_count / campaign->stations_count) % station->probes_count;
			size_t index = station->probes[n];
			if (campaign->progress[index].final || (late && !campaign->probes[index].wanted))
				continue;
			send_probe(campaign, station, n);
			if (++sent % BURST == 0)
				listen_until(campaign, 0);
		}
	}
}

static void judge_silence(struct campaign *campaign)
{
	for (size_t i = 0; i < campaign->count; i++)
		if (campaign->probes[i].found == FOUND_LOST && campaign->progress[i].arrived)
			campaign->probes[i].found = FOUND_SILENT;
}

int range_reach(struct range *range, const struct plan *plan, int team, struct reach_probe *probes, size_t count,
		int64_t patience_ms, const volatile bool *cancel, bool *runs, struct error **err)
{
	cleanup_with(campaign) struct campaign campaign = {.range = range,
							   .plan = plan,
							   .team = team,
							   .probes = probes,
							   .count = count,
							   .patience_ms = patience_ms,
							   .cancel = cancel};
	if (prepare(&campaign, err) < 0)
		return error_prefix(err, "team %d", team);
	for (size_t i = 0; i < campaign.stations_count; i++)
		runs[i] = is_open(&campaign.stations[i]);
	campaign.start_ms = monotonic_ms();
	do {
		send_round(&campaign);
		listen_until(&campaign, elapsed_ms(&campaign) + AGAIN_MS);
		judge_arrivals(&campaign);
	} while (!is_over(&campaign) && !(cancel && *cancel));
	judge_silence(&campaign);
	return 0;
}
