/* Views: the shape that docs/architecture.md promises, and what must never get out. */
#include "view.h"

static char *dump(json_t *json)
{
	cleanup_json json_t *owned = json;
	return json_dumps(owned, JSON_SORT_KEYS);
}

static void a_whole_story(struct fixture *fixture)
{
	HAPPEN(fixture, 1, {0, "clock.started", "{}"}, ATTACK, PERFECT);
	HAPPEN(fixture, 2, {0, "clock.started", "{}"}, ATTACK, CLAIM(60000, "patient-zero", "{\"host\":\"web\"}"),
	       REPORT(70000, "{\"type\":\"odd\"}"));
}

static void the_board_has_its_shape(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	cleanup_json json_t *board = view_board(fixture->view);
	assert_keys(board, "exercise title summary level seq phases teams");
	assert_keys(at(board, "teams/0"), "team clock points_milli measured_milli phases series");
	assert_keys(at(board, "teams/0/clock"), "state ms wall_ms duration_ms");
	assert_keys(at(board, "teams/0/phases"), "detect analyse contain report");
	assert_keys(at(board, "teams/0/phases/detect"), "points_milli max_milli state");
	cleanup_free char *phases = json_dumps(at(board, "phases"), 0);
	assert_string_equal(phases, "[\"detect\", \"analyse\", \"contain\", \"report\"]");
	assert_string_equal(text_at(board, "exercise"), "ex");
	assert_int_equal(number_at(board, "seq"), fixture->seq);
	assert_int_equal(number_at(board, "teams/0/points_milli"), 100000);
	assert_int_equal(number_at(board, "teams/0/clock/duration_ms"), 300000);
	assert_string_equal(text_at(board, "teams/0/phases/contain/state"), "done");
	assert_string_equal(text_at(board, "teams/1/phases/contain/state"), "open");
	assert_string_equal(text_at(board, "teams/1/phases/report/state"), "partial");
	assert_int_equal(json_array_size(at(board, "teams")), 2);
}

static void the_series_holds_each_change_of_points(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	cleanup_json json_t *board = view_board(fixture->view);
	cleanup_free char *series = json_dumps(at(board, "teams/0/series"), JSON_COMPACT);
	assert_string_equal(series, "[[70000,20000],[80000,35000],[110000,63000],[120000,75000],[130000,100000]]");
}

static void a_long_series_gets_coarser_but_keeps_its_ends(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 5000; i++)
		HAPPEN(fixture, 1, {1000 + i, "referee.adjusted", "{\"points_milli\":1,\"reason\":\"r\"}"});
	cleanup_json json_t *board = view_board(fixture->view);
	const json_t *series = at(board, "teams/0/series");
	size_t count = json_array_size(series);
	assert_in_range(count, 200, 512);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(series, 0), 1)), 1);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(series, count - 1), 1)), 5000);
	for (size_t i = 1; i < count; i++)
		assert_true(json_integer_value(json_array_get(json_array_get(series, i), 0)) >
			    json_integer_value(json_array_get(json_array_get(series, i - 1), 0)));
}

static void the_clock_follows_its_events(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *kind, *state;
		int64_t at_ms;
	} cases[] = {{"clock.started", "running", 0},
		     {"clock.paused", "paused", 9000},
		     {"clock.resumed", "running", 9000},
		     {"clock.ended", "ended", 300000}};
	cleanup_json json_t *ready = view_board(fixture->view);
	assert_string_equal(text_at(ready, "teams/0/clock/state"), "ready");
	for (size_t i = 0; i < 4; i++) {
		HAPPEN(fixture, 1, {cases[i].at_ms, cases[i].kind, "{}"});
		cleanup_json json_t *board = view_board(fixture->view);
		assert_string_equal(text_at(board, "teams/0/clock/state"), cases[i].state);
		assert_int_equal(number_at(board, "teams/0/clock/ms"), cases[i].at_ms);
		assert_int_equal(number_at(board, "teams/0/clock/wall_ms"), 1700000000000 + cases[i].at_ms);
		assert_string_equal(text_at(board, "teams/1/clock/state"), "ready");
	}
}

static void the_team_view_has_its_shape(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	cleanup_json json_t *team = view_team(fixture->view, 1);
	assert_keys(team,
		    "exercise title team clock points_milli measured_milli phases series languages briefing_html inbox network "
		    "objectives duties timeline why");
	assert_keys(at(team, "inbox/0"), "id seq at_ms from text_html");
	assert_keys(at(team, "inbox/0/from"), "id name");
	assert_keys(at(team, "network/networks/0"), "name cidr zone kind");
	assert_keys(at(team, "network/hosts/0"), "name label role access addresses networks");
	assert_keys(at(team, "objectives/0"),
		    "id title phase kind max_milli points_milli state at_ms full_by_ms floor_at_ms fields claims hints why");
	assert_keys(at(team, "objectives/0/fields/0"), "name match");
	assert_keys(at(team, "objectives/0/claims/0"), "seq at_ms value result");
	assert_keys(at(team, "objectives/0/hints/0"), "index cost_milli taken text");
	assert_keys(at(team, "objectives/0/why/0"), "text points_milli events");
	assert_keys(at(team, "duties/0"), "id title to due_ms max_milli points_milli state sent_at_ms provisional fields why");
	assert_keys(at(team, "timeline/0"), "seq at_ms kind text");
	assert_int_equal(number_at(team, "objectives/0/full_by_ms"), 130000);
	assert_int_equal(number_at(team, "duties/0/sent_at_ms"), 130000);
	assert_string_equal(text_at(team, "objectives/0/claims/0/result"), "right");
	cleanup_free char *addresses = json_dumps(at(team, "network/hosts/6/addresses"), 0);
	assert_string_equal(addresses, "[\"198.51.100.8\"]");
}

static void markdown_is_html_without_script(void **state)
{
	struct fixture *fixture = *state;
	fixture->model.injects[0].text = MODEL_TEXT("**見て** [x](javascript:alert(1))", "<img src=x onerror=alert(1)> `a`");
	HAPPEN(fixture, 1, CALL(40000));
	cleanup_json json_t *team = view_team(fixture->view, 1);
	assert_non_null(strstr(text_at(team, "briefing_html/en"), "<em>work</em>"));
	assert_null(strstr(text_at(team, "briefing_html/en"), "<script"));
	assert_non_null(strstr(text_at(team, "inbox/0/text_html/ja"), "<strong>見て</strong>"));
	assert_null(strstr(text_at(team, "inbox/0/text_html/ja"), "javascript"));
	assert_null(strstr(text_at(team, "inbox/0/text_html/en"), "<img"));
}

static void a_hint_is_shown_once_taken(void **state)
{
	struct fixture *fixture = *state;
	cleanup_json json_t *before = view_team(fixture->view, 1);
	assert_true(json_is_null(at(before, "objectives/0/hints/0/text")));
	HAPPEN(fixture, 1, HINT(60000, "patient-zero"));
	cleanup_json json_t *after = view_team(fixture->view, 1), *other = view_team(fixture->view, 2);
	assert_non_null(strstr(text_at(after, "objectives/0/hints/0/text/en"), "SECRET-HINT"));
	assert_true(json_is_true(at(after, "objectives/0/hints/0/taken")));
	assert_true(json_is_null(at(other, "objectives/0/hints/0/text")));
}

/* Everything that could leak carries a word that nothing else has. */
static void no_view_tells_what_its_audience_may_not_know(void **state)
{
	struct fixture *fixture = *state;
	struct model *model = &fixture->model;
	model->duties[0].rubric = MODEL_TEXT("SECRET-RUBRIC", "SECRET-RUBRIC");
	struct solution_step solution = {
		.kind = SOLUTION_RUN, .on = &model->hosts[MODEL_FW_EDGE], .run = (char *)"SECRET-SOLUTION"};
	model->scenario.solution = &solution;
	model->scenario.solution_count = 1;
	json_object_set_new(model->hosts[MODEL_PC_TANAKA].options, "user", json_string("SECRET-OPTION"));
	a_whole_story(fixture);
	HAPPEN(fixture, 1, CLAIM(140000, "c2", "{\"indicators\":\"SECRET-TEAM-1\"}"),
	       REPORT(141000, "{\"type\":\"SECRET-TEAM-1\"}"));
	for (int team = 1; team <= 2; team++)
		HAPPEN(fixture, team,
		       {150000, "truth.step",
			"{\"step\":\"exfil\",\"phase\":\"end\",\"ability\":\"SECRET-ABILITY\",\"technique\":\"SECRET-T\","
			"\"host\":\"pc-tanaka\","
			"\"outcome\":\"blocked\",\"detail\":\"SECRET-DETAIL\"}"},
		       {150000, "truth.trace", "{\"step\":\"exfil\",\"host\":\"proxy\",\"file\":\"SECRET-FILE\",\"found\":true}"},
		       {150000, "truth.undone", "{\"step\":\"exfil\",\"clean\":true,\"note\":\"SECRET-UNDONE\"}"},
		       {150000, "state.probe", "{\"objective\":\"cut-off\",\"holds\":false,\"detail\":\"SECRET-PROBE\"}"},
		       {150000, "range.lost", "{\"host\":\"attacker\",\"detail\":\"SECRET-LOST\"}"},
		       {150000, "range.reset", "{\"host\":\"proxy\",\"phase\":\"end\",\"took_ms\":5,\"error\":\"SECRET-RESET\"}"},
		       {150000, "range.reset", "{\"host\":\"attacker\",\"phase\":\"end\",\"took_ms\":5}"},
		       {150000, "alarm.raised", "{\"text\":\"SECRET-ALARM\"}"},
		       {150000, "session.opened", "{\"peer\":\"SECRET-PEER\"}"});
	/* The literal truth of an objective that the team has not found. */
	cleanup_free char *board = dump(view_board(fixture->view)), *second = dump(view_team(fixture->view, 2));
	cleanup_free char *first = dump(view_team(fixture->view, 1)), *instructor = dump(view_instructor(fixture->view));
	assert_null(strstr(board, "SECRET"));
	assert_null(strstr(second, "SECRET"));
	assert_non_null(strstr(first, "SECRET-TEAM-1")); /* its own claim */
	static const char *const hidden[] = {"SECRET-HINT",    "SECRET-RUBRIC", "SECRET-SOLUTION", "SECRET-OPTION",
					     "SECRET-ABILITY", "SECRET-DETAIL", "SECRET-FILE",	   "SECRET-UNDONE",
					     "SECRET-PROBE",   "SECRET-LOST",	"SECRET-ALARM",	   "SECRET-PEER",
					     "SECRET-RESET"};
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		assert_null(strstr(first, hidden[i]));
	static const char *const attack[] = {"T1204", "T1071", "open-lure", "beacon-http", "\"lure\"", "\"exfil\"", "truth"};
	for (size_t i = 0; i < sizeof attack / sizeof *attack; i++) {
		assert_null(strstr(board, attack[i]));
		assert_null(strstr(second, attack[i]));
	}
	assert_null(strstr(first, "range.lost")); /* of a host that the team does not know */
	assert_null(strstr(first, "range.reset"));
	static const char *const shown[] = {"SECRET-RUBRIC", "SECRET-DETAIL", "SECRET-FILE",  "SECRET-LOST",
					    "SECRET-ALARM",  "T1204",	      "SECRET-RESET", "attacker was reset by"};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		assert_non_null(strstr(instructor, shown[i]));
	assert_null(strstr(instructor, "SECRET-SOLUTION"));
}

static void addresses_of_hosts_without_access_come_from_injects_alone(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	cleanup_json json_t *team = view_team(fixture->view, 2), *board = view_board(fixture->view);
	assert_non_null(strstr(text_at(team, "inbox/0/text_html/en"), "203.0.113.66"));
	json_object_del(team, "inbox");
	cleanup_free char *text = json_dumps(team, 0), *public = json_dumps(board, 0);
	assert_null(strstr(text, "203.0.113.66"));
	assert_null(strstr(text, "203.0.113.1\""));
	assert_null(strstr(public, "203.0.113."));
	size_t index;
	json_t *host;
	json_array_foreach (at(team, "network/hosts"), index, host) {
		bool none = strcmp(text_at(host, "access"), "none") == 0;
		assert_true(none == (json_array_size(at(host, "addresses")) == 0));
		assert_true(none == (text_at(host, "role")[0] == '\0'));
	}
}

static void the_timeline_tells_a_teams_own_doings_and_ends(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	HAPPEN(fixture, 1, {150000, "range.lost", "{\"host\":\"proxy\",\"detail\":\"killed\"}"},
	       {150000, "range.reset", "{\"host\":\"proxy\",\"phase\":\"begin\"}"},
	       {150000, "range.reset", "{\"host\":\"proxy\",\"phase\":\"end\",\"took_ms\":5}"});
	cleanup_json json_t *team = view_team(fixture->view, 1);
	static const char *const kinds[] = {"clock.started", "inject.sent", "claim.made", "claim.made",
					    "claim.made",    "report.sent", "range.lost", "range.reset"};
	assert_int_equal(json_array_size(at(team, "timeline")), 8);
	for (size_t i = 0; i < 8; i++) {
		cleanup_free char *path = xasprintf("timeline/%zu/kind", i);
		assert_string_equal(text_at(team, path), kinds[i]);
	}
	for (int i = 0; i < 1000; i++)
		HAPPEN(fixture, 1, {160000, "clock.paused", "{}"});
	cleanup_json json_t *later = view_team(fixture->view, 1);
	assert_int_equal(json_array_size(at(later, "timeline")), 300);
}

static void the_instructor_sees_the_attack_and_the_reports(void **state)
{
	struct fixture *fixture = *state;
	a_whole_story(fixture);
	HAPPEN(fixture, 2, STEP_ENDS(150000, "exfil", "blocked"),
	       {160000, "report.graded", "{\"duty\":\"first-report\",\"percent\":80}"});
	cleanup_json json_t *view = view_instructor(fixture->view);
	assert_keys(view, "exercise title teams objectives duties injects hosts networks alarms");
	assert_keys(at(view, "teams/0"), "team clock points_milli measured_milli phases series last_action_ms objectives duties "
					 "steps reports why staff hosts");
	assert_keys(at(view, "teams/0/objectives/0"), "id state points_milli max_milli at_ms why");
	assert_keys(at(view, "teams/1/steps/1"), "id technique on state at_ms detail traces");
	assert_keys(at(view, "teams/1/steps/1/traces/0"), "host file found");
	assert_keys(at(view, "teams/1/reports/0"), "duty seq at_ms fields percent");
	assert_keys(at(view, "objectives/0"), "id title phase max_milli");
	assert_keys(at(view, "injects/0"), "id text");
	assert_string_equal(text_at(view, "teams/1/steps/1/state"), "done");
	assert_string_equal(text_at(view, "teams/1/steps/3/state"), "blocked");
	assert_string_equal(text_at(view, "teams/0/steps/3/state"), "waiting");
	assert_true(json_is_null(at(view, "teams/0/steps/3/at_ms")));
	assert_int_equal(number_at(view, "teams/1/reports/0/percent"), 80);
	assert_true(json_is_null(at(view, "teams/0/reports/0/percent")));
	assert_int_equal(number_at(view, "teams/0/last_action_ms"), 130000);
}

static void the_instructor_sees_how_well_the_staff_can_work(void **state)
{
	struct fixture *fixture = *state;
	char *does[] = {(char *)"mail", (char *)"browse"};
	cleanup_json json_t *before = view_instructor(fixture->view);
	assert_true(json_is_null(at(before, "teams/0/staff"))); /* nobody does anything */
	fixture->model.scenario.people[0].does = does;
	fixture->model.scenario.people[0].does_count = 2;
	HAPPEN(fixture, 1, {1000, "npc.load", "{\"percent\":150}"},
	       {2000, "staff.failed",
		"{\"person\":\"tanaka\",\"activity\":\"mail\",\"host\":\"pc-tanaka\",\"message\":\"mail: first\"}"},
	       {3000, "staff.tally", "{\"done\":{\"mail\":3,\"browse\":4},\"failed\":{\"mail\":1}}"},
	       {4000, "staff.failed",
		"{\"person\":\"tanaka\",\"activity\":\"mail\",\"host\":\"pc-tanaka\",\"message\":\"mail: second\"}"},
	       {5000, "staff.tally", "{\"done\":{\"mail\":1},\"failed\":{\"browse\":2}}"});
	cleanup_json json_t *view = view_instructor(fixture->view), *team = view_team(fixture->view, 1);
	assert_keys(at(view, "teams/0/staff"), "percent done failed last");
	assert_int_equal(number_at(view, "teams/0/staff/percent"), 150);
	assert_int_equal(number_at(view, "teams/0/staff/done"), 8);
	assert_int_equal(number_at(view, "teams/0/staff/failed"), 3);
	assert_keys(at(view, "teams/0/staff/last"), "at_ms person host message");
	assert_string_equal(text_at(view, "teams/0/staff/last/message"), "mail: second");
	assert_int_equal(number_at(view, "teams/1/staff/percent"), 100);
	assert_true(json_is_null(at(view, "teams/1/staff/last")));
	assert_null(json_object_get(team, "staff")); /* the team is not told */
	assert_int_equal(json_array_size(at(team, "timeline")), 0);
}

/* Two objectives' worth of the largest claims and reports that the desk takes, from every team, still fit a message. */
static void a_team_that_writes_much_does_not_swell_the_views(void **state)
{
	struct fixture *fixture = *state;
	struct view *view = view_create(&fixture->model.scenario, "ex", 30);
	cleanup_json json_t *texts = json_array();
	char text[4096];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text + 238, "語", strlen("語")); /* a character on the edge of the cut */
	for (int i = 0; i < 32; i++)
		json_array_append_new(texts, json_string(text));
	for (int i = 0; i < 30 * 6; i++) {
		int team = i % 30 + 1;
		cleanup_event struct event *claim =
			event_create(team, 1000, "claim.made", "t",
				     json_pack("{s:s, s:{s:O, s:i}}", "objective", "c2", "value", "indicators", texts, "n", i));
		cleanup_event struct event *report =
			event_create(team, 1000, "report.sent", "t",
				     json_pack("{s:s, s:{s:O, s:O, s:O, s:O}}", "duty", "first-report", "fields", "affected",
					       texts, "indicators", texts, "type", texts, "measures", texts));
		claim->seq = 2 * i + 1;
		report->seq = 2 * i + 2;
		view_apply(view, claim);
		view_apply(view, report);
	}
	cleanup_json json_t *team = view_team(view, 1);
	cleanup_free char *all = dump(view_instructor(view)), *one = json_dumps(team, 0);
	assert_in_range(strlen(all), 100000, 3 << 20);
	assert_in_range(strlen(one), 1000, 1 << 20);
	assert_true(json_array_size(at(team, "objectives/1/claims")) > 0);
	assert_non_null(strstr(all, "xx…"));
	view_destroy(view);
}

static void the_same_events_give_the_same_views(void **state)
{
	struct fixture *fixture = *state;
	struct fixture other = {.model = fixture->model};
	other.view = view_create(&fixture->model.scenario, "ex", 2);
	a_whole_story(fixture);
	a_whole_story(&other);
	cleanup_free char *one = dump(view_instructor(fixture->view)), *two = dump(view_instructor(other.view));
	assert_string_equal(one, two);
	view_destroy(other.view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_board_has_its_shape),
		TEST(the_series_holds_each_change_of_points),
		TEST(a_long_series_gets_coarser_but_keeps_its_ends),
		TEST(the_clock_follows_its_events),
		TEST(the_team_view_has_its_shape),
		TEST(markdown_is_html_without_script),
		TEST(a_hint_is_shown_once_taken),
		TEST(no_view_tells_what_its_audience_may_not_know),
		TEST(addresses_of_hosts_without_access_come_from_injects_alone),
		TEST(the_timeline_tells_a_teams_own_doings_and_ends),
		TEST(the_instructor_sees_the_attack_and_the_reports),
		TEST(the_instructor_sees_how_well_the_staff_can_work),
		TEST(a_team_that_writes_much_does_not_swell_the_views),
		TEST(the_same_events_give_the_same_views),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
