/* The score: what a claim is compared with, and what a wrong one costs (docs/scoring.md). */
#include "score.h"
#include "orchestrator/digest.h"

static void a_set_counts_by_precision_and_recall(void **state)
{
	struct model *model = *state;
	model->nics[MODEL_ATTACKER][1] = (struct nic){.network = &model->networks[MODEL_INTERNET], .address = 0xcb007143};
	model->hosts[MODEL_ATTACKER].nics_count = 2; /* 203.0.113.66 and .67 */
	static const struct {
		const char *value;
		json_int_t points;
		const char *result;
	} cases[] = {
		{"{\"indicators\":[\"203.0.113.66\",\"203.0.113.67\"]}", 15000, "right"},
		{"{\"indicators\":\"203.0.113.67, 203.0.113.66\"}", 15000, "right"},
		{"{\"indicators\":\"203[.]0[.]113[.]67、２０３.0.113.66\"}", 15000, "right"},
		{"{\"indicators\":[\"203.0.113.66\"]}", 9990, "partial"},		       /* F1 = 2/3: 666 */
		{"{\"indicators\":[\"203.0.113.66\",\"10.1.1.1\"]}", 7500, "partial"},	       /* 2/4 */
		{"{\"indicators\":[\"203.0.113.66\",\"10.1.1.1\",\"10.1.1.2\"]}", 0, "wrong"}, /* less than half is true */
		{"{\"indicators\":[\"10.1.1.1\"]}", 0, "wrong"},
		{"{\"indicators\":[]}", 0, "noted"},
		{"{\"indicators\":[\" \"]}", 0, "noted"},
		{"{\"other\":\"203.0.113.66\"}", 0, "noted"},
		{"{\"indicators\":[7,null,{}]}", 0, "noted"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"c2\",\"value\":%s}", cases[i].value);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		assert_int_equal(points(team, "c2"), cases[i].points);
		assert_string_equal(claim_result(team, "c2", 0), cases[i].result);
	}
}

static void a_host_is_known_by_name_and_by_address(void **state)
{
	static const char *const right[] = {"pc-tanaka", " PC-Tanaka ", "10.1.1.101", "ｐｃ-tanaka"};
	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", right[i]);
		cleanup_json json_t *team = RESULT(*state, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "right");
	}
	static const char *const wrong[] = {"file", "10.1.1.20", "pc-tanaka2", "pc"};
	for (size_t i = 0; i < 4; i++) {
		cleanup_free char *body = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", wrong[i]);
		cleanup_json json_t *team = RESULT(*state, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	}
}

static void other_truths_are_compared_too(void **state)
{
	struct model *model = *state;
	static const struct {
		enum truth_key key;
		const char *value;
	} cases[] = {{TRUTH_TECHNIQUE, "t1204.001"}, {TRUTH_ACCOUNT, "tanaka"}, {TRUTH_ADDRESSES, "10.1.1.101"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		model->claim_fields[0].truth.key = cases[i].key;
		cleanup_free char *body =
			xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", cases[i].value);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		assert_string_equal(claim_result(team, "patient-zero", 0), "right");
	}
	cleanup_json json_t *literal = json_string("Malware");
	model->claim_fields[0].truth = (struct truth){.literal = literal};
	cleanup_json json_t *team = RESULT(model, ATTACK, CLAIM(60000, "patient-zero", "{\"host\":\"malware\"}"));
	assert_string_equal(claim_result(team, "patient-zero", 0), "right");
}

static void a_teams_secret_is_known_by_its_digest(void **state)
{
	struct model *model = *state;
	static const char secret[] = "kq3m7hw2nd8sxu5cpa4vzrby", other[] = "kq3m7hw2nd8sxu5cpa4vzrbz";
	char digest[DIGEST_TEXT_SIZE], other_name[DIGEST_TEXT_SIZE];
	digest_secret("flag1", secret, digest);
	digest_secret("flag2", secret, other_name);
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_free char *told = xasprintf("{\"digests\":{\"flag1\":\"%s\",\"flag2\":\"00\"}}", digest);
	cleanup_free char *right = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\" %s\"}}", secret);
	cleanup_free char *wrong = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", other);
	cleanup_free char *both =
		xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":[\"%s\",\"%s\"]}}", secret, other);
	const struct happening known = {-1, "truth.secrets", told};
	cleanup_json json_t *team = RESULT(model, known, {50000, "claim.made", wrong}, {55000, "claim.made", both},
					   CLAIM(58000, "patient-zero", "{\"host\":\"\"}"), {60000, "claim.made", right});
	assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 1), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 2), "noted");
	assert_string_equal(claim_result(team, "patient-zero", 3), "right");
	assert_int_equal(points(team, "patient-zero"), 20000);
	assert_string_not_equal(digest, other_name); /* one name's digest is no use for another */
	/* The digest itself is no answer; neither is the other secret's. */
	cleanup_free char *hash = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", digest);
	cleanup_json json_t *copied = RESULT(model, known, {60000, "claim.made", hash});
	assert_string_equal(claim_result(copied, "patient-zero", 0), "wrong");
	model->claim_fields[0].truth.secret = "flag2";
	cleanup_json json_t *mixed = RESULT(model, known, {60000, "claim.made", right});
	assert_string_equal(mark(mixed, "patient-zero"), "unmeasured"); /* "00" is no digest */
}

static void a_secret_that_the_journal_does_not_know_is_not_measured(void **state)
{
	struct model *model = *state;
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	model->duty_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_json json_t *team = RESULT(model, CLAIM(60000, "patient-zero", "{\"host\":\"abc\"}"), ENDED);
	assert_string_equal(mark(team, "patient-zero"), "unmeasured");
	assert_int_equal(number(team, "wrong_claims"), 0);
}

/* A range that was built again after its key was lost has others: the last that was told counts, in whatever order they come. */
static void the_last_digests_count(void **state)
{
	struct model *model = *state;
	char before[DIGEST_TEXT_SIZE], after[DIGEST_TEXT_SIZE];
	digest_secret("flag1", "old", before);
	digest_secret("flag1", "new", after);
	model->claim_fields[0].truth = (struct truth){.secret = "flag1"};
	cleanup_free char *first = xasprintf("{\"digests\":{\"flag1\":\"%s\"}}", before);
	cleanup_free char *last = xasprintf("{\"digests\":{\"flag1\":\"%s\"}}", after);
	const struct happening story[] = {{-1, "truth.secrets", last},
					  {-1, "truth.secrets", first},
					  CLAIM(60000, "patient-zero", "{\"host\":\"old\"}"),
					  CLAIM(61000, "patient-zero", "{\"host\":\"new\"}")};
	static const int64_t numbers[] = {2, 1, 3, 4};
	cleanup_score struct score *score = score_create(&model->scenario, 1);
	for (size_t i = 0; i < 4; i++) {
		cleanup_event struct event *event = happening_event(&story[i], 1, numbers[i], "team-1");
		score_apply(score, event);
	}
	cleanup_json json_t *all = score_to_json(score);
	const json_t *team = json_array_get(json_object_get(all, "teams"), 0);
	assert_string_equal(claim_result(team, "patient-zero", 0), "wrong");
	assert_string_equal(claim_result(team, "patient-zero", 1), "right");
}

static void a_time_counts_within_its_tolerance(void **state)
{
	struct model *model = *state;
	model->claim_fields[0] = (struct claim_field){.name = (char *)"host",
						      .truth = {&model->steps[MODEL_OPEN], TRUTH_TIME, NULL, NULL},
						      .match = MATCH_TIME,
						      .tolerance_ms = 5000};
	static const struct {
		const char *time, *result;
	} cases[] = {{"00:00:15", "right"}, {"00:00:10", "right"},  {"0:00:20", "right"},  {"00:00:21", "wrong"},
		     {"00:00", "wrong"},    {"00:15", "right"},	    {"0:10", "right"},	   {"00:00:", "wrong"},
		     {"15", "wrong"},	    {"0:0:0:15", "wrong"},  {"99999:15", "wrong"}, {"soon", "wrong"},
		     {"00:00:99", "wrong"}, {"00:00:15x", "wrong"}, {"", "noted"},	   {"-1:00:15", "wrong"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_free char *body =
			xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"%s\"}}", cases[i].time);
		cleanup_json json_t *team = RESULT(model, ATTACK, {60000, "claim.made", body});
		if (strcmp(claim_result(team, "patient-zero", 0), cases[i].result) != 0)
			fail_msg("'%s' is %s", cases[i].time, claim_result(team, "patient-zero", 0));
	}
	/* In a longer exercise two parts are hours and minutes. */
	model->scenario.duration_ms = 3600000;
	cleanup_json json_t *hours = RESULT(model, ATTACK, CLAIM(60000, "patient-zero", "{\"host\":\"00:15\"}"));
	assert_string_equal(claim_result(hours, "patient-zero", 0), "wrong");
	/* Before the step there is nothing to compare with; after it the claim counts. */
	cleanup_json json_t *before = RESULT(model, CLAIM(1000, "patient-zero", "{\"host\":\"00:00:14\"}"));
	assert_string_equal(claim_result(before, "patient-zero", 0), "noted");
	cleanup_json json_t *after = RESULT(model, CLAIM(1000, "patient-zero", "{\"host\":\"00:00:14\"}"), ATTACK);
	assert_string_equal(claim_result(after, "patient-zero", 0), "right");
}

static void a_claim_may_come_before_its_step(void **state)
{
	cleanup_json json_t *team = RESULT(*state, CLAIM(1000, "patient-zero", "{\"host\":\"pc-tanaka\"}"));
	assert_int_equal(points(team, "patient-zero"), 20000);
	assert_int_equal(number(part(team, "patient-zero"), "at_ms"), 1000);
}

static void two_wrong_claims_are_free_and_the_cost_is_capped(void **state)
{
	struct happening story[25];
	cleanup_free char *bodies[24] = {NULL};
	for (int count = 1; count <= 24; count++) {
		for (int i = 0; i < count; i++) {
			free(bodies[i]);
			bodies[i] = xasprintf("{\"objective\":\"patient-zero\",\"value\":{\"host\":\"pc-%d\"}}", i);
			story[i] = (struct happening){50000 + i, "claim.made", bodies[i]};
		}
		story[count] = (struct happening)CLAIM(60000, "patient-zero", "{\"host\":\"pc-tanaka\"}");
		cleanup_json json_t *team = result_of(*state, story, (size_t)count + 1);
		json_int_t expected = count <= 2 ? 0 : count - 2 < 10 ? (count - 2) * 1000 : 10000; /* 10 % of 100 points */
		assert_int_equal(number(team, "penalty_milli"), expected);
		assert_int_equal(number(team, "wrong_claims"), count);
		assert_int_equal(points(team, "patient-zero"), 20000); /* a right claim later is full */
		assert_int_equal(number(team, "points_milli"), 20000 - expected);
	}
	for (int i = 1; i < 24; i++)
		free(bodies[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_set_counts_by_precision_and_recall),
		TEST(a_host_is_known_by_name_and_by_address),
		TEST(other_truths_are_compared_too),
		TEST(a_teams_secret_is_known_by_its_digest),
		TEST(a_secret_that_the_journal_does_not_know_is_not_measured),
		TEST(the_last_digests_count),
		TEST(a_time_counts_within_its_tolerance),
		TEST(a_claim_may_come_before_its_step),
		TEST(two_wrong_claims_are_free_and_the_cost_is_capped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
