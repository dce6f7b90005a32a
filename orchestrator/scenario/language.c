/* The scenario language: every key that an exercise, or a file that it uses, may hold. */
#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/types.h"

static const char *const version_choices[] = {"1", NULL};
static const struct schema version = {.shape = SHAPE_SCALAR,
				      .expects = "`1`, the language's version",
				      .accepts = accepts_choice,
				      .json_type = "integer",
				      .choices = version_choices};

static const char *const language_choices[] = {"ja", "en", NULL};
static const struct schema language = {
	.shape = SHAPE_SCALAR, .expects = "`ja` or `en`", .accepts = accepts_choice, .choices = language_choices};
static const struct schema languages = {
	.shape = SHAPE_LIST, .expects = "a list of languages (`[ja, en]`)", .item = &language, .least = 1, .most = 2};
static const struct schema uses = {.shape = SHAPE_LIST,
				   .expects = "a list of files (`[../lans/small-office.yaml]`)",
				   .item = &type_line,
				   .most = LIMIT_FILES};

/* ---- the LAN ---- */

static const char *const network_kinds[] = {"lan", "internet", "closed", NULL};
static const struct schema network_kind = {
	.shape = SHAPE_SCALAR, .expects = "`lan`, `internet` or `closed`", .accepts = accepts_choice, .choices = network_kinds};
static const struct field network_fields[] = {
	{"cidr", &type_cidr, REQUIRED, "its addresses, such as `10.1.1.0/24`"},
	{"kind", &network_kind, OPTIONAL, "`lan` (default), `internet` (where default routes point to) or `closed`"},
	{"zone", &type_text, OPTIONAL, "the part of the map that it belongs to"},
	{"label", &type_text, OPTIONAL, "what people call it"},
	{"rate", &type_rate, OPTIONAL, "how much it carries to each host: bits per second (`10Mbit`)"},
	{"delay", &type_delay, OPTIONAL, "how long packets take (`50ms`)"},
	{"loss", &type_loss, OPTIONAL, "how many packets are lost (`2%`)"},
	{"monitored", &type_name, OPTIONAL, "who watches it (shown on the map)"},
	{"operated-by", &type_name, OPTIONAL, "who runs it (shown on the map)"},
	{"override", &type_boolean, OPTIONAL, "`true`: knowingly takes the place of an entry of the same name in a used file"},
	{0},
};
static const struct schema network = {.shape = SHAPE_RECORD, .name = "network", .fields = network_fields};
static const struct schema networks = {.shape = SHAPE_MAP, .item = &network, .most = LIMIT_NETWORKS};

static const char *const access_choices[] = {"none", "user", "root", NULL};
static const struct schema access_level = {
	.shape = SHAPE_SCALAR, .expects = "`none`, `user` or `root`", .accepts = accepts_choice, .choices = access_choices};
static const char *const runs_choices[] = {"container", "vm", NULL};
static const struct schema runs = {
	.shape = SHAPE_SCALAR, .expects = "`container` or `vm`", .accepts = accepts_choice, .choices = runs_choices};
static const struct schema nics = {.shape = SHAPE_MAP,
				   .expects = "a map of networks to addresses (`{office: 10.1.1.20}`)",
				   .item = &type_host_addresses,
				   .least = 1,
				   .most = LIMIT_NICS};
static const struct field receiver_fields[] = {
	{"to", &type_name, REQUIRED, "the host that receives them"},
	{0},
};
static const struct schema receiver = {.shape = SHAPE_RECORD,
				       .name = "receiver",
				       .expects = "the host that receives them (`{to: soc}`)",
				       .fields = receiver_fields};
static const struct schema secrets = {
	.shape = SHAPE_LIST, .expects = "a list of names (`[flag1]`)", .item = &type_name, .least = 1, .most = LIMIT_SECRETS};
static const struct field host_fields[] = {
	{"role", &type_name, REQUIRED, "what it does: the name of a folder in scenarios/roles"},
	{"nics", &nics, REQUIRED, "its networks and its address on each (`{office: 10.1.1.20}`), or `dhcp`"},
	{"access", &access_level, OPTIONAL, "what trainees may do there: `none` (default), `user` or `root`"},
	{"label", &type_text, OPTIONAL, "what people call it"},
	{"size", &type_bytes, OPTIONAL, "its memory limit, where the role's does not suit"},
	{"processes", &type_count, OPTIONAL, "its limit of processes, where the role's does not suit"},
	{"runs", &runs, OPTIONAL, "`container` (default); `vm` is not played yet"},
	{"logs", &receiver, OPTIONAL, "its log goes to that host (514/tcp)"},
	{"flows", &receiver, OPTIONAL, "flow records of what it forwards go to that host (2055/udp)"},
	{"secrets", &secrets, OPTIONAL, "texts that only this host of each team has: every team has others"},
	{"override", &type_boolean, OPTIONAL, "`true`: knowingly takes the place of an entry of the same name in a used file"},
	{0},
};
const struct schema schema_host = {
	.shape = SHAPE_RECORD, .name = "host", .fields = host_fields, .open = "options of the role (its role.yaml lists them)"};
static const struct schema hosts = {.shape = SHAPE_MAP, .item = &schema_host, .most = LIMIT_HOSTS};

static const struct schema name_or_names = {
	.shape = SHAPE_EITHER, .expects = "`any`, a name, or a list of names", .either = {&type_name, &type_names}};
static const struct schema services = {
	.shape = SHAPE_LIST, .expects = "a list of services (`[http, dns, 3128/tcp]`)", .item = &type_service, .least = 1};
static const struct schema service_or_services = {.shape = SHAPE_EITHER, .either = {&type_service, &services}};
static const char *const action_choices[] = {"accept", "drop", NULL};
static const struct schema action = {
	.shape = SHAPE_SCALAR, .expects = "`accept` or `drop`", .accepts = accepts_choice, .choices = action_choices};
static const struct field rule_fields[] = {
	{"from", &name_or_names, OPTIONAL, "networks or hosts, or `any` (default)"},
	{"to", &name_or_names, OPTIONAL, "networks or hosts, or `any` (default)"},
	{"service", &service_or_services, OPTIONAL, "services by name or port (`http`, `3128/tcp`); not given: any"},
	{"action", &action, REQUIRED, "`accept` or `drop`"},
	{"log", &type_boolean, OPTIONAL,
	 "whether what the rule takes is logged; not given: what it drops is, what it accepts is not"},
	{0},
};
static const struct schema rule = {.shape = SHAPE_RECORD, .name = "rule", .fields = rule_fields};
static const struct schema rules = {.shape = SHAPE_LIST, .item = &rule, .most = LIMIT_RULES};
static const struct field firewall_fields[] = {
	{"rules", &rules, REQUIRED, "in order: the first that fits decides; what none takes is dropped"},
	{"override", &type_boolean, OPTIONAL, "`true`: knowingly takes the place of an entry of the same name in a used file"},
	{0},
};
static const struct schema firewall = {.shape = SHAPE_RECORD, .name = "firewall", .fields = firewall_fields};
static const struct schema firewalls = {.shape = SHAPE_MAP, .item = &firewall, .most = LIMIT_HOSTS};

/* ---- people ---- */

static const struct schema activities = {.shape = SHAPE_LIST,
					 .expects = "a list of activities (`[mail, browse]`)",
					 .item = &type_name,
					 .least = 1,
					 .most = LIMIT_PARAMETERS};
static const struct schema pace = {.shape = SHAPE_SCALAR,
				   .expects = "a time from `5s` to `1d`",
				   .accepts = accepts_duration,
				   .pattern = "^[0-9]+[smhd]$",
				   .least = 5000,
				   .most = 86400000};
static const struct field person_fields[] = {
	{"name", &type_text, REQUIRED, "the person's name"},
	{"department", &type_name, OPTIONAL, "where the person works"},
	{"terminal", &type_name, OPTIONAL, "the host that the person uses"},
	{"mailbox", &type_any, REFUSED, "a mailbox of one's own"},
	{"does", &activities, OPTIONAL, "simulated use of the terminal: activities of its role (`[mail, browse]`)"},
	{"pace", &pace, OPTIONAL, "how often, on average (90s)"},
	{"override", &type_boolean, OPTIONAL, "`true`: knowingly takes the place of an entry of the same name in a used file"},
	{0},
};
static const struct schema person = {.shape = SHAPE_RECORD, .name = "person", .fields = person_fields};
static const struct schema people = {.shape = SHAPE_MAP, .item = &person, .most = LIMIT_PEOPLE};

static const char *const plays_choices[] = {"instructor", "auto", NULL};
static const struct schema plays = {
	.shape = SHAPE_SCALAR, .expects = "`instructor` or `auto`", .accepts = accepts_choice, .choices = plays_choices};
static const struct field contact_fields[] = {
	{"name", &type_text, REQUIRED, "who it is"},
	{"plays", &plays, OPTIONAL, "who speaks for the contact: `instructor` or `auto` (the injects)"},
	{"answers", &type_any, REFUSED, "what a team can ask of the contact"},
	{"override", &type_boolean, OPTIONAL, "`true`: knowingly takes the place of an entry of the same name in a used file"},
	{0},
};
static const struct schema contact = {.shape = SHAPE_RECORD, .name = "contact", .fields = contact_fields};
static const struct schema desk = {.shape = SHAPE_MAP, .item = &contact, .most = LIMIT_CONTACTS};

/* ---- the attack ---- */

static const struct schema poll_interval = {.shape = SHAPE_SCALAR,
					    .expects = "a time from `1s` to `1h`",
					    .accepts = accepts_duration,
					    .pattern = "^[0-9]+[smh]$",
					    .least = 1000,
					    .most = 3600000};
static const struct schema needs = {
	.shape = SHAPE_EITHER, .expects = "a step, or a list of steps", .either = {&type_name, &type_names}};
static const struct schema arguments = {.shape = SHAPE_MAP,
					.expects = "a map of the ability's arguments (`{host: file}`)",
					.item = &type_any,
					.most = LIMIT_PARAMETERS};
static const struct field step_fields[] = {
	{"id", &type_name, REQUIRED, "the step's name"},
	{"ability", &type_name, REQUIRED, "what is done: the name of a file in attacker/abilities"},
	{"technique", &type_technique, REQUIRED, "its ATT&CK technique, such as `T1071.001`"},
	{"on", &type_name, REQUIRED, "the host where it runs"},
	{"to", &type_name, OPTIONAL, "the C&C server: a host; a step `through` a beacon takes the beacon's"},
	{"via", &type_name, OPTIONAL, "the proxy on the way: a host; a step `through` a beacon takes the beacon's"},
	{"as", &type_name, OPTIONAL, "the person whose account it uses; not given: the beacon's, or root"},
	{"through", &type_name, OPTIONAL, "the beacon step that carries it"},
	{"args", &arguments, OPTIONAL, "the ability's arguments"},
	{"at", &type_moment, OPTIONAL, "when it begins: `+5s`; either `at` or `after` is needed"},
	{"after", &type_moment, OPTIONAL, "when it begins: `open + 10s`"},
	{"every", &poll_interval, OPTIONAL, "how often a beacon polls its C&C"},
	{"needs", &needs, OPTIONAL, "steps that must have been done, beside `after` and `through`"},
	{"from", &type_any, REFUSED, "a sender of mail"},
	{"else", &type_any, REFUSED, "another way when it is blocked"},
	{"stop_when", &type_any, REFUSED, "giving up early"},
	{0},
};
static const struct schema step = {.shape = SHAPE_RECORD, .name = "step", .fields = step_fields};
static const struct schema steps = {.shape = SHAPE_LIST, .item = &step, .most = LIMIT_STEPS};

static const struct field inject_fields[] = {
	{"id", &type_name, REQUIRED, "the inject's name"},
	{"at", &type_moment, REQUIRED, "when it is sent"},
	{"from", &type_name, REQUIRED, "who sends it: a contact of the `desk`"},
	{"text", &type_text, REQUIRED, "the message, in Markdown; `${host.NAME.ip}` is filled in"},
	{"attachments", &type_any, REFUSED, "files that come with the message"},
	{"expects", &type_any, REFUSED, "an answer that is expected"},
	{0},
};
static const struct schema inject = {.shape = SHAPE_RECORD, .name = "inject", .fields = inject_fields};
static const struct schema injects = {.shape = SHAPE_LIST, .item = &inject, .most = LIMIT_INJECTS};

/* ---- what is scored ---- */

static const char *const match_choices[] = {"exact", "set", "time", NULL};
static const struct schema match = {
	.shape = SHAPE_SCALAR, .expects = "`exact`, `set` or `time`", .accepts = accepts_choice, .choices = match_choices};
static const struct field answer_fields[] = {
	{"is", &type_line_or_lines, REQUIRED,
	 "`any`, `truth.STEP.KEY` (host, addresses, time, technique, account), `${team.secret.NAME}`, or the right value itself"},
	{"match", &match, OPTIONAL, "`exact`, `set` (a list in any order) or `time`; not given: as the truth asks"},
	{"tolerance", &type_duration, OPTIONAL, "how far off a time may be (5m)"},
	{"required", &type_boolean, OPTIONAL, "`false`: a report may leave it empty"},
	{0},
};
static const struct schema answer_record = {.shape = SHAPE_RECORD, .name = "answer", .fields = answer_fields};
static const struct schema answer = {.shape = SHAPE_EITHER,
				     .expects = "`any`, `truth.STEP.KEY`, the right value, or `{is: ..., match: ...}`",
				     .either = {&type_line, &type_lines, &answer_record}};

static const struct schema claim = {
	.shape = SHAPE_MAP,
	.name = "claim",
	.key = &type_field_name,
	.item = &answer,
	.least = 1,
	.most = LIMIT_FIELDS,
	.expects =
		"a map of what is claimed to the truth (`{host: truth.open.host}`; `match` and `tolerance` hold for all of it)"};

static const struct field reach_fields[] = {
	{"from", &type_name, REQUIRED, "the host that tries"},
	{"to", &type_name, REQUIRED, "the host that it tries to reach"},
	{"via", &type_name, OPTIONAL, "a proxy that is tried as well: a host"},
	{"port", &type_port, OPTIONAL, "the TCP port (80)"},
	{0},
};
static const struct schema reach = {.shape = SHAPE_RECORD, .name = "reach", .fields = reach_fields};
static const struct field file_fields[] = {
	{"on", &type_name, REQUIRED, "the host"},
	{"path", &type_path, REQUIRED, "the file, as an absolute path"},
	{0},
};
static const struct schema file_state = {.shape = SHAPE_RECORD, .name = "file-state", .fields = file_fields};
static const struct field process_fields[] = {
	{"on", &type_name, REQUIRED, "the host"},
	{"name", &type_line, REQUIRED, "the name of the program"},
	{0},
};
static const struct schema process_state = {.shape = SHAPE_RECORD, .name = "process-state", .fields = process_fields};
static const struct field state_fields[] = {
	{"unreachable", &reach, OPTIONAL, "`from` cannot open a connection to `to`"},
	{"reachable", &reach, OPTIONAL, "`from` can open a connection to `to`"},
	{"file-absent", &file_state, OPTIONAL, "the file is not there"},
	{"process-absent", &process_state, OPTIONAL, "no such program runs"},
	{"account-disabled", &type_name, OPTIONAL,
	 "the account (of a person, or one that the directory's options name) cannot log in"},
	{"holds", &type_duration, OPTIONAL, "for how long it must stay so (2m)"},
	{0},
};
static const struct schema state = {.shape = SHAPE_RECORD, .name = "state", .fields = state_fields};

static const struct field hint_fields[] = {
	{"cost", &type_cost, REQUIRED, "points that it costs, once per team"},
	{"text", &type_text, REQUIRED, "the hint"},
	{0},
};
static const struct schema hint = {.shape = SHAPE_RECORD, .name = "hint", .fields = hint_fields};
static const struct schema hints = {.shape = SHAPE_LIST, .item = &hint, .most = LIMIT_HINTS};

static const char *const phase_choices[] = {"detect", "triage", "analyse", "contain", "eradicate", "recover", "report", NULL};
static const struct schema phase = {.shape = SHAPE_SCALAR,
				    .expects = "`detect`, `triage`, `analyse`, `contain`, `eradicate`, `recover` or `report`",
				    .accepts = accepts_choice,
				    .choices = phase_choices};
static const struct field objective_fields[] = {
	{"id", &type_name, REQUIRED, "the objective's name"},
	{"title", &type_text, OPTIONAL, "what people read; not given: the id"},
	{"phase", &phase, REQUIRED, "the phase of incident handling that it belongs to"},
	{"points", &type_points, REQUIRED, "what it is worth"},
	{"claim", &claim, OPTIONAL, "it is a claim, compared with the truth; one of `claim`, `state`, `manual` is needed"},
	{"state", &state, OPTIONAL, "it is a state of the range, seen by a probe"},
	{"manual", &type_boolean, OPTIONAL, "`true`: the instructor judges it"},
	{"full_by", &type_moment, OPTIONAL, "full points until then"},
	{"floor_at", &type_moment, OPTIONAL, "the points fall in a straight line to the floor, which is reached then"},
	{"floor", &type_percent, OPTIONAL, "what a late one is worth (40%)"},
	{"hints", &hints, OPTIONAL, "help that can be bought, in order"},
	{0},
};
static const struct schema objective = {.shape = SHAPE_RECORD, .name = "objective", .fields = objective_fields};
static const struct schema objectives = {.shape = SHAPE_LIST, .item = &objective, .most = LIMIT_OBJECTIVES};

static const struct schema duty_answers = {.shape = SHAPE_MAP,
					   .key = &type_field_name,
					   .item = &answer,
					   .least = 1,
					   .most = LIMIT_FIELDS,
					   .expects = "a map of fields to answers (`{affected: truth.open.host, type: any}`)"};
static const struct schema duty_names = {.shape = SHAPE_LIST, .item = &type_field_name, .least = 1, .most = LIMIT_FIELDS};
static const struct schema duty_fields_schema = {
	.shape = SHAPE_EITHER,
	.either = {&duty_answers, &duty_names},
	.expects = "a map of fields to answers (`{affected: truth.open.host, type: any}`), or a list of names"};
static const struct field duty_fields[] = {
	{"id", &type_name, REQUIRED, "the report's name"},
	{"title", &type_text, OPTIONAL, "what people read; not given: the id"},
	{"to", &type_name, REQUIRED, "who gets it: a contact of the `desk`"},
	{"within", &type_duration, REQUIRED, "how soon it is due"},
	{"of", &type_name, OPTIONAL, "what that counts from: a step, inject, objective or duty; not given: the start"},
	{"points", &type_points, REQUIRED, "what it is worth"},
	{"final", &type_boolean, OPTIONAL, "`true`: \"unknown\" is not a valid answer any more"},
	{"fields", &duty_fields_schema, REQUIRED, "what it must say"},
	{"rubric", &type_text, OPTIONAL, "what a human grader looks for"},
	{"every", &type_any, REFUSED, "a report that is due again and again"},
	{"repeat", &type_any, REFUSED, "a report that is due again and again"},
	{"until", &type_any, REFUSED, "the end of a repeated report"},
	{"from", &type_any, REFUSED, "the beginning of a repeated report"},
	{0},
};
static const struct schema duty = {.shape = SHAPE_RECORD, .name = "duty", .fields = duty_fields};
static const struct schema duties = {.shape = SHAPE_LIST, .item = &duty, .most = LIMIT_DUTIES};

static const struct schema solution_values = {.shape = SHAPE_MAP,
					      .key = &type_field_name,
					      .item = &type_line_or_lines,
					      .least = 1,
					      .most = LIMIT_FIELDS + 1,
					      .expects = "a map of fields to values"};
static const struct field solution_fields[] = {
	{"at", &type_moment, REQUIRED, "when"},
	{"claim", &solution_values, OPTIONAL,
	 "`{objective: ID, FIELD: value}`, or `measure` for what was done; one of `claim`, `run`, `report` is needed"},
	{"run", &type_block, OPTIONAL, "a shell command, as root on the host `on`"},
	{"on", &type_name, OPTIONAL, "the host of `run`"},
	{"report", &type_name, OPTIONAL, "the duty whose report is sent"},
	{"fields", &solution_values, OPTIONAL, "what the report says"},
	{0},
};
static const struct schema solution_step = {.shape = SHAPE_RECORD, .name = "solution-step", .fields = solution_fields};
static const struct schema solution = {.shape = SHAPE_LIST, .item = &solution_step, .most = LIMIT_SOLUTION};

static const struct field scenario_fields[] = {
	{"toride", &version, REQUIRED, "the language's version: `1`"},
	{"id", &type_name, REQUIRED, "the exercise's name, unique in a library"},
	{"title", &type_text, REQUIRED, "what people read"},
	{"summary", &type_text, OPTIONAL, "one or two sentences"},
	{"level", &type_line, OPTIONAL, "for whom it is: `A`, `B-1`, ..."},
	{"duration", &type_duration, REQUIRED, "how long it takes"},
	{"languages", &languages, OPTIONAL, "the languages that every text promises (`[ja, en]`)"},
	{"use", &uses, OPTIONAL, "files whose networks, hosts, firewalls, people and desk are merged in; relative to this file"},
	{"briefing", &type_text, OPTIONAL, "what trainees read first, in Markdown"},
	{"networks", &networks, OPTIONAL, "name → network"},
	{"hosts", &hosts, OPTIONAL, "name → host"},
	{"firewalls", &firewalls, OPTIONAL, "host → its rules"},
	{"people", &people, OPTIONAL, "account → member of the organisation's staff"},
	{"desk", &desk, OPTIONAL, "name → contact who sends injects and receives reports"},
	{"services", &type_any, REFUSED, "business services"},
	{"attack", &steps, OPTIONAL, "what the attacker does, step by step"},
	{"injects", &injects, OPTIONAL, "messages to the team"},
	{"objectives", &objectives, OPTIONAL, "what is scored"},
	{"duties", &duties, OPTIONAL, "reports that are due"},
	{"solution", &solution, OPTIONAL, "what a perfect team does; hidden from trainees"},
	{0},
};
const struct schema schema_scenario = {.shape = SHAPE_RECORD, .name = "exercise", .fields = scenario_fields};

static const struct field part_fields[] = {
	{"toride", &version, OPTIONAL, "the language's version: `1`"},
	{"use", &uses, OPTIONAL, "further files; relative to this file"},
	{"networks", &networks, OPTIONAL, "name → network"},
	{"hosts", &hosts, OPTIONAL, "name → host"},
	{"firewalls", &firewalls, OPTIONAL, "host → its rules"},
	{"people", &people, OPTIONAL, "account → member of the organisation's staff"},
	{"desk", &desk, OPTIONAL, "name → contact"},
	{0},
};
const struct schema schema_part = {.shape = SHAPE_RECORD, .name = "part", .fields = part_fields};
