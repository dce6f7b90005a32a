/* The schema tables as JSON Schema and as the reference page. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/limits.h"
#include "orchestrator/scenario/schema.h"
#include "orchestrator/scenario/types.h"

/* ---- JSON Schema (draft 2020-12) ---- */

static json_t *describe(const struct schema *schema, json_t *definitions);

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

/* What stands in the file: with its definition by name, or in place. */
static json_t *refer(const struct schema *schema, json_t *definitions)
{
	if (!schema->name)
		return describe(schema, definitions);
	if (!json_object_get(definitions, schema->name)) {
		set(definitions, schema->name, json_true()); /* holds the place while its parts are described */
		set(definitions, schema->name, describe(schema, definitions));
	}
	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", schema->name));
}

static void describe_scalar(json_t *object, const struct schema *schema)
{
	const char *type = schema->json_type ? schema->json_type : "string";
	set(object, "type", json_string(type));
	if (schema->pattern)
		set(object, "pattern", json_string(schema->pattern));
	if (strcmp(type, "integer") == 0 && !schema->choices) {
		set(object, "minimum", json_integer(schema->least));
		set(object, "maximum", json_integer(schema->most));
	} else if (strcmp(type, "string") == 0 && !schema->pattern && schema->most > 0) {
		set(object, "minLength", json_integer(schema->least));
		set(object, "maxLength", json_integer(schema->most));
	}
	if (!schema->choices)
		return;
	json_t *choices = json_array();
	for (const char *const *choice = schema->choices; *choice; choice++)
		json_array_append_new(choices, strcmp(type, "integer") == 0 ? json_integer(atoi(*choice)) : json_string(*choice));
	set(object, "enum", choices);
}

/* A one-line text may be written without quotes: an editor then sees a number or a truth value. */
static json_t *scalar_or_text(const struct schema *schema)
{
	json_t *object = json_object();
	describe_scalar(object, schema);
	if (schema == &type_line || schema == &type_block)
		set(object, "type", json_pack("[s,s,s]", "string", "number", "boolean"));
	return object;
}

static void describe_record(json_t *object, const struct schema *schema, json_t *definitions)
{
	json_t *properties = json_object(), *required = json_array();
	for (const struct field *field = schema->fields; field->key; field++) {
		json_t *property = field->need == REFUSED ? json_object() : refer(field->schema, definitions);
		if (field->need == REFUSED)
			set(property, "not", json_object());
		set(property, "description",
		    field->need == REFUSED ? json_sprintf("%s: not played yet", field->help) : json_string(field->help));
		set(properties, field->key, property);
		if (field->need == REQUIRED)
			json_array_append_new(required, json_string(field->key));
	}
	set(object, "type", json_string("object"));
	set(object, "properties", properties);
	if (json_array_size(required) > 0)
		set(object, "required", json_incref(required));
	json_decref(required);
	if (!schema->open)
		set(object, "additionalProperties", json_false());
	else
		set(object, "additionalProperties", json_pack("{s:s}", "description", schema->open));
}

static void describe_map(json_t *object, const struct schema *schema, json_t *definitions)
{
	set(object, "type", json_string("object"));
	set(object, "propertyNames", refer(schema->key ? schema->key : &type_name, definitions));
	set(object, "additionalProperties", refer(schema->item, definitions));
	set(object, "minProperties", json_integer(schema->least));
	set(object, "maxProperties", json_integer(schema->most ? schema->most : LIMIT_LIST));
}

static void describe_list(json_t *object, const struct schema *schema, json_t *definitions)
{
	set(object, "type", json_string("array"));
	set(object, "items", refer(schema->item, definitions));
	set(object, "minItems", json_integer(schema->least));
	set(object, "maxItems", json_integer(schema->most ? schema->most : LIMIT_LIST));
}

static json_t *describe(const struct schema *schema, json_t *definitions)
{
	json_t *object = schema->shape == SHAPE_SCALAR ? scalar_or_text(schema) : json_object();
	if (schema->expects)
		set(object, "description", json_string(schema->expects));
	if (schema->shape == SHAPE_RECORD)
		describe_record(object, schema, definitions);
	if (schema->shape == SHAPE_MAP)
		describe_map(object, schema, definitions);
	if (schema->shape == SHAPE_LIST)
		describe_list(object, schema, definitions);
	if (schema->shape == SHAPE_EITHER) {
		json_t *ways = json_array();
		for (size_t i = 0; i < sizeof schema->either / sizeof *schema->either && schema->either[i]; i++)
			json_array_append_new(ways, refer(schema->either[i], definitions));
		set(object, "anyOf", ways);
	}
	return object;
}

json_t *schema_to_json(const struct schema *schema, const char *title)
{
	json_t *definitions = json_object();
	json_t *object = describe(schema, definitions);
	set(object, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	set(object, "title", json_string(title));
	set(object, "$defs", definitions);
	return object;
}

json_t *scenario_schema(void)
{
	return schema_to_json(&schema_scenario, "Toride exercise");
}

/* ---- the reference page (Markdown) ---- */

struct pending { /* tables that are still to be printed, in the order in which they were met */
	const struct schema **items;
	size_t count;
};

static void meet(struct pending *pending, const struct schema *schema, json_t *shown)
{
	if (schema->shape == SHAPE_LIST || schema->shape == SHAPE_MAP)
		meet(pending, schema->item, shown);
	for (size_t i = 0;
	     schema->shape == SHAPE_EITHER && i < sizeof schema->either / sizeof *schema->either && schema->either[i]; i++)
		meet(pending, schema->either[i], shown);
	if (schema->shape != SHAPE_RECORD || !schema->name || json_object_get(shown, schema->name))
		return;
	json_object_set_new(shown, schema->name, json_true());
	*array_add(&pending->items, &pending->count) = schema;
}

/* "list of [step](#step)", "map of names to [host](#host)", "duration". */
static void print_type(FILE *out, const struct schema *schema)
{
	if (schema->shape == SHAPE_LIST || schema->shape == SHAPE_MAP) {
		fputs(schema->shape == SHAPE_LIST ? "list of " : "map of names to ", out);
		print_type(out, schema->item);
	} else if (schema->shape == SHAPE_RECORD && schema->name) {
		fprintf(out, "[%s](#%s)", schema->name, schema->name);
	} else if (schema->shape == SHAPE_EITHER && !schema->name) {
		print_type(out, schema->either[0]);
		for (size_t i = 1; i < sizeof schema->either / sizeof *schema->either && schema->either[i]; i++) {
			fputs(", or ", out);
			print_type(out, schema->either[i]);
		}
	} else if (schema->choices) {
		for (const char *const *choice = schema->choices; *choice; choice++)
			fprintf(out, "%s`%s`", choice == schema->choices ? "" : ", ", *choice);
	} else {
		fputs(schema->name ? schema->name : schema->shape == SHAPE_RECORD ? "map" : schema->expects, out);
	}
}

static void print_record(FILE *out, const struct schema *schema, struct pending *pending, json_t *shown)
{
	fprintf(out, "### %s\n\n| Key | Type | |\n|---|---|---|\n", schema->name);
	for (const struct field *field = schema->fields; field->key; field++) {
		if (field->need == REFUSED)
			continue;
		fprintf(out, "| `%s`%s | ", field->key, field->need == REQUIRED ? " *" : "");
		print_type(out, field->schema);
		fprintf(out, " | %s |\n", field->help);
		meet(pending, field->schema, shown);
	}
	if (schema->open)
		fprintf(out, "| ... | | %s |\n", schema->open);
	bool any = false;
	for (const struct field *field = schema->fields; field->key; field++) {
		if (field->need != REFUSED)
			continue;
		fprintf(out, "%s`%s` (%s)", any ? ", " : "\nNot played yet, and refused: ", field->key, field->help);
		any = true;
	}
	fputs(any ? ".\n\n" : "\n", out);
}

void schema_print_reference(const struct schema *schema, const char *heading, const char *introduction, json_t *shown, FILE *out)
{
	struct pending pending = {0};
	fprintf(out, "## %s\n\n%s\n\n", heading, introduction);
	meet(&pending, schema, shown);
	for (size_t i = 0; i < pending.count; i++)
		print_record(out, pending.items[i], &pending, shown);
	free(pending.items);
}

void schema_print_types(FILE *out)
{
	static const struct schema *const types[] = {
		&type_name,	&type_field_name, &type_text,  &type_line,	   &type_block,	  &type_boolean,
		&type_duration, &type_moment,	  &type_bytes, &type_percent,	   &type_points,  &type_cost,
		&type_count,	&type_port,	  &type_cidr,  &type_host_address, &type_service, &type_technique,
		&type_path,	&type_rate,	  &type_delay, &type_loss};
	fputs("## Types\n\n| Type | Is written as |\n|---|---|\n", out);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		fprintf(out, "| %s | %s |\n", types[i]->name, types[i]->expects);
	fputs("| any | anything |\n", out);
}
