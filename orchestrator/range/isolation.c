/*
 * The proof that nothing leads out. From every interface of every guest frames are sent that hold a token, and every interface of the host
 * and every guest of another team is watched for them and for answers.
 *
 * Nothing is sent that could go on: the targets are the link, the host's own addresses, and addresses of the range; the source is
 * a link-local address, which no router carries (RFC 3927); the time to live is one. What would make the host answer by another
 * interface (TCP) is sent only after the host was seen to hear nothing.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "orchestrator/range/proof.h"
#include "orchestrator/sorted.h"

enum { SETTLE_MS = 150 /* for what is still on its way */, SEALS_AT_ONCE = 3 };

static const char *const space_names[PROOF_SPACES] = {"net", "pid", "mnt", "ipc", "uts", "user"};

static void proof_finish(struct proof *proof)
{
	const int fds[] = {proof->everywhere, proof->datagrams, proof->segments};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (size_t i = 0; i < proof->cells_count; i++)
		close(proof->cells[i].fd);
	for (size_t i = 0; i < proof->places_count; i++)
		if (proof->places[i].fd >= 0)
			close(proof->places[i].fd);
	free(proof->cells);
	free(proof->places);
	free(proof->outlets);
}
CLEANUP_DEFINE(proof, struct proof, proof_finish(held));
CLEANUP_DEFINE(addresses, struct ifaddrs *, freeifaddrs(*held));

/* ---- findings ---- */

void isolation_finish(struct isolation *isolation)
{
	for (size_t i = 0; i < isolation->findings_count; i++)
		free(isolation->findings[i].text);
	free(isolation->findings);
	*isolation = (struct isolation){0};
}

void proof_found(struct proof *proof, int team, const char *host, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	struct isolation *result = proof->result;
	for (size_t i = 0; text && i < result->findings_count; i++) {
		const struct isolation_finding *other = &result->findings[i];
		if (other->team == team && other->host == host && strcmp(other->text, text) == 0) {
			free(text);
			text = NULL;
		}
	}
	if (text && result->findings_count < ISOLATION_FINDINGS_MAX) {
		*array_add(&result->findings, &result->findings_count) = (struct isolation_finding){team, host, text};
	} else if (text) {
		result->more++;
		free(text);
	}
}

bool proof_has_findings(const struct proof *proof, int team)
{
	for (size_t i = 0; i < proof->result->findings_count; i++)
		if (proof->result->findings[i].team == team || proof->result->findings[i].team == 0)
			return true;
	return false;
}

/* ---- what there is ---- */

static struct mark mark_of(const struct proof *proof, enum resource_kind kind, int team, const char *name)
{
	struct mark mark = {.kind = kind, .team = team};
	snprintf(mark.site, sizeof mark.site, "%s", proof->range->site);
	snprintf(mark.exercise, sizeof mark.exercise, "%s", proof->plan->exercise);
	snprintf(mark.name, sizeof mark.name, "%s", name);
	return mark;
}

static void collect_places(struct proof *proof)
{
	const struct scenario *scenario = proof->plan->scenario;
	char name[IFNAME_MAX];
	for (int team = 1; team <= proof->plan->teams; team++) {
		for (size_t i = 0; i < scenario->networks_count; i++) {
			const char *network = scenario->networks[i].name;
			const struct mark mark = mark_of(proof, RESOURCE_NETWORK, team, network);
			mark_bridge_name(&mark, name);
			*array_add(&proof->places, &proof->places_count) =
				(struct place){team, if_nametoindex(name), network, true, -1};
		}
		for (size_t i = 0; i < scenario->hosts_count; i++) {
			const struct host *host = &scenario->hosts[i];
			const struct mark mark = mark_of(proof, RESOURCE_GUEST, team, host->name);
			for (size_t n = 0; n < host->nics_count; n++) {
				mark_port_name(&mark, (int)n, name);
				*array_add(&proof->places, &proof->places_count) =
					(struct place){team, if_nametoindex(name), host->name, false, -1};
			}
		}
	}
}

static int collect_addresses(struct proof *proof, struct error **err)
{
	cleanup_with(addresses) struct ifaddrs *addresses = NULL;
	if (getifaddrs(&addresses) < 0)
		return error_set_errno(err, errno, "list the host's addresses");
	for (const struct ifaddrs *at = addresses; at; at = at->ifa_next)
		if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && !(at->ifa_flags & IFF_LOOPBACK) &&
		    proof->addresses_count < PROOF_HOST_ADDRESSES_MAX)
			proof->addresses[proof->addresses_count++] =
				ntohl(((const struct sockaddr_in *)at->ifa_addr)->sin_addr.s_addr);
	return 0;
}

static void read_spaces(pid_t init, ino_t spaces[PROOF_SPACES])
{
	for (size_t i = 0; i < PROOF_SPACES; i++) {
		struct stat info;
		cleanup_free char *path = xasprintf("/proc/%d/ns/%s", init, space_names[i]);
		spaces[i] = stat(path, &info) == 0 ? info.st_ino : 0;
	}
}

/* One that does not run is out of reach for everybody. */
static int open_cell(struct proof *proof, int team, const struct host *host, bool wanted, struct error **err)
{
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	cleanup_error struct error *why = NULL;
	const struct guest_id id = {.exercise = proof->plan->exercise, .team = team, .host = host->name};
	if (guest_open(proof->range, &id, &guest, &why) < 0) {
		if (!strstr(error_text(why), "is not running"))
			proof_found(proof, team, host->name, "%s", error_text(why));
		else if (wanted)
			proof->result->missing++;
		return 0;
	}
	int fd = guest_socket(proof->range, &guest, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0, err);
	if (fd < 0)
		return error_prefix(err, "team %d: host '%s'", team, host->name);
	struct cell *cell = array_add(&proof->cells, &proof->cells_count);
	*cell = (struct cell){.team = team, .host = host, .fd = fd};
	read_spaces(guest.init, cell->spaces);
	return 0;
}

static int open_cells(struct proof *proof, int team, struct error **err)
{
	for (int t = 1; t <= proof->plan->teams; t++)
		for (size_t i = 0; i < proof->plan->scenario->hosts_count; i++)
			if (open_cell(proof, t, &proof->plan->scenario->hosts[i], !team || team == t, err) < 0)
				return -1;
	return 0;
}

static void add_outlet(struct proof *proof, const struct cell *cell, const struct nic *nic, size_t number)
{
	const struct mark guest = mark_of(proof, RESOURCE_GUEST, cell->team, cell->host->name),
			  network = mark_of(proof, RESOURCE_NETWORK, cell->team, nic->network->name);
	char port[IFNAME_MAX];
	struct ifreq device = {0};
	mark_port_name(&guest, (int)number, port);
	snprintf(device.ifr_name, sizeof device.ifr_name, "eth%d", (int)number);
	if (ioctl(cell->fd, SIOCGIFINDEX, &device) < 0) {
		proof->result->silent++;
		return;
	}
	size_t own = proof->outlets_count;
	uint32_t token = proof->tokens[cell->team];
	struct outlet *outlet = array_add(&proof->outlets, &proof->outlets_count);
	*outlet = (struct outlet){.cell = cell,
				  .network = nic->network,
				  .index = (unsigned)device.ifr_ifindex,
				  .port_index = if_nametoindex(port),
				  .mac = {(unsigned char)(token >> 24), (unsigned char)(token >> 16), (unsigned char)(token >> 8),
					  (unsigned char)token, (unsigned char)(own >> 8), (unsigned char)own}};
	mark_bridge_name(&network, outlet->bridge);
}

static void collect_outlets(struct proof *proof, int team)
{
	for (size_t i = 0; i < proof->cells_count; i++) {
		const struct cell *cell = &proof->cells[i];
		if (team && cell->team != team)
			continue;
		cleanup_free const struct nic **nics = sorted_nics(cell->host);
		for (size_t n = 0; n < cell->host->nics_count; n++)
			add_outlet(proof, cell, nics[n], n);
		proof->result->guests++;
	}
}

/* ---- judging ---- */

/* A namespace shared with the host or another guest: what happens in one would be seen in the other. */
static void check_spaces(struct proof *proof)
{
	ino_t own[PROOF_SPACES];
	read_spaces(getpid(), own);
	for (size_t i = 0; i < proof->cells_count; i++) {
		const struct cell *cell = &proof->cells[i];
		for (size_t s = 0; s < PROOF_SPACES; s++) {
			if (!cell->spaces[s])
				continue; /* it has just ended */
			if (cell->spaces[s] == own[s])
				proof_found(proof, cell->team, cell->host->name, "shares the host's %s namespace",
					    space_names[s]);
			for (size_t k = 0; k < i; k++)
				if (proof->cells[k].spaces[s] == cell->spaces[s])
					proof_found(proof, cell->team, cell->host->name,
						    "shares the %s namespace of team %d's host '%s'", space_names[s],
						    proof->cells[k].team, proof->cells[k].host->name);
		}
	}
}

/* Looked at while the cells are opened: both mostly wait for libvirt. */
struct seals {
	struct range *range;
	const struct plan *plan;
	int team; /* 0: all */
	atomic_int next;
	struct error *broken[PLAN_TEAMS_MAX + 1];
	pthread_t threads[SEALS_AT_ONCE];
	int threads_count;
};

static void *look_at_seals(void *context)
{
	struct seals *seals = context;
	for (int team; (team = atomic_fetch_add(&seals->next, 1)) <= seals->plan->teams;)
		if (!seals->team || team == seals->team)
			seal_look(seals->range, seals->plan, team, &seals->broken[team]);
	return NULL;
}

static void begin_seals(struct seals *seals)
{
	while (seals->threads_count < SEALS_AT_ONCE &&
	       pthread_create(&seals->threads[seals->threads_count], NULL, look_at_seals, seals) == 0)
		seals->threads_count++;
	if (seals->threads_count == 0)
		look_at_seals(seals);
}

static void check_seals(struct proof *proof, struct seals *seals)
{
	for (int i = 0; i < seals->threads_count; i++)
		pthread_join(seals->threads[i], NULL);
	for (int team = 1; team <= seals->plan->teams; team++) {
		char prefix[16];
		int length = snprintf(prefix, sizeof prefix, "team %d: ", team); /* a finding says the team itself */
		const char *text = error_text(seals->broken[team]);
		if (seals->broken[team])
			proof_found(proof, team, NULL, "%s", strncmp(text, prefix, (size_t)length) == 0 ? text + length : text);
		error_free(seals->broken[team]);
	}
}

/* What was sent has to be seen at the guest's own port: else looking for it elsewhere proves nothing. */
static void check_control(struct proof *proof)
{
	size_t seen = 0;
	for (size_t i = 0; i < proof->outlets_count; i++) {
		seen += proof->outlets[i].seen;
		proof->result->silent += !proof->outlets[i].seen;
	}
	if (proof->outlets_count && !seen)
		proof_found(proof, 0, NULL, "nothing that the guests sent was seen anywhere: nothing is proved");
}

static void knock(struct proof *proof)
{
	for (size_t i = 0; i < proof->outlets_count; i++) {
		proof_knock(proof, &proof->outlets[i]);
		proof_hear(proof, 0);
	}
	proof_hear(proof, SETTLE_MS);
	for (size_t i = 0; i < proof->outlets_count; i++)
		if (!proof_has_findings(proof, proof->outlets[i].cell->team))
			proof_knock_harder(proof, &proof->outlets[i]);
	proof_hear(proof, SETTLE_MS);
}

int range_isolation(struct range *range, const struct plan *plan, int team, struct isolation *isolation, struct error **err)
{
	cleanup_with(proof) struct proof proof = {
		.range = range, .plan = plan, .result = isolation, .everywhere = -1, .datagrams = -1, .segments = -1};
	*isolation = (struct isolation){0};
	for (int t = 1; t <= plan->teams; t++)
		proof.tokens[t] = (uint32_t)PROOF_TOKEN_FIRST << 24 | (randombytes_random() & 0xffffff);
	collect_places(&proof);
	struct seals seals = {.range = range, .plan = plan, .team = team, .next = 1};
	begin_seals(&seals);
	int opened = open_cells(&proof, team, err);
	check_spaces(&proof);
	check_seals(&proof, &seals);
	if (opened < 0 || collect_addresses(&proof, err) < 0 || proof_listen(&proof, err) < 0) {
		isolation_finish(isolation);
		return -1;
	}
	collect_outlets(&proof, team);
	knock(&proof);
	check_control(&proof);
	proof_check_losses(&proof);
	return 0;
}
