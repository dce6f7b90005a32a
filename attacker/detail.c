/* What a tool said last, for a step's detail. Pure. */
#include <string.h>

#include "attacker/engine.h"
#include "common/alloc.h"
#include "common/cleanup.h"

static size_t line_length(const char *line)
{
	return strcspn(line, "\r\n");
}

char *last_line(const char *text)
{
	const char *last = NULL;
	for (const char *line = text; line && *line; line += line_length(line), line += strspn(line, "\r\n"))
		if (strspn(line, " \t") < line_length(line))
			last = line;
	if (!last)
		return NULL;
	size_t length = line_length(last);
	if (length > DETAIL_MAX)
		for (length = DETAIL_MAX; length > 0 && ((unsigned char)last[length] & 0xc0) == 0x80;)
			length--; /* not in the middle of a UTF-8 character */
	char *copy = xstrndup(last, length);
	/* Whatever a tool printed goes into the journal: as JSON text it must be valid, and harmless on a terminal. */
	cleanup_json json_t *valid = json_string(copy);
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || (!valid && (unsigned char)*c >= 0x80))
			*c = '?';
	return copy;
}
