/* What has become of a team's hosts, for the instructor: which cables are pulled, which host is being set back, and which has stopped. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

typedef void host_fn(struct view_host *host, const struct host *is, const struct event *event);

/* ---- cables ---- */

static void set_unplugged(struct view_host *host, const struct host *is, const struct event *event, bool unplugged)
{
	const char *network = view_body_text(event, "network"); /* none: all of the host's */
	for (size_t i = 0; i < is->nics_count; i++)
		if (!*network || strcmp(is->nics[i].network->name, network) == 0)
			host->unplugged[i] = unplugged;
}

static void on_unplugged(struct view_host *host, const struct host *is, const struct event *event)
{
	set_unplugged(host, is, event, true);
}

static void on_plugged(struct view_host *host, const struct host *is, const struct event *event)
{
	set_unplugged(host, is, event, false);
}

/* ---- its life ---- */

static void on_lost(struct view_host *host, const struct host *is, const struct event *event)
{
	(void)is, (void)event;
	host->stopped = true;
}

/* A second reset while one is under way is refused, and ends before it. */
static void on_reset(struct view_host *host, const struct host *is, const struct event *event)
{
	(void)is;
	if (strcmp(view_body_text(event, "phase"), "end") != 0) {
		host->resets++;
		return;
	}
	const char *fault = json_string_value(json_object_get(event->body, "error"));
	cleanup_free char *cut = fault ? view_cut(fault, VIEW_DETAIL_BYTES) : NULL;
	host->resets -= host->resets > 0;
	host->stopped = host->stopped && fault;
	json_decref(host->reset);
	host->reset = json_pack("{s:I, s:O?, s:s?}", "at_ms", (json_int_t)view_at_ms(event), "took_ms",
				json_object_get(event->body, "took_ms"), "error", cut);
}

/* `up` has made it: what was before is past; but an unplugged host stays unplugged. */
static void on_made(struct view_host *host, const struct host *is, const struct event *event)
{
	(void)is;
	if (strcmp(view_body_text(event, "resource"), "guest") != 0 || strcmp(view_body_text(event, "action"), "create") != 0 ||
	    json_object_get(event->body, "error"))
		return;
	host->resets = 0;
	host->stopped = false;
	json_decref(steal(&host->reset));
}

/* ---- the fold ---- */

static const struct {
	const char *kind;
	host_fn *apply;
} handlers[] = {
	{"range.unplugged", on_unplugged}, {"range.plugged", on_plugged}, {"range.lost", on_lost},
	{"range.reset", on_reset},	   {"range.end", on_made},
};

/* Resources are named EXERCISE/tTEAM/HOST. */
static const char *host_name(const struct event *event)
{
	const char *resource = view_body_text(event, "name"), *slash = strrchr(resource, '/');
	return slash ? slash + 1 : view_body_text(event, "host");
}

void view_hosts_apply(const struct scenario *scenario, struct view_host *hosts, const struct event *event)
{
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
		if (strcmp(handlers[i].kind, event->kind) != 0)
			continue;
		const struct host *host = scenario_host(scenario, host_name(event));
		if (host)
			handlers[i].apply(&hosts[host - scenario->hosts], host, event);
	}
}

/* ---- what is shown ---- */

static json_t *unplugged(const struct view_host *host, const struct host *is)
{
	json_t *list = json_array();
	for (size_t i = 0; i < is->nics_count; i++)
		if (host->unplugged[i])
			json_array_append_new(list, json_string(is->nics[i].network->name));
	return list;
}

/* After a reset that failed nobody knows what the host is like. */
static const char *state_of(const struct view_host *host)
{
	if (host->resets > 0)
		return "resetting";
	if (host->stopped)
		return "stopped";
	return json_is_string(json_object_get(host->reset, "error")) ? "failed" : "running";
}

json_t *view_hosts_json(const struct scenario *scenario, const struct view_host *hosts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct view_host *host = &hosts[i];
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:o, s:O?}", "name", scenario->hosts[i].name, "state", state_of(host),
						"unplugged", unplugged(host, &scenario->hosts[i]), "reset", host->reset));
	}
	return list;
}

/* ---- life ---- */

struct view_host *view_hosts_create(const struct scenario *scenario)
{
	struct view_host *hosts = xcalloc(scenario->hosts_count + 1, sizeof *hosts);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		hosts[i].unplugged = xcalloc(scenario->hosts[i].nics_count + 1, sizeof *hosts[i].unplugged);
	return hosts;
}

void view_hosts_destroy(const struct scenario *scenario, struct view_host *hosts)
{
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		free(hosts[i].unplugged);
		json_decref(hosts[i].reset);
	}
	free(hosts);
}
