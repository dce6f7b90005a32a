#include "orchestrator/serve/accounts.h"

#include <sodium.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

enum { PASSWORD_GROUPS = 4, PASSWORD_GROUP_LETTERS = 4 };

/* Four groups of four out of 31 letters that are not mistaken for each other on paper: 79 bits. */
static char *draw_password(void)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	char *password = xcalloc(PASSWORD_GROUPS * (PASSWORD_GROUP_LETTERS + 1), 1);
	char *next = password;
	for (int group = 0; group < PASSWORD_GROUPS; group++) {
		if (group > 0)
			*next++ = '-';
		for (int i = 0; i < PASSWORD_GROUP_LETTERS; i++)
			*next++ = letters[randombytes_uniform(sizeof letters - 1)];
	}
	return password;
}

static char *hash_password(const char *password)
{
	char *hash = xcalloc(crypto_pwhash_STRBYTES, 1);
	if (crypto_pwhash_str_alg(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
				  crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
		abort(); /* out of memory */
	return hash;
}

static const char *role_name(enum account_role role)
{
	return role == ACCOUNT_INSTRUCTOR ? "instructor" : "team";
}

void accounts_draw(struct accounts *accounts, int teams, json_t **passwords)
{
	*accounts = (struct accounts){0};
	*passwords = json_array();
	for (int team = 0; team <= teams; team++) {
		struct account *account = array_add(&accounts->items, &accounts->count);
		account->role = team == 0 ? ACCOUNT_INSTRUCTOR : ACCOUNT_TEAM;
		account->team = team;
		account->name = team == 0 ? xstrdup("instructor") : xasprintf("team%d", team);
		cleanup_free char *password = draw_password();
		account->hash = hash_password(password);
		json_array_append_new(*passwords, json_pack("{ss ss ss si}", "account", account->name, "password", password,
							    "role", role_name(account->role), "team", team));
		sodium_memzero(password, strlen(password));
	}
}

void accounts_finish(struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++) {
		free(accounts->items[i].name);
		free(accounts->items[i].hash);
	}
	free(accounts->items);
	*accounts = (struct accounts){0};
}

const struct account *accounts_find(const struct accounts *accounts, const char *name)
{
	for (size_t i = 0; i < accounts->count; i++)
		if (strcmp(accounts->items[i].name, name) == 0)
			return &accounts->items[i];
	return NULL;
}

json_t *accounts_to_json(const struct accounts *accounts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < accounts->count; i++) {
		const struct account *account = &accounts->items[i];
		json_array_append_new(list, json_pack("{ss ss si ss}", "account", account->name, "role", role_name(account->role),
						      "team", account->team, "hash", account->hash));
	}
	return list;
}

int accounts_from_json(struct accounts *accounts, const json_t *json, struct error **err)
{
	*accounts = (struct accounts){0};
	size_t index;
	json_t *entry;
	json_array_foreach (json, index, entry) {
		const char *name, *role, *hash;
		int team;
		json_error_t fault;
		if (json_unpack_ex(entry, &fault, 0, "{ss ss si ss}", "account", &name, "role", &role, "team", &team, "hash",
				   &hash) < 0) {
			accounts_finish(accounts);
			return error_set(err, "accounts: entry %zu: %s", index + 1, fault.text);
		}
		struct account *account = array_add(&accounts->items, &accounts->count);
		account->name = xstrdup(name);
		account->role = strcmp(role, "instructor") == 0 ? ACCOUNT_INSTRUCTOR : ACCOUNT_TEAM;
		account->team = team;
		account->hash = xstrdup(hash);
	}
	return 0;
}

/* Of a random password that nobody knows: makes an unknown account cost what a wrong password costs. */
static const char unknown_hash[] =
	"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$3Q5xwVYJgBTpTXq0Y1QWnVvJXyM0hRk4Zt2gZ8Z3mXo";

bool account_verify(const char *hash, const char *password)
{
	bool right = crypto_pwhash_str_verify(hash ? hash : unknown_hash, password, strlen(password)) == 0;
	return right && hash;
}
