/*
 * Events into the journal, one at a time: append, then apply, then tell.
 *
 * While the journal cannot be written, nothing may count that a replay would not know: every clock stops, commands are refused,
 * and facts that come in from the range all the same (a step that ends) wait here in order. Once it can be written they are, with
 * the clocks' pauses among them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/exercise/engine.h"

struct event *team_event(struct team *team, const char *kind, const char *actor, json_t *body)
{
	return event_create(team->number, team_now_ms(team), kind, actor, body);
}

bool engine_stalled(const struct exercise *exercise)
{
	return exercise->backlog_count > 0;
}

/* Keeps the event unless it was written. */
static int append(struct exercise *exercise, struct event *event, struct error **err)
{
	if (journal_append(exercise->options.journal, event, err) < 0)
		return -1;
	cleanup_error struct error *fault = NULL;
	if (engine_apply(exercise, event, &fault) < 0) /* what was made here always fits: only a bug comes here */
		log_error("event %lld: %s", (long long)event->seq, error_text(fault));
	if (exercise->options.on_event)
		exercise->options.on_event(event, exercise->options.context);
	return 0;
}

static void keep(struct exercise *exercise, struct event *event)
{
	if (exercise->backlog_count < BACKLOG_MAX) {
		*array_add(&exercise->backlog, &exercise->backlog_count) = event;
		return;
	}
	exercise->backlog_lost++;
	event_destroy(event);
}

/* 0 when nothing waits any more. */
static int write_backlog(struct exercise *exercise)
{
	size_t written = 0;
	while (written < exercise->backlog_count && append(exercise, exercise->backlog[written], NULL) == 0)
		event_destroy(exercise->backlog[written++]);
	exercise->backlog_count -= written;
	memmove(exercise->backlog, exercise->backlog + written, exercise->backlog_count * sizeof *exercise->backlog);
	if (exercise->backlog_count > 0)
		return -1;
	free(steal(&exercise->backlog));
	log_info("exercise '%s': the journal can be written again; resume the clocks", exercise->options.plan->exercise);
	if (exercise->backlog_lost > 0)
		log_error("exercise '%s': %zu events did not fit into memory and are lost", exercise->options.plan->exercise,
			  exercise->backlog_lost);
	exercise->backlog_lost = 0;
	return 0;
}

static int on_journal_timer(sd_event_source *source, uint64_t now, void *context)
{
	struct exercise *exercise = context;
	if (write_backlog(exercise) == 0)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	sd_event_source_set_time(source, now + JOURNAL_RETRY_MS * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void retry_later(struct exercise *exercise)
{
	const uint64_t when = (uint64_t)monotonic_us() + JOURNAL_RETRY_MS * 1000;
	int failure = exercise->journal_timer ? sd_event_source_set_time(exercise->journal_timer, when)
					      : sd_event_add_time(exercise->options.loop, &exercise->journal_timer,
								  CLOCK_MONOTONIC, when, 0, on_journal_timer, exercise);
	if (failure >= 0)
		failure = sd_event_source_set_enabled(exercise->journal_timer, SD_EVENT_ONESHOT);
	if (failure < 0) /* the next command or fact tries again, then */
		log_error("exercise '%s': timer: %s", exercise->options.plan->exercise, strerror(-failure));
}

/* Every clock stops; the pauses wait to be written, after what could not be. */
static void stall(struct exercise *exercise, const struct error *why)
{
	const int64_t now_us = monotonic_us();
	log_error("exercise '%s': %s; its clocks are paused until then", exercise->options.plan->exercise, error_text(why));
	for (int i = 0; i < exercise->teams_count; i++) {
		struct team *team = &exercise->teams[i];
		if (!team_runs(team))
			continue;
		clock_pause(&team->clock, now_us);
		keep(exercise, team_event(team, "clock.paused", "orchestrator", json_object()));
	}
	keep(exercise, event_create(0, -1, "alarm.raised", "orchestrator",
				    json_pack("{s:s}", "text",
					      "the journal could not be written (is the disk full?): the clocks were paused")));
	retry_later(exercise);
}

int engine_writable(struct exercise *exercise, struct error **err)
{
	if (!engine_stalled(exercise) || write_backlog(exercise) == 0)
		return 0;
	return error_set_texts(err,
			       "演習の記録をいま書き込めません(ディスクの空きがない可能性があります)"
			       "。何も変えていません。後でもう一度試してください。",
			       "the exercise's journal cannot be written at the moment (is the disk full?): nothing was changed; "
			       "try again later");
}

int exercise_record(struct exercise *exercise, struct event *taken, struct error **err)
{
	cleanup_event struct event *event = taken;
	cleanup_error struct error *fault = NULL;
	if (engine_writable(exercise, err) < 0)
		return -1;
	if (append(exercise, event, &fault) == 0)
		return 0;
	stall(exercise, fault);
	return error_set_texts(err, "演習の記録に書き込めず、時計を止めました: %s", "%s", error_text(fault));
}

void engine_fact(struct exercise *exercise, struct event *taken)
{
	cleanup_event struct event *event = taken;
	cleanup_error struct error *fault = NULL;
	if (engine_writable(exercise, NULL) < 0) {
		keep(exercise, steal(&event));
		return;
	}
	if (append(exercise, event, &fault) == 0)
		return;
	keep(exercise, steal(&event));
	stall(exercise, fault);
}

void team_fact(struct team *team, const char *kind, const char *actor, json_t *body)
{
	engine_fact(team->exercise, team_event(team, kind, actor, body));
}

void team_alarm(struct team *team, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	cleanup_free char *owned = text;
	clean_detail(owned);
	team_fact(team, "alarm.raised", "orchestrator", json_pack("{s:s}", "text", owned));
}

/* The last try; what cannot be written then is said, event by event. */
void record_finish(struct exercise *exercise)
{
	sd_event_source_disable_unref(steal(&exercise->journal_timer));
	if (engine_writable(exercise, NULL) < 0)
		for (size_t i = 0; i < exercise->backlog_count; i++) {
			cleanup_json json_t *json = event_to_json(exercise->backlog[i]);
			cleanup_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
			log_error("exercise '%s': not in the journal: %s", exercise->options.plan->exercise, text);
			event_destroy(exercise->backlog[i]);
		}
	free(steal(&exercise->backlog));
	exercise->backlog_count = 0;
}
