#!/usr/bin/env bats
# What goes wrong around the orchestrator: each time one clear line with the mend, and nothing left behind.

setup() {
	load serve
	TORIDE_RUN_DIR=$(mktemp -d /tmp/toride-run.XXXXXX)
	export TORIDE_RUN_DIR
	FIRST_CALL=$TREE/scenarios/exercises/first-call.yaml
}

teardown() {
	serve_stop
	rm -rf "$TORIDE_RUN_DIR"
}

@test "commands that need an orchestrator say so, and how to start one" {
	for command in "up $FIRST_CALL" start status "exec first-call/1/proxy -- true" "shell first-call/1/proxy"; do
		# shellcheck disable=SC2086
		run "$TORIDE" $command
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == "error: no orchestrator runs"*"toride serve"* ]]
	done
}

@test "down without an orchestrator works by itself" {
	run "$TORIDE" down nothing-here
	[ "$status" -eq 0 ]
	[[ $output == *"nothing of it is on this host"* ]]
}

@test "wrong usage is exit status 2" {
	for command in "up" "down a b" "status x" "exec a/1/b" "shell" "serve x" "run" "start --nonsense" "nonsense"; do
		# shellcheck disable=SC2086
		run "$TORIDE" $command
		[ "$status" -eq 2 ]
	done
}

@test "every command has --help, with exit status 0" {
	for command in $("$TORIDE" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		run "$TORIDE" "$command" --help
		[ "$status" -eq 0 ]
		[[ $output == "usage: toride $command"* ]]
	done
}

@test "a port in use is one line with the mend" {
	serve_start --no-scoreboard
	"$TREE/${BUILD:-build}/toride" --version
	serve_stop
	node -e 'require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })' >"$TORIDE_RUN_DIR/port" 3>&- &
	holder=$!
	wait_for 10 test -s "$TORIDE_RUN_DIR/port"
	port=$(cat "$TORIDE_RUN_DIR/port")
	run "$TORIDE" serve --listen "127.0.0.1:$port"
	kill $holder
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"$port"*"--listen"* ]]
	[ ! -e "$TORIDE_RUN_DIR/control.sock" ]
}

@test "a second orchestrator on the same state is refused by name" {
	serve_start --no-scoreboard
	run env TORIDE_RUN_DIR="$TORIDE_RUN_DIR/second" "$TORIDE" serve --no-scoreboard
	[ "$status" -eq 1 ]
	[[ $output == *"another orchestrator uses"*"$(cat "$TORIDE_RUN_DIR/serve.pid")"* ]]
}

@test "a scenario with errors is refused with all of them" {
	serve_start --no-scoreboard
	printf 'toride: 1\nid: Bad Id\nnonsense: 1\n' >"$BATS_TEST_TMPDIR/bad.yaml"
	run "$TORIDE" up "$BATS_TEST_TMPDIR/bad.yaml"
	[ "$status" -eq 1 ]
	[[ $output == *"bad.yaml:2:"* ]]
	[[ $output == *"bad.yaml:3:"* ]]
	run "$TORIDE" up "$BATS_TEST_TMPDIR/missing.yaml"
	[ "$status" -eq 1 ]
	[[ $output == *missing.yaml* ]]
	run "$TORIDE" status --json
	[ "$(jq '.exercises | length' <<<"$output")" -eq 0 ]
}

@test "no libvirt is one line with the mend" {
	run env TORIDE_URI=lxc+unix:///system?socket=/nonexistent "$TORIDE" down anything
	[ "$status" -eq 1 ]
	[[ $output == *"toride doctor"* ]]
	run env TORIDE_URI=lxc+unix:///system?socket=/nonexistent "$TORIDE" serve --no-scoreboard
	[ "$status" -eq 1 ]
	[[ $output == *"toride doctor"* ]]
}

@test "a host that is short of memory refuses, saying of what" {
	serve_start --no-scoreboard
	sed 's/^  pc-tanaka:.*/  pc-tanaka: { role: terminal, nics: { office: 10.1.1.101 }, user: tanaka, proxy: proxy, access: root, size: 9000GiB }/' \
		"$TREE/scenarios/lans/small-office.yaml" >"$BATS_TEST_TMPDIR/lan.yaml"
	sed "s|../../../scenarios/lans/small-office.yaml|lan.yaml|; s/^id: short/id: huge/" \
		"$BATS_TEST_DIRNAME/scenarios/short.yaml" >"$BATS_TEST_TMPDIR/huge.yaml"
	run "$TORIDE" up "$BATS_TEST_TMPDIR/huge.yaml" --teams 2
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *memory* ]]
}
