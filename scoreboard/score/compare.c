#include "scoreboard/compare.h"

#include <ctype.h>
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/digest.h"
#include "orchestrator/scenario/value.h"

enum { WORDS_MAX = 1000 }; /* of one answer; the desk allows 32 texts */

/* ---- texts ---- */

static bool starts(const unsigned char *text, const char *with)
{
	return strncmp((const char *)text, with, strlen(with)) == 0;
}

/* Lower case; full-width ASCII (U+FF01..U+FF5E) and space (U+3000) made plain; "、" and "，" become commas; "[.]" a dot. Caller
 * frees. */
static char *normalise(const char *text)
{
	char *plain = xcalloc(strlen(text) + 1, 1), *end = plain;
	const unsigned char *from = (const unsigned char *)text;
	while (*from) {
		if (from[0] == 0xef && (from[1] == 0xbc || from[1] == 0xbd) && from[2] >= 0x80) {
			unsigned code = (from[1] == 0xbc ? 0x21u - 1 : 0x60u) + (from[2] - 0x80u);
			bool ascii = code >= 0x21 && code <= 0x7e;
			if (ascii)
				*end++ = (char)tolower((int)code);
			for (int i = 0; !ascii && i < 3; i++)
				*end++ = (char)from[i];
			from += 3;
		} else if (starts(from, "\xe3\x80\x80") || starts(from, "\xe3\x80\x81")) {
			*end++ = from[2] == 0x80 ? ' ' : ',';
			from += 3;
		} else if (starts(from, "[.]")) {
			*end++ = '.';
			from += 3;
		} else {
			*end++ = (char)tolower(*from++);
		}
	}
	return plain;
}

static void add_word(json_t *words, const char *start, size_t length)
{
	while (length > 0 && isspace((unsigned char)*start))
		start++, length--;
	while (length > 0 && isspace((unsigned char)start[length - 1]))
		length--;
	if (length > 0 && json_array_size(words) < WORDS_MAX)
		json_array_append_new(words, json_stringn(start, length));
}

static void add_text(json_t *words, const char *text, bool split)
{
	static const char separators[] = ",; \t\r\n";
	cleanup_free char *plain = normalise(text);
	if (!split) {
		add_word(words, plain, strlen(plain));
		return;
	}
	for (const char *at = plain; *at;) {
		size_t length = strcspn(at, separators);
		add_word(words, at, length);
		at += length + strspn(at + length, separators);
	}
}

static int compare_words(const void *left, const void *right)
{
	return strcmp(json_string_value(*(json_t *const *)left), json_string_value(*(json_t *const *)right));
}

/* Takes the list over; gives it back sorted, each text once. */
static json_t *sorted_once(json_t *words)
{
	cleanup_json json_t *owned = words;
	size_t count = json_array_size(owned);
	if (count < 2)
		return json_incref(owned);
	cleanup_free json_t **items = xcalloc(count, sizeof *items);
	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(owned, i);
	qsort(items, count, sizeof *items, compare_words);
	json_t *sorted = json_array();
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare_words(&items[i - 1], &items[i]) != 0)
			json_array_append(sorted, items[i]);
	return sorted;
}

json_t *answer_words(const json_t *value, bool split)
{
	json_t *words = json_array(), *item;
	size_t index;
	if (json_is_string(value))
		add_text(words, json_string_value(value), split);
	json_array_foreach (value, index, item)
		if (json_is_string(item))
			add_text(words, json_string_value(item), split);
	return sorted_once(words);
}

size_t answer_length(const json_t *value)
{
	cleanup_json json_t *words = answer_words(value, false);
	size_t index, length = 0;
	json_t *word;
	json_array_foreach (words, index, word)
		for (const char *at = json_string_value(word); *at; at++)
			length += ((unsigned char)*at & 0xc0) != 0x80;
	return length;
}

bool answer_is_unknown(const json_t *value)
{
	static const char *const unknown[] = {"under investigation",
					      "investigating",
					      "unknown",
					      "not known",
					      "not yet known",
					      "tbd",
					      "不明",
					      "調査中",
					      "確認中",
					      "未確認",
					      "未定",
					      "です",
					      "。"};
	cleanup_json json_t *words = answer_words(value, false);
	size_t index;
	json_t *word;
	json_array_foreach (words, index, word) {
		cleanup_free char *text = xstrdup(json_string_value(word));
		for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
			for (char *at; (at = strstr(text, unknown[i]));)
				memset(at, ' ', strlen(unknown[i]));
		if (text[strspn(text, " \t\r\n,;.:()-/")])
			return false;
	}
	return json_array_size(words) > 0;
}

/* ---- the truth ---- */

static json_t *address_texts(const struct host *host)
{
	json_t *texts = json_array();
	for (size_t i = 0; host && i < host->nics_count; i++) {
		struct address_text buffer;
		json_array_append_new(texts, json_string(address_text(host->nics[i].address, &buffer)));
	}
	return texts;
}

static json_t *one_text(const char *text)
{
	return text ? json_pack("[s]", text) : json_array();
}

json_t *truth_texts(const struct truth *truth)
{
	const struct step *step = truth->step;
	if (!step && json_is_integer(truth->literal)) {
		cleanup_free char *number = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(truth->literal));
		return one_text(number);
	}
	if (truth->secret)
		return json_pack("[o]", json_sprintf("${team.secret.%s}", truth->secret));
	if (!step)
		return answer_words(truth->literal, false);
	switch (truth->key) {
	case TRUTH_HOST:
		return one_text(step->on->name);
	case TRUTH_ADDRESSES: /* of whom the step talks to; of the host itself where it talks to nobody */
		return address_texts(step->to ? step->to : step->on);
	case TRUTH_TECHNIQUE:
		return one_text(step->technique);
	case TRUTH_ACCOUNT:
		return one_text(step->as ? step->as->account : "root");
	case TRUTH_TIME:
		break;
	}
	return json_array();
}

static const char *name_of_address(const struct scenario *scenario, const char *address)
{
	uint32_t number;
	if (!value_address(address, &number))
		return NULL;
	for (size_t h = 0; h < scenario->hosts_count; h++)
		if (scenario_host_has(&scenario->hosts[h], number))
			return scenario->hosts[h].name;
	return NULL;
}

/* Takes the words over; addresses become the names of their hosts. */
static json_t *hosts_named(const struct scenario *scenario, json_t *words)
{
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *name = name_of_address(scenario, json_string_value(json_array_get(words, i)));
		if (name)
			json_array_set_new(words, i, json_string(name));
	}
	return sorted_once(words);
}

/* ---- answers ---- */

bool question_asks_time(const struct question *question)
{
	return question->match == MATCH_TIME || (question->truth->step && question->truth->key == TRUTH_TIME);
}

/* "HH:MM:SS" on the exercise clock. "HH:MM" too, or, where that would be after the end of the exercise, "MM:SS". */
static int64_t read_time(const struct scenario *scenario, const char *text)
{
	unsigned parts[3];
	int end = 0, count = 1;
	if (sscanf(text, "%4u%n", &parts[0], &end) != 1 || !isdigit((unsigned char)text[0]))
		return ANSWER_SENSELESS;
	for (; count < 3 && text[end] == ':' && isdigit((unsigned char)text[end + 1]); count++) {
		int more = 0;
		if (sscanf(text + end, ":%2u%n", &parts[count], &more) != 1 || parts[count] > 59)
			return ANSWER_SENSELESS;
		end += more;
	}
	if (text[end] || count < 2)
		return ANSWER_SENSELESS;
	int64_t number = (int64_t)parts[0] * 60 + parts[1]; /* minutes or seconds */
	if (count == 3)
		return (number * 60 + parts[2]) * 1000;
	return number * 60000 <= scenario->duration_ms ? number * 60000 : number * 1000;
}

static int64_t time_given(const struct scenario *scenario, const json_t *value)
{
	cleanup_json json_t *words = answer_words(value, false);
	if (json_array_size(words) == 0)
		return ANSWER_EMPTY;
	return json_array_size(words) == 1 ? read_time(scenario, json_string_value(json_array_get(words, 0))) : ANSWER_SENSELESS;
}

static size_t common_words(const json_t *left, const json_t *right)
{
	size_t hits = 0, l, r;
	json_t *a, *b;
	json_array_foreach (left, l, a) {
		json_array_foreach (right, r, b) {
			if (json_equal(a, b)) {
				hits++;
				break;
			}
		}
	}
	return hits;
}

/* Exact: all or nothing. Set: F1 = 2 hits / (given + true), the harmonic mean of precision and recall; nothing when less than
 * half of what is given is true. */
static int share_of(enum match match, const json_t *given, const json_t *truth)
{
	size_t hits = common_words(given, truth), given_count = json_array_size(given), truth_count = json_array_size(truth);
	if (match == MATCH_SET && 2 * hits >= given_count)
		return (int)(2 * hits * SHARE_FULL / (given_count + truth_count));
	return hits == given_count && hits == truth_count ? SHARE_FULL : 0;
}

int64_t digest_number(const char *text)
{
	enum { DIGITS = 15 };
	char digits[DIGITS + 1] = "";
	memcpy(digits, text, strnlen(text, DIGITS));
	return strspn(digits, "0123456789abcdef") == DIGITS ? (int64_t)strtoll(digits, NULL, 16) : -1;
}

static int64_t secret_given(const char *name, const json_t *value)
{
	cleanup_json json_t *words = answer_words(value, false);
	char digest[DIGEST_TEXT_SIZE];
	if (json_array_size(words) != 1)
		return json_array_size(words) == 0 ? ANSWER_EMPTY : ANSWER_SENSELESS;
	digest_secret(name, json_string_value(json_array_get(words, 0)), digest);
	return digest_number(digest);
}

int64_t answer_read(const struct scenario *scenario, const struct question *question, const json_t *value)
{
	if (question_asks_time(question))
		return time_given(scenario, value);
	if (question->truth->secret)
		return secret_given(question->truth->secret, value);
	json_t *words = answer_words(value, question->match == MATCH_SET);
	if (json_array_size(words) == 0) {
		json_decref(words);
		return ANSWER_EMPTY;
	}
	bool host = question->truth->step && question->truth->key == TRUTH_HOST;
	cleanup_json json_t *given = host ? hosts_named(scenario, words) : words;
	cleanup_json json_t *texts = truth_texts(question->truth);
	cleanup_json json_t *truth = answer_words(texts, false); /* the same form as what is given */
	return share_of(question->match, given, truth);
}

int answer_share(const struct scenario *scenario, const struct question *question, int64_t answer, int64_t expected)
{
	if (answer < 0)
		return 0;
	const struct truth *truth = question->truth;
	if (truth->secret)
		return answer == expected ? SHARE_FULL : 0;
	if (!question_asks_time(question))
		return (int)answer;
	if (!truth->step)
		expected = json_is_integer(truth->literal) ? json_integer_value(truth->literal)
							   : time_given(scenario, truth->literal);
	int64_t distance = answer > expected ? answer - expected : expected - answer;
	return distance <= question->tolerance_ms ? SHARE_FULL : 0;
}
