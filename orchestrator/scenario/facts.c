/* Facts in texts: ${host.NAME.ip}, ${host.NAME.ip.NETWORK} for a host on several networks, ${team.secret.NAME}. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

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

static const char SECRET[] = "team.secret.";

static bool is_secret(const struct scenario *scenario, const char *name)
{
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t s = 0; s < scenario->hosts[i].secrets_count; s++)
			if (strcmp(scenario->hosts[i].secrets[s], name) == 0)
				return true;
	return false;
}

static void report_no_secret(struct loading *loading, const char *name, const struct position *position)
{
	const struct scenario *scenario = loading->scenario;
	cleanup_json json_t *known = json_object(); /* several hosts may have the same */
	for (size_t i = 0; i < scenario->hosts_count; i++)
		for (size_t s = 0; s < scenario->hosts[i].secrets_count; s++)
			json_object_set_new(known, scenario->hosts[i].secrets[s], json_true());
	const char *names[LIMIT_HOSTS * LIMIT_SECRETS], *key;
	size_t count = 0;
	json_t *value;
	json_object_foreach (known, key, value)
		names[count++] = key;
	cleanup_free char *shown = quoted(name);
	cleanup_free char *suggestion = findings_full(loading->findings) ? NULL : schema_suggest(name, "secrets", names, count);
	findings_error(loading->findings, position, "no host has a secret %s (`secrets: [NAME]` of a host gives it one)%s", shown,
		       suggestion ? suggestion : "");
}

const char *facts_secret(struct loading *loading, const char *text, const struct position *position)
{
	size_t length = strlen(text), before = strlen("${") + strlen(SECRET);
	if (length <= before || strncmp(text, "${", 2) != 0 || strncmp(text + 2, SECRET, strlen(SECRET)) != 0 ||
	    strchr(text, '}') != text + length - 1)
		return NULL;
	const char *name = pool_strndup(loading->pool, text + before, length - before - 1);
	if (!is_secret(loading->scenario, name) && loading->complete)
		report_no_secret(loading, name, position);
	return name;
}

/* `fact` is what stands between the braces. Returns false after reporting. */
static bool find_fact(struct loading *loading, char *fact, const struct position *position, uint32_t *address)
{
	cleanup_free char *shown = quoted(fact);
	if (strncmp(fact, SECRET, strlen(SECRET)) == 0) {
		findings_error(loading->findings, position,
			       "a team's secret %s stands alone, as a value that a claim or report is compared with or that the "
			       "solution gives; it is told nowhere else",
			       shown);
		return false;
	}
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
