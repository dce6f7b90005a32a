/* What people hand in: each claim, report and order is checked in full before it becomes an event. The rules are those of the
 * "first call". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/desk.h"

typedef int check_fn(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err);

static int setup(void **state)
{
	cleanup_error struct error *err = NULL;
	struct diagnostics diagnostics = {0};
	int status = scenario_load("scenarios/exercises/first-call.yaml", ".", (struct scenario **)state, &diagnostics, &err);
	if (status != 0)
		print_error("%s%s\n", diagnostics.text ? diagnostics.text : "", error_text(err));
	diagnostics_finish(&diagnostics);
	return status;
}

static int teardown(void **state)
{
	scenario_destroy(*state);
	return 0;
}

static json_t *parse(const char *text)
{
	json_error_t fault;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &fault);
	if (!json)
		fail_msg("%s: %s", text, fault.text);
	return json;
}

static void assert_taken(const struct scenario *scenario, check_fn *check, const char *args, const char *expected)
{
	cleanup_json json_t *given = parse(args), *wanted = parse(expected), *body = NULL;
	cleanup_error struct error *err = NULL;
	if (check(scenario, given, &body, &err) < 0)
		fail_msg("%s: %s", args, error_text(err));
	cleanup_free char *made = json_dumps(body, JSON_SORT_KEYS);
	if (!json_equal(body, wanted))
		fail_msg("%s: became %s", args, made);
}

static void assert_refused_json(const struct scenario *scenario, check_fn *check, const json_t *args, const char *expected)
{
	cleanup_json json_t *body = NULL;
	cleanup_error struct error *err = NULL;
	assert_int_equal(check(scenario, args, &body, &err), -1);
	assert_null(body);
	if (!strstr(error_text(err), expected))
		fail_msg("'%s' does not say '%s'", error_text(err), expected);
	cleanup_json json_t *text = json_string(error_text(err)), *ja = json_string(error_text_ja(err));
	assert_non_null(text); /* NULL when cut within a character */
	assert_non_null(ja);
	if (json_equal(text, ja) || !strstr(error_text_ja(err), "。"))
		fail_msg("'%s' has no Japanese: '%s'", error_text(err), error_text_ja(err));
}

static void assert_refused(const struct scenario *scenario, check_fn *check, const char *args, const char *expected)
{
	cleanup_json json_t *given = parse(args);
	assert_refused_json(scenario, check, given, expected);
}

static void test_claim(void **state)
{
	assert_taken(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":\"  pc-tanaka\\n\"}}",
		     "{\"objective\":\"patient-zero\",\"value\":{\"host\":\"pc-tanaka\"}}");
	assert_taken(*state, desk_claim,
		     "{\"objective\":\"c2\",\"value\":{\"indicators\":[\"203.0.113.66\",\" 203.0.113.66 "
		     "\",\"\"],\"measure\":\"見た\"}}",
		     "{\"objective\":\"c2\",\"value\":{\"indicators\":[\"203.0.113.66\"],\"measure\":\"見た\"}}");
	assert_taken(*state, desk_claim, "{\"objective\":\"cut-off\",\"value\":{\"measure\":\"blocked\"}}",
		     "{\"objective\":\"cut-off\",\"value\":{\"measure\":\"blocked\"}}");
	assert_refused(*state, desk_claim, "{\"objective\":\"nothing\",\"value\":{\"host\":\"x\"}}", "no objective 'nothing'");
	assert_refused(*state, desk_claim, "{\"objective\":7,\"value\":{\"host\":\"x\"}}",
		       "'objective' is missing, or is not a text");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\"}", "'value' must be an object");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":[]}", "'value' must be an object");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{}}", "'host' is missing");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":\" \"}}", "'host' is missing");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"measure\":\"x\"}}", "'host' is missing");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":3}}", "'host' must be a text");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":[[]]}}", "'host' must be a text");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":\"x\",\"points\":\"100\"}}",
		       "no field 'points'");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":\"x\"},\"team\":2}",
		       "no field 'team'");
	assert_refused(*state, desk_claim, "{\"objective\":\"patient-zero\",\"value\":{\"host\":\"\\u001b[2J\"}}",
		       "control character");
	assert_refused(*state, desk_claim, "{\"objective\":\"cut-off\",\"value\":{}}", "claim is empty");
	assert_refused(*state, desk_claim, "[]", "must be an object");
	assert_refused_json(*state, desk_claim, NULL, "must be an object");
	assert_refused(*state, desk_claim, "{\"objective\":\"ああああああああああああああああああ\",\"value\":{}}",
		       "no objective");
}

static void test_limits(void **state)
{
	char *text = xcalloc(DESK_TEXT_MAX_BYTES + 2, 1);
	memset(text, 'x', DESK_TEXT_MAX_BYTES);
	cleanup_json json_t *body = NULL, *list = json_array();
	cleanup_json json_t *longest = json_pack("{s:s, s:{s:s}}", "objective", "patient-zero", "value", "host", text);
	assert_int_equal(desk_claim(*state, longest, &body, NULL), 0);
	text[DESK_TEXT_MAX_BYTES] = 'x';
	cleanup_json json_t *longer = json_pack("{s:s, s:{s:s}}", "objective", "patient-zero", "value", "host", text);
	assert_refused_json(*state, desk_claim, longer, "too long: 4096 bytes");
	free(text);
	for (int i = 0; i <= DESK_LIST_MAX; i++)
		json_array_append_new(list, json_sprintf("%d", i));
	cleanup_json json_t *many = json_pack("{s:s, s:{s:O}}", "objective", "c2", "value", "indicators", list);
	assert_refused_json(*state, desk_claim, many, "too many entries: 32");
	json_array_remove(list, 0);
	cleanup_json json_t *enough = NULL;
	assert_int_equal(desk_claim(*state, many, &enough, NULL), 0);
}

/* Each text and each list within its limit, and all of it still too much. */
static void test_sum_is_limited(void **state)
{
	cleanup_json json_t *list = json_array(), *fields = json_object();
	char *text = xcalloc(DESK_TEXT_MAX_BYTES + 1, 1);
	memset(text, 'x', DESK_TEXT_MAX_BYTES);
	for (int i = 0; i < DESK_LIST_MAX; i++) {
		text[0] = (char)('A' + i);
		json_array_append_new(list, json_string(text));
	}
	free(text);
	json_object_set(fields, "affected", list);
	json_object_set(fields, "indicators", list);
	json_object_set(fields, "measures", list);
	cleanup_json json_t *args = json_pack("{s:s, s:O}", "duty", "first-report", "fields", fields);
	assert_refused_json(*state, desk_report, args, "256 KiB in all");
}

static void test_report(void **state)
{
	const char *whole = "{\"duty\":\"first-report\",\"fields\":{\"affected\":\"pc-tanaka\",\"indicators\":[\"203.0.113.66\"],"
			    "\"type\":\"malware\","
			    "\"measures\":\"cut\",\"next_report\":\"10:00\"}}";
	assert_taken(*state, desk_report, whole, whole);
	assert_refused(*state, desk_report, "{\"duty\":\"last-report\",\"fields\":{}}", "no report 'last-report' is due");
	assert_refused(*state, desk_report, "{\"duty\":\"first-report\",\"fields\":{\"colour\":\"red\"}}", "no field 'colour'");
	assert_refused(*state, desk_report, "{\"duty\":\"first-report\",\"fields\":\"x\"}", "'fields' must be an object");
	assert_refused(*state, desk_report, "{\"duty\":\"first-report\",\"fields\":{}}", "missing");
}

static void test_hint(void **state)
{
	assert_taken(*state, desk_hint, "{\"objective\":\"patient-zero\",\"hint\":0}",
		     "{\"objective\":\"patient-zero\",\"hint\":0}");
	assert_refused(*state, desk_hint, "{\"objective\":\"patient-zero\",\"hint\":1}", "from 0 to 0");
	assert_refused(*state, desk_hint, "{\"objective\":\"patient-zero\",\"hint\":-1}", "from 0 to 0");
	assert_refused(*state, desk_hint, "{\"objective\":\"patient-zero\",\"hint\":0.0}", "whole number");
	assert_refused(*state, desk_hint, "{\"objective\":\"c2\",\"hint\":0}", "no hint for 'c2'");
}

static void test_referee(void **state)
{
	assert_taken(*state, desk_inject, "{\"team\":1,\"inject\":\"call\"}", "{\"inject\":\"call\"}");
	assert_refused(*state, desk_inject, "{\"team\":1,\"inject\":\"mail\"}", "no inject 'mail'");
	assert_taken(*state, desk_adjust, "{\"team\":1,\"points_milli\":-5000,\"reason\":\"shouted\"}",
		     "{\"points_milli\":-5000,\"reason\":\"shouted\"}");
	assert_refused(*state, desk_adjust, "{\"team\":1,\"points_milli\":5000,\"reason\":\" \"}", "'reason' is empty");
	assert_refused(*state, desk_adjust, "{\"team\":1,\"points_milli\":0,\"reason\":\"x\"}", "nothing would change");
	assert_refused(*state, desk_adjust, "{\"team\":1,\"points_milli\":1000001,\"reason\":\"x\"}", "from -1000000 to 1000000");
	assert_refused(*state, desk_adjust, "{\"team\":1,\"objective\":\"c2\",\"points_milli\":1,\"reason\":\"x\"}",
		       "not marked by hand");
	assert_refused(*state, desk_adjust, "{\"team\":1,\"objective\":\"c3\",\"points_milli\":1,\"reason\":\"x\"}",
		       "no objective 'c3'");
	assert_taken(*state, desk_grade, "{\"team\":1,\"duty\":\"first-report\",\"percent\":80}",
		     "{\"duty\":\"first-report\",\"percent\":80}");
	assert_refused(*state, desk_grade, "{\"team\":1,\"duty\":\"first-report\",\"percent\":101}", "from 0 to 100");
	assert_refused(*state, desk_clock, "{\"team\":1,\"now\":true}", "no field 'now'");
}

static void test_plug(void **state)
{
	assert_taken(*state, desk_plug, "{\"team\":1,\"host\":\"proxy\"}", "{\"host\":\"proxy\"}");
	assert_taken(*state, desk_plug, "{\"team\":1,\"host\":\"proxy\",\"network\":\"dmz\"}",
		     "{\"host\":\"proxy\",\"network\":\"dmz\"}");
	assert_refused(*state, desk_plug, "{\"team\":1,\"host\":\"proxy\",\"network\":\"office\"}",
		       "'proxy' is not on a network 'office'");
	assert_refused(*state, desk_plug, "{\"team\":1,\"host\":\"proxy\",\"network\":7}",
		       "'network' is missing, or is not a text");
	assert_refused(*state, desk_plug, "{\"team\":1,\"host\":\"nobody\"}", "no host 'nobody'");
	assert_refused(*state, desk_plug, "{\"team\":1}", "'host' is missing");
	assert_refused(*state, desk_plug, "{\"team\":1,\"host\":\"proxy\",\"cable\":1}", "no field 'cable'");
}

static void test_npc(void **state)
{
	assert_taken(*state, desk_npc, "{}", "{}");
	assert_taken(*state, desk_npc, "{\"team\":1,\"percent\":0}", "{\"percent\":0}");
	assert_taken(*state, desk_npc, "{\"percent\":200}", "{\"percent\":200}");
	assert_refused(*state, desk_npc, "{\"percent\":201}", "from 0 to 200");
	assert_refused(*state, desk_npc, "{\"percent\":\"50\"}", "'percent'");
	assert_refused(*state, desk_npc, "{\"load\":50}", "no field 'load'");
}

static void test_team_number(void **state)
{
	(void)state;
	cleanup_json json_t *second = parse("{\"team\":2}"), *third = parse("{\"team\":3}"), *none = parse("{}"),
			    *text = parse("{\"team\":\"1\"}");
	int team = -1;
	assert_int_equal(desk_team(second, 2, false, &team, NULL), 0);
	assert_int_equal(team, 2);
	assert_int_equal(desk_team(none, 2, true, &team, NULL), 0);
	assert_int_equal(team, 0);
	assert_int_equal(desk_team(NULL, 2, true, &team, NULL), 0);
	assert_int_equal(desk_team(none, 2, false, &team, NULL), -1);
	assert_int_equal(desk_team(third, 2, true, &team, NULL), -1);
	assert_int_equal(desk_team(text, 2, true, &team, NULL), -1);
}

static void test_rate(void **state)
{
	(void)state;
	const int64_t second = 1000000;
	struct desk_rate rate = {0};
	cleanup_error struct error *err = NULL;
	int64_t now = 5000 * second;
	for (int i = 0; i < DESK_RATE_PER_MINUTE; i++)
		assert_int_equal(desk_rate_take(&rate, now, NULL), 0);
	assert_int_equal(desk_rate_take(&rate, now, &err), -1);
	assert_int_equal(error_retry_ms(err), 2000);
	assert_non_null(strstr(error_text_ja(err), "1 分に 30 回まで"));
	assert_int_equal(desk_rate_take(&rate, now + 2 * second, NULL), 0);
	assert_int_equal(desk_rate_take(&rate, now + 2 * second, NULL), -1); /* a refused one spent nothing, and gave nothing */
	int taken = 0;
	for (now += 100 * second; taken < 100; taken++) /* a full bucket is a minute's worth, however long ago */
		if (desk_rate_take(&rate, now, NULL) < 0)
			break;
	assert_int_equal(taken, DESK_RATE_PER_MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim),	    cmocka_unit_test(test_limits), cmocka_unit_test(test_sum_is_limited),
		cmocka_unit_test(test_report),	    cmocka_unit_test(test_hint),   cmocka_unit_test(test_referee),
		cmocka_unit_test(test_team_number), cmocka_unit_test(test_rate),   cmocka_unit_test(test_plug),
		cmocka_unit_test(test_npc),
	};
	return cmocka_run_group_tests_name("desk", tests, setup, teardown);
}
