#include "orchestrator/scenario/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum { DIGITS_MAX = 15 };
static const int64_t DURATION_MAX_MS = 30LL * 24 * 3600 * 1000;
static const int64_t BYTES_MAX = 1LL << 40;
static const int64_t RATE_MAX_BITS = 100000000000;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Reads digits; returns where they end, or NULL when there are none or too many. */
static const char *take_digits(const char *text, int64_t *number)
{
	int64_t value = 0;
	const char *at = text;
	for (; is_digit(*at); at++) {
		if (at - text == DIGITS_MAX)
			return NULL;
		value = value * 10 + (*at - '0');
	}
	if (at == text)
		return NULL;
	*number = value;
	return at;
}

bool value_integer(const char *text, int64_t *number)
{
	bool negative = *text == '-';
	int64_t value;
	const char *end = take_digits(text + negative, &value);
	if (!end || *end)
		return false;
	*number = negative ? -value : value;
	return true;
}

bool value_boolean(const char *text, bool *truth)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return false;
	*truth = *text == 't';
	return true;
}

struct unit {
	const char *name;
	int64_t factor;
};

static bool take_unit(const char *text, const struct unit *units, int64_t most, int64_t *result)
{
	int64_t number;
	const char *end = take_digits(text, &number);
	for (; end && units->name; units++) {
		if (strcmp(end, units->name) != 0)
			continue;
		if (number > most / units->factor)
			return false;
		*result = number * units->factor;
		return true;
	}
	return false;
}

bool value_duration(const char *text, int64_t *duration_ms)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
	return take_unit(text, units, DURATION_MAX_MS, duration_ms);
}

bool value_bytes(const char *text, int64_t *bytes)
{
	static const struct unit units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
	return take_unit(text, units, BYTES_MAX, bytes);
}

bool value_percent(const char *text, int64_t *percent)
{
	static const struct unit units[] = {{"%", 1}, {NULL, 0}};
	return take_unit(text, units, 100, percent);
}

bool value_rate(const char *text, int64_t *bits)
{
	static const struct unit units[] = {{"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {NULL, 0}};
	return take_unit(text, units, RATE_MAX_BITS, bits);
}

bool value_loss(const char *text, int64_t *milli_percent)
{
	int64_t whole, parts = 0;
	const char *end = take_digits(text, &whole);
	int64_t unit = 1000;
	if (end && *end == '.') {
		const char *fraction = end + 1;
		end = take_digits(fraction, &parts);
		for (ptrdiff_t i = 0; end && i < end - fraction; i++)
			unit /= 10;
	}
	if (!end || strcmp(end, "%") != 0 || unit == 0 || whole > 100 || whole * 1000 + parts * unit > 100000)
		return false;
	*milli_percent = whole * 1000 + parts * unit;
	return true;
}

/* `100`, `4.0`: the last parts of an address; the rest is the network's. */
static const char *take_last_parts(const char *text, struct subnet subnet, uint32_t *address)
{
	uint32_t value = 0, mask = 0;
	for (int parts = 1; parts <= 4; parts++) {
		int64_t part;
		text = take_digits(text, &part);
		if (!text || part > 255)
			return NULL;
		value = value << 8 | (uint32_t)part;
		mask = mask << 8 | 255;
		if (*text != '.') {
			*address = (subnet.address & ~mask) | value;
			return text;
		}
		text++;
	}
	return NULL;
}

bool value_range(const char *text, struct subnet subnet, uint32_t *first, uint32_t *last)
{
	uint32_t from, to;
	const char *end = take_last_parts(text, subnet, &from);
	if (!end || *end != '-')
		return false;
	end = take_last_parts(end + 1, subnet, &to);
	if (!end || *end)
		return false;
	*first = from;
	*last = to;
	return true;
}

static bool is_word(const char *text, char joint)
{
	size_t length = strnlen(text, LIMIT_NAME_BYTES + 1);
	if (length == 0 || length > LIMIT_NAME_BYTES || !is_lower(*text))
		return false;
	for (const char *at = text; *at; at++)
		if (!is_lower(*at) && !is_digit(*at) && *at != joint)
			return false;
	return true;
}

bool value_name(const char *text)
{
	return is_word(text, '-');
}

bool value_field_name(const char *text)
{
	return is_word(text, '_');
}

bool value_technique(const char *text)
{
	size_t length = strnlen(text, 10);
	if (*text != 'T' || (length != 5 && length != 9) || (length == 9 && text[5] != '.'))
		return false;
	for (size_t i = 1; i < length; i++)
		if (i != 5 && !is_digit(text[i]))
			return false;
	return true;
}

bool value_path(const char *text)
{
	size_t length = strnlen(text, LIMIT_PATH_BYTES + 1);
	if (length == 0 || length > LIMIT_PATH_BYTES)
		return false;
	for (const char *at = text; *at; at++) {
		bool part_begins = at == text || at[-1] == '/';
		if ((unsigned char)*at < ' ')
			return false;
		if (part_begins && at[0] == '.' && at[1] == '.' && (at[2] == '/' || !at[2]))
			return false;
	}
	return true;
}

static bool domain_is(const char *text, size_t length)
{
	if (length == 0 || length > 253)
		return false;
	size_t label = 0;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool inner_hyphen = c == '-' && label > 0 && i + 1 < length && text[i + 1] != '.';
		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if ((!is_lower(c) && !is_digit(c) && !inner_hyphen) || ++label > 63)
			return false;
	}
	return label > 0;
}

bool value_domain(const char *text)
{
	return domain_is(text, strnlen(text, 254));
}

bool value_url(const char *text)
{
	const char *at = strncmp(text, "http://", 7) == 0 ? text + 7 : strncmp(text, "https://", 8) == 0 ? text + 8 : NULL;
	if (!at || strnlen(text, LIMIT_LINE_BYTES + 1) > LIMIT_LINE_BYTES)
		return false;
	size_t host = strcspn(at, ":/?#");
	if (!domain_is(at, host))
		return false;
	int64_t port = 80;
	if (at[host] == ':') {
		at = take_digits(at + host + 1, &port);
		if (!at || port < 1 || port > 65535)
			return false;
		host = 0;
	}
	if (at[host] && !strchr("/?#", at[host]))
		return false;
	for (at += host; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("\"'`\\<>", *at))
			return false;
	return true;
}

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " ");
}

bool value_moment(const char *text, char after[LIMIT_NAME_BYTES + 1], int64_t *offset_ms)
{
	const char *name = skip_spaces(text);
	size_t length = is_lower(*name) ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
	if (length > LIMIT_NAME_BYTES)
		return false;
	const char *at = skip_spaces(name + length);
	bool plus = *at == '+';
	if (plus)
		at = skip_spaces(at + 1);
	bool alone = length > 0 && !plus && !*at;
	int64_t offset = 0;
	if (!alone && ((length > 0 && !plus) || !value_duration(at, &offset)))
		return false;
	memcpy(after, name, length);
	after[length] = '\0';
	*offset_ms = offset;
	return true;
}

bool value_address(const char *text, uint32_t *address)
{
	struct in_addr parsed;
	if (inet_pton(AF_INET, text, &parsed) != 1)
		return false;
	*address = ntohl(parsed.s_addr);
	return true;
}

bool value_subnet(const char *text, struct subnet *subnet)
{
	const char *slash = strchr(text, '/');
	char address[16] = "";
	int64_t prefix;
	if (!slash || slash - text >= (ptrdiff_t)sizeof address)
		return false;
	memcpy(address, text, (size_t)(slash - text));
	const char *end = take_digits(slash + 1, &prefix);
	uint32_t parsed;
	if (!end || *end || prefix > 32 || !value_address(address, &parsed))
		return false;
	*subnet = (struct subnet){.address = parsed, .prefix = (int)prefix};
	return true;
}

uint32_t subnet_mask(struct subnet subnet)
{
	return subnet.prefix == 0 ? 0 : UINT32_MAX << (32 - subnet.prefix);
}

bool subnet_contains(struct subnet subnet, uint32_t address)
{
	return ((address ^ subnet.address) & subnet_mask(subnet)) == 0;
}

void address_format(uint32_t address, char text[16])
{
	snprintf(text, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
}

/* The registered ports (IANA), and the usual ones of Squid, of syslog over TCP and of NetFlow (flows). */
static const struct known_service {
	const char *name;
	struct rule_service services[VALUE_SERVICES_MAX];
} known_services[] = {
	{"dhcp", {{NULL, "udp", 67}}},
	{"dns", {{NULL, "udp", 53}, {NULL, "tcp", 53}}},
	{"flows", {{NULL, "udp", 2055}}},
	{"http", {{NULL, "tcp", 80}}},
	{"https", {{NULL, "tcp", 443}}},
	{"icmp", {{NULL, "icmp", 0}}},
	{"imap", {{NULL, "tcp", 143}}},
	{"imaps", {{NULL, "tcp", 993}}},
	{"kerberos", {{NULL, "udp", 88}, {NULL, "tcp", 88}}},
	{"kpasswd", {{NULL, "udp", 464}, {NULL, "tcp", 464}}},
	{"ldap", {{NULL, "tcp", 389}, {NULL, "udp", 389}}},
	{"ldaps", {{NULL, "tcp", 636}}},
	{"ntp", {{NULL, "udp", 123}}},
	{"proxy", {{NULL, "tcp", 3128}}},
	{"smb", {{NULL, "tcp", 445}}},
	{"smtp", {{NULL, "tcp", 25}}},
	{"ssh", {{NULL, "tcp", 22}}},
	{"submission", {{NULL, "tcp", 587}}},
	{"submissions", {{NULL, "tcp", 465}}},
	{"syslog", {{NULL, "tcp", 514}, {NULL, "udp", 514}}},
};

const char *value_service_names(void)
{
	return "dhcp, dns, flows, http, https, icmp, imap, imaps, kerberos, kpasswd, ldap, ldaps, ntp, proxy, smb, smtp, ssh, "
	       "submission, submissions, syslog";
}

bool value_service(const char *text, struct rule_service services[VALUE_SERVICES_MAX], size_t *count)
{
	for (size_t i = 0; i < sizeof known_services / sizeof *known_services; i++) {
		if (strcmp(known_services[i].name, text) != 0)
			continue;
		memcpy(services, known_services[i].services, sizeof known_services[i].services);
		*count = *services[1].protocol ? 2 : 1;
		return true;
	}
	int64_t port;
	const char *end = take_digits(text, &port);
	if (!end || port < 1 || port > 65535 || (strcmp(end, "/tcp") != 0 && strcmp(end, "/udp") != 0))
		return false;
	services[0] = (struct rule_service){.port = (int)port};
	memcpy(services[0].protocol, end + 1, 4);
	*count = 1;
	return true;
}

const char *value_next_address(const char *text, uint32_t *address, size_t *length)
{
	for (const char *at = text; *at;) {
		size_t run = strspn(at, "0123456789.");
		char candidate[16];
		bool alone = at == text || !isalnum((unsigned char)at[-1]);
		if (run > 0 && run < sizeof candidate && alone) {
			memcpy(candidate, at, run);
			candidate[run] = '\0';
			while (run > 0 && candidate[run - 1] == '.') /* the end of a sentence */
				candidate[--run] = '\0';
			if (value_address(candidate, address)) {
				*length = run;
				return at;
			}
		}
		at += run ? run : 1;
	}
	return NULL;
}
