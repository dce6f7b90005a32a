/*
 * A scenario model made in C, for tests of the pure stages: the small office and "first call"
 * (scenarios/exercises/first-call.yaml) with what more the tests need. model_fill() fills a struct model that the caller holds;
 * model_finish() frees the few JSON values in it.
 */
#ifndef TORIDE_TESTS_MODEL_H
#define TORIDE_TESTS_MODEL_H

#include <string.h>

#include "orchestrator/scenario.h"

enum { MODEL_DMZ, MODEL_INTERNET, MODEL_OFFICE, MODEL_NETWORKS };
enum { /* by name, as the loader leaves them */
       MODEL_ANALYST,
       MODEL_ATTACKER,
       MODEL_FILE,
       MODEL_FW_EDGE,
       MODEL_FW_OFFICE,
       MODEL_PC_TANAKA,
       MODEL_PROXY,
       MODEL_WEB,
       MODEL_WORLD,
       MODEL_HOSTS
};
enum { MODEL_LURE, MODEL_OPEN, MODEL_BEACON, MODEL_EXFIL, MODEL_STEPS };
enum { MODEL_PATIENT_ZERO, MODEL_C2, MODEL_CUT_OFF, MODEL_OBJECTIVES };

struct model {
	struct scenario scenario;
	struct network networks[MODEL_NETWORKS];
	struct image base;
	struct image *images[1];
	struct role roles[MODEL_HOSTS];
	struct parameter terminal_options[1];
	struct host hosts[MODEL_HOSTS];
	struct nic nics[MODEL_HOSTS][3];
	struct endpoint endpoints[3];
	struct rule_service services[2];
	struct rule rules[2];
	struct firewall firewalls[1];
	struct person people[1];
	struct contact contacts[2];
	struct ability abilities[MODEL_STEPS];
	struct step steps[MODEL_STEPS];
	struct inject injects[1];
	struct hint hints[1];
	struct claim_field claim_fields[2];
	struct objective objectives[MODEL_OBJECTIVES];
	struct duty_field duty_fields[4];
	struct duty duties[1];
};

#define MODEL_TEXT(j, e) ((struct text){(char *)(j), (char *)(e)})

static inline void model_fill_networks(struct model *model)
{
	static const struct network networks[MODEL_NETWORKS] = {
		[MODEL_DMZ] = {.name = (char *)"dmz", .cidr = {0xc6336400, 26}, .zone = {(char *)"DMZ", (char *)"DMZ"}},
		[MODEL_INTERNET] = {.name = (char *)"internet", .cidr = {0xcb007100, 24}, .kind = NETWORK_INTERNET},
		[MODEL_OFFICE] = {.name = (char *)"office",
				  .cidr = {0x0a010100, 24},
				  .zone = {(char *)"業務用", (char *)"office"}},
	};
	memcpy(model->networks, networks, sizeof networks);
}

static inline void model_fill_hosts(struct model *model)
{
	static const struct {
		const char *name, *role;
		enum access access;
		int networks[2];
		uint32_t addresses[2];
	} hosts[MODEL_HOSTS] = {
		[MODEL_ATTACKER] = {"attacker", "attacker", ACCESS_NONE, {MODEL_INTERNET}, {0xcb007142}},
		[MODEL_WORLD] = {"world", "internet", ACCESS_NONE, {MODEL_INTERNET}, {0xcb007101}},
		[MODEL_FW_EDGE] = {"fw-edge", "firewall", ACCESS_ROOT, {MODEL_INTERNET, MODEL_DMZ}, {0xcb007102, 0xc6336401}},
		[MODEL_FW_OFFICE] = {"fw-office", "firewall", ACCESS_ROOT, {MODEL_DMZ, MODEL_OFFICE}, {0xc6336402, 0x0a010101}},
		[MODEL_WEB] = {"web", "web", ACCESS_ROOT, {MODEL_DMZ}, {0xc633640a}},
		[MODEL_PROXY] = {"proxy", "proxy", ACCESS_ROOT, {MODEL_DMZ}, {0xc6336408}},
		[MODEL_FILE] = {"file", "file", ACCESS_ROOT, {MODEL_OFFICE}, {0x0a010114}},
		[MODEL_PC_TANAKA] = {"pc-tanaka", "terminal", ACCESS_ROOT, {MODEL_OFFICE}, {0x0a010165}},
		[MODEL_ANALYST] = {"analyst", "analyst", ACCESS_ROOT, {MODEL_OFFICE}, {0x0a010163}},
	};
	for (size_t i = 0; i < MODEL_HOSTS; i++) {
		struct role *role = &model->roles[i];
		*role = (struct role){.name = (char *)hosts[i].role,
				      .image = (char *)"base",
				      .memory_bytes = 96 << 20,
				      .processes = 128,
				      .forwards = strcmp(hosts[i].role, "firewall") == 0,
				      .resolves = strcmp(hosts[i].role, "internet") == 0};
		struct host *host = &model->hosts[i];
		*host = (struct host){.name = (char *)hosts[i].name,
				      .role = role,
				      .nics = model->nics[i],
				      .options = json_object(),
				      .access = hosts[i].access,
				      .memory_bytes = role->memory_bytes,
				      .processes = role->processes,
				      .label = MODEL_TEXT(hosts[i].name, hosts[i].name)};
		for (size_t n = 0; n < 2 && hosts[i].addresses[n]; n++)
			host->nics[host->nics_count++] =
				(struct nic){.network = &model->networks[hosts[i].networks[n]], .address = hosts[i].addresses[n]};
	}
	model->terminal_options[0] = (struct parameter){.name = (char *)"proxy", .type = VALUE_HOST};
	model->roles[MODEL_PC_TANAKA].options = model->terminal_options;
	model->roles[MODEL_PC_TANAKA].options_count = 1;
	json_object_set_new(model->hosts[MODEL_PC_TANAKA].options, "proxy", json_string("proxy"));
	json_object_set_new(model->hosts[MODEL_PC_TANAKA].options, "user", json_string("tanaka"));
}

static inline void model_fill_firewall(struct model *model)
{
	model->endpoints[0] = (struct endpoint){.kind = ENDPOINT_HOST, .host = &model->hosts[MODEL_PROXY]};
	model->endpoints[1] = (struct endpoint){.kind = ENDPOINT_NETWORK, .network = &model->networks[MODEL_INTERNET]};
	model->endpoints[2] = (struct endpoint){.kind = ENDPOINT_ANY};
	model->services[0] = (struct rule_service){(char *)"http", "tcp", 80};
	model->services[1] = (struct rule_service){(char *)"ping", "icmp", 0};
	model->rules[0] = (struct rule){&model->endpoints[0], &model->endpoints[1], 1, 1, model->services, 2, true, false};
	model->rules[1] = (struct rule){&model->endpoints[2], &model->endpoints[2], 1, 1, NULL, 0, false, true};
	model->firewalls[0] = (struct firewall){&model->hosts[MODEL_FW_EDGE], model->rules, 2};
}

static inline void model_fill_attack(struct model *model)
{
	static const char *const ids[MODEL_STEPS] = {"lure", "open", "beacon", "exfil"};
	static const char *const techniques[MODEL_STEPS] = {"T1608.001", "T1204.001", "T1071.001", "T1041"};
	static const char *const abilities[MODEL_STEPS] = {"host-lure", "open-lure", "beacon-http", "upload"};
	for (size_t i = 0; i < MODEL_STEPS; i++) {
		model->abilities[i] = (struct ability){.id = (char *)abilities[i]};
		model->steps[i] = (struct step){.id = (char *)ids[i],
						.technique = (char *)techniques[i],
						.ability = &model->abilities[i],
						.on = &model->hosts[i ? MODEL_PC_TANAKA : MODEL_ATTACKER],
						.to = i == MODEL_BEACON ? &model->hosts[MODEL_ATTACKER] : NULL,
						.via = i == MODEL_BEACON ? &model->hosts[MODEL_PROXY] : NULL,
						.as = i == MODEL_LURE ? NULL : &model->people[0],
						.through = i == MODEL_EXFIL ? &model->steps[MODEL_BEACON] : NULL,
						.at = {true, i ? ids[i - 1] : NULL, i ? 10000 : 5000}};
	}
}

static inline struct moment model_after(const char *what, int64_t offset_ms)
{
	return (struct moment){true, what, offset_ms};
}

static inline void model_fill_objectives(struct model *model)
{
	model->injects[0] = (struct inject){(char *)"call",
					    {true, NULL, 40000},
					    &model->contacts[0],
					    MODEL_TEXT("203.0.113.66 宛の通信を検知", "We see traffic to **203.0.113.66**.")};
	model->hints[0] = (struct hint){3, MODEL_TEXT("プロキシのログ", "Look at the proxy log: SECRET-HINT")};
	model->claim_fields[0] =
		(struct claim_field){.name = (char *)"host", .truth = {&model->steps[MODEL_OPEN], TRUTH_HOST, NULL, NULL}};
	model->claim_fields[1] = (struct claim_field){
		.name = (char *)"indicators", .truth = {&model->steps[MODEL_BEACON], TRUTH_ADDRESSES, NULL, NULL}, .match = MATCH_SET};
	model->objectives[MODEL_PATIENT_ZERO] = (struct objective){.id = (char *)"patient-zero",
								   .phase = PHASE_DETECT,
								   .title = MODEL_TEXT("感染端末", "Infected terminal"),
								   .points = 20,
								   .kind = OBJECTIVE_CLAIM,
								   .fields = &model->claim_fields[0],
								   .fields_count = 1,
								   .full_by = model_after("call", 90000),
								   .floor_at = model_after("call", 200000),
								   .floor_percent = 40,
								   .hints = model->hints,
								   .hints_count = 1};
	model->objectives[MODEL_C2] = (struct objective){.id = (char *)"c2",
							 .phase = PHASE_ANALYSE,
							 .title = MODEL_TEXT("C&C", "C&C server"),
							 .points = 15,
							 .kind = OBJECTIVE_CLAIM,
							 .fields = &model->claim_fields[1],
							 .fields_count = 1,
							 .full_by = model_after("call", 90000),
							 .floor_at = model_after("call", 200000),
							 .floor_percent = 40};
	model->objectives[MODEL_CUT_OFF] = (struct objective){.id = (char *)"cut-off",
							      .phase = PHASE_CONTAIN,
							      .title = MODEL_TEXT("遮断", "Cut off"),
							      .points = 40,
							      .kind = OBJECTIVE_STATE,
							      .state = {.kind = STATE_UNREACHABLE,
									.from = &model->hosts[MODEL_PC_TANAKA],
									.to = &model->hosts[MODEL_ATTACKER],
									.via = &model->hosts[MODEL_PROXY],
									.holds_ms = 20000},
							      .full_by = model_after("call", 120000),
							      .floor_at = model_after("call", 220000),
							      .floor_percent = 40};
	model->duty_fields[0] = (struct duty_field){
		.name = (char *)"affected", .truth = {&model->steps[MODEL_OPEN], TRUTH_HOST, NULL, NULL}, .required = true};
	model->duty_fields[1] = (struct duty_field){.name = (char *)"indicators",
						    .truth = {&model->steps[MODEL_BEACON], TRUTH_ADDRESSES, NULL, NULL},
						    .match = MATCH_SET,
						    .required = true};
	model->duty_fields[2] = (struct duty_field){.name = (char *)"type", .required = true};
	model->duty_fields[3] = (struct duty_field){.name = (char *)"measures", .required = true};
	model->duties[0] = (struct duty){.id = (char *)"first-report",
					 .title = MODEL_TEXT("第一報", "First report"),
					 .to = &model->contacts[1],
					 .due = model_after("call", 150000),
					 .points = 25,
					 .fields = model->duty_fields,
					 .fields_count = 4};
}

static inline void model_fill(struct model *model)
{
	memset(model, 0, sizeof *model);
	model_fill_networks(model);
	static const char *const packages[] = {"nginx-light", "squid"};
	model->base = (struct image){
		.name = (char *)"base", .suite = (char *)"bookworm", .packages = (char **)packages, .packages_count = 2};
	model->images[0] = &model->base;
	model_fill_hosts(model);
	model_fill_firewall(model);
	model->people[0] = (struct person){.account = (char *)"tanaka",
					   .name = MODEL_TEXT("田中 一郎", "Ichiro Tanaka"),
					   .department = (char *)"residents",
					   .terminal = &model->hosts[MODEL_PC_TANAKA]};
	model->contacts[0] = (struct contact){(char *)"soc-a", MODEL_TEXT("監視会社", "monitoring company")};
	model->contacts[1] = (struct contact){(char *)"ciso", MODEL_TEXT("副市長", "Deputy mayor")};
	model_fill_attack(model);
	model_fill_objectives(model);
	model->scenario = (struct scenario){.id = (char *)"first-call",
					    .digest = "d16e57",
					    .title = MODEL_TEXT("最初の一報", "The first call"),
					    .summary = MODEL_TEXT("一本の電話", "One call"),
					    .briefing = MODEL_TEXT("*あなた*は職員", "You *work* here <script>alert(1)</script>"),
					    .level = (char *)"A",
					    .duration_ms = 300000,
					    .has_ja = true,
					    .has_en = true,
					    .networks = model->networks,
					    .networks_count = MODEL_NETWORKS,
					    .hosts = model->hosts,
					    .hosts_count = MODEL_HOSTS,
					    .firewalls = model->firewalls,
					    .firewalls_count = 1,
					    .people = model->people,
					    .people_count = 1,
					    .contacts = model->contacts,
					    .contacts_count = 2,
					    .steps = model->steps,
					    .steps_count = MODEL_STEPS,
					    .injects = model->injects,
					    .injects_count = 1,
					    .objectives = model->objectives,
					    .objectives_count = MODEL_OBJECTIVES,
					    .duties = model->duties,
					    .duties_count = 1,
					    .images = model->images,
					    .images_count = 1};
}

static inline void model_finish(struct model *model)
{
	for (size_t i = 0; i < MODEL_HOSTS; i++)
		json_decref(model->hosts[i].options);
}

#endif
