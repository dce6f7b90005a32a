#include "orchestrator/scenario/types.h"

#include <string.h>

#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/value.h"

static bool in_range(const struct schema *schema, int64_t value)
{
	return value >= schema->least && value <= schema->most;
}

bool accepts_choice(const struct schema *schema, const char *text)
{
	for (const char *const *choice = schema->choices; *choice; choice++)
		if (strcmp(*choice, text) == 0)
			return true;
	return false;
}

bool accepts_integer(const struct schema *schema, const char *text)
{
	int64_t number;
	return value_integer(text, &number) && in_range(schema, number);
}

bool accepts_duration(const struct schema *schema, const char *text)
{
	int64_t duration_ms;
	return value_duration(text, &duration_ms) && in_range(schema, duration_ms);
}

bool accepts_name(const struct schema *schema, const char *text)
{
	(void)schema;
	return value_name(text);
}

static bool accepts_field_name(const struct schema *schema, const char *text)
{
	(void)schema;
	return value_field_name(text);
}

static bool accepts_line(const struct schema *schema, const char *text)
{
	size_t length = strlen(text);
	return in_range(schema, (int64_t)length) && !strpbrk(text, "\n\t");
}

static bool accepts_block(const struct schema *schema, const char *text)
{
	return in_range(schema, (int64_t)strlen(text));
}

static bool accepts_boolean(const struct schema *schema, const char *text)
{
	(void)schema;
	bool truth;
	return value_boolean(text, &truth);
}

static bool accepts_bytes(const struct schema *schema, const char *text)
{
	int64_t bytes;
	return value_bytes(text, &bytes) && in_range(schema, bytes);
}

static bool accepts_percent(const struct schema *schema, const char *text)
{
	int64_t percent;
	return value_percent(text, &percent) && in_range(schema, percent);
}

static bool accepts_moment(const struct schema *schema, const char *text)
{
	(void)schema;
	char after[LIMIT_NAME_BYTES + 1];
	int64_t offset_ms;
	return value_moment(text, after, &offset_ms);
}

static bool accepts_cidr(const struct schema *schema, const char *text)
{
	(void)schema;
	struct subnet subnet;
	return value_subnet(text, &subnet);
}

static bool accepts_host_address(const struct schema *schema, const char *text)
{
	(void)schema;
	uint32_t address;
	return value_address(text, &address) || strcmp(text, "dhcp") == 0;
}

static bool accepts_rate(const struct schema *schema, const char *text)
{
	int64_t bits;
	return value_rate(text, &bits) && in_range(schema, bits);
}

static bool accepts_loss(const struct schema *schema, const char *text)
{
	int64_t milli_percent;
	return value_loss(text, &milli_percent) && in_range(schema, milli_percent);
}

static bool accepts_service(const struct schema *schema, const char *text)
{
	(void)schema;
	struct rule_service services[VALUE_SERVICES_MAX];
	size_t count;
	return value_service(text, services, &count);
}

/* A port, or the name of an option that holds one. */
static bool accepts_port_or_option(const struct schema *schema, const char *text)
{
	return value_name(text) || (text[0] >= '0' && text[0] <= '9' && accepts_service(schema, text));
}

static bool accepts_technique(const struct schema *schema, const char *text)
{
	(void)schema;
	return value_technique(text);
}

static bool accepts_path(const struct schema *schema, const char *text)
{
	(void)schema;
	return value_path(text);
}

/* Debian policy 5.6.1, and `:arch` or `=version` after it. What begins otherwise would be an option, a pattern or a file to apt,
 * which runs as the host's root when an image is made. */
static bool accepts_package(const struct schema *schema, const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789", letters[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-",
			  rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.:~=-";
	size_t name = strspn(text, letters);
	(void)schema;
	return *text && strchr(first, *text) && name >= 2 && text[name - 1] != '-' && strlen(text) <= LIMIT_PACKAGE_BYTES &&
	       (text[name] == '\0' || text[name] == ':' || text[name] == '=') && text[name + strspn(text + name, rest)] == '\0';
}

const struct schema type_name = {
	.shape = SHAPE_SCALAR,
	.name = "name",
	.expects = "a name (a small letter, then small letters, digits and `-`; at most 24 characters)",
	.accepts = accepts_name,
	.pattern = "^[a-z][a-z0-9-]{0,23}$",
};
const struct schema type_field_name = {
	.shape = SHAPE_SCALAR,
	.name = "field-name",
	.expects = "the name of a field (a small letter, then small letters, digits and `_`; at most 24 characters)",
	.accepts = accepts_field_name,
	.pattern = "^[a-z][a-z0-9_]{0,23}$",
};
const struct schema type_package = {
	.shape = SHAPE_SCALAR,
	.name = "package",
	.expects = "the name of a Debian package (small letters, digits, `+`, `.` and `-`; `:arch` or `=version` may follow)",
	.accepts = accepts_package,
	.pattern = "^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]([:=][A-Za-z0-9+.:~=-]*)?$",
};
const struct schema type_line = {
	.shape = SHAPE_SCALAR,
	.name = "line",
	.expects = "a text of one line, at most 500 bytes",
	.accepts = accepts_line,
	.least = 1,
	.most = LIMIT_LINE_BYTES,
};
const struct schema type_block = {
	.shape = SHAPE_SCALAR,
	.name = "block",
	.expects = "a text",
	.accepts = accepts_block,
	.least = 1,
	.most = LIMIT_SCALAR_BYTES,
};
static const struct field translation_fields[] = {
	{"ja", &type_block, OPTIONAL, "the text in Japanese"},
	{"en", &type_block, OPTIONAL, "the text in English"},
	{0},
};
static const struct schema type_translations = {
	.shape = SHAPE_RECORD,
	.expects = "a text for each language (`{ja: ..., en: ...}`)",
	.fields = translation_fields,
};
const struct schema type_text = {
	.shape = SHAPE_EITHER,
	.name = "text",
	.expects = "a text, or one for each language (`{ja: ..., en: ...}`)",
	.either = {&type_block, &type_translations},
};
const struct schema type_boolean = {
	.shape = SHAPE_SCALAR,
	.name = "boolean",
	.expects = "`true` or `false`",
	.accepts = accepts_boolean,
	.json_type = "boolean",
};
const struct schema type_duration = {
	.shape = SHAPE_SCALAR,
	.name = "duration",
	.expects = "a length of time such as `90s`, `5m`, `3h` (from `1s` to `30d`)",
	.accepts = accepts_duration,
	.pattern = "^[0-9]+[smhd]$",
	.least = 1000,
	.most = 30LL * 24 * 3600 * 1000,
};
const struct schema type_bytes = {
	.shape = SHAPE_SCALAR,
	.name = "bytes",
	.expects = "an amount of memory such as `64MiB` or `2GiB` (from `16MiB` to `64GiB`)",
	.accepts = accepts_bytes,
	.pattern = "^[0-9]+(KiB|MiB|GiB)$",
	.least = 16LL << 20,
	.most = 64LL << 30,
};
const struct schema type_percent = {
	.shape = SHAPE_SCALAR,
	.name = "percent",
	.expects = "a percentage such as `40%` (from `0%` to `100%`)",
	.accepts = accepts_percent,
	.pattern = "^[0-9]{1,3}%$",
	.least = 0,
	.most = 100,
};
const struct schema type_points = {
	.shape = SHAPE_SCALAR,
	.name = "points",
	.expects = "a whole number from 1 to 1000",
	.accepts = accepts_integer,
	.json_type = "integer",
	.least = 1,
	.most = LIMIT_POINTS,
};
const struct schema type_cost = {
	.shape = SHAPE_SCALAR,
	.name = "cost",
	.expects = "a whole number from 0 to 1000",
	.accepts = accepts_integer,
	.json_type = "integer",
	.least = 0,
	.most = LIMIT_POINTS,
};
const struct schema type_count = {
	.shape = SHAPE_SCALAR,
	.name = "processes",
	.expects = "a whole number from 16 to 10000",
	.accepts = accepts_integer,
	.json_type = "integer",
	.least = 16,
	.most = 10000,
};
const struct schema type_port = {
	.shape = SHAPE_SCALAR,
	.name = "port",
	.expects = "a port number from 1 to 65535",
	.accepts = accepts_integer,
	.json_type = "integer",
	.least = 1,
	.most = 65535,
};
const struct schema type_moment = {
	.shape = SHAPE_SCALAR,
	.name = "moment",
	.expects = "a moment such as `+12m` (from the start), `call` or `call + 15m` (from a step, inject, objective or duty)",
	.accepts = accepts_moment,
	.pattern = "^([a-z][a-z0-9-]*( *\\+ *[0-9]+[smhd])?|\\+? *[0-9]+[smhd])$",
};
const struct schema type_cidr = {
	.shape = SHAPE_SCALAR,
	.name = "cidr",
	.expects = "a network such as `10.1.1.0/24`",
	.accepts = accepts_cidr,
	.pattern = "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/[0-9]{1,2}$",
};
const struct schema type_host_address = {
	.shape = SHAPE_SCALAR,
	.name = "address",
	.expects = "an IPv4 address such as `10.1.1.20`, or `dhcp` (the network's DHCP server gives it)",
	.accepts = accepts_host_address,
	.pattern = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|dhcp)$",
};
static const struct schema host_addresses = {
	.shape = SHAPE_LIST,
	.expects = "a list of addresses, the main one first",
	.item = &type_host_address,
	.least = 1,
	.most = LIMIT_ADDRESSES,
};
const struct schema type_host_addresses = {
	.shape = SHAPE_EITHER,
	.expects = "an address, `dhcp`, or a list of addresses (`[10.1.1.20, 10.1.1.21]`)",
	.either = {&type_host_address, &host_addresses},
};
const struct schema type_rate = {
	.shape = SHAPE_SCALAR,
	.name = "rate",
	.expects = "bits per second such as `64kbit`, `10Mbit` or `1Gbit` (from `8kbit` to `10Gbit`)",
	.accepts = accepts_rate,
	.pattern = "^[0-9]+(kbit|Mbit|Gbit)$",
	.least = 8000,
	.most = 10000000000,
};
const struct schema type_delay = {
	.shape = SHAPE_SCALAR,
	.name = "delay",
	.expects = "a delay such as `50ms` (from `1ms` to `10s`)",
	.accepts = accepts_duration,
	.pattern = "^[0-9]+(ms|s)$",
	.least = 1,
	.most = 10000,
};
const struct schema type_loss = {
	.shape = SHAPE_SCALAR,
	.name = "loss",
	.expects = "the part of packets that is lost, such as `2%` or `0.5%`",
	.accepts = accepts_loss,
	.pattern = "^[0-9]{1,3}(\\.[0-9]{1,3})?%$",
	.least = 0,
	.most = 100000,
};
const struct schema type_service = {
	.shape = SHAPE_SCALAR,
	.name = "service",
	.expects =
		"a service (dhcp, dns, flows, http, https, icmp, imap, imaps, kerberos, kpasswd, ldap, ldaps, ntp, proxy, smb, "
		"smtp, ssh, submission, submissions, syslog) or a port "
		"such as `3128/tcp`",
	.accepts = accepts_service,
	.pattern = "^(dhcp|dns|flows|http|https|icmp|imap|imaps|kerberos|kpasswd|ldap|ldaps|ntp|proxy|smb|smtp|ssh|submission|"
		   "submissions|syslog|[0-9]{1,5}/(tcp|udp))$",
};
const struct schema type_port_or_option = {
	.shape = SHAPE_SCALAR,
	.expects = "a port such as `3128/tcp` or `53/udp`, or the name of an option of type port",
	.accepts = accepts_port_or_option,
	.pattern = "^([0-9]{1,5}/(tcp|udp)|[a-z][a-z0-9-]{0,23})$",
};
const struct schema type_technique = {
	.shape = SHAPE_SCALAR,
	.name = "technique",
	.expects = "an ATT&CK technique such as `T1071` or `T1071.001`",
	.accepts = accepts_technique,
	.pattern = "^T[0-9]{4}(\\.[0-9]{3})?$",
};
const struct schema type_path = {
	.shape = SHAPE_SCALAR,
	.name = "path",
	.expects = "a path of at most 255 bytes, without `..`",
	.accepts = accepts_path,
};
const struct schema type_any = {.shape = SHAPE_ANY, .name = "any"};
const struct schema type_lines = {.shape = SHAPE_LIST, .expects = "a list of texts", .item = &type_line};
const struct schema type_names = {.shape = SHAPE_LIST, .expects = "a list of names", .item = &type_name};
const struct schema type_line_or_lines = {
	.shape = SHAPE_EITHER,
	.expects = "a text of one line, or a list of them",
	.either = {&type_line, &type_lines},
};
