/*
 * What a team reads of its own doings. A table of the kinds that a team may see: whatever is not in it (the attack, probes, other
 * people's sessions) never gets into a timeline.
 */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

/* {"ja": name + ja, "en": en + name}; a name in one language serves both. */
static json_t *named(const struct text *name, const char *ja, const char *en)
{
	const char *ja_name = name->ja ? name->ja : name->en ? name->en : "", *en_name = name->en ? name->en : ja_name;
	cleanup_free char *ja_text = xasprintf("%s%s", ja_name, ja), *en_text = xasprintf("%s%s", en, en_name);
	return json_pack("{s:s, s:s}", "ja", ja_text, "en", en_text);
}

static json_t *fixed(const char *ja, const char *en)
{
	return json_pack("{s:s, s:s}", "ja", ja, "en", en);
}

static json_t *clock_started(const struct view *view, const struct event *event)
{
	(void)view, (void)event;
	return fixed("開始", "started");
}

static json_t *clock_paused(const struct view *view, const struct event *event)
{
	(void)view, (void)event;
	return fixed("一時停止", "paused");
}

static json_t *clock_resumed(const struct view *view, const struct event *event)
{
	(void)view, (void)event;
	return fixed("再開", "resumed");
}

static json_t *clock_ended(const struct view *view, const struct event *event)
{
	(void)view, (void)event;
	return fixed("終了", "ended");
}

static json_t *inject_sent(const struct view *view, const struct event *event)
{
	const struct inject *inject = scenario_inject(view->scenario, view_body_text(event, "inject"));
	return inject && inject->from ? named(&inject->from->name, "から連絡", "message from ") : NULL;
}

static json_t *claim_made(const struct view *view, const struct event *event)
{
	const struct objective *objective = scenario_objective(view->scenario, view_body_text(event, "objective"));
	return objective ? named(&objective->title, ": 主張を提出", "claim: ") : NULL;
}

static json_t *hint_taken(const struct view *view, const struct event *event)
{
	const struct objective *objective = scenario_objective(view->scenario, view_body_text(event, "objective"));
	return objective ? named(&objective->title, ": ヒントを使用", "hint taken: ") : NULL;
}

static json_t *report_sent(const struct view *view, const struct event *event)
{
	const struct duty *duty = scenario_duty(view->scenario, view_body_text(event, "duty"));
	return duty ? named(&duty->title, "を送信", "report sent: ") : NULL;
}

static json_t *report_graded(const struct view *view, const struct event *event)
{
	const struct duty *duty = scenario_duty(view->scenario, view_body_text(event, "duty"));
	return duty ? named(&duty->title, "が採点された", "report graded: ") : NULL;
}

static json_t *adjusted(const struct view *view, const struct event *event)
{
	(void)view;
	const char *reason = view_body_text(event, "reason");
	const struct text text = {(char *)reason, (char *)reason};
	return named(&text, " (講師による調整)", "adjusted by the instructor: ");
}

/* What happens to a host that the team knows. */
static json_t *of_host(const struct view *view, const struct event *event, const char *ja, const char *en)
{
	const struct host *host = scenario_host(view->scenario, view_body_text(event, "host"));
	if (!host || host->access == ACCESS_NONE)
		return NULL;
	const struct text text = {host->name, host->name};
	return named(&text, ja, en);
}

static json_t *range_lost(const struct view *view, const struct event *event)
{
	return of_host(view, event, " が停止", "this machine has stopped: ");
}

static json_t *range_unplugged(const struct view *view, const struct event *event)
{
	return of_host(view, event, " をネットワークから切り離した", "taken off the network: ");
}

static json_t *range_plugged(const struct view *view, const struct event *event)
{
	return of_host(view, event, " をネットワークに戻した", "back on the network: ");
}

static json_t *range_reset(const struct view *view, const struct event *event)
{
	if (strcmp(view_body_text(event, "phase"), "end") != 0 || json_object_get(event->body, "error"))
		return NULL;
	return of_host(view, event, " を初期状態に戻した", "set back to its first state: ");
}

json_t *view_timeline_entry(const struct view *view, const struct event *event)
{
	static const struct {
		const char *kind;
		json_t *(*text)(const struct view *, const struct event *);
	} kinds[] = {
		{"clock.started", clock_started},     {"clock.paused", clock_paused},	{"clock.resumed", clock_resumed},
		{"clock.ended", clock_ended},	      {"inject.sent", inject_sent},	{"claim.made", claim_made},
		{"hint.taken", hint_taken},	      {"report.sent", report_sent},	{"report.graded", report_graded},
		{"referee.adjusted", adjusted},	      {"range.lost", range_lost},	{"range.reset", range_reset},
		{"range.unplugged", range_unplugged}, {"range.plugged", range_plugged},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].kind, event->kind) != 0)
			continue;
		json_t *text = kinds[i].text(view, event);
		return text ? json_pack("{s:I, s:I, s:s, s:o}", "seq", (json_int_t)event->seq, "at_ms",
					(json_int_t)view_at_ms(event), "kind", event->kind, "text", text)
			    : NULL;
	}
	return NULL;
}
