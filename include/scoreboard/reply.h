/* Answers: JSON bodies, faults in Japanese and English, and the headers that every answer carries. */
#ifndef TORIDE_SCOREBOARD_REPLY_H
#define TORIDE_SCOREBOARD_REPLY_H

#include <jansson.h>
#include <microhttpd.h>

enum fault {
	FAULT_NOT_FOUND,
	FAULT_METHOD,
	FAULT_NO_EXERCISE,
	FAULT_NOT_JSON,
	FAULT_BAD_FIELDS,
	FAULT_TOO_LARGE,
	FAULT_ORIGIN,
	FAULT_LOGIN_FIRST,
	FAULT_CSRF,
	FAULT_NOT_YOURS,
	FAULT_NOT_READY,
	FAULT_BUSY,
	FAULT_NO_ANSWER,
	FAULT_CLOSING,
};

/* Adds the security headers; returns the response. */
struct MHD_Response *reply_secure(struct MHD_Response *response);
/* Queues a JSON body (takes the reference) that no cache keeps; `cookie` is a whole Set-Cookie value or NULL. */
enum MHD_Result reply_json(struct MHD_Connection *connection, unsigned status, json_t *body, const char *cookie);
/* A fault as {"code","error":{"ja","en"}}. */
enum MHD_Result reply_fault(struct MHD_Connection *connection, enum fault fault);
/* A fault as a small page, for what a person typed into the address bar. */
enum MHD_Result reply_fault_page(struct MHD_Connection *connection, enum fault fault);
/* The orchestrator's refusal ({"ok":false,"code","error","retry_s"}), with the status that fits; `denied` is the one for
 * "denied". */
enum MHD_Result reply_refusal(struct MHD_Connection *connection, const json_t *answer, unsigned denied);
enum MHD_Result reply_redirect(struct MHD_Connection *connection, const char *location);

#endif
