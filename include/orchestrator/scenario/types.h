/* The scalar types and small composed types that all tables share. Limits of length and value are in the tables. */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_TYPES_H
#define TORIDE_ORCHESTRATOR_SCENARIO_TYPES_H

#include "orchestrator/scenario/schema.h"

extern const struct schema type_name, type_field_name;
extern const struct schema type_line;	 /* a string of one line */
extern const struct schema type_package; /* the name of a Debian package */
extern const struct schema type_block;	 /* a string of many lines */
extern const struct schema type_text;	 /* {ja, en} or a string, one line or many */
extern const struct schema type_boolean, type_duration, type_bytes, type_percent, type_points, type_cost, type_count, type_port;
extern const struct schema type_moment, type_cidr, type_host_address, type_service, type_port_or_option, type_technique,
	type_path;
extern const struct schema type_host_addresses; /* one or a list */
extern const struct schema type_rate, type_delay, type_loss;
extern const struct schema type_any;
extern const struct schema type_lines, type_names, type_line_or_lines; /* lists of them; one or a list */

/* For tables: `.accepts` of a scalar with `.choices`. */
bool accepts_choice(const struct schema *schema, const char *text);
bool accepts_integer(const struct schema *schema, const char *text); /* from `least` to `most` */
bool accepts_duration(const struct schema *schema, const char *text);
bool accepts_name(const struct schema *schema, const char *text);

#endif
