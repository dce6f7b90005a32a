#!/usr/bin/env bats
# kill -9 of the orchestrator at any moment of `toride up`, then `toride down` by itself: the host is as it was.

load ../range/helper

setup() {
	load ../range/serve
	TORIDE_RUN_DIR=$(mktemp -d /tmp/toride-run.XXXXXX)
	export TORIDE_RUN_DIR
}

teardown() {
	serve_stop
	"$TORIDE" down svc >/dev/null 2>&1
	rm -rf "$TORIDE_RUN_DIR" "$TORIDE_STATE_DIR/exercises/svc"
}

# Begins an up, kills the orchestrator after so many milliseconds.
kill_in_up() { # ms
	local up
	serve_start --no-scoreboard
	"$TORIDE" up "$lan" --name svc --teams 2 >/dev/null 2>&1 3>&- &
	up=$!
	sleep "$(printf '0.%03d' "$1")"
	serve_kill
	wait $up 2>/dev/null || :
}

@test "kill -9 of the orchestrator at 20 random moments of up, then down: nothing is left" {
	local before=$BATS_TEST_TMPDIR/before round ms reached=0
	"$tool" bake "$lan" svc 2
	snapshot svc >"$before"
	for round in $(seq 20); do
		ms=$((RANDOM % 900))
		kill_in_up $ms
		snapshot svc >"$BATS_TEST_TMPDIR/killed"
		grep -qE '^(domain|link|mount)' <(comm -13 "$before" "$BATS_TEST_TMPDIR/killed") && reached=$((reached + 1))
		run "$TORIDE" down svc
		echo "round $round, killed after $ms ms: $output"
		[ "$status" -eq 0 ]
		rm -rf "$TORIDE_STATE_DIR/exercises/svc" # the journal, which stays, and its folder
		nothing_left svc "$before"
	done
	echo "$reached of 20 left something to clean"
	[ $reached -ge 5 ]
}

@test "after a kill in the middle of up, serve names the remains and goes on; down through it removes them" {
	kill_in_up 250
	serve_start --no-scoreboard
	run "$TORIDE" down svc
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$("$tool" status svc | jq '[.guests[] | select(.state == "running")] | length')" -eq 0 ]
}

@test "Ctrl-C in the middle of run takes back what was built" {
	local before=$BATS_TEST_TMPDIR/before run
	snapshot svc >"$before"
	"$TORIDE" run "$lan" --name svc --teams 2 --listen 127.0.0.1:0 >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
	run=$!
	sleep 0.4
	kill -INT $run
	wait $run
	cat "$BATS_TEST_TMPDIR/run"
	rm -rf "$TORIDE_STATE_DIR/exercises/svc"
	nothing_left svc "$before"
}
