/* What the instructor's view says of hosts: which cables are pulled, and how each fares. */
#include "view.h"

/* One of the hosts of a team, as the instructor sees it now. New reference. */
static json_t *seen_host(const struct fixture *fixture, size_t team, size_t host)
{
	cleanup_json json_t *view = view_instructor(fixture->view);
	assert_int_equal(json_array_size(at(view, "teams/0/hosts")), MODEL_HOSTS);
	return json_incref(json_array_get(at(json_array_get(at(view, "teams"), team - 1), "hosts"), host));
}

static void assert_unplugged(const struct fixture *fixture, size_t team, size_t host, const char *expected)
{
	cleanup_json json_t *seen = seen_host(fixture, team, host);
	cleanup_free char *unplugged = json_dumps(at(seen, "unplugged"), JSON_COMPACT);
	assert_string_equal(unplugged, expected);
}

static void the_instructor_sees_which_cables_are_pulled(void **state)
{
	struct fixture *fixture = *state;
	assert_unplugged(fixture, 1, MODEL_FW_EDGE, "[]");
	HAPPEN(fixture, 1, {-1, "range.unplugged", "{\"host\":\"fw-edge\",\"network\":\"dmz\"}"},
	       {-1, "range.unplugged", "{\"host\":\"pc-tanaka\"}"}, {-1, "range.unplugged", "{\"host\":\"nobody\"}"});
	assert_unplugged(fixture, 1, MODEL_FW_EDGE, "[\"dmz\"]");
	assert_unplugged(fixture, 1, MODEL_PC_TANAKA, "[\"office\"]");
	assert_unplugged(fixture, 2, MODEL_PC_TANAKA, "[]");
	HAPPEN(fixture, 1, {0, "range.unplugged", "{\"host\":\"fw-edge\"}"}, {0, "range.plugged", "{\"host\":\"pc-tanaka\"}"},
	       {0, "range.reset", "{\"host\":\"fw-edge\",\"phase\":\"begin\"}"},
	       {0, "range.reset", "{\"host\":\"fw-edge\",\"phase\":\"end\",\"took_ms\":5}"});
	assert_unplugged(fixture, 1, MODEL_FW_EDGE, "[\"internet\",\"dmz\"]"); /* a reset puts no cable back */
	assert_unplugged(fixture, 1, MODEL_PC_TANAKA, "[]");
	HAPPEN(fixture, 1, {0, "range.plugged", "{\"host\":\"fw-edge\",\"network\":\"internet\"}"});
	assert_unplugged(fixture, 1, MODEL_FW_EDGE, "[\"dmz\"]");
	HAPPEN(fixture, 1, {0, "range.plugged", "{\"host\":\"fw-edge\"}"});
	assert_unplugged(fixture, 1, MODEL_FW_EDGE, "[]");
	cleanup_json json_t *view = view_instructor(fixture->view);
	cleanup_free char *host = json_dumps(json_array_get(at(view, "hosts"), MODEL_FW_EDGE), JSON_COMPACT);
	assert_string_equal(host, "{\"name\":\"fw-edge\",\"label\":{\"ja\":\"fw-edge\",\"en\":\"fw-edge\"},"
				  "\"networks\":[\"internet\",\"dmz\"]}");
	assert_keys(at(view, "networks/0"), "name cidr zone kind");
}

static void assert_state(const struct fixture *fixture, const char *expected, const char *reset)
{
	cleanup_json json_t *seen = seen_host(fixture, 1, MODEL_PROXY);
	assert_keys(seen, "name state unplugged reset");
	assert_string_equal(text_at(seen, "name"), "proxy");
	assert_string_equal(text_at(seen, "state"), expected);
	cleanup_free char *last = json_dumps(at(seen, "reset"), JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(last, reset);
}

static void the_instructor_sees_how_each_host_fares(void **state)
{
	struct fixture *fixture = *state;
	const struct happening begin = {9000, "range.reset", "{\"host\":\"proxy\",\"phase\":\"begin\"}"},
			       end = {10000, "range.reset", "{\"host\":\"proxy\",\"phase\":\"end\",\"took_ms\":800}"},
			       fails = {11000, "range.reset",
					"{\"host\":\"proxy\",\"phase\":\"end\",\"took_ms\":0,\"error\":\"no room\"}"},
			       lost = {12000, "range.lost", "{\"host\":\"proxy\",\"detail\":\"killed\"}"},
			       gone = {-1, "range.end",
				       "{\"action\":\"destroy\",\"resource\":\"guest\",\"name\":\"ex/t1/proxy\"}"},
			       made = {-1, "range.end",
				       "{\"action\":\"create\",\"resource\":\"guest\",\"name\":\"ex/t1/proxy\"}"};
	const char *const well = "{\"at_ms\":10000,\"took_ms\":800,\"error\":null}",
			  *const badly = "{\"at_ms\":11000,\"took_ms\":0,\"error\":\"no room\"}";
	HAPPEN(fixture, 1, made);
	assert_state(fixture, "running", "null");
	HAPPEN(fixture, 1, begin);
	assert_state(fixture, "resetting", "null");
	HAPPEN(fixture, 1, end);
	assert_state(fixture, "running", well);
	HAPPEN(fixture, 1, begin, begin, fails); /* the second is refused, the first goes on */
	assert_state(fixture, "resetting", badly);
	HAPPEN(fixture, 1, end, lost);
	assert_state(fixture, "stopped", well);
	HAPPEN(fixture, 1, begin, fails);
	assert_state(fixture, "stopped", badly);
	HAPPEN(fixture, 1, begin, end);
	assert_state(fixture, "running", well);
	HAPPEN(fixture, 1, begin, fails, gone);
	assert_state(fixture, "failed", badly);
	HAPPEN(fixture, 1, lost, made);
	assert_state(fixture, "running", "null");
	cleanup_json json_t *other = seen_host(fixture, 2, MODEL_PROXY);
	assert_string_equal(text_at(other, "state"), "running");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_instructor_sees_which_cables_are_pulled),
		TEST(the_instructor_sees_how_each_host_fares),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
