/* The organisation's staff, and the contacts of the desk. */
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

static const int64_t PACE_MS = 90000;

/* Accounts that the images and roles have: a person's cannot be made beside them (Debian's base-passwd, and packages of the images). */
static const char *const system_accounts[] = {
	"backup", "bin",	"daemon", "dovecot", "dovenull", "games",   "irc",     "list",	   "lp",	 "mail",
	"man",	  "messagebus", "news",	  "nobody",  "nslcd",	 "office",  "postfix", "postgres", "postmaster", "proxy",
	"root",	  "sanitizer",	"sshd",	  "sync",    "sys",	 "trainee", "uucp",    "vmail",	   "www-data",	 NULL};

/* Accounts and groups of every directory (MS-ADTS 6.1.1.4, 6.1.1.6): it has one space of names for both. */
static const char *const directory_names[] = {"administrator", "administrators", "dnsadmins",  "dnsupdateproxy", "guest",
					      "guests",	       "krbtgt",	 "replicator", "users",		 NULL};

static void report_unoffered(struct loading *loading, const struct person *person, const struct node *activity)
{
	const struct role *role = person->terminal->role;
	cleanup_free char *shown = quoted(activity->text);
	cleanup_free char *suggestion =
		schema_suggest(activity->text, "activities there", (const char *const *)role->activities, role->activities_count);
	findings_error(loading->findings, &activity->position, "nobody can do %s on `%s` (role `%s`)%s", shown,
		       person->terminal->name, role->name, suggestion);
}

static bool is_offered(const struct role *role, const char *activity)
{
	for (size_t i = 0; i < role->activities_count; i++)
		if (strcmp(role->activities[i], activity) == 0)
			return true;
	return false;
}

/* Simulated use of the terminal. */
static void read_use(struct loading *loading, struct person *person, const struct node *node)
{
	const struct node *does = node_sound(node, "does"), *pace = node_get(node, "pace"),
			  *terminal = node_get(node, "terminal");
	if (pace && !node_get(node, "does"))
		findings_error(loading->findings, &pace->position,
			       "a `pace` without `does`: say what `%s` does (`does: [mail, browse]`), or take it away",
			       person->account);
	if (!does)
		return;
	if (!terminal)
		findings_error(loading->findings, &does->position, "`%s` has no terminal to do this at: add `terminal`",
			       person->account);
	person->pace_ms = read_number(node, "pace", PACE_MS);
	person->does = pool_alloc(loading->pool, does->count, sizeof *person->does);
	for (size_t i = 0; i < does->count; i++) {
		const struct node *activity = does->entries[i].value;
		if (activity->faulty || !person->terminal || !person->terminal->role)
			continue;
		if (is_offered(person->terminal->role, activity->text))
			person->does[person->does_count++] = pool_strdup(loading->pool, activity->text);
		else
			report_unoffered(loading, person, activity);
	}
}

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void check_account(struct loading *loading, const struct node *key)
{
	if (is_among(system_accounts, key->text) || is_among(directory_names, key->text))
		findings_error(loading->findings, &key->position,
			       "`%s` is an account of the machines or the directory itself; name the person otherwise",
			       key->text);
}

/* A department is a group of the directory. */
static void check_department(struct loading *loading, const struct section *people, const struct person *person,
			     const struct node *node)
{
	const struct node *department = node_get(node, "department");
	if (!person->department || !department)
		return;
	if (is_among(directory_names, person->department))
		findings_error(loading->findings, &department->position,
			       "`%s` is a group or account that every directory has; name the department otherwise",
			       person->department);
	for (size_t i = 0; i < people->count; i++)
		if (strcmp(people->entries[i].key->text, person->department) == 0)
			findings_error(loading->findings, &department->position,
				       "`%s` is a person, too, and the directory has one space of names for accounts and groups; "
				       "name the department otherwise",
				       person->department);
}

void judge_service_account(struct loading *loading, const struct node *account)
{
	const struct section *people = &loading->sections[SECTION_PEOPLE];
	if (is_among(directory_names, account->text))
		findings_error(loading->findings, &account->position,
			       "`%s` is a group or account that every directory has; name the account otherwise", account->text);
	for (size_t i = 0; i < people->count; i++) {
		const struct node *department = node_sound(people->entries[i].value, "department");
		bool is_person = strcmp(people->entries[i].key->text, account->text) == 0;
		if (!is_person && !(department && strcmp(department->text, account->text) == 0))
			continue;
		findings_error(loading->findings, &account->position,
			       "`%s` is a %s, too, and the directory has one space of names; name the account otherwise",
			       account->text, is_person ? "person" : "department");
		return;
	}
}

void load_people(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_PEOPLE];
	scenario->people = pool_alloc(loading->pool, section->count, sizeof *scenario->people);
	scenario->people_count = section->count;
	for (size_t i = 0; i < section->count; i++) {
		const struct entry *entry = &section->entries[i];
		struct person *person = &scenario->people[i];
		index_add(loading, INDEX_PERSON, entry->key, i);
		person->account = pool_strdup(loading->pool, entry->key->text);
		person->name = read_text(loading, entry->value, "name");
		person->department = read_string(loading, entry->value, "department");
		person->terminal = refer_host(loading, node_sound(entry->value, "terminal"));
		check_account(loading, entry->key);
		check_department(loading, section, person, entry->value);
		read_use(loading, person, entry->value);
	}
}

void load_contacts(struct loading *loading)
{
	struct scenario *scenario = loading->scenario;
	const struct section *section = &loading->sections[SECTION_DESK];
	scenario->contacts = pool_alloc(loading->pool, section->count, sizeof *scenario->contacts);
	scenario->contacts_count = section->count;
	for (size_t i = 0; i < section->count; i++) {
		index_add(loading, INDEX_CONTACT, section->entries[i].key, i);
		scenario->contacts[i].id = pool_strdup(loading->pool, section->entries[i].key->text);
		scenario->contacts[i].name = read_text(loading, section->entries[i].value, "name");
	}
}
