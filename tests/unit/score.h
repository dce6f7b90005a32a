/* For tests of the score: the model (model.h), a story of happenings (journal.h), and what to ask of its result. */
#ifndef TORIDE_TESTS_SCORE_H
#define TORIDE_TESTS_SCORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "journal.h"
#include "model.h"

static inline int setup(void **state)
{
	struct model *model = xcalloc(1, sizeof *model);
	model_fill(model);
	*state = model;
	return 0;
}

static inline int teardown(void **state)
{
	model_finish(*state);
	free(*state);
	return 0;
}

/* The first team's result after a story. */
static inline json_t *result_of(const struct model *model, const struct happening *story, size_t count)
{
	cleanup_score struct score *score = score_create(&model->scenario, 1);
	feed(score, story, count, 1);
	cleanup_json json_t *all = score_to_json(score);
	json_t *team = json_incref(json_array_get(json_object_get(all, "teams"), 0));
	assert_int_equal(json_integer_value(json_object_get(team, "points_milli")), score_points(score, 1));
	return team;
}
#define RESULT(model, ...)                                                                                                       \
	result_of(model, (const struct happening[]){__VA_ARGS__},                                                                \
		  sizeof((const struct happening[]){__VA_ARGS__}) / sizeof(struct happening))

static inline json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value))
		fail_msg("no number '%s'", key);
	return json_integer_value(value);
}

/* An objective or duty of a result. */
static inline const json_t *part(const json_t *team, const char *id)
{
	static const char *const lists[] = {"objectives", "duties"};
	for (size_t l = 0; l < 2; l++) {
		size_t index;
		json_t *one;
		json_array_foreach (json_object_get(team, lists[l]), index, one)
			if (strcmp(json_string_value(json_object_get(one, "id")), id) == 0)
				return one;
	}
	fail_msg("no '%s' in the result", id);
	return NULL;
}

static inline json_int_t points(const json_t *team, const char *id)
{
	return number(part(team, id), "points_milli");
}

static inline const char *mark(const json_t *team, const char *id)
{
	return json_string_value(json_object_get(part(team, id), "state"));
}

static inline const char *claim_result(const json_t *team, const char *id, size_t index)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(part(team, id), "claims"), index), "result"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
