/* A view that a test feeds events to, and looks into. */
#ifndef TORIDE_TESTS_VIEW_H
#define TORIDE_TESTS_VIEW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "journal.h"
#include "model.h"
#include "scoreboard/view.h"

struct fixture {
	struct model model;
	struct view *view;
	int64_t seq;
};

static inline int setup(void **state)
{
	struct fixture *fixture = xcalloc(1, sizeof *fixture);
	model_fill(&fixture->model);
	fixture->view = view_create(&fixture->model.scenario, "ex", 2);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;
	view_destroy(fixture->view);
	model_finish(&fixture->model);
	free(fixture);
	return 0;
}

static inline void happen_to(struct fixture *fixture, int team, const struct happening *story, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_event struct event *event = happening_event(&story[i], team, ++fixture->seq, "someone");
		view_apply(fixture->view, event);
	}
}
#define HAPPEN(fixture, team, ...)                                                                                               \
	happen_to(fixture, team, (const struct happening[]){__VA_ARGS__},                                                        \
		  sizeof((const struct happening[]){__VA_ARGS__}) / sizeof(struct happening))

/* The keys of an object are these, no more and no fewer. */
static inline void assert_keys(const json_t *object, const char *keys)
{
	cleanup_free char *wanted = xstrdup(keys);
	size_t count = 0;
	for (char *rest, *key = strtok_r(wanted, " ", &rest); key; key = strtok_r(NULL, " ", &rest), count++)
		if (!json_object_get(object, key))
			fail_msg("'%s' is missing", key);
	cleanup_free char *text = json_dumps(object, 0);
	if (json_object_size(object) != count)
		fail_msg("more than '%s' in %s", keys, text);
}

static inline const json_t *at(const json_t *object, const char *path)
{
	cleanup_free char *copy = xstrdup(path);
	for (char *rest, *key = strtok_r(copy, "/", &rest); key; key = strtok_r(NULL, "/", &rest))
		object = json_is_array(object) ? json_array_get(object, (size_t)atoi(key)) : json_object_get(object, key);
	if (!object)
		fail_msg("nothing at '%s'", path);
	return object;
}

static inline const char *text_at(const json_t *object, const char *path)
{
	const char *text = json_string_value(at(object, path));
	return text ? text : "";
}

static inline json_int_t number_at(const json_t *object, const char *path)
{
	assert_true(json_is_integer(at(object, path)));
	return json_integer_value(at(object, path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
