#include "common/netlogon.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* Tags: X.690 and RFC 4511. */
enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_ENUMERATED = 0x0a,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_SEARCH_REQUEST = 0x63,
	TAG_SEARCH_ENTRY = 0x64,
	TAG_FILTER_AND = 0xa0,
	TAG_FILTER_EQUAL = 0xa3,
};

/* MS-ADTS 6.3.1.1 (asked for in version 5EX), 6.3.1.3; the kinds of accounts: MS-SAMR 2.2.1.12. */
enum {
	VERSION_5 = 0x2,
	VERSION_5EX = 0x4,
	LOGON_SAM_LOGON_RESPONSE_EX = 23,
	LOGON_SAM_USER_UNKNOWN_EX = 25,
	USER_NORMAL_ACCOUNT = 0x10,
};

bool netlogon_is_name(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
	return length > 0 && length <= NETLOGON_NAME_MAX && !text[length];
}

/* ---- the question, written from its end: a length is known once what it counts is there ---- */

struct writer {
	unsigned char bytes[NETLOGON_QUESTION_MAX_BYTES];
	size_t start;
};

static void put(struct writer *writer, const void *bytes, size_t length)
{
	assert(length <= writer->start);
	writer->start -= length;
	memcpy(writer->bytes + writer->start, bytes, length);
}

/* Before all that was put since the writer stood at `end`. */
static void put_header(struct writer *writer, unsigned char tag, size_t end)
{
	size_t length = end - writer->start;
	put(writer, (const unsigned char[]){tag, 0x82, (unsigned char)(length >> 8), (unsigned char)length}, 4);
}

static void put_value(struct writer *writer, unsigned char tag, const void *bytes, size_t length)
{
	size_t end = writer->start;
	put(writer, bytes, length);
	put_header(writer, tag, end);
}

static void put_small(struct writer *writer, unsigned char tag, unsigned char value)
{
	put_value(writer, tag, &value, 1);
}

static void put_equal(struct writer *writer, const char *attribute, const void *value, size_t length)
{
	size_t end = writer->start;
	put_value(writer, TAG_OCTETS, value, length);
	put_value(writer, TAG_OCTETS, attribute, strlen(attribute));
	put_header(writer, TAG_FILTER_EQUAL, end);
}

static void put_equal_number(struct writer *writer, const char *attribute, uint32_t value)
{
	const unsigned char little_endian[] = {(unsigned char)value, (unsigned char)(value >> 8), (unsigned char)(value >> 16),
					       (unsigned char)(value >> 24)};
	put_equal(writer, attribute, little_endian, sizeof little_endian);
}

size_t netlogon_ask(const char *domain, const char *account, unsigned char bytes[static NETLOGON_QUESTION_MAX_BYTES])
{
	assert(netlogon_is_name(domain) && netlogon_is_name(account));
	static const char wanted[] = "Netlogon";
	struct writer writer = {.start = NETLOGON_QUESTION_MAX_BYTES};
	size_t end = writer.start;
	put_value(&writer, TAG_OCTETS, wanted, strlen(wanted));
	put_header(&writer, TAG_SEQUENCE, end);
	size_t filter_end = writer.start;
	put_equal_number(&writer, "NtVer", VERSION_5 | VERSION_5EX);
	put_equal_number(&writer, "AAC", USER_NORMAL_ACCOUNT);
	put_equal(&writer, "User", account, strlen(account));
	put_equal(&writer, "DnsDomain", domain, strlen(domain));
	put_header(&writer, TAG_FILTER_AND, filter_end);
	put_small(&writer, TAG_BOOLEAN, 0);    /* not the types only */
	put_small(&writer, TAG_INTEGER, 0);    /* no limit of time */
	put_small(&writer, TAG_INTEGER, 0);    /* nor of size */
	put_small(&writer, TAG_ENUMERATED, 0); /* aliases as they are */
	put_small(&writer, TAG_ENUMERATED, 0); /* the base object, */
	put_value(&writer, TAG_OCTETS, "", 0); /* which is the server's own */
	put_header(&writer, TAG_SEARCH_REQUEST, end);
	put_small(&writer, TAG_INTEGER, 1); /* the message's number */
	put_header(&writer, TAG_SEQUENCE, end);
	size_t length = NETLOGON_QUESTION_MAX_BYTES - writer.start;
	memcpy(bytes, writer.bytes + writer.start, length);
	return length;
}

/* ---- the answer ---- */

struct span {
	const unsigned char *bytes;
	size_t length;
};

enum taken { TAKEN, TAKEN_PARTLY, NOT_TAKEN };

/* Takes the element at the beginning of `from`, which must have this tag, and gives what is in it. */
static enum taken take(struct span *from, unsigned char tag, struct span *content)
{
	if (from->length < 2)
		return from->length && from->bytes[0] != tag ? NOT_TAKEN : TAKEN_PARTLY;
	size_t header = 2, length = from->bytes[1];
	if (from->bytes[0] != tag || length == 0x80 || length > 0x84)
		return NOT_TAKEN;
	if (length > 0x80) {
		header += length - 0x80;
		if (from->length < header)
			return TAKEN_PARTLY;
		length = 0;
		for (size_t i = 2; i < header; i++)
			length = length << 8 | from->bytes[i];
	}
	if (length > NETLOGON_ANSWER_MAX_BYTES)
		return NOT_TAKEN;
	if (length > from->length - header)
		return TAKEN_PARTLY;
	*content = (struct span){from->bytes + header, length};
	*from = (struct span){from->bytes + header + length, from->length - header - length};
	return TAKEN;
}

enum netlogon_answer netlogon_read(const unsigned char *bytes, size_t length)
{
	struct span rest = {bytes, length}, message, skipped, entry, attributes, attribute, values, value;
	enum taken whole = take(&rest, TAG_SEQUENCE, &message);
	if (whole != TAKEN)
		return whole == TAKEN_PARTLY ? NETLOGON_PARTIAL : NETLOGON_OTHER;
	if (take(&message, TAG_INTEGER, &skipped) != TAKEN || take(&message, TAG_SEARCH_ENTRY, &entry) != TAKEN ||
	    take(&entry, TAG_OCTETS, &skipped) != TAKEN || take(&entry, TAG_SEQUENCE, &attributes) != TAKEN ||
	    take(&attributes, TAG_SEQUENCE, &attribute) != TAKEN || take(&attribute, TAG_OCTETS, &skipped) != TAKEN ||
	    take(&attribute, TAG_SET, &values) != TAKEN || take(&values, TAG_OCTETS, &value) != TAKEN || value.length < 2)
		return NETLOGON_OTHER;
	switch (value.bytes[0] | value.bytes[1] << 8) {
	case LOGON_SAM_LOGON_RESPONSE_EX:
		return NETLOGON_KNOWN;
	case LOGON_SAM_USER_UNKNOWN_EX:
		return NETLOGON_REFUSED;
	default:
		return NETLOGON_OTHER;
	}
}
