/* The texts that libvirt reads and gives back. Pure. Formats: https://libvirt.org/formatdomain.html, formatnetwork.html,
 * drvlxc.html */
#ifndef TORIDE_ORCHESTRATOR_RANGE_XML_H
#define TORIDE_ORCHESTRATOR_RANGE_XML_H

#include <stddef.h>
#include <stdint.h>

#include "orchestrator/range/mark.h"

#define MARK_XML_URI "urn:toride:mark:1"
#define MARK_XML_PREFIX "toride"

enum { GUEST_IDS = 65536, GUEST_NICS_MAX = 16 };

struct nic_definition {
	char *network; /* libvirt's name of it */
	char *mac, *device;
	char port[IFNAME_MAX]; /* the host's end */
};

struct guest_definition {
	struct mark mark;
	char *root; /* mounted root file system */
	uint32_t id_base;
	int64_t memory_bytes;
	struct nic_definition nics[GUEST_NICS_MAX];
	size_t nics_count;
};
void guest_definition_finish(struct guest_definition *definition);

char *xml_domain(const struct guest_definition *definition);
char *xml_network(const struct mark *mark);

/* The mark in a description of a network, or in the element that libvirt gives back as a domain's metadata for our URI (it leaves
 * its name space out). False: not ours. */
bool xml_mark(const char *xml, struct mark *mark);
bool xml_metadata_mark(const char *element, struct mark *mark);

#endif
