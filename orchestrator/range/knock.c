/* What is sent from a guest's interface to get out: isolation.c says why none of it can go on. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "orchestrator/range/proof.h"

enum { TRIAL_BYTES = 46, TIME_TO_LIVE = 1, TOKEN_BYTES = PACKET_MAC_BYTES };
static const uint32_t link_local = 0xa9fe0000; /* 169.254.0.0/16 */

static const unsigned char everybody[PACKET_MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const unsigned char all_hosts[PACKET_MAC_BYTES] = {0x01, 0x00, 0x5e, 0, 0, 1}; /* of 224.0.0.1 */

static void send_frame(struct proof *proof, struct outlet *outlet, const struct packet *frame)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)outlet->index, .sll_halen = PACKET_MAC_BYTES};
	if (sendto(outlet->cell->fd, frame->bytes, frame->length, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof to) < 0)
		return; /* the interface is down: nothing leaves by it */
	outlet->sent = true;
	proof->result->frames++;
}

static void send_trial(struct proof *proof, struct outlet *outlet, const unsigned char to[PACKET_MAC_BYTES])
{
	unsigned char payload[TRIAL_BYTES] = {0};
	struct packet frame;
	memcpy(payload, outlet->mac, TOKEN_BYTES);
	packet_frame(&frame, to, outlet->mac, PACKET_TYPE_TRIAL, payload, sizeof payload);
	send_frame(proof, outlet, &frame);
}

static struct flow flow_to(const struct proof *proof, const struct outlet *outlet, uint32_t address)
{
	uint32_t own = (uint32_t)outlet->mac[4] << 8 | outlet->mac[5];
	return (struct flow){.from = link_local | (own % 0xfe00 + 0x100),
			     .to = address,
			     .from_port = PROBE_PORT_FIRST,
			     .to_port = proof->port,
			     .ttl = TIME_TO_LIVE};
}

static void send_datagram(struct proof *proof, struct outlet *outlet, const unsigned char to[PACKET_MAC_BYTES], uint32_t address)
{
	struct flow flow = flow_to(proof, outlet, address);
	struct packet packet, frame;
	packet_datagram(&packet, &flow, outlet->mac, TOKEN_BYTES);
	packet_frame(&frame, to, outlet->mac, ETH_P_IP, packet.bytes, packet.length);
	send_frame(proof, outlet, &frame);
}

static void send_segment(struct proof *proof, struct outlet *outlet, const unsigned char to[PACKET_MAC_BYTES], uint32_t address)
{
	struct flow flow = flow_to(proof, outlet, address);
	struct packet packet, frame;
	packet_syn(&packet, &flow, proof->tokens[outlet->cell->team]);
	packet_frame(&frame, to, outlet->mac, ETH_P_IP, packet.bytes, packet.length);
	send_frame(proof, outlet, &frame);
}

static void send_question(struct proof *proof, struct outlet *outlet, uint32_t address)
{
	struct packet frame;
	packet_arp_question(&frame, outlet->mac, address);
	send_frame(proof, outlet, &frame);
}

static bool is_taken(const struct scenario *scenario, const struct network *network, uint32_t address)
{
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t n = 0; n < scenario->hosts[i].nics_count; n++)
			if (scenario->hosts[i].nics[n].network == network && scenario->hosts[i].nics[n].address == address)
				return true;
	return false;
}

/* To the other teams: their bridges, and their guests on this network, which have the same addresses as this team's own. */
static void knock_at_teams(struct proof *proof, struct outlet *outlet)
{
	unsigned char mac[PACKET_MAC_BYTES];
	const struct scenario *scenario = proof->plan->scenario;
	for (int team = 1; team <= proof->plan->teams; team++) {
		struct mark mark = {.kind = RESOURCE_NETWORK, .team = team};
		char name[IFNAME_MAX];
		snprintf(mark.site, sizeof mark.site, "%s", proof->range->site);
		snprintf(mark.exercise, sizeof mark.exercise, "%s", proof->plan->exercise);
		snprintf(mark.name, sizeof mark.name, "%s", outlet->network->name);
		mark_bridge_name(&mark, name);
		mark_bridge_address(name, mac);
		send_trial(proof, outlet, mac);
	}
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		for (size_t n = 0; n < scenario->hosts[i].nics_count; n++) {
			char text[PLAN_MAC_SIZE];
			if (scenario->hosts[i].nics[n].network != outlet->network)
				continue;
			plan_mac(&scenario->hosts[i], outlet->network, text);
			if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) ==
			    PACKET_MAC_BYTES)
				send_trial(proof, outlet, mac);
		}
	}
}

void proof_knock(struct proof *proof, struct outlet *outlet)
{
	const struct subnet subnet = outlet->network->cidr;
	const uint32_t hosts_bits = subnet.prefix ? (1U << (32 - subnet.prefix)) - 1 : UINT32_MAX;
	struct packet frame;
	unsigned char bridge[PACKET_MAC_BYTES];
	mark_bridge_address(outlet->bridge, bridge);
	send_trial(proof, outlet, everybody);
	knock_at_teams(proof, outlet);
	/* The first address of a network is where a host would be its gateway. */
	if (!is_taken(proof->plan->scenario, outlet->network, subnet.address + 1))
		send_question(proof, outlet, subnet.address + 1);
	for (size_t i = 0; i < proof->addresses_count; i++) {
		send_question(proof, outlet, proof->addresses[i]);
		send_datagram(proof, outlet, bridge, proof->addresses[i]);
	}
	send_datagram(proof, outlet, everybody, INADDR_BROADCAST);
	send_datagram(proof, outlet, everybody, subnet.address | hosts_bits);
	send_datagram(proof, outlet, all_hosts, INADDR_ALLHOSTS_GROUP);
	packet_echo_all_nodes(&frame, outlet->mac);
	send_frame(proof, outlet, &frame);
	packet_neighbour_question(&frame, outlet->mac, bridge);
	send_frame(proof, outlet, &frame);
}

/* An address that a way out would lead to: in the range's internet if it has one, and nobody's. */
static uint32_t beyond(const struct scenario *scenario, const struct outlet *outlet)
{
	const struct network *network = outlet->network;
	for (size_t i = 0; i < scenario->networks_count; i++)
		if (scenario->networks[i].kind == NETWORK_INTERNET)
			network = &scenario->networks[i];
	uint32_t last = network->cidr.prefix < 31 ? network->cidr.address + (1U << (32 - network->cidr.prefix)) - 2
						  : network->cidr.address;
	while (last > network->cidr.address + 1 && is_taken(scenario, network, last))
		last--;
	return last;
}

void proof_knock_harder(struct proof *proof, struct outlet *outlet)
{
	unsigned char bridge[PACKET_MAC_BYTES];
	mark_bridge_address(outlet->bridge, bridge);
	for (size_t i = 0; i < proof->addresses_count; i++)
		send_segment(proof, outlet, bridge, proof->addresses[i]);
	send_datagram(proof, outlet, bridge, beyond(proof->plan->scenario, outlet));
}
