/* Short hands for tests that feed events to the score and the views. */
#ifndef TORIDE_TESTS_JOURNAL_H
#define TORIDE_TESTS_JOURNAL_H

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/event.h"
#include "scoreboard/score.h"

struct happening { /* one event of a story; the body is JSON */
	int64_t at_ms;
	const char *kind, *body;
};

static inline struct event *happening_event(const struct happening *happening, int team, int64_t seq, const char *actor)
{
	json_error_t fault;
	json_t *body = json_loads(happening->body, 0, &fault);
	if (!body) {
		fprintf(stderr, "test: %s: %s\n", happening->body, fault.text);
		abort();
	}
	struct event *event = event_create(team, happening->at_ms, happening->kind, actor, body);
	event->seq = seq;
	event->wall_ms = 1700000000000 + happening->at_ms;
	return event;
}

static inline void feed(struct score *score, const struct happening *story, size_t count, int team)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_event struct event *event = happening_event(&story[i], team, (int64_t)i + 1, "test");
		score_apply(score, event);
	}
}

#define STEP_DONE_AT(at, id, host)                                                                                               \
	{at, "truth.step",                                                                                                       \
	 "{\"step\":\"" id "\",\"phase\":\"begin\",\"ability\":\"a\",\"technique\":\"T1\",\"host\":\"" host "\"}"},              \
	{                                                                                                                        \
		at, "truth.step",                                                                                                \
			"{\"step\":\"" id "\",\"phase\":\"end\",\"ability\":\"a\",\"technique\":\"T1\",\"host\":\"" host         \
			"\",\"outcome\":\"done\"}"                                                                               \
	}
#define STEP_ENDS(at, id, how)                                                                                                   \
	{                                                                                                                        \
		at, "truth.step",                                                                                                \
			"{\"step\":\"" id                                                                                        \
			"\",\"phase\":\"end\",\"ability\":\"a\",\"technique\":\"T1\",\"host\":\"h\",\"outcome\":\"" how "\"}"    \
	}
#define TRACE(at, id, found)                                                                                                     \
	{                                                                                                                        \
		at, "truth.trace", "{\"step\":\"" id "\",\"host\":\"h\",\"file\":\"/f\",\"found\":" found "}"                    \
	}
#define PROBE(at, id, holds, held)                                                                                               \
	{                                                                                                                        \
		at, "state.probe", "{\"objective\":\"" id "\",\"holds\":" holds ",\"held_ms\":" held "}"                         \
	}
#define CALL(at)                                                                                                                 \
	{                                                                                                                        \
		at, "inject.sent", "{\"inject\":\"call\"}"                                                                       \
	}
#define CLAIM(at, id, value)                                                                                                     \
	{                                                                                                                        \
		at, "claim.made", "{\"objective\":\"" id "\",\"value\":" value "}"                                               \
	}
#define REPORT(at, fields)                                                                                                       \
	{                                                                                                                        \
		at, "report.sent", "{\"duty\":\"first-report\",\"fields\":" fields "}"                                           \
	}
#define HINT(at, id)                                                                                                             \
	{                                                                                                                        \
		at, "hint.taken", "{\"objective\":\"" id "\",\"hint\":0}"                                                        \
	}
#define ENDED                                                                                                                    \
	{                                                                                                                        \
		300000, "clock.ended", "{}"                                                                                      \
	}

#define FULL_REPORT                                                                                                              \
	"{\"affected\":\"pc-tanaka\",\"indicators\":[\"203.0.113.66\"],\"type\":\"malware\",\"measures\":\"blocked at the "      \
	"firewall\"}"

/* What the attack does, and the perfect team's answers, each in time. */
#define ATTACK                                                                                                                   \
	STEP_DONE_AT(5000, "lure", "attacker"), STEP_DONE_AT(15000, "open", "pc-tanaka"), TRACE(15500, "open", "true"),          \
		PROBE(1000, "cut-off", "false", "0"), STEP_DONE_AT(17000, "beacon", "pc-tanaka"),                                \
		TRACE(17500, "beacon", "true"), CALL(40000)
#define PERFECT                                                                                                                  \
	CLAIM(70000, "patient-zero", "{\"host\":\"pc-tanaka\"}"), CLAIM(80000, "c2", "{\"indicators\":[\"203.0.113.66\"]}"),     \
		PROBE(90000, "cut-off", "true", "0"), PROBE(110000, "cut-off", "true", "20000"),                                 \
		CLAIM(120000, "cut-off", "{\"measure\":\"fw-edge: drop 203.0.113.66\"}"), REPORT(130000, FULL_REPORT)

#endif
