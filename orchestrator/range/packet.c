#include "orchestrator/range/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

enum {
	IP_BYTES = 20,
	TCP_BYTES = 24, /* with the option MSS */
	UDP_BYTES = 8,
	IP6_BYTES = 40,
	SYN = 0x02,
	RST = 0x04,
	ACK = 0x10,
	MSS = 1460,
	WINDOW = 64240,
};

static const unsigned char all_nodes_mac[PACKET_MAC_BYTES] = {0x33, 0x33, 0, 0, 0, 1};

static void put16(unsigned char *at, int value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value)
{
	put16(at, (int)(value >> 16));
	put16(at + 2, (int)(value & 0xffff));
}

static int get16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)get16(at) << 16 | (uint32_t)get16(at + 2);
}

/* The Internet's checksum (RFC 1071), begun with `sum`. */
static int checksum(uint32_t sum, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)get16(bytes + i);
	if (length % 2)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (int)(~sum & 0xffff);
}

static void put_checksum(unsigned char *ip, int protocol, size_t length, size_t at)
{
	uint32_t pseudo = (uint32_t)protocol + (uint32_t)length;
	for (size_t i = 12; i < IP_BYTES; i += 2)
		pseudo += (uint32_t)get16(ip + i);
	int sum = checksum(pseudo, ip + IP_BYTES, length);
	put16(ip + IP_BYTES + at, sum || protocol != IPPROTO_UDP ? sum : 0xffff);
}

static unsigned char *begin(struct packet *packet, const struct flow *flow, int protocol, size_t length)
{
	unsigned char *ip = packet->bytes;
	memset(packet, 0, sizeof *packet);
	packet->length = IP_BYTES + length;
	ip[0] = 0x45;
	put16(ip + 2, (int)packet->length);
	put16(ip + 4, PACKET_ID);
	put16(ip + 6, 0x4000); /* not to be fragmented */
	ip[8] = (unsigned char)(flow->ttl ? flow->ttl : PACKET_TTL);
	ip[9] = (unsigned char)protocol;
	put32(ip + 12, flow->from);
	put32(ip + 16, flow->to);
	put16(ip + 10, checksum(0, ip, IP_BYTES));
	put16(ip + IP_BYTES, flow->from_port);
	put16(ip + IP_BYTES + 2, flow->to_port);
	return ip + IP_BYTES;
}

void packet_syn(struct packet *packet, const struct flow *flow, uint32_t sequence)
{
	unsigned char *tcp = begin(packet, flow, IPPROTO_TCP, TCP_BYTES);
	put32(tcp + 4, sequence);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = SYN;
	put16(tcp + 14, flow->window ? flow->window : WINDOW);
	tcp[20] = 2;
	tcp[21] = 4;
	put16(tcp + 22, MSS);
	put_checksum(packet->bytes, IPPROTO_TCP, TCP_BYTES, 16);
}

void packet_datagram(struct packet *packet, const struct flow *flow, const void *payload, size_t length)
{
	if (length > PACKET_BYTES_MAX - ETH_HLEN - IP_BYTES - UDP_BYTES)
		length = PACKET_BYTES_MAX - ETH_HLEN - IP_BYTES - UDP_BYTES;
	unsigned char *udp = begin(packet, flow, IPPROTO_UDP, UDP_BYTES + length);
	put16(udp + 4, (int)(UDP_BYTES + length));
	memcpy(udp + UDP_BYTES, payload, length);
	put_checksum(packet->bytes, IPPROTO_UDP, UDP_BYTES + length, 6);
}

/* ---- reading ---- */

static bool read_ports(const unsigned char *bytes, size_t length, struct packet_view *view)
{
	if (length < 8)
		return false;
	view->flow.from_port = get16(bytes);
	view->flow.to_port = get16(bytes + 2);
	return true;
}

static bool read_tcp(const unsigned char *bytes, size_t length, struct packet_view *view)
{
	if (!read_ports(bytes, length, view))
		return false;
	view->sequence = get32(bytes + 4);
	if (length >= 14) {
		view->acknowledged = get32(bytes + 8);
		view->is_syn = bytes[13] & SYN;
		view->is_ack = bytes[13] & ACK;
		view->is_reset = bytes[13] & RST;
	}
	if (length >= 16)
		view->flow.window = get16(bytes + 14);
	return true;
}

static bool read_udp(const unsigned char *bytes, size_t length, struct packet_view *view)
{
	if (!read_ports(bytes, length, view))
		return false;
	view->payload = bytes + UDP_BYTES;
	view->payload_length = length - UDP_BYTES;
	return true;
}

static bool read_icmp(const unsigned char *bytes, size_t length, struct packet_view *view)
{
	if (length < 8)
		return false;
	view->icmp_type = bytes[0];
	view->payload = bytes + 8;
	view->payload_length = length - 8;
	return true;
}

bool packet_read(const void *packet, size_t length, struct packet_view *view)
{
	static const struct {
		int protocol;
		bool (*read)(const unsigned char *bytes, size_t length, struct packet_view *view);
	} readers[] = {{IPPROTO_TCP, read_tcp}, {IPPROTO_UDP, read_udp}, {IPPROTO_ICMP, read_icmp}};
	const unsigned char *ip = packet;
	size_t header = length ? (size_t)(ip[0] & 0x0f) * 4 : 0;
	*view = (struct packet_view){0};
	if (length < IP_BYTES || ip[0] >> 4 != 4 || header < IP_BYTES || header > length)
		return false;
	view->flow = (struct flow){.from = get32(ip + 12), .to = get32(ip + 16), .ttl = ip[8]};
	view->protocol = ip[9];
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (readers[i].protocol == view->protocol)
			return readers[i].read(ip + header, length - header, view);
	return true;
}

/* ---- frames ---- */

void packet_frame(struct packet *frame, const unsigned char to[PACKET_MAC_BYTES], const unsigned char from[PACKET_MAC_BYTES],
		  int ethertype, const void *payload, size_t length)
{
	struct packet made = {.length = length < PACKET_BYTES_MAX - ETH_HLEN ? length : PACKET_BYTES_MAX - ETH_HLEN};
	memcpy(made.bytes, to, PACKET_MAC_BYTES);
	memcpy(made.bytes + PACKET_MAC_BYTES, from, PACKET_MAC_BYTES);
	put16(made.bytes + 12, ethertype);
	memcpy(made.bytes + ETH_HLEN, payload, made.length);
	made.length += ETH_HLEN;
	*frame = made;
}

void packet_arp_question(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES], uint32_t address)
{
	static const unsigned char everybody[PACKET_MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	unsigned char question[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	memcpy(question + 8, from, PACKET_MAC_BYTES);
	put32(question + 24, address);
	packet_frame(frame, everybody, from, ETH_P_ARP, question, sizeof question);
}

static void link_local(unsigned char address[16], const unsigned char mac[PACKET_MAC_BYTES])
{
	memset(address, 0, 16);
	address[0] = 0xfe;
	address[1] = 0x80;
	memcpy(address + 8, mac, 3);
	address[8] ^= 2;
	address[11] = 0xff;
	address[12] = 0xfe;
	memcpy(address + 13, mac + 3, 3);
}

/* Finishes an ICMPv6 packet: `ip` has its addresses and its body of `length` bytes. */
static void send_off6(struct packet *frame, unsigned char *ip, size_t length, const unsigned char to[PACKET_MAC_BYTES],
		      const unsigned char from[PACKET_MAC_BYTES])
{
	uint32_t pseudo = (uint32_t)length + IPPROTO_ICMPV6;
	ip[0] = 0x60;
	put16(ip + 4, (int)length);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 255; /* else a neighbour's question is not heard */
	for (size_t i = 8; i < IP6_BYTES; i += 2)
		pseudo += (uint32_t)get16(ip + i);
	put16(ip + IP6_BYTES + 2, checksum(pseudo, ip + IP6_BYTES, length));
	packet_frame(frame, to, from, ETH_P_IPV6, ip, IP6_BYTES + length);
}

void packet_echo_all_nodes(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES])
{
	unsigned char ip[IP6_BYTES + 16] = {[24] = 0xff, [25] = 0x02, [39] = 0x01};
	link_local(ip + 8, from);
	ip[IP6_BYTES] = 128;
	memcpy(ip + IP6_BYTES + 4, from, 4);
	send_off6(frame, ip, 16, all_nodes_mac, from);
}

void packet_neighbour_question(struct packet *frame, const unsigned char from[PACKET_MAC_BYTES],
			       const unsigned char target[PACKET_MAC_BYTES])
{
	unsigned char ip[IP6_BYTES + 32] = {[24] = 0xff, [25] = 0x02, [35] = 0x01, [36] = 0xff};
	link_local(ip + 8, from);
	ip[IP6_BYTES] = 135;
	link_local(ip + IP6_BYTES + 8, target);
	memcpy(ip + 37, ip + IP6_BYTES + 21, 3); /* the solicited-node address: ff02::1:ff + its last three bytes */
	ip[IP6_BYTES + 24] = 1;			 /* option: our own hardware address */
	ip[IP6_BYTES + 25] = 1;
	memcpy(ip + IP6_BYTES + 26, from, PACKET_MAC_BYTES);
	const unsigned char to[PACKET_MAC_BYTES] = {0x33, 0x33, 0xff, ip[37], ip[38], ip[39]};
	send_off6(frame, ip, 32, to, from);
}
