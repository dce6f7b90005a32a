#include "orchestrator/range/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

#define GUEST_INIT "/usr/lib/toride/init"

static const xmlChar *x(const char *text)
{
	return (const xmlChar *)text;
}

/* An element with up to three attributes, as name, value pairs ended by NULL. */
static void open_element(xmlTextWriterPtr out, const char *name, const char *const *attributes)
{
	xmlTextWriterStartElement(out, x(name));
	for (; attributes && attributes[0]; attributes += 2)
		xmlTextWriterWriteAttribute(out, x(attributes[0]), x(attributes[1]));
}

#define ATTRIBUTES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void element(xmlTextWriterPtr out, const char *name, const char *const *attributes)
{
	open_element(out, name, attributes);
	xmlTextWriterEndElement(out);
}

static void text_element(xmlTextWriterPtr out, const char *name, const char *text)
{
	xmlTextWriterWriteElement(out, x(name), x(text));
}

static void write_mark(xmlTextWriterPtr out, const struct mark *mark)
{
	char text[MARK_TEXT_MAX];
	mark_text(mark, text);
	open_element(out, "metadata", NULL);
	xmlTextWriterWriteElementNS(out, x(MARK_XML_PREFIX), x("mark"), x(MARK_XML_URI), x(text));
	xmlTextWriterEndElement(out);
}

static void write_identity(xmlTextWriterPtr out, const struct mark *mark)
{
	cleanup_free char *name = mark_object_name(mark);
	unsigned char uuid[MARK_UUID_BYTES];
	char hex[2 * sizeof uuid + 1];
	mark_uuid(mark, uuid);
	sodium_bin2hex(hex, sizeof hex, uuid, sizeof uuid);
	cleanup_free char *groups = xasprintf("%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	text_element(out, "name", name);
	text_element(out, "uuid", groups);
	write_mark(out, mark);
}

/* Runs `write` with a writer into memory and returns the text. */
static char *written(void (*write)(xmlTextWriterPtr out, const void *what), const void *what)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	xmlTextWriterPtr out = xmlNewTextWriterMemory(buffer, 0);
	xmlTextWriterSetIndent(out, 1);
	write(out, what);
	xmlTextWriterEndDocument(out);
	xmlFreeTextWriter(out);
	char *text = xstrdup((const char *)buffer->content);
	xmlBufferFree(buffer);
	return text;
}

static void write_id_map(xmlTextWriterPtr out, const char *name, uint32_t base)
{
	cleanup_free char *target = xasprintf("%u", base);
	cleanup_free char *count = xasprintf("%d", GUEST_IDS);
	element(out, name, ATTRIBUTES("start", "0", "target", target, "count", count));
}

static void write_devices(xmlTextWriterPtr out, const struct guest_definition *definition)
{
	open_element(out, "devices", NULL);
	open_element(out, "filesystem", ATTRIBUTES("type", "mount"));
	element(out, "source", ATTRIBUTES("dir", definition->root));
	element(out, "target", ATTRIBUTES("dir", "/"));
	xmlTextWriterEndElement(out);
	for (size_t i = 0; i < definition->nics_count; i++) {
		const struct nic_definition *nic = &definition->nics[i];
		open_element(out, "interface", ATTRIBUTES("type", "network"));
		element(out, "source", ATTRIBUTES("network", nic->network));
		element(out, "mac", ATTRIBUTES("address", nic->mac));
		element(out, "target", ATTRIBUTES("dev", nic->port));
		element(out, "guest", ATTRIBUTES("dev", nic->device));
		xmlTextWriterEndElement(out);
	}
	element(out, "console", ATTRIBUTES("type", "pty"));
	xmlTextWriterEndElement(out);
}

static void write_domain(xmlTextWriterPtr out, const void *what)
{
	const struct guest_definition *definition = what;
	cleanup_free char *memory = xasprintf("%lld", (long long)(definition->memory_bytes / 1024));
	open_element(out, "domain", ATTRIBUTES("type", "lxc"));
	write_identity(out, &definition->mark);
	text_element(out, "memory", memory); /* KiB */
	open_element(out, "memtune", NULL);
	text_element(out, "hard_limit", memory);
	xmlTextWriterEndElement(out);
	text_element(out, "vcpu", "1");
	open_element(out, "os", NULL);
	text_element(out, "type", "exe");
	text_element(out, "init", GUEST_INIT);
	xmlTextWriterEndElement(out);
	open_element(out, "idmap", NULL);
	write_id_map(out, "uid", definition->id_base);
	write_id_map(out, "gid", definition->id_base);
	xmlTextWriterEndElement(out);
	/* Without privnet a guest that has no interface would get the host's network. */
	open_element(out, "features", NULL);
	element(out, "privnet", NULL);
	xmlTextWriterEndElement(out);
	text_element(out, "on_poweroff", "destroy");
	text_element(out, "on_reboot", "destroy");
	text_element(out, "on_crash", "destroy");
	write_devices(out, definition);
	xmlTextWriterEndElement(out);
}

char *xml_domain(const struct guest_definition *definition)
{
	return written(write_domain, definition);
}

static void write_network(xmlTextWriterPtr out, const void *what)
{
	const struct mark *mark = what;
	char bridge[IFNAME_MAX];
	mark_bridge_name(mark, bridge);
	open_element(out, "network", NULL);
	write_identity(out, mark);
	element(out, "forward", ATTRIBUTES("mode", "bridge"));
	element(out, "bridge", ATTRIBUTES("name", bridge));
	xmlTextWriterEndElement(out);
}

char *xml_network(const struct mark *mark)
{
	return written(write_network, mark);
}

void guest_definition_finish(struct guest_definition *definition)
{
	for (size_t i = 0; i < definition->nics_count; i++) {
		free(definition->nics[i].network);
		free(definition->nics[i].mac);
		free(definition->nics[i].device);
	}
	free(definition->root);
}

/* Our mark's element anywhere below `node`. */
static xmlNodePtr find_mark(xmlNodePtr node)
{
	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (node->ns && strcmp((const char *)node->ns->href, MARK_XML_URI) == 0 &&
		    strcmp((const char *)node->name, "mark") == 0)
			return node;
		xmlNodePtr below = find_mark(node->children);
		if (below)
			return below;
	}
	return NULL;
}

static bool read_mark(const char *xml, bool whole, struct mark *mark)
{
	xmlDocPtr document =
		xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!document)
		return false;
	xmlNodePtr root = xmlDocGetRootElement(document), node = whole ? find_mark(root) : root;
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	bool ours = text && mark_parse((const char *)text, mark);
	xmlFree(text);
	xmlFreeDoc(document);
	return ours;
}

bool xml_mark(const char *xml, struct mark *mark)
{
	return strstr(xml, MARK_XML_URI) && read_mark(xml, true, mark);
}

bool xml_metadata_mark(const char *element, struct mark *mark)
{
	return read_mark(element, false, mark);
}
