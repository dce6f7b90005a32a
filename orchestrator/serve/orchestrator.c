#include "orchestrator/serve/orchestrator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "orchestrator/serve/board.h"
#include "orchestrator/serve/control.h"
#include "orchestrator/serve/gate.h"
#include "orchestrator/serve/instance.h"
#include "orchestrator/serve/kept.h"

int state_lock(const struct site *site, struct error **err)
{
	if (mkdir(site->state_dir, 0711) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "cannot make '%s' (the orchestrator runs as root, or with --state-dir)",
				       site->state_dir);
	cleanup_free char *path = xasprintf("%s/lock", site->state_dir);
	cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s' (the orchestrator runs as root, or with --state-dir)", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		char holder[32] = "";
		ssize_t length = pread(fd, holder, sizeof holder - 1, 0);
		holder[length > 0 ? length : 0] = '\0';
		return error_set(err, "another orchestrator uses '%s' (process %s); stop it, or choose another --state-dir",
				 site->state_dir, holder);
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d", (int)getpid()) < 0)
		return error_set_errno(err, errno, "cannot write '%s'", path);
	return steal_fd(&fd);
}

struct instance *orchestrator_instance(const struct orchestrator *orchestrator, const char *name)
{
	for (size_t i = 0; i < orchestrator->instances_count; i++)
		if (strcmp(instance_name(orchestrator->instances[i]), name) == 0)
			return orchestrator->instances[i];
	return NULL;
}

const char *orchestrator_url(const struct orchestrator *orchestrator)
{
	return orchestrator->board ? board_url(orchestrator->board) : NULL;
}

struct lost_guest {
	struct orchestrator *orchestrator;
	char *exercise, *host, *detail;
	int team;
};

static void tell_lost(void *context)
{
	struct lost_guest *lost = context;
	struct instance *instance = orchestrator_instance(lost->orchestrator, lost->exercise);
	if (instance && instance->built && !instance->busy) {
		log_warning("%s: team %d: host '%s' has stopped (%s); `toride up` again makes it anew", lost->exercise,
			    lost->team, lost->host, lost->detail);
		exercise_guest_lost(instance->exercise, lost->team, lost->host, lost->detail);
	}
	free(lost->exercise);
	free(lost->host);
	free(lost->detail);
	free(lost);
}

static void on_lost(const struct guest_id *guest, const char *detail, void *context)
{
	struct orchestrator *orchestrator = context;
	struct lost_guest *lost = xcalloc(1, sizeof *lost);
	*lost = (struct lost_guest){
		.orchestrator = orchestrator,
		.exercise = xstrdup(guest->exercise),
		.host = xstrdup(guest->host),
		.detail = xstrdup(detail),
		.team = guest->team,
	};
	jobs_post(orchestrator->jobs, tell_lost, lost);
}

/* What an earlier run left: taken up again where its state is whole, named where it is not. */
static void take_up_again(struct orchestrator *orchestrator)
{
	cleanup_error struct error *err = NULL;
	char **names = NULL;
	if (range_exercises(orchestrator->range, &names, &err) < 0) {
		log_warning("cannot see what is on this host: %s", error_text(err));
		return;
	}
	for (size_t i = 0; names[i]; i++) {
		cleanup_error struct error *fault = NULL;
		cleanup_free char *folder = kept_folder(orchestrator->site, names[i]);
		struct instance *instance;
		if (!kept_is_there(folder))
			log_warning("remains of exercise '%s' are on this host; `toride down %s` removes them", names[i],
				    names[i]);
		else if (instance_adopt(orchestrator, names[i], &instance, &fault) < 0)
			log_warning("%s", error_text(fault));
		else
			log_info("exercise '%s' is taken up again; its clocks stand still until `toride start %s`", names[i],
				 names[i]);
		free(names[i]);
	}
	free(names);
}

static int create_parts(struct orchestrator *orchestrator, const struct board_options *board, struct error **err)
{
	const struct site *site = orchestrator->site;
	struct range_options range = {
		.state_dir = site->state_dir, .data_dir = site->data_dir, .programs_dir = site->programs_dir, .uri = site->uri};
	int failure = sd_event_new(&orchestrator->loop);
	if (failure < 0)
		return error_set_errno(err, -failure, "event loop");
	orchestrator->lock_fd = state_lock(site, err);
	if (orchestrator->lock_fd < 0 || jobs_create(orchestrator->loop, ORCHESTRATOR_WORKERS, &orchestrator->jobs, err) < 0 ||
	    range_create(&range, &orchestrator->range, err) < 0 || control_create(orchestrator, &orchestrator->control, err) < 0)
		return -1;
	if (board->listen && board_create(orchestrator, board, &orchestrator->board, err) < 0)
		return -1;
	return range_watch(orchestrator->range, on_lost, orchestrator, err);
}

int orchestrator_create(const struct site *site, const struct board_options *board, struct orchestrator **out, struct error **err)
{
	/* The loop takes these as descriptors; every thread made from here on leaves them to it. */
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	/* A terminal that is closed is another Ctrl-C, but not under nohup. A blocked signal would reach the loop even when
	 * ignored. */
	struct sigaction hangup;
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	struct orchestrator *orchestrator = xcalloc(1, sizeof *orchestrator);
	orchestrator->site = site;
	orchestrator->lock_fd = -1;
	orchestrator->gate = gate_create(orchestrator);
	if (create_parts(orchestrator, board, err) < 0) {
		orchestrator_destroy(orchestrator);
		return -1;
	}
	take_up_again(orchestrator);
	*out = orchestrator;
	return 0;
}

void orchestrator_destroy(struct orchestrator *orchestrator)
{
	if (!orchestrator)
		return;
	control_destroy(orchestrator->control);
	jobs_destroy(orchestrator->jobs); /* what runs ends; nothing calls back after this */
	while (orchestrator->instances_count > 0)
		instance_destroy(orchestrator->instances[0], false);
	board_destroy(steal(&orchestrator->board));
	gate_destroy(orchestrator->gate);
	range_destroy(orchestrator->range);
	sd_event_unref(orchestrator->loop);
	if (orchestrator->lock_fd >= 0)
		close(orchestrator->lock_fd);
	free(orchestrator);
}
