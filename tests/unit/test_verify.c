/* Verify's pure parts: the packets that it sends, and the judgement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/packet.h"
#include "orchestrator/verify.h"

static const unsigned char mac[PACKET_MAC_BYTES] = {0x06, 1, 2, 3, 4, 5};

/* ---- packets ---- */

static uint32_t word(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* A sum over a packet that holds its own checksum is all ones (RFC 1071). */
static uint32_t sum_of(uint32_t sum, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += word(bytes + i);
	if (length % 2)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void check_sums(const struct packet *packet, int protocol)
{
	const unsigned char *ip = packet->bytes;
	size_t length = packet->length - 20;
	assert_int_equal(word(ip + 2), packet->length);
	assert_int_equal(sum_of(0, ip, 20), 0xffff);
	assert_int_equal(sum_of(sum_of((uint32_t)protocol + (uint32_t)length, ip + 12, 8), ip + 20, length), 0xffff);
}

static void a_syn_is_whole_and_is_read_back(void **state)
{
	(void)state;
	const struct flow flow = {.from = 0x0a010165, .to = 0xc6336408, .from_port = 61001, .to_port = 3128, .window = 65535};
	struct packet packet;
	struct packet_view view;
	packet_syn(&packet, &flow, 0xdeadbeef);
	check_sums(&packet, IPPROTO_TCP);
	assert_int_equal(word(packet.bytes + 4), PACKET_ID);
	assert_true(packet_read(packet.bytes, packet.length, &view));
	assert_int_equal(view.protocol, IPPROTO_TCP);
	assert_int_equal(view.flow.from, flow.from);
	assert_int_equal(view.flow.to, flow.to);
	assert_int_equal(view.flow.from_port, 61001);
	assert_int_equal(view.flow.to_port, 3128);
	assert_int_equal(view.flow.ttl, PACKET_TTL);
	assert_int_equal(view.flow.window, 65535);
	assert_int_equal(view.sequence, 0xdeadbeef);
	assert_true(view.is_syn && !view.is_ack && !view.is_reset);
}

static void a_datagram_is_whole_whatever_its_length(void **state)
{
	(void)state;
	const struct flow flow = {.from = 1, .to = 0xffffffff, .from_port = 65535, .to_port = 53, .ttl = 1};
	unsigned char payload[PACKET_BYTES_MAX * 2];
	struct packet packet;
	struct packet_view view;
	memset(payload, 0xa5, sizeof payload);
	for (size_t length = 0; length < sizeof payload; length++) {
		packet_datagram(&packet, &flow, payload, length);
		assert_true(packet.length <= PACKET_BYTES_MAX - 14); /* it fits into a frame */
		check_sums(&packet, IPPROTO_UDP);
		assert_true(packet_read(packet.bytes, packet.length, &view));
		assert_int_equal(view.flow.ttl, 1);
		assert_true(view.payload_length == length || length > 80);
	}
}

static void what_is_cut_off_is_not_read(void **state)
{
	(void)state;
	const struct flow flow = {.from = 1, .to = 2, .from_port = 3, .to_port = 4};
	struct packet packet;
	struct packet_view view;
	packet_syn(&packet, &flow, 7);
	for (size_t length = 0; length < packet.length; length++) {
		cleanup_free unsigned char *cut = xcalloc(1, length + 1); /* of that size, so that a sanitizer sees more */
		memcpy(cut, packet.bytes, length);
		assert_int_equal(packet_read(cut, length, &view), length >= 28);
	}
	packet.bytes[0] = 0x65; /* not version 4 */
	assert_false(packet_read(packet.bytes, packet.length, &view));
	packet.bytes[0] = 0x4f; /* a header of 60 bytes in a packet of 44 */
	assert_false(packet_read(packet.bytes, packet.length, &view));
	packet.bytes[0] = 0x44;
	assert_false(packet_read(packet.bytes, packet.length, &view));
}

static void an_error_tells_which_packet_it_is_about(void **state)
{
	(void)state;
	const struct flow flow = {.from = 0x0a010165, .to = 0x0a020114, .from_port = 61007, .to_port = 445};
	struct packet syn, error = {0};
	struct packet_view view, about;
	packet_syn(&syn, &flow, 99);
	memcpy(error.bytes, syn.bytes, 20);
	error.bytes[9] = IPPROTO_ICMP;
	error.bytes[20] = 3;
	memcpy(error.bytes + 28, syn.bytes, 28);
	assert_true(packet_read(error.bytes, 56, &view));
	assert_int_equal(view.icmp_type, 3);
	assert_true(packet_read(view.payload, view.payload_length, &about));
	assert_int_equal(about.flow.from_port, 61007);
	assert_int_equal(about.sequence, 99);
	assert_false(about.is_syn); /* the flags were cut off */
}

static void a_question_gives_no_address_away(void **state)
{
	(void)state;
	struct packet frame;
	packet_arp_question(&frame, mac, 0xcb007101);
	assert_int_equal(frame.length, 42);
	assert_memory_equal(frame.bytes, "\xff\xff\xff\xff\xff\xff\x06\1\2\3\4\5\x08\x06", 14);
	assert_memory_equal(frame.bytes + 22, mac, 6);
	assert_memory_equal(frame.bytes + 28, "\0\0\0\0", 4);
	assert_memory_equal(frame.bytes + 38, "\xcb\0\x71\1", 4);
}

static void the_questions_of_ipv6_are_whole(void **state)
{
	(void)state;
	struct packet frames[2];
	packet_echo_all_nodes(&frames[0], mac);
	packet_neighbour_question(&frames[1], mac, mac);
	for (size_t i = 0; i < 2; i++) {
		const unsigned char *ip = frames[i].bytes + 14;
		size_t length = frames[i].length - 14 - 40;
		assert_int_equal(word(ip + 4), length);
		assert_int_equal(ip[7], 255);
		assert_int_equal(sum_of(sum_of((uint32_t)length + IPPROTO_ICMPV6, ip + 8, 32), ip + 40, length), 0xffff);
		assert_memory_equal(ip + 8, "\xfe\x80\0\0\0\0\0\0\x04\1\2\xff\xfe\3\4\5", 16);
	}
	assert_memory_equal(frames[1].bytes, "\x33\x33\xff\3\4\5", 6);
	assert_memory_equal(frames[1].bytes + 14 + 24, "\xff\2\0\0\0\0\0\0\0\0\0\1\xff\3\4\5", 16);
}

/* ---- the judgement ---- */

static void what_differs_from_the_plan(void **state)
{
	(void)state;
	static const struct {
		enum reach_kind expected;
		enum reach_found found;
		bool dormant;
		enum verdict verdict;
	} cases[] = {
		{REACH_OPEN, FOUND_ANSWERS, false, VERDICT_AS_PLANNED},
		{REACH_OPEN, FOUND_REFUSED, false, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_SILENT, false, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_LOST, false, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_REJECTED, false, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_NO_ROUTE, false, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_REFUSED, true, VERDICT_AS_PLANNED},
		{REACH_OPEN, FOUND_ANSWERS, true, VERDICT_AS_PLANNED},
		{REACH_OPEN, FOUND_LOST, true, VERDICT_DIFFERS},
		{REACH_OPEN, FOUND_UNKNOWN, false, VERDICT_UNKNOWN},
		{REACH_BLOCKED, FOUND_LOST, false, VERDICT_AS_PLANNED},
		{REACH_BLOCKED, FOUND_REJECTED, false, VERDICT_AS_PLANNED},
		{REACH_BLOCKED, FOUND_NO_ROUTE, false, VERDICT_AS_PLANNED},
		{REACH_BLOCKED, FOUND_ANSWERS, false, VERDICT_DIFFERS},
		{REACH_BLOCKED, FOUND_REFUSED, false, VERDICT_DIFFERS},
		{REACH_BLOCKED, FOUND_REFUSED, true, VERDICT_DIFFERS},
		{REACH_BLOCKED, FOUND_SILENT, false, VERDICT_DIFFERS},
		{REACH_BLOCKED, FOUND_UNKNOWN, false, VERDICT_UNKNOWN},
		{REACH_NO_ROUTE, FOUND_NO_ROUTE, false, VERDICT_AS_PLANNED},
		{REACH_NO_ROUTE, FOUND_ANSWERS, false, VERDICT_DIFFERS},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (verify_judge(cases[i].expected, cases[i].found, cases[i].dormant) != cases[i].verdict)
			fail_msg("case %zu", i);
}

static void a_letter_for_each_pair_of_hosts(void **state)
{
	(void)state;
	static const struct {
		struct verify_cell cell;
		char letter;
	} cases[] = {
		{{0}, ' '},
		{{.open = 2}, '+'},
		{{.closed = 2}, '.'},
		{{.open = 1, .closed = 1}, '~'},
		{{.open = 1, .closed = 1, .differ = 1}, '!'},
		{{.open = 2, .unknown = 2}, '?'},
		{{.open = 2, .unknown = 1, .differ = 1}, '!'},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(verify_letter(&cases[i].cell), cases[i].letter);
}

/* Three hosts; `web` has a service; pc and old reach it by rule 2 of fw. */
static struct role_service services[] = {{.name = (char[]){"http"}, .port = 80}};
static struct role web_role = {.services = services, .services_count = 1}, plain_role;
static struct nic web_nics[] = {{.address = 0x0a010a0a}};
static struct host hosts[] = {
	{.name = (char[]){"fw"}, .role = &plain_role},
	{.name = (char[]){"old"}, .role = &plain_role},
	{.name = (char[]){"pc"}, .role = &plain_role},
	{.name = (char[]){"web"}, .role = &web_role, .nics = web_nics, .nics_count = 1},
};
static const struct scenario scenario = {.hosts = hosts, .hosts_count = 4};

static struct verify_pair pair(size_t from, enum reach_found found)
{
	return (struct verify_pair){
		.expected = {.kind = REACH_OPEN, .address = 0x0a010a0a, .passes = {{&hosts[0], 2}}, .passes_count = from > 0},
		.service = services,
		.probe = {.from = &hosts[from],
			  .to = &hosts[3],
			  .address = 0x0a010a0a,
			  .port = 80,
			  .wanted = true,
			  .found = found,
			  .after_ms = 12}};
}

static void what_is_the_same_but_for_the_source_is_one_difference(void **state)
{
	(void)state;
	const struct verify_pair pairs[] = {pair(0, FOUND_ANSWERS), pair(1, FOUND_LOST), pair(2, FOUND_LOST)};
	cleanup_json json_t *team = verify_team_json(&scenario, 3, pairs, 3);
	const json_t *differences = json_object_get(team, "differences");
	assert_int_equal(json_integer_value(json_object_get(team, "pairs")), 3);
	assert_int_equal(json_integer_value(json_object_get(team, "differ")), 2);
	assert_int_equal(json_integer_value(json_object_get(team, "answered_ms")), 12);
	assert_int_equal(json_array_size(differences), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(differences, 0), "text")),
			    "old, pc → web, http (10.1.10.10, 80/tcp): reachable by rule 2 of fw by the plan; found: it does not "
			    "arrive");
	const json_t *rows = json_object_get(team, "rows");
	static const char *const expected[] = {"   +", "   !", "   !", "    "};
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(json_string_value(json_array_get(rows, i)), expected[i]);
}

static json_t *result_of(json_t *team, bool begun, const char *finding)
{
	json_object_set_new(team, "begun", json_boolean(begun));
	json_object_set_new(team, "not_running", json_pack("[s]", "pc"));
	json_t *findings = json_array();
	if (finding)
		json_array_append_new(findings, json_pack("{s:i, s:s, s:s}", "team", 2, "host", "web", "text", finding));
	return json_pack("{s:[o], s:{s:b, s:o, s:i}}", "teams", team, "isolation", "holds", finding == NULL, "findings", findings,
			 "more", 0);
}

static void a_team_that_has_begun_may_differ_but_not_leak(void **state)
{
	(void)state;
	const struct verify_pair pairs[] = {pair(1, FOUND_REFUSED)};
	static const struct {
		bool begun;
		const char *finding;
		size_t failures;
	} cases[] = {{false, NULL, 2}, {true, NULL, 0}, {true, "leaks", 1}, {false, "leaks", 3}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_json json_t *result =
			result_of(verify_team_json(&scenario, 1, pairs, 1), cases[i].begun, cases[i].finding);
		cleanup_json json_t *failures = verify_failures(result);
		assert_int_equal(json_array_size(failures), cases[i].failures);
		if (cases[i].finding)
			assert_string_equal(json_string_value(json_array_get(failures, 0)), "team 2: host 'web': leaks");
	}
}

static void failures_are_bounded_and_the_rest_is_counted(void **state)
{
	(void)state;
	json_t *findings = json_array();
	for (int i = 0; i < 50; i++)
		json_array_append_new(findings, json_pack("{s:i, s:s}", "team", 1, "text", "leaks"));
	cleanup_json json_t *result = json_pack("{s:[], s:{s:o, s:i}}", "teams", "isolation", "findings", findings, "more", 7);
	cleanup_json json_t *failures = verify_failures(result);
	assert_int_equal(json_array_size(failures), VERIFY_FAILURES_MAX + 1);
	assert_string_equal(json_string_value(json_array_get(failures, VERIFY_FAILURES_MAX)), "and 37 more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_is_whole_and_is_read_back),
		cmocka_unit_test(a_datagram_is_whole_whatever_its_length),
		cmocka_unit_test(what_is_cut_off_is_not_read),
		cmocka_unit_test(an_error_tells_which_packet_it_is_about),
		cmocka_unit_test(a_question_gives_no_address_away),
		cmocka_unit_test(the_questions_of_ipv6_are_whole),
		cmocka_unit_test(what_differs_from_the_plan),
		cmocka_unit_test(a_letter_for_each_pair_of_hosts),
		cmocka_unit_test(what_is_the_same_but_for_the_source_is_one_difference),
		cmocka_unit_test(a_team_that_has_begun_may_differ_but_not_leak),
		cmocka_unit_test(failures_are_bounded_and_the_rest_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
