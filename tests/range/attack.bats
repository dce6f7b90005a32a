#!/usr/bin/env bats
# The attack on a real range: every ability once, then one way of containment after the other. One team, brought up once; each test leaves
# the network as it found it, with a beacon that polls.

bats_require_minimum_version 1.5.0
export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
export TORIDE_DATA_DIR=$PWD
build=$PWD/${BUILD:-build}
exercise=check-attack
c2=203.0.113.66
mkdir -p -m 711 "$TORIDE_STATE_DIR"
site=$(printf %s "$(realpath "$TORIDE_STATE_DIR")" | sha256sum | cut -c1-8)

setup_file() {
	"$build/range-tool" down $exercise
	"$build/range-tool" up tests/range/attack.yaml $exercise 1
	attack prepare 1
}

teardown() {
	ip link delete outside0 2>/dev/null || :
}

teardown_file() {
	"$build/range-tool" down $exercise
}

attack() {
	"$build/attack-tool" tests/range/attack.yaml $exercise 1 "$@"
}

on() { # HOST CMD…: as root, out of band
	local host=$1
	shift
	"$build/range-tool" exec "$exercise/1/$host" -- "$@"
}

step() { # STEP OUTCOME [pattern of the detail]
	run attack run 1 "$1"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "$1 $2 "${3-*} ]]
}

beacon_polls() {
	attack undo 1 beacon
	step beacon "done" "the C&C has heard pc-tanaka"
}

open_edge() {
	on fw-edge sh -c "nft delete rule inet filter forward handle \$(nft -a list chain inet filter forward | sed -n 's/.*daddr $c2 drop # handle //p')"
}

# A step that was blocked stays undone, also when the way is open again for several polls.
nothing_runs_later() {
	local before after
	before=$(on attacker sh -c 'cut -d" " -f1 /run/toride/c2/beacons/*')
	sleep 4
	after=$(on attacker sh -c 'cut -d" " -f1 /run/toride/c2/beacons/*')
	echo "polls: $before, then $after"
	[ "$after" -gt "$before" ]
	run ! on pc-tanaka test -e /home/tanaka/staging/shares-file.txt
}

@test "every ability of the catalogue is done, and each trace that it must leave is found" {
	local steps expected found
	steps=$(sed -n 's/.*{ id: \([a-z]*\),.*/\1/p' tests/range/attack.yaml)
	[ "$(sed -n 's/.*ability: \([a-z-]*\),.*/\1/p' tests/range/attack.yaml | sort)" = "$(ls attacker/abilities/*.yaml | xargs -n1 basename -s .yaml | sort)" ]
	for one in $steps; do
		step "$one" "done"
		found=$(grep -c '^trace .* 1$' <<<"$output") || true
		expected=$(sed -n '/^expect:/,/^undo:/s/^  - {.*/x/p' "attacker/abilities/$(sed -n "s/.*{ id: $one,.*ability: \([a-z-]*\),.*/\1/p" tests/range/attack.yaml).yaml" | grep -c x)
		echo "$one: $found of $expected traces"
		[ "$found" -eq "$expected" ]
		[ "$found" -gt 0 ]
	done
	on attacker cat /run/toride/c2/uploads/exfil@residents.csv | cmp - <(on file cat /srv/shares/common/residents.csv)
}

@test "undo takes everything back, and says when something is left" {
	on attacker sh -c 'echo 1 > /run/toride/c2/lures/other'
	for one in exfil pack collect notes sweep look info beacon open scan lure; do
		run attack undo 1 $one
		echo "$output"
		[ "$output" = "$one clean" ]
	done
	run on pc-tanaka find /home/tanaka/staging /home/tanaka/Downloads -mindepth 1
	[ -z "$(grep -v 'No such file' <<<"$output")" ]
	run ! on pc-tanaka pgrep -f viewer
	[ -z "$(on attacker find /run/toride/c2/uploads /run/toride/c2/results /run/toride/c2/tasks /run/toride/c2/taken -type f)" ]
	on attacker test -e /run/toride/c2/lures/other # what is not ours stays
	# a file that cannot be taken away
	step lure "done"
	on attacker sh -c 'rm /run/toride/c2/lures/invoice; mkdir /run/toride/c2/lures/invoice'
	run attack undo 1 lure
	[ "$output" = "lure left" ]
	on attacker rmdir /run/toride/c2/lures/invoice
}

@test "a block of the C&C at the edge firewall blocks every later step, and nothing runs later" {
	step lure "done"
	beacon_polls
	on fw-edge nft insert rule inet filter forward ip daddr $c2 drop
	step look blocked "no poll from pc-tanaka for * s; the task was taken back"
	step exfil blocked "no poll from pc-tanaka*"
	step open blocked "curl: *"
	open_edge
	nothing_runs_later
}

@test "a block at the proxy blocks the beacon and the lure" {
	beacon_polls
	on proxy sh -c "cp /etc/squid/blocklist-addresses.txt /run/before; echo $c2 >> /etc/squid/blocklist-addresses.txt; squid -k reconfigure"
	sleep 1
	step look blocked "no poll from pc-tanaka for * s; the task was taken back"
	step open blocked "curl: (22)*403*"
	on proxy sh -c "cat /run/before > /etc/squid/blocklist-addresses.txt; squid -k reconfigure"
	sleep 2
	nothing_runs_later
}

@test "a beacon that is started while the way is closed is blocked" {
	attack undo 1 beacon
	on fw-office nft insert rule inet filter forward ip saddr 10.1.1.101 drop
	step beacon blocked "the beacon on pc-tanaka was started, but no poll of it reached attacker within * s"
	# It is there all the same, and is taken back like one that polls.
	on pc-tanaka pgrep -f invoice-viewer
	[ "$(attack undo 1 beacon)" = "beacon clean" ]
	run ! on pc-tanaka pgrep -f invoice-viewer
	run ! on pc-tanaka test -e /home/tanaka/Downloads/invoice-viewer
	on fw-office sh -c "nft delete rule inet filter forward handle \$(nft -a list chain inet filter forward | sed -n 's/.*saddr 10.1.1.101 drop # handle //p')"
}

@test "killing the beacon ends it for good" {
	beacon_polls
	on pc-tanaka pkill -f invoice-viewer
	step look blocked "no poll from pc-tanaka for * s; the task was taken back"
	run ! on pc-tanaka pgrep -f invoice-viewer
}

@test "a server that is shut for the terminal blocks the step, and the beacon reports so" {
	beacon_polls
	on file sh -c 's6-svc -d /run/service/smbd; pkill smbd; sleep 1'
	step look blocked
	[[ ${lines[0]} != *poll* ]]
	on file s6-svc -u /run/service/smbd
}

@test "the beacon ends when the range's token goes" {
	beacon_polls
	on pc-tanaka mv /run/toride/token /run/toride/token.away
	sleep 3
	run ! on pc-tanaka pgrep -f invoice-viewer
	on pc-tanaka mv /run/toride/token.away /run/toride/token
}

@test "a result that comes after the step was judged is thrown away" {
	beacon_polls
	# a tool that the ability calls takes its time, so that the way can be closed meanwhile
	on pc-tanaka sh -c 'printf "#!/bin/sh\nsleep 3\n" > /usr/local/bin/uname; chmod 755 /usr/local/bin/uname'
	attack run 1 info > "$BATS_TEST_TMPDIR/info" &
	local running=$!
	on attacker sh -c 'for turn in $(seq 50); do [ -z "$(ls /run/toride/c2/taken)" ] || exit 0; sleep 0.1; done; exit 1'
	on fw-edge nft insert rule inet filter forward ip daddr $c2 drop
	wait $running
	cat "$BATS_TEST_TMPDIR/info"
	[[ $(cat "$BATS_TEST_TMPDIR/info") == "info blocked pc-tanaka took the task, but no result came back within "*" s" ]]
	open_edge
	sleep 5
	on attacker grep -q "POST /result 200" /run/toride/c2/access.log # it came, and was thanked for
	run ! on attacker test -e /run/toride/c2/results/info.json
	on pc-tanaka rm /usr/local/bin/uname
	step info "done"
}

# Host's root alone can make a way out. Nothing is ever sent through these: their other ends are down, or nobody's.
refused() { # pattern of what was found
	step lure failed "refused: no attack runs while there may be a way out: team 1: $1"
}

@test "no step is run while anything leads out of the range" {
	local bridge controller init
	bridge=$(grep -l "toride1 $site network $exercise t1 dmz " /sys/class/net/td*/ifalias | cut -d/ -f5)
	step lure "done"
	ip link add outside0 type veth peer name outside1
	ip link set outside0 master "$bridge"
	refused "network 'dmz': its bridge '$bridge' leads to 'outside0', which is no guest's*"
	ip link delete outside0
	ip address add 192.0.2.9/32 dev "$bridge"
	refused "network 'dmz': the host has an address on its bridge*"
	ip address delete 192.0.2.9/32 dev "$bridge"
	ip link add outside0 link "$bridge" type macvlan
	refused "network 'dmz': the device 'outside0' of the host stands upon its bridge*"
	ip link delete outside0
	nft insert rule netdev "toride-$bridge" in counter accept
	refused "network 'dmz': the wall of bridge '$bridge' has been changed*"
	nft delete chain netdev "toride-$bridge" in
	refused "network 'dmz': the wall of bridge '$bridge' has been changed*"
	nft add chain netdev "toride-$bridge" in "{ type filter hook ingress device \"$bridge\" priority 0; policy drop; }"
	nft "add table netdev toride-$bridge { flags dormant; }"
	refused "network 'dmz': the wall of bridge '$bridge' has been changed*"
	nft "add table netdev toride-$bridge"
	# a device of the host in a guest, not even the step's own
	controller=$(virsh -q -c lxc:///system dominfo "toride-$exercise-t1-web-$site" | sed -n 's/^Id: *//p')
	init=$(cut -d' ' -f1 "/proc/$controller/task/$controller/children")
	ip link add outside0 type veth peer name outside1 netns "$init"
	refused "host 'web': its interface 'outside1' leads to a device of the host*"
	ip link delete outside0
	step lure "done"
}

answers_outside() {
	step lure "done"
	[[ $output == *"notice host 'attacker' gets an answer from 192.0.2.1, which is outside the range, though nothing leads out: a guest of the team has taken that address"* ]]
}

@test "a guest that plays the outside does not stop the attack, and the instructor is told" {
	# on the step's own guest
	on attacker ip address add 192.0.2.1/32 dev lo
	answers_outside
	on attacker ip address delete 192.0.2.1/32 dev lo
	# turned to itself
	on attacker ip route add 192.0.2.1/32 dev eth0
	on attacker nft 'add table ip dodge; add chain ip dodge out { type nat hook output priority -100; }; add rule ip dodge out ip daddr 192.0.2.1 dnat to 127.0.0.1'
	answers_outside
	on attacker nft delete table ip dodge
	on attacker ip route delete 192.0.2.1/32
	# on another one
	on world ip address add 192.0.2.1/32 dev lo
	on attacker ip route add 192.0.2.1/32 via 203.0.113.1
	answers_outside
	on attacker ip route delete 192.0.2.1/32
	on world ip address delete 192.0.2.1/32 dev lo
	# devices and namespaces of a guest's own are no way out
	on attacker sh -c 'ip link add own0 type dummy; ip link add own1 type veth peer name own2; ip link add own3 type bridge
		ip link add own4 link eth0 type macvlan; unshare -n sleep 60 & sleep 0.3; ip link set own2 netns $!; kill -0 $!'
	step lure "done"
	[[ $output != *notice* ]]
	on attacker sh -c 'for own in own0 own1 own3 own4; do ip link delete $own; done; pkill -x sleep'
}

@test "a C&C server that has ended is started by the next step" {
	on attacker sh -c 's6-svc -d /run/service/c2; s6-svwait -d -t 5000 /run/service/c2'
	step look "done"
}

@test "what the range itself cannot do is failed, not blocked" {
	on attacker sh -c 'mv /run/toride/c2 /run/toride/away; touch /run/toride/c2'
	step look failed
	on attacker sh -c 'rm /run/toride/c2; mv /run/toride/away /run/toride/c2'
	attack prepare 1
	step lure "done"
}
