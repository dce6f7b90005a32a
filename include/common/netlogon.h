/*
 * The "LDAP ping" by which members of a domain ask a directory server about an account, without a log-in: a search of the empty base for
 * the attribute Netlogon (MS-ADTS 6.3.3; LDAP: RFC 4511), in BER by OpenLDAP's liblber. Bytes only; who sends and receives them is another's
 * business.
 */
#ifndef TORIDE_COMMON_NETLOGON_H
#define TORIDE_COMMON_NETLOGON_H

#include <stdbool.h>
#include <stddef.h>

enum {
	NETLOGON_NAME_MAX = 255,
	NETLOGON_QUESTION_MAX_BYTES = 1024,
	NETLOGON_ANSWER_MAX_BYTES = 4096,
};

enum netlogon_answer {
	NETLOGON_PARTIAL, /* the bytes are not all there yet */
	NETLOGON_KNOWN,	  /* the account can log in */
	NETLOGON_REFUSED, /* it is disabled, or there is none of that name */
	NETLOGON_OTHER,	  /* anything else: nothing is known */
};

/* Letters, digits, '.', '_' and '-', NETLOGON_NAME_MAX at most: what the names of people's accounts are made of. */
bool netlogon_is_name(const char *text);

/* Puts the question into `bytes`; returns its length, or 0: no memory. Both names must be netlogon_is_name(). */
size_t netlogon_ask(const char *domain, const char *account, unsigned char bytes[static NETLOGON_QUESTION_MAX_BYTES]);

/* What the first `length` bytes that came back say. The length that a message gives itself may be anything: more than
 * NETLOGON_ANSWER_MAX_BYTES with its header is NETLOGON_OTHER. */
enum netlogon_answer netlogon_read(const unsigned char *bytes, size_t length);

#endif
