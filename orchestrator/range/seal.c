/*
 * The seal: does anything lead out of a team's guests and networks? All of it is read from the host's side and from the kernel,
 * nothing from a guest's files or words, so that no trainee can make it look open or shut.
 *
 * What a guest's root makes inside (addresses, routes, NAT, tunnels, namespaces of his own) ends inside, as its only ways on are
 * the ports on our bridges. A way out is what only the host's root can have made: another port on a bridge, an address or a
 * device upon it, a wall that is gone, a device of the host in a guest. Not told from a guest's own: a tunnel (tun) that somebody
 * moved into a guest by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <libvirt/virterror.h>
#include <net/if_arp.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/time.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/guest.h"
#include "orchestrator/range/proof.h"
#include "orchestrator/range/wall.h"
#include "orchestrator/range/works.h"

enum { ANSWER_TIMEOUT_S = 5, ANSWER_BYTES = 32 << 10, RESETS_DONE_MS = 15000, LOOK_AGAIN_MS = 100 };

struct port {
	char name[IFNAME_MAX];
	unsigned index; /* on the host; 0: it is not there */
};

struct seal {
	struct range *range;
	const struct plan *plan;
	int team;
	struct port *ports; /* of the team's guests */
	size_t ports_count;
};

static void cleanup_seal(struct seal *seal)
{
	free(seal->ports);
}

CLEANUP_DEFINE(netlink, struct mnl_socket *, if (*held) mnl_socket_close(*held));
CLEANUP_DEFINE(addresses, struct ifaddrs *, freeifaddrs(*held));

static struct mark mark_of(const struct seal *seal, enum resource_kind kind, const char *name)
{
	struct mark mark = {.kind = kind, .team = seal->team};
	snprintf(mark.site, sizeof mark.site, "%s", seal->range->site);
	snprintf(mark.exercise, sizeof mark.exercise, "%s", seal->plan->exercise);
	snprintf(mark.name, sizeof mark.name, "%s", name);
	return mark;
}

static bool is_mine(const struct seal *seal, const struct resource *resource, enum resource_kind kind)
{
	return resource->kind == kind && resource->team == seal->team;
}

static void collect_ports(struct seal *seal)
{
	for (size_t i = 0; i < seal->plan->resources_count; i++) {
		const struct resource *resource = &seal->plan->resources[i];
		if (!is_mine(seal, resource, RESOURCE_GUEST))
			continue;
		const struct mark mark = mark_of(seal, RESOURCE_GUEST, resource->host->name);
		for (size_t nic = 0; nic < resource->host->nics_count; nic++) {
			struct port *port = array_add(&seal->ports, &seal->ports_count);
			mark_port_name(&mark, (int)nic, port->name);
			port->index = if_nametoindex(port->name);
		}
	}
}

static bool is_port(const struct seal *seal, const char *name, unsigned index)
{
	for (size_t i = 0; i < seal->ports_count; i++)
		if (name ? strcmp(seal->ports[i].name, name) == 0 : seal->ports[i].index && seal->ports[i].index == index)
			return true;
	return false;
}

/* ---- bridges ---- */

static int check_ports(const struct seal *seal, const char *bridge, struct error **err)
{
	cleanup_free char *path = xasprintf("/sys/class/net/%s/brif", bridge);
	cleanup_dir DIR *ports = opendir(path);
	if (!ports)
		return error_set_errno(err, errno, "its bridge '%s'", bridge);
	for (const struct dirent *port; (port = readdir(ports));)
		if (port->d_name[0] != '.' && !is_port(seal, port->d_name, 0))
			return error_set(
				err, "its bridge '%s' leads to '%s', which is no guest's; take it off (ip link set %s nomaster)",
				bridge, port->d_name, port->d_name);
	return 0;
}

/* A VLAN or MACVLAN of it, or a bond that it is in. */
static int check_upper(const char *bridge, struct error **err)
{
	static const char upper[] = "upper_";
	cleanup_free char *path = xasprintf("/sys/class/net/%s", bridge);
	cleanup_dir DIR *entries = opendir(path);
	for (const struct dirent *entry; entries && (entry = readdir(entries));)
		if (strncmp(entry->d_name, upper, sizeof upper - 1) == 0)
			return error_set(err, "the device '%s' of the host stands upon its bridge '%s'; remove it",
					 entry->d_name + sizeof upper - 1, bridge);
	return entries ? 0 : error_set_errno(err, errno, "its bridge '%s'", bridge);
}

static int check_addresses(const char *bridge, struct error **err)
{
	cleanup_with(addresses) struct ifaddrs *addresses = NULL;
	if (getifaddrs(&addresses) < 0)
		return error_set_errno(err, errno, "list the host's addresses");
	for (const struct ifaddrs *at = addresses; at; at = at->ifa_next)
		if (at->ifa_addr && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6) &&
		    strcmp(at->ifa_name, bridge) == 0)
			return error_set(err, "the host has an address on its bridge '%s'; take it off (ip address flush dev %s)",
					 bridge, bridge);
	return 0;
}

static int check_network(const struct seal *seal, const char *network, struct error **err)
{
	const struct mark mark = mark_of(seal, RESOURCE_NETWORK, network);
	char bridge[IFNAME_MAX];
	mark_bridge_name(&mark, bridge);
	if (check_ports(seal, bridge, err) < 0 || check_upper(bridge, err) < 0 || check_addresses(bridge, err) < 0 ||
	    wall_check(bridge, err) < 0)
		return error_prefix(err, "network '%s'", network);
	return 0;
}

/* ---- guests ---- */

struct talk {
	struct mnl_socket *socket; /* in the guest's network */
	const struct seal *seal;
	int32_t host_id; /* what the guest's network calls the host's; -1: it knows it not, so nothing of it leads there */
	char found[IFNAMSIZ];
};

static int ask(const struct talk *talk, struct nlmsghdr *request, mnl_cb_t take, void *context)
{
	char answer[ANSWER_BYTES];
	request->nlmsg_flags |= NLM_F_REQUEST;
	request->nlmsg_seq = 1;
	if (mnl_socket_sendto(talk->socket, request, request->nlmsg_len) < 0)
		return -1;
	for (int more = MNL_CB_OK; more > MNL_CB_STOP;) {
		ssize_t length = mnl_socket_recvfrom(talk->socket, answer, sizeof answer);
		if (length < 0 && errno == EINTR)
			continue;
		more = length < 0 ? MNL_CB_ERROR
				  : mnl_cb_run(answer, (size_t)length, 1, mnl_socket_get_portid(talk->socket), take, context);
		if (more < 0)
			return -1;
	}
	return 0;
}

static int take_id(const struct nlmsghdr *message, void *context)
{
	struct talk *talk = context;
	const struct nlattr *attribute;
	mnl_attr_for_each(attribute, message, sizeof(struct rtgenmsg)) if (mnl_attr_get_type(attribute) == NETNSA_NSID &&
									   mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
		talk->host_id = (int32_t)mnl_attr_get_u32(attribute);
	return MNL_CB_STOP;
}

static int ask_host_id(struct talk *talk)
{
	char buffer[256];
	cleanup_close int host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (host < 0)
		return -1;
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *body = mnl_nlmsg_put_extra_header(request, sizeof *body);
	body->rtgen_family = AF_UNSPEC;
	request->nlmsg_type = RTM_GETNSID;
	mnl_attr_put_u32(request, NETNSA_FD, (uint32_t)host);
	talk->host_id = NETNSA_NSID_NOT_ASSIGNED;
	return ask(talk, request, take_id, talk);
}

/* A device without a kind is hardware, which only the host can have given. */
static bool leads_out(const struct talk *talk, const struct ifinfomsg *link, const struct nlattr *const attributes[])
{
	if (link->ifi_type == ARPHRD_LOOPBACK)
		return false;
	const struct nlattr *inner;
	bool kind = false;
	if (attributes[IFLA_LINKINFO])
		mnl_attr_for_each_nested(inner, attributes[IFLA_LINKINFO]) kind =
			kind || mnl_attr_get_type(inner) == IFLA_INFO_KIND;
	const struct nlattr *space = attributes[IFLA_LINK_NETNSID], *peer = attributes[IFLA_LINK];
	const bool to_host = space && talk->host_id >= 0 && (int32_t)mnl_attr_get_u32(space) == talk->host_id;
	return !kind || (to_host && !is_port(talk->seal, NULL, peer ? mnl_attr_get_u32(peer) : 0));
}

static int take_link(const struct nlmsghdr *message, void *context)
{
	struct talk *talk = context;
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute, *attributes[IFLA_LINK_NETNSID + 1] = {0};
	mnl_attr_for_each(attribute, message, sizeof *link) if (mnl_attr_get_type(attribute) <= IFLA_LINK_NETNSID)
		attributes[mnl_attr_get_type(attribute)] = attribute;
	if (!talk->found[0] && leads_out(talk, link, attributes))
		snprintf(talk->found, sizeof talk->found, "%s",
			 attributes[IFLA_IFNAME] ? mnl_attr_get_str(attributes[IFLA_IFNAME]) : "?");
	return MNL_CB_OK;
}

static int ask_links(struct talk *talk)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *body = mnl_nlmsg_put_extra_header(request, sizeof *body);
	body->ifi_family = AF_UNSPEC;
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_DUMP;
	return ask(talk, request, take_link, talk);
}

static int check_links(const struct seal *seal, const struct guest *guest, struct error **err)
{
	const struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_S};
	cleanup_close int fd = guest_socket(seal->range, guest, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, err);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	cleanup_with(netlink) struct mnl_socket *socket = mnl_socket_fdopen(fd);
	if (!socket)
		return error_set_errno(err, errno, "netlink");
	steal_fd(&fd);
	struct talk talk = {.socket = socket, .seal = seal};
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || ask_host_id(&talk) < 0 || ask_links(&talk) < 0)
		return error_set_errno(err, errno, "list its interfaces");
	return talk.found[0]
		       ? error_set(err, "its interface '%s' leads to a device of the host; take it out of the guest", talk.found)
		       : 0;
}

/* One that is not there leads nowhere. */
static int check_guest(const struct seal *seal, virConnectPtr connection, const char *host, struct error **err)
{
	const struct mark mark = mark_of(seal, RESOURCE_GUEST, host);
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	cleanup_free char *name = mark_object_name(&mark);
	cleanup_with(domain) virDomainPtr domain = virDomainLookupByName(connection, name);
	if (!domain)
		return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? 0 : libvirt_error(err, "host '%s': look", host);
	if (guest_open_domain(seal->range, domain, &guest, err) < 0 || check_links(seal, &guest, err) < 0)
		return error_prefix(err, "host '%s'", host);
	return 0;
}

static int check_all(const struct seal *seal, virConnectPtr connection, struct error **err)
{
	for (size_t i = 0; i < seal->plan->resources_count; i++) {
		const struct resource *resource = &seal->plan->resources[i];
		if (is_mine(seal, resource, RESOURCE_NETWORK) && check_network(seal, resource->network->name, err) < 0)
			return -1;
		if (is_mine(seal, resource, RESOURCE_GUEST) && check_guest(seal, connection, resource->host->name, err) < 0)
			return -1;
	}
	return 0;
}

int seal_look(struct range *range, const struct plan *plan, int team, struct error **err)
{
	__attribute__((cleanup(cleanup_seal))) struct seal seal = {.range = range, .plan = plan, .team = team};
	virConnectPtr connection = range_connection_take(range, err);
	if (!connection)
		return -1;
	collect_ports(&seal);
	int result = check_all(&seal, connection, err);
	range_connection_give(range, connection);
	return result < 0 ? error_prefix(err, "team %d", team) : 0;
}

int range_sealed(struct range *range, const struct plan *plan, int team, struct error **err)
{
	for (int64_t deadline_ms = monotonic_ms() + RESETS_DONE_MS;;) {
		cleanup_error struct error *found = NULL;
		const bool was_still = exercise_is_still(range, plan->exercise);
		if (seal_look(range, plan, team, &found) == 0)
			return 0;
		if ((was_still && exercise_is_still(range, plan->exercise)) || monotonic_ms() > deadline_ms)
			return error_move(err, steal(&found));
		usleep(LOOK_AGAIN_MS * 1000);
	}
}
