/* The plan: resources in an order that can be built, facts as the roles' README says, digests that move with what matters alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/plan.h"
#include "orchestrator/route.h"
#include "model.h"

struct fixture {
	struct model model;
	struct plan *plan;
};

static int setup(void **state)
{
	struct fixture *fixture = xcalloc(1, sizeof *fixture);
	model_fill(&fixture->model);
	*state = fixture;
	return plan_create(&fixture->model.scenario, NULL, 2, "2026-11-24", &fixture->plan, NULL);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	plan_destroy(fixture->plan);
	model_finish(&fixture->model);
	free(fixture);
	return 0;
}

static const struct resource *resource(const struct plan *plan, enum resource_kind kind, const char *name)
{
	for (size_t i = 0; i < plan->resources_count; i++)
		if (plan->resources[i].kind == kind && strcmp(plan->resources[i].name, name) == 0)
			return &plan->resources[i];
	fail_msg("no %s '%s' in the plan", resource_kind_names[kind], name);
	return NULL;
}

static char *dump(const struct plan *plan)
{
	cleanup_json json_t *json = plan_to_json(plan);
	return json_dumps(json, JSON_SORT_KEYS);
}

static void every_need_comes_before_its_user(void **state)
{
	const struct plan *plan = ((struct fixture *)*state)->plan;
	assert_int_equal(plan->resources_count, 1 + 9 + 2 * (3 + 9 + 9));
	for (size_t i = 0; i < plan->resources_count; i++) {
		const struct resource *one = &plan->resources[i];
		for (size_t n = 0; n < one->needs_count; n++)
			assert_true(one->needs[n] < i);
		for (size_t other = 0; other < i; other++)
			assert_false(plan->resources[other].kind == one->kind &&
				     strcmp(plan->resources[other].name, one->name) == 0);
	}
}

static void a_guest_needs_its_disk_and_its_networks(void **state)
{
	const struct plan *plan = ((struct fixture *)*state)->plan;
	const struct resource *guest = resource(plan, RESOURCE_GUEST, "first-call/t2/fw-edge");
	static const char *const expected[] = {"first-call/t2/fw-edge", "first-call/t2/dmz", "first-call/t2/internet"};
	assert_int_equal(guest->needs_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(plan->resources[guest->needs[i]].name, expected[i]);
	const struct resource *disk = &plan->resources[guest->needs[0]];
	assert_int_equal(disk->kind, RESOURCE_DISK);
	const struct resource *layer = &plan->resources[disk->needs[0]];
	assert_int_equal(layer->kind, RESOURCE_LAYER);
	assert_ptr_equal(layer->host, guest->host);
	assert_int_equal(plan->resources[layer->needs[0]].kind, RESOURCE_IMAGE);
}

static void guest_indexes_are_unique_and_stay_when_teams_are_added(void **state)
{
	struct fixture *fixture = *state;
	cleanup_plan struct plan *more = NULL;
	assert_int_equal(plan_create(&fixture->model.scenario, NULL, 30, "2026-11-24", &more, NULL), 0);
	bool seen[30 * MODEL_HOSTS] = {false};
	for (size_t i = 0; i < more->resources_count; i++) {
		const struct resource *one = &more->resources[i];
		if (one->kind != RESOURCE_GUEST)
			continue;
		assert_in_range(one->guest_index, 0, 30 * MODEL_HOSTS - 1);
		assert_false(seen[one->guest_index]);
		seen[one->guest_index] = true;
	}
	const struct resource *before = resource(fixture->plan, RESOURCE_GUEST, "first-call/t2/web");
	const struct resource *after = resource(more, RESOURCE_GUEST, "first-call/t2/web");
	assert_int_equal(before->guest_index, after->guest_index);
	assert_string_equal(before->digest, after->digest);
}

static void teams_share_layers_and_addresses(void **state)
{
	const struct plan *plan = ((struct fixture *)*state)->plan;
	const struct resource *one = resource(plan, RESOURCE_GUEST, "first-call/t1/proxy");
	const struct resource *two = resource(plan, RESOURCE_GUEST, "first-call/t2/proxy");
	assert_ptr_equal(one->told, two->told);
	assert_int_equal(plan->resources[one->needs[0]].needs[0], plan->resources[two->needs[0]].needs[0]);
	assert_string_not_equal(one->digest, two->digest);
}

/* Reverses every list whose order in the file means nothing; pointers into them are mended by names. */
static void reversed_lists_give_the_same_plan(void **state)
{
	struct fixture *fixture = *state;
	struct model other;
	model_fill(&other);
	struct network networks[MODEL_NETWORKS];
	for (size_t i = 0; i < MODEL_NETWORKS; i++)
		networks[MODEL_NETWORKS - 1 - i] = other.networks[i];
	struct host hosts[MODEL_HOSTS];
	for (size_t i = 0; i < MODEL_HOSTS; i++) {
		struct host *host = &other.hosts[i];
		for (size_t n = 0; n < host->nics_count; n++)
			host->nics[n].network = &networks[MODEL_NETWORKS - 1 - (host->nics[n].network - other.networks)];
		if (host->nics_count == 2) {
			struct nic first = host->nics[0];
			host->nics[0] = host->nics[1];
			host->nics[1] = first;
		}
		hosts[MODEL_HOSTS - 1 - i] = *host;
	}
	for (size_t i = 0; i < 3; i++) {
		struct endpoint *endpoint = &other.endpoints[i];
		if (endpoint->host)
			endpoint->host = &hosts[MODEL_HOSTS - 1 - (endpoint->host - other.hosts)];
		if (endpoint->network)
			endpoint->network = &networks[MODEL_NETWORKS - 1 - (endpoint->network - other.networks)];
	}
	other.firewalls[0].host = &hosts[MODEL_HOSTS - 1 - MODEL_FW_EDGE];
	other.people[0].terminal = &hosts[MODEL_HOSTS - 1 - MODEL_PC_TANAKA];
	other.scenario.networks = networks;
	other.scenario.hosts = hosts;
	cleanup_plan struct plan *plan = NULL;
	assert_int_equal(plan_create(&other.scenario, NULL, 2, "2026-11-24", &plan, NULL), 0);
	cleanup_free char *expected = dump(fixture->plan), *actual = dump(plan);
	assert_string_equal(actual, expected);
	model_finish(&other);
}

static void only_what_stands_on_a_change_gets_another_digest(void **state)
{
	struct fixture *fixture = *state;
	fixture->model.hosts[MODEL_WEB].memory_bytes *= 2;
	cleanup_plan struct plan *plan = NULL;
	assert_int_equal(plan_create(&fixture->model.scenario, NULL, 2, "2026-11-24", &plan, NULL), 0);
	for (size_t i = 0; i < plan->resources_count; i++) {
		const struct resource *one = &plan->resources[i];
		bool same = strcmp(one->digest, fixture->plan->resources[i].digest) == 0;
		assert_true(same != (one->kind == RESOURCE_GUEST && strcmp(one->host->name, "web") == 0));
	}
	static const char *const packages[] = {"nginx-light", "squid", "samba"};
	fixture->model.base.packages = (char **)packages;
	fixture->model.base.packages_count = 3;
	cleanup_plan struct plan *baked = NULL;
	assert_int_equal(plan_create(&fixture->model.scenario, NULL, 2, "2026-11-24", &baked, NULL), 0);
	for (size_t i = 0; i < baked->resources_count; i++)
		assert_true((strcmp(baked->resources[i].digest, plan->resources[i].digest) == 0) ==
			    (baked->resources[i].kind == RESOURCE_NETWORK));
}

static void a_slower_network_is_another_one(void **state)
{
	struct fixture *fixture = *state;
	fixture->model.networks[MODEL_OFFICE].delay_ms = 50;
	cleanup_plan struct plan *plan = NULL;
	assert_int_equal(plan_create(&fixture->model.scenario, NULL, 2, "2026-11-24", &plan, NULL), 0);
	static const char *const moved[] = {"first-call/t1/office", "first-call/t1/file"};
	assert_string_not_equal(resource(plan, RESOURCE_NETWORK, moved[0])->digest,
				resource(fixture->plan, RESOURCE_NETWORK, moved[0])->digest);
	assert_string_not_equal(resource(plan, RESOURCE_GUEST, moved[1])->digest,
				resource(fixture->plan, RESOURCE_GUEST, moved[1])->digest);
	assert_string_equal(resource(plan, RESOURCE_DISK, moved[1])->digest,
			    resource(fixture->plan, RESOURCE_DISK, moved[1])->digest);
	assert_string_equal(resource(plan, RESOURCE_NETWORK, "first-call/t1/dmz")->digest,
			    resource(fixture->plan, RESOURCE_NETWORK, "first-call/t1/dmz")->digest);
}

static json_t *facts(const struct model *model, int host)
{
	return plan_facts(&model->scenario, &model->hosts[host], TOLD_GUEST);
}

static void assert_json(const json_t *actual, const char *expected)
{
	cleanup_json json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
	assert_non_null(wanted);
	cleanup_free char *text = json_dumps(actual, JSON_SORT_KEYS | JSON_ENCODE_ANY);
	if (!json_equal(actual, wanted))
		fail_msg("got %s\nnot %s", text, expected);
}

static void routes_follow_the_forwarding_hosts(void **state)
{
	const struct model *model = &((struct fixture *)*state)->model;
	static const struct {
		int host;
		const char *routes;
	} cases[] = {
		{MODEL_PROXY,
		 "[{\"to\":\"10.1.1.0/24\",\"via\":\"198.51.100.2\"},{\"to\":\"default\",\"via\":\"198.51.100.1\"}]"},
		{MODEL_PC_TANAKA,
		 "[{\"to\":\"198.51.100.0/26\",\"via\":\"10.1.1.1\"},{\"to\":\"default\",\"via\":\"10.1.1.1\"}]"},
		{MODEL_FW_OFFICE, "[{\"to\":\"default\",\"via\":\"198.51.100.1\"}]"},
		{MODEL_FW_EDGE, "[{\"to\":\"10.1.1.0/24\",\"via\":\"198.51.100.2\"}]"},
		{MODEL_WORLD,
		 "[{\"to\":\"10.1.1.0/24\",\"via\":\"203.0.113.2\"},{\"to\":\"198.51.100.0/26\",\"via\":\"203.0.113.2\"}]"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *json = facts(model, cases[i].host);
		assert_json(json_object_get(json, "routes"), cases[i].routes);
	}
}

static void ways_of_equal_length_go_over_the_smaller_name(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	/* The web server becomes a second way from the dmz to the office; 'fw-office' comes before 'web', then 'aa' before both.
	 */
	model->roles[MODEL_WEB].forwards = true;
	model->nics[MODEL_WEB][1] = (struct nic){.network = &model->networks[MODEL_OFFICE], .address = 0x0a010102};
	model->hosts[MODEL_WEB].nics_count = 2;
	size_t count;
	cleanup_free struct route *routes = routes_find(&model->scenario, &model->hosts[MODEL_PROXY], &count);
	assert_int_equal(count, 2);
	assert_int_equal(routes[0].via, 0xc6336402);
	model->hosts[MODEL_WEB].name = (char *)"aa";
	cleanup_free struct route *renamed = routes_find(&model->scenario, &model->hosts[MODEL_PROXY], &count);
	assert_int_equal(renamed[0].via, 0xc633640a);
}

static void without_a_way_there_is_no_route_and_closed_networks_have_no_default(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	size_t count;
	model->networks[MODEL_OFFICE].kind = NETWORK_CLOSED;
	cleanup_free struct route *closed = routes_find(&model->scenario, &model->hosts[MODEL_FILE], &count);
	for (size_t i = 0; i < count; i++)
		assert_non_null(closed[i].to);
	model->roles[MODEL_FW_OFFICE].forwards = false;
	cleanup_free struct route *none = routes_find(&model->scenario, &model->hosts[MODEL_FILE], &count);
	assert_int_equal(count, 0);
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0);
}

static void the_nearest_resolver_is_taken(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0xcb007101);
	model->roles[MODEL_PROXY].resolves = true;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0xc6336408);
	model->roles[MODEL_FILE].resolves = true;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0x0a010114);
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_WORLD]), 0xcb007101);
}

static void no_way_to_a_resolver_crosses_the_border_of_a_closed_network(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	model->networks[MODEL_OFFICE].kind = NETWORK_CLOSED;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0);
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FW_OFFICE]), 0xcb007101); /* not through it */
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_WEB]), 0xcb007101);
	model->roles[MODEL_ANALYST].resolves = true;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_FILE]), 0x0a010163);
	model->roles[MODEL_WORLD].resolves = false;
	assert_int_equal(resolver_find(&model->scenario, &model->hosts[MODEL_WEB]), 0);
}

static void the_router_leads_to_the_internet(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	assert_int_equal(router_find(&model->scenario, &model->networks[MODEL_OFFICE]), 0x0a010101);
	assert_int_equal(router_find(&model->scenario, &model->networks[MODEL_DMZ]), 0xc6336401);
	model->networks[MODEL_INTERNET].kind = NETWORK_LAN; /* there is no internet: the smallest name */
	assert_int_equal(router_find(&model->scenario, &model->networks[MODEL_DMZ]), 0xc6336401);
	model->hosts[MODEL_FW_OFFICE].name = (char *)"aa";
	assert_int_equal(router_find(&model->scenario, &model->networks[MODEL_DMZ]), 0xc6336402);
	model->roles[MODEL_FW_OFFICE].forwards = false;
	assert_int_equal(router_find(&model->scenario, &model->networks[MODEL_OFFICE]), 0);
}

static void facts_hold_what_the_roles_readme_says(void **state)
{
	const struct model *model = &((struct fixture *)*state)->model;
	cleanup_json json_t *edge = facts(model, MODEL_FW_EDGE), *tanaka = facts(model, MODEL_PC_TANAKA);
	assert_json(
		json_object_get(edge, "firewall"),
		"[{\"from\":[\"198.51.100.8/32\"],\"to\":[\"203.0.113.0/24\"],\"services\":[{\"protocol\":\"tcp\",\"port\":80},"
		"{\"protocol\":\"icmp\"}],\"action\":\"accept\",\"log\":false},"
		"{\"from\":[],\"to\":[],\"services\":[],\"action\":\"drop\",\"log\":true}]");
	assert_null(json_object_get(tanaka, "firewall"));
	assert_json(json_object_get(tanaka, "people"),
		    "{\"tanaka\":{\"name\":{\"ja\":\"田中 一郎\",\"en\":\"Ichiro Tanaka\"},\"department\":\"residents\","
		    "\"terminal\":\"pc-tanaka\"}}");
	assert_json(json_object_get(tanaka, "resolver"), "\"203.0.113.1\"");
	assert_json(json_object_get(tanaka, "options"), "{\"proxy\":\"proxy\",\"user\":\"tanaka\"}");
	assert_json(json_object_get(json_object_get(tanaka, "networks"), "dmz"),
		    "{\"cidr\":\"198.51.100.0/26\",\"kind\":\"lan\"}");
	static const char *const keys[] = {"exercise", "host", "role", "access", "nics", "hosts"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		assert_non_null(json_object_get(tanaka, keys[i]));
}

static void hosts_announce_their_port_and_sites(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	json_object_set_new(model->hosts[MODEL_PROXY].options, "port", json_integer(8080));
	json_object_set_new(model->hosts[MODEL_PROXY].options, "sites", json_pack("[s]", "proxy.example"));
	json_object_set_new(model->hosts[MODEL_PROXY].options, "password", json_string("its own business"));
	cleanup_json json_t *tanaka = facts(model, MODEL_PC_TANAKA);
	assert_json(json_object_get(json_object_get(tanaka, "hosts"), "proxy"),
		    "{\"addresses\":[\"198.51.100.8\"],\"port\":8080,\"role\":\"proxy\",\"sites\":[\"proxy.example\"]}");
}

static void interfaces_are_numbered_by_network_name(void **state)
{
	const struct model *model = &((struct fixture *)*state)->model;
	cleanup_json json_t *edge = facts(model, MODEL_FW_EDGE);
	char mac[PLAN_MAC_SIZE], other[PLAN_MAC_SIZE];
	plan_mac(&model->hosts[MODEL_FW_EDGE], &model->networks[MODEL_DMZ], mac);
	plan_mac(&model->hosts[MODEL_FW_EDGE], &model->networks[MODEL_INTERNET], other);
	assert_memory_equal(mac, "02:", 3);
	assert_string_not_equal(mac, other);
	cleanup_free char *expected = xasprintf(
		"[{\"device\":\"eth0\",\"network\":\"dmz\",\"address\":\"198.51.100.1\",\"prefix\":26,\"mac\":\"%s\","
		"\"dhcp\":false,\"more\":[]},"
		"{\"device\":\"eth1\",\"network\":\"internet\",\"address\":\"203.0.113.2\",\"prefix\":24,\"mac\":\"%s\","
		"\"dhcp\":false,\"more\":[]}]",
		mac, other);
	assert_json(json_object_get(edge, "nics"), expected);
}

static void trainees_facts_do_not_name_the_attacker(void **state)
{
	struct model *model = &((struct fixture *)*state)->model;
	for (int i = 0; i < MODEL_HOSTS; i++) {
		cleanup_json json_t *told = facts(model, i);
		cleanup_free char *text = json_dumps(told, 0);
		bool named = strstr(text, "attacker") || strstr(text, "203.0.113.66");
		assert_true(named == (model->hosts[i].access == ACCESS_NONE));
	}
	/* What an option, `logs` or `flows` name is known, and what has an option that names the host. */
	json_object_set_new(model->hosts[MODEL_PC_TANAKA].options, "proxy", json_string("world"));
	cleanup_json json_t *json = facts(model, MODEL_PC_TANAKA);
	assert_non_null(json_object_get(json_object_get(json, "hosts"), "world"));
	model->hosts[MODEL_PROXY].logs = &model->hosts[MODEL_WORLD];
	model->hosts[MODEL_WEB].flows = &model->hosts[MODEL_WORLD];
	model->roles[MODEL_WORLD].options = model->terminal_options;
	model->roles[MODEL_WORLD].options_count = 1;
	json_object_set_new(model->hosts[MODEL_WORLD].options, "proxy", json_string("file"));
	static const struct {
		int host;
		bool knows;
	} cases[] = {{MODEL_PROXY, true}, {MODEL_WEB, true}, {MODEL_FILE, true}, {MODEL_ANALYST, false}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *known = facts(model, cases[i].host);
		assert_true((json_object_get(json_object_get(known, "hosts"), "world") != NULL) == cases[i].knows);
	}
}

static void limits_are_refused_with_their_reason(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *name;
		int teams;
		const char *says;
	} cases[] = {
		{"first-call", 0, "1 to 30"},
		{"first-call", 31, "1 to 30"},
		{"Bad", 1, "exercise name 'Bad'"},
		{"", 1, "exercise name ''"},
		{"9a", 1, "exercise name"},
		{"a/b", 1, "exercise name"},
		{"abcdefghijklmnopqrstuvwxy", 1, "at most 24"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct plan *plan = NULL;
		cleanup_error struct error *err = NULL;
		assert_int_equal(plan_create(&fixture->model.scenario, cases[i].name, cases[i].teams, "2026-11-24", &plan, &err),
				 -1);
		assert_non_null(strstr(error_text(err), cases[i].says));
	}
	fixture->model.scenario.hosts_count = 0;
	struct plan *plan = NULL;
	assert_int_equal(plan_create(&fixture->model.scenario, NULL, 1, "2026-11-24", &plan, NULL), -1);
}

static void a_short_host_is_told_of_what_and_how_much(void **state)
{
	struct fixture *fixture = *state;
	const struct plan_estimate *estimate = &fixture->plan->estimate;
	cleanup_error struct error *err = NULL;
	struct capacity capacity = {estimate->memory_bytes, estimate->disk_bytes};
	assert_int_equal(plan_check_capacity(fixture->plan, &capacity, &err), 0);
	capacity.memory_available_bytes -= 1;
	assert_int_equal(plan_check_capacity(fixture->plan, &capacity, &err), -1);
	assert_non_null(strstr(error_text(err), "memory: "));
	assert_null(strstr(error_text(err), "disk: "));
	assert_non_null(strstr(error_text(err), "--teams 1 would fit"));
	capacity.disk_available_bytes = 0;
	assert_int_equal(plan_check_capacity(fixture->plan, &capacity, &err), -1);
	assert_non_null(strstr(error_text(err), "; disk: "));
	assert_non_null(strstr(error_text(err), "not even one team"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_need_comes_before_its_user),
		TEST(a_guest_needs_its_disk_and_its_networks),
		TEST(guest_indexes_are_unique_and_stay_when_teams_are_added),
		TEST(teams_share_layers_and_addresses),
		TEST(reversed_lists_give_the_same_plan),
		TEST(only_what_stands_on_a_change_gets_another_digest),
		TEST(a_slower_network_is_another_one),
		TEST(routes_follow_the_forwarding_hosts),
		TEST(ways_of_equal_length_go_over_the_smaller_name),
		TEST(without_a_way_there_is_no_route_and_closed_networks_have_no_default),
		TEST(the_nearest_resolver_is_taken),
		TEST(no_way_to_a_resolver_crosses_the_border_of_a_closed_network),
		TEST(the_router_leads_to_the_internet),
		TEST(facts_hold_what_the_roles_readme_says),
		TEST(hosts_announce_their_port_and_sites),
		TEST(interfaces_are_numbered_by_network_name),
		TEST(trainees_facts_do_not_name_the_attacker),
		TEST(limits_are_refused_with_their_reason),
		TEST(a_short_host_is_told_of_what_and_how_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
