/* Every limit on what a scenario's author controls: sizes, counts, depth. A scenario may come from a stranger. */
#ifndef TORIDE_ORCHESTRATOR_SCENARIO_LIMITS_H
#define TORIDE_ORCHESTRATOR_SCENARIO_LIMITS_H

enum {
	LIMIT_FILE_BYTES = 1 << 20,
	LIMIT_FILES = 32,      /* of one scenario, by `use` */
	LIMIT_DEPTH = 24,      /* lists and maps inside each other */
	LIMIT_VALUES = 200000, /* of all files together, with every alias unfolded */
	LIMIT_ANCHORS = 256,   /* in a file */
	LIMIT_SCALAR_BYTES = 65536,

	LIMIT_NAME_BYTES = 24,
	LIMIT_LINE_BYTES = 500, /* a text of one line */
	LIMIT_PACKAGE_BYTES = 100,
	LIMIT_PATH_BYTES = 255,
	LIMIT_LIST = 1000, /* entries of a list or map with no smaller limit of its own */
	LIMIT_NETWORKS = 32,
	LIMIT_HOSTS = 64,
	LIMIT_NICS = 8,
	LIMIT_ADDRESSES = 32, /* of an interface */
	LIMIT_SECRETS = 8,    /* of a host */
	LIMIT_RULES = 500,    /* of a firewall */
	LIMIT_PEOPLE = 500,
	LIMIT_CONTACTS = 50,
	LIMIT_STEPS = 200,
	LIMIT_INJECTS = 200,
	LIMIT_OBJECTIVES = 100,
	LIMIT_DUTIES = 50,
	LIMIT_FIELDS = 30, /* of a claim or report */
	LIMIT_HINTS = 10,
	LIMIT_SOLUTION = 500,
	LIMIT_PARAMETERS = 50, /* options of a role, arguments of an ability */
	LIMIT_PACKAGES = 500,
	LIMIT_POINTS = 1000,

	LIMIT_FINDINGS = 1000, /* collected; after that they are only counted */
	LIMIT_FINDINGS_SHOWN = 100,
	LIMIT_QUOTE_BYTES = 60,	  /* of the author's text in a message */
	LIMIT_NAMES_LISTED = 12,  /* in "hosts are: ..." */
	LIMIT_SHOWN_COLUMNS = 150 /* of a source line */
};

#endif
