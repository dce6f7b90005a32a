#include "orchestrator/serve/gate.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "common/now.h"
#include "orchestrator/serve/board.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/sessions.h"
#include "orchestrator/serve/throttle.h"

struct gate {
	struct orchestrator *orchestrator;
	struct sessions *sessions;
	struct throttle *throttle;
	int logins; /* being verified now */
};

static void on_session_ended(const struct session *session, void *context)
{
	const struct gate *gate = context;
	board_push(gate->orchestrator->board, json_pack("{ss}", "session_end", session->key));
}

struct gate *gate_create(struct orchestrator *orchestrator)
{
	struct gate *gate = xcalloc(1, sizeof *gate);
	gate->orchestrator = orchestrator;
	gate->sessions = sessions_create(on_session_ended, gate);
	gate->throttle = throttle_create();
	return gate;
}

void gate_destroy(struct gate *gate)
{
	if (!gate)
		return;
	sessions_destroy(gate->sessions);
	throttle_destroy(gate->throttle);
	free(gate);
}

bool gate_audience(const struct gate *gate, const char *exercise, int team)
{
	return sessions_audience(gate->sessions, exercise, team > 0 ? ACCOUNT_TEAM : ACCOUNT_INSTRUCTOR, team);
}

void gate_close_exercise(struct gate *gate, const char *exercise)
{
	sessions_close_exercise(gate->sessions, exercise);
}

static json_t *answer_to(const json_t *request, bool ok)
{
	json_t *answer = json_pack("{sb}", "ok", ok);
	json_object_set(answer, "id", json_object_get(request, "id"));
	return answer;
}

static void refuse(struct gate *gate, const json_t *request, const char *code, const char *ja, const char *en, int64_t retry_ms)
{
	json_t *answer = answer_to(request, false);
	json_object_set_new(answer, "code", json_string(code));
	json_object_set_new(answer, "error", json_pack("{ss ss}", "ja", ja, "en", en));
	if (retry_ms > 0)
		json_object_set_new(answer, "retry_s", json_integer((retry_ms + 999) / 1000));
	board_push(gate->orchestrator->board, answer);
}

static void grant(struct gate *gate, const json_t *request, const struct session *session)
{
	json_t *answer = answer_to(request, true);
	cleanup_json json_t *granted = json_pack(
		"{ss ss ss ss si ss}", "session", session->key, "csrf", session->csrf, "exercise", session->exercise, "role",
		session->role == ACCOUNT_INSTRUCTOR ? "instructor" : "team", "team", session->team, "account", session->account);
	json_object_update(answer, granted);
	board_push(gate->orchestrator->board, answer);
	board_view_changed(gate->orchestrator->board, session->exercise);
}

static const char *text_of(const json_t *request, const char *key)
{
	const json_t *value = json_object_get(request, key);
	return json_is_string(value) ? json_string_value(value) : "";
}

struct login { /* one log-in while Argon2id runs on a worker */
	struct gate *gate;
	json_t *request;
	char *hash;
	bool right;
};

static void login_verify(void *context)
{
	struct login *login = context;
	login->right = account_verify(login->hash, text_of(login->request, "password"));
}

static void record_login(struct instance *instance, const char *kind, int team, const char *account, const char *peer)
{
	cleanup_error struct error *err = NULL;
	struct event *event = event_create(team, -1, kind, account, json_pack("{ss}", "peer", peer));
	if (exercise_record(instance->exercise, event, &err) < 0)
		log_error("%s: journal: %s", instance_name(instance), error_text(err));
}

static void login_verified(const struct login *login, struct instance *instance)
{
	const char *exercise = text_of(login->request, "exercise"), *name = text_of(login->request, "account"),
		   *peer = text_of(login->request, "peer");
	struct gate *gate = login->gate;
	struct throttle *throttle = gate->throttle;
	const struct account *account = instance ? accounts_find(&instance->accounts, name) : NULL;
	if (!login->right || !account) {
		throttle_failed(throttle, exercise, name, peer, monotonic_ms());
		if (account)
			record_login(instance, "session.refused", account->team, account->name, peer);
		refuse(gate, login->request, "denied", "アカウントまたはパスワードが違います。",
		       "The account or the password is wrong.", 0);
		return;
	}
	throttle_succeeded(throttle, exercise, name, peer);
	record_login(instance, "session.opened", account->team, account->name, peer);
	grant(gate, login->request,
	      sessions_open(gate->sessions, exercise, account->name, account->role, account->team, monotonic_ms()));
}

static void login_done(void *context)
{
	struct login *login = context;
	login->gate->logins--;
	login_verified(login, orchestrator_instance(login->gate->orchestrator, text_of(login->request, "exercise")));
	json_decref(login->request);
	free(login->hash);
	free(login);
}

/* The scoreboard cuts them itself; one in other hands would have us keep megabytes for each try, in memory and in the journal. */
static bool fields_fit(const json_t *request)
{
	return strlen(text_of(request, "exercise")) <= GATE_NAME_MAX_BYTES &&
	       strlen(text_of(request, "account")) <= GATE_NAME_MAX_BYTES &&
	       strlen(text_of(request, "peer")) <= GATE_NAME_MAX_BYTES &&
	       strlen(text_of(request, "password")) <= GATE_PASSWORD_MAX_BYTES;
}

static void on_login(struct gate *gate, const json_t *request)
{
	const char *exercise = text_of(request, "exercise"), *name = text_of(request, "account"),
		   *peer = text_of(request, "peer");
	if (!fields_fit(request)) {
		refuse(gate, request, "denied", "アカウントまたはパスワードが違います。", "The account or the password is wrong.",
		       0);
		return;
	}
	int64_t wait = throttle_wait_ms(gate->throttle, exercise, name, peer, monotonic_ms());
	if (wait == 0 && gate->logins >= GATE_LOGINS_AT_ONCE_MAX)
		wait = 1000;
	if (wait > 0) {
		refuse(gate, request, "limited", "試行が多すぎます。しばらくお待ちください。", "Too many tries. Please wait.",
		       wait);
		return;
	}
	const struct instance *instance = orchestrator_instance(gate->orchestrator, exercise);
	const struct account *account = instance ? accounts_find(&instance->accounts, name) : NULL;
	struct login *login = xcalloc(1, sizeof *login);
	login->gate = gate;
	login->request = json_incref((json_t *)request);
	login->hash = account ? xstrdup(account->hash) : NULL;
	gate->logins++;
	jobs_submit(gate->orchestrator->jobs, login_verify, login_done, login);
}

static const struct session *session_of(struct gate *gate, const json_t *request)
{
	const struct session *session = sessions_find(gate->sessions, text_of(request, "session"), monotonic_ms());
	if (!session)
		refuse(gate, request, "expired", "ログインし直してください。", "Please log in again.", 0);
	return session;
}

static void on_resume(struct gate *gate, const json_t *request)
{
	const struct session *session = session_of(gate, request);
	if (session)
		grant(gate, request, session);
}

static void on_logout(struct gate *gate, const json_t *request)
{
	sessions_close(gate->sessions, text_of(request, "session"));
	board_push(gate->orchestrator->board, answer_to(request, true));
}

static void on_command(struct gate *gate, const json_t *request)
{
	const struct session *session = session_of(gate, request);
	if (!session)
		return;
	struct instance *instance = orchestrator_instance(gate->orchestrator, session->exercise);
	struct identity who = {.role = session->role, .team = session->team, .account = session->account};
	cleanup_error struct error *err = NULL;
	json_t *result = NULL;
	if (!instance)
		error_set_texts(&err, "演習は終わりました。", "the exercise is over");
	else if (!instance->built)
		error_set_texts(&err, "演習環境を準備しています。しばらくお待ちください。", "the range is still being built");
	else if (exercise_command(instance->exercise, &who, text_of(request, "command"), json_object_get(request, "args"),
				  &result, &err) == 0) {
		json_t *answer = answer_to(request, true);
		json_object_set_new(answer, "answer", result ? result : json_object());
		board_push(gate->orchestrator->board, answer);
		return;
	}
	const int64_t retry_ms = error_retry_ms(err);
	refuse(gate, request, retry_ms > 0 ? "limited" : "refused", error_text_ja(err), error_text(err), retry_ms);
}

static const struct {
	const char *op;
	void (*handle)(struct gate *gate, const json_t *request);
} requests[] = {
	{"login", on_login},
	{"resume", on_resume},
	{"logout", on_logout},
	{"command", on_command},
};

void gate_handle(struct gate *gate, const json_t *message)
{
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		if (strcmp(text_of(message, "op"), requests[i].op) == 0) {
			requests[i].handle(gate, message);
			return;
		}
	}
	if (!json_object_get(message, "listening"))
		log_warning("scoreboard: sent a message that nobody knows");
}
