#include "attacker/setting.h"

#include <string.h>

#include "attacker/protocol.h"
#include "common/address.h"
#include "common/alloc.h"

struct setting setting_of(const struct step *step)
{
	const struct step *carrier = step->through ? step->through : step;
	struct setting setting = {
		.on = step->on,
		.to = step->to ? step->to : carrier->to,
		.via = step->via ? step->via : carrier->via,
		.as = step->as ? step->as : carrier->as,
	};
	if (setting.via)
		setting.proxy_port = scenario_proxy_port(setting.via);
	return setting;
}

char *beacon_id(const struct step *beacon)
{
	return xasprintf("%s.%s", beacon->on->name, beacon->id);
}

int64_t beacon_interval_ms(const struct step *beacon)
{
	if (beacon->every_ms <= 0)
		return BEACON_INTERVAL_USUAL_MS;
	if (beacon->every_ms < BEACON_INTERVAL_MIN_MS)
		return BEACON_INTERVAL_MIN_MS;
	return beacon->every_ms < BEACON_INTERVAL_MAX_MS ? beacon->every_ms : BEACON_INTERVAL_MAX_MS;
}

static bool is_on(const struct host *host, const struct network *network)
{
	for (size_t i = 0; host && i < host->nics_count; i++)
		if (host->nics[i].network == network)
			return true;
	return false;
}

uint32_t setting_address(const struct host *host, const struct host *from)
{
	uint32_t first = 0;
	for (size_t i = 0; i < host->nics_count; i++) {
		const struct nic *nic = &host->nics[i];
		if (nic->address && is_on(from, nic->network))
			return nic->address;
		if (!first)
			first = nic->address;
	}
	return first;
}

/* ---- arguments ---- */

static json_t *address_json(uint32_t address)
{
	struct address_text buffer;
	return json_string(address_text(address, &buffer));
}

static char *scalar_text(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return xstrdup(json_string_value(value));
	case JSON_INTEGER:
		return xasprintf("%lld", (long long)json_integer_value(value));
	case JSON_TRUE:
		return xstrdup("true");
	case JSON_FALSE:
		return xstrdup("false");
	default:
		return xstrdup("");
	}
}

/* One value, or a list's joined by spaces. */
static char *value_text(const json_t *value)
{
	if (!json_is_array(value))
		return scalar_text(value);
	char *text = xstrdup("");
	size_t i;
	const json_t *item;
	json_array_foreach (value, i, item) {
		cleanup_free char *before = text;
		cleanup_free char *one = scalar_text(item);
		text = xasprintf("%s%s%s", before, i ? " " : "", one);
	}
	return text;
}

static char *variable_name(const char *argument)
{
	char *name = xasprintf("arg_%s", argument);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* What more there is to say of a value of this type, under variable_suffix. */
static void add_derived(json_t *arguments, const struct scenario *scenario, const struct step *step,
			const struct parameter *parameter, const char *variable, const char *text)
{
	struct address_text buffer;
	if (parameter->type == VALUE_HOST) {
		const struct host *host = scenario_host(scenario, text);
		uint32_t address = host ? setting_address(host, step->on) : 0;
		cleanup_free char *name = xasprintf("%s_ip", variable);
		if (address)
			json_object_set_new(arguments, name, address_json(address));
	} else if (parameter->type == VALUE_NETWORK) {
		const struct network *network = scenario_network(scenario, text);
		cleanup_free char *name = xasprintf("%s_cidr", variable);
		if (network)
			json_object_set_new(arguments, name,
					    json_string(subnet_text(network->cidr.address, network->cidr.prefix, &buffer)));
	}
}

static const json_t *argument_value(const struct step *step, const struct parameter *parameter)
{
	const json_t *value = json_object_get(step->args, parameter->name);
	return value ? value : parameter->fallback;
}

json_t *setting_arguments(const struct scenario *scenario, const struct step *step)
{
	json_t *arguments = json_object();
	for (size_t i = 0; i < step->ability->args_count; i++) {
		const struct parameter *parameter = &step->ability->args[i];
		const json_t *value = argument_value(step, parameter);
		if (!value || json_is_null(value))
			continue;
		cleanup_free char *variable = variable_name(parameter->name);
		cleanup_free char *text = value_text(value);
		json_object_set_new(arguments, variable, json_string(text));
		if (!parameter->list)
			add_derived(arguments, scenario, step, parameter, variable, text);
	}
	return arguments;
}

/* ---- environment ---- */

char **setting_environment(const struct scenario *scenario, const struct step *step, const json_t *extra)
{
	struct setting setting = setting_of(step);
	cleanup_json json_t *all = setting_arguments(scenario, step);
	json_object_set_new(all, "task", json_string(step->id));
	json_object_set_new(all, "user", json_string(setting.as ? setting.as->account : "root"));
	if (setting.to)
		json_object_set_new(all, "c2_ip", address_json(setting_address(setting.to, setting.on)));
	if (setting.via) {
		cleanup_free char *port = xasprintf("%d", setting.proxy_port);
		json_object_set_new(all, "proxy_ip", address_json(setting_address(setting.via, setting.on)));
		json_object_set_new(all, "proxy_port", json_string(port));
	}
	if (extra)
		json_object_update(all, (json_t *)(uintptr_t)extra);
	char **environment = xcalloc(json_object_size(all) + 1, sizeof *environment);
	size_t count = 0;
	const char *name;
	json_t *value;
	json_object_foreach (all, name, value)
		environment[count++] = xasprintf("%s=%s", name, json_string_value(value));
	return environment;
}

void setting_free(char **environment)
{
	for (size_t i = 0; environment && environment[i]; i++)
		free(environment[i]);
	free(environment);
}

/* ---- ${...} in traces ---- */

static char *address_copy(uint32_t address)
{
	struct address_text buffer;
	return address ? xstrdup(address_text(address, &buffer)) : NULL;
}

static char *host_reference(const struct host *host, const struct host *on, const char *part)
{
	if (!host)
		return NULL;
	if (!part)
		return xstrdup(host->name);
	return strcmp(part, "ip") == 0 ? address_copy(setting_address(host, on)) : NULL;
}

/* arg.NAME, arg.NAME.ip, .cidr: out of the variables; arg.NAME.name: the last part of a path. */
static char *argument_reference(const struct scenario *scenario, const struct step *step, const char *name, const char *part)
{
	cleanup_json json_t *arguments = setting_arguments(scenario, step);
	cleanup_free char *variable = variable_name(name);
	bool last_of_path = part && strcmp(part, "name") == 0;
	cleanup_free char *key = part && !last_of_path ? xasprintf("%s_%s", variable, part) : xstrdup(variable);
	const char *text = json_string_value(json_object_get(arguments, key));
	const char *slash = text && last_of_path ? strrchr(text, '/') : NULL;
	return xstrdup(slash ? slash + 1 : text);
}

static char *reference(const struct scenario *scenario, const struct step *step, char *name)
{
	struct setting setting = setting_of(step);
	const char *account = setting.as ? setting.as->account : "root";
	char *part = strchr(name, '.');
	if (part)
		*part++ = '\0';
	if (strcmp(name, "arg") == 0 && part) {
		char *more = strchr(part, '.');
		if (more)
			*more++ = '\0';
		return argument_reference(scenario, step, part, more);
	}
	if (strcmp(name, "as") == 0 && !part)
		return xstrdup(account);
	if (strcmp(name, "home") == 0 && !part)
		return setting.as ? xasprintf("/home/%s", account) : xstrdup("/root");
	const struct {
		const char *name;
		const struct host *host;
	} hosts[] = {{"on", setting.on}, {"to", setting.to}, {"via", setting.via}};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		if (strcmp(name, hosts[i].name) == 0)
			return host_reference(hosts[i].host, setting.on, part);
	return NULL;
}

char *setting_expand(const struct scenario *scenario, const struct step *step, const char *text)
{
	cleanup_free char *whole = xstrdup("");
	for (const char *open; (open = strstr(text, "${"));) {
		const char *close = strchr(open, '}');
		if (!close)
			break;
		cleanup_free char *name = xstrndup(open + 2, (size_t)(close - open - 2));
		cleanup_free char *value = reference(scenario, step, name);
		if (!value)
			return NULL;
		cleanup_free char *before = steal(&whole);
		whole = xasprintf("%s%.*s%s", before, (int)(open - text), text, value);
		text = close + 1;
	}
	return xasprintf("%s%s", whole, text);
}
