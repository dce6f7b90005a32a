/* The guard: what an attack may never do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "attacker/guard.h"
#include "attacker/protocol.h"
#include "common/cleanup.h"
#include "office.h"

static struct plan plan = {.exercise = NAME("first-call"), .scenario = &office, .teams = 2};

static int check(int team, struct step step, json_t *args)
{
	cleanup_json json_t *held = args;
	cleanup_error struct error *err = NULL;
	step.id = (char[]){"step"};
	step.ability = &ability;
	step.args = held;
	int result = guard_step(&plan, team, &step, &err);
	assert_int_equal(result < 0, err != NULL);
	return result;
}

static int check_text(enum value_type type, const char *text)
{
	return guard_text(&office, type, text, NULL);
}

static void test_addresses_of_the_range(void **state)
{
	(void)state;
	assert_true(guard_address(&office, IP(203, 0, 113, 66)));
	assert_true(guard_address(&office, IP(198, 51, 100, 63)));
	assert_false(guard_address(&office, IP(198, 51, 100, 64)));
	assert_false(guard_address(&office, IP(8, 8, 8, 8)));
	assert_false(guard_address(&office, IP(127, 0, 0, 1)));
}

static void test_literal_addresses_outside_are_refused_wherever_they_stand(void **state)
{
	(void)state;
	static const char *const outside[] = {
		"8.8.8.8", "see 8.8.8.8 there", "a=192.168.1.1,b", "8.8.8.8:80", "x/198.51.100.64/y", "::1",
		"fe80::1", "2001:db8::1",	"127.0.0.1",	   "0.0.0.0",	 "255.255.255.255"};
	static const char *const inside[] = {
		"10.1.1.20", "http://203.0.113.66/x", "residents.csv", "v1.2.3", "10.1.1.20:445", "12:30", ""};
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		if (check_text(VALUE_STRING, outside[i]) == 0)
			fail_msg("'%s' was let through", outside[i]);
	for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
		if (check_text(VALUE_STRING, inside[i]) < 0)
			fail_msg("'%s' was refused", inside[i]);
}

static void test_urls_are_read_as_curl_reads_them(void **state)
{
	(void)state;
	static const char *const outside[] = {
		"http://134744072/", "http://0x08080808/", "http://010.8.8.8/", "http://8.2056/",
		"http://127.1/",     "http://a@8.8.8.8/",  "http://",		"http://10.1.1.20@8.8.8.8/"};
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		if (check_text(VALUE_URL, outside[i]) == 0)
			fail_msg("'%s' was let through", outside[i]);
	assert_int_equal(check_text(VALUE_URL, "http://203.0.113.66/invoice"), 0);
	assert_int_equal(check_text(VALUE_URL, "http://www.saida.example/"), 0);
}

static void test_characters_that_a_shell_could_read_are_refused(void **state)
{
	(void)state;
	for (const char *c = "$`;|&<>(){}[]*?!~#'\"\\\n\t\r%^"; *c; c++) {
		char text[] = {'a', *c, 'b', '\0'};
		if (check_text(VALUE_STRING, text) == 0)
			fail_msg("character %d was let through", *c);
	}
	char lengthy[PROTOCOL_VALUE_MAX_BYTES + 2];
	memset(lengthy, 'a', sizeof lengthy);
	lengthy[PROTOCOL_VALUE_MAX_BYTES + 1] = '\0';
	assert_int_equal(check_text(VALUE_STRING, lengthy), -1);
	assert_int_equal(check_text(VALUE_STRING, lengthy + 1), 0);
	assert_int_equal(check_text(VALUE_STRING, "住民 2024_a-b.csv"), 0);
}

static void test_steps_on_own_guests_only(void **state)
{
	(void)state;
	struct host stranger = {.name = (char[]){"pc-tanaka"},
				.role = &proxy_role,
				.nics = pc_nics,
				.nics_count = 1}; /* the name alone does not make it ours */
	struct nic away = {.network = &networks[2], .address = IP(10, 1, 2, 1)};
	assert_int_equal(check(1, (struct step){.on = &hosts[PC], .to = &hosts[ATTACKER], .via = &hosts[PROXY], .as = &tanaka},
			       json_object()),
			 0);
	assert_int_equal(check(2, (struct step){.on = &hosts[PC]}, json_object()), 0);
	assert_int_equal(check(0, (struct step){.on = &hosts[PC]}, json_object()), -1);
	assert_int_equal(check(3, (struct step){.on = &hosts[PC]}, json_object()), -1);
	assert_int_equal(check(1, (struct step){.on = NULL}, json_object()), -1);
	assert_int_equal(check(1, (struct step){.on = &stranger}, json_object()), -1);
	assert_int_equal(check(1, (struct step){.on = &hosts[PC], .to = &stranger}, json_object()), -1);
	assert_int_equal(check(1, (struct step){.on = &hosts[PC], .via = &stranger}, json_object()), -1);
	struct step carrier = {.on = &stranger, .to = &hosts[ATTACKER]};
	assert_int_equal(check(1, (struct step){.on = &hosts[PC], .through = &carrier}, json_object()), -1);
	hosts[FILE_SERVER].nics = &away;
	hosts[FILE_SERVER].nics_count = 1;
	assert_int_equal(check(1, (struct step){.on = &hosts[FILE_SERVER]}, json_object()), -1);
	hosts[FILE_SERVER].nics = file_nics;
	hosts[FILE_SERVER].nics_count = 2;
}

static void test_arguments_of_steps(void **state)
{
	(void)state;
	struct step step = {.on = &hosts[PC]};
	assert_int_equal(check(1, step, json_pack("{s:s, s:s}", "host", "file", "path", "residents.csv")), 0);
	assert_int_equal(check(1, step, json_pack("{s:s}", "path", "a;b")), -1);
	assert_int_equal(check(1, step, json_pack("{s:s}", "nowhere", "x")), -1);
	assert_int_equal(check(1, step, json_pack("{s:[s,s]}", "words", "a", "8.8.8.8")), -1);
	assert_int_equal(check(1, step, json_pack("{s:s}", "url", "http://134744072/")), -1);
}

static void test_the_egress_address_is_outside_and_documentation_only(void **state)
{
	(void)state;
	assert_int_equal(guard_outside(&office), IP(192, 0, 2, 1));
	struct network many[] = {{.cidr = {IP(192, 0, 2, 0), 24}},
				 {.cidr = {IP(198, 51, 100, 0), 24}},
				 {.cidr = {IP(203, 0, 113, 0), 24}},
				 {.cidr = {IP(198, 18, 0, 0), 15}}};
	struct scenario wide = {.networks = many, .networks_count = 1};
	assert_int_equal(guard_outside(&wide), IP(198, 51, 100, 1));
	wide.networks_count = 3;
	assert_int_equal(guard_outside(&wide), IP(198, 18, 0, 1));
	wide.networks_count = 4;
	assert_int_equal(guard_outside(&wide), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_of_the_range),
		cmocka_unit_test(test_literal_addresses_outside_are_refused_wherever_they_stand),
		cmocka_unit_test(test_urls_are_read_as_curl_reads_them),
		cmocka_unit_test(test_characters_that_a_shell_could_read_are_refused),
		cmocka_unit_test(test_steps_on_own_guests_only),
		cmocka_unit_test(test_arguments_of_steps),
		cmocka_unit_test(test_the_egress_address_is_outside_and_documentation_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
