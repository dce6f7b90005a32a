/* A running guest, held open: its init process, its namespaces, its place in the control groups. */
#ifndef TORIDE_ORCHESTRATOR_RANGE_GUEST_H
#define TORIDE_ORCHESTRATOR_RANGE_GUEST_H

#include "orchestrator/range/state.h"

struct guest {
	struct mark mark;
	pid_t init;  /* the host's number of the guest's process 1 */
	int process; /* pidfd of it: namespaces are entered through this, so never those of a later process with its number */
	int network; /* its network namespace; proved not to be the host's */
	int root;    /* its root folder */
	uint32_t id_base; /* its root's user id on the host */
};

/* Finds the guest by its mark. -1: "is not running", or libvirt does not answer. */
int guest_open(struct range *range, const struct guest_id *id, struct guest *guest, struct error **err);
void guest_close(struct guest *guest);
/* Closes all but its network. */
void guest_release(struct guest *guest);
CLEANUP_DEFINE(guest, struct guest, guest_close(held));
#define GUEST_CLOSED ((struct guest){.process = -1, .network = -1, .root = -1})

/* The same from a domain that is at hand. */
int guest_open_domain(struct range *range, virDomainPtr domain, struct guest *guest, struct error **err);
/* And where its mark has been read already: libvirt is not asked once more. */
int guest_open_marked(struct range *range, virDomainPtr domain, const struct mark *mark, struct guest *guest, struct error **err);

/* The guest's process 1; -1: none (any more). */
pid_t guest_init_pid(virDomainPtr domain);

/* Its init has said that the services are started. */
bool guest_is_ready(const struct guest *guest);
bool guest_has_ended(const struct guest *guest);

/* A socket of the guest's network; nothing else of the caller ever enters it. -1 with *err. */
int guest_socket(const struct range *range, const struct guest *guest, int domain, int type, int protocol, struct error **err);

/* Opens a file as the guest sees it: links are followed inside of the guest only. -1 with errno. */
int guest_file_open(const struct guest *guest, const char *path, int flags);

#endif
