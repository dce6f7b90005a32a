/*
 * A person whose account is disabled in the directory is refused by every log-in; this ends what he has open already: shells on terminals (all
 * that runs below a `su` or `login` of his), shares, mailboxes, and the right to send mail of a session that is logged in. What runs as the
 * person but came by no log-in (a beacon) goes on: a disabled account contains no malware. While the directory does not answer, nothing ends.
 *
 *     sign-out watch                 the service of each member of the domain: looks every LOOK_INTERVAL_S
 *     sign-out share ACCOUNT PID     Samba asks at each opening of a share, also by a ticket of before: exit status 1 refuses, 0 notes who it is
 *     sign-out mail                  Postfix asks at the end of each mail (SMTPD_POLICY_README), by spawn(8)
 *
 * A program and no script, linked statically: it sleeps on many hosts of many teams. A look where nobody has anything open reads /proc, no
 * more; the directory is asked only about those who have, and without a log-in, which would be a line in its log each time.
 *
 * Comes in: /etc/toride/directory ("ADDRESS DOMAIN"). Goes out: signals, and a line for each session ended in the host's auth.log.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "common/netlogon.h"

#define DIRECTORY "/etc/toride/directory"
#define SHARES "/run/toride/shares" /* PID.ACCOUNT for each smbd and who has a share open by it */

enum {
	LOOK_INTERVAL_S = 4,
	ANSWER_TIMEOUT_MS = 2000,
	LDAP_PORT = 389,
	PROCESSES_MAX = 1024,
	SESSIONS_MAX = 128,
	NAMES_MAX = 64,
	COMM_MAX = 16,
	/* What toride_directory gives to people and service accounts. */
	FIRST_USER = 10000,
	LAST_USER = 19999,
};

struct directory {
	struct sockaddr_in server;
	char domain[NETLOGON_NAME_MAX + 1];
};

struct process {
	pid_t pid, parent;
	char comm[COMM_MAX];
};

struct processes {
	struct process all[PROCESSES_MAX];
	size_t count;
};

enum kind { SHELL, SHARE, MAILBOX };
static const char *const kind_names[] = {[SHELL] = "shell", [SHARE] = "share", [MAILBOX] = "mailbox"};

struct session {
	enum kind kind;
	pid_t pid;
	char account[NETLOGON_NAME_MAX + 1];
	enum netlogon_answer standing;
};

struct sessions {
	struct session all[SESSIONS_MAX];
	size_t count;
};

/* ---- the directory ---- */

static bool read_directory(struct directory *directory)
{
	char address[INET_ADDRSTRLEN] = "", domain[NETLOGON_NAME_MAX + 1] = "";
	FILE *file = fopen(DIRECTORY, "re");
	int fields = file ? fscanf(file, "%15s %255s", address, domain) : 0;
	if (file)
		fclose(file);
	*directory = (struct directory){.server = {.sin_family = AF_INET, .sin_port = htons(LDAP_PORT)}};
	strcpy(directory->domain, domain);
	return fields == 2 && netlogon_is_name(domain) && inet_pton(AF_INET, address, &directory->server.sin_addr) == 1;
}

static bool is_ready(int fd, short events)
{
	struct pollfd wait = {.fd = fd, .events = events};
	int ready;
	do
		ready = poll(&wait, 1, ANSWER_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	return ready == 1;
}

static enum netlogon_answer read_answer(int fd)
{
	unsigned char bytes[NETLOGON_ANSWER_MAX_BYTES];
	size_t length = 0;
	enum netlogon_answer answer = NETLOGON_PARTIAL;
	while (answer == NETLOGON_PARTIAL && length < sizeof bytes && is_ready(fd, POLLIN)) {
		ssize_t got = recv(fd, bytes + length, sizeof bytes - length, 0);
		if (got <= 0)
			break;
		length += (size_t)got;
		answer = netlogon_read(bytes, length);
	}
	return answer == NETLOGON_PARTIAL ? NETLOGON_OTHER : answer;
}

/* NETLOGON_KNOWN, NETLOGON_REFUSED, or NETLOGON_OTHER: it does not say. */
static enum netlogon_answer ask(const struct directory *directory, const char *account)
{
	unsigned char question[NETLOGON_QUESTION_MAX_BYTES];
	enum netlogon_answer answer = NETLOGON_OTHER;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return answer;
	if (connect(fd, (const struct sockaddr *)&directory->server, sizeof directory->server) == 0 ||
	    (errno == EINPROGRESS && is_ready(fd, POLLOUT))) {
		size_t length = netlogon_ask(directory->domain, account, question);
		if (length > 0 && send(fd, question, length, MSG_NOSIGNAL) == (ssize_t)length)
			answer = read_answer(fd);
	}
	close(fd);
	return answer;
}

/* ---- processes ---- */

/* Reads a file of /proc/PID as text; empty where it is gone. */
static void read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool read_process(pid_t pid, struct process *process)
{
	char text[256];
	read_proc(pid, "stat", text, sizeof text);
	char *name = strchr(text, '('), *end = strrchr(text, ')');
	int parent;
	if (!name || !end || sscanf(end + 1, " %*c %d", &parent) != 1)
		return false;
	*end = '\0';
	*process = (struct process){.pid = pid, .parent = parent};
	snprintf(process->comm, sizeof process->comm, "%s", name + 1);
	return true;
}

static void read_processes(struct processes *processes)
{
	processes->count = 0;
	DIR *folder = opendir("/proc");
	for (const struct dirent *entry; folder && processes->count < PROCESSES_MAX && (entry = readdir(folder));)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_process((pid_t)strtol(entry->d_name, NULL, 10), &processes->all[processes->count]))
			processes->count++;
	if (folder)
		closedir(folder);
}

/* NULL: it is not there. */
static const struct process *process_of(const struct processes *processes, pid_t pid)
{
	for (size_t i = 0; i < processes->count; i++)
		if (processes->all[i].pid == pid)
			return &processes->all[i];
	return NULL;
}

static bool is_named(const struct process *process, const char *comm)
{
	return process && strcmp(process->comm, comm) == 0;
}

/* -1: it is gone. */
static long user_of(pid_t pid)
{
	char text[1024];
	long effective;
	read_proc(pid, "status", text, sizeof text);
	const char *line = strstr(text, "\nUid:");
	return line && sscanf(line, "\nUid: %*d %ld", &effective) == 1 ? effective : -1;
}

/* ---- who has what open ---- */

static void add_session(struct sessions *sessions, enum kind kind, pid_t pid, const char *account)
{
	if (sessions->count == SESSIONS_MAX || !netlogon_is_name(account))
		return;
	struct session *session = &sessions->all[sessions->count++];
	*session = (struct session){.kind = kind, .pid = pid, .standing = NETLOGON_PARTIAL};
	strcpy(session->account, account);
}

/* Asks `getent`: it is the directory that knows the names, and a static program cannot ask as others do. Empty: nobody knows. */
static void ask_name(long user, char name[static NETLOGON_NAME_MAX + 1])
{
	char number[24], line[1024];
	int ends[2];
	snprintf(number, sizeof number, "%ld", user);
	name[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execlp("getent", "getent", "passwd", number, NULL);
		_exit(127);
	}
	close(ends[1]);
	ssize_t length = child < 0 ? -1 : read(ends[0], line, sizeof line - 1);
	close(ends[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, ":\n")] = '\0';
	if (netlogon_is_name(line))
		strcpy(name, line);
}

/* An account's number is its own for good: each is asked for once. */
static const char *name_of(long user)
{
	static struct {
		long user;
		char name[NETLOGON_NAME_MAX + 1];
	} names[NAMES_MAX];
	static size_t count;
	for (size_t i = 0; i < count; i++)
		if (names[i].user == user)
			return names[i].name;
	if (count == NAMES_MAX)
		count = 0;
	ask_name(user, names[count].name);
	names[count].user = user;
	return names[count].name[0] ? names[count++].name : "";
}

static void find_shells(const struct processes *processes, struct sessions *sessions)
{
	for (size_t i = 0; i < processes->count; i++) {
		const struct process *process = &processes->all[i], *parent = process_of(processes, process->parent);
		if (!(is_named(parent, "su") || is_named(parent, "login")) || user_of(parent->pid) != 0)
			continue;
		long user = user_of(process->pid);
		if (user >= FIRST_USER && user <= LAST_USER)
			add_session(sessions, SHELL, process->pid, name_of(user));
	}
}

/* Whose mailbox a process serves, by Dovecot's title (verbose_proctitle): "dovecot/imap [ACCOUNT ADDRESS …]". Empty while it waits for the next
 * person: "[idling]". */
static void read_owner(pid_t pid, char account[static NETLOGON_NAME_MAX + 1])
{
	char title[512];
	read_proc(pid, "cmdline", title, sizeof title);
	char *name = strchr(title, '['), *end = name ? strchr(name, ' ') : NULL;
	if (end)
		*end = '\0';
	snprintf(account, NETLOGON_NAME_MAX + 1, "%.*s", NETLOGON_NAME_MAX, end ? name + 1 : "");
}

static void find_mailboxes(const struct processes *processes, struct sessions *sessions)
{
	for (size_t i = 0; i < processes->count; i++) {
		const struct process *process = &processes->all[i];
		char account[NETLOGON_NAME_MAX + 1];
		if (!is_named(process, "imap") || !is_named(process_of(processes, process->parent), "dovecot"))
			continue;
		read_owner(process->pid, account);
		add_session(sessions, MAILBOX, process->pid, account);
	}
}

/* Those that `share` noted; what is noted of an smbd that is gone goes, too. Looked at now: it may have begun after the look at all the others. */
static void find_shares(struct sessions *sessions)
{
	DIR *folder = opendir(SHARES);
	for (const struct dirent *entry; folder && (entry = readdir(folder));) {
		struct process process, parent;
		char *account;
		pid_t pid = (pid_t)strtol(entry->d_name, &account, 10);
		if (pid <= 0 || *account != '.')
			continue;
		if (read_process(pid, &process) && is_named(&process, "smbd") && read_process(process.parent, &parent) &&
		    is_named(&parent, "smbd"))
			add_session(sessions, SHARE, pid, account + 1);
		else
			unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder)
		closedir(folder);
}

/* ---- ending it ---- */

/* The process and all below it, the shell before what it started. */
static void kill_tree(const struct processes *processes, pid_t top)
{
	static pid_t tree[PROCESSES_MAX + 1];
	size_t count = 1;
	tree[0] = top;
	for (size_t done = 0; done < count; done++) {
		kill(tree[done], SIGKILL);
		for (size_t i = 0; i < processes->count && count <= PROCESSES_MAX; i++)
			if (processes->all[i].parent == tree[done])
				tree[count++] = processes->all[i].pid;
	}
}

static void end_session(const struct processes *processes, const struct session *session)
{
	char owner[NETLOGON_NAME_MAX + 1];
	if (session->kind == MAILBOX && (read_owner(session->pid, owner), strcmp(owner, session->account) != 0))
		return; /* the directory took its time, and the process serves another one by now */
	if (session->kind == SHELL)
		kill_tree(processes, session->pid); /* `su` sees it end, and closes the session */
	else
		kill(session->pid, SIGTERM);
	syslog(LOG_NOTICE, "signed out: %s (%s, process %d), disabled in the directory", session->account,
	       kind_names[session->kind], (int)session->pid);
}

/* Each account is asked about once, the others' sessions know from the first. */
static enum netlogon_answer standing_of(const struct directory *directory, const struct sessions *sessions, size_t which)
{
	for (size_t i = 0; i < which; i++)
		if (strcasecmp(sessions->all[i].account, sessions->all[which].account) == 0)
			return sessions->all[i].standing;
	return ask(directory, sessions->all[which].account);
}

static void look(const struct directory *directory)
{
	static struct processes processes;
	static struct sessions sessions;
	sessions.count = 0;
	read_processes(&processes);
	find_shells(&processes, &sessions);
	find_mailboxes(&processes, &sessions);
	find_shares(&sessions);
	for (size_t i = 0; i < sessions.count; i++) {
		struct session *session = &sessions.all[i];
		session->standing = standing_of(directory, &sessions, i);
		if (session->standing == NETLOGON_OTHER)
			return; /* and would not answer about the next one, either */
		if (session->standing == NETLOGON_REFUSED)
			end_session(&processes, session);
	}
}

/* ---- the verbs ---- */

static int watch(const struct directory *directory, char **arguments)
{
	(void)arguments;
	while (sleep(LOOK_INTERVAL_S) == 0) /* first of all: at the start the host has other things to do */
		look(directory);
	return 0;
}

static int share(const struct directory *directory, char **arguments)
{
	const char *account = arguments[0], *pid = arguments[1];
	char path[sizeof SHARES + 32 + NETLOGON_NAME_MAX];
	if (!netlogon_is_name(account) || ask(directory, account) == NETLOGON_REFUSED)
		return 1;
	mkdir(SHARES, 0700);
	snprintf(path, sizeof path, SHARES "/%ld.%s", strtol(pid, NULL, 10), account);
	int note = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (note >= 0)
		close(note);
	return 0;
}

/* Lines NAME=VALUE, an empty one, then our answer; until the other side has no more to ask. */
static int mail(const struct directory *directory, char **arguments)
{
	(void)arguments;
	char line[4096], account[NETLOGON_NAME_MAX + 1] = "";
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "sasl_username=%255s", account) == 1 || line[0])
			continue;
		if (netlogon_is_name(account) && ask(directory, account) == NETLOGON_REFUSED) {
			syslog(LOG_NOTICE, "signed out: %s (submission), disabled in the directory", account);
			printf("action=521 5.7.0 signed out: %s is disabled in the directory\n\n", account);
		} else {
			printf("action=DUNNO\n\n");
		}
		fflush(stdout);
		account[0] = '\0';
	}
	return 0;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(const struct directory *directory, char **arguments);
} verbs[] = {{"watch", 0, watch}, {"share", 2, share}, {"mail", 0, mail}};

int main(int argc, char **argv)
{
	struct directory directory;
	openlog("sign-out", LOG_PID, LOG_AUTHPRIV);
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (argc != 2 + verbs[i].arguments || strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (read_directory(&directory))
			return verbs[i].run(&directory, argv + 2);
		fprintf(stderr, "sign-out: " DIRECTORY " names no directory\n");
		return 2;
	}
	fprintf(stderr, "usage: sign-out watch | share ACCOUNT PID | mail\n");
	return 2;
}
