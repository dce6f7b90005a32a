#!/usr/bin/env bats
# A host, or a whole team, back to what it was when it was built: running again, and nobody else notices.

load helper

setup_file() {
	load helper
	load serve
	snapshot rst >"$BATS_FILE_TMPDIR/before"
	mkdir -p "$BATS_FILE_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_FILE_TMPDIR/"
	sed 's/two: {/two: { secrets: [flag1],/' "$lan" >"$BATS_FILE_TMPDIR/exercises/tiny.yaml"
	printf '#!/bin/sh\necho "before $TORIDE_DAY" >/var/log/past\n' >"$BATS_FILE_TMPDIR/roles/box/history"
	chmod +x "$BATS_FILE_TMPDIR/roles/box/history"
	serve_start
	"$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst --no-verify --teams 2 >/dev/null
}

teardown_file() {
	load helper
	load serve
	"$TORIDE" down rst >/dev/null 2>&1
	serve_stop
	for exercise in rst rst-slow rst-attack rst-new; do
		down $exercise
		rm -rf "$TORIDE_STATE_DIR/exercises/$exercise"
	done
	rm -rf "$TORIDE_RUN_DIR"
	nothing_left rst "$BATS_FILE_TMPDIR/before"
}

setup() { load serve; }

inits() { # TEAM HOST...
	local team=$1 host
	shift
	for host in "$@"; do init_of rst "$team" "$host"; done
}
resets() { "$TORIDE" journal rst | jq -c 'select(.kind == "range.reset") | [.team, .actor, .body.host, .body.phase, .body.error]'; }
# What is there, but for what is another each time: processes, their numbers in names; and but for what shows twice, as a guest's root.
things() { snapshot rst | grep -vE '^process |^file .*/guests/[^/]*/root/' | sed 's/lxc-[0-9]*-/lxc-N-/' | sort -u; }
command_op() { # COMMAND ARGS: what the instructor's page sends
	python3 - "$TORIDE_RUN_DIR/control.sock" "$1" "$2" <<-'EOF'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(json.dumps({"id": 1, "op": "command", "exercise": "rst", "command": sys.argv[2], "args": json.loads(sys.argv[3])}).encode() + b"\n")
		print(s.makefile().readline(), end="")
	EOF
}

@test "a host is as it was built, and runs: what was written, deleted and started in it is gone" {
	local before others secret
	secret=$(guest rst/1/two cat /etc/toride/secrets.json)
	guest rst/1/two sh -c 'echo x >/root/mine; rm /etc/box-mark; echo changed >>/var/log/past; rm -r /usr/share/doc; setsid sleep 3210 >/dev/null 2>&1 &'
	before=$(init_of rst 1 two) others="$(inits 1 one hop) $(inits 2 one two hop)"
	run "$TORIDE" reset rst/1/two
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"rst/1/two: back to the first state in "* ]]
	[ "$(init_of rst 1 two)" != "$before" ]
	[ "$(inits 1 one hop) $(inits 2 one two hop)" = "$others" ]
	[ "$(guest rst/1/two sh -c 'cat /etc/box-mark /var/log/past; ls -d /usr/share/doc; ls /root')" = "$(printf 'changed\nbefore %s\n/usr/share/doc' "$(TZ=Asia/Tokyo date +%F)")" ]
	run guest rst/1/two pgrep -f 'sleep 3210'
	[ "$status" -eq 1 ]
	[ "$(guest rst/1/two cat /etc/toride/secrets.json)" = "$secret" ]
	run "$tool" probe rst/1/one 10.66.2.10 7000
	[ "$output" = reached ]
	[ "$("$tool" exec rst/1/two -- cat /proc/net/if_inet6)" = '' ]
}

@test "it is in the journal with who did it, it is no lost guest, and up finds nothing to change" {
	[ "$(resets | head -n 2)" = "$(printf '%s\n' '[1,"console","two","begin",null]' '[1,"console","two","end",null]')" ]
	run "$TORIDE" journal rst
	[[ $output != *range.lost* ]]
	run "$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst --no-verify --teams 2
	[[ $output == *"nothing to change"* ]]
}

@test "20 times: no mount, no process, no file is left behind" {
	local round
	things >"$BATS_TEST_TMPDIR/before"
	for round in $(seq 20); do
		guest rst/1/one sh -c 'echo x >/root/mine; setsid sleep 3211 >/dev/null 2>&1 &'
		"$TORIDE" reset rst/1/one >>"$BATS_TEST_TMPDIR/resets"
	done
	[ "$(grep -c 'back to' "$BATS_TEST_TMPDIR/resets")" -eq 20 ]
	diff <(things) "$BATS_TEST_TMPDIR/before"
	[ "$(pgrep -fc 'sleep 3211')" -eq 0 ]
	[ "$("$tool" status rst | jq '[.guests[] | select(.state == "running")] | length')" -eq 6 ]
}

@test "a whole team, at the same time; the other team stays as it is" {
	local before others
	before=$(inits 2 one two hop) others=$(inits 1 one two hop)
	things >"$BATS_TEST_TMPDIR/before"
	for host in one two hop; do guest rst/2/$host touch /root/mine; done
	run "$TORIDE" reset rst/2
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -cE '^  (one|two|hop) +[0-9.]+ s$' <<<"$output")" -eq 3 ]
	[ "$(inits 1 one two hop)" = "$others" ]
	for host in one two hop; do
		run guest rst/2/$host test -e /root/mine
		[ "$status" -eq 1 ]
		[[ " $(echo $before) " != *" $(init_of rst 2 $host) "* ]]
	done
	diff <(things) "$BATS_TEST_TMPDIR/before"
}

@test "a host that has stopped runs again" {
	kill -9 "$(init_of rst 1 hop)"
	soon 15 sh -c "'$TORIDE' journal rst | grep -q '\"kind\":\"range.lost\"'"
	"$TORIDE" reset rst/1/hop
	[ "$(guest rst/1/hop hostname)" = hop ]
	run "$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst --no-verify --teams 2
	[[ $output == *"nothing to change"* ]]
}

@test "programs and shells in it end with it" {
	"$TORIDE" exec rst/1/one -- sleep 100 >"$BATS_TEST_TMPDIR/exec" 2>&1 &
	local exec=$!
	(sleep 30 | "$TORIDE" shell rst/1/one >"$BATS_TEST_TMPDIR/shell" 2>&1) &
	local shell=$!
	soon 5 guest rst/1/one sh -c 'pgrep -x sleep && pgrep bash'
	"$TORIDE" reset rst/1/one
	run wait $exec
	[ "$status" -ne 0 ]
	run guest rst/1/one pgrep -x sleep
	[ "$status" -eq 1 ]
	soon 5 sh -c "! kill -0 $(pgrep -f -n 'toride shell rst/1/one')"
	kill %% 2>/dev/null || :
	pkill -P $shell || :
}

@test "what there is not is named with what there is" {
	run "$TORIDE" reset rst/1/nowhere
	[ "$status" -eq 1 ]
	[[ $output == *"exercise 'rst' has no host 'nowhere'; it has "*one* ]]
	run "$TORIDE" reset rst/3
	[[ $output == *"exercise 'rst' has teams 1 to 2"* ]]
	run "$TORIDE" reset other/1/one
	[[ $output == *"there is no exercise 'other'; up are: rst"* ]]
	run "$TORIDE" start rst --bot 3
	[ "$status" -eq 1 ]
	[[ $output == *"--bot names a team from 1 to 2"* ]]
	[ "$("$TORIDE" status --json | jq -c '[.exercises[0].teams[].state] | unique')" = '["ready"]' ]
	for target in rst rst/ rst/1/ /1/one rst/x/one; do
		run "$TORIDE" reset $target
		[ "$status" -eq 2 ]
	done
}

@test "the instructor's command begins it; the page is told by an event" {
	local before
	before=$(init_of rst 1 one)
	run command_op reset '{"team":1,"host":"one"}'
	[[ $output == *'"ok": true'* || $output == *'"ok":true'* ]]
	soon 10 sh -c "'$TORIDE' journal rst | tail -n 1 | grep -q '\"phase\":\"end\"'"
	[ "$(init_of rst 1 one)" != "$before" ]
	run command_op reset '{"team":1,"host":"nowhere"}'
	[[ $output == *"there is no host 'nowhere'"* ]]
}

@test "a role that was changed since up: the host goes back to what was built; up takes the change" {
	local roles=$BATS_FILE_TMPDIR/roles
	cp -p "$roles/box/setup" "$BATS_TEST_TMPDIR/setup"
	echo 'touch /etc/new-in-the-role' >>"$roles/box/setup"
	"$TORIDE" reset rst/1/one
	run guest rst/1/one test -e /etc/new-in-the-role
	[ "$status" -eq 1 ]
	cp -p "$BATS_TEST_TMPDIR/setup" "$roles/box/setup"
	run "$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst --no-verify --teams 2
	[[ $output == *"nothing to change"* ]]
}

@test "verify and a reset wait for each other: a guest that is just being made is not found to have a way out" {
	reset_often() { for _ in 1 2 3 4 5 6; do "$TORIDE" reset rst/1 || return 1; done; }
	reset_often >/dev/null 2>&1 3>&- &
	for _ in 1 2 3 4 5; do
		run "$TORIDE" verify rst
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output != *"NOT ISOLATED"* ]]
	done
	wait $!
}

@test "until a clock is started up takes a changed scenario: what it changes is made anew, accounts and all else stay" {
	local changed=$BATS_FILE_TMPDIR/exercises/changed.yaml other accounts
	cp "$BATS_FILE_TMPDIR/exercises/tiny.yaml" "$changed"
	up_changed() { "$TORIDE" up "$changed" --name rst-new --no-verify "$@" 2>&1; }
	up_changed
	accounts() { jq -c '[.accounts[].hash]' "$TORIDE_STATE_DIR/exercises/rst-new/exercise.json"; }
	accounts=$(accounts) one=$(init_of rst-new 1 one) two=$(init_of rst-new 1 two)
	sed -i 's/mark: changed/mark: once-more/' "$changed"
	run up_changed
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *password* ]]
	[ "$(accounts)" = "$accounts" ]
	[ "$("$TORIDE" exec rst-new/1/two -- cat /etc/box-mark)" = once-more ]
	[ "$(init_of rst-new 1 two)" != "$two" ]
	[ "$(init_of rst-new 1 one)" = "$one" ]
	run up_changed --teams 2
	[ "$status" -eq 0 ]
	[[ $output == *team2* ]]
	[ "$(init_of rst-new 1 one)" = "$one" ]
	"$TORIDE" start rst-new
	sed -i 's/mark: once-more/mark: too-late/' "$changed"
	run up_changed --teams 2
	[ "$status" -eq 1 ]
	[[ $output == *"'rst-new' has begun with another scenario text"*"toride down rst-new"* ]]
	"$TORIDE" journal rst-new --verify
	"$TORIDE" down rst-new
}

@test "kill -9 of the orchestrator in the middle: up mends it" {
	local ms
	for ms in 050 150 250 350 500; do
		guest rst/1/one touch /root/mine
		"$TORIDE" reset rst/1 >/dev/null 2>&1 3>&- &
		sleep 0.$ms
		serve_kill
		wait $! || :
		serve_start
		run "$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst --no-verify --teams 2
		echo "after $ms ms: $output"
		[ "$status" -eq 0 ]
		for host in one two hop; do guest rst/1/$host test -e /etc/toride/facts.json; done
		run "$tool" probe rst/1/one 10.66.2.10 7000
		[ "$output" = reached ]
	done
	"$TORIDE" reset rst/1
	things | grep -v '^file .*journal' >"$BATS_TEST_TMPDIR/after"
	[ "$(grep -c '^domain .*rst-t' "$BATS_TEST_TMPDIR/after")" -eq 6 ]
	! grep "^mount $TORIDE_STATE_DIR" "$BATS_TEST_TMPDIR/after"
}

@test "while a host is being reset another reset of it is refused, an up too, and a down waits" {
	printf '#!/bin/sh\nsleep 2\n' >"$BATS_FILE_TMPDIR/roles/hop/start"
	"$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst-slow --no-verify >/dev/null
	"$TORIDE" reset rst-slow/1/hop >"$BATS_TEST_TMPDIR/first" 2>&1 3>&- &
	local first=$!
	sleep 0.5
	run "$TORIDE" reset rst-slow/1
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"team 1: host 'hop' is being reset already; wait for that"* ]]
	run "$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name rst-slow --no-verify
	[ "$status" -eq 1 ]
	[[ $output == *"being built, reset or removed just now"* ]]
	"$TORIDE" reset rst-slow/1/one # another host meanwhile
	wait $first
	"$TORIDE" reset rst-slow/1/hop >/dev/null 2>&1 3>&- &
	sleep 0.3
	run "$TORIDE" down rst-slow
	echo "$output"
	[ "$status" -eq 0 ]
	rm "$BATS_FILE_TMPDIR/roles/hop/start"
	rm -r "$TORIDE_STATE_DIR/exercises/rst-slow"
}

@test "the beacon's host is reset: steps through it are blocked, and taking the attack back leaves nothing undone" {
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r scenarios/lans "$BATS_TEST_TMPDIR/"
	sed "s#use: .*#use: [../lans/small-office.yaml]#; s/look + 15s/look + 6s/; s/duration: 70s/duration: 60s/" \
		tests/range/scenarios/short.yaml >"$BATS_TEST_TMPDIR/exercises/short.yaml"
	"$TORIDE" up "$BATS_TEST_TMPDIR/exercises/short.yaml" --name rst-attack --no-verify >/dev/null
	"$TORIDE" start rst-attack
	step() { "$TORIDE" journal rst-attack | jq -r --arg step "$1" 'select(.kind == "truth.step" and .body.step == $step and .body.phase == "end") | .body.outcome'; }
	step_is() { [ "$(step "$1")" = "$2" ]; }
	soon 30 step_is look done
	"$TORIDE" reset rst-attack/1/pc-tanaka
	"$TORIDE" reset rst-attack/1/attacker # what the attack needs to act at all is put there again
	soon 40 step_is collect blocked
	soon 60 sh -c "'$TORIDE' status --json | jq -e '.exercises[] | select(.name == \"rst-attack\") | .teams[0].state == \"ended\"' >/dev/null"
	soon 30 sh -c "[ \$('$TORIDE' journal rst-attack | jq -r 'select(.kind == \"truth.undone\") | .body.step' | wc -l) -ge 3 ]"
	"$TORIDE" journal rst-attack | jq -c 'select(.kind | test("undone|alarm|reset|truth.step"))' >"$BATS_TEST_TMPDIR/events"
	cat "$BATS_TEST_TMPDIR/events"
	[ "$(jq -c 'select(.kind == "truth.undone" and .body.clean != true)' "$BATS_TEST_TMPDIR/events")" = '' ]
	run grep -E 'not taken back|could not be prepared|is gone' "$BATS_TEST_TMPDIR/events"
	[ "$status" -eq 1 ]
	[ "$(step exfil)" != done ]
	"$TORIDE" down rst-attack
}
