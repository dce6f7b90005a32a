/*
 * The packets that verify sends, byte by byte, and the reading of what comes back. Pure.
 *
 * A TCP probe is a SYN (RFC 9293) that is never completed: the kernel of the guest, which knows nothing of it, answers the SYN+ACK
 * with a reset. So it tells what connect() would, and no service ever accepts, and logs, a connection. Addresses and ports are in
 * host byte order.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_PACKET_H
#define TORIDE_ORCHESTRATOR_RANGE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_BYTES_MAX = 128,
	PACKET_MAC_BYTES = 6,
	PACKET_TTL = 64,
	/* By these, together, roles leave probes out of what trainees read (ruleset.jq and services/flows of the role firewall): source
	 * ports that no kernel hands out by itself (32768 to 60999), and an IP identification of their own, which means nothing in a
	 * packet that is not to be fragmented (RFC 6864). */
	PROBE_PORT_FIRST = 61001,
	PROBE_PORT_LAST = 65535,
	PACKET_ID = 0x746f,
	PACKET_TYPE_TRIAL = 0x88b5, /* IEEE 802's ethertype for local experiments */
};

struct packet {
	unsigned char bytes[PACKET_BYTES_MAX];
	size_t length;
};

struct flow {
	uint32_t from, to;
	int from_port, to_port;
	int ttl; /* 0: PACKET_TTL */
	int window; /* of a segment, 1 to 65535; 0: a usual one. It comes as it was sent, also where NAT changes addresses and ports */
};

/* ---- IPv4 packets (from the IP header on) ---- */

void packet_syn(struct packet *packet, const struct flow *flow, uint32_t sequence);
void packet_datagram(struct packet *packet, const struct flow *flow, const void *payload, size_t length);

/* What an IPv4 packet says; also of the one that an ICMP error holds. */
struct packet_view {
	struct flow flow;
	int protocol;
	bool is_syn, is_ack, is_reset; /* TCP */
	uint32_t sequence, acknowledged;
	int icmp_type;
	const unsigned char *payload; /* of UDP; of an ICMP error: the packet that it is about */
	size_t payload_length;
};
/* False: cut off, or not IPv4. Of the packet inside of an ICMP error eight bytes after its IP header are enough. */
bool packet_read(const void *bytes, size_t length, struct packet_view *view);

/* ---- frames ---- */

void packet_frame(struct packet *frame, const unsigned char to[PACKET_MAC_BYTES], const unsigned char from[PACKET_MAC_BYTES],
		  int ethertype, const void *payload, size_t length);
/* Who has `address`? Asked without an address of its own (RFC 5227): nobody learns from it. */
void packet_arp_question(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES], uint32_t address);
/* An ICMPv6 echo request from the link-local address of `from` to all nodes of the link (RFC 4443, RFC 4291). */
void packet_echo_all_nodes(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES]);
/* Who has the link-local address of `target`? (RFC 4861) */
void packet_neighbour_question(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES],
			       const unsigned char target[PACKET_MAC_BYTES]);

#endif
