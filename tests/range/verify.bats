#!/usr/bin/env bats
# shellcheck disable=SC2154 # run and the helpers set them
# `toride verify`: all is as planned; broken on purpose, one thing at a time, it names what is broken. Each test mends what it broke.

bats_require_minimum_version 1.5.0
load helper
load serve

setup_file() {
	load helper
	load serve
	rm -rf "$TORIDE_STATE_DIR/exercises/rgv"
	serve_start
	"$TORIDE" up scenarios/exercises/first-call.yaml --name rgv --teams 2 >"$BATS_FILE_TMPDIR/up" 2>&1 ||
		{ cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
}

teardown_file() {
	load serve
	"$TORIDE" down rgv >/dev/null 2>&1 || true
	serve_stop
	rm -rf "$TORIDE_RUN_DIR"
}

setup() {
	PATH=$PATH:/usr/sbin:/sbin
}

bridge_of() { # team network
	grep -l "toride1 $site network rgv t$1 $2 " /sys/class/net/td*/ifalias | cut -d/ -f5
}

# Runs verify; $output and $status are its own, $failures the texts in its JSON.
verify() { # options…
	run --separate-stderr "$TORIDE" verify rgv --json "$@"
	failures=$(jq -r '.failures[]' <<<"$output")
	printf 'status %s\n%s\n%s\n' "$status" "$failures" "$stderr"
}

holds() { # one condition: `soon` takes the last one's status
	verify "$@"
	[ "$status" -eq 0 ] && [ "$(jq .holds <<<"$output")" = true ] && [ -z "$failures" ]
}

@test "up ends with it, in one line and in the journal" {
	cat "$BATS_FILE_TMPDIR/up"
	grep -qE '^rgv: verified in [0-9.]+ s: 112 pairs of hosts and services as planned, 2 teams, 18 guests isolated$' "$BATS_FILE_TMPDIR/up"
	"$TORIDE" journal rgv | jq -se 'any(.[]; .kind == "range.verified" and .team == 0 and .actor == "orchestrator" and .body.holds and .body.isolated and
		.body.pairs == 112 and .body.differ == 0 and .body.teams == 2 and .body.failures == [] and
		(.body.hosts | length) == 9 and [.body.matrix[].team] == [1, 2] and all(.body.matrix[].rows; length == 9 and all(.[]; length == 9)))'
}

@test "a range that is as planned: a table, status 0, an event" {
	local before
	before=$("$TORIDE" journal rgv | grep -c '"range.verified"')
	run "$TORIDE" verify rgv
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"team 1, 2: from (rows) to (columns)"* ]]
	grep -qE '^   6  pc-tanaka +\. +\+ ' <<<"$output" # not the attacker, but the file server
	[[ $output == *"isolated: of "*" frames from 18 guests none came to another team, the host or beyond"* ]]
	[[ $output == *"rgv: holds; 112 pairs of hosts and services, 0 differ from the plan"* ]]
	[ "$("$TORIDE" journal rgv | grep -c '"range.verified"')" -eq $((before + 1)) ]
	holds --team 2
	[ "$(jq -c '[.teams[].team]' <<<"$output")" = '[2]' ]
	[ "$(jq .isolation.guests <<<"$output")" -eq 9 ]
}

# All that trainees read.
logs() {
	guest rgv/1/fw-edge cat /var/log/ulog/syslogemu.log
	guest rgv/1/fw-office cat /var/log/ulog/syslogemu.log
	guest rgv/1/web sh -c 'cat /var/log/nginx/*'
	guest rgv/1/proxy sh -c 'cat /var/log/squid/*' | grep -v ' "GET http'
	guest rgv/1/file sh -c 'cat /var/log/samba/*.log'
}

@test "it leaves no line in the logs of firewalls and services" {
	logs >"$BATS_TEST_TMPDIR/before"
	holds
	sleep 1.5 # ulogd and squid write in their own time
	logs >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	# The counter-proof: a packet from any other port is written down.
	"$tool" probe rgv/1/analyst 203.0.113.1 80 || :
	sleep 1.5
	guest rgv/1/fw-office cat /var/log/ulog/syslogemu.log | grep -q 'SRC=10.1.1.99 DST=203.0.113.1 .*DPT=80 '
}

@test "a rule that is gone from a firewall is named, with who misses it" {
	guest rgv/1/fw-office sh -c 'nft list ruleset >/root/rules
		nft delete rule inet filter forward handle "$(nft -a list chain inet filter forward | sed -n "/dport.*3128.*accept/s/.*handle //p" | head -1)"'
	verify
	guest rgv/1/fw-office nft -f /etc/nftables.conf
	[ "$status" -eq 1 ]
	[ "$(wc -l <<<"$failures")" -eq 1 ]
	[[ $failures == "team 1: analyst, file, pc-tanaka → proxy, http-proxy (198.51.100.8, 3128/tcp): reachable by rule 1 of fw-office by the plan; found: it does not arrive" ]]
	[ "$(jq .isolation.holds <<<"$output")" = true ]
	holds
}

@test "a hole in a firewall is named, with the rule that should have shut it" {
	guest rgv/2/fw-edge nft insert rule inet filter forward ip daddr 198.51.100.8 tcp dport 3128 accept
	verify
	guest rgv/2/fw-edge nft -f /etc/nftables.conf
	[ "$status" -eq 1 ]
	[[ $failures == "team 2: attacker, world → proxy, http-proxy (198.51.100.8, 3128/tcp): blocked by fw-edge, rule 3 by the plan; found: it answers" ]]
	holds
}

@test "behind NAT, who may go outside is told from who may not" {
	run --separate-stderr "$TORIDE" up "$BATS_TEST_DIRNAME/scenarios/nat.yaml" --name rgv-nat --teams 2
	printf '%s\n' "$output" "$stderr"
	"$TORIDE" down rgv-nat >/dev/null
	[ "$status" -eq 0 ]
	grep -q '60 pairs of hosts and services as planned, 2 teams' <<<"$output"
}

@test "a service that does not run is named, TCP and UDP; the network is not blamed" {
	guest rgv/1/web s6-svc -d /run/service/nginx
	guest rgv/2/world s6-svc -d /run/service/dnsmasq
	verify
	guest rgv/1/web s6-svc -u /run/service/nginx
	guest rgv/2/world s6-svc -u /run/service/dnsmasq
	[ "$status" -eq 1 ]
	grep -qE "^team 1: .* → web, http \(198.51.100.10, 80/tcp\): reachable.*; found: it arrives, but nobody listens there$" <<<"$failures"
	grep -qE "^team 2: .* → world, dns \(203.0.113.1, 53/udp\): reachable.*; found: it arrives, but nobody listens there$" <<<"$failures"
	[ -z "$(grep -v 'nobody listens there$' <<<"$failures")" ]
	soon 10 holds
}

@test "a DNS server that hears and says nothing is named" {
	guest rgv/1/world sh -c 's6-svc -d /run/service/dnsmasq; sleep 0.5; (nc -lukn 203.0.113.1 53 >/dev/null 2>&1 & echo $! >/run/mute)'
	verify --team 1
	guest rgv/1/world sh -c 'kill "$(cat /run/mute)"; s6-svc -u /run/service/dnsmasq'
	[ "$status" -eq 1 ]
	grep -qE "→ world, dns \(203.0.113.1, 53/udp\): .*; found: it arrives, but no answer comes back$" <<<"$failures"
	soon 10 holds
}

@test "a host that has stopped is named once, not once for each that misses it" {
	$VIRSH destroy "toride-rgv-t1-file-$site"
	soon 10 test -n "$("$TORIDE" journal rgv | grep '"range.lost"')"
	verify
	"$TORIDE" up scenarios/exercises/first-call.yaml --name rgv --teams 2 >"$BATS_TEST_TMPDIR/up"
	[ "$status" -eq 1 ]
	[ "$failures" = "team 1: host 'file': is not running" ]
	grep -q 'rgv: verified' "$BATS_TEST_TMPDIR/up"
}

@test "an unplugged host can send nothing, and that is no leak" {
	"$TORIDE" unplug rgv/1/web
	verify
	"$TORIDE" plug rgv/1/web
	[ "$status" -eq 1 ]
	[ "$(jq .isolation.holds <<<"$output")" = true ]
	[ "$(jq .isolation.silent <<<"$output")" -eq 1 ]
	grep -q '→ web, http' <<<"$failures"
	holds
}

@test "a hole in a bridge's wall: the host hears its guests, and verify says so" {
	local bridge
	bridge=$(bridge_of 1 office)
	nft delete chain netdev "toride-$bridge" in
	verify
	nft add chain netdev "toride-$bridge" in "{ type filter hook ingress device \"$bridge\" priority 0; policy drop; }"
	[ "$status" -eq 1 ]
	[ "$(jq .isolation.holds <<<"$output")" = false ]
	[ "$(jq .differ <<<"$output")" -eq 0 ]
	"$TORIDE" journal rgv | jq -se 'any(.[]; .kind == "alarm.raised" and .team == 0 and (.body.text | startswith("not isolated: team 1: network")))'
	grep -q "^team 1: .*the wall of bridge '$bridge' has been changed" <<<"$failures" # seen
	if [ -n "$(ip -4 -o address show scope global)" ]; then                          # and felt
		grep -q "^team 1: the host itself speaks on network 'office': it answers its guests$" <<<"$failures"
	fi
	[ -z "$(grep '^team 2' <<<"$failures")" ]
	holds
}

@test "a wall that is gone, or was changed, is named with its mend, which mends it" {
	local bridge
	bridge=$(bridge_of 1 office)
	nft delete table netdev "toride-$bridge"
	verify
	[ "$status" -eq 1 ]
	grep -q "the wall of bridge '$bridge' is gone (.toride up. makes it anew)" <<<"$failures"
	"$TORIDE" up scenarios/exercises/first-call.yaml --name rgv --teams 2 >/dev/null
	holds
	nft add chain netdev "toride-$bridge" in '{ policy accept; }'
	verify
	[ "$status" -eq 1 ]
	grep -q "the wall of bridge '$bridge' has been changed .*nft delete table netdev toride-$bridge), and .toride up. makes it anew" <<<"$failures"
	nft delete table netdev "toride-$bridge"
	"$TORIDE" up scenarios/exercises/first-call.yaml --name rgv --teams 2 >/dev/null
	holds
}

@test "a rule that lets something through a wall which looks whole is felt" {
	[ -n "$(ip -4 -o address show scope global)" ] || skip "the host has no address that guests could ask for"
	local bridge
	bridge=$(bridge_of 2 dmz)
	nft add rule netdev "toride-$bridge" in ip protocol udp accept
	verify
	nft flush chain netdev "toride-$bridge" in
	[ "$status" -eq 1 ]
	if [ "$(cat /proc/sys/net/ipv4/conf/all/rp_filter)" = 0 ] && [ "$(cat "/proc/sys/net/ipv4/conf/$bridge/rp_filter")" = 0 ]; then
		grep -qE "^team 2: host '[a-z-]+': a datagram from it reaches the host itself$" <<<"$failures"
	fi
	holds
}

@test "a cable between two teams is found, from both ends" {
	ip link add rgv-a type veth peer name rgv-b
	ip link set rgv-a master "$(bridge_of 1 dmz)" up
	ip link set rgv-b master "$(bridge_of 2 dmz)" up
	verify
	ip link delete rgv-a
	[ "$status" -eq 1 ]
	[ "$(jq .isolation.holds <<<"$output")" = false ]
	grep -q "^team 1: host 'proxy': what it sends comes to team 2's network 'dmz'$" <<<"$(jq -r '.isolation.findings[] | "team \(.team): host '"'"'\(.host)'"'"': \(.text)"' <<<"$output")"
	jq -e '.isolation.findings[] | select(.team == 2 and .host == "web" and (.text | contains("arrives in team 1'"'"'s host")))' <<<"$output"
	jq -e '.isolation.findings[] | select(.text | contains("leads to '"'"'rgv-a'"'"', which is no guest"))' <<<"$output"
	holds
}

@test "a guest in the host's network is found" {
	local name=toride-rgv-t2-web-$site
	$VIRSH dumpxml "$name" >"$BATS_TEST_TMPDIR/web.xml"
	$VIRSH destroy "$name"
	# The mark of the guest, but no network of its own.
	perl -0pe 's/<interface.*?<\/interface>//gs; s/<privnet[^>]*>//; s/<idmap>.*?<\/idmap>//s; s/<filesystem.*?<\/filesystem>//gs;
		s/<init>.*?<\/init>/<init>\/bin\/sleep<\/init><initarg>60<\/initarg>/s; s/<initarg>[^6].*?<\/initarg>//g; s/<uuid>.*?<\/uuid>//; s/<console.*?<\/console>/<console type="pty"\/>/s' \
		"$BATS_TEST_TMPDIR/web.xml" >"$BATS_TEST_TMPDIR/bad.xml"
	$VIRSH create "$BATS_TEST_TMPDIR/bad.xml"
	verify
	$VIRSH destroy "$name"
	"$TORIDE" up scenarios/exercises/first-call.yaml --name rgv --teams 2 >/dev/null
	[ "$status" -eq 1 ]
	[ "$(jq .isolation.holds <<<"$output")" = false ]
	grep -q "host 'web': shares the host's network" <<<"$failures"
	holds
}

@test "hostile: a guest that answers for everybody and sends without end cannot make it fail to end, nor to prove" {
	# Team 1's analyst takes every address of the office for its own, and every port for one; and sends broadcasts as fast as it can.
	guest rgv/1/analyst sh -c '
		echo 1 >/proc/sys/net/ipv4/conf/all/proxy_arp; echo 1 >/proc/sys/net/ipv4/conf/eth0/proxy_arp; echo 0 >/proc/sys/net/ipv4/neigh/eth0/proxy_delay
		ip route add local 0.0.0.0/1 dev lo; nft add table ip all; nft "add chain ip all in { type nat hook prerouting priority -100; }"
		nft add rule ip all in tcp dport 1-65535 redirect to :7777; nft add rule ip all in udp dport 1-65535 redirect to :7777
		(timeout 60 nc -lkn 0.0.0.0 7777 >/dev/null 2>&1 &) ; (timeout 60 nc -lukn 0.0.0.0 7777 >/dev/null 2>&1 &)
		(timeout 60 perl -e '"'"'socket(my $s, 17, 3, 0x300) or die; open(my $f, "<", "/sys/class/net/eth0/ifindex"); my $i = <$f> + 0;
			my $to = pack("SnISCCa8", 17, 3, $i, 1, 0, 6, ""); my $n = 0;
			while (1) { send($s, ("\xff" x 6) . "\x06\x00" . pack("N", $n++) . "\x08\x00" . ("x" x 46), 0, $to) }'"'"' >/dev/null 2>&1 &)'
	local began=$SECONDS
	verify
	local took=$((SECONDS - began))
	guest rgv/1/analyst sh -c 'pkill -9 perl; pkill -9 nc; nft delete table ip all; ip route delete local 0.0.0.0/1 dev lo
		echo 0 >/proc/sys/net/ipv4/conf/all/proxy_arp; echo 0 >/proc/sys/net/ipv4/conf/eth0/proxy_arp; ip neigh flush all; true'
	[ "$took" -lt 15 ]
	[ "$(jq .isolation.holds <<<"$output")" = true ] # it fools its own team only
	[ "$(jq '.teams[] | select(.team == 2) | .differ' <<<"$output")" -eq 0 ]
	soon 20 holds
}

@test "hostile: who sends the proof's own frames again and again makes it say that nothing is proved, no more" {
	guest rgv/1/file sh -c '(timeout 60 perl -e '"'"'socket(my $s, 17, 3, 0x300) or die; open(my $f, "<", "/sys/class/net/eth0/ifindex"); my $i = <$f> + 0;
			my $to = pack("SnISCCa8", 17, 3, $i, 1, 0, 6, "");
			while (recv($s, my $frame, 2000, 0), 1) { next unless substr($frame, 6, 1) eq "\x06";
				for (1 .. 200000) { send($s, ("\xff" x 6) . substr($frame, 6, 54), 0, $to) } }'"'"' >/dev/null 2>&1 &)'
	verify
	guest rgv/1/file pkill -9 perl
	[ -z "$(grep "team 2" <<<"$failures")" ]
	[ -z "$(grep -E "comes to|arrives in" <<<"$failures")" ] # its own token, in its own team: no leak
	soon 20 holds
}

@test "a team whose clock runs may differ from the plan; isolation must hold all the same" {
	local bridge
	bridge=$(bridge_of 1 office)
	"$TORIDE" start rgv --team 1
	guest rgv/1/fw-edge nft insert rule inet filter forward ip daddr 203.0.113.66 drop
	run "$TORIDE" verify rgv
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"team 1: differs from the plan (its clock has been started): "*" → attacker, http"* ]]
	[[ $output == *"rgv: holds;"* ]]
	nft delete chain netdev "toride-$bridge" in
	verify
	nft add chain netdev "toride-$bridge" in "{ type filter hook ingress device \"$bridge\" priority 0; policy drop; }"
	[ "$status" -eq 1 ]
	[ "$(jq .isolation.holds <<<"$output")" = false ]
}

@test "statuses: 2 for what cannot be asked, 1 for what is not there" {
	run "$TORIDE" verify rgv --team 0
	[ "$status" -eq 2 ]
	run "$TORIDE" verify rgv another
	[ "$status" -eq 2 ]
	run "$TORIDE" verify rgv --team 3
	[ "$status" -eq 1 ]
	[[ $output == *"exercise 'rgv' has teams 1 to 2"* ]]
	run "$TORIDE" verify nobody
	[ "$status" -eq 1 ]
	[[ $output == *"there is no exercise 'nobody'"* ]]
}

@test "a down that comes meanwhile is obeyed; --no-verify builds without it" {
	"$TORIDE" verify rgv >"$BATS_TEST_TMPDIR/verify" 2>&1 &
	local verifying=$!
	sleep 0.3
	"$TORIDE" down rgv
	wait $verifying || :
	cat "$BATS_TEST_TMPDIR/verify"
	run "$TORIDE" up tests/range/lan/exercises/tiny.yaml --name rgv --no-verify
	[ "$status" -eq 0 ]
	[[ $output != *verified* ]]
	[ -z "$("$TORIDE" journal rgv | grep '"range.verified"')" ]
	"$TORIDE" down rgv
}
