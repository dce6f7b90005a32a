/* The language of the files beside the scenarios: roles, images and abilities. */
#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/types.h"

static const char *const type_choices[] = {"string",  "integer", "boolean", "duration", "bytes", "port",   "name",   "host",
					   "network", "person",	 "account", "path",	"url",	 "domain", "ranges", NULL};
static const struct schema value_type = {
	.shape = SHAPE_SCALAR,
	.expects = "a type (string, integer, boolean, duration, bytes, port, name, host, network, person, account, path, url, "
		   "domain, "
		   "ranges)",
	.accepts = accepts_choice,
	.choices = type_choices,
};
static const struct schema value_types = {
	.shape = SHAPE_LIST, .expects = "a list of one type (`[domain]`)", .item = &value_type, .least = 1, .most = 1};
static const struct schema type_or_list = {
	.shape = SHAPE_EITHER, .expects = "a type, or `[type]` for a list of it", .either = {&value_type, &value_types}};
static const struct field parameter_fields[] = {
	{"type", &type_or_list, REQUIRED, "its type; `[type]`: a list of them"},
	{"required", &type_boolean, OPTIONAL, "`true`: it must be given"},
	{"default", &type_any, OPTIONAL, "its value where it is not given"},
	{"help", &type_text, OPTIONAL, "what it is"},
	{0},
};
static const struct schema parameter = {.shape = SHAPE_RECORD, .name = "parameter", .fields = parameter_fields};
static const struct schema parameters = {.shape = SHAPE_MAP, .item = &parameter, .most = LIMIT_PARAMETERS};

static const struct schema role_services = {.shape = SHAPE_MAP,
					    .expects = "a map of names to ports (`{http: 80/tcp}`), or to options of type port",
					    .item = &type_port_or_option,
					    .most = LIMIT_PARAMETERS};
static const struct schema role_activities = {
	.shape = SHAPE_LIST, .expects = "a list of names (`[mail, browse]`)", .item = &type_name, .most = LIMIT_PARAMETERS};
const char *const read_fact_names[READ_FACTS + 1] = {
	[READ_PEOPLE] = "people", [READ_NETWORKS] = "networks", [READ_RESOLVER] = "resolver", [READ_HOSTS] = "hosts",
	[READ_SITES] = "sites",	  [READ_PORT] = "port",		[READ_DOMAIN] = "domain",     [READ_ZONE] = "zone",
	[READ_SHARES] = "shares", [READ_DHCP] = "dhcp",
};
static const struct schema role_read = {.shape = SHAPE_SCALAR,
					.expects = "`people`, `networks`, `resolver`, `hosts`, or an announced option (`sites`, "
						   "`port`, `domain`, `zone`, `shares`, `dhcp`)",
					.accepts = accepts_choice,
					.choices = read_fact_names};
static const struct schema role_reads = {
	.shape = SHAPE_LIST, .expects = "a list of facts (`[people, hosts]`)", .item = &role_read, .most = READ_FACTS};
static const struct field role_fields[] = {
	{"role", &type_name, REQUIRED, "its name: the same as its folder's"},
	{"image", &type_name, REQUIRED, "the image that it is made from"},
	{"summary", &type_text, REQUIRED, "what it does"},
	{"memory", &type_bytes, REQUIRED, "memory limit of such a host"},
	{"processes", &type_count, REQUIRED, "limit of processes of such a host"},
	{"forwards", &type_boolean, OPTIONAL, "`true`: routes packets between its networks"},
	{"resolves", &type_boolean, OPTIONAL, "`true`: answers DNS for the others"},
	{"translates", &type_boolean, OPTIONAL, "`true`: gives private addresses its own towards the internet (NAT)"},
	{"dormant", &type_boolean, OPTIONAL, "`true`: its services start with the attack, not with the guest"},
	{"directory", &type_boolean, OPTIONAL,
	 "`true`: holds the organisation's accounts (/usr/lib/toride/account-disabled ACCOUNT)"},
	{"reads", &role_reads, OPTIONAL,
	 "facts that its setup goes by, beyond those of the host itself and of the hosts that its keys name"},
	{"options", &parameters, OPTIONAL, "what a scenario may set on such a host"},
	{"services", &role_services, OPTIONAL, "what listens on it: a port, or the name of an option of type port (tcp)"},
	{"activities", &role_activities, OPTIONAL, "what a person can do there: the names of files in activities/"},
	{0},
};
const struct schema schema_role = {.shape = SHAPE_RECORD, .name = "role", .fields = role_fields};

static const struct schema packages = {
	.shape = SHAPE_LIST, .expects = "a list of Debian packages", .item = &type_package, .most = LIMIT_PACKAGES};
static const struct field image_fields[] = {
	{"image", &type_name, REQUIRED, "its name: the same as its file's"},
	{"from", &type_name, OPTIONAL, "another image, whose packages and files it has, too"},
	{"suite", &type_name, REQUIRED, "the Debian release, such as `bookworm`"},
	{"packages", &packages, REQUIRED, "Debian packages that are installed"},
	{0},
};
const struct schema schema_image = {.shape = SHAPE_RECORD, .name = "image", .fields = image_fields};

static const char *const kind_choices[] = {"command", "beacon", NULL};
static const struct schema ability_kind = {
	.shape = SHAPE_SCALAR, .expects = "`command` or `beacon`", .accepts = accepts_choice, .choices = kind_choices};
static const struct schema techniques = {.shape = SHAPE_LIST,
					 .expects = "a list of ATT&CK techniques",
					 .item = &type_technique,
					 .least = 1,
					 .most = LIMIT_PARAMETERS};
static const struct schema timeout = {.shape = SHAPE_SCALAR,
				      .expects = "a time from `1s` to `10m`",
				      .accepts = accepts_duration,
				      .pattern = "^[0-9]+[sm]$",
				      .least = 1000,
				      .most = 600000};
static const struct field trace_fields[] = {
	{"host", &type_line, REQUIRED, "where: `${on}`, `${to}`, `${via}`, `${arg.NAME}` of type host, or a host's name"},
	{"file", &type_line, REQUIRED, "path of the file on that host"},
	{"contains", &type_line, REQUIRED, "fixed text that is to be found in it; `${...}` is filled in"},
	{0},
};
static const struct schema trace = {.shape = SHAPE_RECORD, .name = "trace", .fields = trace_fields};
static const struct schema traces = {.shape = SHAPE_LIST, .item = &trace, .most = LIMIT_PARAMETERS};
static const struct field ability_fields[] = {
	{"ability", &type_name, REQUIRED, "its name: the same as its file's"},
	{"kind", &ability_kind, REQUIRED, "`command`, or `beacon` (starts the training beacon)"},
	{"techniques", &techniques, REQUIRED, "the ATT&CK techniques that it emulates"},
	{"summary", &type_text, REQUIRED, "what it does"},
	{"through_beacon", &type_boolean, OPTIONAL, "`true`: a beacon may carry it out"},
	{"timeout", &timeout, REQUIRED, "when it counts as blocked"},
	{"args", &parameters, OPTIONAL, "its arguments"},
	{"run", &type_block, REQUIRED, "POSIX shell in the guest, as the step's account; arguments are environment variables"},
	{"expect", &traces, REQUIRED, "the traces that it must leave"},
	{"undo", &type_block, REQUIRED, "POSIX shell as root: takes back what it did"},
	{"undone", &type_block, REQUIRED, "POSIX shell as root: exit status 0 when nothing of it is left"},
	{0},
};
const struct schema schema_ability = {.shape = SHAPE_RECORD, .name = "ability", .fields = ability_fields};
