#!/usr/bin/env bats
# The organisation's accounts: log-ins, shares, names and mail against the directory, seen from inside one team's range.

bats_require_minimum_version 1.5.0
load helper
lan=tests/range/scenarios/directory.yaml
exercise=check-directory

setup_file() {
	load helper
	down $exercise
	"$tool" up tests/range/scenarios/directory.yaml $exercise 1
	soon 20 served
}

teardown_file() {
	load helper
	down $exercise
}

on() { # HOST [-u USER] CMD…
	local host=$1 user=()
	shift
	if [ "$1" = -u ]; then
		user=(-u "$2")
		shift 2
	fi
	timeout 60 "$tool" exec "$exercise/1/$host" "${user[@]}" -- "$@"
}

served() { opens tanaka-training tanaka common && reads_mail pc-tanaka tanaka; } # the directory answers its members

log_in() { # HOST ACCOUNT PASSWORD: as somebody without rights would; prints account, folder and ticket
	on "$1" setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'echo "$2" | su - "$1" -c "id -un; pwd; klist 2>&1" 2>/dev/null' sh "$2" "$3"
}

opens() { # PASSWORD ACCOUNT SHARE: by NTLM, from tanaka's terminal
	on pc-tanaka smbclient -U "SAIDA\\$2%$1" "//10.1.1.20/$3" -c ls >/dev/null 2>&1
}

reads_mail() { # HOST PERSON
	on "$1" -u "$2" /usr/lib/toride/activities/mail
}

refused() { # CMD…
	if "$@"; then false; fi
}

# A shell, shares of file and of the directory itself, a mailbox that waits for mail, a submission that sends one each second; and a program that
# runs as the person but came by no log-in. All from tanaka's terminal.
open_sessions() { # ACCOUNT
	on pc-tanaka sh -c '
		exec </dev/null >"/tmp/$1.log" 2>&1
		setpriv --reuid "$(id -u "$1")" --regid 20000 --clear-groups sleep 4321 &
		{ echo "$1-training"; sleep 90; } | setpriv --reuid 65534 --regid 65534 --clear-groups su - "$1" -c "sleep 1234 & sleep 1234; true" &
		for share in 10.1.1.20/common 10.1.1.10/netlogon; do sleep 90 | smbclient -U "SAIDA\\$1%$1-training" "//$share" & done
		{ printf "a LOGIN %s %s-training\nb SELECT INBOX\n" "$1" "$1"; sleep 1; echo "c IDLE"; sleep 90; } | nc 10.1.1.25 143 &
		python3 -c "
import smtplib, sys, time
server = smtplib.SMTP(\"10.1.1.25\", 587, timeout=10)
server.login(sys.argv[1], sys.argv[1] + \"-training\")
while True:
    server.sendmail(sys.argv[1] + \"@saida.example\", [\"ito@saida.example\"], \"Subject: x\n\nx\n\")
    print(\"sent\", flush=True)
    time.sleep(1)" "$1" >"/tmp/$1.sent" 2>&1 &
	' sh "$1"
	soon 15 has_open "$1" "$everything"
}
everything='program shell share ad-share mailbox submission'

open_of() { # ACCOUNT: which of them are open, as their hosts see it
	local user sent
	user=$(on pc-tanaka id -u "$1")
	on pc-tanaka pgrep -u "$user" -f '^sleep 4321$' >/dev/null && echo program
	on pc-tanaka pgrep -u "$user" -f '^sleep 1234$' >/dev/null && echo shell
	on file smbstatus -p -n 2>/dev/null | grep -q " $user " && echo share
	on ad smbstatus -p -n 2>/dev/null | grep -q " $user " && echo ad-share
	on mail doveadm who -1 2>/dev/null | grep -q "^$1 .*imap" && echo mailbox
	sent=$(on pc-tanaka cat "/tmp/$1.sent")
	if grep -q '^sent' <<<"$sent" && ! grep -q Error <<<"$sent"; then echo submission; fi
}
has_open() { [ "$(open_of "$1" | paste -sd ' ')" = "$2" ]; } # ACCOUNT KINDS
close_sessions() { on pc-tanaka pkill -f '(1234|4321|sleep 90|import smtplib)' || true; }

disable() { on ad samba-tool user disable "$1"; }
enable() { on ad samba-tool user enable "$1"; }
disabled() { on ad /usr/lib/toride/account-disabled "$1"; }

@test "terminal: its person logs in with the domain's password, and has a ticket" {
	run log_in pc-tanaka tanaka tanaka-training
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qx tanaka <<<"$output"
	grep -qx /home/tanaka <<<"$output"
	grep -q 'principal: tanaka@AD.SAIDA.EXAMPLE' <<<"$output"
	on pc-tanaka -u tanaka test -s /home/tanaka/Documents/引継ぎメモ.txt
}

@test "terminal: whoever is in the domain can log in, and gets a home; the wrong password and unknown names do not" {
	run on pc-tanaka test -e /home/sato
	[ "$status" -ne 0 ]
	run log_in pc-tanaka sato sato-training
	echo "$output"
	[ "$status" -eq 0 ]
	grep -qx /home/sato <<<"$output"
	[ "$(on pc-tanaka stat -c %U /home/sato)" = sato ]
	for who in 'sato tanaka-training' 'tanaka wrong' 'nobody-here nobody-here-training' 'svc-backup svc-backup-training'; do
		run log_in pc-tanaka ${who% *} ${who#* }
		echo "$who: $output"
		[ "$status" -ne 0 ]
	done
}

@test "terminal: its person's account stays when the directory is away" {
	on ad s6-svc -wD -d /run/service/samba
	run on pc-tanaka -u tanaka timeout 3 id -un
	[ "$status" -eq 0 ]
	[ "$output" = tanaka ]
	run log_in pc-tanaka tanaka tanaka-training
	[ "$status" -ne 0 ]
	on ad s6-svc -u /run/service/samba
	soon 10 log_in pc-tanaka tanaka tanaka-training
	soon 20 opens tanaka-training tanaka residents
	soon 10 on pc-tanaka getent group residents
}

@test "ad: departments are groups, and LDAP knows who is in them" {
	[ "$(on pc-tanaka getent group residents | cut -d: -f4 | tr , '\n' | sort | paste -sd ' ')" = 'ito tanaka' ]
	run on ad sh -c 'echo ito-training | kinit ito >/dev/null && ldapsearch -Q -LLL -Y GSSAPI "(department=residents)" sAMAccountName mail'
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^mail: \(ito\|tanaka\)@saida.example$' <<<"$output")" = 2 ]
	# Without a log-in, nothing.
	run on ad ldapsearch -x -LLL -ZZ -b DC=ad,DC=saida,DC=example '(department=residents)' mail
	[ "$status" -ne 0 ]
}

@test "ad: DNS knows the hosts and the services of the domain, and asks the organisation's server for the rest" {
	ask() { on pc-tanaka dig +short +time=2 +tries=1 "$@"; }
	[ "$(ask file.ad.saida.example)" = 10.1.1.20 ]
	[ "$(ask -t SRV _kerberos._tcp.ad.saida.example)" = '0 100 88 ad.ad.saida.example.' ]
	[ "$(ask ns.saida.example)" = 10.1.1.53 ]
	run on pc-tanaka dig +time=2 +tries=1 nobody.ad.saida.example
	grep -q NXDOMAIN <<<"$output"
}

@test "file: a department's share opens for its people alone, the common one for all, and the audit says who came from where" {
	on file wbinfo -t
	on file wbinfo -i sato | grep -q '^sato:\*:10[0-9]*:20000:'
	opens tanaka-training tanaka residents
	opens sato-training sato tax
	opens sato-training sato common
	refused opens tanaka-training tanaka tax
	refused opens sato-training sato residents
	refused opens wrong tanaka residents
	refused on pc-tanaka smbclient -N //10.1.1.20/common -c ls
	on pc-tanaka -u tanaka sh -c 'echo new >/tmp/new && smbclient -A ~/.smbcredentials //file/residents -c "put /tmp/new new.txt"'
	[ "$(on file stat -c '%U %G %a' /srv/shares/residents/new.txt)" = 'tanaka residents 660' ]
	soon 5 on file grep -q 'smbd_audit: tanaka|10.1.1.101|residents|openat|ok|w|/srv/shares/residents/new.txt' /var/log/samba/audit.log
	soon 5 on file grep -q 'smbd_audit: tanaka|10.1.1.101|tax|connect' /var/log/samba/audit.log
	soon 5 on ad grep -Eq 'Auth: .*\\\[tanaka\] .*status \[NT_STATUS_WRONG_PASSWORD\]' /var/log/samba/auth.log
}

@test "attack: the abilities for shares work on the member of the domain, as far as the account's rights go" {
	attack() { "${BUILD:-build}/attack-tool" tests/range/scenarios/directory.yaml $exercise 1 "$@"; }
	attack prepare 1
	for step in look collect; do
		run attack run 1 $step
		echo "$output"
		[[ ${lines[0]} == "$step done "* ]]
		refused grep -E '^trace .* (no|false|0)$' <<<"$output"
	done
	run attack run 1 pry
	echo "$output"
	[[ ${lines[0]} == "pry blocked "*ACCESS_DENIED* ]]
}

@test "terminal: what people do there works, leaves its lines, and costs little" {
	for activity in mail files; do
		for _ in 1 2 3 4 5 6; do
			run --separate-stderr on pc-sato -u sato bash -c "TIMEFORMAT='%U %S'; time /usr/lib/toride/activities/$activity"
			echo "$activity: $output $stderr"
			[ "$status" -eq 0 ]
			awk '{ exit !($1 + $2 < 0.5) }' <<<"${stderr##*$'\n'}"
		done
	done
	soon 5 on file grep -q 'smbd_audit: sato|10.1.1.102|' /var/log/samba/audit.log
	refused on file grep -q 'smbd_audit: sato|10.1.1.102|residents|connect|ok' /var/log/samba/audit.log
	on mail ip link set eth0 down
	run --separate-stderr on pc-sato -u sato /usr/lib/toride/activities/mail
	echo "$stderr"
	[ "$status" -ne 0 ]
	[ "$stderr" = 'mail: mail does not answer' ]
	on mail ip link set eth0 up
	soon 10 reads_mail pc-sato sato
}

@test "ad: an account that is disabled is refused everywhere within 10 s, and comes back when it is enabled" {
	on pc-tanaka -u tanaka sh -c 'echo tanaka-training | kinit >/dev/null'
	by_ticket() { on pc-tanaka -u tanaka smbclient --use-kerberos=required --use-krb5-ccache="/tmp/krb5cc_$(on pc-tanaka id -u tanaka)" //file.ad.saida.example/residents -c ls; }
	by_ticket
	run disabled tanaka
	[ "$status" -eq 1 ]
	disable tanaka
	SECONDS=0
	disabled tanaka
	disabled nobody-here
	refused on pc-tanaka sh -c 'echo tanaka-training | kinit -c /tmp/other tanaka'
	refused by_ticket # which it has: for the share, too
	refused on pc-tanaka -u tanaka kvno ldap/ad.ad.saida.example
	refused opens tanaka-training tanaka residents
	run --separate-stderr on pc-tanaka -u tanaka /usr/lib/toride/activities/files
	[[ $stderr == 'files: '*' NT_STATUS_ACCOUNT_DISABLED' ]]
	run --separate-stderr on pc-tanaka -u tanaka /usr/lib/toride/activities/mail
	echo "$stderr"
	[ "$stderr" = 'mail: mail refuses the log-in of tanaka' ]
	refused log_in pc-tanaka tanaka tanaka-training
	[ $SECONDS -lt 10 ]
	refused log_in pc-sato tanaka tanaka-training
	opens sato-training sato tax # nobody else
	enable tanaka
	opens tanaka-training tanaka residents
	log_in pc-tanaka tanaka tanaka-training
	reads_mail pc-tanaka tanaka
	on ad samba-tool user setexpiry tanaka --days=0 # the other way to lock somebody out
	soon 3 disabled tanaka
	refused opens tanaka-training tanaka residents
	on ad samba-tool user setexpiry tanaka --days=1
	run disabled tanaka
	[ "$status" -eq 1 ]
	on ad samba-tool user setexpiry tanaka --noexpiry
	run disabled tanaka
	[ "$status" -eq 1 ]
	opens tanaka-training tanaka residents
	run on ad /usr/lib/toride/account-disabled 'x)(a=*'
	[ "$status" -eq 2 ]
	for name in '' ../sato 'x)(a=*' 'FILE$'; do refused on file /usr/lib/toride/sign-out share "$name" 1; done
	refused on file sh -c 'ls -A /run /run/toride | grep -q sato'
}

@test "ad: what an account has open ends everywhere within 10 s; the others' goes on, and what came by no log-in, too" {
	open_sessions tanaka
	open_sessions sato
	disable tanaka
	SECONDS=0
	soon 10 has_open tanaka program
	[ $SECONDS -lt 10 ]
	has_open sato "$everything"
	soon 5 on file grep -q 'sign-out.*: signed out: tanaka (share, process [0-9]*), disabled in the directory' /var/log/auth.log
	soon 5 on ad grep -q 'signed out: tanaka (share' /var/log/auth.log
	soon 5 on mail grep -q 'signed out: tanaka (mailbox' /var/log/auth.log
	soon 5 on mail grep -q 'signed out: tanaka (submission)' /var/log/auth.log
	on mail grep -q 'reject: END-OF-MESSAGE from .*signed out: tanaka is disabled in the directory' /var/log/mail.log
	refused on mail grep -q 'signed out: sato' /var/log/auth.log
	enable tanaka
	SECONDS=0
	on pc-tanaka pkill -f 'import smtplib'
	log_in pc-tanaka tanaka tanaka-training
	open_sessions tanaka
	[ $SECONDS -lt 10 ]
	sleep 5
	has_open tanaka "$everything"
	close_sessions
}

@test "ad: while the directory does not answer, nobody is signed out" {
	open_sessions tanaka
	on ad s6-svc -wD -d /run/service/samba
	disable tanaka # in its files: nobody is told
	sleep 10
	has_open tanaka "$everything"
	on ad s6-svc -u /run/service/samba
	soon 15 has_open tanaka program
	enable tanaka
	close_sessions
	soon 20 served
}

@test "ad, file: an old ticket of an account that is disabled opens no share, also just after the directory was away" {
	on pc-tanaka -u tanaka sh -c 'echo tanaka-training | kinit >/dev/null'
	by_ticket() { on pc-tanaka -u tanaka smbclient --use-kerberos=required --use-krb5-ccache="/tmp/krb5cc_$(on pc-tanaka id -u tanaka)" "//$1/$2" -c ls; }
	for share in 'ad sysvol' 'ad netlogon' 'file residents'; do by_ticket ${share% *} ${share#* }; done # tickets for both hosts
	on ad s6-svc -wD -d /run/service/samba
	by_ticket file residents # nobody answers: the ticket counts
	on ad s6-svc -u /run/service/samba
	soon 10 on pc-tanaka sh -c 'echo sato-training | kinit -c /tmp/other sato'
	disable tanaka
	for share in 'file residents' 'ad sysvol' 'ad netlogon'; do
		run by_ticket ${share% *} ${share#* }
		echo "$share: $output"
		[ "$status" -ne 0 ]
		[[ $output == *NT_STATUS_ACCESS_DENIED* ]]
	done
	enable tanaka
	by_ticket file residents
	by_ticket ad sysvol
	soon 20 served
}

@test "closed network: accounts are the machines' own; the sanitizer's brings files in" {
	log_in pc-kato kato kato-training | grep -qx kato
	refused log_in pc-kato kato wrong
	refused log_in pc-kato tanaka tanaka-training
	on pc-kato -u kato smbclient -A /home/kato/.smbcredentials //core-file/orders -c ls
	on pc-kato sh -c 'echo in >/tmp/in && smbclient -U sanitizer%sanitizer-training //core-file/intake -c "put /tmp/in in.txt"'
	on pc-kato -u kato smbclient -A /home/kato/.smbcredentials //core-file/intake -c 'get in.txt /tmp/out'
	run on core-file pgrep -x winbindd
	[ "$status" -eq 1 ]
	for _ in 1 2 3 4; do on pc-kato -u kato /usr/lib/toride/activities/files; done
	soon 5 on core-file grep -Eq 'Auth: .*\[kato\] .*NT_STATUS_OK' /var/log/samba/auth.log
}

@test "ad: the trust holds when the directory or a member is reset, and what was done to accounts is undone" {
	reset() { "$tool" reset $lan $exercise 1 1 "$1"; }
	on file touch /srv/shares/common/left
	reset file
	soon 20 served
	on file wbinfo -t
	refused on file test -e /srv/shares/common/left
	disable sato
	on file wbinfo -t # a connection that the reset will break
	reset ad
	soon 5 on pc-tanaka sh -c 'echo tanaka-training | kinit -c /tmp/again tanaka'
	run disabled sato
	[ "$status" -eq 1 ]
	soon 20 opens sato-training sato tax
	on file wbinfo -t
	soon 10 log_in pc-sato sato sato-training
}

@test "ad, file, terminal: idle, they use little memory, and no service keeps dying" {
	run --separate-stderr "$tool" status $exercise
	echo "$output"
	most() { [ "$(jq --arg host "$1" --argjson mib "$2" '[.guests[] | select(.host == $host)][0].memory_bytes < $mib * 1048576' <<<"$output")" = true ]; }
	most ad 150
	most file 64
	most pc-tanaka 24
	for host in ad file pc-tanaka core-file pc-kato; do
		run on "$host" sh -c 'for s in /run/service/*/; do [ ! -d "$s" ] || s6-svstat -o up,updownfor "$s"; done'
		echo "$host: $output"
		refused grep -Ev '^true [1-9]' <<<"${output:-true 1}"
	done
}
