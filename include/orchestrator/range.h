/*
 * The range: makes, inspects and removes what a plan names. libvirt, mounts and namespaces are touched here alone.
 *
 * Everything made carries our metadata (exercise, team, host, digest); clean-up goes by that, never by a name pattern. All calls
 * block and may be used from any worker thread; a struct range may be shared between threads.
 */
#ifndef TORIDE_ORCHESTRATOR_RANGE_H
#define TORIDE_ORCHESTRATOR_RANGE_H

#include <sys/types.h>

#include "orchestrator/plan.h"

struct range;

struct range_options {
	const char *state_dir;	  /* /var/lib/toride: images/, layers/, exercises/EX/ */
	const char *data_dir;	  /* holds scenarios/ and attacker/ */
	const char *programs_dir; /* the guest programs */
	const char *uri;	  /* lxc:///system */
	int workers;		  /* 0: 8 */
};

int range_create(const struct range_options *options, struct range **range, struct error **err);
void range_destroy(struct range *range);

/* Told before and after every step, from worker threads (one call at a time). `error` only after a failed step. */
struct range_progress {
	enum resource_kind kind;
	const char *name;
	const char *host; /* whose it is; NULL: nobody's, or something that is removed */
	int team;
	const char *action; /* "create", "destroy" or "reset" */
	bool finished;
	const char *error;
	size_t done, total;
};
typedef void range_progress_fn(const struct range_progress *progress, void *context);

/*
 * Converge: what exists and matches stays, the rest is made, what the exercise has and the plan has not is removed. When a step fails, what
 * needs it is left out, the rest goes on, and *err tells every failure; the caller then calls range_down().
 * *changed counts resources made or removed. Cancelled (returns -1) soon after *cancel becomes true.
 */
int range_up(struct range *range, const struct plan *plan, range_progress_fn *progress, void *context,
	     const volatile bool *cancel, size_t *changed, struct error **err);
/* What this host cannot do of what the plan asks, and what is left out for that, as a line for a person; NULL: nothing. Caller frees. */
char *range_lacks(struct range *range, const struct plan *plan);
/* Makes images, layers and histories only. *report, new reference: [{"kind","name","host" (but for images),"made","took_ms"}], all that the plan needs. */
int range_bake(struct range *range, const struct plan *plan, range_progress_fn *progress, void *context,
	       const volatile bool *cancel, json_t **report, struct error **err);
/*
 * Removes images, layers and histories that no exercise on this host stands on and none of the plans needs, and what was left of failed and killed bakes.
 * *removed, new reference: [{"folder","name","bytes"}]. Waits for who is building or baking.
 */
int range_prune(struct range *range, struct plan *const *plans, size_t plans_count, json_t **removed, struct error **err);
/*
 * Takes a host of a team (NULL: all of them, at the same time) back to what it was when it was built: ended, all that it has written thrown away, started,
 * ready. Networks and the other guests notice nothing; shells and programs in it end. It is told (`progress`, action "reset") as any step. *err tells every
 * failure; range_up() mends what failed, or was cut short. Refused while the exercise is being built or taken down, or while the same host is being reset.
 */
int range_reset(struct range *range, const struct plan *plan, int team, const char *host, range_progress_fn *progress,
		void *context, const volatile bool *cancel, struct error **err);
/* A descriptor; while it is open no host of the exercise is reset, and nothing built or removed. Waits for what is at work. -1 with *err. */
int range_hold_still(struct range *range, const char *exercise, struct error **err);
/* Removes everything of the exercise from the host, by metadata, also after a crash. Images and layers stay. Nothing there is success. */
int range_down(struct range *range, const char *exercise, range_progress_fn *progress, void *context, size_t *changed,
	       struct error **err);
/* Names of exercises that have anything on this host. NULL-ended array of strings, caller frees all. */
int range_exercises(struct range *range, char ***names, struct error **err);

/* {"guests":[{"team","host","state":"running|stopped|absent","memory_bytes","pids","unplugged":[network]}]} as found now. New
 * reference. */
int range_status(struct range *range, const char *exercise, json_t **status, struct error **err);
int range_capacity(struct range *range, struct capacity *capacity, struct error **err);
/* The same without a range, for a state directory that need not be there yet. */
int capacity_read(const char *state_dir, struct capacity *capacity, struct error **err);

/*
 * A team's secret: 24 letters and digits, made of a random key of the exercise, the team and the name; the same as long as the exercise is on this host,
 * and another after that. The hosts whose `secrets` name it have it in /etc/toride/secrets.json. It must never reach a log, the journal, or anybody who
 * need not know it. `exercise` must have a folder below state_dir/exercises; any name has a value. -1: the key cannot be read or made.
 */
enum { RANGE_SECRET_SIZE = 25 };
int range_secret(struct range *range, const char *exercise, int team, const char *name, char text[RANGE_SECRET_SIZE],
		 struct error **err);

struct guest_id {
	const char *exercise;
	int team;
	const char *host;
};

/*
 * Takes a host of the plan off a network (NULL: off all of its own), or puts it back on: out of the guest's reach, and the guest keeps its addresses and
 * routes. It lasts, through restarts and a host that is made anew, until it is taken back or the range goes. *changed: it was not so before.
 * Quick: no libvirt, no guest is entered.
 */
int range_plug(struct range *range, const struct plan *plan, int team, const struct host *host, const struct network *network,
	       bool on, bool *changed, struct error **err);

/* ---- captures: every frame of a team's network, as a pcap stream ---- */
struct capture_request {
	const char *exercise;
	int team;
	const char *network;
	int out;		     /* a pipe; made non-blocking; stays the caller's */
	int64_t time_ms, bytes;	     /* its limits */
	bool (*stop)(void *context); /* asked several times a second, from the calling thread; NULL: never */
	void *context;
};
enum capture_end {
	CAPTURE_TIME,
	CAPTURE_FULL,	    /* as many bytes as were asked for */
	CAPTURE_STOPPED,    /* `stop` said so, or nobody reads any more */
	CAPTURE_NO_NETWORK, /* it was taken down meanwhile */
};
struct capture_result {
	int64_t frames, bytes;
	int64_t dropped; /* frames that the reader was too slow for */
	enum capture_end end;
};
/* Until one of the ends; nobody in the team can notice it. Several may run at once. */
int range_capture(struct range *range, const struct capture_request *request, struct capture_result *result, struct error **err);

/* ---- guest exec: out of band, through the guest's namespaces; no agent that a trainee could see or stop ---- */
struct exec_request {
	const char *const *argv;	/* NULL-ended; looked up in the guest's PATH */
	const char *const *environment; /* "NAME=value", added to a small fixed one; NULL: none */
	const char *user;		/* account in the guest; NULL: root */
	const char *input;		/* standard input; NULL: empty */
	size_t input_length;
	int64_t timeout_ms;  /* 0: 60 s */
	size_t output_limit; /* of each stream, bytes; 0: 1 MiB; the rest is read and thrown away */
	int stdio[3];	     /* used when `pass_stdio`: the program's own descriptors */
	bool pass_stdio;
	bool background; /* gives way to all else that runs on this host */
};
struct exec_result {
	int status; /* exit status; 128 + signal when killed; 124 when out of time */
	bool timed_out, truncated;
	char *out, *err; /* zero-ended; NULL with pass_stdio */
	size_t out_length, err_length;
};
int range_exec(struct range *range, const struct guest_id *guest, const struct exec_request *request, struct exec_result *result,
	       struct error **err);
void exec_result_finish(struct exec_result *result);

/* A log-in shell on a new pseudo-terminal of the guest; *master is the caller's, *pid the process that ends with it (the caller's child,
 * to be reaped by range_shell_wait()). */
int range_shell(struct range *range, const struct guest_id *guest, const char *user, int *master, pid_t *pid, struct error **err);
int range_shell_wait(pid_t pid); /* exit status as in exec_result */

/* ---- probes: from the guest's network, but with the orchestrator's own program, out of the trainee's reach ---- */
/* How a probe calls itself to a proxy, whose role leaves it out of the log: there trainees look for the attack, not for us. */
#define RANGE_PROBE_AGENT "toride-probe"
struct probe_request {
	const struct guest_id *from;
	const char *address; /* dotted quad; must lie in a network of the exercise: the caller checks */
	int port;
	const char *proxy_address; /* NULL: straight; else an HTTP GET through that proxy */
	int proxy_port;
	int64_t timeout_ms;
};
enum probe_outcome { PROBE_REACHED, PROBE_NOT_REACHED, PROBE_UNKNOWN };
/* PROBE_UNKNOWN with *err when the probe itself could not run (the guest is gone). */
enum probe_outcome range_probe(struct range *range, const struct probe_request *request, struct error **err);

/*
 * Does anything lead out of the team's guests and networks? Looked at from the host's side, where no trainee can make it look open or shut. 0: nothing
 * does; -1 with *err: what does, or what could not be looked at. A guest that is just being reset looks like that, too: so it looks again until resets
 * are done, for some seconds.
 */
int range_sealed(struct range *range, const struct plan *plan, int team, struct error **err);

/* Calls `lost` (from a thread of the range) when a guest stops although nobody asked for it. One watch per range. */
typedef void range_lost_fn(const struct guest_id *guest, const char *detail, void *context);
int range_watch(struct range *range, range_lost_fn *lost, void *context, struct error **err);

#endif
