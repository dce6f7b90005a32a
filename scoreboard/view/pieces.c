/* Pieces that several views share. */
#include <cmark.h>
#include <string.h>

#include "common/address.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "scoreboard/view_state.h"

const char *view_body_text(const struct event *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event->body, key));
	return text ? text : "";
}

int64_t view_at_ms(const struct event *event)
{
	return event->at_ms < 0 ? 0 : event->at_ms;
}

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

static const char *network_kind_name(enum network_kind kind)
{
	static const char *const names[] = {[NETWORK_LAN] = "lan", [NETWORK_INTERNET] = "internet", [NETWORK_CLOSED] = "closed"};
	return names[kind];
}

json_t *view_networks(const struct scenario *scenario)
{
	json_t *list = json_array();
	for (size_t i = 0; i < scenario->networks_count; i++) {
		const struct network *network = &scenario->networks[i];
		struct address_text cidr;
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:o, s:s}", "name", network->name, "cidr",
					subnet_text(network->cidr.address, network->cidr.prefix, &cidr), "zone",
					view_text(network->zone.ja || network->zone.en ? &network->zone : &network->label),
					"kind", network_kind_name(network->kind)));
	}
	return list;
}

void view_append(json_t *list, json_t *entry, size_t max)
{
	json_array_append_new(list, entry);
	if (json_array_size(list) > max)
		json_array_remove(list, 0);
}

char *view_cut(const char *text, size_t bytes)
{
	size_t length = strlen(text);
	if (length <= bytes)
		return xstrdup(text);
	length = bytes;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) /* not in the middle of a character */
		length--;
	return xasprintf("%.*s…", (int)length, text);
}

/* A copy whose texts and lists are short. */
static json_t *shortened(const json_t *value)
{
	const char *key;
	json_t *item, *copy = NULL;
	size_t index;
	if (json_is_string(value)) {
		cleanup_free char *text = view_cut(json_string_value(value), VIEW_TEXT_BYTES);
		return json_string(text);
	}
	if (!json_is_object(value) && !json_is_array(value))
		return json_deep_copy(value);
	copy = json_is_object(value) ? json_object() : json_array();
	json_object_foreach ((json_t *)value, key, item)
		json_object_set_new(copy, key, shortened(item));
	json_array_foreach (value, index, item)
		if (index < VIEW_TEXTS_MAX)
			json_array_append_new(copy, shortened(item));
	return copy;
}

json_t *view_last(const json_t *list, size_t max, size_t bytes)
{
	json_t *last = json_array();
	for (size_t i = json_array_size(list); i-- > 0 && json_array_size(last) < max;) {
		cleanup_json json_t *entry = json_incref(json_array_get(list, i));
		if (json_dumpb(entry, NULL, 0, JSON_COMPACT) > bytes / 4) {
			json_t *whole = entry;
			entry = shortened(whole);
			json_decref(whole);
		}
		size_t size = json_dumpb(entry, NULL, 0, JSON_COMPACT);
		if (size > bytes)
			break;
		bytes -= size;
		json_array_insert(last, 0, entry);
	}
	return last;
}

void view_copy(json_t *to, const json_t *from, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_set(to, *keys, json_object_get(from, *keys));
}
