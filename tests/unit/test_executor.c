/* In which order the executor makes things: kinds of the test's own note who was made, one worker makes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "orchestrator/range/executor.h"

enum { POLLS_UNTIL_READY = 3, MADE_MAX = 32 };

static const struct role plain_role = {.name = "web"}, firewall_role = {.name = "firewall", .forwards = true};
static const struct network office = {.name = "office"}, core = {.name = "core"};

static struct {
	pthread_mutex_t lock; /* the worker makes, the caller's thread waits */
	const char *made[MADE_MAX];
	size_t count;
	const char *failing; /* the host whose making fails */
	bool cancels;	     /* as soon as the terminal is made, which the DHCP server is not ready for */
	volatile bool cancelled;
} events = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void note(const char *what)
{
	pthread_mutex_lock(&events.lock);
	events.made[events.count++] = what;
	pthread_mutex_unlock(&events.lock);
}

static size_t times(const char *name)
{
	size_t noted = 0;
	pthread_mutex_lock(&events.lock);
	for (size_t i = 0; i < events.count; i++)
		noted += strcmp(events.made[i], name) == 0;
	pthread_mutex_unlock(&events.lock);
	return noted;
}

/* ---- in place of orchestrator/range/kinds.c, guests.c and libvirt.c ---- */

static int note_made(struct work *work, virConnectPtr connection, struct error **err)
{
	(void)connection;
	note(work->mark.name);
	return events.failing && strcmp(events.failing, work->mark.name) == 0 ? error_set(err, "fails") : 0;
}

static int begin(struct work *work, struct error **err)
{
	(void)err;
	note(work->mark.name); /* between made and ready */
	return 0;
}

static enum settled become_ready(struct work *work, struct error **err)
{
	(void)err;
	if (events.cancels && strcmp(work->mark.name, "dhcp") == 0) {
		events.cancelled = times("terminal") > 0;
		return SETTLE_NOT_YET;
	}
	if (++work->started_ms < POLLS_UNTIL_READY)
		return SETTLE_NOT_YET;
	note(work->mark.name); /* once more */
	return SETTLE_DONE;
}

const struct kind *kind_of(enum resource_kind kind)
{
	static const struct kind at_once = {.create = note_made},
				 guest = {.create = note_made, .begin = begin, .settle = become_ready};
	return kind == RESOURCE_GUEST ? &guest : &at_once;
}

int guest_reset(struct work *work, virConnectPtr connection, struct error **err)
{
	return note_made(work, connection, err);
}

virConnectPtr range_connection_take(struct range *range, struct error **err)
{
	(void)range, (void)err;
	return (virConnectPtr)(void *)&events; /* never looked into */
}

void range_connection_give(struct range *range, virConnectPtr connection)
{
	(void)range, (void)connection;
}

/* ---- a team: two networks, then guests ---- */

enum { CORE, OFFICE, FIREWALL, SERVER, DHCP, TERMINAL, DHCP_DISK, COUNT };

struct team {
	struct nic nics[COUNT][2];
	struct host hosts[COUNT];
	struct resource resources[COUNT];
	struct work works[COUNT];
	struct task tasks[COUNT];
	size_t needs[2], dhcp_needs[2];
};

static void add_guest(struct team *team, int at, const char *name, const struct role *role, int64_t memory_mib)
{
	team->hosts[at] = (struct host){
		.name = (char *)name, .role = role, .nics = team->nics[at], .nics_count = 1, .memory_bytes = memory_mib << 20};
	team->nics[at][0].network = &core;
	team->resources[at] = (struct resource){.kind = RESOURCE_GUEST, .team = 1, .host = &team->hosts[at]};
	team->tasks[at].needs = team->needs;
	team->tasks[at].needs_count = 1;
}

/* The network `office`, which the firewall and the terminal need, comes after the one that is enough for the others. */
static void set_up(struct team *team)
{
	static struct address_range leases = {.network = &office};
	*team = (struct team){.needs = {CORE, OFFICE}, .dhcp_needs = {CORE, DHCP_DISK}};
	events.count = 0;
	events.failing = NULL;
	events.cancels = events.cancelled = false;
	team->resources[OFFICE] = (struct resource){.kind = RESOURCE_NETWORK, .team = 1, .network = &office};
	team->resources[CORE] = (struct resource){.kind = RESOURCE_NETWORK, .team = 1, .network = &core};
	add_guest(team, FIREWALL, "firewall", &firewall_role, 64);
	add_guest(team, SERVER, "server", &plain_role, 1024);
	add_guest(team, DHCP, "dhcp", &plain_role, 64);
	add_guest(team, TERMINAL, "terminal", &plain_role, 2048);
	team->hosts[FIREWALL].nics_count = 2;
	team->nics[FIREWALL][1].network = &office;
	team->hosts[DHCP].ranges = &leases;
	team->hosts[DHCP].ranges_count = 1;
	team->nics[TERMINAL][0] = (struct nic){.network = &office, .dhcp = true};
	team->tasks[FIREWALL].needs = team->tasks[TERMINAL].needs = team->needs;
	team->tasks[FIREWALL].needs_count = 2;
	team->resources[DHCP_DISK] = (struct resource){.kind = RESOURCE_DISK, .team = 1, .host = &team->hosts[DHCP]};
	team->tasks[DHCP].needs = team->dhcp_needs;
	team->tasks[DHCP].needs_count = 2;
	const char *const names[COUNT] = {"core", "office", "firewall", "server", "dhcp", "terminal", "disk"};
	for (int i = 0; i < COUNT; i++) {
		team->works[i].resource = &team->resources[i];
		team->works[i].mark.team = 1;
		team->works[i].mark.kind = team->resources[i].kind;
		snprintf(team->works[i].mark.name, sizeof team->works[i].mark.name, "%s", names[i]);
		team->tasks[i].work = &team->works[i];
		team->tasks[i].name = team->works[i].mark.name;
	}
}

static size_t made_at(const char *name)
{
	for (size_t i = 0; i < events.count; i++)
		if (strcmp(events.made[i], name) == 0)
			return i;
	fail_msg("%s was not made", name);
	return 0;
}

/* Began, where it was held; else was ready. */
static size_t next_at(const char *name)
{
	size_t first = made_at(name);
	for (size_t i = first + 1; i < events.count; i++)
		if (strcmp(events.made[i], name) == 0)
			return i;
	fail_msg("%s did not go on", name);
	return 0;
}

static int run(struct team *team, size_t *done, struct error **err)
{
	struct range range = {.workers = 1};
	const struct executor executor = {
		.range = &range, .tasks = team->tasks, .tasks_count = COUNT, .cancel = &events.cancelled};
	*done = 0;
	alarm(10); /* who waits for nobody waits for ever */
	return executor_run(&executor, done, err);
}

/* A team of which nothing fails. */
static void make_team(void)
{
	struct team team;
	struct error *err = NULL;
	size_t done;
	set_up(&team);
	assert_int_equal(run(&team, &done, &err), 0);
	assert_int_equal(done, COUNT);
}

static void test_networks_come_before_any_guest(void **state)
{
	(void)state;
	make_team();
	assert_true(made_at("office") < 2 && made_at("core") < 2);
}

static void test_who_answers_for_addresses_comes_first_and_the_heavier_before_the_lighter(void **state)
{
	(void)state;
	make_team();
	assert_true(made_at("firewall") < made_at("dhcp")); /* two interfaces */
	assert_true(made_at("dhcp") < made_at("server"));
}

static void test_who_asks_for_an_address_is_made_but_begins_when_those_who_answer_are_ready(void **state)
{
	(void)state;
	make_team();
	assert_true(next_at("dhcp") < next_at("terminal") && next_at("firewall") < next_at("terminal"));
}

static void test_who_asks_is_made_although_who_answers_has_failed(void **state)
{
	(void)state;
	struct team team;
	struct error *err = NULL;
	size_t done;
	set_up(&team);
	events.failing = "dhcp";
	assert_int_equal(run(&team, &done, &err), -1);
	assert_int_equal(done, COUNT - 1);
	assert_non_null(strstr(error_text(err), "fails"));
	assert_true(next_at("terminal") > next_at("firewall"));
	error_free(err);
}

static void test_who_is_held_stays_silent_when_all_is_cancelled(void **state)
{
	(void)state;
	struct team team;
	struct error *err = NULL;
	size_t done;
	set_up(&team);
	events.cancels = true;
	assert_int_equal(run(&team, &done, &err), -1);
	assert_string_equal(error_text(err), "cancelled");
	assert_int_equal(times("terminal"), 1);
	error_free(err);
}

static void test_a_terminal_that_also_relays_does_not_wait_for_itself(void **state)
{
	(void)state;
	struct team team;
	struct error *err = NULL;
	size_t done;
	set_up(&team);
	team.nics[FIREWALL][0].dhcp = true;
	assert_int_equal(run(&team, &done, &err), 0);
	assert_int_equal(done, COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks_come_before_any_guest),
		cmocka_unit_test(test_who_answers_for_addresses_comes_first_and_the_heavier_before_the_lighter),
		cmocka_unit_test(test_who_asks_for_an_address_is_made_but_begins_when_those_who_answer_are_ready),
		cmocka_unit_test(test_who_asks_is_made_although_who_answers_has_failed),
		cmocka_unit_test(test_who_is_held_stays_silent_when_all_is_cancelled),
		cmocka_unit_test(test_a_terminal_that_also_relays_does_not_wait_for_itself),
	};
	return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}
