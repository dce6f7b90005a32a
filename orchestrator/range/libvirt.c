/* The connections to libvirt and its lists; its errors become ours here. */
#include <assert.h>
#include <errno.h>
#include <libvirt/virterror.h>
#include <stdarg.h>
#include <string.h>

#include "common/alloc.h"
#include "orchestrator/range/state.h"
#include "orchestrator/range/xml.h"

int libvirt_error(struct error **err, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	const char *said = virGetLastErrorMessage();
	/* A container's own log comes with line ends. */
	cleanup_free char *line = xstrndup(said, strcspn(said, "\n"));
	if (strstr(line, strerror(ENOSPC)))
		return error_set(err, "%s: %s: the disk is full; make room there, or move the state with --state-dir", text,
				 line);
	return error_set(err, "%s: %s", text, line);
}

static void quiet(void *context, virErrorPtr error)
{
	(void)context, (void)error; /* would print it; we return it */
}

virConnectPtr range_connection_take(struct range *range, struct error **err)
{
	for (;;) {
		pthread_mutex_lock(&range->lock);
		virConnectPtr kept = range->connections_count ? range->connections[--range->connections_count] : NULL;
		pthread_mutex_unlock(&range->lock);
		if (!kept)
			break;
		if (virConnectIsAlive(kept) == 1)
			return kept;
		virConnectClose(kept); /* libvirtd has been restarted */
	}
	virSetErrorFunc(NULL, quiet);
	virConnectPtr fresh = virConnectOpen(range->uri);
	if (!fresh)
		error_set(err, "libvirt does not answer at %s: %s; run `toride doctor --fix`", range->uri,
			  virGetLastErrorMessage());
	return fresh;
}

void range_connection_give(struct range *range, virConnectPtr connection)
{
	if (!connection)
		return;
	pthread_mutex_lock(&range->lock);
	bool room = range->connections_count < RANGE_CONNECTIONS_KEPT;
	if (room)
		range->connections[range->connections_count++] = connection;
	pthread_mutex_unlock(&range->lock);
	if (!room)
		virConnectClose(connection);
}

bool domain_mark(virDomainPtr domain, struct mark *mark)
{
	cleanup_free char *metadata = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, MARK_XML_URI, 0);
	return metadata && xml_metadata_mark(metadata, mark);
}

bool network_mark(virNetworkPtr network, struct mark *mark)
{
	cleanup_free char *xml = virNetworkGetXMLDesc(network, 0);
	return xml && xml_mark(xml, mark);
}

static bool planned_mark(const struct mark_index *planned, const unsigned char uuid[VIR_UUID_BUFLEN], struct mark *mark)
{
	static_assert(VIR_UUID_BUFLEN == MARK_UUID_BYTES, "a mark gives libvirt's objects their UUIDs");
	const struct mark *found = planned ? mark_index_get(planned, uuid) : NULL;
	if (found)
		*mark = *found;
	return found != NULL;
}

static bool listed_domain_mark(virDomainPtr domain, const struct mark_index *planned, struct mark *mark)
{
	unsigned char uuid[VIR_UUID_BUFLEN];
	return (virDomainGetUUID(domain, uuid) == 0 && planned_mark(planned, uuid, mark)) || domain_mark(domain, mark);
}

static bool listed_network_mark(virNetworkPtr network, const struct mark_index *planned, struct mark *mark)
{
	unsigned char uuid[VIR_UUID_BUFLEN];
	return (virNetworkGetUUID(network, uuid) == 0 && planned_mark(planned, uuid, mark)) || network_mark(network, mark);
}

int domains_each(virConnectPtr connection, const char *site, const struct mark_index *planned, domain_visit *visit, void *context,
		 struct error **err)
{
	virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(connection, &domains, 0);
	if (count < 0)
		return libvirt_error(err, "list the guests");
	for (int i = 0; i < count; i++) {
		struct mark mark;
		if (listed_domain_mark(domains[i], planned, &mark) && (!site || strcmp(mark.site, site) == 0))
			visit(domains[i], &mark, context);
		virDomainFree(domains[i]);
	}
	free(domains);
	return 0;
}

int networks_each(virConnectPtr connection, const char *site, const struct mark_index *planned, network_visit *visit,
		  void *context, struct error **err)
{
	virNetworkPtr *networks = NULL;
	int count = virConnectListAllNetworks(connection, &networks, 0);
	if (count < 0)
		return libvirt_error(err, "list the networks");
	for (int i = 0; i < count; i++) {
		struct mark mark;
		if (listed_network_mark(networks[i], planned, &mark) && (!site || strcmp(mark.site, site) == 0))
			visit(networks[i], &mark, context);
		virNetworkFree(networks[i]);
	}
	free(networks);
	return 0;
}
