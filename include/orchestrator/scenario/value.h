/*
 * Words of the language: how a scalar's text is read. Pure; each returns false and leaves its outputs alone when the text is not
 * such a value.
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_VALUE_H
#define TORIDE_ORCHESTRATOR_SCENARIO_VALUE_H

#include "orchestrator/scenario.h"
#include "orchestrator/scenario/limits.h"

bool value_integer(const char *text, int64_t *number);	     /* decimal, at most 15 digits */
bool value_boolean(const char *text, bool *truth);	     /* true, false */
bool value_duration(const char *text, int64_t *duration_ms); /* 50ms 90s 5m 3h 2d; at most 30 days */
bool value_bytes(const char *text, int64_t *bytes);	     /* 64KiB 64MiB 2GiB; at most 1024 GiB */
bool value_percent(const char *text, int64_t *percent);	     /* 0% to 100% */
bool value_rate(const char *text, int64_t *bits);	     /* per second: 64kbit 10Mbit 1Gbit; at most 100 Gbit */
bool value_loss(const char *text, int64_t *milli_percent);   /* 2% 0.5%; at most three decimals */

bool value_name(const char *text);	 /* [a-z][a-z0-9-]*, at most LIMIT_NAME_BYTES */
bool value_field_name(const char *text); /* the same with _ for - */
bool value_technique(const char *text);	 /* ATT&CK id: T1071 or T1071.001 */
bool value_path(const char *text);	 /* absolute or relative file path, no `..` part */
bool value_domain(const char *text);	 /* RFC 1123 host name in lower case */
bool value_url(const char *text);	 /* http:// or https://, a host, no user part */

/* `+12m`, `12m`, `open`, `open + 3m`. `after` becomes empty when it counts from the start. */
bool value_moment(const char *text, char after[LIMIT_NAME_BYTES + 1], int64_t *offset_ms);

bool value_address(const char *text, uint32_t *address);    /* IPv4, host byte order */
bool value_subnet(const char *text, struct subnet *subnet); /* host bits are kept for the caller to judge */
/* `100-199`, `4.0-7.255`: from and to, each the last parts of an address whose first ones are the network's; whether they lie in it is
 * the caller's to judge. */
bool value_range(const char *text, struct subnet subnet, uint32_t *first, uint32_t *last);
uint32_t subnet_mask(struct subnet subnet);
bool subnet_contains(struct subnet subnet, uint32_t address);
void address_format(uint32_t address, char text[16]);

/* A firewall service: a name of the table or `3128/tcp`. Gives one or two (dns: udp and tcp); names stay NULL. */
enum { VALUE_SERVICES_MAX = 2 };
bool value_service(const char *text, struct rule_service services[VALUE_SERVICES_MAX], size_t *count);
const char *value_service_names(void); /* for messages: "dns, http, ..." */

/* The position of the next IPv4 address in a text (not part of a longer number or word), or NULL. */
const char *value_next_address(const char *text, uint32_t *address, size_t *length);

#endif
