/* The scenario loader: words, the model of a sound exercise, and that the order of keys does not matter. Errors:
 * tests/golden/check.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/memory.h"
#include "orchestrator/scenario/schema.h"
#include "orchestrator/scenario/value.h"

static const char DATA[] = "tests/fixtures/data";

/* ---- words ---- */

static void test_durations_have_units_and_a_limit(void **state)
{
	(void)state;
	int64_t ms = -1;
	assert_true(value_duration("50ms", &ms) && ms == 50);
	assert_true(value_duration("90s", &ms) && ms == 90000);
	assert_true(value_duration("5m", &ms) && ms == 300000);
	assert_true(value_duration("3h", &ms) && ms == 10800000);
	assert_true(value_duration("30d", &ms) && ms == 2592000000);
	ms = -1;
	static const char *const wrong[] = {"",	   "5",	 "s", "-5s", "5 s", "5S", "1.5h", "1h30m", "31d", "99999999999999999999s",
					    "5us", "+5s"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(value_duration(wrong[i], &ms));
	assert_int_equal(ms, -1);
}

static void test_bytes_and_percent(void **state)
{
	(void)state;
	int64_t value = -1;
	assert_true(value_bytes("64MiB", &value) && value == 67108864);
	assert_true(value_bytes("2GiB", &value) && value == 2147483648);
	assert_true(value_percent("50%", &value) && value == 50);
	assert_true(value_percent("0%", &value) && value == 0);
	assert_false(value_percent("101%", &value));
	assert_false(value_percent("50", &value));
	assert_false(value_bytes("64MB", &value));
	assert_false(value_bytes("9999999GiB", &value));
}

static void test_rate_and_loss(void **state)
{
	(void)state;
	int64_t value = -1;
	assert_true(value_rate("64kbit", &value) && value == 64000);
	assert_true(value_rate("10Mbit", &value) && value == 10000000);
	assert_true(value_rate("1Gbit", &value) && value == 1000000000);
	assert_false(value_rate("10mbit", &value));
	assert_false(value_rate("999999Gbit", &value));
	assert_true(value_loss("2%", &value) && value == 2000);
	assert_true(value_loss("0.5%", &value) && value == 500);
	assert_true(value_loss("12.345%", &value) && value == 12345);
	assert_true(value_loss("100%", &value) && value == 100000);
	static const char *const wrong[] = {"100.001%", "101%", "2", "%", ".5%", "1.%", "1.2345%", "-1%", "1 %"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (value_loss(wrong[i], &value))
			fail_msg("'%s' is no loss", wrong[i]);
	assert_int_equal(value, 100000);
}

static void test_ranges_are_the_last_parts_of_addresses(void **state)
{
	(void)state;
	const struct subnet small = {0x0a010c00, 24}, large = {0x0a020000, 16}, part = {0xc6336440, 26};
	uint32_t first = 0, last = 0;
	assert_true(value_range("100-199", small, &first, &last) && first == 0x0a010c64 && last == 0x0a010cc7);
	assert_true(value_range("4.0-7.255", large, &first, &last) && first == 0x0a020400 && last == 0x0a0207ff);
	assert_true(value_range("5-1.5", large, &first, &last) && first == 0x0a020005 && last == 0x0a020105);
	assert_true(value_range("70-80", part, &first, &last) && first == 0xc6336446 && last == 0xc6336450);
	assert_true(value_range("10.1.12.7-9", small, &first, &last) && first == 0x0a010c07 && last == 0x0a010c09);
	static const char *const wrong[] = {"",	       "-",	      "100", "100-",  "-100", "1-2-3",
					    "100-256", "1.2.3.4.5-6", "a-b", "1 - 2", "1.-2"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (value_range(wrong[i], small, &first, &last))
			fail_msg("'%s' is no range", wrong[i]);
}

static void check_moment(const char *text, const char *after, int64_t offset_ms)
{
	char name[LIMIT_NAME_BYTES + 1];
	int64_t offset = -1;
	if (!value_moment(text, name, &offset))
		fail_msg("'%s' is a moment", text);
	assert_string_equal(name, after);
	assert_int_equal(offset, offset_ms);
}

static void test_moments(void **state)
{
	(void)state;
	check_moment("+12m", "", 720000);
	check_moment("60m", "", 3600000);
	check_moment("+ 5s", "", 5000);
	check_moment("+0m", "", 0);
	check_moment("open", "open", 0);
	check_moment("open + 3m", "open", 180000);
	check_moment("pc-2+3m", "pc-2", 180000);
	char name[LIMIT_NAME_BYTES + 1];
	int64_t offset;
	static const char *const wrong[] = {"",
					    "+",
					    "open +",
					    "open 3m",
					    "3m + open",
					    "open - 3m",
					    "Open",
					    "open + 3",
					    "+-3m",
					    "5 minutes",
					    "a-name-that-is-longer-than-24",
					    "open + 3m + 2m"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (value_moment(wrong[i], name, &offset))
			fail_msg("'%s' is no moment", wrong[i]);
}

static void test_names(void **state)
{
	(void)state;
	assert_true(value_name("pc-tanaka2"));
	assert_true(value_name("abcdefghijklmnopqrstuvwx")); /* 24 */
	assert_false(value_name("abcdefghijklmnopqrstuvwxy"));
	assert_false(value_name(""));
	assert_false(value_name("2pc"));
	assert_false(value_name("Pc"));
	assert_false(value_name("pc_1"));
	assert_false(value_name("pc/../x"));
	assert_true(value_field_name("next_report"));
	assert_false(value_field_name("next-report"));
}

static void test_addresses(void **state)
{
	(void)state;
	struct subnet subnet;
	uint32_t address;
	size_t length;
	assert_true(value_subnet("10.1.1.0/24", &subnet));
	assert_int_equal(subnet.address, 0x0a010100);
	assert_int_equal(subnet.prefix, 24);
	assert_true(subnet_contains(subnet, 0x0a0101ff));
	assert_false(subnet_contains(subnet, 0x0a010200));
	assert_false(value_subnet("10.1.1.0", &subnet));
	assert_false(value_subnet("10.1.1.0/33", &subnet));
	assert_false(value_subnet("10.1.1/24", &subnet));
	assert_false(value_address("10.1.1.256", &address));
	assert_false(value_address("010.1.1.1", &address));
	const char *text = "see http://8.8.4.4:80/x, v1.2.3 and 9.9.9.9.";
	const char *found = value_next_address(text, &address, &length);
	assert_ptr_equal(found, text + 11);
	assert_int_equal(address, 0x08080404);
	found = value_next_address(found + length, &address, &length);
	assert_int_equal(address, 0x09090909);
	assert_int_equal(length, 7);
	assert_null(value_next_address(found + length, &address, &length));
}

static void test_services(void **state)
{
	(void)state;
	struct rule_service services[VALUE_SERVICES_MAX];
	size_t count;
	assert_true(value_service("dns", services, &count));
	assert_int_equal(count, 2);
	assert_string_equal(services[0].protocol, "udp");
	assert_string_equal(services[1].protocol, "tcp");
	assert_true(value_service("3128/tcp", services, &count));
	assert_int_equal(count, 1);
	assert_int_equal(services[0].port, 3128);
	assert_true(value_service("icmp", services, &count));
	assert_int_equal(services[0].port, 0);
	assert_false(value_service("0/tcp", services, &count));
	assert_false(value_service("80", services, &count));
	assert_false(value_service("80/sctp", services, &count));
	/* The message names every service of the table. */
	cleanup_free char *names = xstrdup(value_service_names());
	char *rest = NULL;
	for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest))
		assert_true(value_service(name, services, &count));
}

static void test_urls_and_domains(void **state)
{
	(void)state;
	assert_true(value_url("http://www.saida.example/a?b=c"));
	assert_true(value_url("https://10.1.1.1:8443"));
	assert_false(value_url("ftp://www.saida.example/"));
	assert_false(value_url("http://user@www.saida.example/"));
	assert_false(value_url("http:///x"));
	assert_false(value_url("http://a:0/"));
	assert_false(value_url("http://a/`id`"));
	assert_true(value_domain("www.saida.example"));
	assert_false(value_domain("www..example"));
	assert_false(value_domain("-a.example"));
	assert_false(value_domain("a-.example"));
	assert_false(value_path("../etc/passwd"));
	assert_false(value_path("a/.."));
	assert_true(value_path("a/..b"));
}

static void test_suggestions(void **state)
{
	(void)state;
	static const char *const names[] = {"attacker", "file", "proxy", "web"};
	cleanup_free char *swapped = schema_suggest("porxy", "hosts", names, 4);
	cleanup_free char *far = schema_suggest("database", "hosts", names, 4);
	assert_string_equal(swapped, "; did you mean `proxy`?");
	assert_string_equal(far, "; hosts are: attacker, file, proxy, web");
}

/* ---- the model ---- */

static struct scenario *load(const char *file)
{
	struct scenario *scenario = NULL;
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	int result = scenario_load(file, DATA, &scenario, &diagnostics, &err);
	if (result != 0 || diagnostics.warnings > 0)
		fail_msg("%s: %s %s", file, error_text(err), diagnostics.text);
	diagnostics_finish(&diagnostics);
	return scenario;
}

static void test_head(void **state)
{
	const struct scenario *scenario = *state;
	assert_string_equal(scenario->id, "office");
	assert_string_equal(scenario->title.ja, "業務用");
	assert_string_equal(scenario->title.en, "Office");
	assert_string_equal(scenario->briefing.en, "The terminal is 10.1.1.101");
	assert_int_equal(scenario->duration_ms, 3600000);
	assert_true(scenario->has_ja && scenario->has_en);
	assert_int_equal(strlen(scenario->digest), 64);
	assert_null(scenario->summary.en);
}

static void test_lan(void **state)
{
	const struct scenario *scenario = *state;
	const struct host *fw = scenario_host(scenario, "fw"), *pc = scenario_host(scenario, "pc-sato");
	assert_int_equal(scenario->hosts_count, 5);
	assert_null(scenario_host(scenario, "nobody"));
	assert_int_equal(scenario_network(scenario, "internet")->kind, NETWORK_INTERNET);
	assert_int_equal(scenario_network(scenario, "office")->kind, NETWORK_LAN);
	assert_int_equal(fw->nics_count, 2); /* by the networks' names */
	assert_ptr_equal(fw->nics[0].network, scenario_network(scenario, "internet"));
	assert_int_equal(fw->nics[1].address, 0x0a010101);
	assert_true(fw->role->forwards);
	assert_int_equal(fw->access, ACCESS_ROOT);
	assert_int_equal(scenario_host(scenario, "attacker")->access, ACCESS_NONE);
	assert_int_equal(fw->memory_bytes, 64 << 20);
	assert_string_equal(json_string_value(json_object_get(pc->options, "user")), "sato");
	assert_string_equal(fw->role->image, "base");
	assert_int_equal(scenario->images_count, 1);
	assert_int_equal(scenario->images[0]->packages_count, 2);
	assert_string_equal(scenario->people[0].account, "sato");
	assert_ptr_equal(scenario->people[0].terminal, pc);
	assert_string_equal(scenario->contacts[0].name.ja, "CISO"); /* a plain string is every language */
}

/* ---- texts in memory ---- */

static struct scenario *load_text(const char *text, struct diagnostics *diagnostics)
{
	struct scenario *scenario = NULL;
	cleanup_error struct error *err = NULL;
	if (scenario_load_text("tests/fixtures/memory.yaml", text, strlen(text), DATA, &scenario, diagnostics, &err) < 0)
		fail_msg("%s", error_text(err));
	return scenario;
}

#define HEAD "toride: 1\nid: x\ntitle: X\nduration: 1h\n"

/* As load(); the warning that nothing is scored is right. */
static struct scenario *load_closed(void)
{
	struct scenario *scenario = NULL;
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	if (scenario_load("tests/fixtures/closed.yaml", DATA, &scenario, &diagnostics, &err) != 0 || diagnostics.warnings != 1)
		fail_msg("%s %s", error_text(err), diagnostics.text);
	diagnostics_finish(&diagnostics);
	return scenario;
}

static void test_addresses_by_dhcp_and_further_ones(void **state)
{
	(void)state;
	struct scenario *scenario cleanup_scenario = load_closed();
	const struct host *pc = scenario_host(scenario, "pc-sato"), *other = scenario_host(scenario, "pc-ito");
	const struct host *world = scenario_host(scenario, "world");
	const struct address_range *range = NULL;
	const struct network *tax = scenario_network(scenario, "tax");
	assert_ptr_equal(scenario_dhcp_server(scenario, tax, &range), scenario_host(scenario, "dhcp"));
	assert_null(scenario_dhcp_server(scenario, scenario_network(scenario, "office"), NULL));
	assert_ptr_equal(range->network, tax);
	assert_int_equal(range->first, 0x0a010d64);
	assert_int_equal(range->last, 0x0a010dc7);
	assert_true(pc->nics[0].dhcp && !world->nics[0].dhcp);
	assert_in_range(pc->nics[0].address, range->first, range->last);
	assert_in_range(other->nics[0].address, range->first, range->last);
	assert_int_not_equal(pc->nics[0].address, other->nics[0].address);
	assert_int_equal(world->nics[0].address, 0xcb007101);
	assert_int_equal(world->nics[0].more_count, 2);
	assert_int_equal(world->nics[0].more[1], 0xcb007119);
	assert_true(scenario_host_has(world, 0xcb007119) && !scenario_host_has(world, 0xcb007102));
}

static void test_deliveries_services_and_quality(void **state)
{
	(void)state;
	struct scenario *scenario cleanup_scenario = load_closed();
	const struct host *edge = scenario_host(scenario, "fw-edge"), *proxy = scenario_host(scenario, "proxy");
	const struct host *soc = scenario_host(scenario, "soc");
	const struct network *dmz = scenario_network(scenario, "dmz"), *tax = scenario_network(scenario, "tax");
	assert_ptr_equal(edge->logs, soc);
	assert_ptr_equal(edge->flows, soc);
	assert_ptr_equal(proxy->logs, soc);
	assert_null(proxy->flows);
	assert_int_equal(proxy->secrets_count, 2);
	assert_string_equal(proxy->secrets[1], "flag2");
	assert_int_equal(scenario_service_port(proxy, &proxy->role->services[0]), 8080); /* its option says */
	assert_int_equal(scenario_service_port(soc, &soc->role->services[0]), 514);
	assert_int_equal(dmz->rate_bits, 10000000);
	assert_int_equal(dmz->delay_ms, 50);
	assert_int_equal(dmz->loss_milli_percent, 500);
	assert_int_equal(tax->rate_bits + tax->delay_ms + tax->loss_milli_percent, 0);
}

static void test_simulated_use(void **state)
{
	(void)state;
	struct scenario *scenario cleanup_scenario = load_closed();
	const struct person *ito = &scenario->people[0], *kato = &scenario->people[1], *sato = &scenario->people[2];
	assert_int_equal(sato->does_count, 2);
	assert_string_equal(sato->does[1], "browse");
	assert_int_equal(sato->pace_ms, 120000);
	assert_int_equal(ito->pace_ms, 90000);
	assert_int_equal(kato->does_count + (size_t)kato->pace_ms, 0);
	assert_int_equal(sato->terminal->role->activities_count, 2);
}

static void test_an_account_is_looked_for_in_the_directory(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	struct scenario *scenario cleanup_scenario = load_text(
		HEAD "networks: { a: { cidr: 10.0.0.0/24 } }\n"
		     "hosts: { dc: { role: ad, nics: { a: 10.0.0.1 }, service-accounts: [svc-backup], access: root } }\n"
		     "objectives: [{ id: o, phase: contain, points: 5, state: { account-disabled: svc-backup, holds: 20s } }]\n",
		&diagnostics);
	diagnostics_finish(&diagnostics);
	assert_non_null(scenario);
	const struct state_probe *probe = &scenario->objectives[0].state;
	assert_int_equal(probe->kind, STATE_ACCOUNT_DISABLED);
	assert_ptr_equal(probe->from, scenario_host(scenario, "dc"));
	assert_string_equal(probe->path, "svc-backup");
	assert_int_equal(probe->holds_ms, 20000);
	assert_true(probe->from->role->directory);
}

static void test_a_teams_secret_is_a_truth(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	struct scenario *scenario cleanup_scenario = load_text(
		HEAD "networks: { a: { cidr: 10.0.0.0/24 } }\n"
		     "hosts: { x: { role: file, nics: { a: 10.0.0.1 }, secrets: [flag1], access: root } }\n"
		     "objectives: [{ id: o, phase: detect, points: 5, claim: { f: \"${team.secret.flag1}\", g: any-text } }]\n"
		     "solution: [{ at: +1m, claim: { objective: o, f: \"${team.secret.flag1}\", g: any-text } }]\n",
		&diagnostics);
	diagnostics_finish(&diagnostics);
	assert_non_null(scenario);
	const struct claim_field *field = &scenario->objectives[0].fields[0];
	assert_string_equal(field->truth.secret, "flag1");
	assert_null(field->truth.literal);
	assert_int_equal(field->match, MATCH_EXACT);
	assert_null(scenario->objectives[0].fields[1].truth.secret);
	/* Who plays the solution fills it in: the model is the same for all teams. */
	assert_string_equal(json_string_value(json_object_get(scenario->solution[0].values, "f")), "${team.secret.flag1}");
}

/* Whatever the number of hosts: all get one, none twice. */
static void test_a_full_range_gives_every_host_its_address(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	struct scenario *scenario cleanup_scenario = load_text(
		HEAD
		"networks: { a: { cidr: 10.0.0.0/24 } }\n"
		"hosts: { s: { role: dhcp, nics: { a: 10.0.0.1 }, ranges: { a: 7-9 } }, x: { role: file, nics: { a: dhcp } }, "
		"y: { role: file, nics: { a: dhcp } }, z: { role: file, nics: { a: dhcp } } }\n",
		&diagnostics);
	diagnostics_finish(&diagnostics);
	assert_non_null(scenario);
	unsigned seen = 0;
	for (size_t i = 1; i < 4; i++)
		seen |= 1U << (scenario->hosts[i].nics[0].address - 0x0a000007);
	assert_int_equal(seen, 7);
}

static void test_options_have_defaults_and_types(void **state)
{
	const struct scenario *scenario = *state;
	const json_t *proxy = scenario_host(scenario, "proxy")->options, *file = scenario_host(scenario, "file")->options;
	assert_int_equal(json_integer_value(json_object_get(proxy, "port")), 3128);
	assert_int_equal(json_integer_value(json_object_get(proxy, "idle")), 90); /* seconds */
	assert_int_equal(json_integer_value(json_object_get(proxy, "cache")), 64 << 20);
	assert_int_equal(json_array_size(json_object_get(file, "shares")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(file, "shares"), 1)), "tax");
	assert_int_equal(json_object_size(scenario_host(scenario, "fw")->options), 0);
}

static void test_firewall(void **state)
{
	const struct scenario *scenario = *state;
	const struct firewall *firewall = &scenario->firewalls[0];
	assert_int_equal(firewall->rules_count, 2);
	const struct rule *web = &firewall->rules[0], *rest = &firewall->rules[1];
	assert_ptr_equal(firewall->host, scenario_host(scenario, "fw"));
	assert_int_equal(web->from[0].kind, ENDPOINT_HOST);
	assert_ptr_equal(web->from[0].host, scenario_host(scenario, "proxy"));
	assert_int_equal(web->to[0].kind, ENDPOINT_NETWORK);
	assert_int_equal(web->services_count, 3); /* http; dns twice */
	assert_string_equal(web->services[2].name, "dns");
	assert_true(web->accept && !web->log);
	assert_int_equal(rest->from_count + rest->to_count + rest->services_count, 0);
	assert_true(!rest->accept && rest->log);
}

static void test_attack(void **state)
{
	const struct scenario *scenario = *state;
	const struct step *open = scenario_step(scenario, "open"), *beacon = scenario_step(scenario, "beacon");
	const struct step *collect = scenario_step(scenario, "collect");
	assert_null(open->at.after);
	assert_int_equal(open->at.offset_ms, 120000);
	assert_string_equal(beacon->at.after, "open");
	assert_int_equal(beacon->every_ms, 5000);
	assert_int_equal(beacon->ability->kind, ABILITY_BEACON);
	assert_ptr_equal(collect->through, beacon);
	assert_ptr_equal(collect->to, scenario_host(scenario, "attacker")); /* the beacon's */
	assert_ptr_equal(collect->via, scenario_host(scenario, "proxy"));
	assert_string_equal(collect->as->account, "sato");
	assert_int_equal(collect->needs_count, 1);
	assert_string_equal(collect->needs[0], "open");
	assert_string_equal(json_string_value(json_object_get(collect->args, "share")), "tax");
	assert_string_equal(json_string_value(json_object_get(collect->args, "path")), "notes.txt");
	assert_int_equal(json_integer_value(json_object_get(collect->args, "tries")), 3);
	assert_int_equal(collect->ability->timeout_ms, 10000);
	assert_string_equal(collect->ability->expect[0].host, "${arg.host}");
	assert_int_equal(scenario->abilities_count, 3);
	assert_string_equal(scenario_inject(scenario, "call")->text.ja, "traffic to 203.0.113.66");
	assert_string_equal(scenario_inject(scenario, "call")->at.after, "open");
}

static void test_objectives(void **state)
{
	const struct scenario *scenario = *state;
	const struct objective *zero = scenario_objective(scenario, "patient-zero"),
			       *cut = scenario_objective(scenario, "cut-off");
	assert_int_equal(zero->kind, OBJECTIVE_CLAIM);
	assert_int_equal(zero->fields_count, 2); /* `tolerance` is none */
	assert_ptr_equal(zero->fields[0].truth.step, scenario_step(scenario, "open"));
	assert_int_equal(zero->fields[0].match, MATCH_EXACT);
	assert_int_equal(zero->fields[1].truth.key, TRUTH_TIME);
	assert_int_equal(zero->fields[1].match, MATCH_TIME);
	assert_int_equal(zero->fields[1].tolerance_ms, 90000);
	assert_int_equal(zero->floor_percent, 40);
	assert_int_equal(zero->hints[0].cost_points, 3);
	assert_string_equal(zero->full_by.after, "call");
	assert_int_equal(cut->kind, OBJECTIVE_STATE);
	assert_int_equal(cut->state.kind, STATE_UNREACHABLE);
	assert_ptr_equal(cut->state.via, scenario_host(scenario, "proxy"));
	assert_int_equal(cut->state.holds_ms, 20000);
	assert_int_equal(cut->floor_percent, 25);
	assert_string_equal(cut->title.en, "cut-off"); /* no title: the id */
	const struct objective *clean = scenario_objective(scenario, "clean");
	assert_int_equal(clean->state.holds_ms, 120000);
	assert_string_equal(clean->state.path, "/tmp/x");
	assert_false(clean->full_by.given);
	assert_int_equal(scenario_objective(scenario, "talk")->kind, OBJECTIVE_MANUAL);
	assert_string_equal(phase_names[zero->phase], "detect");
}

static void test_duty_and_solution(void **state)
{
	const struct scenario *scenario = *state;
	const struct duty *duty = scenario_duty(scenario, "first-report");
	assert_string_equal(duty->to->id, "ciso");
	assert_string_equal(duty->due.after, "call");
	assert_int_equal(duty->due.offset_ms, 1800000);
	assert_int_equal(duty->fields_count, 4);
	assert_int_equal(duty->fields[1].match, MATCH_SET);
	assert_null(duty->fields[2].truth.step);
	assert_null(duty->fields[2].truth.literal);
	assert_true(duty->fields[2].required && !duty->fields[3].required);
	assert_int_equal(scenario->solution_count, 5);
	assert_string_equal(scenario->solution[0].target, "patient-zero");
	assert_string_equal(scenario->solution[1].run, "nft insert rule inet filter forward ip daddr 203.0.113.66 drop");
	assert_ptr_equal(scenario->solution[1].on, scenario_host(scenario, "fw"));
	assert_string_equal(json_string_value(json_object_get(scenario->solution[2].values, "measure")), "to 203.0.113.66");
	assert_int_equal(scenario->solution[4].kind, SOLUTION_REPORT);
	const json_t *indicators = json_object_get(scenario->solution[4].values, "indicators");
	assert_string_equal(json_string_value(json_array_get(indicators, 0)), "203.0.113.66");
}

static void test_order_of_keys_does_not_matter(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	struct scenario *one cleanup_scenario =
		load_text(HEAD "networks: { b: { cidr: 10.0.1.0/24 }, a: { cidr: 10.0.0.0/24 } }\n"
			       "hosts: { z: { role: firewall, nics: { b: 10.0.1.1, a: 10.0.0.1 } }, y: { role: file, nics: { a: "
			       "10.0.0.2 } } }\n",
			  &diagnostics);
	diagnostics_finish(&diagnostics);
	assert_non_null(one);
	assert_string_equal(one->networks[0].name, "a");
	assert_string_equal(one->hosts[0].name, "y");
	assert_string_equal(one->hosts[1].nics[0].network->name, "a");
	assert_string_equal(one->roles[0]->name, "file");
}

static void test_digest_is_of_every_file(void **state)
{
	const struct scenario *scenario = *state;
	struct diagnostics diagnostics;
	static const char LAN[] =
		"networks: { a: { cidr: 10.0.0.0/24 } }\nhosts: { y: { role: file, nics: { a: 10.0.0.2 }, access: root } }\n";
	cleanup_free char *one_text = xasprintf("%s%s", HEAD, LAN), *two_text = xasprintf("%s%s ", HEAD, LAN);
	struct scenario *again cleanup_scenario = load("tests/fixtures/office.yaml");
	struct scenario *one cleanup_scenario = load_text(one_text, &diagnostics);
	diagnostics_finish(&diagnostics);
	struct scenario *two cleanup_scenario = load_text(two_text, &diagnostics);
	diagnostics_finish(&diagnostics);
	assert_string_equal(scenario->digest, again->digest);
	assert_string_not_equal(one->digest, two->digest);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("%s/%s", folder, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* As a restart does: the sources go through JSON text. */
static struct scenario *load_again(const struct scenario *scenario)
{
	cleanup_free char *text = json_dumps(scenario->sources, 0);
	cleanup_json json_t *sources = json_loads(text, 0, NULL);
	struct scenario *again = NULL;
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	if (scenario_load_again(sources, scenario->file, DATA, &again, &diagnostics, &err) != 0)
		fail_msg("%s %s", error_text(err), diagnostics.text);
	diagnostics_finish(&diagnostics);
	return again;
}

static void test_it_is_made_again_from_its_sources_when_the_files_are_others(void **state)
{
	(void)state;
	char top[] = "/tmp/toride-test.XXXXXX";
	assert_non_null(mkdtemp(top));
	cleanup_free char *folder = xasprintf("%s/exercises", top), *role = xasprintf("%s/roles", top);
	cleanup_free char *file = xasprintf("%s/x.yaml", folder), *box = xasprintf("%s/box", role);
	cleanup_free char *real = xasprintf("%s/lan.yaml", folder), *alias = xasprintf("%s/alias.yaml", folder);
	assert_int_equal(mkdir(folder, 0700) + mkdir(role, 0700) + mkdir(box, 0700), 0);
	write_file(folder, "x.yaml", HEAD "use: [lan.yaml, alias.yaml]\nlanguages: [ja, en]\nbriefing: 訓練\n");
	write_file(folder, "lan.yaml",
		   "networks: { a: { cidr: 10.0.0.0/24 } }\nhosts: { y: { role: box, nics: { a: 10.0.0.2 }, access: root } }\n");
	assert_int_equal(symlink("lan.yaml", alias), 0);
	write_file(box, "role.yaml", "role: box\nimage: base\nsummary: Box\nmemory: 32MiB\nprocesses: 16\n");
	struct diagnostics diagnostics;
	cleanup_error struct error *err = NULL;
	struct scenario *before cleanup_scenario = NULL;
	if (scenario_load(file, DATA, &before, &diagnostics, &err) != 0)
		fail_msg("%s%s", error_text(err), diagnostics.text);
	diagnostics_finish(&diagnostics);
	write_file(folder, "lan.yaml", "networks: {");
	write_file(box, "role.yaml", "role: other\n");
	unlink(file);
	struct scenario *again cleanup_scenario = load_again(before);
	assert_string_equal(again->digest, before->digest);
	assert_true(json_equal(again->sources, before->sources));
	assert_int_equal(json_object_size(again->sources), 5); /* with the way by the alias, and the image */
	assert_string_equal(again->hosts[0].role->folder, before->hosts[0].role->folder);
	assert_string_equal(again->briefing.ja, "訓練");
	unlink(alias);
	unlink(real);
	cleanup_free char *role_file = xasprintf("%s/role.yaml", box);
	unlink(role_file);
	assert_int_equal(rmdir(box) + rmdir(role) + rmdir(folder) + rmdir(top), 0);
}

static void test_sources_that_lack_one_make_no_scenario(void **state)
{
	const struct scenario *scenario = *state;
	const char *path;
	json_t *value;
	json_object_foreach (scenario->sources, path, value) {
		cleanup_json json_t *sources = json_copy(scenario->sources);
		json_object_del(sources, path);
		struct scenario *again cleanup_scenario = NULL;
		struct diagnostics diagnostics;
		cleanup_error struct error *err = NULL;
		assert_int_not_equal(scenario_load_again(sources, scenario->file, DATA, &again, &diagnostics, &err), 0);
		diagnostics_finish(&diagnostics);
	}
}

static void test_positions_count_characters(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	assert_null(load_text(HEAD "summary: { ja: 訓練, jp: x }\n", &diagnostics));
	assert_non_null(strstr(diagnostics.text,
			       "tests/fixtures/memory.yaml:5:20: error: `summary` has no key `jp`; did you mean `ja`?\n"
			       "    5 | summary: { ja: 訓練, jp: x }\n"
			       "      |                      ^\n"));
	diagnostics_finish(&diagnostics);
}

static void test_aliases_share_values(void **state)
{
	(void)state;
	struct diagnostics diagnostics;
	struct scenario *scenario cleanup_scenario =
		load_text(HEAD "networks: { a: { cidr: 10.0.0.0/24, label: &l { ja: あ, en: a } } }\n"
			       "hosts: { y: { role: file, nics: { a: 10.0.0.2 }, label: *l, access: root } }\n",
			  &diagnostics);
	diagnostics_finish(&diagnostics);
	assert_non_null(scenario);
	assert_string_equal(scenario->hosts[0].label.ja, "あ");
}

/* 2,000 lines: far below the 50 ms that the bench holds it to, even with sanitizers. */
static void test_large_scenario_is_quick(void **state)
{
	(void)state;
	cleanup_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	fputs(HEAD "networks: { a: { cidr: 10.0.0.0/16 } }\ndesk: { soc: { name: SOC } }\nhosts:\n", out);
	for (int i = 1; i <= LIMIT_HOSTS; i++)
		fprintf(out, "  h%d:\n    role: file\n    nics: { a: 10.0.0.%d }\n    access: root\n    shares: [a, b]\n", i, i);
	fputs("attack:\n", out);
	for (int i = 0; i < LIMIT_STEPS; i++)
		fprintf(out,
			"  - id: s%d\n    ability: read-share\n    technique: T1039\n    on: h%d\n    %s%d%s\n    args: { host: "
			"h2, share: a }\n",
			i, i % LIMIT_HOSTS + 1, i ? "after: s" : "at: ", i ? i - 1 : 1, i ? " + 1s" : "s");
	fputs("objectives:\n", out);
	for (int i = 0; i < LIMIT_OBJECTIVES; i++)
		fprintf(out,
			"  - id: o%d\n    phase: detect\n    points: 1\n    claim: { host: truth.s%d.host }\n    full_by: s%d + "
			"1m\n    floor_at: s%d + 2m\n",
			i, i, i, i);
	fclose(out);
	struct timespec before, after;
	struct diagnostics diagnostics;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	struct scenario *scenario cleanup_scenario = load_text(text, &diagnostics);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	if (!scenario)
		fail_msg("%s", diagnostics.text);
	diagnostics_finish(&diagnostics);
	assert_int_equal(scenario->steps_count, LIMIT_STEPS);
	double ms = (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	if (ms > 500)
		fail_msg("it took %.1f ms", ms);
}

static int set_up(void **state)
{
	*state = load("tests/fixtures/office.yaml");
	return 0;
}

static int tear_down(void **state)
{
	scenario_destroy(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_have_units_and_a_limit),
		cmocka_unit_test(test_bytes_and_percent),
		cmocka_unit_test(test_rate_and_loss),
		cmocka_unit_test(test_ranges_are_the_last_parts_of_addresses),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_urls_and_domains),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_lan),
		cmocka_unit_test(test_addresses_by_dhcp_and_further_ones),
		cmocka_unit_test(test_deliveries_services_and_quality),
		cmocka_unit_test(test_simulated_use),
		cmocka_unit_test(test_an_account_is_looked_for_in_the_directory),
		cmocka_unit_test(test_a_teams_secret_is_a_truth),
		cmocka_unit_test(test_a_full_range_gives_every_host_its_address),
		cmocka_unit_test(test_options_have_defaults_and_types),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_attack),
		cmocka_unit_test(test_objectives),
		cmocka_unit_test(test_duty_and_solution),
		cmocka_unit_test(test_order_of_keys_does_not_matter),
		cmocka_unit_test(test_digest_is_of_every_file),
		cmocka_unit_test(test_it_is_made_again_from_its_sources_when_the_files_are_others),
		cmocka_unit_test(test_sources_that_lack_one_make_no_scenario),
		cmocka_unit_test(test_positions_count_characters),
		cmocka_unit_test(test_aliases_share_values),
		cmocka_unit_test(test_large_scenario_is_quick),
	};
	return cmocka_run_group_tests_name("scenario", tests, set_up, tear_down);
}
