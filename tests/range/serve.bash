# For range tests that talk to a running orchestrator. State (image, layers) is shared by the suites of one build; sockets are each file's own.
# shellcheck shell=bash

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
TORIDE=${TORIDE:-$TREE/${BUILD:-build}/toride}
export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}

serve_start() { # options of `toride serve`...
	export TORIDE_RUN_DIR=${TORIDE_RUN_DIR:-$(mktemp -d "$BATS_FILE_TMPDIR/run.XXXXXX")} # bats removes it
	export SERVE_LOG=$TORIDE_RUN_DIR/serve.log
	"$TORIDE" serve --listen 127.0.0.1:0 "$@" >>"$SERVE_LOG" 2>&1 3>&- &
	SERVE_PID=$!
	echo "$SERVE_PID" >"$TORIDE_RUN_DIR/serve.pid"
	for _ in $(seq 200); do
		"$TORIDE" status >/dev/null 2>&1 && return 0
		kill -0 $SERVE_PID 2>/dev/null || break
		sleep 0.05
	done
	cat "$SERVE_LOG"
	return 1
}

# A test's own variables end with it, so the process is remembered in a file.
serve_signal() { # signal
	local pid
	pid=$(cat "${TORIDE_RUN_DIR:-/nonexistent}/serve.pid" 2>/dev/null) || return 0
	rm -f "$TORIDE_RUN_DIR/serve.pid"
	kill "-$1" "$pid" 2>/dev/null
	for _ in $(seq 600); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.05
	done
	echo "the orchestrator $pid does not end" >&2
	return 1
}

serve_stop() { serve_signal TERM; }
serve_kill() { serve_signal KILL; } # as a crash would

wait_for() { # seconds, command...
	local until=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}
