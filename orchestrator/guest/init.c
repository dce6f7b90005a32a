/*
 * Process 1 of every guest: mounts, the network and the name that the range has told it, the role's own start, then the services (s6-svscan takes its place). It goes on after a fault, with a line on the console: a guest that is half up can
 * be looked into, a dead one cannot.
 *
 * A program and no script: all guests of all teams start at once, and each program that a script runs costs a millisecond or two of a processor. It is
 * linked statically for the same reason.
 *
 * Comes in: /etc/toride/{network,start,services/}, /etc/hostname; /.toride-hold, until it may begin. Goes out: /run/service, /run/toride/{start,services,network}.log, and
 * /run/toride/ready once s6 has launched every service, those that others start by listen, and the interfaces with DHCP have their address.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICES "/etc/toride/services"
#define RUNNING "/run/service"
#define TOLD "/run/toride/"
#define HOLD "/.toride-hold"

enum {
	/* Of a user: a second line behind the guest's own limit, so that a mistake in a shell meets it first. */
	PROCESSES_MAX = 1024,
	LAUNCH_POLL_MS = 5,
	LISTEN_POLLS_MAX = 600,
	HOLD_POLL_MS = 3,
	SERVICES_MAX = 64,
};

static void say(const char *what, const char *detail)
{
	int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (console < 0)
		return;
	dprintf(console, "toride: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	close(console);
}

static void say_errno(const char *what)
{
	say(what, strerror(errno));
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		say_errno(path);
	else
		close(fd);
}

/* Runs a program with its output in a file. False: it did not end well. */
static bool run(const char *const *argv, const char *log)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (out >= 0)
			dup2(out, STDOUT_FILENO), dup2(out, STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	/* Others' children are ours, too: only this one is waited for. */
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* ---- the guest's own world ---- */

static void set_environment(void)
{
	/* The host's names (libvirt's variables) are not the guest's business. */
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("TORIDE_FACTS", "/etc/toride/facts.json", 1);
	const struct rlimit processes = {.rlim_cur = PROCESSES_MAX, .rlim_max = PROCESSES_MAX};
	setrlimit(RLIMIT_NPROC, &processes);
	umask(022);
	if (chdir("/") < 0)
		say_errno("enter /");
}

static void mount_all(void)
{
	static const struct {
		const char *place, *options;
	} places[] = {
		{"/run", "mode=755,size=32m"},
		{"/tmp", "mode=1777,size=64m"},
		{"/dev/shm", "mode=1777,size=32m"}, /* libvirt's /dev has no such folder */
	};
	/* libvirt's file over /proc/meminfo cannot be read in a user namespace, where it breaks ps and free. Its view of the control groups
	 * shows the names of all guests of the host. */
	umount2("/proc/meminfo", MNT_DETACH);
	umount2("/sys/fs/cgroup", MNT_DETACH);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		mkdir(places[i].place, 0755);
		if (mount("tmpfs", places[i].place, "tmpfs", MS_NOSUID | MS_NODEV, places[i].options) < 0)
			say_errno(places[i].place);
	}
	mkdir("/run/toride", 0755);
	mkdir("/run/lock", 0755);
	mkdir(RUNNING, 0755);
	touch("/run/utmp");
}

static void set_name(void)
{
	char name[HOST_NAME_MAX + 2] = "";
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, name, sizeof name - 1);
	close(fd);
	if (length < 0 || sethostname(name, strcspn(name, "\n")) < 0)
		say_errno("host name");
}

/* Who makes the guest takes the file away once its ports are as they shall be, slow, or off their networks: until then nothing of ours may get out; and,
 * where we ask for an address, once somebody answers. */
static void wait_to_begin(void)
{
	while (access(HOLD, F_OK) == 0)
		pause_ms(HOLD_POLL_MS);
}

static void set_network(void)
{
	/* A role that forwards says so in its start, once its rules are in force. IPv6 is taken off from outside, before anybody gets in. */
	int forwarding = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
	if (forwarding >= 0 && write(forwarding, "0", 1) < 0)
		say_errno("ip_forward");
	close(forwarding);
	if (!run((const char *const[]){"ip", "-force", "-batch", "/etc/toride/network", NULL}, TOLD "network.log"))
		say("the network is not as planned; see " TOLD "network.log", NULL);
	set_name();
}

/* ---- the services: supervised from /run, so what a crash leaves in a service's folder is gone after a restart ---- */

static int copy_file(const char *from, const char *to, const struct stat *info)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, info->st_mode & 0777);
	off_t left = out < 0 ? -1 : info->st_size;
	for (ssize_t put = 1; left > 0 && put > 0; left -= put)
		put = sendfile(out, in, NULL, (size_t)left);
	close(out);
	close(in);
	return left == 0 ? 0 : -1;
}

static int copy_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)place;
	char to[PATH_MAX];
	snprintf(to, sizeof to, RUNNING "%s", path + strlen(SERVICES));
	if ((kind == FTW_D && mkdir(to, 0755) < 0 && errno != EEXIST) || (kind == FTW_F && copy_file(path, to, info) < 0))
		say_errno(path);
	return 0;
}

static int list_services(char names[SERVICES_MAX][NAME_MAX + 1])
{
	int count = 0;
	DIR *folder = opendir(RUNNING);
	for (const struct dirent *entry; folder && (entry = readdir(folder));)
		if (entry->d_name[0] != '.' && count < SERVICES_MAX)
			snprintf(names[count++], NAME_MAX + 1, "%s", entry->d_name);
	if (folder)
		closedir(folder);
	return count;
}

static bool is_launched(const char *service)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, RUNNING "/%.*s/supervise/status", NAME_MAX, service);
	return access(path, F_OK) == 0;
}

/* The UDP port that the service's file `listens` names; 0: nobody starts by this service. */
static unsigned port_awaited(const char *service)
{
	char path[PATH_MAX], port[8] = "";
	snprintf(path, sizeof path, SERVICES "/%.*s/listens", NAME_MAX, service);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, port, sizeof port - 1) < 0)
		say_errno(path);
	close(fd);
	return (unsigned)atoi(port);
}

static bool is_heard(unsigned port)
{
	char line[256];
	unsigned heard = 0;
	FILE *sockets = fopen("/proc/net/udp", "re");
	while (sockets && heard != port && fgets(line, sizeof line, sockets))
		sscanf(line, " %*d: %*8[0-9A-F]:%4X", &heard);
	if (sockets)
		fclose(sockets);
	return heard == port;
}

/* 3 s at most: it may never come up, and the others of the guest are worth having. */
static void await_port(unsigned port)
{
	for (int polls = 0; port && !is_heard(port) && polls < LISTEN_POLLS_MAX; polls++)
		pause_ms(LAUNCH_POLL_MS);
}

static bool is_unplugged(const char *device)
{
	char path[PATH_MAX], carrier = 0;
	snprintf(path, sizeof path, "/sys/class/net/%.*s/carrier", NAME_MAX, device);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool known = fd >= 0 && read(fd, &carrier, 1) == 1;
	close(fd);
	return known && carrier == '0';
}

/* In a process of its own, beside the services: who builds the range waits for it, up to a limit of his own. An address that nobody hands out holds it up for 15 s, no longer;
 * where the cable is pulled there is nobody to wait for. */
static void announce(void)
{
	static char names[SERVICES_MAX][NAME_MAX + 1];
	const char *leases[SERVICES_MAX + 5] = {"s6-svwait", "-U", "-t", "15000"};
	int count = list_services(names), leased = 4;
	for (int i = 0; i < count; i++)
		while (!is_launched(names[i]))
			pause_ms(LAUNCH_POLL_MS);
	for (int i = 0; i < count; i++)
		await_port(port_awaited(names[i]));
	for (int i = 0; i < count; i++)
		if (strncmp(names[i], "dhcp-eth", 8) == 0 && !is_unplugged(names[i] + strlen("dhcp-")))
			leases[leased++] = names[i];
	if (leased > 4 && chdir(RUNNING) == 0)
		run(leases, "/dev/null");
	touch("/run/toride/ready");
}

static _Noreturn void serve(void)
{
	nftw(SERVICES, copy_entry, 8, FTW_PHYS);
	if (fork() == 0) {
		announce();
		_exit(0);
	}
	int in = open("/dev/null", O_RDONLY), out = open(TOLD "services.log", O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close(in);
	close(out);
	execlp("s6-svscan", "s6-svscan", "-t", "0", RUNNING, NULL);
	say_errno("s6-svscan");
	_exit(1); /* and the guest with it: it has nothing to run */
}

int main(void)
{
	set_environment();
	mount_all();
	wait_to_begin();
	set_network();
	if (access("/etc/toride/start", F_OK) == 0 &&
	    !run((const char *const[]){"sh", "/etc/toride/start", NULL}, TOLD "start.log"))
		say("the role's start failed; see " TOLD "start.log", NULL);
	serve();
}
