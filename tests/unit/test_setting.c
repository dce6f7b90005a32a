/* What a step's scripts and traces are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "attacker/engine.h"
#include "attacker/setting.h"
#include "common/cleanup.h"
#include "office.h"

static struct step beacon = {
	.id = NAME("beacon"), .ability = &ability, .on = &hosts[PC], .to = &hosts[ATTACKER], .via = &hosts[PROXY], .as = &tanaka};

static void expect_expanded(const struct step *step, const char *text, const char *expected)
{
	cleanup_free char *got = setting_expand(&office, step, text);
	if (expected)
		assert_string_equal(got, expected);
	else
		assert_null(got);
}

static void expect_variable(char *const *environment, const char *variable)
{
	for (; *environment; environment++)
		if (strcmp(*environment, variable) == 0)
			return;
	fail_msg("'%s' is not there", variable);
}

static void test_environment_names_c2_proxy_and_arguments(void **state)
{
	(void)state;
	cleanup_json json_t *args =
		json_pack("{s:s, s:s, s:i, s:[s,s]}", "host", "file", "network", "office", "wait-time", 7, "words", "a", "b");
	cleanup_json json_t *extra = json_pack("{s:s}", "beacon_id", "x");
	/* carried by the beacon: its C&C, proxy and account are the carrier's */
	struct step step = {.id = NAME("look"), .ability = &ability, .on = &hosts[PC], .through = &beacon, .args = args};
	cleanup_environment char **environment = setting_environment(&office, &step, extra);
	static const char *const expected[] = {"task=look",
					       "user=tanaka",
					       "c2_ip=203.0.113.66",
					       "proxy_ip=198.51.100.8",
					       "proxy_port=8080",
					       "arg_host=file",
					       "arg_host_ip=10.1.1.20" /* on the network that both share */,
					       "arg_network=office",
					       "arg_network_cidr=10.1.1.0/24",
					       "arg_wait_time=7",
					       "arg_words=a b",
					       "beacon_id=x"};
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		expect_variable(environment, expected[i]);
	size_t count = 0;
	while (environment[count])
		count++;
	assert_int_equal(count, sizeof expected / sizeof *expected);
}

static void test_the_proxys_port_is_what_its_role_says(void **state)
{
	(void)state;
	const struct parameter port = {.name = NAME("port"), .type = VALUE_PORT};
	cleanup_json json_t *options = json_pack("{s:i}", "port", 3129);
	assert_int_equal(setting_of(&beacon).proxy_port, 8080);
	hosts[PROXY].options = options;
	proxy_services[0].option = &port;
	assert_int_equal(setting_of(&beacon).proxy_port, 3129);
	proxy_services[0].option = NULL;
	hosts[PROXY].options = NULL;
	proxy_role.services_count = 0;
	assert_int_equal(setting_of(&beacon).proxy_port, 3128);
	proxy_role.services_count = 1;
}

static void test_traces_are_filled_in(void **state)
{
	(void)state;
	cleanup_json json_t *args = json_pack("{s:s, s:s, s:s}", "host", "file", "path", "a/residents.csv", "network", "dmz");
	struct step step = beacon;
	step.args = args;
	expect_expanded(&step, "plain $ } text", "plain $ } text");
	expect_expanded(&step, "http://${to.ip}/poll", "http://203.0.113.66/poll");
	expect_expanded(&step, "${on} ${on.ip} ${via} ${via.ip} ${as} ${home}",
			"pc-tanaka 10.1.1.101 proxy 198.51.100.8 tanaka /home/tanaka");
	expect_expanded(&step, "${arg.path}|${arg.path.name}|${arg.host}|${arg.host.ip}|${arg.network.cidr}",
			"a/residents.csv|residents.csv|file|10.1.1.20|198.51.100.0/26");
	expect_expanded(&step, "${arg.missing}", NULL);
	expect_expanded(&step, "${other}", NULL);
	expect_expanded(&step, "${on.other}", NULL);
	expect_expanded(&step, "${}", NULL);
	expect_expanded(&step, "open ${on", "open ${on");
	step.via = NULL;
	step.as = NULL;
	expect_expanded(&step, "${via}", NULL);
	expect_expanded(&step, "${home}", "/root");
}

static void test_last_line_is_printable_and_short(void **state)
{
	(void)state;
	static const struct {
		const char *text, *last;
	} cases[] = {{"a\nb\n\n  \n", "b"},
		     {"one\r\n", "one"},
		     {"", NULL},
		     {"\n\n", NULL},
		     {NULL, NULL},
		     {"x\033[31m", "x?[31m"},
		     {"bad \xff byte", "bad ? byte"},
		     {"請求書", "請求書"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *last = last_line(cases[i].text);
		if (cases[i].last)
			assert_string_equal(last, cases[i].last);
		else
			assert_null(last);
	}
	char lengthy[3 * DETAIL_MAX + 1] = "";
	for (size_t i = 0; i < DETAIL_MAX; i++)
		memcpy(lengthy + 1 + 3 * i, "\xe8\xab\x8b", i + 1 < DETAIL_MAX ? 3 : 0);
	lengthy[0] = 'a';
	cleanup_free char *cut = last_line(lengthy);
	assert_int_equal(strlen(cut), 1 + (DETAIL_MAX - 1) / 3 * 3);
	assert_string_equal(cut + strlen(cut) - 3, "\xe8\xab\x8b");
}

static void test_beacon_ids_and_intervals(void **state)
{
	(void)state;
	cleanup_free char *id = beacon_id(&beacon);
	assert_string_equal(id, "pc-tanaka.beacon");
	assert_true(protocol_beacon_id(id));
	struct step step = beacon;
	assert_int_equal(beacon_interval_ms(&step), BEACON_INTERVAL_USUAL_MS);
	step.every_ms = 1;
	assert_int_equal(beacon_interval_ms(&step), BEACON_INTERVAL_MIN_MS);
	step.every_ms = 7000;
	assert_int_equal(beacon_interval_ms(&step), 7000);
	step.every_ms = INT64_MAX;
	assert_int_equal(beacon_interval_ms(&step), BEACON_INTERVAL_MAX_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment_names_c2_proxy_and_arguments),
		cmocka_unit_test(test_the_proxys_port_is_what_its_role_says),
		cmocka_unit_test(test_traces_are_filled_in),
		cmocka_unit_test(test_last_line_is_printable_and_short),
		cmocka_unit_test(test_beacon_ids_and_intervals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
