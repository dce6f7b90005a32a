#include "orchestrator/serve/call.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"

struct call {
	json_t *args;
	int fds[IPC_FDS_MAX];
	size_t fds_count;
	call_answer_fn *answer;
	void *context;
	volatile bool *cancel; /* may be NULL */
};

struct call *call_create(const json_t *args, const int *fds, size_t fds_count, call_answer_fn *answer, void *context)
{
	struct call *call = xcalloc(1, sizeof *call);
	call->args = json_incref((json_t *)args);
	call->fds_count = fds_count;
	if (fds_count > 0)
		memcpy(call->fds, fds, fds_count * sizeof *fds);
	call->answer = answer;
	call->context = context;
	return call;
}

void call_forget(struct call *call)
{
	__atomic_store_n(&call->answer, NULL, __ATOMIC_RELAXED);
	if (call->cancel)
		*call->cancel = true;
}

void call_cancels(struct call *call, volatile bool *cancel)
{
	call->cancel = cancel;
}

bool call_forgotten(const struct call *call)
{
	return !__atomic_load_n(&call->answer, __ATOMIC_RELAXED);
}

const json_t *call_args(const struct call *call)
{
	return call->args;
}

const char *call_text(const struct call *call, const char *key, const char *fallback)
{
	const json_t *value = json_object_get(call->args, key);
	return json_is_string(value) ? json_string_value(value) : fallback;
}

int call_integer(const struct call *call, const char *key, int fallback)
{
	const json_t *value = json_object_get(call->args, key);
	return json_is_integer(value) ? (int)json_integer_value(value) : fallback;
}

int call_take_fd(struct call *call, size_t index)
{
	return index < call->fds_count ? steal_fd(&call->fds[index]) : -1;
}

static void answer(struct call *call, json_t *message, int fd, bool last)
{
	if (call->answer)
		call->answer(message, &fd, fd >= 0 ? 1 : 0, last, call->context);
	json_decref(message);
}

static void call_free(struct call *call)
{
	for (size_t i = 0; i < call->fds_count; i++)
		if (call->fds[i] >= 0)
			close(call->fds[i]);
	json_decref(call->args);
	free(call);
}

void call_progress(struct call *call, json_t *progress)
{
	answer(call, json_pack("{so}", "progress", progress), -1, false);
}

void call_send(struct call *call, json_t *message, int fd)
{
	answer(call, message, fd, false);
}

void call_finish(struct call *call, json_t *result)
{
	answer(call, json_pack("{sb so}", "ok", 1, "result", result), -1, true);
	call_free(call);
}

void call_fail(struct call *call, struct error *err)
{
	answer(call, json_pack("{sb ss}", "ok", 0, "error", error_text(err)), -1, true);
	error_free(err);
	call_free(call);
}
