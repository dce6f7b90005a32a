/* The pages: built by scoreboard/web/build.mjs and embedded. Names of assets hold a digest of their bytes, so they never change.
 */
#ifndef TORIDE_SCOREBOARD_ASSETS_H
#define TORIDE_SCOREBOARD_ASSETS_H

#include <microhttpd.h>

/* Answers with /assets/NAME; a fault when there is none. */
enum MHD_Result asset_respond(struct MHD_Connection *connection, const char *name);
/* Answers with the page application's one HTML file. */
enum MHD_Result asset_respond_page(struct MHD_Connection *connection);

#endif
