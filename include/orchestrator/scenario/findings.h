/*
 * What is wrong with a scenario, collected while the loader goes on: errors and warnings with their positions. At the end they
 * are sorted by file (in order of reading), line and column and printed with the source line and a caret.
 */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_FINDINGS_H
#define TORIDE_ORCHESTRATOR_SCENARIO_FINDINGS_H

#include "orchestrator/scenario.h"

/* A file that was read. `name` is shown, and is what struct position points to. */
struct source {
	char *name;
	char *text; /* ends with NUL; what is in it is not yet known to be UTF-8 */
	size_t length;
};

struct findings;

struct findings *findings_create(void);
void findings_destroy(struct findings *findings); /* NULL is fine */

/* Sources are borrowed until findings_render(). The order of adding is the order of files in the output. */
void findings_source(struct findings *findings, const struct source *source);

void findings_error(struct findings *findings, const struct position *position, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void findings_warning(struct findings *findings, const struct position *position, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

size_t findings_errors(const struct findings *findings);
/* So many already that one more is only counted: not worth searching for the nearest name. */
bool findings_full(const struct findings *findings);

/* Moves everything into *diagnostics (freed by diagnostics_finish). */
void findings_render(struct findings *findings, struct diagnostics *diagnostics);

/* Line and column (from 1, in characters) of a byte of the source. */
struct position source_position(const struct source *source, size_t offset);

/* Where a line (from 1) of the source begins; its end when it has fewer. */
const char *source_line(const struct source *source, int line);

/* The author's text for a message: in backquotes, shortened, without control characters. Caller frees. */
char *quoted(const char *text);

static inline void cleanup_findings_(struct findings **held)
{
	findings_destroy(*held);
}
#define cleanup_findings __attribute__((cleanup(cleanup_findings_)))

#endif
