#!/usr/bin/env bats
# Networks at run time, on a running exercise: cables pulled and put back, segments listened to, made slower.

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
	[ "$status" -eq 0 ]
	[ "$output" = unplugged ]
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
	[ "${#lines[@]}" -eq 6 ]
	[ "$output" = "$before" ]
	run on 2 pc sh -c 'cat /sys/class/net/eth0/carrier; ip link set eth0 down; ip link set eth0 up; ip link set eth0 carrier on 2>/dev/null; cat /sys/class/net/eth0/carrier'
	echo "$output"
	[ "${lines[0]}" = 0 ]
	[ "${lines[-1]}" = 0 ]
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
	[ "$status" -eq 0 ]
	[ "$output" = "unplugged (it was so before)" ]
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
	"$TORIDE" up $cable --teams 2 --no-verify
	reaches 2 10.77.2.20
	run reaches 2 10.77.1.20
	[ "$status" -ne 0 ]
	"$TORIDE" reset cable/2/pc
	reaches 2 10.77.2.20
	run reaches 2 10.77.1.20
	[ "$status" -ne 0 ]
	"$TORIDE" plug cable/2/pc
	wait_for 5 reaches 2 10.77.1.20
}

port_of() { # TEAM HOST: the host's end of its first cable, or nothing
	$VIRSH dumpxml "toride-cable-t$1-$2-$site" 2>/dev/null | sed -n "s/.*<target dev='\(td[^']*\)'.*/\1/p" | head -n 1
}
silent() { # PORT: no frame of the guest's has come out of it
	[ "$(cat "/sys/class/net/$1/statistics/rx_packets")" = 0 ]
}

@test "not one frame of an unplugged host's gets out while it is reset, also when the orchestrator is killed right then" {
	"$TORIDE" unplug cable/2/pc
	local port
	port=$(port_of 2 pc)
	for _ in 1 2 3; do
		"$TORIDE" reset cable/2/pc >/dev/null
		silent "$port"
	done
	"$TORIDE" reset cable/2/pc >/dev/null 2>&1 3>&- &
	made() { [ "$(cat "/sys/class/net/$port/operstate" 2>/dev/null)" = unknown ]; } # libvirt has put it on its bridge; nobody has taken it off yet
	until [ ! -e "/sys/class/net/$port" ]; do :; done
	until made; do :; done
	serve_kill
	wait
	sleep 1
	silent "$port"
	serve_start
	sleep 0.5
	silent "$port"
	"$TORIDE" up $cable --teams 2 --no-verify >/dev/null
	silent "$port"
	[ "$(unplugged 2 pc)" = '["office","side"]' ]
	"$TORIDE" plug cable/2/pc
	reaches 2 10.77.1.20
}

@test "what cannot be unplugged is refused with a reason" {
	run "$TORIDE" unplug cable/2/pc/
	[ "$status" -eq 2 ]
	[[ $output == *"'cable/2/pc/' ends before the network's name"* ]]
	[ "$(unplugged 2 pc)" = '[]' ]
	run "$TORIDE" unplug cable/2/nobody
	[ "$status" -eq 1 ]
	[[ $output == *"there is no host 'nobody'; there are attacker, pc, peer"* ]]
	run "$TORIDE" unplug cable/2/attacker/side
	[ "$status" -eq 1 ]
	[[ $output == *"'attacker' is not on a network 'side'; it is on office"* ]]
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

# ---- rate, delay, loss ----

seconds_for() { # ADDRESS BYTES: from pc of team 2, in milliseconds
	on 2 pc sh -c "start=\$(date +%s%3N); head -c $2 /dev/zero | nc -N -w 20 $1 7000; echo \$((\$(date +%s%3N) - start))"
}

can_delay() { "$TORIDE" doctor --json | jq -e '.checks[] | select(.id == "netem") | .state == "ok"' >/dev/null; }

@test "a network carries no more than its rate, to each host; another one is not slower for that" {
	local slow fast
	slow=$(seconds_for 10.77.2.20 2000000) # 16 Mbit at 4 Mbit/s: 4 s
	fast=$(seconds_for 10.77.1.20 2000000)
	echo "with a rate: $slow ms, without: $fast ms"
	[ "$slow" -ge 3000 ]
	[ "$slow" -le 15000 ]
	[ "$fast" -lt "$slow" ]
	[ "$(tc qdisc show | grep "$(owner cable)" | grep -cE "(tbf|netem) ")" -eq 4 ] # pc and peer of two teams, at the one network
}

@test "a network delays what it carries" {
	can_delay || skip "this host's kernel has no sch_netem"
	local best
	best=$(on 2 pc ping -c 5 -i 0.2 10.77.2.20 | sed -n 's,^rtt .* = \([0-9]*\).*,\1,p')
	echo "best: $best ms"
	[ "$best" -ge 40 ]
	[ "$best" -lt 80 ] # there and back
	[ "$(on 2 pc ping -c 5 -i 0.2 10.77.1.20 | sed -n 's,^rtt .* = \([0-9]*\).*,\1,p')" -lt 10 ]
}

@test "where the kernel cannot delay or lose packets, check, up and the journal say what is left out; the rate stays" {
	if can_delay; then skip "this host's kernel has sch_netem"; fi
	run "$TORIDE" check $cable
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"cable.yaml:12:3: warning: this host's kernel cannot delay or lose packets (no sch_netem): \`delay\` and \`loss\` of \`side\` are left out here"*"1 warning)"* ]]
	[ "$(grep -c "of 'side' are left out" "$BATS_FILE_TMPDIR/up")" -eq 1 ]
	[ "$(events '.kind == "alarm.raised"' | grep -c "of 'side' are left out")" -eq 1 ]
	tc qdisc show | grep -q "tbf .*$(owner cable).* rate 4Mbit"
}

@test "a changed rate is converged: the guests there are made anew, the others stay" {
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	rates() { tc qdisc show | sed -n "s/.*$(owner cable-rates).* rate \([0-9a-zA-Z]*\) .*/\1/p" | sort | uniq -c | xargs; }
	for rate in 4Mbit 300Mbit; do
		sed "s/4Mbit/$rate/" $cable >"$BATS_TEST_TMPDIR/exercises/cable.yaml"
		"$tool" up "$BATS_TEST_TMPDIR/exercises/cable.yaml" cable-rates 1
		[ "$(rates)" = "2 $rate" ]
	done
	sed "s/, rate: 4Mbit//" $cable >"$BATS_TEST_TMPDIR/exercises/cable.yaml"
	before=$(init_of cable-rates 1 attacker)
	"$tool" up "$BATS_TEST_TMPDIR/exercises/cable.yaml" cable-rates 1
	[ -z "$(rates)" ]
	[ "$(init_of cable-rates 1 attacker)" = "$before" ]
	"$tool" down cable-rates
}

# ---- captures ----

bridge_of() { # team network
	grep -l "toride1 $site network cable t$1 $2 " /sys/class/net/td*/ifalias | cut -d/ -f5
}

listeners() { # TEAM NETWORK: who listens to all on its bridge
	ip -d link show "$(bridge_of "$1" "$2")" | grep -o 'promiscuity [0-9]*'
}

listens() { [ "$(listeners "$1" "$2")" = "promiscuity $3" ]; }

say() { # TEAM WORD: from pc to peer, over the office network
	on "$1" pc sh -c "echo $2 | nc -w 1 -q 0 10.77.1.20 7000"
}

capture_ended() { # bytes, time, stopped, network gone: the last one
	[ "$(events '.kind == "capture.end"' | tail -n 1 | jq -r .body.end)" = "$1" ]
}

@test "a capture shows what two guests say to each other, of one team and one network, and then listens no more" {
	local file=$BATS_TEST_TMPDIR/office.pcap pid
	"$TORIDE" capture cable/1/office -w "$file" --seconds 60 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	pid=$!
	wait_for 5 listens 1 office 1
	say 1 word-of-team-1
	say 2 word-of-team-2
	on 1 pc sh -c 'echo word-aside | nc -w 1 -q 0 10.77.2.20 7000'
	written() { tcpdump -nAr "$file" | grep -q word-of-team-1; }
	wait_for 5 written
	kill -INT $pid
	wait $pid
	cat "$BATS_TEST_TMPDIR/said"
	grep -q 'bytes; ended: stopped' "$BATS_TEST_TMPDIR/said"
	run tcpdump -nAr "$file"
	[ "$(grep -c word-of-team-1 <<<"$output")" -eq 1 ]
	[[ $output != *word-of-team-2* && $output != *word-aside* ]]
	wait_for 5 listens 1 office 0
	wait_for 5 capture_ended stopped
}

@test "a capture ends at its limits of time and of bytes" {
	run bash -c '"$0" capture cable/2/office --seconds 1 | tcpdump -nr - 2>&1' "$TORIDE"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"ended: time"* ]]
	"$TORIDE" capture cable/2/office --bytes 2000 --seconds 30 >"$BATS_TEST_TMPDIR/small" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	wait_for 5 listens 2 office 1
	on 2 pc sh -c 'head -c 100000 /dev/zero | nc -w 1 -q 0 10.77.1.20 7000'
	wait $!
	grep -q 'ended: bytes' "$BATS_TEST_TMPDIR/said"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/small")" -le 2000 ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/small")" -gt 200 ]
}

@test "several captures at once; one whose reader is killed, or does not read, ends all the same" {
	"$TORIDE" capture cable/2/office -w "$BATS_TEST_TMPDIR/one" 2>/dev/null 3>&- &
	local one=$!
	"$TORIDE" capture cable/2/office 2>/dev/null 3>&- | sleep 60 3>&- &
	wait_for 5 listens 2 office 2
	local stuck
	stuck=$(pgrep -f "capture cable/2/office\$")
	on 2 pc sh -c 'head -c 2000000 /dev/zero | nc -w 1 -q 0 10.77.1.20 7000' # more than its pipe holds
	kill -9 "$stuck"
	wait_for 5 listens 2 office 1
	kill -9 $one
	wait_for 5 listens 2 office 0
	wait_for 5 capture_ended stopped # the event comes after the end
	tcpdump -nr "$BATS_TEST_TMPDIR/one" | grep -q 10.77.1.20.7000
}

@test "a capture of what is not there is refused, and frames are kept from a terminal" {
	echo precious >"$BATS_TEST_TMPDIR/before"
	run "$TORIDE" capture cable/1/attic -w "$BATS_TEST_TMPDIR/before"
	[ "$status" -eq 1 ]
	[ "$(cat "$BATS_TEST_TMPDIR/before")" = precious ]
	run "$TORIDE" capture cable/1/office -w "$BATS_TEST_TMPDIR/before" --seconds 1
	[ "$status" -eq 0 ]
	tcpdump -nr "$BATS_TEST_TMPDIR/before" >/dev/null
	run "$TORIDE" capture cable/1/attic -w "$BATS_TEST_TMPDIR/new"
	[ "$status" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/new" ]
	run "$TORIDE" capture cable/1/attic -w /dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"no network 'attic'"* ]]
	run "$TORIDE" capture cable/7/office -w /dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"teams 1 to 2"* ]]
	run "$TORIDE" capture cable -w /dev/null
	[ "$status" -eq 2 ]
	run script -qec "$TORIDE capture cable/1/office" /dev/null </dev/null
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"nothing for a terminal"* ]]
	run "$TORIDE" capture cable/1/office -w /dev/full --seconds 1
	[ "$status" -eq 1 ]
	[[ $output == *"to '/dev/full', after 0 bytes (make room, or take less: --bytes): No space left"* ]]
}

@test "down leaves nothing of it, and ends a capture" {
	"$TORIDE" capture cable/1/office -w /dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	wait_for 5 listens 1 office 1
	"$TORIDE" unplug cable/1/peer
	"$TORIDE" down cable
	wait $!
	grep -q 'ended: network gone' "$BATS_TEST_TMPDIR/said"
	serve_stop
	rm -rf "$TORIDE_STATE_DIR"/exercises/cable # the journal
	nothing_left cable "$BATS_FILE_TMPDIR/before"
}
