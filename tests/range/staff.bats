#!/usr/bin/env bats
# The simulated staff on a running exercise: one who works, one who complains, one whose work never ends.

staff=tests/range/lan/exercises/staff.yaml

setup_file() {
	load helper
	load serve
	rm -rf "$TORIDE_STATE_DIR/exercises/staff"
	serve_start
	"$TORIDE" up $staff --teams 2 >"$BATS_FILE_TMPDIR/up" 2>&1 || { cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
}

teardown_file() {
	load serve
	"$TORIDE" down staff >/dev/null 2>&1 || true
	serve_stop
	rm -rf "$TORIDE_RUN_DIR" "$TORIDE_STATE_DIR/exercises/staff"
}

setup() {
	load helper
	load serve
}

on() { # TEAM HOST command…
	local target=staff/$1/$2
	shift 2
	"$TORIDE" exec --timeout 20 "$target" -- "$@"
}

events() { # jq filter on one event
	"$TORIDE" journal staff | jq -c "select($1)"
}

npc() { # TEAM KEY
	"$TORIDE" npc staff --team "$1" --json | jq ".teams[0].$2"
}

worked() { # TEAM: how often
	on "$1" pc-tanaka sh -c 'wc -l </home/tanaka/worked 2>/dev/null || echo 0'
}

at_least() { # NUMBER command…
	local least=$1
	shift
	[ "$("$@")" -ge "$least" ]
}

@test "nobody does anything before the clock runs" {
	sleep 3
	[ "$(worked 1)" -eq 0 ]
	"$TORIDE" start staff --team 1
}

@test "people act as themselves at their terminals, behind everything else, and only where the clock runs" {
	wait_for 20 at_least 2 worked 1
	run on 1 pc-tanaka sort -u /home/tanaka/worked
	echo "$output"
	[ "$output" = "tanaka as tanaka, nice 10" ]
	[ "$(worked 2)" -eq 0 ]
	[ "$(npc 2 done)" -eq 0 ]
}

@test "what somebody cannot do is one event, with the last thing that was said; it is another one when the words change or it went well between" {
	failures() { events '.kind == "staff.failed" and .body.person == "sato"' | wc -l; }
	complaints() { npc 1 failed; }
	wait_for 15 at_least 1 failures
	local tries
	tries=$(complaints)
	wait_for 30 at_least $((tries + 2)) complaints
	[ "$(failures)" -eq 1 ]
	events '.kind == "staff.failed" and .body.person == "sato"' |
		jq -e '.team == 1 and .actor == "staff" and .body == {"person":"sato","activity":"complain","host":"pc-sato","message":"complain: the printer does not answer"}'
	on 1 pc-sato sh -c 'printf "complain: \033[31mthe paper is out\n\n" >/tmp/complaint'
	wait_for 15 at_least 2 failures
	[ "$(events '.kind == "staff.failed" and .body.person == "sato"' | tail -n 1 | jq -r .body.message)" = "complain:  [31mthe paper is out" ] # cleaned
	on 1 pc-sato touch /tmp/well
	sleep 9
	[ "$(failures)" -eq 2 ]
	on 1 pc-sato rm /tmp/well
	wait_for 20 at_least 3 failures
}

@test "work that never ends is ended after 20 seconds, leaves nothing behind, and keeps nobody else from working" {
	hung() { events '.kind == "staff.failed" and .body.person == "mori"' | tail -n 1 | jq -r .body.message; }
	said() { [ "$(hung)" = "hang: not done within 20 s" ]; }
	local before
	before=$(worked 1)
	wait_for 40 said
	wait_for 15 at_least $((before + 1)) worked 1
	at_most_one_at_work() { [ "$(on 1 pc-mori sh -c 'pgrep -fc "^sleep 4322" || :')" -le 2 ]; }
	at_most_one_at_work
}

@test "the dial: at 0 % nobody begins anything, and it is an event of the team; pausing the clock stops them, too" {
	run "$TORIDE" npc staff --team 1 --load 0%
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"team 1    load   0 %  3 people"*"last failure: "* ]]
	events '.kind == "npc.load"' | jq -e '.team == 1 and .actor == "console" and .body == {"percent": 0}'
	sleep 1
	local before
	before=$(worked 1)
	sleep 9
	[ "$(worked 1)" -eq "$before" ]
	"$TORIDE" npc staff --team 1 --load 200
	wait_for 10 at_least $((before + 1)) worked 1
	run "$TORIDE" npc staff --load 201
	[ "$status" -eq 2 ]
	run "$TORIDE" npc staff --team 5
	[ "$status" -eq 1 ]
}

@test "after a crash of the orchestrator it goes on as the journal says, without making up for what was missed" {
	"$TORIDE" npc staff --team 1 --load 150
	serve_kill
	serve_start
	[ "$(npc 1 percent)" -eq 150 ]
	local before
	before=$(worked 1)
	sleep 5 # the clock stands
	[ "$(worked 1)" -eq "$before" ]
	"$TORIDE" start staff --team 1
	sleep 2
	[ "$(worked 1)" -le $((before + 2)) ]
	wait_for 15 at_least $((before + 2)) worked 1
}

@test "everything is counted in the journal, seldom: once at the end of this short time" {
	[ "$(events '.kind == "staff.tally"' | wc -l)" -eq 0 ]
	local url password csrf jar=$BATS_TEST_TMPDIR/jar
	url=$("$TORIDE" status --json | jq -r .url)api/x/staff
	password=$(awk '$1 == "instructor" { print $2 }' "$BATS_FILE_TMPDIR/up")
	csrf=$(curl -sf -c "$jar" -H "Origin: ${url%/api/*}" --json "{\"account\":\"instructor\",\"password\":\"$password\"}" "$url/login" | jq -r .csrf)
	curl -sf -b "$jar" -H "Origin: ${url%/api/*}" -H "X-CSRF-Token: $csrf" --json '{"command":"end","args":{"team":1}}' "$url/command"
	run events '.kind == "staff.tally"'
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	jq -e '.body.done.work >= 2 and .body.failed.complain >= 1' <<<"$output"
	curl -sf -b "$jar" "$url/instructor" | jq -e '.teams[0].staff | .percent == 150 and .done >= 2 and .failed >= 1 and (.last.message | startswith("hang:") or startswith("complain:"))'
	curl -sf -b "$jar" "$url/instructor" | jq -e '.teams[1].staff | .done == 0 and .last == null'
}
