/* States that objectives want: what is probed, and where. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

const char *const state_kind_names[] = {[STATE_UNREACHABLE] = "unreachable",	       [STATE_REACHABLE] = "reachable",
					[STATE_FILE_ABSENT] = "file-absent",	       [STATE_PROCESS_ABSENT] = "process-absent",
					[STATE_ACCOUNT_DISABLED] = "account-disabled", [STATE_ACCOUNT_DISABLED + 1] = NULL};

static const int64_t HOLDS_MS = 2 * 60 * 1000; /* SCORING: a probe that holds two minutes unless set */

/* ---- ways, files, processes ---- */

static void read_reach(struct loading *loading, struct state_probe *state, const struct node *node)
{
	state->from = refer_host(loading, node_sound(node, "from"));
	state->to = refer_host(loading, node_sound(node, "to"));
	state->via = refer_host(loading, node_sound(node, "via"));
	state->port = (int)read_number(node, "port", 0);
	if (state->from && state->from == state->to)
		findings_error(loading->findings, &node->position,
			       "`from` and `to` are the same host; a host always reaches itself");
}

static void read_absent(struct loading *loading, struct state_probe *state, const struct node *node)
{
	const struct node *path = node_sound(node, "path");
	state->from = refer_host(loading, node_sound(node, "on"));
	state->path = read_string(loading, node, state->kind == STATE_FILE_ABSENT ? "path" : "name");
	if (path && *path->text != '/')
		findings_error(loading->findings, &path->position, "the path must begin with `/`");
}

/* ---- accounts ---- */

/* Adds the names in the directory's options: accounts of services. */
static void add_service_accounts(const struct host *directory, const char ***names, size_t *count)
{
	for (size_t i = 0; i < directory->role->options_count; i++) {
		const struct parameter *option = &directory->role->options[i];
		json_t *name;
		size_t index;
		if (option->type == VALUE_ACCOUNT)
			json_array_foreach (json_object_get(directory->options, option->name), index, name)
				*array_add(names, count) = json_string_value(name);
	}
}

static void judge_account(struct loading *loading, const struct host *directory, const struct node *account)
{
	const struct index *people = &loading->indexes[INDEX_PERSON];
	const char **names = NULL;
	size_t count = 0;
	for (size_t i = 0; i < people->count; i++)
		*array_add(&names, &count) = people->names[i];
	add_service_accounts(directory, &names, &count);
	pool_own(loading->scratch, names);
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], account->text) == 0)
			return;
	if (!loading->complete)
		return;
	cleanup_free char *suggestion =
		findings_full(loading->findings) ? NULL : schema_suggest(account->text, "accounts", names, count);
	findings_error(loading->findings, &account->position, "there is no account `%s` on `%s`%s", account->text,
		       directory->name, suggestion ? suggestion : "");
}

static void read_disabled(struct loading *loading, struct state_probe *state, const struct node *account)
{
	const struct scenario *scenario = loading->scenario;
	state->path = pool_strdup(loading->pool, account->text);
	for (size_t i = 0; i < scenario->hosts_count; i++) {
		const struct host *host = &scenario->hosts[i];
		if (!host->role || !host->role->directory)
			continue;
		if (state->from)
			findings_error(loading->findings, &account->position,
				       "`%s` and `%s` both hold accounts; a scenario has one directory", state->from->name,
				       host->name);
		state->from = host;
	}
	if (state->from)
		judge_account(loading, state->from, account);
	else if (loading->complete)
		findings_error(loading->findings, &account->position,
			       "no host holds the accounts: add a directory, such as one of role `ad`");
}

/* ---- the state ---- */

void load_state(struct loading *loading, struct state_probe *state, const struct node *node)
{
	const struct node *probe = NULL;
	for (int kind = 0; state_kind_names[kind]; kind++) {
		const struct node *found = node_get(node, state_kind_names[kind]);
		if (found && probe)
			findings_error(loading->findings, &found->position,
				       "one state at a time; make another objective of this one");
		if (!found || probe)
			continue;
		probe = found;
		state->kind = (enum state_kind)kind;
	}
	state->holds_ms = read_number(node, "holds", HOLDS_MS);
	if (!probe)
		findings_error(
			loading->findings, &node->position,
			"a state needs one of `unreachable`, `reachable`, `file-absent`, `process-absent`, `account-disabled`");
	if (!probe || probe->faulty)
		return;
	if (state->kind == STATE_UNREACHABLE || state->kind == STATE_REACHABLE)
		read_reach(loading, state, probe);
	else if (state->kind == STATE_ACCOUNT_DISABLED)
		read_disabled(loading, state, probe);
	else
		read_absent(loading, state, probe);
}
