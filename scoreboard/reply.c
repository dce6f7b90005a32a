#include "scoreboard/reply.h"

#include <stdio.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

static const struct fault_text {
	unsigned status;
	const char *code, *ja, *en;
} faults[] = {
	[FAULT_NOT_FOUND] = {404, "not-found", "このページはありません。", "There is no such page."},
	[FAULT_METHOD] = {405, "method", "この操作はできません。", "This address does not take this method."},
	[FAULT_NO_EXERCISE] = {404, "no-exercise", "この演習は開かれていません。", "There is no such exercise open."},
	[FAULT_NOT_JSON] = {400, "not-json", "送られた内容を読めません(JSON が必要です)。",
			    "The body is not JSON (Content-Type: application/json)."},
	[FAULT_BAD_FIELDS] = {400, "bad-fields", "送られた内容に足りない項目か長すぎる項目があります。",
			      "A field of the body is missing or too long."},
	[FAULT_TOO_LARGE] = {413, "too-large", "送られた内容が大きすぎます(64 KiB まで)。",
			     "The body is too large (at most 64 KiB)."},
	[FAULT_ORIGIN] = {403, "origin", "別のサイトからの操作は受け付けません。", "Requests from other sites are refused."},
	[FAULT_LOGIN_FIRST] = {401, "login-first", "ログインしてください。", "Please log in."},
	[FAULT_CSRF] = {403, "csrf", "この画面は古くなりました。再読み込みしてください。",
			"This page is out of date; please reload it."},
	[FAULT_NOT_YOURS] = {403, "not-yours", "この画面を見る権限がありません。", "You may not see this page."},
	[FAULT_NOT_READY] = {503, "not-ready", "準備中です。少し待ってください。", "Not ready yet; please wait a moment."},
	[FAULT_BUSY] = {503, "busy", "混み合っています。少し待ってからもう一度お試しください。",
			"Too busy; please try again in a moment."},
	[FAULT_NO_ANSWER] = {503, "no-answer", "演習の本体が答えません。少し待ってからもう一度お試しください。",
			     "The exercise does not answer; please try again in a moment."},
	[FAULT_CLOSING] = {503, "closing", "スコアボードを終了しています。", "The scoreboard is closing."},
};

static const struct header {
	const char *name, *value;
} secure_headers[] = {
	{"Content-Security-Policy",
	 "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

struct MHD_Response *reply_secure(struct MHD_Response *response)
{
	for (size_t i = 0; i < sizeof secure_headers / sizeof *secure_headers; i++)
		MHD_add_response_header(response, secure_headers[i].name, secure_headers[i].value);
	return response;
}

/* Takes the text. */
static struct MHD_Response *fresh(char *text, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	return reply_secure(response);
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static void retry_after(struct MHD_Response *response, json_int_t seconds)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)seconds);
	MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, text);
}

static struct MHD_Response *json_response(json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return fresh(text ? text : xstrdup("{}"), "application/json; charset=utf-8");
}

enum MHD_Result reply_json(struct MHD_Connection *connection, unsigned status, json_t *body, const char *cookie)
{
	struct MHD_Response *response = json_response(body);
	if (cookie)
		MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	return queue(connection, status, response);
}

static enum MHD_Result queue_fault(struct MHD_Connection *connection, enum fault fault, struct MHD_Response *response)
{
	if (faults[fault].status == 503)
		retry_after(response, 2);
	if (fault == FAULT_METHOD)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST");
	return queue(connection, faults[fault].status, response);
}

enum MHD_Result reply_fault(struct MHD_Connection *connection, enum fault fault)
{
	const struct fault_text *text = &faults[fault];
	return queue_fault(
		connection, fault,
		json_response(json_pack("{s:s, s:{s:s, s:s}}", "code", text->code, "error", "ja", text->ja, "en", text->en)));
}

enum MHD_Result reply_fault_page(struct MHD_Connection *connection, enum fault fault)
{
	const struct fault_text *text = &faults[fault];
	char *page = xasprintf("<!doctype html>\n<meta charset=\"utf-8\">\n<title>%u · Toride</title>\n<h1>%u</h1>\n"
			       "<p lang=\"ja\">%s</p>\n<p lang=\"en\">%s</p>\n<p><a href=\"/\">Toride 砦</a></p>\n",
			       text->status, text->status, text->ja, text->en);
	return queue_fault(connection, fault, fresh(page, "text/html; charset=utf-8"));
}

enum MHD_Result reply_refusal(struct MHD_Connection *connection, const json_t *answer, unsigned denied)
{
	const struct {
		const char *code;
		unsigned status;
	} statuses[] = {{"denied", denied}, {"limited", 429}, {"expired", 401}, {"refused", 422}};
	const char *code = json_string_value(json_object_get(answer, "code"));
	unsigned status = 422;
	for (size_t i = 0; code && i < sizeof statuses / sizeof *statuses; i++)
		if (strcmp(statuses[i].code, code) == 0)
			status = statuses[i].status;
	json_t *body = json_pack("{s:s}", "code", code ? code : "refused");
	json_t *error = json_object_get(answer, "error"), *retry = json_object_get(answer, "retry_s");
	if (json_is_string(error)) /* one text for both languages */
		json_object_set_new(body, "error", json_pack("{s:O, s:O}", "ja", error, "en", error));
	else if (json_is_object(error))
		json_object_set(body, "error", error);
	if (json_is_integer(retry))
		json_object_set(body, "retry_s", retry);
	struct MHD_Response *response = json_response(body);
	if (json_is_integer(retry))
		retry_after(response, json_integer_value(retry));
	return queue(connection, status, response);
}

enum MHD_Result reply_redirect(struct MHD_Connection *connection, const char *location)
{
	struct MHD_Response *response = fresh(xstrdup(""), "text/plain; charset=utf-8");
	MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, location);
	return queue(connection, MHD_HTTP_FOUND, response);
}
