/* The guard's look at the range as it is: does anything lead out, and does a guest reach anything outside? */
#include <pthread.h>
#include <string.h>

#include "attacker/guard.h"
#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"

struct egress {
	struct range *range;
	const struct plan *plan;
	pthread_mutex_t lock;
	struct verdict {
		int64_t good_until_ms; /* monotonic; 0: not known */
		bool told;	       /* that somebody inside answers for the outside */
	} * verdicts;		       /* [team - 1][host] */
};

struct egress *egress_create(struct range *range, const struct plan *plan)
{
	struct egress *egress = xcalloc(1, sizeof *egress);
	egress->range = range;
	egress->plan = plan;
	pthread_mutex_init(&egress->lock, NULL);
	egress->verdicts = xcalloc((size_t)plan->teams * plan->scenario->hosts_count + 1, sizeof *egress->verdicts);
	return egress;
}

void egress_destroy(struct egress *egress)
{
	if (!egress)
		return;
	pthread_mutex_destroy(&egress->lock);
	free(egress->verdicts);
	free(egress);
}

static bool verdict_holds(struct egress *egress, size_t place)
{
	pthread_mutex_lock(&egress->lock);
	bool holds = egress->verdicts[place].good_until_ms > monotonic_ms();
	pthread_mutex_unlock(&egress->lock);
	return holds;
}

/* True: this is news. */
static bool verdict_keep(struct egress *egress, size_t place, bool answered)
{
	struct verdict *verdict = &egress->verdicts[place];
	pthread_mutex_lock(&egress->lock);
	bool news = answered && !verdict->told;
	*verdict = (struct verdict){.good_until_ms = monotonic_ms() + EGRESS_VERDICT_MS, .told = answered};
	pthread_mutex_unlock(&egress->lock);
	return news;
}

/* 1: an address outside of the range answers; 0: it does not; -1: it cannot be found out. */
static int reaches_outside(struct egress *egress, int team, const struct host *host, uint32_t outside, struct error **err)
{
	struct address_text buffer;
	const struct guest_id guest = {egress->plan->exercise, team, host->name};
	const struct probe_request probe = {
		.from = &guest, .address = address_text(outside, &buffer), .port = EGRESS_PORT, .timeout_ms = EGRESS_TIMEOUT_MS};
	switch (range_probe(egress->range, &probe, err)) {
	case PROBE_NOT_REACHED:
		return 0;
	case PROBE_REACHED:
		return 1;
	default:
		return error_prefix(err, "whether host '%s' has a way out cannot be found out", host->name);
	}
}

static char *notice_of(const struct host *host, uint32_t outside)
{
	struct address_text buffer;
	return xasprintf(
		"host '%s' gets an answer from %s, which is outside the range, though nothing leads out: a guest of the team has "
		"taken that address, or turns it to itself by a route or NAT. The attack goes on",
		host->name, address_text(outside, &buffer));
}

int egress_check(struct egress *egress, int team, const struct host *host, char **notice, struct error **err)
{
	const struct scenario *scenario = egress->plan->scenario;
	const size_t place = (size_t)(team - 1) * scenario->hosts_count + (size_t)(host - scenario->hosts);
	if (verdict_holds(egress, place))
		return 0;
	if (range_sealed(egress->range, egress->plan, team, err) < 0)
		return error_prefix(err, "no attack runs while there may be a way out");
	const uint32_t outside = guard_outside(scenario);
	if (!outside)
		return error_set(
			err,
			"the range's networks hold every documentation address, so none is left to prove that it has no way out: "
			"leave 192.0.2.0/24 free");
	const int reached = reaches_outside(egress, team, host, outside, err);
	if (reached < 0)
		return -1;
	if (verdict_keep(egress, place, reached) && notice)
		*notice = notice_of(host, outside);
	return 0;
}
