/*
 * What a team sees: its own line, its briefing, inbox, network, objectives, duties and timeline. Built up from what it may know,
 * never by taking away from what the instructor sees.
 */
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

static json_t *languages(const struct scenario *scenario)
{
	json_t *list = json_array();
	if (scenario->has_ja)
		json_array_append_new(list, json_string("ja"));
	if (scenario->has_en)
		json_array_append_new(list, json_string("en"));
	return list;
}

/* ---- network ---- */

/* Where the team has no access it knows neither addresses nor what the host is for: whoever attacks is among those. */
static json_t *host_json(const struct host *host)
{
	static const char *const access[] = {[ACCESS_NONE] = "none", [ACCESS_USER] = "user", [ACCESS_ROOT] = "root"};
	bool known = host->access != ACCESS_NONE;
	json_t *addresses = json_array(), *attached = json_array();
	for (size_t i = 0; i < host->nics_count; i++) {
		struct address_text address;
		if (known)
			json_array_append_new(addresses, json_string(address_text(host->nics[i].address, &address)));
		for (size_t m = 0; known && m < host->nics[i].more_count; m++)
			json_array_append_new(addresses, json_string(address_text(host->nics[i].more[m], &address)));
		json_array_append_new(attached, json_string(host->nics[i].network->name));
	}
	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o}", "name", host->name, "label", view_text(&host->label), "role",
			 known ? host->role->name : "", "access", access[host->access], "addresses", addresses, "networks",
			 attached);
}

static json_t *hosts(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->hosts_count; i++)
		json_array_append_new(list, host_json(&scenario->hosts[i]));
	return list;
}

/* ---- objectives and duties ---- */

static const char *match_name(enum match match)
{
	static const char *const names[] = {[MATCH_EXACT] = "exact", [MATCH_SET] = "set", [MATCH_TIME] = "time"};
	return names[match];
}

static json_t *claim_fields(const struct objective *objective)
{
	json_t *list = json_array();
	for (size_t i = 0; objective->kind == OBJECTIVE_CLAIM && i < objective->fields_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", objective->fields[i].name, "match",
						      match_name(objective->fields[i].match)));
	return list;
}

static json_t *hints(const struct objective *objective, const json_t *taken)
{
	json_t *list = json_array();
	for (size_t i = 0; i < objective->hints_count; i++) {
		cleanup_free char *key = xasprintf("%s %zu", objective->id, i);
		bool is_taken = json_object_get(taken, key) != NULL;
		json_array_append_new(list, json_pack("{s:i, s:i, s:b, s:o}", "index", (int)i, "cost_milli",
						      objective->hints[i].cost_points * 1000, "taken", is_taken, "text",
						      is_taken ? view_text(&objective->hints[i].text) : json_null()));
	}
	return list;
}

static json_t *objective_json(const struct objective *objective, const json_t *scored, const struct view_team_state *state)
{
	static const char *const kinds[] = {
		[OBJECTIVE_CLAIM] = "claim", [OBJECTIVE_STATE] = "state", [OBJECTIVE_MANUAL] = "manual"};
	static const char *const keys[] = {"phase",	 "max_milli",	"points_milli", "state", "at_ms",
					   "full_by_ms", "floor_at_ms", "why",		NULL};
	json_t *json =
		json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}", "id", objective->id, "title", view_text(&objective->title), "kind",
			  kinds[objective->kind], "fields", claim_fields(objective), "hints", hints(objective, state->hints),
			  "claims", view_last(json_object_get(scored, "claims"), VIEW_CLAIMS_MAX, VIEW_CLAIMS_BYTES));
	view_copy(json, scored, keys);
	return json;
}

static json_t *duty_fields(const struct duty *duty)
{
	json_t *list = json_array();
	for (size_t i = 0; i < duty->fields_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:b, s:s}", "name", duty->fields[i].name, "required",
						      duty->fields[i].required, "match", match_name(duty->fields[i].match)));
	return list;
}

static json_t *duty_json(const struct duty *duty, const json_t *scored, int64_t sent_ms)
{
	static const char *const keys[] = {"due_ms", "max_milli", "points_milli", "state", "provisional", "why", NULL};
	json_t *json = json_pack("{s:s, s:o, s:o, s:o, s:o}", "id", duty->id, "title", view_text(&duty->title), "to",
				 view_contact(duty->to), "fields", duty_fields(duty), "sent_at_ms",
				 sent_ms < 0 ? json_null() : json_integer(sent_ms));
	view_copy(json, scored, keys);
	return json;
}

json_t *view_team(const struct view *view, int team)
{
	const struct scenario *scenario = view->scenario;
	const struct view_team_state *state = &view->states[team - 1];
	const json_t *scored = view_scored(view, team);
	json_t *objectives = json_array(), *duties = json_array();
	for (size_t i = 0; i < scenario->objectives_count; i++)
		json_array_append_new(objectives,
				      objective_json(&scenario->objectives[i],
						     json_array_get(json_object_get(scored, "objectives"), i), state));
	for (size_t i = 0; i < scenario->duties_count; i++)
		json_array_append_new(duties, duty_json(&scenario->duties[i],
							json_array_get(json_object_get(scored, "duties"), i), state->sent_ms[i]));
	json_t *json = view_team_line(view, team);
	cleanup_json json_t *more =
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:O}", "exercise", view->exercise, "title",
			  view_text(&scenario->title), "languages", languages(scenario), "briefing_html",
			  view_markdown(&scenario->briefing), "inbox", view_last(state->inbox, VIEW_INBOX_MAX, VIEW_INBOX_BYTES),
			  "network", "networks", view_networks(scenario), "hosts", hosts(scenario), "objectives", objectives,
			  "duties", duties, "timeline", json_deep_copy(state->timeline), "why", json_object_get(scored, "why"));
	json_object_update(json, more);
	return json;
}
