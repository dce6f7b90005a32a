/* The question to a directory server about an account, and what came back from Samba's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/netlogon.h"

/* Samba 4.17's answers about an account that can log in, and one that is disabled; each with the search's end behind it. */
static const char known[] =
	"\x30\x7e\x02\x01\x01\x64\x79\x04\x00\x30\x75\x30\x73\x04\x08netlogon\x31\x67\x04\x65\x17\x00\x00\x00\xbd\x11\x00\x00"
	"\x2c\x64\xdb\xe7\x6a\x5a\x6f\x45\x87\x69\x51\x44\xa7\xce\x4c\xbc\x02"
	"ad\x05saida\x07"
	"example\x00\xc0\x18\x02"
	"ad\xc0\x18\x05SAIDA\x00\x02"
	"AD\x00\x04sato\x00\x17"
	"Default-First-Site-"
	"Name\x00\xc0\x42\x05\x00\x00\x00\xff\xff\xff\xff\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00";
enum { MESSAGE_LENGTH = 2 + 0x7e, CODE_AT = 27 };

static enum netlogon_answer read_with(size_t at, unsigned char byte)
{
	unsigned char bytes[sizeof known];
	memcpy(bytes, known, sizeof known);
	bytes[at] = byte;
	return netlogon_read(bytes, sizeof known - 1);
}

static void test_answers_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(known[CODE_AT], 23);
	assert_int_equal(netlogon_read((const unsigned char *)known, sizeof known - 1), NETLOGON_KNOWN);
	assert_int_equal(read_with(CODE_AT, 25), NETLOGON_REFUSED);
	assert_int_equal(read_with(CODE_AT, 24), NETLOGON_OTHER); /* the server pauses */
	assert_int_equal(read_with(CODE_AT + 1, 1), NETLOGON_OTHER);
}

static void test_an_answer_is_whole_with_its_last_byte(void **state)
{
	(void)state;
	for (size_t length = 0; length < MESSAGE_LENGTH; length++)
		assert_int_equal(netlogon_read((const unsigned char *)known, length), NETLOGON_PARTIAL);
	assert_int_equal(netlogon_read((const unsigned char *)known, MESSAGE_LENGTH), NETLOGON_KNOWN);
}

static void test_what_is_no_answer_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(netlogon_read((const unsigned char *)"HTTP/1.1 400", 12), NETLOGON_OTHER);
	assert_int_equal(netlogon_read((const unsigned char *)"H", 1), NETLOGON_OTHER);
	/* Nothing found: the search's end alone. */
	assert_int_equal(netlogon_read((const unsigned char *)known + MESSAGE_LENGTH, sizeof known - 1 - MESSAGE_LENGTH),
			 NETLOGON_OTHER);
	/* Lengths that nobody sends, of the whole and of each part in it. */
	for (const unsigned char *odd = (const unsigned char[]){0x80, 0x85, 0xff, 0}; *odd; odd++)
		assert_int_equal(read_with(1, *odd), NETLOGON_OTHER);
	assert_int_equal(netlogon_read((const unsigned char[]){0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0}, 7), NETLOGON_OTHER);
	assert_int_equal(netlogon_read((const unsigned char[]){0x30, 0x82, 0x0f, 0xfd}, 4), NETLOGON_OTHER);
	assert_int_equal(netlogon_read((const unsigned char[]){0x30, 0x82, 0x0f, 0xfc}, 4), NETLOGON_PARTIAL);
	assert_int_equal(netlogon_read((const unsigned char[]){0x30, 0}, 2), NETLOGON_OTHER);
	for (size_t at = 2; at < CODE_AT - 1; at++)
		for (int byte = 0; byte < 256; byte++)
			read_with(at, (unsigned char)byte); /* under the sanitizers: reads nothing beyond */
	assert_int_equal(read_with(6, 0x7f), NETLOGON_OTHER);
	assert_int_equal(read_with(CODE_AT - 1, 1), NETLOGON_OTHER);
}

static void test_a_question_carries_both_names(void **state)
{
	(void)state;
	static const char expected[] =
		"\x30\x64\x02\x01\x01\x63\x5f\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\xa0\x40"
		"\xa3\x12\x04\x09"
		"DnsDomain\x04\x05"
		"ad.xy\xa3\x0e\x04\x04User\x04\x06tanaka\xa3\x0b\x04\x03"
		"AAC\x04\x04\x10\x00\x00\x00\xa3\x0d\x04\x05NtVer\x04\x04\x06\x00\x00\x00"
		"\x30\x0a\x04\x08Netlogon";
	unsigned char bytes[NETLOGON_QUESTION_MAX_BYTES];
	size_t length = netlogon_ask("ad.xy", "tanaka", bytes);
	assert_int_equal(length, sizeof expected - 1);
	assert_memory_equal(bytes, expected, length);
	char longest[NETLOGON_NAME_MAX + 2] = "";
	memset(longest, 'a', NETLOGON_NAME_MAX);
	length = netlogon_ask(longest, longest, bytes);
	assert_in_range(length, 2 * NETLOGON_NAME_MAX, NETLOGON_QUESTION_MAX_BYTES);
}

static void test_names_are_of_plain_letters(void **state)
{
	(void)state;
	char longest[NETLOGON_NAME_MAX + 2] = "";
	memset(longest, 'a', NETLOGON_NAME_MAX);
	assert_true(netlogon_is_name("svc-backup.2_x"));
	assert_true(netlogon_is_name(longest));
	longest[NETLOGON_NAME_MAX] = 'a';
	assert_false(netlogon_is_name(longest));
	for (const char *const *name = (const char *const[]){"", "a b", "x)(a=*", "../x", "FILE$", "田中", NULL}; *name; name++)
		assert_false(netlogon_is_name(*name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_told_apart),
		cmocka_unit_test(test_an_answer_is_whole_with_its_last_byte),
		cmocka_unit_test(test_what_is_no_answer_says_nothing),
		cmocka_unit_test(test_a_question_carries_both_names),
		cmocka_unit_test(test_names_are_of_plain_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
