#include "orchestrator/range/wall.h"

#include <nftables/libnftables.h>
#include <pthread.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

/* libnftables promises nothing about threads; a few milliseconds one after the other are cheap. */
static pthread_mutex_t nft_lock = PTHREAD_MUTEX_INITIALIZER;

/* Runs nftables commands; *output, when wanted, is theirs. -1 with nft's first line as the error. */
static int run(const char *commands, char **output, struct error **err)
{
	pthread_mutex_lock(&nft_lock);
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (nft) {
		nft_ctx_buffer_output(nft);
		nft_ctx_buffer_error(nft);
	}
	int result = !nft ? error_set(err, "nftables cannot be used") : nft_run_cmd_from_buffer(nft, commands) ? -1 : 0;
	if (nft && result < 0) {
		const char *text = nft_ctx_get_error_buffer(nft);
		error_set(err, "nftables: %.*s", (int)strcspn(text, "\n"), text);
	}
	if (nft && result == 0 && output)
		*output = xstrdup(nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	pthread_mutex_unlock(&nft_lock);
	return result;
}

int wall_create(const char *bridge, const char *mark, struct error **err)
{
	/* `create` and not `add`: a table of that name that is already there is not ours. */
	cleanup_free char *commands =
		xasprintf("create table netdev toride-%s { comment \"%s\"; }\n"
			  "add chain netdev toride-%s in { type filter hook ingress device \"%s\" priority 0; "
			  "policy drop; }\n",
			  bridge, mark, bridge, bridge);
	return run(commands, NULL, err) < 0 ? error_prefix(err, "wall of bridge '%s': make", bridge) : 0;
}

struct wanted {
	const char *bridge;
	bool found;
};

static void compare(const char *name, const struct mark *mark, bool is_wall, void *context)
{
	(void)mark, (void)is_wall;
	struct wanted *wanted = context;
	wanted->found |= strcmp(wanted->bridge, name) == 0;
}

int wall_destroy(const char *bridge, struct error **err)
{
	struct wanted wanted = {.bridge = bridge};
	if (wall_each(NULL, compare, &wanted, err) < 0)
		return -1;
	if (!wanted.found)
		return 0;
	cleanup_free char *commands = xasprintf("delete table netdev toride-%s\n", bridge);
	return run(commands, NULL, err) < 0 ? error_prefix(err, "wall of bridge '%s': remove", bridge) : 0;
}

/* One chain, without any rule: as nft 1.0.6 prints it. */
int wall_check(const char *bridge, struct error **err)
{
	cleanup_free char *commands = xasprintf("list table netdev toride-%s\n", bridge);
	cleanup_free char *hook = xasprintf("hook ingress device \"%s\" priority filter; policy drop;\n\t}\n}", bridge);
	cleanup_free char *text = NULL;
	if (run(commands, &text, err) < 0)
		return error_prefix(err, "the wall of bridge '%s' is gone, or cannot be looked at (`toride up` makes it anew)",
				    bridge);
	return strstr(text, hook)
		       ? 0
		       : error_set(
				 err,
				 "the wall of bridge '%s' has been changed (nft list table netdev toride-%s); take it away (nft "
				 "delete table netdev toride-%s), and `toride up` makes it anew",
				 bridge, bridge, bridge);
}

/* The JSON of nft 1.0.6 leaves a table's comment out, so its text is read:
 *     table netdev toride-td0123456789abc {
 *             comment "toride1 ..." */
int wall_each(const char *site, bridge_visit *visit, void *context, struct error **err)
{
	static const char table[] = "table netdev toride-", comment[] = "{\n\tcomment \"";
	cleanup_free char *text = NULL;
	if (run("list ruleset netdev\n", &text, err) < 0)
		return error_prefix(err, "list the bridges' walls");
	for (char *line = text; line; line = strchr(line, '\n'), line += line ? 1 : 0) {
		if (strncmp(line, table, sizeof table - 1) != 0)
			continue;
		char *name = line + sizeof table - 1, *name_end = strchr(name, ' ');
		if (!name_end || strncmp(name_end + 1, comment, sizeof comment - 1) != 0)
			continue;
		const char *mark_start = name_end + sizeof comment;
		cleanup_free char *marked = xstrndup(mark_start, strcspn(mark_start, "\"\n"));
		cleanup_free char *bridge = xstrndup(name, (size_t)(name_end - name));
		struct mark mark;
		if (mark_parse(marked, &mark) && (!site || strcmp(mark.site, site) == 0))
			visit(bridge, &mark, true, context);
	}
	return 0;
}
