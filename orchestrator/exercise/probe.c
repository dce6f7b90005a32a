#include "orchestrator/exercise/probe.h"

static const struct probe_note nothing = {.write = false};

void probe_init(struct probe *probe, int64_t holds_ms, int64_t first_ms)
{
	*probe = (struct probe){
		.holds_ms = holds_ms, .written = PROBE_SEEN_NOTHING, .guess = PROBE_SEEN_NOTHING, .next_ms = first_ms};
}

void probe_arm(struct probe *probe, int64_t now_ms)
{
	if (probe->armed)
		return;
	probe->armed = true;
	probe->armed_ms = now_ms;
	probe->next_ms = now_ms;
}

static struct probe_note note(struct probe *probe, enum probe_seen seen, int64_t now_ms)
{
	probe->written = seen;
	return (struct probe_note){
		.write = true, .holds = seen, .held_ms = seen == PROBE_SEEN_YES ? now_ms - probe->since_ms : 0};
}

/* One that could not run says nothing: what held goes on holding, until too many in a row did not run. */
static struct probe_note unknown_result(struct probe *probe, int64_t now_ms)
{
	const bool settled = ++probe->unknown >= PROBE_UNKNOWN_MAX;
	probe->next_ms = now_ms + (settled ? PROBE_INTERVAL_MS : PROBE_CONFIRM_MS);
	if (!settled || probe->written == PROBE_SEEN_UNKNOWN)
		return nothing;
	probe->guess = PROBE_SEEN_NOTHING;
	probe->held = false;
	return note(probe, PROBE_SEEN_UNKNOWN, now_ms);
}

static struct probe_note no_result(struct probe *probe, int64_t now_ms)
{
	probe->armed = true;
	probe->held = false;
	probe->next_ms = now_ms + PROBE_INTERVAL_MS;
	return probe->written == PROBE_SEEN_NO ? nothing : note(probe, PROBE_SEEN_NO, now_ms);
}

static struct probe_note yes_result(struct probe *probe, const struct probe_look *look)
{
	const bool begins = probe->written != PROBE_SEEN_YES;
	const bool ends = !probe->held && look->begun_ms - probe->since_ms >= probe->holds_ms;
	const int64_t end_ms = probe->since_ms + probe->holds_ms;
	probe->held = probe->held || ends;
	probe->next_ms = look->ended_ms + (probe->held ? PROBE_INTERVAL_MS : PROBE_NEAR_MS);
	if (!probe->held && end_ms < probe->next_ms) /* neither late nor early for "for as long as it must" */
		probe->next_ms = end_ms > look->ended_ms ? end_ms : look->ended_ms;
	return begins || ends ? note(probe, PROBE_SEEN_YES, look->ended_ms) : nothing;
}

struct probe_note probe_result(struct probe *probe, const struct probe_look *look)
{
	const enum probe_seen seen = look->seen;
	if (seen == PROBE_SEEN_UNKNOWN)
		return unknown_result(probe, look->ended_ms);
	const bool counts = seen == PROBE_SEEN_NO || probe->armed;
	const bool changes = counts && probe->written != seen;
	const bool confirmed = probe->guess == seen;
	probe->unknown = 0;
	probe->next_ms = look->ended_ms + PROBE_INTERVAL_MS;
	probe->guess = PROBE_SEEN_NOTHING;
	if (!counts)
		return nothing;
	if (changes && !confirmed && seen == PROBE_SEEN_YES)
		probe->since_ms = look->begun_ms > probe->armed_ms ? look->begun_ms : probe->armed_ms;
	if (changes && !confirmed && look->silence) {
		probe->guess = seen;
		probe->next_ms = look->ended_ms + PROBE_CONFIRM_MS;
		return nothing;
	}
	return seen == PROBE_SEEN_YES ? yes_result(probe, look) : no_result(probe, look->ended_ms);
}

void probe_replay(struct probe *probe, enum probe_seen seen, int64_t held_ms, int64_t at_ms)
{
	probe->written = seen;
	probe->armed = probe->armed || seen != PROBE_SEEN_UNKNOWN;
	probe->since_ms = at_ms - held_ms;
	probe->held = seen == PROBE_SEEN_YES && held_ms >= probe->holds_ms;
}
