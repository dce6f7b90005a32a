#include "attacker/guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

#include "attacker/protocol.h"
#include "attacker/setting.h"
#include "common/address.h"

static uint32_t prefix_mask(int prefix)
{
	return prefix <= 0 ? 0 : UINT32_MAX << (32 - prefix);
}

bool guard_address(const struct scenario *scenario, uint32_t address)
{
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct subnet *subnet = &scenario->networks[i].cidr;
		if (((address ^ subnet->address) & prefix_mask(subnet->prefix)) == 0)
			return true;
	}
	return false;
}

uint32_t guard_outside(const struct scenario *scenario)
{
	static const uint32_t candidates[] = {0xc0000201 /* 192.0.2.1 */, 0xc6336401 /* 198.51.100.1 */,
					      0xcb007101 /* 203.0.113.1 */, 0xc6120001 /* 198.18.0.1 */};
	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
		if (!guard_address(scenario, candidates[i]))
			return candidates[i];
	return 0;
}

/* ---- texts ---- */

/* One run of address characters. */
static int guard_word(const struct scenario *scenario, const char *word, struct error **err)
{
	struct in6_addr six;
	struct in_addr four;
	if (inet_pton(AF_INET6, word, &six) == 1)
		return error_set(err, "'%s' is an IPv6 address; the range has none: use a host's IPv4 address", word);
	char copy[INET6_ADDRSTRLEN];
	snprintf(copy, sizeof copy, "%s", word);
	copy[strcspn(copy, ":")] = '\0'; /* ADDRESS:PORT */
	if (inet_pton(AF_INET, copy, &four) == 1 && !guard_address(scenario, ntohl(four.s_addr)))
		return error_set(err, "'%s' is outside the range's networks: an attack stays inside; use an address of a host",
				 copy);
	return 0;
}

static int guard_words(const struct scenario *scenario, const char *text, struct error **err)
{
	static const char of_addresses[] = "0123456789abcdefABCDEF.:";
	for (const char *c = text; *c;) {
		size_t length = strspn(c, of_addresses);
		if (length > 0 && length < INET6_ADDRSTRLEN) {
			char word[INET6_ADDRSTRLEN];
			memcpy(word, c, length);
			word[length] = '\0';
			if (guard_word(scenario, word, err) < 0)
				return -1;
		}
		c += length ? length : 1;
	}
	return 0;
}

/* curl itself reads the URL, so that 0x7f.1 or 2130706433 is seen as the address that it would go to. */
static int guard_url(const struct scenario *scenario, const char *text, struct error **err)
{
	CURLU *url = curl_url();
	char *host = NULL;
	int result;
	if (!url || curl_url_set(url, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		result = error_set(err, "'%s' is no URL that could be checked: write http://HOST/PATH", text);
	else
		result = guard_words(scenario, host, err);
	curl_free(host);
	curl_url_cleanup(url);
	return result;
}

int guard_text(const struct scenario *scenario, enum value_type type, const char *text, struct error **err)
{
	if (!protocol_value(text))
		return error_set(
			err, "'%s' holds a character that is not allowed, or is too long: letters, digits and ' ._/:@+,=-' only",
			text);
	if ((type == VALUE_URL || type == VALUE_DOMAIN) && guard_url(scenario, text, err) < 0)
		return -1;
	return guard_words(scenario, text, err);
}

/* ---- a step ---- */

/* By identity, not by name: a host of another scenario is a stranger, whatever it is called. */
static bool is_ours(const struct scenario *scenario, const struct host *host)
{
	for (size_t i = 0; i < scenario->hosts_count; i++)
		if (&scenario->hosts[i] == host)
			return true;
	return false;
}

static int guard_host(const struct scenario *scenario, const struct host *host, struct error **err)
{
	if (!host)
		return 0;
	if (!is_ours(scenario, host))
		return error_set(err, "host '%s' is not the exercise's own", host->name);
	for (size_t i = 0; i < host->nics_count; i++)
		if (host->nics[i].address && !guard_address(scenario, host->nics[i].address))
			return error_set(err, "host '%s' has an address outside the range's networks", host->name);
	return 0;
}

static const struct parameter *parameter_find(const struct ability *ability, const char *name)
{
	for (size_t i = 0; i < ability->args_count; i++)
		if (strcmp(ability->args[i].name, name) == 0)
			return &ability->args[i];
	return NULL;
}

static int guard_argument(const struct scenario *scenario, const struct parameter *parameter, const json_t *value,
			  struct error **err)
{
	size_t i;
	const json_t *item;
	if (json_is_array(value)) {
		json_array_foreach (value, i, item)
			if (guard_argument(scenario, parameter, item, err) < 0)
				return -1;
		return 0;
	}
	return json_is_string(value) ? guard_text(scenario, parameter->type, json_string_value(value), err) : 0;
}

int guard_step(const struct plan *plan, int team, const struct step *step, struct error **err)
{
	const struct scenario *scenario = plan->scenario;
	struct setting setting = setting_of(step);
	const struct host *hosts[] = {setting.on, setting.to, setting.via, step->through ? step->through->on : NULL};
	if (team < 1 || team > plan->teams)
		return error_set(err, "step '%s': there is no team %d (the exercise has %d)", step->id, team, plan->teams);
	if (!step->on)
		return error_set(err, "step '%s': it runs on no host", step->id);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (guard_host(scenario, hosts[i], err) < 0)
			return error_prefix(err, "step '%s'", step->id);
	const char *name;
	json_t *value;
	json_object_foreach (step->args, name, value) {
		const struct parameter *parameter = parameter_find(step->ability, name);
		if (!parameter)
			return error_set(err, "step '%s': ability '%s' has no argument '%s'", step->id, step->ability->id, name);
		if (guard_argument(scenario, parameter, value, err) < 0)
			return error_prefix(err, "step '%s': argument '%s'", step->id, name);
	}
	cleanup_json json_t *arguments = setting_arguments(scenario, step);
	if (json_object_size(arguments) > PROTOCOL_ARGS_MAX)
		return error_set(err, "step '%s': more than %d arguments", step->id, PROTOCOL_ARGS_MAX);
	json_object_foreach (arguments, name, value)
		if (!protocol_value(json_string_value(value)))
			return error_set(err, "step '%s': '%s' is too long or holds a character that is not allowed", step->id,
					 name);
	return 0;
}
