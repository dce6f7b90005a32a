/* The range's pure parts: marks and the names that follow from them, the texts for libvirt, digests of folders. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/range/mark.h"
#include "orchestrator/range/tree.h"
#include "orchestrator/range/xml.h"

#define LONGEST "abcdefghijklmnopqrstuvwx" /* 24 */

static const struct mark example = {.site = "0badcafe",
				    .kind = RESOURCE_GUEST,
				    .exercise = "first-call",
				    .team = 2,
				    .name = "pc-tanaka",
				    .digest = "0123456789abcdef0123456789abcdef",
				    .block = 3};

static void assert_same_mark(const struct mark *left, const struct mark *right)
{
	char left_text[MARK_TEXT_MAX], right_text[MARK_TEXT_MAX];
	mark_text(left, left_text);
	mark_text(right, right_text);
	assert_string_equal(left_text, right_text);
}

static void test_mark_comes_back_from_its_text(void **state)
{
	(void)state;
	char text[MARK_TEXT_MAX];
	struct mark back;
	mark_text(&example, text);
	assert_string_equal(text, "toride1 0badcafe guest first-call t2 pc-tanaka 0123456789abcdef0123456789abcdef b3");
	assert_true(mark_parse(text, &back));
	assert_same_mark(&back, &example);
	cleanup_free char *line = xasprintf("%s\n", text); /* as /sys gives an alias back */
	assert_true(mark_parse(line, &back));
}

static void test_longest_mark_fits_an_nftables_comment(void **state)
{
	(void)state;
	struct mark longest = example, back;
	char text[MARK_TEXT_MAX];
	longest.kind = RESOURCE_NETWORK;
	longest.team = 30;
	longest.block = 29;
	memcpy(longest.exercise, LONGEST, sizeof LONGEST);
	memcpy(longest.name, LONGEST, sizeof LONGEST);
	mark_text(&longest, text);
	assert_true(strlen(text) < MARK_TEXT_MAX - 1);
	assert_true(mark_parse(text, &back));
	assert_string_equal(back.name, LONGEST);
}

static void test_what_is_no_mark_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"toride1",
		"toride1 0badcafe guest first-call t2 pc-tanaka 0123",
		"toride1 0badcafe castle first-call t2 pc-tanaka 0123 b3",
		"toride1 0badcafe guest First t2 pc-tanaka 0123 b3",
		"toride1 0badcafe guest ../first t2 pc-tanaka 0123 b3",
		"toride1 0badcafe guest first-call t2 pc-tanaka 0123 b3 and more",
		"toride2 0badcafe guest first-call t2 pc-tanaka 0123 b3",
		"toride1 0badcafe guest first-call-that-is-much-too-long t2 pc-tanaka 0123 b3",
	};
	struct mark mark;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (mark_parse(texts[i], &mark))
			fail_msg("taken: %s", texts[i]);
}

static void test_interface_names_fit_and_tell_teams_hosts_and_sites_apart(void **state)
{
	(void)state;
	struct mark other_team = example, other_site = example;
	char one[IFNAME_MAX], two[IFNAME_MAX], three[IFNAME_MAX], port[IFNAME_MAX], next_port[IFNAME_MAX];
	other_team.team = 3;
	memcpy(other_site.site, "deadbeef", 8);
	mark_bridge_name(&example, one);
	mark_bridge_name(&other_team, two);
	mark_bridge_name(&other_site, three);
	mark_port_name(&example, 0, port);
	mark_port_name(&example, 1, next_port);
	assert_int_equal(strlen(one), IFNAME_MAX - 1);
	assert_string_not_equal(one, two);
	assert_string_not_equal(one, three);
	assert_string_not_equal(one, port);
	assert_string_not_equal(port, next_port);
	assert_true(mark_bridge_of_exercise(one, example.site, example.exercise));
	assert_true(mark_bridge_of_exercise(two, example.site, example.exercise));
	assert_false(mark_bridge_of_exercise(three, example.site, example.exercise));
	assert_false(mark_bridge_of_exercise(one, example.site, "second-call"));
	assert_false(mark_bridge_of_exercise("td", example.site, example.exercise));
}

static void test_digest_is_no_part_of_a_name(void **state)
{
	(void)state;
	struct mark changed = example;
	char before[IFNAME_MAX], after[IFNAME_MAX];
	changed.digest[0] = 'f';
	mark_bridge_name(&example, before);
	mark_bridge_name(&changed, after);
	assert_string_equal(before, after);
	cleanup_free char *name = mark_object_name(&changed);
	assert_string_equal(name, "toride-first-call-t2-pc-tanaka-0badcafe");
}

static void test_uuid_follows_from_the_whole_mark(void **state)
{
	(void)state;
	struct mark marks[5] = {example, example, example, example, example};
	unsigned char uuids[5][MARK_UUID_BYTES];
	marks[1].team++;
	marks[2].digest[0] ^= 1;
	marks[3].site[0] ^= 1;
	marks[4].kind = RESOURCE_NETWORK;
	for (size_t i = 0; i < 5; i++) {
		mark_uuid(&marks[i], uuids[i]);
		assert_int_equal(uuids[i][6] >> 4, 8);
		assert_int_equal(uuids[i][8] >> 6, 2);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(uuids[i], uuids[j], MARK_UUID_BYTES);
	}
}

static void test_marks_are_found_by_their_uuids(void **state)
{
	(void)state;
	enum { MARKS = 300 };
	cleanup_with(mark_index) struct mark_index index = {0};
	cleanup_free struct mark *marks = xcalloc(MARKS + 1, sizeof *marks);
	unsigned char uuid[MARK_UUID_BYTES];
	mark_uuid(&example, uuid);
	mark_index_sort(&index);
	assert_null(mark_index_get(&index, uuid)); /* an empty one */
	for (int i = 0; i <= MARKS; i++) {
		marks[i] = example;
		marks[i].team = i + 1;
		if (i < MARKS)
			mark_index_add(&index, &marks[i]);
	}
	mark_index_sort(&index);
	for (int i = 0; i <= MARKS; i++) {
		mark_uuid(&marks[i], uuid);
		assert_ptr_equal(mark_index_get(&index, uuid), i < MARKS ? &marks[i] : NULL);
	}
}

static struct guest_definition definition_of(size_t nics)
{
	struct guest_definition definition = {.mark = example,
					      .root = xstrdup("/state/a<b&\"c\"/root"),
					      .id_base = 671088640,
					      .memory_bytes = 96 << 20,
					      .nics_count = nics};
	for (size_t i = 0; i < nics; i++) {
		definition.nics[i] = (struct nic_definition){.network = xstrdup("toride-first-call-t2-office-0badcafe"),
							     .mac = xstrdup("02:00:00:00:00:01"),
							     .device = xasprintf("eth%zu", i)};
		mark_port_name(&example, (int)i, definition.nics[i].port);
	}
	return definition;
}

static void test_domain_text(void **state)
{
	(void)state;
	struct guest_definition definition = definition_of(1);
	cleanup_free char *xml = xml_domain(&definition);
	struct mark back;
	static const char *const parts[] = {
		"<domain type=\"lxc\">",
		"<name>toride-first-call-t2-pc-tanaka-0badcafe</name>",
		"<uuid>d1fca2a3-c94f-80bd-aaba-3bd0e86ceee5</uuid>", /* BLAKE2b-128 of the mark's text, with the version's and the variant's bits */
		"<hard_limit>98304</hard_limit>",
		"<init>/usr/lib/toride/init</init>",
		"<uid start=\"0\" target=\"671088640\" count=\"65536\"/>",
		"<gid start=\"0\" target=\"671088640\" count=\"65536\"/>",
		"<source dir=\"/state/a&lt;b&amp;&quot;c&quot;/root\"/>",
		"<source network=\"toride-first-call-t2-office-0badcafe\"/>",
		"<mac address=\"02:00:00:00:00:01\"/>",
		"<guest dev=\"eth0\"/>",
		"<console type=\"pty\"/>",
		"<on_reboot>destroy</on_reboot>",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (!strstr(xml, parts[i]))
			fail_msg("no %s in:\n%s", parts[i], xml);
	assert_true(xml_mark(xml, &back));
	assert_same_mark(&back, &example);
	guest_definition_finish(&definition);
}

/* Without it a guest that has no interface gets the host's network. */
static void test_every_domain_has_a_network_of_its_own(void **state)
{
	(void)state;
	for (size_t nics = 0; nics < 3; nics++) {
		struct guest_definition definition = definition_of(nics);
		cleanup_free char *xml = xml_domain(&definition);
		assert_non_null(strstr(xml, "<features>\n  <privnet/>\n </features>"));
		guest_definition_finish(&definition);
	}
}

static void test_network_text(void **state)
{
	(void)state;
	struct mark mark = example, back;
	char bridge[IFNAME_MAX];
	mark.kind = RESOURCE_NETWORK;
	mark_bridge_name(&mark, bridge);
	cleanup_free char *xml = xml_network(&mark);
	cleanup_free char *part = xasprintf("<forward mode=\"bridge\"/>\n <bridge name=\"%s\"/>", bridge);
	assert_non_null(strstr(xml, part));
	assert_true(xml_mark(xml, &back));
	assert_same_mark(&back, &mark);
}

static void test_mark_is_found_in_our_own_element_only(void **state)
{
	(void)state;
	char text[MARK_TEXT_MAX];
	struct mark back;
	mark_text(&example, text);
	cleanup_free char *title = xasprintf("<network><title>urn:toride:mark:1 %s</title></network>", text);
	cleanup_free char *foreign =
		xasprintf("<network><metadata><t:mark xmlns:t='urn:other'>%s</t:mark><!-- urn:toride:mark:1 -->"
			  "</metadata></network>",
			  text);
	cleanup_free char *ours =
		xasprintf("<network><metadata><x/><t:mark xmlns:t='urn:toride:mark:1'>%s</t:mark></metadata></network>", text);
	cleanup_free char *element = xasprintf("<mark>%s</mark>", text); /* as libvirt gives a domain's metadata back */
	assert_false(xml_mark(title, &back));
	assert_false(xml_mark(foreign, &back));
	assert_false(xml_mark("<network><metadata>urn:toride:mark:1", &back));
	assert_true(xml_mark(ours, &back));
	assert_true(xml_metadata_mark(element, &back));
	assert_false(xml_metadata_mark("<mark>else</mark>", &back));
}

static char *digest_of(const char *path)
{
	char *digest = xcalloc(1, 65);
	assert_int_equal(tree_digest(path, NULL, digest, NULL), 0);
	return digest;
}

/* Runs `change` in the folder and says whether the digest is another after it. */
static bool changes(const char *folder, const char *change)
{
	cleanup_free char *before = digest_of(folder);
	cleanup_free char *command = xasprintf("cd '%s' && %s", folder, change);
	assert_int_equal(system(command), 0);
	cleanup_free char *after = digest_of(folder);
	return strcmp(before, after) != 0;
}

static void test_folder_digest_sees_every_change_that_counts_and_no_other(void **state)
{
	(void)state;
	char folder[] = "/tmp/toride-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	assert_true(changes(folder, "mkdir -p a/b && echo one >a/b/file && ln -s file a/b/link && echo two >other"));
	assert_false(changes(folder, "touch -d yesterday a/b/file && chmod 600 other && cp other copy && rm copy"));
	assert_true(changes(folder, "echo six >a/b/file")); /* as long as before */
	assert_true(changes(folder, "mv other another"));
	assert_true(changes(folder, "chmod 755 another"));
	assert_true(changes(folder, "ln -sfn nowhere a/b/link"));
	assert_true(changes(folder, "mkdir empty"));
	assert_true(changes(folder, "mv a/b/file a/file"));
	struct error *err = NULL;
	assert_int_equal(tree_remove(folder, &err), 0);
	cleanup_free char *gone = digest_of(folder);
	assert_int_equal(strlen(gone), 64);
}

static void test_folder_digest_is_bounded(void **state)
{
	(void)state;
	char folder[] = "/tmp/toride-test-XXXXXX", digest[65];
	cleanup_error struct error *err = NULL;
	assert_non_null(mkdtemp(folder));
	cleanup_free char *command = xasprintf("cd %s && mkdir -p $(seq -s / 40)", folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(tree_digest(folder, NULL, digest, &err), -1);
	assert_non_null(strstr(error_text(err), "folders deep; make it smaller"));
	tree_remove(folder, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark_comes_back_from_its_text),
		cmocka_unit_test(test_longest_mark_fits_an_nftables_comment),
		cmocka_unit_test(test_what_is_no_mark_is_refused),
		cmocka_unit_test(test_interface_names_fit_and_tell_teams_hosts_and_sites_apart),
		cmocka_unit_test(test_digest_is_no_part_of_a_name),
		cmocka_unit_test(test_uuid_follows_from_the_whole_mark),
		cmocka_unit_test(test_marks_are_found_by_their_uuids),
		cmocka_unit_test(test_domain_text),
		cmocka_unit_test(test_every_domain_has_a_network_of_its_own),
		cmocka_unit_test(test_network_text),
		cmocka_unit_test(test_mark_is_found_in_our_own_element_only),
		cmocka_unit_test(test_folder_digest_sees_every_change_that_counts_and_no_other),
		cmocka_unit_test(test_folder_digest_is_bounded),
	};
	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
