/* Pieces that several views share. */
#include <cmark.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

json_t *view_text(const struct text *text)
{
	return json_pack("{s:s*, s:s*}", "ja", text->ja, "en", text->en);
}

/* Without CMARK_OPT_UNSAFE raw HTML is left out and links may not run script. */
static char *html_of(const char *markdown)
{
	return markdown ? cmark_markdown_to_html(markdown, strlen(markdown), CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8) : NULL;
}

json_t *view_markdown(const struct text *text)
{
	cleanup_free char *ja = html_of(text->ja), *en = html_of(text->en);
	return json_pack("{s:s*, s:s*}", "ja", ja, "en", en);
}

json_t *view_contact(const struct contact *contact)
{
	return contact ? json_pack("{s:s, s:o}", "id", contact->id, "name", view_text(&contact->name)) : json_null();
}

void view_append(json_t *list, json_t *entry, size_t max)
{
	json_array_append_new(list, entry);
	if (json_array_size(list) > max)
		json_array_remove(list, 0);
}

json_t *view_last(const json_t *list, size_t max)
{
	size_t count = json_array_size(list);
	json_t *last = json_array();
	for (size_t i = count > max ? count - max : 0; i < count; i++)
		json_array_append(last, json_array_get(list, i));
	return last;
}

void view_copy(json_t *to, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_set(to, *keys, json_object_get(from, *keys));
}
