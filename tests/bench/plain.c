/*
 * What plain libvirt needs: starts the domains of the given XML files over 8 connections, prints the milliseconds, and stops them
 * again. plain FILE…
 */
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/now.h"

enum { CONNECTIONS = 8, XML_BYTES = 1 << 16 };

struct run {
	char **xml;
	virDomainPtr *domains;
	int count;
	atomic_int next;
	bool stop;
};

static void *work(void *context)
{
	struct run *run = context;
	virConnectPtr connection = virConnectOpen("lxc:///system");
	for (int i; connection && (i = atomic_fetch_add(&run->next, 1)) < run->count;)
		if (run->stop && run->domains[i])
			virDomainDestroy(run->domains[i]);
		else if (!run->stop)
			run->domains[i] = virDomainCreateXML(connection, run->xml[i], 0);
	/* A domain holds its connection; both go with the process. */
	return NULL;
}

static int64_t run_all(struct run *run, bool stop)
{
	pthread_t threads[CONNECTIONS];
	int64_t start_ms = monotonic_ms();
	run->stop = stop;
	atomic_store(&run->next, 0);
	for (int i = 0; i < CONNECTIONS; i++)
		if (pthread_create(&threads[i], NULL, work, run) != 0)
			exit(1);
	for (int i = 0; i < CONNECTIONS; i++)
		pthread_join(threads[i], NULL);
	return monotonic_ms() - start_ms;
}

static char *read_xml(const char *path)
{
	char *xml = xcalloc(1, XML_BYTES);
	FILE *file = fopen(path, "re");
	if (!file || fread(xml, 1, XML_BYTES - 1, file) == 0)
		exit(1);
	fclose(file);
	return xml;
}

int main(int argc, char **argv)
{
	struct run run = {.count = argc - 1};
	run.xml = xcalloc((size_t)argc, sizeof *run.xml);
	run.domains = xcalloc((size_t)argc, sizeof *run.domains);
	for (int i = 0; i < run.count; i++)
		run.xml[i] = read_xml(argv[i + 1]);
	int64_t took_ms = run_all(&run, false);
	int failed = 0;
	for (int i = 0; i < run.count; i++)
		failed += !run.domains[i];
	run_all(&run, true);
	if (failed)
		fprintf(stderr, "plain: %d of %d domains did not start\n", failed, run.count);
	printf("%lld\n", (long long)took_ms);
	return failed ? 1 : 0;
}
