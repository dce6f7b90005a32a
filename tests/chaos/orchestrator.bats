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

# The smallest LAN as a file that uses another, with roles of its own, and its exercise, begun.
begin_from_two_files() {
	mkdir -p "$BATS_TEST_TMPDIR/exercises/lans"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	mine=$BATS_TEST_TMPDIR/exercises/tiny.yaml used=$BATS_TEST_TMPDIR/exercises/lans/used.yaml
	kept=$TORIDE_STATE_DIR/exercises/svc/scenario.json
	sed -n '/^networks:/,$p' "$lan" >"$used"
	sed '/^networks:/,$d; s/^id:/use: [lans\/used.yaml]\nid:/' "$lan" >"$mine"
	cp "$mine" "$BATS_TEST_TMPDIR/mine" && cp "$used" "$BATS_TEST_TMPDIR/used"
	serve_start --no-scoreboard
	"$TORIDE" up "$mine" --name svc --no-verify >/dev/null
	"$TORIDE" start svc
}
edit_all() {
	sed -i 's/^title: .*/title: Another/' "$mine"
	sed -i 's/mark: changed/mark: another/' "$used"
	sed -i 's/^summary: .*/summary: another/' "$BATS_TEST_TMPDIR/roles/box/role.yaml"
}
digest() { "$TORIDE" status --json | jq -r '.exercises[] | select(.name == "svc").digest'; }

@test "an exercise that has begun goes on with the scenario it began with, whatever became of its files" {
	local first
	begin_from_two_files
	first=$(digest)
	[ "$(stat -c %a "$kept")" = 600 ]
	edit_all
	serve_kill
	serve_start --no-scoreboard
	cat "$SERVE_LOG"
	[ "$(digest)" = "$first" ]
	"$TORIDE" start svc
	"$TORIDE" reset svc/1/two
	[ "$("$TORIDE" exec svc/1/two -- cat /etc/box-mark)" = changed ]
	run "$TORIDE" up "$mine" --name svc --no-verify
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"'svc' has begun with another scenario text"*"goes on with"*"toride down svc"* ]]
	rm "$mine" "$used" # and after an orderly end, without the files
	serve_stop
	serve_start --no-scoreboard
	[ "$(digest)" = "$first" ]
	"$TORIDE" journal svc --verify
	cp "$BATS_TEST_TMPDIR/mine" "$mine"
	cp "$BATS_TEST_TMPDIR/used" "$used"
	edit_all
	"$TORIDE" down svc
	[ ! -e "$kept" ]
	"$TORIDE" up "$mine" --name svc --no-verify >/dev/null # the next one is made from the files as they are
	[ "$(digest)" != "$first" ]
	[ "$("$TORIDE" exec svc/1/two -- cat /etc/box-mark)" = another ]
}

@test "without a sound copy of its scenario an exercise goes by the files if they are the same, and names them if not" {
	local first damage
	begin_from_two_files
	first=$(digest)
	for damage in 'rm "$kept"' 'truncate -s 100 "$kept"' ': >"$kept"' 'sed -i s/changed/another/ "$kept"' 'echo "{}" >"$kept"'; do
		serve_kill
		eval "$damage"
		serve_start --no-scoreboard
		[ "$(digest)" = "$first" ]
		grep -q "svc: '$kept': .*going by '$mine' itself" "$SERVE_LOG"
		: >"$SERVE_LOG"
		serve_kill # the copy has been made again
		serve_start --no-scoreboard
		[ "$(digest)" = "$first" ]
		run cat "$SERVE_LOG"
		[[ $output != *"itself"* ]]
	done
	serve_kill
	rm "$kept"
	edit_all
	serve_start --no-scoreboard
	run cat "$SERVE_LOG"
	echo "$output"
	[[ $output == *"exercise 'svc' cannot go on: '$mine' was changed since the exercise began; put it back, or \`toride down svc\`"* ]]
	[ -z "$(digest)" ]
	cp "$BATS_TEST_TMPDIR/mine" "$mine"
	cp "$BATS_TEST_TMPDIR/used" "$used"
	cp tests/range/lan/roles/box/role.yaml "$BATS_TEST_TMPDIR/roles/box/"
	serve_stop
	serve_start --no-scoreboard
	[ "$(digest)" = "$first" ]
}
