/*
 * What the engine and the two guest programs (beacon, C&C server) agree on: places, limits, and which texts may pass.
 *
 * The engine speaks with the C&C server out of band, through files in C2_FOLDER, each made under another name and renamed:
 *     tasks/BEACON@TASK.json      engine -> C&C: {"task","ability","args":{},"timeout_ms"}; renamed to taken/ when handed out
 *     results/TASK.json           C&C -> engine: {"task","status","output"}
 *     uploads/TASK@NAME           C&C -> engine: what the beacon's host sent
 *     beacons/BEACON              C&C -> engine: "COUNT UNIX_SECONDS\n", its polls so far and the last one
 *     lures/NAME                  the lures' ability -> C&C
 * The beacon speaks with it over plain HTTP: GET /poll?id=BEACON, POST /result, both with the range's token in RANGE_HEADER;
 * every answer to a poll repeats the token, so that neither ever works with a stranger.
 */
#ifndef TORIDE_ATTACKER_PROTOCOL_H
#define TORIDE_ATTACKER_PROTOCOL_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_FILE "/run/toride/token"
#define C2_FOLDER "/run/toride/c2"
#define ABILITIES_FOLDER "/usr/lib/toride/abilities"
#define RANGE_HEADER "X-Range"
#define TASK_HEADER "X-Task"

enum {
	TOKEN_LENGTH = 64,		 /* lower-case hex digits of 32 random bytes */
	PROTOCOL_NAME_MAX = 64,		 /* ids of abilities, tasks, beacons; names of files */
	PROTOCOL_VALUE_MAX_BYTES = 1024, /* one argument */
	PROTOCOL_ARGS_MAX = 32,		 /* arguments of one task */
	PROTOCOL_TASK_MAX_BYTES = 64 << 10,
	PROTOCOL_OUTPUT_MAX_BYTES = 8 << 10, /* of what an ability printed */
	PROTOCOL_RESULT_MAX_BYTES = 64 << 10,
	PROTOCOL_UPLOAD_MAX_BYTES = 16 << 20,
	PROTOCOL_TIMEOUT_MAX_MS = 10 * 60 * 1000, /* of one task */
	BEACON_SILENCE_MAX_S = 20 * 60,		  /* without an answer of its C&C the beacon stops for good */
	BEACON_INTERVAL_MIN_MS = 500,
	BEACON_INTERVAL_MAX_MS = 10 * 60 * 1000,
};

/* The status of a task that the beacon would not run. */
enum { PROTOCOL_STATUS_REFUSED = 125 };

static inline bool protocol_only(const char *text, const char *allowed)
{
	size_t length = strlen(text);
	return length > 0 && length <= PROTOCOL_NAME_MAX && strspn(text, allowed) == length;
}

#define PROTOCOL_ID_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

/* The id of an ability or a task. */
static inline bool protocol_id(const char *text)
{
	return protocol_only(text, PROTOCOL_ID_CHARACTERS);
}

/* The id of a beacon: HOST.STEP. */
static inline bool protocol_beacon_id(const char *text)
{
	return protocol_only(text, PROTOCOL_ID_CHARACTERS ".") && text[0] != '.';
}

/* A plain file name. */
static inline bool protocol_file_name(const char *text)
{
	return protocol_only(text, PROTOCOL_ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ._") && text[0] != '.';
}

/* An argument's value: nothing that a shell, or a tool's own little language, could read as more than a word. */
static inline bool protocol_value(const char *text)
{
	static const char marks[] = " ._/:@+,=-";
	size_t length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
		if (!letter && !strchr(marks, c))
			return false;
	}
	return length <= PROTOCOL_VALUE_MAX_BYTES;
}

/* The name of an argument's variable: arg_[a-z0-9_]+. */
static inline bool protocol_variable(const char *name)
{
	return strncmp(name, "arg_", 4) == 0 && protocol_only(name + 4, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

static inline bool protocol_token(const char *text)
{
	return strlen(text) == TOKEN_LENGTH && strspn(text, "0123456789abcdef") == TOKEN_LENGTH;
}

/* Reads the range's token; false when there is none, or none that is well formed. */
static inline bool protocol_token_read(char token[TOKEN_LENGTH + 1])
{
	int fd = open(TOKEN_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, token, TOKEN_LENGTH);
	close(fd);
	token[got > 0 ? got : 0] = '\0';
	return protocol_token(token);
}

/* Takes the same time wherever two well-formed tokens differ; what is no token equals nothing. */
static inline bool protocol_token_equal(const char *a, const char *b)
{
	if (!protocol_token(a) || !protocol_token(b))
		return false;
	unsigned char differs = 0;
	for (size_t i = 0; i < TOKEN_LENGTH; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

#endif
