/* The control socket, RUN_DIR/control.sock (mode 0600, and 0660 for the group `toride` where that exists): requests of the CLI become calls. */
#ifndef TORIDE_ORCHESTRATOR_SERVE_CONTROL_H
#define TORIDE_ORCHESTRATOR_SERVE_CONTROL_H

#include "orchestrator/serve/orchestrator.h"

enum { CONTROL_CONNECTIONS_MAX = 64 };

int control_create(struct orchestrator *orchestrator, struct control **control, struct error **err);
void control_destroy(struct control *control);

#endif
