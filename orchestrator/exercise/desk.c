#include "orchestrator/exercise/desk.h"

#include <inttypes.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/exercise/turn.h"

enum { WORD_SHOWN_MAX = 40 }; /* of what somebody sent, in our answer */

/* How many bytes of it we show: whole characters. */
static int shown(const char *word)
{
	size_t length = strnlen(word, WORD_SHOWN_MAX + 1);
	if (length > WORD_SHOWN_MAX)
		for (length = WORD_SHOWN_MAX; length > 0 && ((unsigned char)word[length] & 0xc0) == 0x80;)
			length--;
	return (int)length;
}

/* Refuses keys that the command does not take. `known`: NULL-ended. */
static int check_keys(const json_t *object, const char *const *known, struct error **err)
{
	const char *key;
	json_t *value;
	if (!json_is_object(object))
		return error_set_texts(err, "指示の内容は、項目の組(オブジェクト)で送ってください。",
				       "what goes with the command must be an object");
	json_object_foreach ((json_t *)object, key, value) {
		const char *const *at = known;
		while (*at && strcmp(*at, key) != 0)
			at++;
		if (!*at)
			return error_set_texts(err, "'%.*s' という項目はありません。", "there is no field '%.*s' here",
					       shown(key), key);
	}
	return 0;
}
#define CHECK_KEYS(object, err, ...) check_keys(object, (const char *const[]){__VA_ARGS__, NULL}, err)

static const char *get_word(const json_t *args, const char *key, struct error **err)
{
	const char *word = json_string_value(json_object_get(args, key));
	if (!word)
		error_set_texts(err, "'%s' がないか、文字列ではありません。", "'%s' is missing, or is not a text", key);
	return word;
}

static int get_integer(const json_t *args, const char *key, int64_t least, int64_t most, int64_t *value, struct error **err)
{
	const json_t *found = json_object_get(args, key);
	if (!json_is_integer(found) || json_integer_value(found) < least || json_integer_value(found) > most)
		return error_set_texts(err, "'%s' は %" PRId64 " から %" PRId64 " までの整数にしてください。",
				       "'%s' must be a whole number from %" PRId64 " to %" PRId64, key, least, most);
	*value = json_integer_value(found);
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Without the spaces around it. Control characters would let one person's text write over another's terminal or log line. */
static int clean_text(const char *name, const json_t *value, json_t **cleaned, struct error **err)
{
	const char *text = json_string_value(value);
	if (!text)
		return error_set_texts(err, "'%.*s' は文字列にしてください。", "'%.*s' must be a text", shown(name), name);
	size_t length = json_string_length(value);
	if (length > DESK_TEXT_MAX_BYTES)
		return error_set_texts(err, "'%.*s' が長すぎます。%d バイトまでにしてください(日本語は 1 文字 3 バイト)。",
				       "'%.*s' is too long: %d bytes are allowed", shown(name), name, DESK_TEXT_MAX_BYTES);
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < 0x20 && !is_space(text[i])) || text[i] == 0x7f)
			return error_set_texts(err, "'%.*s' に制御文字が入っています。取り除いてください。",
					       "'%.*s' holds a control character; take it out", shown(name), name);
	while (length > 0 && is_space(*text)) {
		text++;
		length--;
	}
	while (length > 0 && is_space(text[length - 1]))
		length--;
	*cleaned = json_stringn(text, length);
	return 0;
}

/* A list without its empty texts and without repeats, in the order given. */
static int clean_list(const char *name, const json_t *value, json_t **cleaned, struct error **err)
{
	if (json_array_size(value) > DESK_LIST_MAX)
		return error_set_texts(err, "'%.*s' の件数が多すぎます。%d 件までにしてください。",
				       "'%.*s' has too many entries: %d are allowed", shown(name), name, DESK_LIST_MAX);
	cleanup_json json_t *list = json_array();
	const json_t *entry, *other;
	size_t i, j;
	json_array_foreach ((json_t *)value, i, entry) {
		cleanup_json json_t *text = NULL;
		if (clean_text(name, entry, &text, err) < 0)
			return -1;
		bool wanted = json_string_length(text) > 0;
		json_array_foreach (list, j, other)
			wanted = wanted && !json_equal(other, text);
		if (wanted)
			json_array_append(list, text);
	}
	*cleaned = steal(&list);
	return 0;
}

static bool is_empty(const json_t *value)
{
	return !value || json_string_length(value) + json_array_size(value) == 0;
}

static size_t text_bytes(const json_t *value)
{
	const json_t *entry;
	size_t i, bytes = json_string_length(value);
	json_array_foreach ((json_t *)value, i, entry)
		bytes += json_string_length(entry);
	return bytes;
}

/* Every value of the object cleaned; an empty one counts as not given. */
static int clean_values(const json_t *values, json_t **cleaned, struct error **err)
{
	cleanup_json json_t *object = json_object();
	size_t bytes = 0;
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)values, name, value) {
		cleanup_json json_t *clean = NULL;
		int done = json_is_array(value) ? clean_list(name, value, &clean, err) : clean_text(name, value, &clean, err);
		if (done < 0)
			return -1;
		bytes += text_bytes(clean);
		if (!is_empty(clean))
			json_object_set(object, name, clean);
	}
	if (bytes > DESK_VALUES_MAX_BYTES)
		return error_set_texts(err, "全体が長すぎます。合計 %d KiB までにしてください。",
				       "this is too long: %d KiB in all are allowed", DESK_VALUES_MAX_BYTES >> 10);
	*cleaned = steal(&object);
	return 0;
}

static const struct objective *get_objective(const struct scenario *scenario, const json_t *args, struct error **err)
{
	const char *id = get_word(args, "objective", err);
	const struct objective *objective = id ? scenario_objective(scenario, id) : NULL;
	if (id && !objective)
		error_set_texts(err, "'%.*s' という目標はありません。", "there is no objective '%.*s'", shown(id), id);
	return objective;
}

static const struct duty *get_duty(const struct scenario *scenario, const json_t *args, struct error **err)
{
	const char *id = get_word(args, "duty", err);
	const struct duty *duty = id ? scenario_duty(scenario, id) : NULL;
	if (id && !duty)
		error_set_texts(err, "この演習に '%.*s' という報告の義務はありません。",
				"no report '%.*s' is due in this exercise", shown(id), id);
	return duty;
}

/* A claim is compared as a whole: half of it would count as a wrong one. `measure`, what was done, goes with every objective. */
static int check_claim_fields(const struct objective *objective, const json_t *value, struct error **err)
{
	cleanup_free const char **known = xcalloc(objective->fields_count + 2, sizeof *known);
	for (size_t i = 0; i < objective->fields_count; i++)
		known[i] = objective->fields[i].name;
	known[objective->fields_count] = "measure";
	known[objective->fields_count + 1] = NULL;
	if (check_keys(value, known, err) < 0)
		return -1;
	for (size_t i = 0; i < objective->fields_count; i++)
		if (!json_object_get(value, known[i]))
			return error_set_texts(err, "'%s' がありません。この目標の項目をすべて記入してください。",
					       "'%s' is missing: fill in every field of this claim", known[i]);
	if (json_object_size(value) == 0)
		return error_set_texts(err, "内容が空です。'measure' に、行ったことを書いてください。",
				       "the claim is empty; write in 'measure' what you did");
	return 0;
}

int desk_claim(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	if (CHECK_KEYS(args, err, "objective", "value") < 0)
		return -1;
	const struct objective *objective = get_objective(scenario, args, err);
	if (!objective)
		return -1;
	const json_t *given = json_object_get(args, "value");
	cleanup_json json_t *value = NULL;
	if (!json_is_object(given))
		return error_set_texts(err, "'value' は、項目と文字列の組(オブジェクト)にしてください。",
				       "'value' must be an object: field and text");
	if (clean_values(given, &value, err) < 0 || check_claim_fields(objective, value, err) < 0)
		return -1;
	*body = json_pack("{s:s, s:O}", "objective", objective->id, "value", value);
	return 0;
}

static int check_report_fields(const struct duty *duty, const json_t *fields, struct error **err)
{
	cleanup_free const char **known = xcalloc(duty->fields_count + 1, sizeof *known);
	for (size_t i = 0; i < duty->fields_count; i++)
		known[i] = duty->fields[i].name;
	known[duty->fields_count] = NULL;
	if (check_keys(fields, known, err) < 0)
		return -1;
	for (size_t i = 0; i < duty->fields_count; i++)
		if (duty->fields[i].required && !json_object_get(fields, known[i]))
			return error_set_texts(err, "'%s' がありません。この報告に必要です%s%.0s。",
					       "'%s' is missing: this report needs it%.0s%s", known[i],
					       duty->final ? "" : "(「調査中」も答えです)",
					       duty->final ? "" : " (\"unknown, under investigation\" is an answer, too)");
	return json_object_size(fields) > 0 ? 0 : error_set_texts(err, "報告の内容が空です。", "the report is empty");
}

int desk_report(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	if (CHECK_KEYS(args, err, "duty", "fields") < 0)
		return -1;
	const struct duty *duty = get_duty(scenario, args, err);
	if (!duty)
		return -1;
	const json_t *given = json_object_get(args, "fields");
	cleanup_json json_t *fields = NULL;
	if (!json_is_object(given))
		return error_set_texts(err, "'fields' は、項目と文字列の組(オブジェクト)にしてください。",
				       "'fields' must be an object: field and text");
	if (clean_values(given, &fields, err) < 0 || check_report_fields(duty, fields, err) < 0)
		return -1;
	*body = json_pack("{s:s, s:O}", "duty", duty->id, "fields", fields);
	return 0;
}

int desk_hint(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	int64_t hint = 0;
	if (CHECK_KEYS(args, err, "objective", "hint") < 0)
		return -1;
	const struct objective *objective = get_objective(scenario, args, err);
	if (!objective)
		return -1;
	if (objective->hints_count == 0)
		return error_set_texts(err, "目標 '%s' にヒントはありません。", "there is no hint for '%s'", objective->id);
	if (get_integer(args, "hint", 0, (int64_t)objective->hints_count - 1, &hint, err) < 0)
		return -1;
	*body = json_pack("{s:s, s:I}", "objective", objective->id, "hint", (json_int_t)hint);
	return 0;
}

int desk_inject(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	if (CHECK_KEYS(args, err, "team", "inject") < 0)
		return -1;
	const char *id = get_word(args, "inject", err);
	if (!id)
		return -1;
	if (!scenario_inject(scenario, id))
		return error_set_texts(err, "'%.*s' という連絡はありません。", "there is no inject '%.*s'", shown(id), id);
	*body = json_pack("{s:s}", "inject", id);
	return 0;
}

/* With an objective it marks that one, which must be of the kind that a person marks; without, the whole result. */
int desk_adjust(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	int64_t points = 0;
	cleanup_json json_t *reason = NULL;
	const struct objective *objective = NULL;
	if (CHECK_KEYS(args, err, "team", "objective", "points_milli", "reason") < 0)
		return -1;
	if (json_object_get(args, "objective") && !(objective = get_objective(scenario, args, err)))
		return -1;
	if (objective && objective->kind != OBJECTIVE_MANUAL)
		return error_set_texts(
			err, "'%s' は教官が採点する目標ではありません。全体を調整するには 'objective' を省いてください。",
			"'%s' is not marked by hand; leave 'objective' out to adjust the whole result", objective->id);
	if (get_integer(args, "points_milli", -DESK_POINTS_MAX_MILLI, DESK_POINTS_MAX_MILLI, &points, err) < 0 ||
	    clean_text("reason", json_object_get(args, "reason"), &reason, err) < 0)
		return -1;
	if (points == 0 && !objective)
		return error_set_texts(err, "'points_milli' が 0 です。何も変わりません。",
				       "'points_milli' is 0: nothing would change");
	if (is_empty(reason))
		return error_set_texts(err, "'reason' が空です。チームが読む理由を書いてください。",
				       "'reason' is empty: the team will read why");
	*body = json_pack("{s:I, s:O, s:s*}", "points_milli", (json_int_t)points, "reason", reason, "objective",
			  objective ? objective->id : NULL);
	return 0;
}

int desk_grade(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	int64_t percent = 0;
	if (CHECK_KEYS(args, err, "team", "duty", "percent") < 0)
		return -1;
	const struct duty *duty = get_duty(scenario, args, err);
	if (!duty || get_integer(args, "percent", 0, 100, &percent, err) < 0)
		return -1;
	*body = json_pack("{s:s, s:I}", "duty", duty->id, "percent", (json_int_t)percent);
	return 0;
}

static void add_name(char **names, const char *name)
{
	char *longer = xasprintf("%s%s%s", *names, **names ? ", " : "", name);
	free(*names);
	*names = longer;
}

static int no_host(const struct scenario *scenario, const char *name, struct error **err)
{
	cleanup_free char *names = xstrdup("");
	for (size_t i = 0; i < scenario->hosts_count; i++)
		add_name(&names, scenario->hosts[i].name);
	return error_set_texts(err, "'%.*s' というホストはありません。あるのは %s です。",
			       "there is no host '%.*s'; there are %s", shown(name), name, names);
}

static int not_on_network(const struct host *host, const char *network, struct error **err)
{
	cleanup_free char *names = xstrdup("");
	for (size_t i = 0; i < host->nics_count; i++)
		add_name(&names, host->nics[i].network->name);
	return error_set_texts(err, "'%s' はネットワーク '%.*s' につながっていません。つながっているのは %s です。",
			       "'%s' is not on a network '%.*s'; it is on %s", host->name, shown(network), network, names);
}

int desk_plug(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	if (CHECK_KEYS(args, err, "team", "host", "network") < 0)
		return -1;
	const char *name = get_word(args, "host", err);
	if (!name)
		return -1;
	const struct host *host = scenario_host(scenario, name);
	if (!host)
		return no_host(scenario, name, err);
	const char *network = json_object_get(args, "network") ? get_word(args, "network", err) : "";
	if (!network)
		return -1;
	bool is_there = !*network;
	for (size_t i = 0; i < host->nics_count; i++)
		is_there = is_there || strcmp(host->nics[i].network->name, network) == 0;
	if (!is_there)
		return not_on_network(host, network, err);
	*body = json_pack("{s:s, s:s*}", "host", host->name, "network", *network ? network : NULL);
	return 0;
}

int desk_reset(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	if (CHECK_KEYS(args, err, "team", "host") < 0)
		return -1;
	const char *name = json_object_get(args, "host") ? get_word(args, "host", err) : "";
	if (!name)
		return -1;
	if (*name && !scenario_host(scenario, name))
		return no_host(scenario, name, err);
	*body = json_pack("{s:s*}", "host", *name ? name : NULL);
	return 0;
}

int desk_npc(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	(void)scenario;
	int64_t percent;
	if (args && CHECK_KEYS(args, err, "team", "percent") < 0)
		return -1;
	if (json_object_get(args, "percent")) {
		if (get_integer(args, "percent", 0, LOAD_MAX_PERCENT, &percent, err) < 0)
			return -1;
		*body = json_pack("{s:I}", "percent", (json_int_t)percent);
	} else {
		*body = json_object();
	}
	return 0;
}

int desk_clock(const struct scenario *scenario, const json_t *args, json_t **body, struct error **err)
{
	(void)scenario;
	if (args && CHECK_KEYS(args, err, "team") < 0)
		return -1;
	*body = json_object();
	return 0;
}

int desk_team(const json_t *args, int teams, bool optional, int *team, struct error **err)
{
	int64_t number = 0;
	if (!optional || json_object_get(args, "team"))
		if (get_integer(args, "team", 1, teams, &number, err) < 0)
			return -1;
	*team = (int)number;
	return 0;
}

int desk_rate_take(struct desk_rate *rate, int64_t now_us, struct error **err)
{
	const int64_t minute_us = 60 * INT64_C(1000000), one_us = minute_us / DESK_RATE_PER_MINUTE;
	const int64_t refilled = now_us - rate->at_us;
	rate->spent_us = refilled >= rate->spent_us ? 0 : rate->spent_us - refilled;
	rate->at_us = now_us;
	const int64_t over_us = rate->spent_us + one_us - minute_us;
	if (over_us > 0) {
		error_set_texts(err, "送信が多すぎます。1 チームにつき 1 分に %d 回までです。",
				"too many at once: a team has %d a minute.", DESK_RATE_PER_MINUTE);
		return error_retry(err, (over_us + 999) / 1000);
	}
	rate->spent_us += one_us;
	return 0;
}
