/* Typed options of roles and arguments of abilities: what a role.yaml or an ability declares, and what a scenario gives. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

/* ---- types ---- */

static json_t *convert_string(const char *text)
{
	return strlen(text) <= LIMIT_LINE_BYTES && !strpbrk(text, "\n\t") ? json_string(text) : NULL;
}

static json_t *convert_integer(const char *text)
{
	int64_t number;
	return value_integer(text, &number) ? json_integer(number) : NULL;
}

static json_t *convert_boolean(const char *text)
{
	bool truth;
	return value_boolean(text, &truth) ? json_boolean(truth) : NULL;
}

/* In whole seconds: what a shell script can use. */
static json_t *convert_duration(const char *text)
{
	int64_t duration_ms;
	return value_duration(text, &duration_ms) ? json_integer(duration_ms / 1000) : NULL;
}

static json_t *convert_bytes(const char *text)
{
	int64_t bytes;
	return value_bytes(text, &bytes) ? json_integer(bytes) : NULL;
}

static json_t *convert_port(const char *text)
{
	int64_t port;
	return value_integer(text, &port) && port >= 1 && port <= 65535 ? json_integer(port) : NULL;
}

static json_t *convert_name(const char *text)
{
	return value_name(text) ? json_string(text) : NULL;
}

static json_t *convert_path(const char *text)
{
	return value_path(text) ? json_string(text) : NULL;
}

static json_t *convert_url(const char *text)
{
	return value_url(text) ? json_string(text) : NULL;
}

static json_t *convert_domain(const char *text)
{
	return value_domain(text) ? json_string(text) : NULL;
}

static const struct kind {
	const char *name, *expects;
	json_t *(*convert)(const char *text); /* new reference; NULL: not such a value */
	int refers;			      /* enum index_kind, or -1 */
} kinds[] = {
	[VALUE_STRING] = {"string", "a text of one line", convert_string, -1},
	[VALUE_INTEGER] = {"integer", "a whole number", convert_integer, -1},
	[VALUE_BOOLEAN] = {"boolean", "`true` or `false`", convert_boolean, -1},
	[VALUE_DURATION] = {"duration", "a length of time such as `90s` or `5m`", convert_duration, -1},
	[VALUE_BYTES] = {"bytes", "a size such as `64MiB`", convert_bytes, -1},
	[VALUE_PORT] = {"port", "a port number from 1 to 65535", convert_port, -1},
	[VALUE_NAME] = {"name", "a name (small letters, digits, `-`)", convert_name, -1},
	[VALUE_HOST] = {"host", "the name of a host", convert_name, INDEX_HOST},
	[VALUE_NETWORK] = {"network", "the name of a network", convert_name, INDEX_NETWORK},
	[VALUE_PERSON] = {"person", "the account of a person", convert_name, INDEX_PERSON},
	[VALUE_ACCOUNT] = {"account", "an account that is no person's (small letters, digits, `-`)", convert_name, -1},
	[VALUE_PATH] = {"path", "a path of at most 255 bytes, without `..`", convert_path, -1},
	[VALUE_URL] = {"url", "an address such as `http://www.saida.example/`", convert_url, -1},
	[VALUE_DOMAIN] = {"domain", "a domain name such as `www.saida.example`", convert_domain, -1},
	[VALUE_RANGES] = {"ranges", "a map of networks to the last parts of addresses (`{residents: 100-199}`)", NULL,
			  INDEX_NETWORK},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- what is declared ---- */

/* What the words mean is judged with the addresses of the networks: load_leases. */
static json_t *convert_ranges(const struct node *node)
{
	if (node->kind != NODE_MAP)
		return NULL;
	cleanup_json json_t *ranges = json_object();
	for (size_t i = 0; i < node->count; i++) {
		if (node->entries[i].value->kind != NODE_SCALAR)
			return NULL;
		json_object_set_new(ranges, node->entries[i].key->text, json_string(node->entries[i].value->text));
	}
	return steal(&ranges);
}

static json_t *convert_value(const struct parameter *parameter, const struct node *node)
{
	const struct kind *kind = &kinds[parameter->type];
	if (parameter->type == VALUE_RANGES)
		return convert_ranges(node);
	if (!parameter->list)
		return node->kind == NODE_SCALAR ? kind->convert(node->text) : NULL;
	if (node->kind != NODE_LIST)
		return NULL;
	cleanup_json json_t *list = json_array();
	for (size_t i = 0; i < node->count; i++) {
		const struct node *item = node->entries[i].value;
		json_t *value = item->kind == NODE_SCALAR ? kind->convert(item->text) : NULL;
		if (!value)
			return NULL;
		json_array_append_new(list, value);
	}
	return steal(&list);
}

static void report_type(struct loading *loading, const struct parameter *parameter, const struct node *node, const char *what)
{
	cleanup_free char *shown =
		node->kind == NODE_SCALAR ? quoted(node->text) : xstrdup(node->kind == NODE_LIST ? "this list" : "a map");
	findings_error(loading->findings, &node->position, "%s `%s` must be %s%s%s, not %s", what, parameter->name,
		       parameter->list ? "a list (`[...]`), each " : "", kinds[parameter->type].expects, "", shown);
}

static bool read_parameter(struct loading *loading, const struct entry *entry, struct parameter *parameter)
{
	const struct node *type = node_sound(entry->value, "type");
	if (entry->key->faulty || !type)
		return false;
	parameter->list = type->kind == NODE_LIST;
	const char *name = parameter->list ? type->entries[0].value->text : type->text;
	if (parameter->list && type->entries[0].value->faulty)
		return false;
	int type_number = 0;
	while (type_number < KINDS - 1 && strcmp(kinds[type_number].name, name) != 0)
		type_number++;
	parameter->type = (enum value_type)type_number;
	parameter->name = pool_strdup(loading->pool, entry->key->text);
	parameter->required = read_truth(entry->value, "required", false);
	parameter->help = read_text(loading, entry->value, "help");
	const struct node *fallback = node_sound(entry->value, "default");
	if (parameter->type == VALUE_RANGES && (parameter->list || fallback)) {
		findings_error(loading->findings, &entry->key->position,
			       "`%s` is of type ranges: it is one map, of a scenario's networks; it has no list and no default",
			       parameter->name);
		return false;
	}
	if (fallback && parameter->required)
		findings_error(loading->findings, &fallback->position, "`%s` is required: it has no use for a default",
			       parameter->name);
	if (fallback && !(parameter->fallback = pool_json(loading->pool, convert_value(parameter, fallback))))
		report_type(loading, parameter, fallback, "the default of");
	return true;
}

static int compare_parameters(const void *left, const void *right)
{
	return strcmp(((const struct parameter *)left)->name, ((const struct parameter *)right)->name);
}

struct parameter *parameters_read(struct loading *loading, const struct node *map, size_t *count)
{
	*count = 0;
	if (!map || map->kind != NODE_MAP)
		return NULL;
	struct parameter *parameters = pool_alloc(loading->pool, map->count, sizeof *parameters);
	for (size_t i = 0; i < map->count; i++) {
		parameters[*count] = (struct parameter){0};
		if (read_parameter(loading, &map->entries[i], &parameters[*count]))
			(*count)++;
	}
	qsort(parameters, *count, sizeof *parameters, compare_parameters);
	return parameters;
}

/* ---- what is given ---- */

static const struct parameter *find_parameter(const struct assignment *assignment, const char *name)
{
	for (size_t i = 0; i < assignment->parameters_count; i++)
		if (strcmp(assignment->parameters[i].name, name) == 0)
			return &assignment->parameters[i];
	return NULL;
}

static void report_unknown(struct loading *loading, const struct assignment *assignment, const struct node *key)
{
	const char *names[LIMIT_PARAMETERS * 2];
	size_t count = 0;
	for (size_t i = 0; i < assignment->parameters_count; i++)
		names[count++] = assignment->parameters[i].name;
	for (const struct field *field = assignment->besides ? assignment->besides->fields : NULL; field && field->key; field++)
		if (field->need != REFUSED)
			names[count++] = field->key;
	cleanup_free char *shown = quoted(key->text);
	cleanup_free char *suggestion =
		findings_full(loading->findings) ? NULL : schema_suggest(key->text, assignment->whats, names, count);
	findings_error(loading->findings, &key->position, "%s has no %s %s%s", assignment->owner, assignment->what, shown,
		       suggestion ? suggestion : "");
}

/* Attack arguments become environment variables and parts of commands of the closed catalogue: nothing that a shell or a program
 * could take for more than a word. The engine and the beacon look again. */
static void judge_attack_text(struct loading *loading, const struct node *node)
{
	const char *odd = node->text;
	while (*odd && ((unsigned char)*odd >= 0x80 || (*odd >= '0' && *odd <= '9') || (*odd >= 'a' && *odd <= 'z') ||
			(*odd >= 'A' && *odd <= 'Z') || strchr(" ._/:@+,=-", *odd)))
		odd++;
	if (*odd)
		findings_error(
			loading->findings, &node->position,
			"`%c` may not stand in an argument of the attack (letters, digits, space and . _ / : @ + , = - may)",
			(unsigned char)*odd < ' ' ? ' ' : *odd);
	uint32_t address;
	size_t length;
	for (const char *at = node->text; (at = value_next_address(at, &address, &length)); at += length) {
		bool inside = false;
		for (size_t i = 0; i < loading->scenario->networks_count; i++)
			inside = inside || subnet_contains(loading->scenario->networks[i].cidr, address);
		if (!inside && loading->complete)
			findings_error(
				loading->findings, &node->position,
				"`%.*s` is outside the range: an attack may only go to addresses of the scenario's networks",
				(int)length, at);
	}
}

static void judge_scalar(struct loading *loading, const struct assignment *assignment, const struct parameter *parameter,
			 const struct node *node)
{
	if (kinds[parameter->type].refers >= 0)
		index_refer(loading, (enum index_kind)kinds[parameter->type].refers, node);
	else if (parameter->type == VALUE_ACCOUNT)
		judge_service_account(loading, node);
	else if (assignment->for_attack)
		judge_attack_text(loading, node);
}

static json_t *assign_given(struct loading *loading, const struct assignment *assignment, const struct parameter *parameter,
			    const struct node *node)
{
	if (node->faulty)
		return NULL;
	json_t *value = convert_value(parameter, node);
	if (!value) {
		cleanup_free char *what = xasprintf("the %s", assignment->what);
		report_type(loading, parameter, node, what);
		return NULL;
	}
	if (node->kind == NODE_SCALAR)
		judge_scalar(loading, assignment, parameter, node);
	for (size_t i = 0; node->kind != NODE_SCALAR && i < node->count; i++)
		judge_scalar(loading, assignment, parameter,
			     node->kind == NODE_MAP ? node->entries[i].key : node->entries[i].value);
	return value;
}

/* A default that names a host, a network or a person: it must be there in this scenario. */
static json_t *assign_default(struct loading *loading, const struct assignment *assignment, const struct parameter *parameter)
{
	int refers = kinds[parameter->type].refers;
	size_t count = parameter->list ? json_array_size(parameter->fallback) : 1;
	for (size_t i = 0; refers >= 0 && i < count; i++) {
		const json_t *name = parameter->list ? json_array_get(parameter->fallback, i) : parameter->fallback;
		index_refer_name(loading, (enum index_kind)refers, json_string_value(name), assignment->position);
	}
	return json_incref(parameter->fallback);
}

json_t *parameters_assign(struct loading *loading, const struct assignment *assignment)
{
	const struct node *given = assignment->given;
	json_t *values = json_object();
	for (size_t i = 0; given && i < given->count; i++) {
		const struct node *key = given->entries[i].key;
		const struct field *field = assignment->besides ? assignment->besides->fields : NULL;
		while (field && field->key && strcmp(field->key, key->text) != 0)
			field++;
		if (!key->faulty && !(field && field->key) && !find_parameter(assignment, key->text))
			report_unknown(loading, assignment, key);
	}
	for (size_t i = 0; i < assignment->parameters_count; i++) {
		const struct parameter *parameter = &assignment->parameters[i];
		const struct node *node = node_get(given, parameter->name);
		json_t *value = NULL;
		if (node)
			value = assign_given(loading, assignment, parameter, node);
		else if (parameter->fallback)
			value = assign_default(loading, assignment, parameter);
		else if (parameter->required)
			findings_error(loading->findings, assignment->position, "%s needs the %s `%s`: add it (%s%s)",
				       assignment->owner, assignment->what, parameter->name,
				       parameter->list ? "a list, each " : "", kinds[parameter->type].expects);
		if (value)
			json_object_set_new(values, parameter->name, value);
	}
	return values;
}
