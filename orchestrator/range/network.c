/* Networks: a bridge with its wall, and a libvirt network that names it. */
#include <string.h>

#include "common/alloc.h"
#include "orchestrator/range/bridge.h"
#include "orchestrator/range/kind.h"
#include "orchestrator/range/wall.h"
#include "orchestrator/range/xml.h"

static int network_create(struct work *work, virConnectPtr connection, struct error **err)
{
	if (bridge_create(&work->mark, err) < 0)
		return -1;
	cleanup_free char *xml = xml_network(&work->mark);
	cleanup_with(libvirt_network) virNetworkPtr network = virNetworkCreateXML(connection, xml);
	return network ? 0 : libvirt_error(err, "start");
}

static int libvirt_network_destroy(virConnectPtr connection, const struct mark *mark, struct error **err)
{
	struct mark found;
	cleanup_free char *name = mark_object_name(mark);
	cleanup_with(libvirt_network) virNetworkPtr network = virNetworkLookupByName(connection, name);
	if (!network || !network_mark(network, &found) || strcmp(found.site, mark->site) != 0)
		return 0;
	return virNetworkDestroy(network) < 0 ? libvirt_error(err, "stop") : 0;
}

static int network_destroy(struct range *range, virConnectPtr connection, const struct found *found, struct error **err)
{
	(void)range;
	if ((found->pieces & PIECE_LIBVIRT) && libvirt_network_destroy(connection, &found->mark, err) < 0)
		return -1;
	if (found->pieces & PIECE_BRIDGE)
		return bridge_destroy(found->bridge, err);
	return found->pieces & PIECE_WALL ? wall_destroy(found->bridge, err) : 0;
}

const struct kind kind_network = {
	.create = network_create,
	.destroy = network_destroy,
};
