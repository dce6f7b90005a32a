#!/usr/bin/env bats
# The range on this host's libvirt: build, converge, look into, take down. A tiny LAN, so that it is quick.

load helper

setup_file() {
	load helper
	snapshot rgt >"$BATS_FILE_TMPDIR/before"
	up rgt 2
}

teardown_file() {
	load helper
	for exercise in rgt rgt-two rgt-bad rgt-full; do down $exercise; done
}

teardown() {
	[ ! -d "$BATS_FILE_TMPDIR/small" ] || umount "$BATS_FILE_TMPDIR/small" || :
}

@test "up again changes nothing, and says so" {
	run up rgt 2
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == "0 changed"* ]]
}

# A question for each guest there would make every team cost more than the one before.
@test "what is there as planned is known from one list, without a question to libvirt for each" {
	LIBVIRT_LOG_FILTERS=1:libvirt LIBVIRT_LOG_OUTPUTS=1:file:$BATS_TEST_TMPDIR/calls up rgt 2
	grep -q virConnectListAllDomains: "$BATS_TEST_TMPDIR/calls"
	asked() { grep -cE "$1" "$BATS_TEST_TMPDIR/calls" || :; }
	others() { grep -cv -e "^toride-rgt-" -e '^$' || :; }
	[ "$(asked 'virDomainGet(Metadata|XMLDesc):')" -le "$($VIRSH list --all --name | others)" ]
	[ "$(asked virNetworkGetXMLDesc:)" -le "$($VIRSH net-list --all --name | others)" ]
}

@test "a running guest's disk is mounted nowhere on the host; disks lie apart on a file system that can do that" {
	guests=$TORIDE_STATE_DIR/exercises/rgt/guests
	[ -d "$guests/t1-one/root" ]
	[ -z "$(findmnt -rno TARGET | grep -F "$guests")" ]
	[ "$(findmnt -no FSTYPE -T "$guests")" = ext4 ] || skip "no ext4"
	[[ $(lsattr -d "$guests") == *T*\ * ]]
}

@test "a guest has what its role's setup made: files, owners, deletions, folders put in place of others" {
	run guest rgt/2/one sh -c 'cat /etc/box-mark; ls /etc/skel; test ! -e /etc/issue; stat -c %U:%G /home/trainee/.bashrc; cat /etc/box-bake-network'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = plain ]
	[ "${lines[1]}" = only ]
	[ "${lines[2]}" = trainee:trainee ]
	[ "${#lines[@]}" -eq 3 ] || [ "${lines[3]}" = lo ] # the bake had no network but its own loopback
}

@test "teams are alike, and each host is reached from the other network through the one between" {
	for team in 1 2; do
		[ "$(guest rgt/$team/one ip -br -4 address show eth0 | awk '{ print $3 }')" = 10.66.1.10/24 ]
		run "$tool" probe rgt/$team/one 10.66.2.10 7000
		[ "$output" = reached ]
	done
}

@test "a changed host is made anew with what stands on it; the others stay as they are" {
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	sed 's/mark: changed/mark: changed-again/' "$lan" >"$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	local before_one before_two
	before_one=$(init_of rgt 1 one) before_two=$(init_of rgt 1 two)
	guest rgt/1/one touch /root/kept
	run up rgt 2 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(guest rgt/1/two cat /etc/box-mark)" = changed-again ]
	[ "$(init_of rgt 1 two)" != "$before_two" ]
	[ "$(init_of rgt 1 one)" = "$before_one" ]
	guest rgt/1/one test -e /root/kept
	up rgt 2
	[ "$(guest rgt/2/two cat /etc/box-mark)" = changed ]
}

@test "a changed role folder makes its hosts anew, without a change of the scenario" {
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	cp "$lan" "$BATS_TEST_TMPDIR/exercises/"
	echo 'touch /etc/new-in-the-role' >>"$BATS_TEST_TMPDIR/roles/box/setup"
	local hop
	hop=$(init_of rgt 1 hop)
	up rgt 2 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	guest rgt/1/one test -e /etc/new-in-the-role
	[ "$(init_of rgt 1 hop)" = "$hop" ]
	up rgt 2
	run guest rgt/1/one test -e /etc/new-in-the-role
	[ "$status" -ne 0 ]
}

@test "fewer teams: the others go" {
	up rgt 1
	run "$tool" exec rgt/2/one -- true
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == "error: team 2: host 'one': is not running" ]]
	[ "$($VIRSH list --all --name | grep -c "toride-rgt-t2.*$site")" -eq 0 ]
	[ ! -e "$TORIDE_STATE_DIR/exercises/rgt/guests/t2-one" ]
	up rgt 2
}

@test "a killed guest is told as lost, and up starts it again with what it had written" {
	guest rgt/1/one sh -c 'echo mine >/root/mine'
	"$tool" watch 8 >"$BATS_TEST_TMPDIR/watched" &
	soon 5 grep -q watching "$BATS_TEST_TMPDIR/watched"
	kill -9 "$(init_of rgt 1 one)"
	soon 5 grep -q '^lost rgt/1/one: ' "$BATS_TEST_TMPDIR/watched"
	run "$tool" exec rgt/1/one -- true
	[[ $output == *"team 1: host 'one': is not running" ]]
	run up rgt 2
	echo "$output"
	[[ $output == "1 changed"* ]]
	[ "$(guest rgt/1/one cat /root/mine)" = mine ]
	[ "$(grep -c ^lost "$BATS_TEST_TMPDIR/watched")" -eq 1 ]
}

@test "status says of every guest whether it runs, and what it uses" {
	run "$tool" status rgt
	[ "$(jq '.guests | length' <<<"$output")" -eq 6 ]
	[ "$(jq '[.guests[] | select(.state == "running" and .memory_bytes > 100000 and .pids >= 3)] | length' <<<"$output")" -eq 6 ]
	run "$tool" exercises
	grep -qx rgt <<<"$output"
}

@test "a guest cannot have more processes than its role allows, and is entered all the same" {
	guest rgt/1/one sh -c 'for i in $(seq 200); do sleep 100 & done' 2>"$BATS_TEST_TMPDIR/err" || :
	local count
	count=$("$tool" status rgt | jq '.guests[] | select(.team == 1 and .host == "one") | .pids')
	echo "$count processes"
	[ "$count" -ge 50 ]
	[ "$count" -le 70 ] # 64, libvirt's own and one that was just let in
	run guest rgt/1/one cat /etc/box-mark # the whole limit is taken, and yet:
	[ "$output" = plain ]
	guest rgt/1/two true
	guest rgt/1/one busybox true 2>/dev/null || :
	down rgt && up rgt 2
}

# The limit that the process is under.
process_limit() {
	local group
	group=$(sed -n 's/^[0-9]*:pids:/pids/p' "/proc/$1/cgroup")
	cat "/sys/fs/cgroup/${group:-$(sed -n 's/^0:://p' "/proc/$1/cgroup")}/pids.max"
}

@test "every process of a guest is under its limit, not only those that were let in" {
	local init pid count=0
	init=$(init_of rgt 1 one)
	for pid in $(pgrep --ns "$init" --nslist pid); do
		[ "$(process_limit "$pid")" = 64 ]
		count=$((count + 1))
	done
	[ $count -ge 3 ]
}

@test "a guest that wants more memory than its role allows loses the process, not the host" {
	run "$tool" exec rgt/1/one -t 20000 -- sh -c 'tail /dev/zero'
	echo "$status $output"
	[ "$status" -eq 137 ]
	guest rgt/1/one true
}

@test "down leaves the host as it was" {
	up rgt-two 1
	snapshot rgt-two | grep -q "domain toride-rgt-two-t1-one-$site" # the snapshot sees what it must not see later
	echo "kept" >"$TORIDE_STATE_DIR/exercises/rgt-two/journal.db"
	down rgt-two
	[ -e "$TORIDE_STATE_DIR/exercises/rgt-two/journal.db" ]
	rm -r "$TORIDE_STATE_DIR/exercises/rgt-two"
	down rgt
	nothing_left rgt "$BATS_FILE_TMPDIR/before"
	nothing_left rgt-two "$BATS_FILE_TMPDIR/before"
	run down rgt
	[[ $output == "0 changed"* ]]
	up rgt 2
}

@test "what only looks like ours stays: a domain, a network, a bridge and a table with our names and without our mark" {
	local bridge domain=toride-rgt-two-t1-one-$site network=toride-rgt-two-t1-left-$site
	up rgt-two 1
	bridge=$(grep -l "rgt-two t1 left" /sys/class/net/td*/ifalias | cut -d/ -f5)
	down rgt-two
	ip link add "$bridge" type bridge
	nft "add table netdev toride-$bridge"
	$VIRSH define <(echo "<domain type='lxc'><name>$domain</name><memory>65536</memory><os><type>exe</type><init>/bin/true</init></os></domain>")
	$VIRSH net-define <(echo "<network><name>$network</name><forward mode='bridge'/><bridge name='$bridge'/></network>")
	run down rgt-two
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == "0 changed"* ]]
	run up rgt-two 1
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"bridge '$bridge': an interface of that name exists and is not ours; remove it"* ]]
	down rgt-two
	ip link show "$bridge"
	nft list table netdev "toride-$bridge"
	$VIRSH dominfo "$domain" >/dev/null
	$VIRSH net-info "$network" >/dev/null
	$VIRSH undefine "$domain"
	$VIRSH net-undefine "$network"
	ip link delete "$bridge"
	nft delete table netdev "toride-$bridge"
	nothing_left rgt-two <(snapshot rgt-two)
}

@test "a table that has the name of a wall and is not ours is told with its mend, and stays" {
	local bridge
	bridge=$(grep -l "network rgt t1 left " /sys/class/net/td*/ifalias | cut -d/ -f5)
	down rgt
	nft add table netdev "toride-$bridge"
	run up rgt 1
	echo "$output"
	nft delete table netdev "toride-$bridge" # fails when it is gone
	up rgt 2
	[ "$status" -eq 1 ]
	[[ $output == *"a table of its name exists and is not ours; remove it (nft delete table netdev toride-$bridge)"* ]]
}

@test "a bridge that was made but not marked yet when its maker was killed is ours, and goes" {
	local bridge mac
	bridge=$(owner rgt-two)0123456
	mac=$(printf 'toride bridge %s' "$bridge" | sha256sum | sed -E 's/^..(..)(..)(..)(..)(..).*/02:\1:\2:\3:\4:\5/')
	ip link add "$bridge" address "$mac" type bridge
	snapshot rgt-two | grep -q "link $bridge"
	run down rgt-two
	echo "$output"
	[[ $output == "1 changed"* ]]
	[ ! -e "/sys/class/net/$bridge" ]
}

@test "a setup that fails: its last lines are shown, the rest is built, and down leaves nothing" {
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	sed 's/mark: changed/mark: changed-for-bad/' "$lan" >"$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	echo 'case $(cat /etc/box-mark) in *bad) echo "this is the reason"; exit 3 ;; esac' >>"$BATS_TEST_TMPDIR/roles/box/setup"
	snapshot rgt-bad >"$BATS_TEST_TMPDIR/before"
	run up rgt-bad 1 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"setup of role 'box' ended with status 3"*"this is the reason"* ]]
	[ "$(grep -c 'error:' <<<"$output")" -eq 1 ]
	guest rgt-bad/1/one true
	down rgt-bad
	nothing_left rgt-bad "$BATS_TEST_TMPDIR/before"
}

@test "a start that never ends is a clear failure" {
	skip_slow=${TORIDE_CHECK_SLOW:-}
	[ -n "$skip_slow" ] || skip "takes a minute; set TORIDE_CHECK_SLOW=1"
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_TEST_TMPDIR/"
	cp "$lan" "$BATS_TEST_TMPDIR/exercises/"
	printf '#!/bin/sh\necho waiting for nothing\nsleep 1000\n' >"$BATS_TEST_TMPDIR/roles/hop/start"
	run up rgt-bad 1 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	down rgt-bad
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"team 1: guest 'hop': its services were not up in 60 s"*"waiting for nothing"* ]]
}

@test "a full disk is one clear line with the mend, and down cleans up" {
	local small="$BATS_FILE_TMPDIR/small"
	truncate -s 24M "$small.img"
	mkfs.ext4 -q "$small.img"
	mkdir -p -m 711 "$small"
	mount -o loop "$small.img" "$small" || skip "no loop devices here"
	chmod o+x "$small" "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR"/../..
	ln -s "$TORIDE_STATE_DIR/images" "$TORIDE_STATE_DIR/layers" "$small"
	dd if=/dev/zero of="$small/filler" bs=1M status=none 2>/dev/null || :
	truncate -s -96K "$small/filler" # enough to begin with
	run env TORIDE_STATE_DIR="$small" "$tool" up "$lan" rgt-full 1
	local up_status=$status up_output=$output
	run env TORIDE_STATE_DIR="$small" "$tool" down rgt-full
	[ ! -e "$small/exercises/rgt-full" ]
	echo "$up_output / $output"
	[ "$up_status" -eq 1 ]
	[[ $up_output == *"the disk is full; make room there"* ]]
	[ "$status" -eq 0 ]
}

@test "no libvirt: one line with the mend" {
	run env TORIDE_URI=lxc+unix:///system?socket=/nowhere "$tool" up "$lan" rgt-two 1
	echo "$output"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == "error: libvirt does not answer at lxc+unix:///system?socket=/nowhere: "*"run \`toride doctor --fix\`" ]]
}

@test "a state directory that guests cannot enter is refused before anything is made" {
	mkdir -m 700 "$BATS_TEST_TMPDIR/closed"
	run env TORIDE_STATE_DIR="$BATS_TEST_TMPDIR/closed/state" "$tool" up "$lan" rgt-two 1
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"guests' users cannot enter '"*"'; "* ]]
}

@test "two at once on one exercise: the second is refused" {
	"$tool" up "$lan" rgt-two 4 &
	local first=$!
	sleep 0.1
	run down rgt-two
	wait $first || :
	echo "$output"
	# Either the lock was still held after the time that one waits for it, or the first was done by then.
	[ "$status" -eq 0 ] || [[ $output == *"exercise 'rgt-two' is being built or taken down by another process"* ]]
	down rgt-two
}
