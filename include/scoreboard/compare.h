/*
 * What a trainee wrote against the truth. Pure; nothing here knows of teams or time limits.
 *
 * Texts are compared without regard to case, spaces around them, full-width forms (１０．１ is 10.1) and the brackets of defanged indicators
 * (203[.]0[.]113[.]66). A host may be given by its name or any of its addresses. A time
 * is "HH:MM:SS" on the exercise clock, or "HH:MM", or "MM:SS" where that would be after the end of the exercise.
 */
#ifndef TORIDE_SCOREBOARD_COMPARE_H
#define TORIDE_SCOREBOARD_COMPARE_H

#include "orchestrator/scenario.h"

enum { SHARE_FULL = 1000 }; /* shares are whole thousandths */

/* A field of a claim or a report: what is asked, and how an answer is measured. */
struct question {
	const struct truth *truth;
	enum match match;
	int64_t tolerance_ms;
};

/* An answer, read once: for questions of time the exercise time in ms, for a team's secret what digest_number() makes of its digest, for all
 * others the share 0..SHARE_FULL; or one of these: */
enum { ANSWER_EMPTY = -1, ANSWER_SENSELESS = -2 /* a time was asked, and this is none */ };

/* `value`: text or list of texts; NULL is empty. */
int64_t answer_read(const struct scenario *scenario, const struct question *question, const json_t *value);

/* 0..SHARE_FULL. `expected`: when the question's step began, or the digest_number() of the team's secret; other questions do not use it. */
int answer_share(const struct scenario *scenario, const struct question *question, int64_t answer, int64_t expected);

/* 60 bits of a digest in hex (digest_secret()): enough to know a secret again. Not negative; -1: it is none. */
int64_t digest_number(const char *text);

bool question_asks_time(const struct question *question);

/* The truth of any question that asks no time, as texts to show to an instructor. New reference (a list). */
json_t *truth_texts(const struct truth *truth);

/* The value's texts, normalised, sorted, each once; `split`: one text may hold several (by comma or space). New reference. */
json_t *answer_words(const json_t *value, bool split);

/* "不明", "調査中", "unknown, under investigation" and their like, with nothing else. */
bool answer_is_unknown(const json_t *value);

/* Characters (not bytes) that are no spaces at either end. */
size_t answer_length(const json_t *value);

#endif
