/* The connections to libvirt and its lists; its errors become ours here. */
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

int domains_each(virConnectPtr connection, const char *site, domain_visit *visit, void *context, struct error **err)
{
	virDomainPtr *domains = NULL;
	int count = virConnectListAllDomains(connection, &domains, 0);
	if (count < 0)
		return libvirt_error(err, "list the guests");
	for (int i = 0; i < count; i++) {
		struct mark mark;
		if (domain_mark(domains[i], &mark) && (!site || strcmp(mark.site, site) == 0))
			visit(domains[i], &mark, context);
		virDomainFree(domains[i]);
	}
	free(domains);
	return 0;
}

int networks_each(virConnectPtr connection, const char *site, network_visit *visit, void *context, struct error **err)
{
	virNetworkPtr *networks = NULL;
	int count = virConnectListAllNetworks(connection, &networks, 0);
	if (count < 0)
		return libvirt_error(err, "list the networks");
	for (int i = 0; i < count; i++) {
		struct mark mark;
		char *xml = virNetworkGetXMLDesc(networks[i], 0);
		if (xml && xml_mark(xml, &mark) && (!site || strcmp(mark.site, site) == 0))
			visit(networks[i], &mark, context);
		free(xml);
		virNetworkFree(networks[i]);
	}
	free(networks);
	return 0;
}
