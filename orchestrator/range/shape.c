#include "orchestrator/range/shape.h"

#include <inttypes.h>
#include <string.h>

#include "common/alloc.h"
#include "orchestrator/host.h"
#include "orchestrator/range/program.h"

enum {
	TC_TIMEOUT_MS = 10000,
	BURST_MS = 10,		/* of a rate, may go at once */
	BURST_BYTES_MIN = 4096, /* two full frames: below, none would ever go */
	QUEUE_MS = 50,		/* how long a frame may wait for its turn, as in a small router */
	NETEM_FRAMES = 4000,	/* on their way: 1 Gbit/s for 50 ms */
};

static bool is_slow_or_lossy(const struct network *network)
{
	return network->delay_ms > 0 || network->loss_milli_percent > 0;
}

/* Tried when it first matters (by two at the same time, at worst), then known. */
static bool can_delay(struct range *range)
{
	pthread_mutex_lock(&range->lock);
	enum delays known = range->delays;
	pthread_mutex_unlock(&range->lock);
	if (known != DELAYS_UNKNOWN)
		return known == DELAYS_YES;
	bool can = host_can_delay();
	pthread_mutex_lock(&range->lock);
	range->delays = can ? DELAYS_YES : DELAYS_NO;
	pthread_mutex_unlock(&range->lock);
	return can;
}

/* One line for `tc -batch` (tc-tbf(8), tc-netem(8)); NULL: nothing to do. */
static char *discipline(const struct network *network, const char *port, bool delays)
{
	if (delays) {
		cleanup_free char *rate =
			network->rate_bits ? xasprintf(" rate %" PRId64 "bit", network->rate_bits) : xstrdup("");
		return xasprintf("qdisc replace dev %s root netem limit %d delay %" PRId64 "ms loss %d.%03d%%%s\n", port,
				 NETEM_FRAMES, network->delay_ms, network->loss_milli_percent / 1000,
				 network->loss_milli_percent % 1000, rate);
	}
	if (!network->rate_bits)
		return NULL;
	int64_t burst = network->rate_bits / 8 * BURST_MS / 1000;
	return xasprintf("qdisc replace dev %s root tbf rate %" PRId64 "bit burst %" PRId64 " latency %dms\n", port,
			 network->rate_bits, burst > BURST_BYTES_MIN ? burst : BURST_BYTES_MIN, QUEUE_MS);
}

int shape_ports(struct range *range, const struct nic *nics, size_t count, const char (*ports)[IFNAME_MAX], struct error **err)
{
	static const char *const argv[] = {"tc", "-batch", "-", NULL};
	cleanup_free char *lines = xstrdup("");
	for (size_t i = 0; i < count; i++) {
		const struct network *network = nics[i].network;
		cleanup_free char *line = discipline(network, ports[i], is_slow_or_lossy(network) && can_delay(range));
		if (!line)
			continue;
		char *longer = xasprintf("%s%s", lines, line);
		free(lines);
		lines = longer;
	}
	if (!*lines)
		return 0;
	const struct program program = {.argv = argv, .input = lines, .timeout_ms = TC_TIMEOUT_MS};
	cleanup_free char *said = NULL;
	int status = program_run(&program, &said, err);
	if (status < 0)
		return error_prefix(err, "make its networks slower (tc)");
	return status == 0 ? 0 : error_set(err, "make its networks slower: tc: %.*s", (int)strcspn(said, "\n"), said);
}

char *range_lacks(struct range *range, const struct plan *plan)
{
	const struct scenario *scenario = plan->scenario;
	cleanup_free char *names = xstrdup("");
	for (size_t i = 0; i < scenario->networks_count; i++) {
		if (!is_slow_or_lossy(&scenario->networks[i]))
			continue;
		char *longer = xasprintf("%s%s'%s'", names, *names ? ", " : "", scenario->networks[i].name);
		free(names);
		names = longer;
	}
	if (!*names || can_delay(range))
		return NULL;
	return xasprintf("this host's kernel cannot delay or lose packets (no sch_netem): `delay` and `loss` of %s are left out; "
			 "the rest goes on",
			 names);
}
