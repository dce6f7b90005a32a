# The whole LAN (scenarios/lans/enterprise.yaml) for one team: what crosses its roles, end to end, from inside the guests.

bats_require_minimum_version 1.5.0
load helper
target=enterprise-test/1
world=203.0.113.1 web=198.51.100.10 proxy=198.51.100.8 mail=10.1.1.25 file=10.1.1.20 sanitizer=10.1.1.30

setup_file() {
	load helper
	RANGE_TOOL_DAY=2026-11-24 up enterprise-test 1 scenarios/exercises/usb-stick.yaml
	"$tool" exec "$target/world" -i "$(cat tests/range/sanitizer/make_document.py)" -- sh -c 'cd /tmp && python3 - 見積.docm'
	soon 60 guest "$target/pc-tanaka" sh -c 'echo tanaka-training | kinit tanaka' >/dev/null
	# It takes up to two minutes to be in the flow records.
	guest "$target/soc" date +%T >"$BATS_FILE_TMPDIR/burst-began"
	guest "$target/pc-tanaka" sh -c "for i in \$(seq 50); do curl -s -m 10 -x http://$proxy:3128 -o /dev/null http://news.example/ & done; wait"
	guest "$target/soc" date +%T >"$BATS_FILE_TMPDIR/burst-ended"
}
teardown_file() {
	load helper
	down enterprise-test
}

guest() { # EX/TEAM/HOST [options --] command…
	timeout 60 "$tool" exec "$@"
}
on() { # HOST [-u USER] command…
	local host=$1 user=()
	shift
	if [ "$1" = -u ]; then
		user=(-u "$2")
		shift 2
	fi
	guest "$target/$host" "${user[@]}" -- "$@"
}
as_trainee() { on soc -u trainee "$@"; }
found() { # PATTERN command…: in what it prints
	local pattern=$1
	shift
	"$@" | grep -Eq -- "$pattern"
}
pc() { on pc-tanaka jq -r '.nics[0].address' /etc/toride/facts.json; }
share() { # PASSWORD ACCOUNT SHARE COMMANDS
	on pc-tanaka smbclient "//$file/$3" -U "SAIDA/$2%$1" -c "$4"
}
refused() {
	run "$@"
	echo "$output"
	[ "$status" -ne 0 ]
}
inbox() { # ACCOUNT TEXT: the newest mail that has it in its subject, as it comes by IMAP at a terminal
	on pc-tanaka python3 -c '
import email, email.policy, imaplib, sys
box = imaplib.IMAP4(sys.argv[1])
box.login(sys.argv[2], sys.argv[2] + "-training")
box.select(readonly=True)
for number in reversed(box.search(None, "ALL")[1][0].split()):
    message = email.message_from_bytes(box.fetch(number, "(RFC822)")[1][0][1], policy=email.policy.default)
    if sys.argv[3] in message["Subject"]:
        print("from", message["From"], "subject", message["Subject"], "id", message["Message-ID"])
        print(message.get_body().get_content())
        for part in message.iter_attachments():
            print("attached", part.get_filename(), part.get_payload(decode=True))
        sys.exit(0)
sys.exit(1)' $mail "$1" "$2"
}

@test "enterprise: on all 25 hosts the services run, and none keeps dying" {
	local hosts count=0
	hosts=$("${BUILD:-build}/toride" plan scenarios/exercises/usb-stick.yaml --no-capacity --json | jq -r '.resources[] | select(.kind == "guest") | .name | split("/")[-1]')
	for host in $hosts; do
		[ "$host" != attacker ] || continue # its services wait for the attack
		steady() { on "$host" sh -c 'for s in /run/service/*/; do [ -d "$s" ] || continue; s6-svstat -o up,updownfor "$s"; done | { ! grep -Ev "^true ([3-9]|[1-9][0-9])"; }'; }
		soon 60 steady || { echo "$host"; on "$host" cat /run/toride/services.log; false; }
		count=$((count + 1))
	done
	[ "$count" -eq 24 ]
}

@test "enterprise: log in on a terminal as a domain user; the wrong password does not" {
	on pc-tanaka sh -c 'echo tanaka-training | kinit tanaka >/dev/null && klist' | grep -q 'principal: tanaka@AD.SAIDA.EXAMPLE'
	refused on pc-tanaka sh -c 'echo wrong | kinit tanaka'
	[ "$(on pc-sato -u sato id -un)" = sato ]
}

@test "enterprise: terminals have their addresses by DHCP; the lease log and the log server know who has which" {
	address=$(pc)
	[[ $address == 10.1.12.1* ]]
	on pc-tanaka ip -4 -o address show eth0 | grep -q "inet $address/24"
	mac=$(on pc-tanaka cat /sys/class/net/eth0/address)
	soon 10 found "LEASE_ALLOC .*$mac.*lease $address has been allocated" on dhcp cat /var/log/kea/leases.log
	soon 10 found "dhcp kea: .*$mac.*lease $address" as_trainee logs --host dhcp "$mac"
}

@test "enterprise: mail from outside is read by IMAP; a document loses its macro on the way" {
	on world /usr/lib/toride/send-mail 'matsui@partner.example' tanaka@saida.example '点検の日程' '添付をご覧ください。' /tmp/見積.docm
	soon 30 inbox tanaka 点検の日程 >/dev/null
	inbox tanaka 点検の日程 >"$BATS_TEST_TMPDIR/mail"
	grep -q '^from matsui@partner.example' "$BATS_TEST_TMPDIR/mail"
	grep -q 'attached 見積.docx' "$BATS_TEST_TMPDIR/mail"
	refused grep -E 'MACRO-WAS-HERE|vbaProject' "$BATS_TEST_TMPDIR/mail"
	cat "$BATS_TEST_TMPDIR/mail"
	id=$(sed -n '1s/.* id //p' "$BATS_TEST_TMPDIR/mail")
	for host in mx sanitizer mail; do # one Message-ID all the way, as the log server has it
		soon 10 found "$host postfix/cleanup.*message-id=$id" as_trainee logs --host $host -F "message-id=$id"
	done
	found 'name=見積.docm .*action=cleaned' on sanitizer cat /var/log/sanitizer.log
}

@test "enterprise: mail from a terminal to outside goes by the relay" {
	on pc-tanaka -u tanaka sh -c 'printf "From: tanaka@saida.example\nTo: matsui@partner.example\nSubject: confirmed-1\n\nconfirmed\n" |
		curl -sSk --noproxy "*" --netrc --ssl -T - --mail-from tanaka@saida.example --mail-rcpt matsui@partner.example smtp://mail:587'
	soon 20 on world sh -c 'grep -q "Subject: confirmed-1" /var/mail/partner.example/new/*'
}

@test "enterprise: a page looked at through the proxy is a line at the log server" {
	on pc-tanaka curl -fsS -m 10 -x "http://$proxy:3128" -A enterprise/1 -o /dev/null http://news.example/
	refused on pc-tanaka curl -sS -m 3 --noproxy '*' -o /dev/null http://203.0.113.10/
	soon 10 found "proxy squid: $(pc) .*http://news.example/.*enterprise/1" as_trainee logs --host proxy enterprise/1
	# Past the proxy it is a blocked packet, at the firewall and at the log server.
	soon 10 found "DROP .*SRC=$(pc) DST=203.0.113.10 .*DPT=80" on fw-office cat /var/log/ulog/syslogemu.log
	soon 10 found "fw-office firewall: .*DROP .*SRC=$(pc) DST=203.0.113.10 .*DPT=80" as_trainee logs --host fw-office "SRC=$(pc) DST=203.0.113.10"
}

@test "enterprise: a department's share opens for its people alone; the audit is at the log server" {
	share sato-training sato tax ls
	refused share tanaka-training tanaka tax ls
	refused share wrong sato tax ls
	share tanaka-training tanaka residents 'cd 窓口; ls' | grep -q '窓口日報_202611.xlsx'
	soon 10 found "file smbd_audit: sato\|$(pc)\|tax\|connect\|ok" as_trainee logs --host file 'sato.*tax.connect'
}

@test "enterprise: the core network's people work with orders; the past is in it" {
	on pc-kato -u kato /usr/lib/toride/activities/orders
	found ' kato 10\.2\.1\.101 login' on orders tail -n 5 /var/log/orders/audit.log
	[ "$(on orders /usr/share/office/office-db psql -At -d office -c "select count(*) > 100, max(created) < '2026-11-24' from orders where state = 'paid'")" = 't|t' ]
}

answer() { # HOST ADDRESS:PORT...: those that take a connection, asked all at once; and `asked`, when that could be done
	on "$1" bash -ec 'command -v nc >/dev/null; for to in "$@"; do nc -z -w 2 "${to%:*}" "${to#*:}" && echo "$to" & done; wait; echo asked' bash "${@:2}" | sort
}

@test "enterprise: closed networks are closed, but for the sanitizer's path" {
	# Out of them, to anything: other networks' servers, the outside, and each other.
	for from in pc-kato orders core-file pc-mori research-env research-data; do
		[ "$(answer $from $sanitizer:445 $mail:25 $file:445 $proxy:3128 10.1.1.90:514 10.1.1.10:88 $web:80 $world:80)" = asked ]
	done
	[ "$(answer pc-kato 10.2.1.20:445 10.3.1.20:445)" = $'10.2.1.20:445\nasked' ]
	[ "$(answer pc-mori 10.2.1.20:445 10.3.1.20:445)" = $'10.3.1.20:445\nasked' ]
	# Into them, from anywhere but the sanitizer; and from there to the file servers alone.
	for from in world web proxy mail file soc analyst pc-tanaka; do
		[ "$(answer $from 10.2.1.10:80 10.2.1.20:445 10.3.1.20:445)" = asked ]
	done
	[ "$(answer sanitizer 10.2.1.10:80 10.2.1.20:445 10.3.1.20:445)" = $'10.2.1.20:445\n10.3.1.20:445\nasked' ]
	# And by that path a document comes in, without its macro.
	guest "$target/pc-tanaka" -i "$(cat tests/range/sanitizer/make_document.py)" -- sh -c 'cd /tmp && python3 - 持込.docm'
	on pc-tanaka smbclient "//$sanitizer/to-core" -U SAIDA/tanaka%tanaka-training -c 'lcd /tmp; put 持込.docm'
	soon 30 on core-file test -s /srv/shares/intake/持込.docx
	refused on core-file grep -q vbaProject /srv/shares/intake/持込.docx
}

@test "enterprise: an account that is disabled is refused everywhere, what it has open ends, and the log server knows" {
	# A shell, a share and a mailbox at a terminal; and what runs there as the person without a log-in.
	on pc-tanaka sh -c "exec </dev/null >/dev/null 2>&1
		setpriv --reuid \$(id -u nakamura) --regid 20000 --clear-groups sleep 4321 &
		{ echo nakamura-training; sleep 60; } | setpriv --reuid 65534 --regid 65534 --clear-groups su - nakamura -c 'sleep 1234; true' &
		sleep 60 | smbclient //$file/tax -U SAIDA/nakamura%nakamura-training &
		{ echo 'a LOGIN nakamura nakamura-training'; sleep 60; } | nc $mail 143 &"
	opened() {
		found '^[0-9]+ sleep 1234' on pc-tanaka pgrep -a sleep && found ' nakamura ' on file smbstatus -p && found '^nakamura .*imap' on mail doveadm who -1
	} 2>/dev/null
	ended() {
		! found '^[0-9]+ sleep 1234' on pc-tanaka pgrep -a sleep && ! found ' nakamura ' on file smbstatus -p &&
			! found '^nakamura .*imap' on mail doveadm who -1
	} 2>/dev/null
	closed() {
		! share nakamura-training nakamura tax ls && ! on pc-tanaka sh -c 'echo nakamura-training | kinit nakamura' &&
			! on pc-tanaka curl -sS -m 5 --noproxy '*' "imap://nakamura:nakamura-training@$mail/INBOX"
	} >/dev/null 2>&1
	soon 10 opened
	on ad samba-tool user disable nakamura
	SECONDS=0
	soon 10 closed
	soon 10 ended
	[ $SECONDS -le 10 ]
	on pc-tanaka pgrep -f '^sleep 4321$'
	for where in 'pc-tanaka shell' 'file share' 'mail mailbox'; do
		soon 10 found "${where% *} sign-out.*: signed out: nakamura \(${where#* }, process [0-9]+\), disabled in the directory" as_trainee logs --host "${where% *}" 'signed out'
	done
	on ad samba-tool user enable nakamura
	soon 30 share nakamura-training nakamura tax ls
	on pc-tanaka pkill -f '^sleep 4321$'
}

@test "enterprise: the past is told alike by all hosts, and ends with the day before" {
	# A mail of weeks ago: in the mailbox, in the log of each host on its way, at the log server.
	id=$(on mail sh -c 'for f in $(grep -l "^Received: from mail.partner.example" /var/mail/kato/cur/* | tail -n 1); do sed -n "s/^Message-ID: //p" "$f"; done')
	[[ $id == "<"*"@partner.example>" ]]
	for host in mx sanitizer mail; do
		found "message-id=$id" on $host cat /var/log/mail.log
		found "message-id=$id" as_trainee logs --host $host -F "$id"
	done
	# A visit of the last working day: at the proxy and at the log server, from an address that the lease log has.
	line=$(on proxy sh -c 'grep " \[2026-11-20 " /var/log/squid/access.log | grep "^10\.1\.12\." | tail -n 1')
	as_trainee logs --host proxy --from 2026-11-20 --to 2026-11-20 -F "$line" | grep -qF "$line"
	found "2026-11-20 .*lease ${line%% *} has been allocated" on dhcp cat /var/log/kea/leases.log
	# All know a machine by the hardware address that it has.
	for host in pc-tanaka pc-sato; do
		address=$(on $host jq -r '.nics[0].address' /etc/toride/facts.json)
		mac=$(on $host cat /sys/class/net/eth0/address)
		on dhcp sh -c 'zcat -f /var/log/kea/leases.log*' >"$BATS_TEST_TMPDIR/dhcp"
		as_trainee logs --host dhcp >"$BATS_TEST_TMPDIR/soc"
		for log in dhcp soc; do
			grep "lease $address has been allocated" "$BATS_TEST_TMPDIR/$log" | grep -o 'hwtype=1 [0-9a-f:]*' | sort | uniq -c >"$BATS_TEST_TMPDIR/macs"
			[ "$(sed 's/^ *[0-9]* //' "$BATS_TEST_TMPDIR/macs")" = "hwtype=1 $mac" ]
			[ "$(sed 's/^ *\([0-9]*\) .*/\1/' "$BATS_TEST_TMPDIR/macs")" -gt 100 ]
		done
		gateway=$(on fw-office sh -c "ip -j route get $address | jq -r '.[0].dev' | xargs -I@ cat /sys/class/net/@/address")
		on fw-office sh -c 'zcat -f /var/log/ulog/syslogemu.log*' | grep " SRC=$address " | grep -o 'MAC=[0-9a-f:]*' | sort -u >"$BATS_TEST_TMPDIR/macs"
		[ "$(cat "$BATS_TEST_TMPDIR/macs")" = "MAC=$gateway:$mac:08:00" ]
	done
	# Nothing of it on the day itself before the team's own traffic; half a year of it before.
	on proxy sh -c 'zcat /var/log/squid/access.log.25.gz | head -n 1' | grep -q '\[2026-05-2'
	refused on web grep -c '2026-11-24T0[0-5]' /var/log/nginx/access.log
	# What left a closed network did so long ago, and nothing when the range was built.
	on sanitizer sh -c 'zcat -f /var/log/sanitizer.log*' | grep -E 'route=from-(core|research) ' | grep -E 'name=(発注実績|集計結果)_' >"$BATS_TEST_TMPDIR/crossed"
	cat "$BATS_TEST_TMPDIR/crossed"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/crossed")" -ge 4 ]
	refused grep -Ev '^2026-(0[5-9]|10|11)-' "$BATS_TEST_TMPDIR/crossed"
	refused grep -E '^2026-11-(2[4-9]|30)' "$BATS_TEST_TMPDIR/crossed"
	grep ^2026-10 "$BATS_TEST_TMPDIR/crossed" >"$BATS_TEST_TMPDIR/october"
	while read -r day time _ route _ _ name hash _; do
		as_trainee logs --host sanitizer --from "$day" --to "$day" -F "$hash" | grep -qF "$name $hash"
		[ "$(on sanitizer sha256sum "/srv/crossing/${route#route=}/${name#name=}" | cut -d' ' -f1)" = "${hash#sha256=}" ]
		[[ $(on sanitizer stat -c %y "/srv/crossing/${route#route=}/${name#name=}") == "$day $time"* ]]
	done <"$BATS_TEST_TMPDIR/october"
	# What the roles laid down is as old as the rest, not as the bake.
	for place in file:/srv/shares pc-tanaka:/home/tanaka web:/var/www; do
		on "${place%%:*}" find "${place#*:}" -type f -newermt 2026-11-24 >"$BATS_TEST_TMPDIR/new"
		cat "$BATS_TEST_TMPDIR/new"
		[ ! -s "$BATS_TEST_TMPDIR/new" ]
		[ "$(on "${place%%:*}" find "${place#*:}" -type f | wc -l)" -gt 3 ]
	done
	on file find /srv/shares/common/residents.csv ! -newermt 2026-11-10 | grep -q residents
}

@test "enterprise: of 50 connections at once each is a flow at the log server" {
	recorded() {
		[ "$(as_trainee flows --host pc-tanaka --from "$(cat "$BATS_FILE_TMPDIR/burst-began")" --to "$(cat "$BATS_FILE_TMPDIR/burst-ended")" 'dst port 3128' |
			grep -Ec 'TCP +pc-tanaka:[0-9]+ > proxy:3128')" -eq 50 ]
	}
	soon 120 recorded
}
