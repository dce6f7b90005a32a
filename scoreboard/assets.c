#include "scoreboard/assets.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "scoreboard/reply.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names cannot stand in parentheses.
 * assets.inc: one ASSET(symbol, "name", "type", "digest") for each file; the bytes come from assets.S. */
#define ASSET(symbol, name, type, digest) extern const char symbol[], symbol##_end[], symbol##_gz[], symbol##_gz_end[];
#include "assets.inc"
#undef ASSET

static const struct asset {
	const char *name, *type, *etag;
	const char *bytes, *end, *packed, *packed_end;
} assets[] = {
#define ASSET(symbol, name, type, digest) {name, type, "\"" digest "\"", symbol, symbol##_end, symbol##_gz, symbol##_gz_end},
#include "assets.inc"
#undef ASSET
};
/* NOLINTEND(bugprone-macro-parentheses) */

static const char page_name[] = "index.html";

static const struct asset *find(const char *name)
{
	for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
		if (strcmp(assets[i].name, name) == 0)
			return &assets[i];
	return NULL;
}

static bool takes_gzip(struct MHD_Connection *connection)
{
	const char *encodings = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	return encodings && strstr(encodings, "gzip");
}

static struct MHD_Response *body_of(struct MHD_Connection *connection, const struct asset *asset)
{
	bool packed = takes_gzip(connection);
	const char *bytes = packed ? asset->packed : asset->bytes, *end = packed ? asset->packed_end : asset->end;
	struct MHD_Response *response =
		MHD_create_response_from_buffer((size_t)(end - bytes), (void *)bytes, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, asset->type);
	if (packed)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

static enum MHD_Result respond(struct MHD_Connection *connection, const struct asset *asset, const char *caching)
{
	const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	bool same = known && strstr(known, asset->etag);
	struct MHD_Response *response =
		same ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT) : body_of(connection, asset);
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, asset->etag);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, caching);
	enum MHD_Result queued =
		MHD_queue_response(connection, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, reply_secure(response));
	MHD_destroy_response(response);
	return queued;
}

enum MHD_Result asset_respond(struct MHD_Connection *connection, const char *name)
{
	const struct asset *asset = find(name);
	if (!asset || strcmp(name, page_name) == 0)
		return reply_fault_page(connection, FAULT_NOT_FOUND);
	return respond(connection, asset, "public, max-age=31536000, immutable");
}

enum MHD_Result asset_respond_page(struct MHD_Connection *connection)
{
	return respond(connection, find(page_name), "no-cache");
}
