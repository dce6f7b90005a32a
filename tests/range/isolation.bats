#!/usr/bin/env bats
# No packet of a guest reaches the host, another team or the outside; no guest shares anything of the host's. Each claim has its
# counter-proof: with the wall taken away, the same packets do arrive.

load helper

setup_file() {
	load helper
	up rgi 2
}

teardown_file() {
	load helper
	down rgi
	rm -f "/var/log/libvirt/lxc/toride-rgi-t9-bad-$site.log"
}

teardown() {
	[ -z "${capture_pid:-}" ] || kill "$capture_pid" 2>/dev/null || :
	[ -z "${listener_pid:-}" ] || kill "$listener_pid" 2>/dev/null || :
}

bridge_of() { # team network
	grep -l "toride1 $site network rgi t$1 $2 " /sys/class/net/td*/ifalias | cut -d/ -f5
}

# An address of the host's own: what a guest would aim at.
host_address() { ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }'; }

guests() { for team in 1 2; do for host in one two hop; do echo "$team $host"; done; done; }

# Writes every frame that the interface shows into a file, as text.
capture() { # interface file filter…
	local interface=$1 file=$2
	shift 2
	tcpdump -lnn -i "$interface" "$@" >"$file" 2>"$file.err" &
	capture_pid=$!
	soon 5 grep -q 'listening on' "$file.err"
}

@test "no guest is in the host's network namespace, and no two are in the same" {
	local host seen='' net team name
	host=$(readlink /proc/self/ns/net)
	while read -r team name; do
		net=$(readlink "/proc/$(init_of rgi "$team" "$name")/ns/net")
		echo "$team $name $net"
		[ -n "$net" ]
		[ "$net" != "$host" ]
		[[ $seen != *$net* ]]
		seen+=" $net"
	done < <(guests)
	[ "$(wc -w <<<"$seen")" -eq 6 ]
	# The same for all the rest that a container may have of its own.
	for space in mnt pid ipc uts user; do
		[ "$(readlink "/proc/$(init_of rgi 1 one)/ns/$space")" != "$(readlink "/proc/self/ns/$space")" ]
	done
}

@test "a guest whose network is the host's is refused, whatever its mark says" {
	local name=toride-rgi-t9-bad-$site
	# A domain that carries our mark, but was made without a network of its own.
	cat >"$BATS_TEST_TMPDIR/bad.xml" <<-XML
		<domain type='lxc'><name>$name</name>
		<metadata><toride:mark xmlns:toride='urn:toride:mark:1'>toride1 $site guest rgi t9 bad 0123 b29</toride:mark></metadata>
		<memory>65536</memory><os><type>exe</type><init>/bin/sleep</init><initarg>60</initarg></os>
		<devices><console type='pty'/></devices></domain>
	XML
	$VIRSH create "$BATS_TEST_TMPDIR/bad.xml"
	[ "$(readlink "/proc/$(init_of rgi 9 bad)/ns/net")" = "$(readlink /proc/self/ns/net)" ] # this is the case that it is about
	run guest rgi/9/bad true
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"host 'bad': shares the host's network: refused"* ]]
	run "$tool" probe rgi/9/bad 127.0.0.1 22
	[[ $output == *"shares the host's network: refused"* ]]
	run "$tool" shell rgi/9/bad root </dev/null
	[[ $output == *"shares the host's network: refused"* ]]
	up rgi 2 # what has our mark and is in no plan goes
	run $VIRSH dominfo "$name"
	[ "$status" -ne 0 ]
}

@test "every guest's users are nobody on the host, and no other guest's" {
	local bases='' base team name
	while read -r team name; do
		base=$(awk '{ print $2 }' "/proc/$(init_of rgi "$team" "$name")/uid_map")
		[ "$base" -ge 268435456 ]
		[ $((base % 65536)) -eq 0 ]
		[ "$(stat -c %u "/proc/$(init_of rgi "$team" "$name")")" -eq "$base" ]
		bases+="$base"$'\n'
	done < <(guests)
	[ "$(printf %s "$bases" | sort -u | wc -l)" -eq 6 ]
	[ "$(stat -c %a "$TORIDE_STATE_DIR/exercises/rgi/guests/t1-one/disk")" = 700 ]
}

@test "the host has no address on a bridge or on a guest's port, no IPv6, and joins no group there" {
	local bridge port
	for bridge in $(grep -l "toride1 $site network rgi " /sys/class/net/td*/ifalias | cut -d/ -f5); do
		[ -z "$(ip -o address show dev "$bridge")" ]
		[ "$(cat "/proc/sys/net/ipv6/conf/$bridge/disable_ipv6" 2>/dev/null || echo 1)" = 1 ]
		# Every interface is in "all systems", of which nothing is ever said (RFC 3376); a bridge that watches multicast joins more, and says so.
		[ "$(ip -4 maddress show dev "$bridge" | grep -c inet)" -eq 1 ]
		[ -n "$(ls "/sys/class/net/$bridge/brif")" ]
		for port in $(ls "/sys/class/net/$bridge/brif"); do
			[[ $port == "$(owner rgi)"* ]]
			[ -z "$(ip -o address show dev "$port")" ]
			[ "$(cat "/proc/sys/net/ipv6/conf/$port/disable_ipv6" 2>/dev/null || echo 1)" = 1 ]
		done
	done
}

# From guest 1/one: an ARP question for the host, and a TCP and a UDP packet with the bridge's own hardware address and the host's address.
knock() { # host address, bridge's hardware address, port
	"$tool" exec rgi/1/one -t 20000 -- sh -c "
		ip address replace 10.66.1.10/24 dev eth0
		ip route replace $1 dev eth0
		ip neighbour replace $1 lladdr $2 dev eth0
		for i in 1 2 3; do echo toride-knock | nc -u -w1 -q0 $1 $3; done
		nc -w2 $1 $3 </dev/null
		ip neighbour delete $1 dev eth0
		ping -c1 -W1 $1
		ip neighbour flush dev eth0
		ip route delete $1 dev eth0
		true" >/dev/null 2>&1
}

@test "what a guest sends to the host's own stack ends at the wall: UDP, TCP, ARP; without the wall it would arrive" {
	local bridge address mac port=47990 heard=$BATS_TEST_TMPDIR/heard
	bridge=$(bridge_of 1 left) address=$(host_address) mac=$(cat "/sys/class/net/$(bridge_of 1 left)/address")
	[ -n "$address" ] || skip "the host has no address of its own"
	perl -MIO::Socket::INET -e '
		$socket = IO::Socket::INET->new(LocalPort => $ARGV[0], Proto => "udp") or die;
		$| = 1;
		while ($socket->recv($text, 100)) { print $text }' $port >"$heard" &
	listener_pid=$!
	capture "$bridge" "$BATS_TEST_TMPDIR/frames" -Q in
	knock "$address" "$mac" $port
	sleep 1
	cat "$BATS_TEST_TMPDIR/frames"
	# The frames came as far as the bridge …
	grep -q "10.66.1.10.*> $address.$port: UDP" "$BATS_TEST_TMPDIR/frames"
	grep -q "10.66.1.10.*> $address.$port: Flags \[S\]" "$BATS_TEST_TMPDIR/frames"
	grep -q "ARP, Request who-has $address tell 10.66.1.10" "$BATS_TEST_TMPDIR/frames"
	# … and no further.
	[ ! -s "$heard" ]
	kill $capture_pid
	capture "$bridge" "$BATS_TEST_TMPDIR/answers" -Q out "ether src $mac"
	knock "$address" "$mac" $port
	sleep 1
	[ ! -s "$BATS_TEST_TMPDIR/answers" ] # the host did not say a word
	# Counter-proof: the wall, and nothing else, stopped them. (A host that filters by path of return drops the UDP packets by itself.)
	nft delete chain netdev "toride-$bridge" in
	knock "$address" "$mac" $port
	sleep 1
	nft add chain netdev "toride-$bridge" in "{ type filter hook ingress device \"$bridge\" priority 0; policy drop; }"
	cat "$BATS_TEST_TMPDIR/answers"
	grep -q "ARP, Reply $address is-at $mac" "$BATS_TEST_TMPDIR/answers"
	if [ "$(cat /proc/sys/net/ipv4/conf/all/rp_filter)" = 0 ] && [ "$(cat "/proc/sys/net/ipv4/conf/$bridge/rp_filter")" = 0 ]; then
		grep -q toride-knock "$heard"
	fi
}

@test "no interface of a guest has an IPv6 address" {
	while read -r team name; do
		[ -z "$(guest "rgi/$team/$name" cat /proc/net/if_inet6)" ]
		[ "$(guest "rgi/$team/$name" cat /proc/sys/net/ipv6/conf/default/disable_ipv6)" = 1 ]
	done < <(guests)
}

@test "IPv6 of a guest reaches neither the host nor another guest's stack" {
	local bridge
	bridge=$(bridge_of 1 left)
	capture "$bridge" "$BATS_TEST_TMPDIR/frames" -Q out ip6
	guest rgi/1/one sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
		ip -6 address add fd00::1/64 dev eth0 nodad; ping -6 -c2 -W1 ff02::1%eth0; ping -6 -c1 -W1 fd00::2; true' >/dev/null
	sleep 1
	cat "$BATS_TEST_TMPDIR/frames"
	[ ! -s "$BATS_TEST_TMPDIR/frames" ] # the host neither answers nor asks
	[ -z "$(ip -6 neighbour show dev "$bridge")" ]
}

@test "a team never hears another, though both have the same addresses" {
	local other
	other=$(bridge_of 2 left)
	guest rgi/2/one sh -c ': >/var/log/heard-datagrams'
	guest rgi/2/two sh -c ': >/var/log/heard-datagrams; : >/var/log/heard'
	capture "$other" "$BATS_TEST_TMPDIR/frames"
	# To all of the network, to the other's own addresses, and through the hop.
	guest rgi/1/hop sh -c 'echo from-team-1 | nc -ub -w1 -q0 10.66.1.255 7001; echo from-team-1 | nc -u -w1 -q0 10.66.1.10 7001
		echo from-team-1 | nc -u -w1 -q0 10.66.2.10 7001; ping -b -c2 -W1 10.66.1.255; arping -c1 10.66.1.10; true' >/dev/null 2>&1
	run "$tool" probe rgi/1/one 10.66.2.10 7000
	[ "$output" = reached ]
	sleep 1
	guest rgi/1/one grep -q from-team-1 /var/log/heard-datagrams # its own team heard it
	guest rgi/1/two grep -q from-team-1 /var/log/heard-datagrams
	for host in one two; do
		run guest rgi/2/$host grep from-team-1 /var/log/heard-datagrams
		[ -z "$output" ]
	done
	run guest rgi/2/two cat /var/log/heard
	[ -z "$output" ]
	cat "$BATS_TEST_TMPDIR/frames"
	[ ! -s "$BATS_TEST_TMPDIR/frames" ]
}

@test "nothing goes out: what a guest sends to anywhere is seen on no interface of the host but its own bridge and ports" {
	local bridge mac
	bridge=$(bridge_of 1 left) mac=$(cat "/sys/class/net/$(bridge_of 1 left)/address")
	capture any "$BATS_TEST_TMPDIR/frames" 'port 47991 or (icmp and host 192.0.2.1)'
	guest rgi/1/one sh -c "ip route add default dev eth0; ip neighbour replace 192.0.2.1 lladdr $mac dev eth0
		for i in 1 2 3; do echo out | nc -u -w1 -q0 192.0.2.1 47991; done; ping -c2 -W1 192.0.2.1
		ip neighbour delete 192.0.2.1 dev eth0; ip route delete default; true" >/dev/null 2>&1
	sleep 1
	cat "$BATS_TEST_TMPDIR/frames"
	grep -q '> 192.0.2.1.47991' "$BATS_TEST_TMPDIR/frames" # it was sent
	[ -z "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/frames" | grep -v "^$(owner rgi)")" ]
	[ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/frames" | sort -u | wc -l)" -le 4 ]
}

@test "a guest's root cannot change the host's kernel settings, mount its disks, or see its processes" {
	guest rgi/1/one sh -c '
		if echo 1 >/proc/sys/kernel/panic || echo 1 >/proc/sys/vm/drop_caches; then exit 10; fi
		mknod /tmp/disk b 254 0 2>/dev/null && exit 11
		for device in vda sda mem kmsg; do [ ! -e /dev/$device ] || exit 12; done
		mount -t cgroup -o memory none /mnt && exit 13
		[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 30 ] || exit 14
		exit 0' 2>/dev/null
}
