/* Facts in texts: ${host.NAME.ip}, and ${host.NAME.ip.NETWORK} for a host on several networks. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

uint32_t host_address(const struct host *host)
{
	return host->nics_count > 0 ? host->nics[0].address : 0;
}

static bool nic_address(struct loading *loading, const struct host *host, const char *network, const struct position *position,
			uint32_t *address)
{
	if (!network && host->nics_count > 1) {
		findings_error(loading->findings, position,
			       "`%s` has %zu addresses: write `${host.%s.ip.%s}`, or another of its networks", host->name,
			       host->nics_count, host->name, host->nics[0].network->name);
		return false;
	}
	for (size_t i = 0; i < host->nics_count; i++) {
		if (network && strcmp(host->nics[i].network->name, network) != 0)
			continue;
		*address = host->nics[i].address;
		return true;
	}
	if (host->nics_count > 0)
		findings_error(loading->findings, position, "`%s` has no address on a network `%s`", host->name, network);
	return false; /* without any, that was reported where the host is */
}

/* `fact` is what stands between the braces. Returns false after reporting. */
static bool find_fact(struct loading *loading, char *fact, const struct position *position, uint32_t *address)
{
	cleanup_free char *shown = quoted(fact);
	char *rest = NULL, *parts[5] = {0};
	size_t count = 0;
	for (char *part = strtok_r(fact, ".", &rest); part && count < 5; part = strtok_r(NULL, ".", &rest))
		parts[count++] = part;
	bool known = (count == 3 || count == 4) && strcmp(parts[0], "host") == 0 && strcmp(parts[2], "ip") == 0;
	if (!known) {
		findings_error(
			loading->findings, position,
			"there is no fact %s; known is `${host.NAME.ip}` (a variable of the shell itself is written `$name`)",
			shown);
		return false;
	}
	int number = index_refer_name(loading, INDEX_HOST, parts[1], position);
	return number >= 0 && nic_address(loading, &loading->scenario->hosts[number], parts[3], position, address);
}

char *facts_fill(struct loading *loading, const char *text, const struct position *position)
{
	if (!strstr(text, "${"))
		return pool_strdup(loading->pool, text);
	size_t size;
	char *filled = NULL;
	FILE *out = open_memstream(&filled, &size);
	if (!out)
		abort();
	for (const char *begin; (begin = strstr(text, "${"));) {
		const char *end = strchr(begin, '}');
		fwrite(text, 1, (size_t)(begin - text), out);
		text = begin + 2;
		if (!end) {
			findings_error(loading->findings, position, "a `${` without its `}`");
			break;
		}
		cleanup_free char *fact = xstrndup(text, (size_t)(end - text));
		uint32_t address;
		char written[16];
		text = end + 1;
		if (!find_fact(loading, fact, position, &address))
			continue;
		address_format(address, written);
		fputs(written, out);
	}
	fputs(text, out);
	fclose(out);
	return pool_own(loading->pool, filled);
}
