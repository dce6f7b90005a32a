# What the roles do, seen from inside one team's range (scenarios/lans/small-office.yaml).

bats_require_minimum_version 1.5.0
world=203.0.113.1 web=198.51.100.10 proxy=198.51.100.8 file=10.1.1.20 pc=10.1.1.101

setup_file() {
	export TOOL=$PWD/${BUILD:-build}/range-tool
	export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
	"$TOOL" up scenarios/exercises/first-call.yaml roles-test 1
}

teardown_file() {
	"$TOOL" down roles-test
}

on() { # HOST [-u USER] CMD...: in that guest
	local host=$1 user=()
	shift
	if [ "$1" = -u ]; then
		user=(-u "$2")
		shift 2
	fi
	timeout 60 "$TOOL" exec "roles-test/1/$host" "${user[@]}" -- "$@"
}

eventually() { # CMD...: within 5 s
	for _ in $(seq 50); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	"$@"
}

logged() { # HOST FILE PATTERN
	on "$1" grep -Eq -- "$3" "$2"
}

@test "roles: every guest's services run, and none of them has failed and been started again" {
	sleep 1
	for host in world fw-edge fw-office web proxy file pc-tanaka analyst; do
		run on "$host" sh -c 'for s in /run/service/*/; do [ -d "$s" ] || continue; s6-svstat -o up,updownfor "$s"; done'
		echo "$host: $output"
		[ "$status" -eq 0 ]
		# "true SECONDS": younger than a second means that it keeps dying.
		if grep -Ev '^true [1-9]' <<<"${output:-true 1}"; then false; fi
	done
}

@test "roles: a guest has its name, its addresses, no IPv6, and the names of the hosts that it may know" {
	[ "$(on fw-office hostname)" = fw-office ]
	[ "$(on fw-office ip -4 -br address | awk '$1 != "lo" { print $3 }' | paste -sd' ')" = "198.51.100.2/26 10.1.1.1/24" ]
	[ -z "$(on fw-office ip -6 address)" ]
	[ "$(on pc-tanaka getent hosts proxy | awk '{ print $1 }')" = $proxy ]
	run on pc-tanaka getent hosts attacker
	[ "$status" -ne 0 ]
	on pc-tanaka sh -c 'ps aux && free' >/dev/null
}

@test "proxy: a page is fetched for a terminal, and the log says who, when, what and with what" {
	run on pc-tanaka -u tanaka sh -lc "curl -fsS -m 10 -A test-browser/1 http://news.example/weather.html"
	[ "$status" -eq 0 ]
	grep -q 天気 <<<"$output"
	eventually logged proxy /var/log/squid/access.log "^$pc \[20[0-9-]{8} [0-9:]{8}\] \"GET http://news.example/weather.html\" 200 [0-9]+ \"test-browser/1\""
}

@test "proxy: what the blocklist names is refused at once, and passes again when it is taken out" {
	fetch() { on pc-tanaka curl -s -m 10 -o /dev/null -w '%{http_code}' -x "http://$proxy:3128" "$1"; }
	is() { [ "$(fetch "$1")" = "$2" ]; }
	eventually is http://$world/ 200
	for list in blocklist.txt blocklist-addresses.txt; do
		on proxy sh -c "cp /etc/squid/$list /tmp/kept && echo $world >>/etc/squid/$list && squid -k reconfigure"
		eventually is http://$world/ 403
		on proxy sh -c "cp /tmp/kept /etc/squid/$list && squid -k reconfigure"
		eventually is http://$world/ 200
	done
	on proxy sh -c 'cp /etc/squid/blocklist.txt /tmp/kept && echo .example >>/etc/squid/blocklist.txt && squid -k reconfigure'
	eventually is http://news.example/ 403
	on proxy sh -c 'cp /tmp/kept /etc/squid/blocklist.txt && squid -k reconfigure'
	eventually is http://news.example/ 200
	logged proxy /var/log/squid/access.log "\"GET http://$world/\" 403 .*TCP_DENIED"
}

@test "proxy: the range's own probes get through, and are not in the log" {
	run "$TOOL" probe roles-test/1/pc-tanaka $world 80 $proxy 3128
	echo "$output"
	[ "$status" -eq 0 ]
	on pc-tanaka curl -fsS -m 10 -o /dev/null -x "http://$proxy:3128" -A last http://$world/
	eventually logged proxy /var/log/squid/access.log '"last"'
	run logged proxy /var/log/squid/access.log '"(-|toride-probe)"'
	[ "$status" -ne 0 ]
}

@test "firewall: what no rule accepts is dropped and logged; what a rule accepts is counted" {
	run on pc-tanaka curl -s -m 2 --noproxy '*' http://$world/
	[ "$status" -eq 28 ]
	eventually logged fw-office /var/log/ulog/syslogemu.log "DROP rule=3 .*SRC=$pc DST=$world .*PROTO=TCP .*DPT=80"
	on pc-tanaka curl -fsS -m 5 --noproxy '*' -o /dev/null http://$web/
	run on fw-office nft list chain inet filter forward
	grep -Eq "ip daddr $web tcp dport \{ 22, 80 \} counter packets [1-9]" <<<"$output"
	# The outside reaches the public web server and nothing else.
	on world curl -fsS -m 5 -o /dev/null http://$web/
	run on world curl -s -m 2 http://$proxy:3128/
	[ "$status" -eq 28 ]
}

@test "firewall: a rule that is put first cuts connections that are open" {
	ask() { # two requests on one connection, with a second between them; prints how many were answered
		on proxy sh -c "(printf 'GET / HTTP/1.1\r\nHost: news.example\r\n\r\n'; sleep 1.5; printf 'GET / HTTP/1.1\r\nHost: news.example\r\nConnection: close\r\n\r\n'; sleep 1) | nc -w 2 $world 80 | grep -c '^HTTP/1.1 200'"
	}
	[ "$(ask)" = 2 ]
	ask >"$BATS_TEST_TMPDIR/answered" 3>&- &
	asking=$!
	sleep 0.7
	on fw-edge nft insert rule inet filter forward ip daddr $world drop
	wait $asking || :
	[ "$(cat "$BATS_TEST_TMPDIR/answered")" = 1 ]
	run on pc-tanaka curl -s -m 15 -o /dev/null -w '%{http_code}' -x http://$proxy:3128 http://$world/
	[ "$output" = 503 ]
	on fw-edge nft -f /etc/nftables.conf
	on pc-tanaka curl -fsS -m 5 -o /dev/null -x http://$proxy:3128 http://$world/
}

@test "file: the person of a terminal reads the share, and the audit says who read what from where" {
	run on pc-tanaka -u tanaka sh -c "cd /tmp && smbclient -A ~/.smbcredentials //$file/common -c 'get residents.csv' && wc -l <residents.csv"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 301 ]
	eventually logged file /var/log/samba/audit.log "smbd_audit: *tanaka\|$pc\|common\|openat\|ok\|r\|/srv/shares/common/residents.csv"
}

@test "file: strangers see the list of shares, and no file" {
	on analyst smbclient -N -g -L //$file | grep -q '^Disk|common|'
	run on analyst smbclient -N //$file/common -c ls
	[ "$status" -ne 0 ]
	run on analyst smbclient -U tanaka%wrong //$file/common -c ls
	[ "$status" -ne 0 ]
	run on pc-tanaka -u tanaka cat /etc/shadow
	[ "$status" -ne 0 ]
}

@test "internet: DNS knows the sites of all hosts and says of others that they do not exist" {
	ask() { on proxy dig +short +time=2 +tries=1 @$world "$1"; }
	[ "$(ask news.example)" = $world ]
	[ "$(ask search.example)" = $world ]
	[ "$(ask www.saida.example)" = $web ]
	run on proxy dig +time=2 +tries=1 @$world nobody.example
	grep -q NXDOMAIN <<<"$output"
	eventually logged world /var/log/dnsmasq.log "query\[A\] www.saida.example from $proxy"
}

@test "web: the public site answers by name and by address, and logs the visitor" {
	run on world curl -fsS -m 5 -A visitor/2 http://www.saida.example/procedures/certificate.html --resolve www.saida.example:80:$web
	grep -q 住民票 <<<"$output"
	run on world curl -fsS -m 5 http://$web/
	grep -q '彩田市公式ホームページ' <<<"$output"
	eventually logged web /var/log/nginx/access.log "^$world .* www.saida.example \"GET /procedures/certificate.html HTTP/1.1\" 200 .*\"visitor/2\""
}

@test "terminal: its person looks at a site, and the proxy's log says so; without a way there the person complains" {
	on proxy sh -c 'wc -l </var/log/squid/access.log >/root/before'
	on pc-tanaka -u tanaka env TORIDE_PERSON=tanaka /usr/lib/toride/activities/browse
	seen() { on proxy sh -c "tail -n +\$((\$(cat /root/before) + 1)) /var/log/squid/access.log" | grep -Eq "^$pc .* \"GET http://(news|search|www.saida).example/\" 200 [0-9]+ \"Mozilla/5.0"; }
	eventually seen
	on proxy s6-svc -d /run/service/squid
	run on pc-tanaka -u tanaka env TORIDE_PERSON=tanaka /usr/lib/toride/activities/browse
	on proxy s6-svc -u /run/service/squid
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == "browse: http://"* ]]
}

@test "attacker: without a range token nothing listens" {
	on attacker test ! -e /run/toride/token
	[ "$(on attacker s6-svstat -o wantedup /run/service/c2)" = false ]
	run on world curl -s -m 2 http://203.0.113.66/
	[ "$status" -eq 7 ]
}

@test "prepare: odd facts give less, never a command" {
	facts='{"host":"a; touch /tmp/owned","nics":[{"device":"eth0; x","dhcp":true},{"device":"eth1","dhcp":true},7],"logs":"$(touch /tmp/owned)","access":["root"]}'
	run on analyst sh -c 'facts=$(printf %s "$1" | jq -r -f /usr/lib/toride/facts.jq) && eval "$facts" && printf "<%s>" "$host_name" "$leased" "$logs" "$access"; [ ! -e /tmp/owned ]' sh "$facts"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "<><eth1><><>" ]
	for facts in '[]' '7' '{}' '{"nics":null}'; do
		on analyst sh -c 'eval "$(printf %s "$1" | jq -r -f /usr/lib/toride/facts.jq)" && [ -z "$leased$logs" ]' sh "$facts"
	done
}

@test "roles: idle guests use little memory" {
	run --separate-stderr "$TOOL" status roles-test
	[ "$(jq '[.guests[].memory_bytes] | add < 96 * 1048576' <<<"$output")" = true ]
	[ "$(jq '[.guests[] | select(.memory_bytes > 24 * 1048576)] | length' <<<"$output")" = 0 ]
}
