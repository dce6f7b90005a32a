#include "orchestrator/scenario/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/limits.h"

struct finding {
	size_t source; /* index; sources_count: a file that could not be read */
	struct position position;
	bool is_error;
	char *text;
	size_t order; /* of finding: keeps the sort stable */
};

struct findings {
	const struct source **sources;
	size_t sources_count;
	struct finding *items;
	size_t items_count;
	size_t errors, warnings;
};

struct findings *findings_create(void)
{
	return xcalloc(1, sizeof(struct findings));
}

void findings_destroy(struct findings *findings)
{
	if (!findings)
		return;
	for (size_t i = 0; i < findings->items_count; i++)
		free(findings->items[i].text);
	free(findings->items);
	free(findings->sources);
	free(findings);
}

void findings_source(struct findings *findings, const struct source *source)
{
	*array_add(&findings->sources, &findings->sources_count) = source;
}

static size_t source_of(const struct findings *findings, const struct position *position)
{
	size_t i = 0;
	while (i < findings->sources_count && findings->sources[i]->name != position->file)
		i++;
	return i;
}

__attribute__((format(printf, 4, 0))) static void add(struct findings *findings, bool is_error, const struct position *position,
						      const char *format, va_list arguments)
{
	*(is_error ? &findings->errors : &findings->warnings) += 1;
	if (findings_full(findings))
		return;
	struct finding *finding = array_add(&findings->items, &findings->items_count);
	*finding = (struct finding){.source = source_of(findings, position),
				    .position = *position,
				    .is_error = is_error,
				    .order = findings->items_count};
	if (vasprintf(&finding->text, format, arguments) < 0)
		abort();
}

void findings_error(struct findings *findings, const struct position *position, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(findings, true, position, format, arguments);
	va_end(arguments);
}

void findings_warning(struct findings *findings, const struct position *position, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(findings, false, position, format, arguments);
	va_end(arguments);
}

size_t findings_errors(const struct findings *findings)
{
	return findings->errors;
}

bool findings_full(const struct findings *findings)
{
	return findings->items_count >= LIMIT_FINDINGS;
}

static int compare(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->position.line != b->position.line)
		return a->position.line - b->position.line;
	if (a->position.column != b->position.column)
		return a->position.column - b->position.column;
	return a->order < b->order ? -1 : 1;
}

/* What an alias stands for is judged wherever it is used: said once. */
static void drop_repeated(struct findings *findings)
{
	size_t kept = 0;
	for (size_t i = 0; i < findings->items_count; i++) {
		struct finding *finding = &findings->items[i];
		const struct finding *before = kept > 0 ? &findings->items[kept - 1] : NULL;
		bool repeated = before && before->source == finding->source && before->position.line == finding->position.line &&
				before->position.column == finding->position.column && strcmp(before->text, finding->text) == 0;
		if (repeated) {
			*(finding->is_error ? &findings->errors : &findings->warnings) -= 1;
			free(finding->text);
		} else {
			findings->items[kept++] = *finding;
		}
	}
	findings->items_count = kept;
}

/* ---- the source line ---- */

/* The line breaks of YAML 1.1, as libyaml counts them: LF, CR, CRLF, NEL, LS, PS. Returns the length of the break at `at`, or 0.
 */
static size_t break_length(const char *at, const char *end)
{
	size_t left = (size_t)(end - at);
	if (left >= 2 && memcmp(at, "\r\n", 2) == 0)
		return 2;
	if (*at == '\n' || *at == '\r')
		return 1;
	if (left >= 2 && memcmp(at, "\xc2\x85", 2) == 0)
		return 2;
	if (left >= 3 && (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0))
		return 3;
	return 0;
}

static const char *line_end(const char *at, const char *end)
{
	while (at < end && break_length(at, end) == 0)
		at++;
	return at;
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

struct position source_position(const struct source *source, size_t offset)
{
	struct position position = {.file = source->name, .line = 1, .column = 1};
	const char *end = source->text + source->length;
	const char *stop = source->text + (offset < source->length ? offset : source->length);
	for (const char *at = source->text; at < stop;) {
		size_t broken = break_length(at, end);
		if (broken > 0) {
			position.line++;
			position.column = 1;
			at += broken;
		} else if (begins_character(*at++)) {
			position.column++;
		}
	}
	return position;
}

const char *source_line(const struct source *source, int line)
{
	const char *at = source->text, *end = source->text + source->length;
	for (; line > 1 && at < end; line--) {
		at = line_end(at, end);
		at += at < end ? break_length(at, end) : 0;
	}
	return at;
}

/* Length of the UTF-8 character at `at`; 0 when it is none. `code` gets its code point. */
static size_t character_length(const char *at, const char *end, unsigned *code)
{
	const unsigned char *bytes = (const unsigned char *)at;
	size_t length = *bytes < 0x80 ? 1 : *bytes < 0xc2 ? 0 : *bytes < 0xe0 ? 2 : *bytes < 0xf0 ? 3 : *bytes < 0xf5 ? 4 : 0;
	if (length == 0 || (size_t)(end - at) < length)
		return 0;
	unsigned value = length == 1 ? *bytes : *bytes & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	*code = value;
	return length;
}

/* Two columns wide in a terminal (the great blocks of Unicode's East Asian Width; enough to put a caret in its place). */
static bool is_wide(unsigned code)
{
	return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
	       (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
	       (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
}

/* Writes one character as a terminal may safely show it, or `blank`s of its width. Returns where the next begins. */
static const char *print_character(FILE *out, const char *at, const char *end, bool blank)
{
	unsigned code = 0;
	size_t length = character_length(at, end, &code);
	bool printable = length > 0 && code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0) &&
			 !(code >= 0x200b && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e) &&
			 !(code >= 0x2066 && code <= 0x2069);
	if (blank)
		fputs(printable && is_wide(code) ? "  " : " ", out);
	else if (printable)
		fwrite(at, 1, length, out);
	else
		fputs(code == '\t' ? " " : "?", out);
	return at + (length ? length : 1);
}

static const char *skip_characters(const char *at, const char *end, int count)
{
	unsigned code;
	while (count-- > 0 && at < end) {
		size_t length = character_length(at, end, &code);
		at += length ? length : 1;
	}
	return at;
}

static void print_source_line(FILE *out, const struct source *source, struct position position)
{
	const char *at = source_line(source, position.line);
	const char *end = line_end(at, source->text + source->length);
	/* Of a long line, the part around the fault. */
	int first = position.column > LIMIT_SHOWN_COLUMNS - 20 ? position.column - LIMIT_SHOWN_COLUMNS / 2 : 1;
	at = skip_characters(at, end, first - 1);
	fprintf(out, "%5d | %s", position.line, first > 1 ? "..." : "");
	const char *shown = at;
	for (int column = 0; shown < end && column < LIMIT_SHOWN_COLUMNS; column++)
		shown = print_character(out, shown, end, false);
	fprintf(out, "%s\n      | %s", shown < end ? "..." : "", first > 1 ? "   " : "");
	for (int column = first; column < position.column && at < end; column++)
		at = print_character(out, at, end, true);
	fputs("^\n", out);
}

void findings_render(struct findings *findings, struct diagnostics *diagnostics)
{
	size_t size;
	cleanup_free char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		abort();
	if (findings->items_count > 0)
		qsort(findings->items, findings->items_count, sizeof *findings->items, compare);
	drop_repeated(findings);
	for (size_t i = 0; i < findings->items_count && i < LIMIT_FINDINGS_SHOWN; i++) {
		const struct finding *finding = &findings->items[i];
		fprintf(out, "%s:%d:%d: %s: %s\n", finding->position.file, finding->position.line, finding->position.column,
			finding->is_error ? "error" : "warning", finding->text);
		if (finding->source < findings->sources_count)
			print_source_line(out, findings->sources[finding->source], finding->position);
	}
	size_t all = findings->errors + findings->warnings;
	if (all > LIMIT_FINDINGS_SHOWN)
		fprintf(out, "... and %zu more, not shown; mend these first\n", all - LIMIT_FINDINGS_SHOWN);
	fclose(out);
	*diagnostics = (struct diagnostics){.errors = findings->errors, .warnings = findings->warnings, .text = steal(&text)};
}

void diagnostics_finish(struct diagnostics *diagnostics)
{
	free(diagnostics->text);
	*diagnostics = (struct diagnostics){0};
}

char *quoted(const char *text)
{
	size_t size;
	char *result = NULL;
	FILE *out = open_memstream(&result, &size);
	if (!out)
		abort();
	const char *end = text + strlen(text), *at = text;
	fputc('`', out);
	while (at < end && at - text < LIMIT_QUOTE_BYTES)
		at = print_character(out, at, end, false);
	fputs(at < end ? "...`" : "`", out);
	fclose(out);
	return result;
}
