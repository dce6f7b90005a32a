/*
 * A capture: every frame of a team's segment, read at its bridge. A bridge that listens to all gets a copy of every frame, also of those between two
 * guests; behind our packet socket they end at the wall like all that comes to the host. The socket's end ends the listening, also when we are killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <string.h>

#include "common/alloc.h"
#include "common/now.h"
#include "orchestrator/range/state.h"

enum {
	LOOK_MS = 200,		  /* how often it is asked whether to stop, and how long a frame may wait in a buffer */
	DRAIN_MS = 500,		  /* for a reader who does not take what is left, once the end has come */
	FRAME_BYTES_MAX = 262144, /* between guests the kernel passes on several frames as one */
	RING_BYTES = 4 << 20,
};

CLEANUP_DEFINE(pcap, pcap_t *, if (*held) pcap_close(*held));

struct frame_header { /* https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/ */
	uint32_t seconds, microseconds, captured_bytes, frame_bytes;
};

struct capture {
	const struct capture_request *request;
	struct capture_result *result;
	pcap_t *pcap;
	char *waiting; /* for the reader */
	size_t waiting_bytes;
	bool full;
};

static void add(struct capture *capture, const void *data, size_t bytes)
{
	capture->waiting = xrealloc_array(capture->waiting, capture->waiting_bytes + bytes, 1);
	memcpy(capture->waiting + capture->waiting_bytes, data, bytes);
	capture->waiting_bytes += bytes;
	capture->result->bytes += (int64_t)bytes;
}

static void take_frame(u_char *context, const struct pcap_pkthdr *frame, const u_char *data)
{
	struct capture *capture = (struct capture *)context;
	const struct frame_header header = {.seconds = (uint32_t)frame->ts.tv_sec,
					    .microseconds = (uint32_t)frame->ts.tv_usec,
					    .captured_bytes = frame->caplen,
					    .frame_bytes = frame->len};
	if (capture->result->bytes + (int64_t)(sizeof header + frame->caplen) > capture->request->bytes) {
		capture->full = true;
		pcap_breakloop(capture->pcap);
		return;
	}
	add(capture, &header, sizeof header);
	add(capture, data, frame->caplen);
	capture->result->frames++;
}

static bool is_stopped(const struct capture *capture)
{
	return capture->request->stop && capture->request->stop(capture->request->context);
}

/* False: nobody reads any more. */
static bool hand_on(struct capture *capture, int64_t deadline_ms)
{
	size_t done = 0;
	while (done < capture->waiting_bytes && monotonic_ms() < deadline_ms) {
		struct pollfd reader = {.fd = capture->request->out, .events = POLLOUT};
		if (poll(&reader, 1, LOOK_MS) <= 0) {
			if (is_stopped(capture) && deadline_ms > monotonic_ms() + DRAIN_MS)
				deadline_ms = monotonic_ms() + DRAIN_MS;
			continue;
		}
		ssize_t put = write(capture->request->out, capture->waiting + done, capture->waiting_bytes - done);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	free(steal(&capture->waiting));
	capture->waiting_bytes = 0;
	return true;
}

/* Waits for frames a little. False: the reader has gone. */
static bool wait_for_frames(const struct capture *capture)
{
	struct pollfd waits[2] = {{.fd = pcap_get_selectable_fd(capture->pcap), .events = POLLIN}, {.fd = capture->request->out}};
	return poll(waits, 2, LOOK_MS) <= 0 || !(waits[1].revents & (POLLERR | POLLHUP));
}

static enum capture_end run(struct capture *capture)
{
	const int64_t deadline_ms = monotonic_ms() + capture->request->time_ms;
	const struct pcap_file_header header = {.magic = 0xa1b2c3d4,
						.version_major = PCAP_VERSION_MAJOR,
						.version_minor = PCAP_VERSION_MINOR,
						.snaplen = FRAME_BYTES_MAX,
						.linktype = DLT_EN10MB};
	add(capture, &header, sizeof header);
	for (;;) {
		int taken = pcap_dispatch(capture->pcap, -1, take_frame, (u_char *)capture);
		if (!hand_on(capture, deadline_ms + DRAIN_MS))
			return CAPTURE_STOPPED;
		if (capture->full)
			return CAPTURE_FULL;
		if (taken < 0)
			return CAPTURE_NO_NETWORK;
		if (is_stopped(capture))
			return CAPTURE_STOPPED;
		if (monotonic_ms() >= deadline_ms)
			return CAPTURE_TIME;
		if (!wait_for_frames(capture))
			return CAPTURE_STOPPED;
	}
}

static pcap_t *open_bridge(const char *bridge, struct error **err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	cleanup_with(pcap) pcap_t *pcap = pcap_create(bridge, why);
	if (!pcap) {
		error_set(err, "%s", why);
		return NULL;
	}
	pcap_set_promisc(pcap, 1);
	pcap_set_snaplen(pcap, FRAME_BYTES_MAX);
	pcap_set_timeout(pcap, LOOK_MS);
	pcap_set_buffer_size(pcap, RING_BYTES);
	int failure = pcap_activate(pcap);
	if (failure == PCAP_ERROR_NO_SUCH_DEVICE)
		error_set(err, "it is not there; is the range up?");
	else if (failure < 0)
		error_set(err, "listen: %s: %s", pcap_statustostr(failure), pcap_geterr(pcap));
	else if (pcap_setnonblock(pcap, 1, why) < 0)
		error_set(err, "listen: %s", why);
	else
		return steal(&pcap);
	return NULL;
}

int range_capture(struct range *range, const struct capture_request *request, struct capture_result *result, struct error **err)
{
	char bridge[IFNAME_MAX];
	struct pcap_stat counts = {0};
	struct mark mark = {.kind = RESOURCE_NETWORK, .team = request->team};
	snprintf(mark.site, sizeof mark.site, "%s", range->site);
	snprintf(mark.exercise, sizeof mark.exercise, "%s", request->exercise);
	snprintf(mark.name, sizeof mark.name, "%s", request->network);
	mark_bridge_name(&mark, bridge);
	*result = (struct capture_result){0};
	cleanup_with(pcap) pcap_t *pcap = open_bridge(bridge, err);
	if (!pcap)
		return error_prefix(err, "team %d: network '%s'", request->team, request->network);
	fcntl(request->out, F_SETFL, fcntl(request->out, F_GETFL) | O_NONBLOCK);
	struct capture capture = {.request = request, .result = result, .pcap = pcap};
	result->end = run(&capture);
	free(capture.waiting);
	if (pcap_stats(pcap, &counts) == 0)
		result->dropped = counts.ps_drop;
	return 0;
}
