/* Roles, images and abilities: files beside the scenario, each read once, when something names it first. */
#include <dirent.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "orchestrator/scenario/loading.h"

/* ---- where they are ---- */

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Adds the names of ours in a folder: those for which there is a NAME<end> (".yaml", "/role.yaml"). */
static void list_folder(struct loading *loading, const char *folder, const char *end, const char ***names, size_t *count)
{
	cleanup_dir DIR *directory = opendir(folder);
	for (struct dirent *item; directory && *count < LIMIT_LIST && (item = readdir(directory));) {
		char *name = pool_strndup(loading->scratch, item->d_name, strcspn(item->d_name, "."));
		cleanup_free char *path = xasprintf("%s/%s%s", folder, name, end);
		if (value_name(name) && access(path, F_OK) == 0)
			*array_add(names, count) = name;
	}
}

static void report_missing(struct loading *loading, const struct node *node, const char *one, const char *many,
			   const char *const folders[2], const char *end)
{
	const char **names = NULL;
	size_t count = 0;
	for (int i = 0; i < 2; i++)
		if (folders[i])
			list_folder(loading, folders[i], end, &names, &count);
	pool_own(loading->scratch, names);
	if (count > 1)
		qsort(names, count, sizeof *names, compare_names);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) /* the two folders may be the same */
		if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	cleanup_free char *suggestion = schema_suggest(node->text, many, names, kept);
	findings_error(loading->findings, &node->position, "there is no %s `%s`%s", one, node->text, suggestion);
}

/* Reads FOLDER/NAME<end> from the first of the folders that has it. *folder: which one it was. */
static struct node *read_from(struct loading *loading, const char *const folders[2], const char *name, const char *end,
			      const struct schema *schema, const char **folder, bool *broken)
{
	for (int i = 0; i < 2; i++) {
		if (!folders[i])
			continue;
		*folder = folders[i];
		char *path = pool_printf(loading->scratch, "%s/%s%s", folders[i], name, end);
		struct node *root = loading_read_part(loading, path, schema, broken);
		if (root || *broken)
			return root;
	}
	return NULL;
}

static void judge_own_name(struct loading *loading, const struct node *root, const char *key, const char *name)
{
	const struct node *node = node_sound(root, key);
	if (node && strcmp(node->text, name) != 0)
		findings_error(loading->findings, &node->position, "this is `%s` by its file's name; write `%s: %s`", name, key,
			       name);
}

/* ---- images ---- */

static void add_packages(struct loading *loading, struct image *image, const struct node *list)
{
	size_t count = list ? list->count : 0;
	char **packages = pool_alloc(loading->pool, image->packages_count + count, sizeof *packages);
	for (size_t i = 0; i < image->packages_count; i++)
		packages[i] = image->packages[i];
	image->packages = packages;
	for (size_t i = 0; i < count; i++)
		if (!list->entries[i].value->faulty)
			packages[image->packages_count++] = pool_strdup(loading->pool, list->entries[i].value->text);
}

/* Adds what the file says to an image; first, what the image says that it is made from. */
static void add_recipe(struct loading *loading, struct image *image, const struct node *name, int depth)
{
	const char *folder = NULL;
	const char *const folders[2] = {loading->images_dir,
					pool_printf(loading->scratch, "%s/scenarios/images", loading->data_dir)};
	bool broken = false;
	struct node *root = read_from(loading, folders, name->text, ".yaml", &schema_image, &folder, &broken);
	if (!root && !broken)
		report_missing(loading, name, "image", "images", folders, ".yaml");
	if (!root)
		return;
	judge_own_name(loading, root, "image", name->text);
	const struct node *from = node_sound(root, "from");
	if (from && depth == IMAGE_FOLDERS_MAX)
		findings_error(loading->findings, &from->position,
			       "an image may stand on at most %d others, one on the other; is there a ring of `from`?",
			       IMAGE_FOLDERS_MAX - 1);
	else if (from)
		add_recipe(loading, image, from, depth + 1);
	image->file = pool_printf(loading->pool, "%s/%s.yaml", folder, name->text);
	image->suite = read_string(loading, root, "suite");
	char *files = pool_printf(loading->pool, "%s/%s", folder, name->text);
	if (access(files, F_OK) == 0)
		image->folders[image->folders_count++] = files;
	add_packages(loading, image, node_sound(root, "packages"));
}

static void read_image(struct loading *loading, const struct node *name)
{
	struct scenario *scenario = loading->scenario;
	for (size_t i = 0; i < scenario->images_count; i++)
		if (strcmp(scenario->images[i]->name, name->text) == 0)
			return;
	struct image *image = pool_alloc(loading->pool, 1, sizeof *image);
	*array_add(&scenario->images, &scenario->images_count) = image; /* a broken one too: it is reported once */
	image->name = pool_strdup(loading->pool, name->text);
	add_recipe(loading, image, name, 1);
}

/* ---- roles ---- */

/* A service whose port an option says. NULL after reporting. */
static const struct parameter *find_port_option(struct loading *loading, const struct role *role, const struct node *name)
{
	const char *names[LIMIT_PARAMETERS];
	size_t count = 0;
	for (size_t i = 0; i < role->options_count; i++) {
		const struct parameter *option = &role->options[i];
		if (option->type != VALUE_PORT || option->list)
			continue;
		if (strcmp(option->name, name->text) == 0 && (option->fallback || option->required))
			return option;
		names[count++] = option->name;
	}
	cleanup_free char *shown = quoted(name->text);
	cleanup_free char *suggestion = schema_suggest(name->text, "options of type port", names, count);
	findings_error(loading->findings, &name->position,
		       "a service is a port such as `80/tcp`, or an option of type port that is required or has a default; %s is "
		       "none%s",
		       shown, suggestion);
	return NULL;
}

static void read_role_services(struct loading *loading, struct role *role, const struct node *map)
{
	if (!map || map->kind != NODE_MAP)
		return;
	role->services = pool_alloc(loading->pool, map->count, sizeof *role->services);
	for (size_t i = 0; i < map->count; i++) {
		const struct entry *entry = &map->entries[i];
		struct rule_service port[VALUE_SERVICES_MAX] = {0};
		size_t count;
		const struct parameter *option = NULL;
		if (entry->key->faulty || entry->value->faulty)
			continue;
		if (value_name(entry->value->text))
			option = find_port_option(loading, role, entry->value);
		else if (!value_service(entry->value->text, port, &count))
			continue;
		role->services[role->services_count++] = (struct role_service){
			.name = pool_strdup(loading->pool, entry->key->text),
			.port = port[0].port,
			.udp = strcmp(port[0].protocol, "udp") == 0,
			.option = option,
		};
	}
}

static void read_activities(struct loading *loading, struct role *role, const struct node *list)
{
	role->activities = pool_alloc(loading->pool, list ? list->count : 0, sizeof *role->activities);
	for (size_t i = 0; list && i < list->count; i++)
		if (!list->entries[i].value->faulty)
			role->activities[role->activities_count++] = pool_strdup(loading->pool, list->entries[i].value->text);
}

static unsigned read_reads(const struct node *list)
{
	unsigned reads = 0;
	for (size_t i = 0; list && i < list->count; i++)
		for (int word = 0; word < READ_FACTS; word++)
			if (!list->entries[i].value->faulty && strcmp(list->entries[i].value->text, read_fact_names[word]) == 0)
				reads |= 1u << word;
	return reads;
}

static void fill_role(struct loading *loading, struct role *role, const struct node *root)
{
	judge_own_name(loading, root, "role", role->name);
	const struct node *image = node_sound(root, "image");
	role->image = read_string(loading, root, "image");
	if (image)
		read_image(loading, image);
	role->summary = read_text(loading, root, "summary");
	role->forwards = read_truth(root, "forwards", false);
	role->resolves = read_truth(root, "resolves", false);
	role->translates = read_truth(root, "translates", false);
	role->dormant = read_truth(root, "dormant", false);
	role->directory = read_truth(root, "directory", false);
	role->reads = read_reads(node_sound(root, "reads"));
	role->memory_bytes = read_number(root, "memory", 0);
	role->processes = (int)read_number(root, "processes", 0);
	role->options = parameters_read(loading, node_sound(root, "options"), &role->options_count);
	for (size_t i = 0; i < role->options_count; i++)
		for (const struct field *field = schema_host.fields; field->key; field++)
			if (strcmp(field->key, role->options[i].name) == 0)
				findings_error(loading->findings, &root->position,
					       "the option `%s` is a key of every host; give it another name", field->key);
	read_role_services(loading, role, node_sound(root, "services"));
	read_activities(loading, role, node_sound(root, "activities"));
}

const struct role *catalogue_role(struct loading *loading, const struct node *name)
{
	struct scenario *scenario = loading->scenario;
	if (!name)
		return NULL;
	for (size_t i = 0; i < scenario->roles_count; i++)
		if (strcmp(scenario->roles[i]->name, name->text) == 0)
			return scenario->roles[i]->folder ? scenario->roles[i] : NULL; /* NULL: broken, and reported */
	const char *folder = NULL;
	const char *const folders[2] = {loading->roles_dir,
					pool_printf(loading->scratch, "%s/scenarios/roles", loading->data_dir)};
	bool broken = false;
	struct node *root = read_from(loading, folders, name->text, "/role.yaml", &schema_role, &folder, &broken);
	if (!root && !broken) {
		report_missing(loading, name, "role", "roles", folders, "/role.yaml");
		return NULL;
	}
	struct role *role = pool_alloc(loading->pool, 1, sizeof *role);
	*array_add(&scenario->roles, &scenario->roles_count) = role;
	role->name = pool_strdup(loading->pool, name->text);
	if (!root)
		return NULL;
	role->folder = pool_printf(loading->pool, "%s/%s", folder, name->text);
	role->history = access(pool_printf(loading->scratch, "%s/history", role->folder), F_OK) == 0;
	fill_role(loading, role, root);
	return role;
}

/* ---- abilities ---- */

/* ${...} of `expect`: the attack engine fills it in; here it is seen that it can. */
static void judge_place_holder(struct loading *loading, const struct ability *ability, const char *name, size_t length,
			       bool is_host, const struct position *position)
{
	static const char *const known[] = {"on", "to", "via", "on.ip", "to.ip", "via.ip", "as", "home", NULL};
	cleanup_free char *held = xstrndup(name, length);
	cleanup_free char *written = xasprintf("${%s}", held);
	cleanup_free char *shown = quoted(written);
	for (int i = 0; known[i]; i++)
		if (strcmp(known[i], held) == 0 && (!is_host || i < 3))
			return;
	char *dot = strncmp(held, "arg.", 4) == 0 ? strchr(held + 4, '.') : NULL;
	const char *part = dot ? dot + 1 : "";
	if (dot)
		*dot = '\0';
	for (size_t i = 0; strncmp(held, "arg.", 4) == 0 && i < ability->args_count; i++) {
		const struct parameter *arg = &ability->args[i];
		if (strcmp(arg->name, held + 4) != 0)
			continue;
		bool fits = (!*part && (!is_host || (arg->type == VALUE_HOST && !arg->list))) ||
			    (!is_host && strcmp(part, "ip") == 0 && arg->type == VALUE_HOST) ||
			    (!is_host && strcmp(part, "cidr") == 0 && arg->type == VALUE_NETWORK) ||
			    (!is_host && strcmp(part, "name") == 0 && arg->type == VALUE_PATH);
		if (fits)
			return;
	}
	findings_error(loading->findings, position,
		       is_host ? "%s is no host; known are ${on}, ${to}, ${via}, and ${arg.NAME} of type host"
			       : "there is no %s here; known are on, to, via, on.ip, to.ip, via.ip, as, home, arg.NAME, "
				 "arg.NAME.ip (host), "
				 "arg.NAME.cidr (network), arg.NAME.name (path)",
		       shown);
}

static void judge_template(struct loading *loading, const struct ability *ability, const struct node *node, bool is_host)
{
	if (!node)
		return;
	const char *at = node->text;
	bool whole = strncmp(at, "${", 2) == 0 && strchr(at, '}') && !strchr(at, '}')[1];
	if (is_host && strstr(at, "${") && !whole)
		findings_error(loading->findings, &node->position, "a host is either a name or one `${...}`, not both");
	while ((at = strstr(at, "${"))) {
		const char *end = strchr(at, '}');
		if (!end) {
			findings_error(loading->findings, &node->position, "a `${` without its `}`");
			return;
		}
		judge_place_holder(loading, ability, at + 2, (size_t)(end - at - 2), is_host, &node->position);
		at = end;
	}
}

static void read_traces(struct loading *loading, struct ability *ability, const struct node *list)
{
	if (!list || list->kind != NODE_LIST)
		return;
	ability->expect = pool_alloc(loading->pool, list->count, sizeof *ability->expect);
	for (size_t i = 0; i < list->count; i++) {
		const struct node *node = list->entries[i].value;
		struct trace *trace = &ability->expect[ability->expect_count];
		trace->host = read_string(loading, node, "host");
		trace->file = read_string(loading, node, "file");
		trace->contains = read_string(loading, node, "contains");
		judge_template(loading, ability, node_sound(node, "host"), true);
		judge_template(loading, ability, node_sound(node, "file"), false);
		judge_template(loading, ability, node_sound(node, "contains"), false);
		if (trace->host && trace->file && trace->contains)
			ability->expect_count++;
	}
}

static void fill_ability(struct loading *loading, struct ability *ability, const struct node *root)
{
	static const char *const kinds[] = {[ABILITY_COMMAND] = "command", [ABILITY_BEACON] = "beacon", NULL};
	judge_own_name(loading, root, "ability", ability->id);
	ability->kind = (enum ability_kind)read_choice(root, "kind", kinds, ABILITY_COMMAND);
	const struct node *techniques = node_sound(root, "techniques");
	ability->techniques = pool_alloc(loading->pool, techniques ? techniques->count : 0, sizeof *ability->techniques);
	for (size_t i = 0; techniques && i < techniques->count; i++)
		if (!techniques->entries[i].value->faulty)
			ability->techniques[ability->techniques_count++] =
				pool_strdup(loading->pool, techniques->entries[i].value->text);
	ability->summary = read_text(loading, root, "summary");
	ability->through_beacon = read_truth(root, "through_beacon", false);
	ability->timeout_ms = read_number(root, "timeout", 0);
	ability->args = parameters_read(loading, node_sound(root, "args"), &ability->args_count);
	for (size_t i = 0; i < ability->args_count; i++)
		if (ability->args[i].type == VALUE_RANGES)
			findings_error(loading->findings, &root->position,
				       "`%s` is of type ranges, which only options of roles may be", ability->args[i].name);
	ability->run = read_string(loading, root, "run");
	ability->undo = read_string(loading, root, "undo");
	ability->undone = read_string(loading, root, "undone");
	read_traces(loading, ability, node_sound(root, "expect"));
}

const struct ability *catalogue_ability(struct loading *loading, const struct node *name)
{
	struct scenario *scenario = loading->scenario;
	if (!name)
		return NULL;
	for (size_t i = 0; i < scenario->abilities_count; i++)
		if (strcmp(scenario->abilities[i]->id, name->text) == 0)
			return scenario->abilities[i]->file ? scenario->abilities[i] : NULL;
	const char *folder = NULL;
	/* The catalogue is closed: none from beside the scenario. */
	const char *const folders[2] = {pool_printf(loading->scratch, "%s/attacker/abilities", loading->data_dir), NULL};
	bool broken = false;
	struct node *root = read_from(loading, folders, name->text, ".yaml", &schema_ability, &folder, &broken);
	if (!root && !broken) {
		report_missing(loading, name, "ability", "abilities", folders, ".yaml");
		return NULL;
	}
	struct ability *ability = pool_alloc(loading->pool, 1, sizeof *ability);
	*array_add(&scenario->abilities, &scenario->abilities_count) = ability;
	ability->id = pool_strdup(loading->pool, name->text);
	if (!root)
		return NULL;
	ability->file = pool_printf(loading->pool, "%s/%s.yaml", folder, name->text);
	fill_ability(loading, ability, root);
	return ability;
}
