#!/usr/bin/env bats
# Networks at run time, on a running exercise: cables pulled and put back.

cable=tests/range/lan/exercises/cable.yaml

setup_file() {
	load helper
	load serve
	rm -rf "$TORIDE_STATE_DIR/exercises/cable"
	snapshot cable >"$BATS_FILE_TMPDIR/before"
	serve_start
	"$TORIDE" up $cable --teams 2 >"$BATS_FILE_TMPDIR/up" 2>&1 || { cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
	"$TORIDE" start cable --team 1
}

teardown_file() {
	load serve
	"$TORIDE" down cable >/dev/null 2>&1 || true
	serve_stop
	rm -rf "$TORIDE_RUN_DIR" "$TORIDE_STATE_DIR/exercises/cable"
}

setup() {
	load helper
	load serve
}

on() { # TEAM HOST command…
	local target=cable/$1/$2
	shift 2
	"$TORIDE" exec --timeout 20 "$target" -- "$@"
}

reaches() { # TEAM ADDRESS: from pc
	on "$1" pc nc -z -w 1 "$2" 7000
}

events() { # jq filter on one event
	"$TORIDE" journal cable | jq -c "select($1)"
}

ended() { # STEP OUTCOME
	[ -n "$(events ".team == 1 and .kind == \"truth.step\" and .body.step == \"$1\" and .body.phase == \"end\" and .body.outcome == \"$2\"")" ]
}

unplugged() { # TEAM HOST: as status says
	"$TORIDE" status --json | jq -c --argjson team "$1" --arg host "$2" '.exercises[0].guests[] | select(.team == $team and .host == $host) | .unplugged | sort'
}

@test "an unplugged host is cut off, and its beacon with it; plugged in again, both go on" {
	wait_for 15 ended before "done"
	run "$TORIDE" unplug cable/1/pc
	echo "$output"
	[ "$status" -eq 0 ] && [ "$output" = unplugged ]
	[ "$(unplugged 1 pc)" = '["office","side"]' ]
	[ "$(unplugged 2 pc)" = '[]' ]
	run reaches 1 10.77.1.20
	[ "$status" -ne 0 ]
	reaches 2 10.77.1.20
	wait_for 40 ended while blocked
	held() { [ -n "$(events '.team == 1 and .kind == "state.probe" and .body.objective == "off" and .body.holds and .body.held_ms >= 3000')" ]; }
	wait_for 20 held
	"$TORIDE" plug cable/1/pc
	[ "$(unplugged 1 pc)" = '[]' ]
	reaches 1 10.77.1.20
	wait_for 40 ended again "done"
	lost() { [ "$(events '.team == 1 and .kind == "state.probe" and .body.objective == "off"' | jq -s 'last.body.holds')" = false ]; }
	wait_for 20 lost
}

@test "one cable of two: the other network is still reached" {
	"$TORIDE" unplug cable/2/pc/side
	[ "$(unplugged 2 pc)" = '["side"]' ]
	reaches 2 10.77.1.20
	run reaches 2 10.77.2.20
	[ "$status" -ne 0 ]
	"$TORIDE" plug cable/2/pc/side
	reaches 2 10.77.2.20
}

@test "the guest keeps its addresses and routes, sees the cable pulled, and its root cannot put it back" {
	local before
	addressing() { on 2 pc sh -c 'ip -br -4 address; ip -4 route' | awk '/@/ { $2 = "" } { sub(" linkdown", ""); $1 = $1; print }'; }
	on 2 pc ip -4 route add 192.0.2.0/24 via 10.77.1.20
	before=$(addressing)
	"$TORIDE" unplug cable/2/pc
	run addressing
	printf '%s\n' "$before" "$output"
	[ "${#lines[@]}" -eq 6 ] && [ "$output" = "$before" ]
	run on 2 pc sh -c 'cat /sys/class/net/eth0/carrier; ip link set eth0 down; ip link set eth0 up; ip link set eth0 carrier on 2>/dev/null; cat /sys/class/net/eth0/carrier'
	echo "$output"
	[ "${lines[0]}" = 0 ] && [ "${lines[-1]}" = 0 ]
	run reaches 2 10.77.1.20
	[ "$status" -ne 0 ]
	"$TORIDE" plug cable/2/pc
	wait_for 5 reaches 2 10.77.1.20
	on 2 pc ip -4 route | grep -q 10.77.1
}

@test "it is one event for a change, with who did it; a repeated order is none" {
	local before
	before=$(events '.kind == "range.unplugged" or .kind == "range.plugged"' | wc -l)
	"$TORIDE" unplug cable/2/peer
	run "$TORIDE" unplug cable/2/peer
	[ "$status" -eq 0 ] && [ "$output" = "unplugged (it was so before)" ]
	"$TORIDE" plug cable/2/peer/office
	"$TORIDE" plug cable/2/peer
	run "$TORIDE" plug cable/2/peer
	[ "$output" = "plugged (it was so before)" ]
	run events '.kind == "range.unplugged" or .kind == "range.plugged"'
	echo "$output"
	[ "${#lines[@]}" -eq $((before + 3)) ]
	jq -e '.kind == "range.unplugged" and .team == 2 and .actor == "console" and .body == {"host": "peer"}' <<<"${lines[-3]}"
	jq -e '.kind == "range.plugged" and .body == {"host": "peer", "network": "office"}' <<<"${lines[-2]}"
}

@test "it lasts through a restart of the orchestrator, and through a guest that is made anew" {
	"$TORIDE" unplug cable/2/pc/office
	serve_kill
	serve_start
	[ "$(unplugged 2 pc)" = '["office"]' ]
	"$TORIDE" status | grep -q 't2/pc .*unplugged: office'
	run reaches 2 10.77.1.20
	[ "$status" -ne 0 ]
	kill -9 "$(init_of cable 2 pc)"
	stopped() { "$TORIDE" status --json | jq -e '.exercises[0].guests[] | select(.team == 2 and .host == "pc") | .state == "stopped"'; }
	wait_for 15 stopped
	"$TORIDE" up $cable --teams 2
	reaches 2 10.77.2.20
	run reaches 2 10.77.1.20
	[ "$status" -ne 0 ]
	"$TORIDE" plug cable/2/pc
	wait_for 5 reaches 2 10.77.1.20
}

@test "what cannot be unplugged is refused with a reason" {
	run "$TORIDE" unplug cable/2/nobody
	[ "$status" -eq 1 ] && [[ $output == *"there is no host 'nobody'"* ]]
	run "$TORIDE" unplug cable/2/attacker/side
	[ "$status" -eq 1 ] && [[ $output == *"'attacker' is not on a network 'side'"* ]]
	run "$TORIDE" unplug cable/3/pc
	[ "$status" -eq 1 ]
	run "$TORIDE" unplug cable/pc
	[ "$status" -eq 2 ]
	run "$TORIDE" unplug --help
	[[ $output == *"EX/TEAM/HOST[/NETWORK]"* ]]
}

@test "a trainee's account cannot do it" {
	local url csrf jar=$BATS_TEST_TMPDIR/jar password
	url=$("$TORIDE" status --json | jq -r .url)api/x/cable
	password=$(awk '$1 == "team2" { print $2 }' "$BATS_FILE_TMPDIR/up")
	csrf=$(curl -sf -c "$jar" -H "Origin: ${url%/api/*}" --json "{\"account\":\"team2\",\"password\":\"$password\"}" "$url/login" | jq -r .csrf)
	run curl -s -b "$jar" -w ' %{http_code}' -H "Origin: ${url%/api/*}" -H "X-CSRF-Token: $csrf" \
		--json '{"command":"plug","args":{"team":2,"host":"pc"}}' "$url/command"
	echo "$output"
	[[ $output == *"the instructor's"*" 422" ]]
}

@test "down leaves nothing of it" {
	"$TORIDE" unplug cable/1/peer
	"$TORIDE" down cable
	serve_stop
	rm -rf "$TORIDE_STATE_DIR"/exercises/cable # the journal
	nothing_left cable "$BATS_FILE_TMPDIR/before"
}
