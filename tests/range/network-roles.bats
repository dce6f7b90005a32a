# The roles that serve the network itself: firewall, DHCP with its relay, proxy, log server, analyst (tests/range/lan/exercises/network.yaml).

bats_require_minimum_version 1.5.0
world=203.0.113.1 edge=203.0.113.2 proxy=198.51.100.8 web=198.51.100.10 dhcp=10.1.1.67 soc=10.1.1.90
blocked=/var/log/ulog/syslogemu.log # of a firewall

setup_file() {
	export TOOL=$PWD/${BUILD:-build}/range-tool
	export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
	"$TOOL" up tests/range/lan/exercises/network.yaml network-test 1
	leave_flows
}

teardown_file() {
	"$TOOL" down network-test
	"$TOOL" down network-none
}

setup() {
	pc=$(on pc-tanaka jq -r '.nics[0].address' /etc/toride/facts.json)
}

on() { # HOST [-u USER] CMD...: in that guest
	local host=$1 user=()
	shift
	if [ "$1" = -u ]; then
		user=(-u "$2")
		shift 2
	fi
	timeout 60 "$TOOL" exec "network-test/1/$host" "${user[@]}" -- "$@"
}

within() { # SECONDS CMD...
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || break
		sleep 0.3
	done
	"$@"
}

found() { # PATTERN, COMMAND of the log server's...: as a trainee without root there
	local pattern=$1
	shift
	on soc -u trainee "$@" | grep -E -- "$pattern"
}

# What the tests of the flow records look for; at the start, as it takes up to two minutes to be in them. Leaves the log server's times of it.
leave_flows() {
	stamp() { on soc date +%T >"$BATS_FILE_TMPDIR/$1"; }
	stamp verify-began
	"$TOOL" verify tests/range/lan/exercises/network.yaml network-test 1
	sleep 1
	stamp verify-ended
	browse -A flow/1 http://news.example/
	sleep 1
	stamp burst-began
	on pc-tanaka sh -c "for i in \$(seq 50); do curl -s -m 10 -o /dev/null -x http://$proxy:3128 http://news.example/burst & done; wait"
	stamp burst-ended
	on pc-tanaka nc -z -w 1 -p 61501 $world 4442 || :
}
flows_between() { # BEGIN, END: from one of those times to the other
	on soc -u trainee flows "${@:3}" --from "$(cat "$BATS_FILE_TMPDIR/$1")" --to "$(cat "$BATS_FILE_TMPDIR/$2")"
}

browse() { on pc-tanaka curl -sS -m 5 -o /dev/null -w '%{http_code}' -x "http://$proxy:3128" "$@"; }

@test "network: every guest's services run, and none of them has failed and been started again" {
	sleep 1
	for host in world fw-edge fw-office fw-annex proxy web dhcp soc analyst pc-tanaka pc-sato; do
		run on "$host" sh -c 'for s in /run/service/*/; do [ -d "$s" ] || continue; s6-svstat -o up,updownfor "$s"; done'
		echo "$host: $output"
		[ "$status" -eq 0 ]
		if grep -Ev '^true [1-9]' <<<"${output:-true 1}"; then false; fi
	done
}

@test "dhcp: server and relay are ready when they listen, and who asks for an address starts after that" {
	listening=$(on dhcp sed -n '/DHCP4_STARTING/{s/ INFO.*//p;q}' /run/toride/services.log)
	served=$(on dhcp stat -c %.3Y /run/toride/ready)
	relayed=$(on fw-office stat -c %.3Y /run/toride/ready)
	echo "kea started at $listening, dhcp ready at $served, fw-office at $relayed"
	awk -v a="$(on dhcp date -d "$listening" +%s.%3N)" -v b="$served" 'BEGIN { exit !(a < b) }'
	for pc in pc-tanaka pc-sato; do
		began=$(on $pc stat -c %.3Y /run/toride/network.log)
		echo "$pc began at $began"
		awk -v began="$began" -v a="$served" -v b="$relayed" 'BEGIN { exit !(began > a && began > b) }'
	done
}

@test "dhcp: a terminal has the planned address by the relay, with route and name server; the lease log and the log server say so" {
	[[ $pc == 10.1.12.1[0-9][0-9] ]]
	[ "$(on pc-tanaka ip -4 -br address show eth0 | awk '{ print $3 }')" = "$pc/24" ]
	[ "$(on pc-tanaka ip -4 route show default | awk '{ print $3 }')" = 10.1.12.1 ]
	grep -q "server $dhcp" <<<"$(on pc-tanaka cat /run/toride/dhcp-eth0.log)"
	[ "$(on pc-tanaka awk '/^nameserver/ { print $2 }' /etc/resolv.conf)" = $world ]
	mac=$(on pc-tanaka cat /sys/class/net/eth0/address)
	on dhcp grep -q "DHCP4_LEASE_ALLOC .*$mac.* lease $pc has been allocated" /var/log/kea/leases.log
	on dhcp grep -q "^$pc,$mac,.*,pc-tanaka," /var/lib/kea/leases.csv
	on pc-tanaka s6-svc -r /run/service/dhcp-eth0
	within 10 found "dhcp kea: .*DHCP4_LEASE_ALLOC .*$mac.*$pc" logs --host dhcp
	within 10 on pc-tanaka sh -c "ip -4 -br address show eth0 | grep -q '$pc/24'"
}

@test "dhcp: a terminal in the server's own segment has its address too; both get it again from a server that was started anew" {
	mac=$(on pc-sato cat /sys/class/net/eth0/address)
	own=$(on pc-sato jq -r '.nics[0].address' /etc/toride/facts.json)
	[[ $own == 10.1.1.1[0-9][0-9] ]]
	[ "$(on pc-sato ip -4 -br address show eth0 | awk '{ print $3 }')" = "$own/24" ]
	on dhcp grep -q "DHCP4_LEASE_ALLOC .*$mac.* lease $own has been allocated" /var/log/kea/leases.log
	on dhcp s6-svc -wR -r /run/service/kea
	before=$(on dhcp sh -c 'wc -l </var/log/kea/leases.log')
	renewed() {
		on "$1" pkill -USR1 udhcpc # asks for its lease to be renewed
		sleep 1
		on dhcp tail -n "+$((before + 1))" /var/log/kea/leases.log | grep "DHCP4_LEASE_ALLOC .* lease $2 has been allocated"
	}
	within 10 renewed pc-sato "$own"
	within 10 renewed pc-tanaka "$pc"
}

@test "dhcp: a terminal that is unplugged does not wait for an address when it is made anew" {
	unplugged=$TORIDE_STATE_DIR/exercises/network-test/guests/unplugged
	made_anew() { "$TOOL" reset tests/range/lan/exercises/network.yaml network-test 1 1 pc-tanaka; }
	mkdir "$unplugged"
	touch "$unplugged/t1.pc-tanaka.residents"
	SECONDS=0
	made_anew
	[ $SECONDS -lt 8 ]
	[ "$(on pc-tanaka cat /sys/class/net/eth0/carrier)" = 0 ]
	rm -r "$unplugged"
	made_anew
	[ "$(on pc-tanaka ip -4 -br address show eth0 | awk '{ print $3 }')" = "$pc/24" ]
}

@test "dhcp: on a network with two firewalls each request comes to the server once" {
	on fw-annex grep -qx 'dhcp-relay=10.1.14.1,10.1.1.67' /etc/dnsmasq.conf
	before=$(on dhcp sh -c 'wc -l </var/log/kea/leases.log')
	on pc-tanaka s6-svc -r /run/service/dhcp-eth0
	given() { on dhcp tail -n "+$((before + 1))" /var/log/kea/leases.log | grep "DHCP4_LEASE_ALLOC .* lease $pc has been allocated"; }
	within 10 given
	sleep 1
	[ "$(given | wc -l)" -eq 1 ]
}

@test "dhcp: where nobody hands out addresses, the terminal is ready all the same" {
	sed -e 's/ dhcp: dhcp,//' -e '/pc-sato/d' -e 's/id: network/id: none/' tests/range/lan/exercises/network.yaml >"$BATS_TEST_TMPDIR/none.yaml"
	mkdir -p "$BATS_TEST_TMPDIR/exercises"
	mv "$BATS_TEST_TMPDIR/none.yaml" "$BATS_TEST_TMPDIR/exercises/none.yaml"
	"$TOOL" up "$BATS_TEST_TMPDIR/exercises/none.yaml" network-none 1
	[ -z "$("$TOOL" exec network-none/1/pc-tanaka -- ip -4 -br address show eth0 | awk '{ print $3 }')" ]
	"$TOOL" down network-none
}

@test "proxy: a page that a terminal looks at is a line at the log server, under the proxy's name" {
	[ "$(browse -A looked/1 http://news.example/)" = 200 ]
	within 10 found "^20[0-9-]{8} [0-9:]{8} proxy squid: $pc .*\"GET http://news.example/\" 200 .*\"looked/1\"" logs --host proxy news.example
}

@test "proxy: the outside is not told who asked" {
	on world sh -c 'timeout 10 nc -lk 8080 >/tmp/asked 2>/dev/null &'
	browse -m 2 -H 'X-Test: asked' "http://$world:8080/" || :
	within 5 on world grep -q 'X-Test: asked' /tmp/asked
	run on world cat /tmp/asked
	echo "$output"
	if grep -iE '^(via|x-forwarded-for|forwarded):|10\.1\.12\.' <<<"$output"; then false; fi
}

@test "firewall: what it blocks is in its own log and at the log server, whatever port it comes from" {
	on pc-tanaka nc -z -w 1 -p 61500 $world 4441 || :
	on pc-tanaka nc -z -w 1 $world 4442 || :
	within 5 on fw-office grep -Eq "DROP rule=7 .*SRC=$pc DST=$world .*SPT=61500 DPT=4441" $blocked
	within 5 on fw-office grep -Eq "DROP rule=7 .*SRC=$pc DST=$world .*DPT=4442" $blocked
	within 10 found "fw-office firewall: .*SRC=$pc DST=$world .*DPT=4442" logs --host fw-office DROP
	# What is meant for the firewall itself, too.
	on pc-tanaka nc -z -w 1 10.1.12.1 22 || :
	within 5 on fw-office grep -Eq "DROP rule=input .*SRC=$pc DST=10.1.12.1 .*DPT=22" $blocked
}

@test "firewall: a rule that drops is logged, but where it says otherwise" {
	on pc-tanaka nc -z -w 1 $web 9 || :
	on pc-tanaka nc -z -w 1 $web 10 || :
	within 5 on fw-office grep -Eq "DROP rule=6 .*SRC=$pc DST=$web .*DPT=10 " $blocked
	run on fw-office grep -q 'DPT=9 ' $blocked
	[ "$status" -eq 1 ]
}

@test "firewall: a protocol without room for ports is logged" {
	on pc-tanaka python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 99).sendto(b"a", ("203.0.113.1", 0))'
	within 5 on fw-office grep -Eq "DROP rule=7 .*SRC=$pc DST=$world .*PROTO=99" $blocked
}

@test "firewall: at the edge an address that nobody has is logged" {
	on web nc -z -w 1 9.9.9.9 443 || :
	within 5 on fw-edge grep -Eq "DROP rule=4 .*SRC=$web DST=9.9.9.9 .*DPT=443" $blocked
}

@test "firewall: of a scan each port is logged; of a flood it is told that there was more" {
	flood() { # COUNT FIRST-PORT LENGTH
		on pc-tanaka python3 -c 'import socket, sys
count, first, length = map(int, sys.argv[1:])
for i in range(count):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(length), ("203.0.113.1", first + i % 1000))' "$@"
	}
	lines() { [ "$(on fw-office grep -Ec "DROP rule=7  .*DST=$world .*PROTO=UDP .*DPT=[0-9]+ LEN=$1 " $blocked)" -ge "$2" ]; }
	flood 1000 2000 30
	within 5 lines 38 1000
	[ "$(on fw-office grep -c 'rule=7 and more' $blocked)" -eq 0 ]
	flood 6000 2000 40
	within 5 on fw-office grep -q "DROP rule=7 and more, not logged: .*DST=$world" $blocked
	if lines 48 5000; then false; fi
	on fw-office nft list chain inet filter forward | grep -Eq 'counter packets [7-9][0-9]{3} bytes [0-9]+ drop'
}

@test "verify: the range's own measurements are in no log" {
	told() { on soc sh -c 'cat /var/log/hosts/*/*.log | wc -l' && for host in fw-edge fw-office fw-annex; do on $host sh -c "wc -l <$blocked"; done; }
	sleep 2
	local before
	before=$(told)
	"$TOOL" verify tests/range/lan/exercises/network.yaml network-test 1
	sleep 1
	[ "$(told)" = "$before" ]
}

@test "firewall: towards the internet private addresses are hidden behind its own, public ones are routed" {
	on world fuser -sk 8080/tcp || : # the listener of the test before
	on world sh -c 'timeout 20 nc -lkvn 8080 >/tmp/callers 2>&1 &'
	sleep 0.3
	on pc-tanaka sh -c "echo private | nc -w 1 $world 8080" || :
	on proxy sh -c "echo public | nc -w 1 $world 8080" || :
	within 5 on world grep -q public /tmp/callers
	run on world cat /tmp/callers
	echo "$output"
	grep -A1 "received on $edge " <<<"$output" | grep -q private
	grep -A1 "received on $proxy " <<<"$output" | grep -q public
}

@test "firewall: a rule that root inserts counts at once" {
	[ "$(browse http://news.example/)" = 200 ]
	on fw-office nft insert rule inet filter forward ip saddr "$pc" tcp dport 3128 drop
	run browse -m 2 http://news.example/
	[ "$status" -ne 0 ]
	on fw-office nft -f /etc/nftables.conf
	[ "$(browse http://news.example/)" = 200 ]
}

@test "flows: what a terminal did is in the flow records within two minutes, seen by host, time and sum" {
	browsed() { flows_between verify-ended burst-began --host pc-tanaka 'dst port 3128' | grep -E 'TCP +pc-tanaka:[0-9]+ > proxy:3128 .* pkt .* B'; }
	within 120 browsed
	found "[1-9][0-9]* flows +[1-9][0-9]* B +TCP +pc-tanaka > proxy:3128" flows --top --host pc-tanaka
	found "$pc:[0-9]+ > $proxy:3128" flows -n 'dst port 3128'
	on soc -u trainee nfdump -R /var/log/flows -q -o long 'dst port 3128' | grep -q "$pc"
	# Not the logs' own way.
	run on soc -u trainee flows -n 'port 514'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "flows: of 50 connections at once none is missing; a time includes its last second" {
	burst() { flows_between burst-began burst-ended --host pc-tanaka 'dst port 3128' | grep -E 'TCP +pc-tanaka:[0-9]+ > proxy:3128'; }
	recorded() { [ "$(burst | wc -l)" -eq 50 ]; }
	within 120 recorded
	at=$(burst | cut -c1-19 | uniq -c | sort -n | sed -n '$s/^ *[0-9]* //p')
	found 'pc-tanaka:[0-9]+ > proxy:3128' flows --from "$at" --to "$at" 'dst port 3128'
}

@test "flows: the range's own measurements are in none" {
	within 120 found "$pc:[0-9]+ > $proxy:3128" flows -n --from "$(cat "$BATS_FILE_TMPDIR/verify-ended")" 'dst port 3128'
	run flows_between verify-began verify-ended -n 'port > 61000 or proto icmp'
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# Others' connections from such ports are.
	within 120 found "$pc:61501 > $world:4442" flows -n 'dst port 4442'
}

@test "log server: every host speaks under its own name, whatever name it gives" {
	on pc-tanaka sh -c "printf '<13>1 2026-01-02T03:04:05+09:00 forged app - - - who-am-i\n' | nc -N -w 2 $soc 514"
	within 5 found '^2026-01-02 03:04:05 pc-tanaka app: who-am-i$' logs who-am-i
	run on soc ls /var/log/hosts
	if grep forged <<<"$output"; then false; fi
}

@test "log server: a datagram that is no message is written down nowhere" {
	on pc-tanaka python3 -c 'import socket
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for data in (bytes(range(128, 140)) + b" nothing-1", b"nothing-2", b"<13>Nov 24 10:00:00 x app: a-message"):
    out.sendto(data, ("10.1.1.90", 514))'
	within 5 on soc grep -rq 'pc-tanaka app: a-message' /var/log/hosts/pc-tanaka
	run on soc grep -ra nothing- /var/log/hosts
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "log server: search by time, host and text" {
	on pc-tanaka sh -c "printf '<13>1 2026-01-0%sT10:00:00+09:00 x app - - - seek-%s\n' 3 early 4 late | nc -N -w 2 $soc 514"
	within 5 found seek-late logs seek-
	[ "$(on soc -u trainee logs --from 2026-01-04 --to 2026-01-04 seek-)" = "2026-01-04 10:00:00 pc-tanaka app: seek-late" ]
	[ "$(on soc -u trainee logs --to '2026-01-03 10:00' seek-)" = "2026-01-03 10:00:00 pc-tanaka app: seek-early" ]
	[ -z "$(on soc -u trainee logs --from '2026-01-03 10:01' --to '2026-01-04 09:59' seek-)" ]
	[ -z "$(on soc -u trainee logs --host proxy seek-)" ]
	[ "$(on soc -u trainee logs -i SEEK-E 10:00 | wc -l)" -eq 1 ]
	[ "$(on soc -u trainee logs -F 'seek-.' | wc -l)" -eq 0 ]
	run on soc -u trainee logs --host nobody
	[ "$status" -ne 0 ]
	[[ $output == *"no logs of 'nobody'"* ]]
	run on soc -u trainee logs --from noon
	[ "$status" -ne 0 ]
	[[ $output == *"'noon' is no time"* ]]
	run on soc -u trainee flows --host nobody
	[ "$status" -ne 0 ]
}

@test "log server: while it is away no host waits for it; what was said comes when it is back" {
	on soc s6-svc -wD -d /run/service/rsyslogd
	on pc-tanaka sh -c 'for i in $(seq 300); do echo "away-$i"; done | timeout 10 logger -t away'
	on soc s6-svc -u /run/service/rsyslogd
	within 30 found 'pc-tanaka away: away-300$' logs --host pc-tanaka away-
}

@test "log server: a flood fills no disk" {
	flood() { on pc-tanaka sh -c "printf '<13>1 2026-01-09T10:00:00+09:00 x app - - - flood-%s\n' $1 | nc -N -w 2 $soc 514"; }
	day=/var/log/hosts/pc-tanaka/2026-01-09.log
	on soc sh -c "mkdir -p ${day%/*} && truncate -s 68M $day && chmod 644 $day"
	flood 1
	within 5 on soc grep -q flood-1 $day
	flood 2
	within 5 on soc grep -q flood-2 $day.old
	flood 3
	within 5 found flood-3 logs --day 2026-01-09
	[ "$(on soc stat -c %s $day)" -lt 1000000 ]
}

@test "analyst: captures and reads traffic; the web goes by the proxy" {
	on analyst sh -c 'timeout 10 tcpdump -ni eth0 -c 2 -w /tmp/seen.pcap icmp 2>/dev/null & sleep 1; ping -c 2 -i 0.2 10.1.1.1 >/dev/null; wait'
	run --separate-stderr on analyst tshark -r /tmp/seen.pcap -T fields -e ip.dst
	[ "${lines[0]}" = 10.1.1.1 ]
	run --separate-stderr on analyst tshark -i eth0 -a duration:5 -c 1 -f 'tcp port 3128' -T fields -e ip.dst &
	sleep 1
	[ "$(on analyst sh -lc 'curl -sS -m 5 -o /dev/null -w "%{http_code}" http://news.example/')" = 200 ]
	wait
	for tool in nfdump s-nail fls yara w3m whois xxd strings; do
		on analyst sh -c "command -v $tool" >/dev/null
	done
	[ "$(on analyst sh -c 'printf "ab\0\0longer-text" | strings')" = longer-text ]
}

@test "network: idle guests use little memory" {
	run --separate-stderr "$TOOL" status network-test
	jq -r '.guests[] | "\(.host) \(.memory_bytes / 1048576)"' <<<"$output"
	[ "$(jq '[.guests[] | select(.memory_bytes > 40 * 1048576)] | length' <<<"$output")" = 0 ]
}
