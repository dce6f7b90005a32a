/*
 * Probes: only the socket is of the guest's network. A short-lived thread enters that network, makes the socket and ends; all
 * else (connecting, waiting, HTTP) happens with our own program in the host's file system, where no trainee can touch it.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/guest.h"

struct socket_order {
	int network;
	ino_t host_network;
	int domain, type, protocol;
	int result; /* descriptor, or -1 with failure */
	int failure;
};

/* The thread's life ends here: it never goes back, and nothing else ever runs in a guest's network. */
static void *make_socket(void *context)
{
	struct socket_order *order = context;
	struct stat now_in;
	order->result = -1;
	if (setns(order->network, CLONE_NEWNET) < 0) {
		order->failure = errno;
		return NULL;
	}
	if (stat("/proc/thread-self/ns/net", &now_in) < 0 || now_in.st_ino == order->host_network) {
		order->failure = EPERM; /* a probe must never leave by the host's network */
		return NULL;
	}
	order->result = socket(order->domain, order->type | SOCK_CLOEXEC, order->protocol);
	order->failure = errno;
	return NULL;
}

int guest_socket(const struct range *range, const struct guest *guest, int domain, int type, int protocol, struct error **err)
{
	struct socket_order order = {.network = guest->network,
				     .host_network = range->host_network,
				     .domain = domain,
				     .type = type,
				     .protocol = protocol,
				     .result = -1};
	pthread_t thread;
	int failure = pthread_create(&thread, NULL, make_socket, &order);
	if (failure)
		return error_set_errno(err, failure, "start a thread");
	pthread_join(thread, NULL);
	return order.result >= 0 ? order.result : error_set_errno(err, order.failure, "make a socket in the guest's network");
}

/* ---- straight: does a TCP connection come about? ---- */

static enum probe_outcome probe_straight(int fd, const struct probe_request *request, int64_t timeout_ms, struct error **err)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)request->port)};
	if (inet_pton(AF_INET, request->address, &to.sin_addr) != 1) {
		error_set(err, "'%s' is not an address", request->address);
		return PROBE_UNKNOWN;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return PROBE_REACHED;
	if (errno != EINPROGRESS)
		return PROBE_NOT_REACHED;
	struct pollfd connected = {.fd = fd, .events = POLLOUT};
	int64_t deadline_ms = monotonic_ms() + timeout_ms;
	int ready;
	do
		ready = poll(&connected, 1, (int)(deadline_ms > monotonic_ms() ? deadline_ms - monotonic_ms() : 0));
	while (ready < 0 && errno == EINTR);
	int failure = 0;
	socklen_t size = sizeof failure;
	if (ready <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) < 0 || failure)
		return PROBE_NOT_REACHED;
	return PROBE_REACHED;
}

/* ---- through a proxy: does an answer of the address itself come back? ---- */

struct answer {
	int fd;
	bool taken;	     /* the socket has been handed to curl */
	bool from_the_proxy; /* Squid marks its own error pages */
};

static curl_socket_t give_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose, (void)address;
	struct answer *answer = context;
	if (answer->taken) /* one connection is all that a probe makes; curl must not open one of its own */
		return CURL_SOCKET_BAD;
	answer->taken = true;
	return answer->fd;
}

static int keep_socket(void *context, curl_socket_t fd)
{
	(void)context, (void)fd; /* its owner closes it */
	return 0;
}

static size_t look_at_header(char *line, size_t size, size_t count, void *context)
{
	static const char mark[] = "X-Squid-Error:";
	struct answer *answer = context;
	if (size * count >= sizeof mark - 1 && strncasecmp(line, mark, sizeof mark - 1) == 0)
		answer->from_the_proxy = true;
	return size * count;
}

/* The first bytes are enough: that the answer has begun is what was asked. */
static size_t throw_away(char *data, size_t size, size_t count, void *context)
{
	(void)data, (void)context;
	return size * count;
}

static void set_up(CURL *curl, const char *url, const char *proxy, struct answer *answer, int64_t timeout_ms)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, proxy);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, ""); /* nothing from our own environment */
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, RANGE_PROBE_AGENT);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, 1L << 20);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, look_at_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, give_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, answer);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, keep_socket);
}

CLEANUP_DEFINE(curl, CURL *, curl_easy_cleanup(*held));

static enum probe_outcome probe_proxied(int fd, const struct probe_request *request, int64_t timeout_ms, struct error **err)
{
	cleanup_with(curl) CURL *curl = curl_easy_init();
	if (!curl) {
		error_set(err, "libcurl cannot be used");
		return PROBE_UNKNOWN;
	}
	cleanup_free char *url = xasprintf("http://%s:%d/", request->address, request->port);
	cleanup_free char *proxy = xasprintf("http://%s:%d", request->proxy_address, request->proxy_port);
	struct answer answer = {.fd = fd};
	long status = 0;
	set_up(curl, url, proxy, &answer, timeout_ms);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	/* A status line is enough, even when the rest was cut off by the time limit. What a proxy says for itself: 403, 407, 502
	 * to 504. */
	if (result != CURLE_OK && status == 0)
		return PROBE_NOT_REACHED;
	bool refused = answer.from_the_proxy || status == 403 || status == 407 || status >= 500 || status < 200;
	return refused ? PROBE_NOT_REACHED : PROBE_REACHED;
}

enum probe_outcome range_probe(struct range *range, const struct probe_request *request, struct error **err)
{
	cleanup_with(guest) struct guest guest = GUEST_CLOSED;
	if (guest_open(range, request->from, &guest, err) < 0)
		return PROBE_UNKNOWN;
	cleanup_close int fd = guest_socket(range, &guest, AF_INET, SOCK_STREAM, IPPROTO_TCP, err);
	if (fd < 0) {
		error_prefix(err, "team %d: host '%s'", request->from->team, request->from->host);
		return PROBE_UNKNOWN;
	}
	int64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : RANGE_PROBE_TIMEOUT_MS;
	return request->proxy_address ? probe_proxied(fd, request, timeout_ms, err)
				      : probe_straight(fd, request, timeout_ms, err);
}
