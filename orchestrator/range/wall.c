/*
 * Through netlink, and not libnftables: that reads the host's whole rule set before each command, with half a megabyte of memory for each table, and is
 * slower with every team (17 ms for a wall among those of ten).
 */
#include "orchestrator/range/wall.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

#define TABLE_PREFIX "toride-"
#define CHAIN_NAME "in"

enum { TABLE_NAME_MAX = sizeof TABLE_PREFIX + IFNAME_MAX, REQUEST_BYTES = 4096, ANSWER_BYTES = 32768, DUMP_TRIES = 100 };

CLEANUP_DEFINE(netlink, struct mnl_socket *, if (*held) mnl_socket_close(*held));
CLEANUP_DEFINE(table, struct nftnl_table *, if (*held) nftnl_table_free(*held));
CLEANUP_DEFINE(chain, struct nftnl_chain *, if (*held) nftnl_chain_free(*held));
CLEANUP_DEFINE(remark, struct nftnl_udata_buf *, if (*held) nftnl_udata_buf_free(*held));

static void table_name(const char *bridge, char name[TABLE_NAME_MAX])
{
	snprintf(name, TABLE_NAME_MAX, TABLE_PREFIX "%s", bridge);
}

/* ---- talking with the kernel; results are 0 or an errno value ---- */

/* What was answered, as it came: datagrams one after the other. */
struct answer {
	char *data;
	size_t length;
};
CLEANUP_DEFINE(answer, struct answer, free(held->data));

/* Sends and receives until `ends` acknowledgements, or the end of a list, have come. */
static int exchange(const void *request, size_t length, unsigned ends, struct answer *answer)
{
	cleanup_with(netlink) struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || mnl_socket_sendto(socket, request, length) < 0)
		return errno;
	while (ends) {
		answer->data = xrealloc_array(answer->data, answer->length + ANSWER_BYTES, 1);
		ssize_t got = mnl_socket_recvfrom(socket, answer->data + answer->length, ANSWER_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		int result = got < 0 ? -1 : mnl_cb_run(answer->data + answer->length, (size_t)got, 0, 0, NULL, NULL);
		if (result < 0)
			return errno;
		answer->length += (size_t)got;
		ends -= result == MNL_CB_STOP;
	}
	return 0;
}

static void visit_all(const struct answer *answer, mnl_cb_t visit, void *context)
{
	mnl_cb_run(answer->data, answer->length, 0, 0, visit, context);
}

/* Visits what there is of a kind, once the list is whole: while others change the rule set the kernel says that it may not be. */
static int each(uint16_t type, mnl_cb_t visit, void *context)
{
	char buffer[REQUEST_BYTES];
	const struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, type, NFPROTO_NETDEV, NLM_F_DUMP, 0);
	int failure = EINTR;
	for (int tries = 0; failure == EINTR && tries < DUMP_TRIES; tries++) {
		cleanup_with(answer) struct answer answer = {0};
		failure = exchange(request, request->nlmsg_len, 1, &answer);
		if (!failure)
			visit_all(&answer, visit, context);
	}
	return failure;
}

/* All of it happens, or nothing. */
struct batch {
	char buffer[2 * REQUEST_BYTES]; /* libmnl wants room beyond the limit */
	struct mnl_nlmsg_batch *messages;
	uint32_t sequence;
};

static void batch_begin(struct batch *batch)
{
	*batch = (struct batch){0};
	batch->messages = mnl_nlmsg_batch_start(batch->buffer, REQUEST_BYTES);
	nftnl_batch_begin(mnl_nlmsg_batch_current(batch->messages), batch->sequence);
	mnl_nlmsg_batch_next(batch->messages);
}

static struct nlmsghdr *batch_add(struct batch *batch, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch->messages), type, NFPROTO_NETDEV, flags | NLM_F_ACK,
				     ++batch->sequence);
}

static int batch_send(struct batch *batch)
{
	cleanup_with(answer) struct answer answer = {0};
	nftnl_batch_end(mnl_nlmsg_batch_current(batch->messages), batch->sequence + 1);
	mnl_nlmsg_batch_next(batch->messages);
	int failure =
		exchange(mnl_nlmsg_batch_head(batch->messages), mnl_nlmsg_batch_size(batch->messages), batch->sequence, &answer);
	mnl_nlmsg_batch_stop(batch->messages);
	return failure;
}

/* ---- made ---- */

/* The mark as the table's comment, where `nft list tables` shows it. */
static void set_mark(struct nftnl_table *table, const char *mark)
{
	cleanup_with(remark) struct nftnl_udata_buf *remark = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	nftnl_udata_put_strz(remark, NFTNL_UDATA_TABLE_COMMENT, mark);
	nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(remark), nftnl_udata_buf_len(remark));
}

static void add_table(struct batch *batch, const char *name, const char *mark)
{
	cleanup_with(table) struct nftnl_table *table = nftnl_table_alloc();
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	set_mark(table, mark);
	/* A table of that name that is already there is not ours. */
	nftnl_table_nlmsg_build_payload(batch_add(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL), table);
	mnl_nlmsg_batch_next(batch->messages);
}

static void add_chain(struct batch *batch, const char *table, const char *bridge)
{
	cleanup_with(chain) struct nftnl_chain *chain = nftnl_chain_alloc();
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_DEV, bridge);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_NETDEV_INGRESS);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, 0);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_DROP);
	nftnl_chain_nlmsg_build_payload(batch_add(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE), chain);
	mnl_nlmsg_batch_next(batch->messages);
}

int wall_create(const char *bridge, const char *mark, struct error **err)
{
	char name[TABLE_NAME_MAX];
	struct batch batch;
	table_name(bridge, name);
	batch_begin(&batch);
	add_table(&batch, name, mark);
	add_chain(&batch, name, bridge);
	int failure = batch_send(&batch);
	if (failure == EEXIST)
		return error_set(
			err,
			"wall of bridge '%s': a table of its name exists and is not ours; remove it (nft delete table netdev "
			"%s)",
			bridge, name);
	return failure ? error_set_errno(err, failure, "wall of bridge '%s': make table netdev %s", bridge, name) : 0;
}

/* ---- found ---- */

static int note_remark(const struct nftnl_udata *part, void *context)
{
	const char **remark = context;
	const char *text = nftnl_udata_get(part);
	uint8_t length = nftnl_udata_len(part);
	if (nftnl_udata_type(part) == NFTNL_UDATA_TABLE_COMMENT && length && !text[length - 1])
		*remark = text;
	return 0;
}

static bool table_mark(const struct nftnl_table *table, struct mark *mark)
{
	uint32_t length = 0;
	const char *remark = NULL;
	const void *data = nftnl_table_get_data(table, NFTNL_TABLE_USERDATA, &length);
	return data && nftnl_udata_parse(data, length, note_remark, (void *)&remark) == 0 && remark && mark_parse(remark, mark);
}

struct visiting {
	const char *site;
	bridge_visit *visit;
	void *context;
};

static int visit_table(const struct nlmsghdr *message, void *context)
{
	const struct visiting *visiting = context;
	struct mark mark;
	cleanup_with(table) struct nftnl_table *table = nftnl_table_alloc();
	if (nftnl_table_nlmsg_parse(message, table) < 0)
		return MNL_CB_OK;
	const char *name = nftnl_table_get_str(table, NFTNL_TABLE_NAME);
	if (strncmp(name, TABLE_PREFIX, strlen(TABLE_PREFIX)) == 0 && table_mark(table, &mark) &&
	    (!visiting->site || strcmp(mark.site, visiting->site) == 0))
		visiting->visit(name + strlen(TABLE_PREFIX), &mark, true, visiting->context);
	return MNL_CB_OK;
}

int wall_each(const char *site, bridge_visit *visit, void *context, struct error **err)
{
	struct visiting visiting = {.site = site, .visit = visit, .context = context};
	int failure = each(NFT_MSG_GETTABLE, visit_table, &visiting);
	return failure ? error_set_errno(err, failure, "list the bridges' walls") : 0;
}

/* ---- removed ---- */

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
	char name[TABLE_NAME_MAX];
	struct batch batch;
	struct wanted wanted = {.bridge = bridge};
	if (wall_each(NULL, compare, &wanted, err) < 0)
		return -1;
	if (!wanted.found)
		return 0;
	table_name(bridge, name);
	batch_begin(&batch);
	mnl_attr_put_strz(batch_add(&batch, NFT_MSG_DELTABLE, 0), NFTA_TABLE_NAME, name);
	mnl_nlmsg_batch_next(batch.messages);
	int failure = batch_send(&batch);
	return failure && failure != ENOENT
		       ? error_set_errno(err, failure, "wall of bridge '%s': remove table netdev %s", bridge, name)
		       : 0;
}

/* ---- checked ---- */

struct standing {
	const char *table, *bridge;
	int tables, chains, rules;
	bool right; /* all of the table and its chain that was looked at is as it was made */
};

static int look_at_table(const struct nlmsghdr *message, void *context)
{
	struct standing *standing = context;
	cleanup_with(table) struct nftnl_table *table = nftnl_table_alloc();
	if (nftnl_table_nlmsg_parse(message, table) == 0 &&
	    strcmp(nftnl_table_get_str(table, NFTNL_TABLE_NAME), standing->table) == 0) {
		standing->tables++;
		standing->right &= !(nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS) & NFT_TABLE_F_DORMANT);
	}
	return MNL_CB_OK;
}

static bool is_wall(const struct nftnl_chain *chain, const char *bridge)
{
	const char *device = nftnl_chain_get_str(chain, NFTNL_CHAIN_DEV);
	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) && device && strcmp(device, bridge) == 0 &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == NF_NETDEV_INGRESS &&
	       nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) == 0 && nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP;
}

static int look_at_chain(const struct nlmsghdr *message, void *context)
{
	struct standing *standing = context;
	cleanup_with(chain) struct nftnl_chain *chain = nftnl_chain_alloc();
	if (nftnl_chain_nlmsg_parse(message, chain) == 0 &&
	    strcmp(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE), standing->table) == 0) {
		standing->chains++;
		standing->right &= is_wall(chain, standing->bridge);
	}
	return MNL_CB_OK;
}

static int look_at_rule(const struct nlmsghdr *message, void *context)
{
	struct standing *standing = context;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	if (nftnl_rule_nlmsg_parse(message, rule) == 0 &&
	    strcmp(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), standing->table) == 0)
		standing->rules++;
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

/* One chain, without any rule. */
int wall_check(const char *bridge, struct error **err)
{
	char name[TABLE_NAME_MAX];
	table_name(bridge, name);
	struct standing standing = {.table = name, .bridge = bridge, .right = true};
	int failure = each(NFT_MSG_GETTABLE, look_at_table, &standing);
	if (!failure)
		failure = each(NFT_MSG_GETCHAIN, look_at_chain, &standing);
	if (!failure)
		failure = each(NFT_MSG_GETRULE, look_at_rule, &standing);
	if (failure)
		return error_set_errno(err, failure, "look at the wall of bridge '%s'", bridge);
	if (!standing.tables)
		return error_set(err, "the wall of bridge '%s' is gone (`toride up` makes it anew)", bridge);
	return standing.right && standing.chains == 1 && !standing.rules
		       ? 0
		       : error_set(err,
				   "the wall of bridge '%s' has been changed (nft list table netdev %s); take it away (nft "
				   "delete table "
				   "netdev %s), and `toride up` makes it anew",
				   bridge, name, name);
}
