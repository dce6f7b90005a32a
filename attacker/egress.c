/* The guard's look at the range as it is: does a guest reach anything outside? */
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
	int64_t *good_until_ms; /* [team - 1][host], monotonic; 0: not known */
};

struct egress *egress_create(struct range *range, const struct plan *plan)
{
	struct egress *egress = xcalloc(1, sizeof *egress);
	egress->range = range;
	egress->plan = plan;
	pthread_mutex_init(&egress->lock, NULL);
	egress->good_until_ms = xcalloc((size_t)plan->teams * plan->scenario->hosts_count + 1, sizeof *egress->good_until_ms);
	return egress;
}

void egress_destroy(struct egress *egress)
{
	if (!egress)
		return;
	pthread_mutex_destroy(&egress->lock);
	free(egress->good_until_ms);
	free(egress);
}

static bool verdict_holds(struct egress *egress, size_t place)
{
	pthread_mutex_lock(&egress->lock);
	bool holds = egress->good_until_ms[place] > monotonic_ms();
	pthread_mutex_unlock(&egress->lock);
	return holds;
}

static void verdict_keep(struct egress *egress, size_t place)
{
	pthread_mutex_lock(&egress->lock);
	egress->good_until_ms[place] = monotonic_ms() + EGRESS_VERDICT_MS;
	pthread_mutex_unlock(&egress->lock);
}

int egress_check(struct egress *egress, int team, const struct host *host, struct error **err)
{
	const struct scenario *scenario = egress->plan->scenario;
	size_t place = (size_t)(team - 1) * scenario->hosts_count + (size_t)(host - scenario->hosts);
	if (verdict_holds(egress, place))
		return 0;
	uint32_t outside = guard_outside(scenario);
	if (!outside)
		return error_set(
			err,
			"the range's networks hold every documentation address, so none is left to prove that it has no way out: "
			"leave 192.0.2.0/24 free");
	struct address_text buffer;
	struct guest_id guest = {egress->plan->exercise, team, host->name};
	struct probe_request probe = {
		.from = &guest, .address = address_text(outside, &buffer), .port = EGRESS_PORT, .timeout_ms = EGRESS_TIMEOUT_MS};
	cleanup_error struct error *cause = NULL;
	switch (range_probe(egress->range, &probe, &cause)) {
	case PROBE_NOT_REACHED:
		verdict_keep(egress, place);
		return 0;
	case PROBE_REACHED:
		return error_set(err, "host '%s' reaches %s, which is outside the range: no attack runs while there is a way out",
				 host->name, probe.address);
	default:
		return error_set(err, "host '%s': whether it has a way out cannot be found out: %s", host->name,
				 error_text(cause));
	}
}
