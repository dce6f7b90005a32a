#include "orchestrator/range/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/wall.h"

/* "td" and the digits of site and exercise: the same for a bridge and the ports on it. */
enum { PORT_OWNER_LENGTH = 8 };

CLEANUP_DEFINE(netlink, struct mnl_socket *, if (*held) mnl_socket_close(*held));

/* Sends one request and waits for its acknowledgement. 0, or an errno value. */
static int talk(struct nlmsghdr *request)
{
	cleanup_with(netlink) struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return errno;
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = 1;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return errno;
	char answer[8192];
	ssize_t length;
	do
		length = mnl_socket_recvfrom(socket, answer, sizeof answer);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return errno;
	return mnl_cb_run(answer, (size_t)length, 1, mnl_socket_get_portid(socket), NULL, NULL) < 0 ? errno : 0;
}

static struct nlmsghdr *link_request(char *buffer, uint16_t type, const char *name)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = type;
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);
	link->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return request;
}

static int link_add_bridge(const char *name)
{
	char buffer[1024];
	unsigned char address[6];
	mark_bridge_address(name, address);
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, name);
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_attr_put(request, IFLA_ADDRESS, sizeof address, address);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
	/* A bridge that watches multicast joins groups itself: the host would speak on the team's network. */
	struct nlattr *settings = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	mnl_attr_put_u8(request, IFLA_BR_MCAST_SNOOPING, 0);
	mnl_attr_nest_end(request, settings);
	mnl_attr_nest_end(request, info);
	return talk(request);
}

static int link_set_alias(const char *name, const char *alias)
{
	char buffer[1024];
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, name);
	mnl_attr_put_str(request, IFLA_IFALIAS, alias);
	return talk(request);
}

static int link_switch(const char *name, bool up)
{
	char buffer[1024];
	struct nlmsghdr *request = link_request(buffer, RTM_NEWLINK, name);
	struct ifinfomsg *link = mnl_nlmsg_get_payload(request);
	link->ifi_flags = up ? IFF_UP : 0;
	link->ifi_change = IFF_UP;
	return talk(request);
}

static int link_delete(const char *name)
{
	char buffer[1024];
	int failure = talk(link_request(buffer, RTM_DELLINK, name));
	return failure == ENODEV ? 0 : failure;
}

int interface_switch(const char *name, bool up, struct error **err)
{
	int failure = link_switch(name, up);
	if (!failure || failure == ENODEV)
		return 0;
	return error_set_errno(err, failure, "interface '%s': take %s", name, up ? "up" : "down");
}

int interface_without_ipv6(const char *name, struct error **err)
{
	cleanup_free char *path = xasprintf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || write(fd, "1", 1) != 1)
		return error_set_errno(err, errno, "interface '%s': take IPv6 off (%s)", name, path);
	return 0;
}

/* By netlink, as `bridge link set` does: a write into the port's files in /sys waits busily for whoever else changes an interface (measured: 40 % of
 * what `up` took of the processor). 0, or an errno value. */
static int port_learning_off(const char *port)
{
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = RTM_SETLINK;
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);
	*link = (struct ifinfomsg){.ifi_family = AF_BRIDGE, .ifi_index = (int)if_nametoindex(port)};
	struct nlattr *settings = mnl_attr_nest_start(request, IFLA_PROTINFO);
	mnl_attr_put_u8(request, IFLA_BRPORT_LEARNING, 0);
	mnl_attr_put(request, IFLA_BRPORT_FLUSH, 0, NULL); /* what came before */
	mnl_attr_nest_end(request, settings);
	return link->ifi_index ? talk(request) : ENODEV;
}

static int port_knows(const char *port, const unsigned char address[6])
{
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	request->nlmsg_type = RTM_NEWNEIGH;
	request->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	struct ndmsg *entry = mnl_nlmsg_put_extra_header(request, sizeof *entry);
	*entry = (struct ndmsg){.ndm_family = AF_BRIDGE,
				.ndm_ifindex = (int)if_nametoindex(port),
				.ndm_state = NUD_NOARP, /* static: neither aged nor moved to another port */
				.ndm_flags = NTF_MASTER};
	mnl_attr_put(request, NDA_LLADDR, 6, address);
	return entry->ndm_ifindex ? talk(request) : ENODEV;
}

int port_learns_nothing(const char *port, const char *mac, struct error **err)
{
	unsigned char address[6];
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &address[0], &address[1], &address[2], &address[3], &address[4],
		   &address[5]) != 6)
		return error_set(err, "interface '%s': '%s' is not a hardware address", port, mac);
	int failure = port_learning_off(port);
	if (!failure)
		failure = port_knows(port, address);
	return failure ? error_set_errno(err, failure, "interface '%s': take learning off", port) : 0;
}

/* The kernel makes interfaces one after the other anyhow, and a write into /proc/sys/net/ipv6 waits for that busily. */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static int make_bridge(const struct mark *mark, struct error **err)
{
	char name[IFNAME_MAX], text[MARK_TEXT_MAX];
	mark_bridge_name(mark, name);
	mark_text(mark, text);
	int failure = link_add_bridge(name);
	if (failure == EEXIST)
		return error_set(err,
				 "bridge '%s': an interface of that name exists and is not ours; remove it (ip link delete %s)",
				 name, name);
	if (failure)
		return error_set_errno(err, failure, "bridge '%s': make", name);
	/* The wall stands before the first frame can come. */
	if (interface_without_ipv6(name, err) < 0)
		return -1;
	if ((failure = link_set_alias(name, text)))
		return error_set_errno(err, failure, "bridge '%s': mark", name);
	if (wall_create(name, text, err) < 0)
		return -1;
	if ((failure = link_switch(name, true)))
		return error_set_errno(err, failure, "bridge '%s': take up", name);
	return 0;
}

int bridge_create(const struct mark *mark, struct error **err)
{
	pthread_mutex_lock(&making);
	int result = make_bridge(mark, err);
	pthread_mutex_unlock(&making);
	return result;
}

/* A guest that was half-made when libvirtd was killed can leave its end behind: named like ours and on our bridge, so it is ours.
 */
static int delete_ports(const char *bridge, struct error **err)
{
	cleanup_free char *path = xasprintf("/sys/class/net/%s/brif", bridge);
	cleanup_dir DIR *ports = opendir(path);
	for (const struct dirent *port; ports && (port = readdir(ports));) {
		int failure = strncmp(port->d_name, bridge, PORT_OWNER_LENGTH) != 0 ? 0 : link_delete(port->d_name);
		if (failure)
			return error_set_errno(err, failure, "interface '%s' on bridge '%s': remove", port->d_name, bridge);
	}
	return 0;
}

int bridge_destroy(const char *name, struct error **err)
{
	if (delete_ports(name, err) < 0)
		return -1;
	int failure = link_delete(name);
	if (failure)
		return error_set_errno(err, failure, "bridge '%s': remove", name);
	return wall_destroy(name, err);
}

static bool has_own_address(const char *name)
{
	unsigned char address[6];
	mark_bridge_address(name, address);
	char expected[18];
	snprintf(expected, sizeof expected, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2], address[3],
		 address[4], address[5]);
	cleanup_free char *path = xasprintf("/sys/class/net/%s/address", name);
	cleanup_free char *found = file_read(path, 64, NULL);
	return found && strncmp(found, expected, sizeof expected - 1) == 0;
}

static void look_at_interface(const char *name, const char *site, bridge_visit *visit, void *context)
{
	cleanup_free char *bridge = xasprintf("/sys/class/net/%s/bridge", name);
	if (strncmp(name, "td", 2) != 0 || access(bridge, F_OK) < 0)
		return;
	cleanup_free char *path = xasprintf("/sys/class/net/%s/ifalias", name);
	cleanup_free char *alias = file_read(path, 512, NULL);
	struct mark mark;
	if (alias && mark_parse(alias, &mark) && strcmp(mark.site, site) == 0)
		visit(name, &mark, false, context);
	else if (alias && !alias[strspn(alias, "\n")] && has_own_address(name))
		visit(name, NULL, false, context);
}

int bridge_each(const char *site, bridge_visit *visit, void *context, struct error **err)
{
	cleanup_dir DIR *interfaces = opendir("/sys/class/net");
	if (!interfaces)
		return error_set_errno(err, errno, "/sys/class/net");
	for (const struct dirent *interface; (interface = readdir(interfaces));)
		look_at_interface(interface->d_name, site, visit, context);
	return wall_each(site, visit, context, err);
}
