/* The judgement, pure: what is expected against what was found, put together so that a person can read it. */
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/verify.h"

enum verdict verify_judge(enum reach_kind expected, enum reach_found found, bool dormant)
{
	static const bool gets_there[] = {
		[FOUND_ANSWERS] = true, [FOUND_REFUSED] = true, [FOUND_SILENT] = true, [FOUND_NO_ROUTE] = false};
	if (found == FOUND_UNKNOWN)
		return VERDICT_UNKNOWN;
	bool as_planned =
		expected != REACH_OPEN ? !gets_there[found] : found == FOUND_ANSWERS || (dormant && found == FOUND_REFUSED);
	return as_planned ? VERDICT_AS_PLANNED : VERDICT_DIFFERS;
}

char verify_letter(const struct verify_cell *cell)
{
	if (cell->differ)
		return '!';
	if (cell->unknown)
		return '?';
	if (!cell->open && !cell->closed)
		return ' ';
	return !cell->closed ? '+' : !cell->open ? '.' : '~';
}

struct verify_pair *verify_pairs(const struct scenario *scenario, size_t *count)
{
	struct verify_pair *pairs = NULL;
	*count = 0;
	for (size_t f = 0; f < scenario->hosts_count; f++) {
		for (size_t t = 0; t < scenario->hosts_count; t++) {
			const struct host *from = &scenario->hosts[f], *to = &scenario->hosts[t];
			for (size_t s = 0; from != to && s < to->role->services_count; s++) {
				const struct role_service *service = &to->role->services[s];
				struct verify_pair *pair = array_add(&pairs, count);
				pair->expected = reach_expected(scenario, from, to, service);
				pair->service = service;
				pair->probe =
					(struct reach_probe){.from = from,
							     .to = to,
							     .address = pair->expected.address,
							     .port = scenario_service_port(to, service),
							     .udp = service->udp,
							     .wanted = pair->expected.kind == REACH_OPEN && !to->role->dormant};
				/* No way leads there by the plan: one that is there all the same leads to the first address. */
				if (!pair->probe.address)
					pair->probe.address = to->nics_count ? to->nics[0].address : 0;
			}
		}
	}
	return pairs;
}

/* ---- what differs ---- */

static char *found_text(const struct scenario *scenario, const struct reach_probe *probe)
{
	static const char *const texts[] = {
		[FOUND_UNKNOWN] = "could not be measured",
		[FOUND_ANSWERS] = "it answers",
		[FOUND_REFUSED] = "it arrives, but nobody listens there",
		[FOUND_SILENT] = "it arrives, but no answer comes back",
		[FOUND_LOST] = "it does not arrive",
		[FOUND_REJECTED] = "it is sent back",
		[FOUND_NO_ROUTE] = "the source knows no way there",
	};
	struct address_text address;
	if (probe->found != FOUND_REJECTED)
		return xstrdup(texts[probe->found]);
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t n = 0; n < scenario->hosts[i].nics_count; n++)
			if (scenario->hosts[i].nics[n].address == probe->by)
				return xasprintf("%s by %s", texts[FOUND_REJECTED], scenario->hosts[i].name);
	return xasprintf("%s by %s", texts[FOUND_REJECTED], address_text(probe->by, &address));
}

static bool is_same(const json_t *difference, const json_t *other)
{
	static const char *const keys[] = {"to", "service", "address", "expected", "found"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!json_equal(json_object_get(difference, keys[i]), json_object_get(other, keys[i])))
			return false;
	return true;
}

/* What is the same but for the source is one difference: a service that is down is one line, not one for each host. */
static bool add_difference(json_t *differences, const struct scenario *scenario, const struct verify_pair *pair)
{
	struct address_text address;
	cleanup_free char *expected = reach_text(&pair->expected), *found = found_text(scenario, &pair->probe);
	cleanup_json json_t *difference = json_pack(
		"{s:[s], s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "from", pair->probe.from->name, "to", pair->probe.to->name,
		"service", pair->service->name, "port", pair->probe.port, "protocol", pair->probe.udp ? "udp" : "tcp", "address",
		address_text(pair->probe.address, &address), "expected", expected, "found", found);
	size_t i;
	json_t *other;
	json_array_foreach (differences, i, other) {
		if (!is_same(difference, other))
			continue;
		json_array_extend(json_object_get(other, "from"), json_object_get(difference, "from"));
		return true;
	}
	return json_array_size(differences) < VERIFY_DIFFERENCES_MAX && json_array_append(differences, difference) == 0;
}

/* "pc-tanaka, pc-sato and 3 more → proxy, http-proxy (198.51.100.8, 3128/tcp): reachable by the plan; it does not arrive" */
static void add_texts(json_t *differences)
{
	enum { NAMED = 4 };
	size_t i, n;
	json_t *difference, *name;
	json_array_foreach (differences, i, difference) {
		cleanup_free char *names = xstrdup("");
		const json_t *from = json_object_get(difference, "from");
		json_array_foreach (from, n, name) {
			if (n == NAMED && json_array_size(from) > NAMED + 1)
				break;
			char *longer = xasprintf("%s%s%s", names, n ? ", " : "", json_string_value(name));
			free(names);
			names = longer;
		}
		cleanup_free char *more =
			n < json_array_size(from) ? xasprintf(" and %zu more", json_array_size(from) - n) : xstrdup("");
		const char *to, *service, *address, *protocol, *expected, *found;
		int port;
		json_unpack(difference, "{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "to", &to, "service", &service, "address",
			    &address, "protocol", &protocol, "expected", &expected, "found", &found, "port", &port);
		cleanup_free char *text = xasprintf("%s%s → %s, %s (%s, %d/%s): %s by the plan; found: %s", names, more, to,
						    service, address, port, protocol, expected, found);
		json_object_set_new(difference, "text", json_string(text));
	}
}

/* ---- a team ---- */

static json_t *rows_json(const struct scenario *scenario, const struct verify_cell *cells)
{
	json_t *rows = json_array();
	for (size_t f = 0; f < scenario->hosts_count; f++) {
		cleanup_free char *row = xcalloc(scenario->hosts_count + 1, 1);
		for (size_t t = 0; t < scenario->hosts_count; t++)
			row[t] = verify_letter(&cells[f * scenario->hosts_count + t]);
		json_array_append_new(rows, json_string(row));
	}
	return rows;
}

json_t *verify_team_json(const struct scenario *scenario, int team, const struct verify_pair *pairs, size_t count)
{
	cleanup_free struct verify_cell *cells = xcalloc(scenario->hosts_count * scenario->hosts_count + 1, sizeof *cells);
	json_t *differences = json_array();
	size_t differ = 0, unknown = 0, answered = 0, more = 0;
	int64_t answered_ms = 0;
	for (size_t i = 0; i < count; i++) {
		const struct verify_pair *pair = &pairs[i];
		size_t from = (size_t)(pair->probe.from - scenario->hosts), to = (size_t)(pair->probe.to - scenario->hosts);
		struct verify_cell *cell = &cells[from * scenario->hosts_count + to];
		enum verdict verdict = verify_judge(pair->expected.kind, pair->probe.found, pair->probe.to->role->dormant);
		cell->open += pair->expected.kind == REACH_OPEN;
		cell->closed += pair->expected.kind != REACH_OPEN;
		cell->differ += verdict == VERDICT_DIFFERS;
		cell->unknown += verdict == VERDICT_UNKNOWN;
		differ += verdict == VERDICT_DIFFERS;
		unknown += verdict == VERDICT_UNKNOWN;
		if (verdict == VERDICT_DIFFERS)
			more += !add_difference(differences, scenario, pair);
		if (!pair->probe.wanted || pair->probe.found != FOUND_ANSWERS)
			continue;
		answered++;
		answered_ms = pair->probe.after_ms > answered_ms ? pair->probe.after_ms : answered_ms;
	}
	add_texts(differences);
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I}", "team", team, "pairs", (json_int_t)count, "differ",
			 (json_int_t)differ, "unknown", (json_int_t)unknown, "answered", (json_int_t)answered, "answered_ms",
			 (json_int_t)answered_ms, "rows", rows_json(scenario, cells), "differences", differences, "more",
			 (json_int_t)more);
}

/* ---- what does not hold ---- */

static void add_failure(json_t *failures, size_t *count, int team, const char *host, const char *text)
{
	if (++*count > VERIFY_FAILURES_MAX)
		return;
	cleanup_free char *line = team && host ? xasprintf("team %d: host '%s': %s", team, host, text)
				  : team       ? xasprintf("team %d: %s", team, text)
					       : xstrdup(text);
	json_array_append_new(failures, json_string(line));
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

json_t *verify_failures(const json_t *result)
{
	json_t *failures = json_array(), *team, *entry;
	const json_t *isolation = json_object_get(result, "isolation");
	size_t count = 0, i, k;
	json_array_foreach (json_object_get(isolation, "findings"), i, entry)
		add_failure(failures, &count, (int)json_integer_value(json_object_get(entry, "team")), text_of(entry, "host"),
			    text_of(entry, "text"));
	json_array_foreach (json_object_get(result, "teams"), i, team) {
		int number = (int)json_integer_value(json_object_get(team, "team"));
		if (json_is_true(json_object_get(team, "begun")))
			continue;
		json_array_foreach (json_object_get(team, "not_running"), k, entry)
			add_failure(failures, &count, number, json_string_value(entry), "is not running");
		json_array_foreach (json_object_get(team, "differences"), k, entry)
			add_failure(failures, &count, number, NULL, text_of(entry, "text"));
		count += (size_t)json_integer_value(json_object_get(team, "more"));
	}
	count += (size_t)json_integer_value(json_object_get(isolation, "more"));
	if (count > VERIFY_FAILURES_MAX) {
		cleanup_free char *rest = xasprintf("and %zu more", count - VERIFY_FAILURES_MAX);
		json_array_append_new(failures, json_string(rest));
	}
	return failures;
}
