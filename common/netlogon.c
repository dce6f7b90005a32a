#include "common/netlogon.h"

#include <assert.h>
#include <ldap.h> /* the protocol's constants; what is called is liblber's */
#include <string.h>

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

static bool put_equal(BerElement *ber, const char *attribute, const char *value, ber_len_t length)
{
	return ber_printf(ber, "t{so}", LDAP_FILTER_EQUALITY, attribute, value, length) >= 0;
}

size_t netlogon_ask(const char *domain, const char *account, unsigned char bytes[static NETLOGON_QUESTION_MAX_BYTES])
{
	assert(netlogon_is_name(domain) && netlogon_is_name(account));
	static const char kind[4] = {USER_NORMAL_ACCOUNT}, version[4] = {VERSION_5 | VERSION_5EX}; /* little-endian */
	struct berval question = {0};
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	if (ber &&
	    ber_printf(ber, "{it{seeiibt{", 1, LDAP_REQ_SEARCH, "", LDAP_SCOPE_BASE, LDAP_DEREF_NEVER, LDAP_NO_LIMIT,
		       LDAP_NO_LIMIT, 0, LDAP_FILTER_AND) >= 0 &&
	    put_equal(ber, "DnsDomain", domain, strlen(domain)) && put_equal(ber, "User", account, strlen(account)) &&
	    put_equal(ber, "AAC", kind, sizeof kind) && put_equal(ber, "NtVer", version, sizeof version) &&
	    ber_printf(ber, "}{s}}}", "Netlogon") >= 0 && ber_flatten2(ber, &question, 0) == 0) {
		assert(question.bv_len <= NETLOGON_QUESTION_MAX_BYTES);
		memcpy(bytes, question.bv_val, question.bv_len);
	}
	ber_free(ber, 1);
	return question.bv_len;
}

/* The whole length of the message that begins with these bytes. 0: they begin none, or one of more than NETLOGON_ANSWER_MAX_BYTES. */
static size_t measure(const unsigned char *bytes, size_t length)
{
	/* liblber tells no length that goes beyond the bytes it has: a header, and zeros, stand for those to come. */
	char padded[NETLOGON_ANSWER_MAX_BYTES] = {LBER_SEQUENCE};
	struct berval message = {.bv_val = padded, .bv_len = sizeof padded};
	memcpy(padded, bytes, length < sizeof padded ? length : sizeof padded);
	BerElement *ber = ber_init(&message);
	ber_tag_t tag = ber ? ber_skip_raw(ber, &message) : LBER_ERROR;
	ber_free(ber, 1);
	return tag == LBER_SEQUENCE ? message.bv_len : 0;
}

enum netlogon_answer netlogon_read(const unsigned char *bytes, size_t length)
{
	size_t whole = measure(bytes, length);
	if (whole > length)
		return NETLOGON_PARTIAL;
	if (whole == 0) /* and ber_scanf() must not be given nothing */
		return NETLOGON_OTHER;
	/* Of the entry that was found, the first attribute's first value, which begins with the code. */
	struct berval message = {.bv_val = (char *)bytes, .bv_len = whole}, value;
	ber_int_t number;
	ber_tag_t operation;
	int code = 0;
	BerElement *ber = ber_init(&message);
	if (ber && ber_scanf(ber, "{it{x{{x[m", &number, &operation, &value) != LBER_ERROR &&
	    operation == LDAP_RES_SEARCH_ENTRY && value.bv_len >= 2)
		code = (unsigned char)value.bv_val[0] | (unsigned char)value.bv_val[1] << 8;
	ber_free(ber, 1);
	switch (code) {
	case LOGON_SAM_LOGON_RESPONSE_EX:
		return NETLOGON_KNOWN;
	case LOGON_SAM_USER_UNKNOWN_EX:
		return NETLOGON_REFUSED;
	default:
		return NETLOGON_OTHER;
	}
}
