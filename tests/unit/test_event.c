/* Events: the table agrees with docs/events.md; what is written comes back; what is not an event is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/event.h"

static json_t *object(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);
	assert_non_null(value);
	return value;
}

static void round_trip_keeps_every_member(void **state)
{
	(void)state;
	cleanup_event struct event *event = event_create(2, 41000, "inject.sent", "desk", object("{\"inject\":\"call\"}"));
	assert_true(event->wall_ms > 1600000000000);
	assert_int_equal(event->seq, 0);
	event->seq = 7;
	cleanup_json json_t *json = event_to_json(event);
	cleanup_event struct event *back = NULL;
	cleanup_error struct error *err = NULL;
	assert_int_equal(event_from_json(json, &back, &err), 0);
	cleanup_json json_t *again = event_to_json(back);
	assert_true(json_equal(json, again));
	assert_int_equal(json_object_size(json), 7);
	assert_int_equal(back->seq, 7);
	assert_int_equal(back->team, 2);
	assert_int_equal(back->at_ms, 41000);
	assert_string_equal(back->kind, "inject.sent");
	assert_string_equal(back->actor, "desk");
}

static void what_is_no_event_is_refused_with_its_reason(void **state)
{
	(void)state;
	static const struct {
		const char *json, *says;
	} cases[] = {
		{"[]", "not an event"},
		{"{}", "not an event"},
		{"{\"seq\":\"1\",\"wall_ms\":1,\"team\":0,\"at_ms\":-1,\"kind\":\"clock.started\",\"actor\":\"a\",\"body\":{}}",
		 "not an event"},
		{"{\"seq\":1,\"wall_ms\":1,\"team\":-1,\"at_ms\":-1,\"kind\":\"clock.started\",\"actor\":\"a\",\"body\":{}}",
		 "below"},
		{"{\"seq\":1,\"wall_ms\":1,\"team\":0,\"at_ms\":-2,\"kind\":\"clock.started\",\"actor\":\"a\",\"body\":{}}",
		 "below"},
		{"{\"seq\":9,\"wall_ms\":1,\"team\":0,\"at_ms\":-1,\"kind\":\"clock.broken\",\"actor\":\"a\",\"body\":{}}",
		 "event 9: unknown kind 'clock.broken'"},
		{"{\"seq\":9,\"wall_ms\":1,\"team\":0,\"at_ms\":-1,\"kind\":\"clock.started\",\"actor\":\"a\",\"body\":[]}",
		 "not an object"},
		{"{\"seq\":9,\"wall_ms\":1,\"team\":0,\"at_ms\":-1,\"kind\":\"inject.sent\",\"actor\":\"a\",\"body\":{}}",
		 "lacks 'inject'"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *json = object(cases[i].json);
		struct event *event = NULL;
		cleanup_error struct error *err = NULL;
		assert_int_equal(event_from_json(json, &event, &err), -1);
		assert_null(event);
		if (!strstr(error_text(err), cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error_text(err), cases[i].says);
	}
}

/* Looks for the kind and its keys in the document's table: `kind` in the first cell of a row, every required key in backquotes on
 * it. */
static void every_kind_stands_in_the_document(void **state)
{
	(void)state;
	cleanup_file FILE *file = fopen("docs/events.md", "r");
	assert_non_null(file);
	char text[16384];
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	size_t kinds = 0;
	for (const struct event_kind *kind = event_kinds; kind->name; kind++, kinds++) {
		cleanup_free char *name = xasprintf("`%s`", kind->name);
		const char *at = strstr(text, name);
		if (!at) {
			fail_msg("docs/events.md lacks %s", name);
			return;
		}
		cleanup_free char *row = xstrndup(at, strcspn(at, "\n"));
		for (const char *const *key = kind->required; *key; key++) {
			cleanup_free char *quoted = xasprintf("`%s`", *key);
			if (!strstr(row, quoted))
				fail_msg("docs/events.md: %s lacks %s", name, quoted);
		}
	}
	size_t documented = 0;
	for (const char *row = text; (row = strstr(row, "\n| `")); row++)
		for (const char *at = row + 3, *end = strchr(at, '|'); (at = strchr(at, '`')) && at < end;
		     at = strchr(at + 1, '`') + 1)
			documented++;
	assert_int_equal(kinds, documented);
}

static void aborts(const char *kind, const char *body)
{
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		fclose(stderr);
		event_create(1, 0, kind, "test", object(body));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void making_a_wrong_event_is_a_bug(void **state)
{
	(void)state;
	aborts("no.such", "{}");
	aborts("inject.sent", "{}");
	aborts("clock.started", "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_keeps_every_member),
		cmocka_unit_test(what_is_no_event_is_refused_with_its_reason),
		cmocka_unit_test(every_kind_stands_in_the_document),
		cmocka_unit_test(making_a_wrong_event_is_a_bug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
