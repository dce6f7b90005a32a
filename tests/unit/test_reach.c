/* What should be reachable, against a table worked out by hand from tests/fixtures/lans/closed.yaml. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/reach.h"
#include "orchestrator/scenario/memory.h"

static struct scenario *load(const char *text)
{
	struct scenario *scenario = NULL;
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	if (scenario_load_text("tests/fixtures/closed.yaml", text, text ? strlen(text) : 0, "tests/fixtures/data", &scenario,
			       &diagnostics, &err) != 0)
		fail_msg("%s %s", error_text(err), diagnostics.text);
	diagnostics_finish(&diagnostics);
	return scenario;
}

static int setup(void **state)
{
	*state = load(NULL);
	return 0;
}

static int teardown(void **state)
{
	scenario_destroy(*state);
	return 0;
}

static struct reach reach(const struct scenario *scenario, const char *from, const char *to, const char *service)
{
	const struct host *target = scenario_host(scenario, to);
	for (size_t i = 0; i < target->role->services_count; i++)
		if (strcmp(target->role->services[i].name, service) == 0)
			return reach_expected(scenario, scenario_host(scenario, from), target, &target->role->services[i]);
	fail_msg("`%s` has no service `%s`", to, service);
	return (struct reach){0};
}

static void check(const struct scenario *scenario, const char *from, const char *to, const char *service, const char *expected)
{
	const struct reach found = reach(scenario, from, to, service);
	cleanup_free char *text = reach_text(&found);
	if (strcmp(text, expected) != 0)
		fail_msg("%s to %s (%s): %s, not %s", from, to, service, text, expected);
}

static void the_first_rule_that_fits_decides_on_every_firewall_of_the_way(void **state)
{
	static const struct {
		const char *from, *to, *service, *expected;
	} cases[] = {
		{"pc-kato", "core-file", "smb", "reachable"},	/* the same network */
		{"fw-core", "core-file", "smb", "reachable"},	/* its own packets ask no rule */
		{"core-file", "core-file", "smb", "reachable"}, /* itself */
		{"pc-sato", "file", "smb", "reachable by rule 4 of fw-office"},
		{"pc-ito", "file", "smb", "blocked by fw-office, rule 3"},			/* before rule 4 */
		{"pc-sato", "proxy", "http-proxy", "reachable by rule 4 of fw-office"},		/* 8080 is what its option says */
		{"pc-sato", "world", "http", "blocked by fw-office, which has no rule for it"}, /* the first on the way */
		{"proxy", "world", "http", "reachable by rule 1 of fw-edge"},
		{"proxy", "world", "dns", "reachable by rule 1 of fw-edge"}, /* udp */
		{"world", "proxy", "http-proxy", "blocked by fw-edge, rule 2"},
		{"world", "soc", "syslog", "blocked by fw-edge, rule 2"},
		{"proxy", "soc", "syslog", "reachable by rule 1 of fw-office"},
		{"proxy", "soc", "flows", "blocked by fw-office, which has no rule for it"}, /* a udp port */
		{"fw-edge", "soc", "syslog", "reachable by rule 1 of fw-office"},
		{"file", "core-file", "smb", "reachable by rule 5 of fw-office and rule 1 of fw-core"},
		{"dhcp", "core-file", "smb", "blocked by fw-office, which has no rule for it"},
		{"proxy", "core-file", "smb", "blocked by fw-core, which has no rule for it"},
		{"pc-kato", "file", "smb", "blocked by fw-core, which has no rule for it"},
		{"core-file", "soc", "syslog", "blocked by fw-core, which has no rule for it"},
		{"core-file", "file", "smb", "blocked by fw-core, which has no rule for it"},  /* only the answers pass */
		{"pc-sato", "dhcp", "dhcp", "blocked by fw-office, which has no rule for it"}, /* only tcp */
		{"safe", "file", "smb", "no route from safe"},
		{"file", "safe", "smb", "no route from file"},
		{"fw-core", "safe", "smb", "no route from fw-core"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(*state, cases[i].from, cases[i].to, cases[i].service, cases[i].expected);
}

static void the_address_is_the_nearest_of_the_host(void **state)
{
	const struct scenario *scenario = *state;
	assert_int_equal(reach(scenario, "proxy", "world", "http").address, 0xcb007101);
	assert_int_equal(reach(scenario, "world", "proxy", "http-proxy").address, 0xc6336408);
	assert_int_equal(reach(scenario, "file", "safe", "smb").address, 0);
}

static void a_firewall_without_an_entry_drops_everything(void **state)
{
	struct scenario *scenario = *state;
	assert_string_equal(scenario->firewalls[0].host->name, "fw-core");
	scenario->firewalls++; /* in the pool: nobody frees it */
	scenario->firewalls_count--;
	check(scenario, "file", "core-file", "smb", "blocked by fw-core, which has no rule for it");
	check(scenario, "pc-sato", "file", "smb", "reachable by rule 4 of fw-office");
}

/* The DHCP server tells the way to the internet, over fw-out; the answer comes back over fw-in, which has seen no question. */
static void an_answer_over_another_firewall_is_dropped(void **state)
{
	(void)state;
	struct scenario *scenario cleanup_scenario =
		load("toride: 1\nid: x\ntitle: X\nduration: 1h\n"
		     "networks: { internet: { cidr: 203.0.113.0/24, kind: internet }, office: { cidr: 10.1.1.0/24 },"
		     " tax: { cidr: 10.1.2.0/24 } }\n"
		     "hosts:\n"
		     "  dhcp: { role: dhcp, nics: { tax: 10.1.2.67 }, ranges: { tax: 100-199 } }\n"
		     "  file: { role: file, nics: { office: 10.1.1.20 } }\n"
		     "  near: { role: file, nics: { tax: 10.1.2.20 } }\n"
		     "  pc: { role: file, nics: { tax: dhcp } }\n"
		     "  fw-in: { role: firewall, nics: { office: 10.1.1.1, tax: 10.1.2.1 } }\n"
		     "  fw-out: { role: firewall, nics: { internet: 203.0.113.2, office: 10.1.1.2, tax: 10.1.2.2 } }\n"
		     "firewalls: { fw-in: { rules: [{ action: accept }] }, fw-out: { rules: [{ action: accept }] } }\n");
	check(scenario, "near", "file", "smb", "reachable by rule 1 of fw-in");
	check(scenario, "pc", "file", "smb", "blocked by fw-in, which has no rule for it");
	check(scenario, "file", "pc", "smb", "blocked by fw-out, which has no rule for it");
}

/* Of private addresses the partner's firewall sees fw-out's, of others their own; the answer needs no way to the private ones. */
static void behind_nat_a_host_has_the_address_of_the_edge(void **state)
{
	(void)state;
	struct scenario *scenario cleanup_scenario =
		load("toride: 1\nid: x\ntitle: X\nduration: 1h\n"
		     "networks: { internet: { cidr: 203.0.113.0/24, kind: internet }, office: { cidr: 10.1.1.0/24 },"
		     " dmz: { cidr: 198.51.100.0/24 }, partner: { cidr: 10.9.1.0/24 } }\n"
		     "hosts:\n"
		     "  shop: { role: file, nics: { office: 10.1.1.20 } }\n"
		     "  public: { role: file, nics: { dmz: 198.51.100.20 } }\n"
		     "  orders: { role: file, nics: { partner: 10.9.1.20 } }\n"
		     "  fw-out: { role: firewall, nics: { internet: 203.0.113.2, office: 10.1.1.1, dmz: 198.51.100.1 } }\n"
		     "  fw-partner: { role: firewall, nics: { internet: 203.0.113.3, partner: 10.9.1.1 } }\n"
		     "firewalls: { fw-out: { rules: [{ to: orders, action: accept }] },"
		     " fw-partner: { rules: [{ from: fw-out, to: orders, action: accept }] } }\n");
	check(scenario, "shop", "orders", "smb", "reachable by rule 1 of fw-out and rule 1 of fw-partner");
	check(scenario, "public", "orders", "smb", "blocked by fw-partner, which has no rule for it");
	check(scenario, "orders", "shop", "smb", "blocked by fw-partner, which has no rule for it");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_first_rule_that_fits_decides_on_every_firewall_of_the_way),
		TEST(the_address_is_the_nearest_of_the_host),
		TEST(a_firewall_without_an_entry_drops_everything),
		TEST(behind_nat_a_host_has_the_address_of_the_edge),
		TEST(an_answer_over_another_firewall_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
