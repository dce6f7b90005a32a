/* Who may come in: accounts, sessions, and the brake on guessing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "orchestrator/serve/accounts.h"
#include "orchestrator/serve/sessions.h"
#include "orchestrator/serve/throttle.h"

static const char *password_of(const json_t *passwords, size_t index)
{
	return json_string_value(json_object_get(json_array_get(passwords, index), "password"));
}

static void test_accounts_open_with_their_own_password_only(void **state)
{
	(void)state;
	struct accounts accounts;
	cleanup_json json_t *passwords = NULL;
	accounts_draw(&accounts, 2, &passwords);
	assert_int_equal(accounts.count, 3);
	const struct account *team1 = accounts_find(&accounts, "team1");
	assert_int_equal(team1->team, 1);
	assert_int_equal(accounts_find(&accounts, "instructor")->role, ACCOUNT_INSTRUCTOR);
	assert_null(accounts_find(&accounts, "team3"));
	assert_true(account_verify(team1->hash, password_of(passwords, 1)));
	assert_false(account_verify(team1->hash, password_of(passwords, 2)));
	assert_false(account_verify(team1->hash, ""));
	assert_memory_equal(team1->hash, "$argon2id$", 10);
	accounts_finish(&accounts);
}

static void test_accounts_survive_their_file_form(void **state)
{
	(void)state;
	struct accounts accounts, again;
	cleanup_json json_t *passwords = NULL;
	accounts_draw(&accounts, 1, &passwords);
	cleanup_json json_t *file = accounts_to_json(&accounts);
	assert_int_equal(accounts_from_json(&again, file, NULL), 0);
	assert_true(account_verify(accounts_find(&again, "team1")->hash, password_of(passwords, 1)));
	json_object_del(json_array_get(file, 0), "hash");
	struct accounts broken;
	cleanup_error struct error *err = NULL;
	assert_int_equal(accounts_from_json(&broken, file, &err), -1);
	accounts_finish(&accounts);
	accounts_finish(&again);
}

/* An unknown account must cost the full Argon2id, or its absence could be timed. */
static void test_unknown_account_takes_as_long_as_a_wrong_password(void **state)
{
	(void)state;
	char *hash = xcalloc(crypto_pwhash_STRBYTES, 1);
	assert_int_equal(crypto_pwhash_str_alg(hash, "right", 5, crypto_pwhash_OPSLIMIT_INTERACTIVE,
					       crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13),
			 0);
	int64_t known = 0, unknown = 0;
	for (int i = 0; i < 3; i++) {
		int64_t began = monotonic_ms();
		assert_false(account_verify(hash, "wrong"));
		known += monotonic_ms() - began;
		began = monotonic_ms();
		assert_false(account_verify(NULL, "wrong"));
		unknown += monotonic_ms() - began;
	}
	assert_true(unknown * 4 > known); /* a broken constant would cost next to nothing */
	free(hash);
}

static int ended_count;

static void count_ended(const struct session *session, void *context)
{
	(void)session, (void)context;
	ended_count++;
}

static void test_session_lives_until_logged_out_or_idle(void **state)
{
	(void)state;
	ended_count = 0;
	struct sessions *sessions = sessions_create(count_ended, NULL);
	const struct session *session = sessions_open(sessions, "ex", "team1", ACCOUNT_TEAM, 1, 0);
	char key[SESSION_KEY_LENGTH + 1];
	strcpy(key, session->key);
	assert_int_equal(strlen(key), SESSION_KEY_LENGTH);
	assert_string_not_equal(session->key, session->csrf);
	assert_ptr_equal(sessions_find(sessions, key, SESSION_IDLE_MS - 1), session);
	assert_ptr_equal(sessions_find(sessions, key, 2 * SESSION_IDLE_MS - 2), session); /* used: renewed */
	assert_null(sessions_find(sessions, "short", 0));
	key[0] = key[0] == 'a' ? 'b' : 'a';
	assert_null(sessions_find(sessions, key, 0));
	strcpy(key, session->key);
	assert_null(sessions_find(sessions, key, 4LL * SESSION_IDLE_MS));
	assert_int_equal(ended_count, 1);
	session = sessions_open(sessions, "ex", "team1", ACCOUNT_TEAM, 1, 0);
	strcpy(key, session->key);
	sessions_close(sessions, key);
	assert_null(sessions_find(sessions, key, 0));
	sessions_destroy(sessions);
}

static void test_sessions_are_bounded_and_the_oldest_goes(void **state)
{
	(void)state;
	ended_count = 0;
	struct sessions *sessions = sessions_create(count_ended, NULL);
	char first[SESSION_KEY_LENGTH + 1], other[SESSION_KEY_LENGTH + 1];
	strcpy(other, sessions_open(sessions, "ex", "team2", ACCOUNT_TEAM, 2, 0)->key);
	strcpy(first, sessions_open(sessions, "ex", "team1", ACCOUNT_TEAM, 1, 1)->key);
	for (int i = 0; i < SESSIONS_PER_ACCOUNT_MAX; i++)
		sessions_open(sessions, "ex", "team1", ACCOUNT_TEAM, 1, 2 + i);
	assert_int_equal(ended_count, 1);
	assert_null(sessions_find(sessions, first, 100));
	assert_non_null(sessions_find(sessions, other, 100)); /* another account's is not pushed out */
	sessions_destroy(sessions);
}

static void test_audience_is_who_is_logged_in(void **state)
{
	(void)state;
	struct sessions *sessions = sessions_create(NULL, NULL);
	sessions_open(sessions, "a", "team1", ACCOUNT_TEAM, 1, 0);
	sessions_open(sessions, "b", "instructor", ACCOUNT_INSTRUCTOR, 0, 0);
	assert_true(sessions_audience(sessions, "a", ACCOUNT_TEAM, 1));
	assert_false(sessions_audience(sessions, "a", ACCOUNT_TEAM, 2));
	assert_false(sessions_audience(sessions, "a", ACCOUNT_INSTRUCTOR, 0));
	assert_true(sessions_audience(sessions, "b", ACCOUNT_INSTRUCTOR, 0));
	sessions_close_exercise(sessions, "b");
	assert_false(sessions_audience(sessions, "b", ACCOUNT_INSTRUCTOR, 0));
	assert_true(sessions_audience(sessions, "a", ACCOUNT_TEAM, 1));
	sessions_destroy(sessions);
}

static void test_guessing_one_account_is_slowed(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_create();
	int64_t now = 0, waited = 0;
	for (int i = 0; i < 20; i++) {
		int64_t wait = throttle_wait_ms(throttle, "ex", "team1", "192.0.2.1", now);
		assert_int_equal(wait > 0, i >= THROTTLE_PAIR_FREE);
		now += wait;
		waited += wait;
		throttle_failed(throttle, "ex", "team1", "192.0.2.1", now);
	}
	assert_true(waited > 5 * 60 * 1000);
	/* Not locked out from his own desk by somebody else's guesses. */
	assert_int_equal(throttle_wait_ms(throttle, "ex", "team1", "192.0.2.2", now), 0);
	throttle_destroy(throttle);
}

static void test_guessing_from_many_addresses_is_slowed(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_create();
	char address[32];
	for (int i = 0; i < THROTTLE_ACCOUNT_FREE; i++) {
		snprintf(address, sizeof address, "198.51.100.%d", i);
		assert_int_equal(throttle_wait_ms(throttle, "ex", "team1", address, 0), 0);
		throttle_failed(throttle, "ex", "team1", address, 0);
	}
	assert_true(throttle_wait_ms(throttle, "ex", "team1", "203.0.113.9", 0) > 0);
	assert_int_equal(throttle_wait_ms(throttle, "ex", "team2", "203.0.113.9", 0), 0);
	assert_int_equal(throttle_wait_ms(throttle, "ex", "team1", "203.0.113.9", THROTTLE_WINDOW_MS + 1), 0);
	throttle_destroy(throttle);
}

static void test_own_success_does_not_hide_guesses_at_others(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_create();
	for (int i = 0; i < THROTTLE_ADDRESS_FREE; i++) {
		char account[32];
		snprintf(account, sizeof account, "team%d", i % 25);
		throttle_failed(throttle, "ex", account, "192.0.2.1", 0);
		throttle_succeeded(throttle, "ex", "team99", "192.0.2.1");
	}
	assert_true(throttle_wait_ms(throttle, "ex", "team77", "192.0.2.1", 0) > 0);
	throttle_destroy(throttle);
}

static void test_nobody_locks_an_account_out_from_where_it_has_come_in(void **state)
{
	(void)state;
	struct throttle *throttle = throttle_create();
	throttle_succeeded(throttle, "ex", "team1", "192.0.2.1");
	for (int i = 0; i < 2 * THROTTLE_ENTRIES_MAX; i++) { /* from everywhere, with every name, and from his own address */
		char address[32], account[32];
		snprintf(address, sizeof address, "198.51.%d.%d", i / 250, i % 250);
		snprintf(account, sizeof account, "nobody%d", i);
		throttle_failed(throttle, "ex", i % 2 ? "team1" : account, address, 0);
		throttle_failed(throttle, "ex", account, "192.0.2.1", 0);
	}
	assert_true(throttle_wait_ms(throttle, "ex", "team1", "203.0.113.9", 0) > 0);
	assert_true(throttle_wait_ms(throttle, "ex", "team2", "192.0.2.1", 0) > 0);
	assert_int_equal(throttle_wait_ms(throttle, "ex", "team1", "192.0.2.1", 0), 0);
	for (int i = 0; i < THROTTLE_PAIR_FREE; i++)
		throttle_failed(throttle, "ex", "team1", "192.0.2.1", 0);
	assert_true(throttle_wait_ms(throttle, "ex", "team1", "192.0.2.1", 0) > 0); /* guessing there is still braked */
	throttle_destroy(throttle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_locks_an_account_out_from_where_it_has_come_in),
		cmocka_unit_test(test_accounts_open_with_their_own_password_only),
		cmocka_unit_test(test_accounts_survive_their_file_form),
		cmocka_unit_test(test_unknown_account_takes_as_long_as_a_wrong_password),
		cmocka_unit_test(test_session_lives_until_logged_out_or_idle),
		cmocka_unit_test(test_sessions_are_bounded_and_the_oldest_goes),
		cmocka_unit_test(test_audience_is_who_is_logged_in),
		cmocka_unit_test(test_guessing_one_account_is_slowed),
		cmocka_unit_test(test_guessing_from_many_addresses_is_slowed),
		cmocka_unit_test(test_own_success_does_not_hide_guesses_at_others),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
