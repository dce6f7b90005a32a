/* What the range's own files share. Nobody outside orchestrator/range/ includes this. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_STATE_H
#define TORIDE_ORCHESTRATOR_RANGE_STATE_H

#include <libvirt/libvirt.h>
#include <pthread.h>

#include "common/cleanup.h"
#include "orchestrator/range.h"
#include "orchestrator/range/mark.h"

enum {
	RANGE_WORKERS = 8,
	RANGE_CONNECTIONS_KEPT = 16,
	RANGE_DESCRIPTORS = 65536,
	RANGE_READY_TIMEOUT_MS = 60000,
	RANGE_SETUP_TIMEOUT_MS = 300000,
	RANGE_IMAGE_TIMEOUT_MS = 1800000,
	RANGE_EXEC_TIMEOUT_MS = 60000,
	RANGE_EXEC_OUTPUT_BYTES = 1 << 20,
	RANGE_PROBE_TIMEOUT_MS = 3000,
};

struct watch;
struct cgroups;

enum delays { DELAYS_UNKNOWN, DELAYS_NO, DELAYS_YES };

struct range {
	char *state_dir, *data_dir, *programs_dir, *uri;
	int workers;
	char site[9];
	ino_t host_network; /* inode of the host's network namespace: no guest may have it */
	pthread_mutex_t lock;
	virConnectPtr connections[RANGE_CONNECTIONS_KEPT]; /* not in use just now */
	size_t connections_count;
	enum delays delays; /* the kernel can delay and lose packets; with the lock held */
	struct watch *watch;
	struct cgroups *cgroups;
};

/* ---- libvirt ---- */

/* A connection for the caller alone, from the pool or new; NULL with *err: one line with the mend. */
virConnectPtr range_connection_take(struct range *range, struct error **err);
void range_connection_give(struct range *range, virConnectPtr connection); /* NULL is fine */

/* "TEXT: what libvirt said". Always -1. */
int libvirt_error(struct error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* False: not ours. */
bool domain_mark(virDomainPtr domain, struct mark *mark);
bool network_mark(virNetworkPtr network, struct mark *mark);

typedef void domain_visit(virDomainPtr domain, const struct mark *mark, void *context);
/* Each domain that carries our mark, of this site (NULL: of any). One of `planned` is known at once (NULL: none is); libvirt is asked
 * for the mark of every other. */
int domains_each(virConnectPtr connection, const char *site, const struct mark_index *planned, domain_visit *visit, void *context,
		 struct error **err);
typedef void network_visit(virNetworkPtr network, const struct mark *mark, void *context);
int networks_each(virConnectPtr connection, const char *site, const struct mark_index *planned, network_visit *visit,
		  void *context, struct error **err);

CLEANUP_DEFINE(domain, virDomainPtr, if (*held) virDomainFree(*held));
CLEANUP_DEFINE(libvirt_network, virNetworkPtr, if (*held) virNetworkFree(*held));

/* ---- paths below the state directory; caller frees ---- */

char *range_exercise_folder(const struct range *range, const char *exercise);			      /* state_dir/exercises/EX */
char *range_guests_folder(const struct range *range, const char *exercise);			      /* …/guests */
char *range_disk_folder(const struct range *range, const char *exercise, int team, const char *host); /* …/guests/tN-HOST */

#endif
