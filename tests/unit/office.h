/* A small office as the loader would make it (networks and hosts sorted by name): for tests of the attack's pure parts. Included
 * by one test program at a time. */
#ifndef TORIDE_TESTS_OFFICE_H
#define TORIDE_TESTS_OFFICE_H

#include "orchestrator/scenario.h"

#define NAME(text) ((char[]){text})
#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static struct network networks[] = {
	{.name = NAME("dmz"), .cidr = {IP(198, 51, 100, 0), 26}},
	{.name = NAME("internet"), .cidr = {IP(203, 0, 113, 0), 24}, .kind = NETWORK_INTERNET},
	{.name = NAME("office"), .cidr = {IP(10, 1, 1, 0), 24}},
};
static struct role_service proxy_services[] = {{.name = NAME("http-proxy"), .port = 8080}};
static struct role proxy_role = {.services = proxy_services, .services_count = 1};
static struct nic attacker_nics[] = {{.network = &networks[1], .address = IP(203, 0, 113, 66)}};
static struct nic proxy_nics[] = {{.network = &networks[0], .address = IP(198, 51, 100, 8)}};
static struct nic file_nics[] = {{.network = &networks[0], .address = IP(198, 51, 100, 20)},
				 {.network = &networks[2], .address = IP(10, 1, 1, 20)}};
static struct nic pc_nics[] = {{.network = &networks[2], .address = IP(10, 1, 1, 101)}};
enum { ATTACKER, FILE_SERVER, PC, PROXY, HOSTS };
static struct host hosts[] = {
	{.name = NAME("attacker"), .nics = attacker_nics, .nics_count = 1},
	{.name = NAME("file"), .nics = file_nics, .nics_count = 2},
	{.name = NAME("pc-tanaka"), .nics = pc_nics, .nics_count = 1},
	{.name = NAME("proxy"), .role = &proxy_role, .nics = proxy_nics, .nics_count = 1},
};
static struct person tanaka = {.account = NAME("tanaka")};

static struct parameter parameters[] = {
	{.name = NAME("host"), .type = VALUE_HOST},	    {.name = NAME("path"), .type = VALUE_PATH},
	{.name = NAME("network"), .type = VALUE_NETWORK},   {.name = NAME("url"), .type = VALUE_URL},
	{.name = NAME("wait-time"), .type = VALUE_INTEGER}, {.name = NAME("words"), .type = VALUE_STRING, .list = true},
};
static struct ability ability = {.id = NAME("any"), .args = parameters, .args_count = sizeof parameters / sizeof *parameters};

static const struct scenario office = {.networks = networks, .networks_count = 3, .hosts = hosts, .hosts_count = HOSTS};

#endif
