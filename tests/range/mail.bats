# Names, mail, and files on their way in: dns, internet, mail-relay, sanitizer and mail together, seen from inside (scenarios/mail.yaml).

bats_require_minimum_version 1.5.0
world=203.0.113.1 partner=203.0.113.25 dns=198.51.100.53 mx=198.51.100.25 mail=10.1.1.25

setup_file() {
	export TOOL=$PWD/${BUILD:-build}/range-tool
	export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
	"$TOOL" up tests/range/scenarios/mail.yaml mail-test 1
	for hop in mx:10.1.1.30 sanitizer:$mail; do # who finds nobody there tries again half a minute later
		timeout 30 "$TOOL" exec "mail-test/1/${hop%:*}" -- sh -c 'until nc -z "$1" 25; do sleep 0.2; done' sh "${hop#*:}"
	done
	for host in world pc-tanaka; do
		"$TOOL" exec "mail-test/1/$host" -i "$(cat tests/range/sanitizer/make_document.py)" -- sh -c 'cd /tmp && python3 - 見積.docm'
	done
}

teardown_file() {
	"$TOOL" down mail-test
}

on() { # HOST CMD...: in that guest
	local host=$1
	shift
	timeout 60 "$TOOL" exec "mail-test/1/$host" -- "$@"
}

eventually() { # CMD...: within 15 s
	local end=$((SECONDS + 15))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { "$@"; return; }
		sleep 0.3
	done
}

send() { on world /usr/lib/toride/send-mail "$@"; }

# What a person has not read yet, as it comes by IMAP at a terminal.
inbox() { # ACCOUNT
	on pc-tanaka python3 -c '
import email, email.policy, imaplib, sys
box = imaplib.IMAP4(sys.argv[1])
box.login(sys.argv[2], sys.argv[3])
box.select(readonly=True)
for number in box.search(None, "UNSEEN")[1][0].split():
    message = email.message_from_bytes(box.fetch(number, "(RFC822)")[1][0][1], policy=email.policy.default)
    print("from", message["From"], "subject", message["Subject"])
    print("text", message.get_body().get_content())
    for part in message.iter_attachments():
        print("attached", part.get_filename(), part.get_content_type(), part.get_payload(decode=True))' $mail "$1" "$1-training"
}
has() { # ACCOUNT PATTERN: a mail of that person matches
	inbox "$1" | grep -Eq -- "$2"
}

submit() { # LOGIN SENDER RECIPIENT TEXT: by the mail server's submission
	on pc-tanaka python3 -c '
import smtplib, sys
host, login, sender, recipient, text = sys.argv[1:]
server = smtplib.SMTP(host, 587, timeout=10)
if login:
    server.login(login, f"{login}-training")
server.sendmail(sender, [recipient], f"From: {sender}\nTo: {recipient}\nSubject: {text}\n\n{text}\n")' $mail "$@"
}

talk() { # HOST SERVER LINES…: an SMTP conversation by hand; prints the answers
	local host=$1 server=$2
	shift 2
	on "$host" sh -c 'server=$1; shift; { sleep 0.3; for line; do printf "%s\r\n" "$line"; sleep 0.2; done; } | nc -w 3 "$server" 25' sh "$server" "$@"
}

in_guest() { # TEST: a Python test of the sanitizer's, where its software is
	"$TOOL" exec mail-test/1/sanitizer -i "$(cat tests/range/sanitizer/documents.py)" -- sh -c 'mkdir -p /tmp/tests && cat >/tmp/tests/documents.py'
	run "$TOOL" exec mail-test/1/sanitizer -t 120000 -i "$(cat "tests/range/sanitizer/$1.py")" -- env PYTHONPATH=/tmp/tests python3 -
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q ^OK <<<"$output"
}

logged() { # HOST FILE PATTERN
	on "$1" grep -Eq -- "$3" "$2"
}

@test "mail: every guest's services run, and none of them has failed and been started again" {
	sleep 1
	for host in world dns mx mail sanitizer; do
		run on "$host" sh -c 'for s in /run/service/*/; do s6-svstat -o up,updownfor "$s"; done'
		echo "$host: $output"
		[ "$status" -eq 0 ]
		run grep -Ev '^true [1-9]' <<<"$output"
		[ "$status" -ne 0 ]
	done
}

@test "dns: the inside resolves the organisation's names and the outside's" {
	ask() { on mail dig +short +time=2 +tries=1 "$@"; }
	answered() { [ "$(ask www.saida.example)" = 198.51.100.10 ]; }
	eventually answered # the directory takes a moment to start
	[ "$(ask MX saida.example)" = "10 mx.saida.example." ]
	[ "$(ask mx.saida.example)" = $mx ]
	[ "$(ask TXT saida.example)" = '"v=spf1 mx -all"' ]
	[ "$(ask news.example)" = 203.0.113.10 ]
	[ "$(ask MX partner.example)" = "10 mail.partner.example." ]
	run on mail dig +time=2 +tries=1 @$dns nobody.example
	grep -q NXDOMAIN <<<"$output"
	eventually logged dns /var/log/named/query.log "10\.1\.1\.[0-9]+#.*query: news.example IN A"
}

@test "dns: the outside learns the public zone, and nothing else" {
	[ "$(on world dig +short @$world MX saida.example)" = "10 mx.saida.example." ]
	[ "$(on world dig +short @$world www.saida.example)" = 198.51.100.10 ]
	run on world dig +time=2 +tries=1 @$dns news.example
	grep -q 'status: REFUSED' <<<"$output"
	run on world dig +time=2 +tries=1 @$dns AXFR saida.example
	grep -q 'Transfer failed' <<<"$output"
	eventually logged dns /var/log/named/query.log 'news.example.*(denied|REFUSED)'
	# The inner networks' names are nobody else's.
	[ -z "$(on world dig +short @$dns mail.saida.example)" ]
}

@test "internet: each site is at an address of its own, and the addresses have names" {
	[ "$(on world dig +short @$world search.example)" = 203.0.113.11 ]
	[ "$(on world dig +short @$world drop.example)" = $partner ]
	[ "$(on world dig +short @$world -x $partner)" = mail.partner.example. ]
	on world curl -fsS http://203.0.113.11/ | grep -q 'name="q"'
	run on world curl -fsS 'http://search.example/search.html?q=city'
	grep -q '検索語: city' <<<"$output"
	grep -q 'http://www.saida.example/' <<<"$output"
}

@test "internet: a file is dropped by PUT or POST and fetched by who knows its name" {
	on world sh -c 'echo secret >/tmp/s && curl -fsS -T /tmp/s http://drop.example/a.txt && curl -fsS --data-binary @/tmp/s http://drop.example/b.txt'
	[ "$(on world curl -fsS http://drop.example/a.txt)" = secret ]
	[ "$(on world curl -fsS http://drop.example/b.txt)" = secret ]
	on world curl -fsS -T /tmp/s http://drop.example/some/folder/d.txt
	[ "$(on world curl -fsS http://drop.example/some/folder/d.txt)" = secret ]
	run on world curl -fsS http://drop.example/c.txt
	[ "$status" -ne 0 ]
	run on world curl -fsS -T /tmp/s http://news.example/a.txt
	[ "$status" -ne 0 ]
	on world curl -fsS http://drop.example/ | grep -q ファイル便
	run on world curl -fsS -T /tmp/s http://drop.example/index.html
	[ "$status" -ne 0 ]
}

@test "mail: from outside to a person, read by IMAP with the directory's password" {
	send info@partner.example tanaka@saida.example 'お見積りの件' '見積書をお送りします。'
	eventually has tanaka 'from info@partner.example subject お見積りの件'
	has tanaka '見積書をお送りします。'
	logged mx /var/log/mail.log 'client=mail.partner.example\[203.0.113.25\]'
	logged mail /var/log/mail.log 'imap-login: Login: user=<tanaka>.*rip=10.1.1.101'
	run has sato お見積り
	[ "$status" -ne 0 ]
}

@test "mail: from a person to outside, by the relay" {
	submit tanaka tanaka@saida.example info@partner.example order-1
	eventually on world sh -c 'grep -q "Subject: order-1" /var/mail/partner.example/new/*'
	on world sh -c 'grep -l "Subject: order-1" /var/mail/partner.example/new/* | xargs cat' | grep -q 'from mx.saida.example .*\[198.51.100.25\]'
	logged mx /var/log/mail.log 'to=<info@partner.example>, relay=mail.partner.example\[203.0.113.25\]:25.*status=sent'
}

@test "mail: from one person to another, and to nobody" {
	submit tanaka tanaka@saida.example sato@saida.example between-us
	eventually has sato between-us
	run submit tanaka tanaka@saida.example nobody@saida.example x
	grep -q 'User unknown' <<<"$output"
}

@test "mail: nobody sends without a log-in, with a wrong one, or as somebody else" {
	run submit '' tanaka@saida.example sato@saida.example x
	grep -q 'Access denied' <<<"$output"
	run submit stranger stranger@saida.example sato@saida.example x
	grep -q SMTPAuthenticationError <<<"$output"
	run submit tanaka sato@saida.example info@partner.example x
	grep -q 'not owned by user tanaka' <<<"$output"
	run on pc-tanaka curl -sS --max-time 10 -u tanaka:wrong imap://$mail/INBOX
	[ "$status" -ne 0 ]
	on pc-tanaka curl -sSk --max-time 10 -u tanaka:tanaka-training imaps://$mail/
}

@test "mail-relay: it is no open relay, from outside or from inside, and takes mail for people that there are" {
	for host in world web; do # web is in the DMZ, and no sender
		run talk $host $mx 'EHLO x' 'MAIL FROM:<a@bad.example>' 'RCPT TO:<info@partner.example>' QUIT
		echo "$host: $output"
		grep -q 'Relay access denied' <<<"$output"
	done
	run talk world $mx 'EHLO x' 'MAIL FROM:<tanaka@saida.example>' 'RCPT TO:<info%partner.example@saida.example>' 'RCPT TO:<"info@partner.example"@saida.example>' 'RCPT TO:<nobody@saida.example>' 'RCPT TO:<tanaka@saida.example>' QUIT
	[ "$(grep -Ec '^(554|550) 5' <<<"$output")" -eq 3 ]
	[ "$(grep -c '250 2.1.5' <<<"$output")" -eq 1 ]
	eventually logged mx /var/log/mail.log 'NOQUEUE: reject: RCPT from .*to=<info@partner.example>'
	# The sanitizer takes mail from the relay alone, the mail server gives nothing away.
	run talk pc-tanaka 10.1.1.30 'EHLO x' 'MAIL FROM:<a@b.example>' 'RCPT TO:<tanaka@saida.example>' QUIT
	grep -q 'Client host rejected' <<<"$output"
	run talk pc-tanaka $mail 'EHLO x' 'MAIL FROM:<a@b.example>' 'RCPT TO:<info@partner.example>' QUIT
	grep -q 'Relay access denied' <<<"$output"
}

@test "mail-relay: a blocked sender is refused, and others are not" {
	on mx sh -c 'echo "bad.example REJECT" >>/etc/postfix/blocked-senders && postfix reload'
	run talk world $mx 'EHLO x' 'MAIL FROM:<a@bad.example>' 'RCPT TO:<tanaka@saida.example>' QUIT
	grep -q 'Sender address rejected' <<<"$output"
	run talk world $mx 'EHLO x' 'MAIL FROM:<a@partner.example>' 'RCPT TO:<tanaka@saida.example>' QUIT
	grep -q '250 2.1.5' <<<"$output"
}

@test "mail: on every server that has a queue it can be looked at and held" {
	is_empty() { [ "$(on "$1" postqueue -p)" = 'Mail queue is empty' ]; }
	for host in world mx sanitizer mail; do
		eventually is_empty $host
		on $host postsuper -h ALL
		run on $host grep -E 'fatal|bad command' /var/log/mail.log
		echo "$host: $output"
		[ "$status" -eq 1 ]
	done
}

@test "sanitizer: a document loses its macro on the way in; the original is in quarantine, and a line says so" {
	send info@partner.example tanaka@saida.example '見積書' '添付をご覧ください。' /tmp/見積.docm
	eventually has tanaka 'subject 見積書'
	inbox tanaka >"$BATS_TEST_TMPDIR/inbox"
	grep -q 'attached 見積.docx application/vnd.openxmlformats-officedocument.wordprocessingml.document' "$BATS_TEST_TMPDIR/inbox"
	run grep -E 'MACRO-WAS-HERE|\.docm|vbaProject' "$BATS_TEST_TMPDIR/inbox"
	[ "$status" -ne 0 ]
	hash=$(on world sha256sum /tmp/見積.docm | cut -d' ' -f1)
	run on sanitizer grep -E "from=info@partner.example to=tanaka@saida.example name=見積.docm sha256=$hash .*action=cleaned" /var/log/sanitizer.log
	[ "$status" -eq 0 ]
	id=$(sed -n 's/.* id=\([^ ]*\) .*/\1/p' <<<"$output")
	[ "$(on sanitizer sha256sum "/var/spool/quarantine/$id/1-見積.docm" | cut -d' ' -f1)" = "$hash" ]
	on sanitizer grep -q "$(on world base64 -w0 /tmp/見積.docm | cut -c1-60)" "/var/spool/quarantine/$id/message.eml"
	[ "$(on sanitizer stat -c %a /var/spool/quarantine)" = 700 ]
}

@test "sanitizer: malware and programs become a notice; a team's own signature counts at once" {
	# The test string is put together there, so that no scanner takes this file away.
	on world sh -c 'printf "%s%s" "X5O!P%@AP[4\\PZX54(P^)7CC)7}\$EICAR-" "STANDARD-ANTIVIRUS-TEST-FILE!\$H+H*" >/tmp/eicar.txt; printf "MZ" >/tmp/run.exe; echo harmless-list >/tmp/list.csv'
	send info@partner.example tanaka@saida.example programs x /tmp/eicar.txt /tmp/run.exe /tmp/list.csv
	eventually has tanaka 'subject programs'
	inbox tanaka >"$BATS_TEST_TMPDIR/inbox"
	for name in eicar.txt.removed.txt run.exe.removed.txt list.csv; do
		grep -q "attached $name " "$BATS_TEST_TMPDIR/inbox"
	done
	run grep -E 'X5O!P' "$BATS_TEST_TMPDIR/inbox"
	[ "$status" -ne 0 ]
	logged sanitizer /var/log/sanitizer.log 'name=eicar.txt .*action=replaced detail="malware \(EICAR-Test-File\)"'
	on sanitizer sh -c "echo $(on world sha256sum /tmp/list.csv | cut -d' ' -f1):*:Team.List:73 >/etc/sanitizer/signatures/team.hsb"
	send info@partner.example tanaka@saida.example again x /tmp/list.csv
	eventually has tanaka 'attached list.csv.removed.txt'
}

@test "sanitizer: a mail that can be read in two ways goes to quarantine whole, and a notice tells of it" {
	on world sh -c 'printf "From: a@partner.example\nTo: tanaka@saida.example\nSubject: odd-one\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\nodd-text\n" | sendmail -f a@partner.example tanaka@saida.example'
	eventually has tanaka 'subject \[無害化\] メールを隔離しました'
	run has tanaka 'odd-one|odd-text'
	[ "$status" -ne 0 ]
	run on sanitizer grep 'action=quarantined' /var/log/sanitizer.log
	id=$(sed -n 's/.* id=\([^ ]*\) .*/\1/p' <<<"${lines[-1]}")
	on sanitizer grep -q odd-text "/var/spool/quarantine/$id/message.eml"
	has tanaka "隔離番号: $id"
}

@test "sanitizer: when files cannot be judged, mail waits and is neither passed nor lost" {
	on sanitizer mv /etc/sanitizer/signatures /etc/sanitizer/away
	send info@partner.example tanaka@saida.example waiting-one x /tmp/list.csv
	eventually logged sanitizer /var/log/mail.log 'relay=sanitize, .*status=deferred'
	run has tanaka waiting-one
	[ "$status" -ne 0 ]
	on sanitizer mv /etc/sanitizer/away /etc/sanitizer/signatures
	on sanitizer postqueue -f
	eventually has tanaka waiting-one
}

@test "sanitizer: a file crosses into the closed network and out of it, without its macro" {
	share() { on core-file find "/srv/shares/$1" -type f -printf '%f\n'; }
	eventually on pc-tanaka smbclient //10.1.1.30/to-core -U SAIDA/tanaka%tanaka-training -c 'lcd /tmp; put 見積.docm' # the directory takes a moment to start
	arrived() { share intake | grep -qx 見積.docx; }
	eventually arrived || eventually arrived # the sanitizer has just started, too
	run on core-file python3 -m zipfile -l /srv/shares/intake/見積.docx
	grep -q word/document.xml <<<"$output"
	run grep -q vbaProject <<<"$output"
	[ "$status" -ne 0 ]
	logged sanitizer /var/log/sanitizer.log 'route=to-core from=tanaka to=core-file name=見積.docm .*action=cleaned'
	[ -z "$(on sanitizer find /srv/crossing/to-core /var/spool/sanitizer -type f)" ]
	# Out again, as soon as it is there.
	on core-file sh -c 'cp /srv/shares/intake/見積.docx /srv/shares/outbox/ && printf MZ >/srv/shares/outbox/run.exe && chmod 660 /srv/shares/outbox/* && chgrp staff-files /srv/shares/outbox/*'
	back() { on pc-tanaka smbclient //10.1.1.30/from-core -U SAIDA/tanaka%tanaka-training -c "get $1 /tmp/$2"; }
	eventually back 見積.docx back.docx
	eventually back run.exe.removed.txt notice.txt
	on pc-tanaka python3 -m zipfile -l /tmp/back.docx | grep -q word/document.xml
	on pc-tanaka grep -q 取り除きました /tmp/notice.txt
	emptied() { [ -z "$(share outbox)" ]; }
	eventually emptied
	run on pc-tanaka smbclient //10.1.1.30/to-core -U SAIDA/tanaka%wrong -c ls
	[ "$status" -ne 0 ]
}

@test "sanitizer: files of one name, in folders, empty or hidden all cross; none is lost" {
	put() { on pc-tanaka sh -c "cd /tmp && $1 && smbclient //10.1.1.30/to-core -U SAIDA/tanaka%tanaka-training -c '$2'"; }
	eventually put 'echo first >同名.txt' 'put 同名.txt' # the directory takes a moment to start
	taken() { on sanitizer sh -c '! test -e "/srv/crossing/to-core/$1"' sh "$1"; }
	eventually taken 同名.txt
	put 'echo second >同名.txt' 'put 同名.txt'
	on core-file sh -c 'echo other >/srv/shares/intake/同じ.docx' # as if somebody there had put it
	put 'cp 見積.docm 同じ.docm' 'put 同じ.docm'
	put ': >空.txt' 'put 空.txt; put 同名.txt .隠し.txt; mkdir 資料; put 同名.txt 資料/plain.txt'
	on sanitizer sh -c 'echo 0 >/srv/crossing/from-core/back.txt'
	on core-file sh -c 'cd /srv/shares/outbox && mkdir 成果 && echo out >成果/表.csv && echo 1 >back.txt && chgrp -R staff-files . && chmod 2770 成果 && chmod 660 back.txt 成果/表.csv'
	on core-file sh -c 'cd /srv/shares/outbox && : >出.txt && : >後.txt && chgrp staff-files 出.txt 後.txt && chmod 660 出.txt 後.txt && sleep 6 && echo filled >後.txt'
	on core-file sh -c 'cd /srv/shares/outbox && mkdir 固定 && echo kept >固定/a.txt && chgrp -R staff-files 固定 && chmod 660 固定/a.txt && chmod 2750 固定' # cannot be deleted
	intake() { on core-file test -e "/srv/shares/intake/$1"; }
	for name in '同名 (2).txt' '同じ (2).docx' 隠し.txt; do
		eventually intake "$name"
	done
	[ "$(on core-file cat /srv/shares/intake/同名.txt '/srv/shares/intake/同名 (2).txt')" = "$(printf 'first\nsecond')" ]
	# What nobody announces is taken when nobody has touched it for a while.
	settled() { intake 資料_plain.txt && intake 空.txt && on sanitizer test -e /srv/crossing/from-core/成果_表.csv -a -e /srv/crossing/from-core/出.txt -a -e /srv/crossing/from-core/後.txt; }
	for _ in 1 2 3 4; do
		eventually settled && break
	done
	settled
	[ "$(on sanitizer cat /srv/crossing/from-core/back.txt '/srv/crossing/from-core/back (2).txt')" = "$(printf '0\n1')" ]
	[ "$(on sanitizer sh -c 'cat /srv/crossing/from-core/後*')" = filled ] # not taken while it was empty
	[ "$(on core-file find /srv/shares/outbox -type f)" = /srv/shares/outbox/固定/a.txt ]
	[ "$(on sanitizer sh -c 'ls /srv/crossing/from-core | grep -c 固定')" = 1 ] # after some looks
	on core-file rm -r /srv/shares/outbox/固定
}

@test "sanitizer: it hears of what is put into an outbox, and takes it whole and once, also when the file server has been reset" {
	"$TOOL" reset tests/range/scenarios/mail.yaml mail-test 1 1 core-file
	looks() { on core-file grep -c 'sanitizer|.*|connect|ok|outbox' /var/log/samba/audit.log; }
	listens() { [ "$(looks)" -ge 2 ] && on sanitizer pgrep -f 'smbclient.*10.2.1.20/outbox.*notify'; } # one of them stays
	for _ in 1 2 3 4; do # a server that is gone says nothing: it is asked for every 30 s
		eventually listens && break
	done
	listens
	for name in heard.txt 'heard (2).txt'; do # the same twice: both come out
		on core-file sh -c 'cd /srv/shares/outbox && echo heard >heard.txt && chgrp staff-files heard.txt && chmod 660 heard.txt'
		eventually on sanitizer grep -q heard "/srv/crossing/from-core/$name"
		eventually on core-file test ! -e /srv/shares/outbox/heard.txt
	done
	# What somebody goes on writing is not taken half.
	on core-file sh -c 'cd /srv/shares/outbox && for part in 1 2 3; do echo $part >>parts.txt; chgrp staff-files parts.txt; chmod 660 parts.txt; sleep 3; done'
	eventually on sanitizer test -e /srv/crossing/from-core/parts.txt
	[ "$(on sanitizer cat /srv/crossing/from-core/parts.txt)" = "$(printf '1\n2\n3')" ]
}

@test "sanitizer: Samba's databases come from the layer, and small: a start copies whole what it writes to" {
	for host in sanitizer core-file; do
		for database in registry.tdb share_info.tdb account_policy.tdb private/passdb.tdb; do
			[ "$(on $host stat -c %s "/var/lib/samba/$database")" -lt 100000 ]
		done
	done
}

@test "sanitizer: nothing else leads into the closed network, or out of it" {
	answer() { # HOST ADDRESS:PORT...: those that take a connection, asked all at once; and `asked`, when that could be done
		on "$1" bash -ec 'command -v nc >/dev/null; for to in "$@"; do nc -z -w 2 "${to%:*}" "${to#*:}" && echo "$to" & done; wait; echo asked' bash "${@:2}"
	}
	[ "$(answer core-file 10.1.1.30:25 10.1.1.30:445 $mail:25 $dns:53 $world:80)" = asked ]
	for host in pc-tanaka mail mx world; do
		[ "$(answer $host 10.2.1.20:445)" = asked ]
	done
	[ "$(answer sanitizer 10.2.1.20:445)" = $'10.2.1.20:445\nasked' ]
}

@test "sanitizer: its cleaning, document by document" {
	in_guest test_files
}

@test "sanitizer: fields, formulas and cells that start or load something" {
	in_guest test_active
}

@test "sanitizer: what becomes of files in its shares" {
	in_guest test_folders
}

@test "mail: an account that is disabled in the directory is refused at once, everywhere" {
	inbox sato >/dev/null
	eventually on pc-tanaka smbclient //10.1.1.30/to-core -U SAIDA/sato%sato-training -c ls # the sanitizer may just have started
	on pc-tanaka sh -c 'for who in sato tanaka; do sleep 60 | smbclient //10.1.1.30/to-core -U "SAIDA/$who%$who-training" >/dev/null 2>&1 & done'
	connected() { on sanitizer smbstatus -p 2>/dev/null | grep -q " $1 "; }
	eventually connected sato
	eventually connected tanaka
	on sanitizer /usr/lib/toride/sign-out share sato 1 # what Samba asks for those who come with a ticket
	on sanitizer testparm -s 2>/dev/null | grep -q 'root preexec = /usr/lib/toride/sign-out share %U %d'
	on ad samba-tool user disable sato
	SECONDS=0
	run on sanitizer /usr/lib/toride/sign-out share sato 1
	[ "$status" -eq 1 ]
	gone() { ! connected sato; } # and the share that is open
	eventually gone
	[ $SECONDS -lt 10 ]
	connected tanaka
	eventually on sanitizer grep -q 'signed out: sato (share, process [0-9]*), disabled in the directory' /var/log/auth.log
	run inbox sato
	grep -q AUTHENTICATIONFAILED <<<"$output"
	run submit sato sato@saida.example tanaka@saida.example x
	grep -q SMTPAuthenticationError <<<"$output"
	run on pc-tanaka smbclient //10.1.1.30/to-core -U SAIDA/sato%sato-training -c ls
	[ "$status" -ne 0 ]
	on ad samba-tool user enable sato
	inbox sato >/dev/null
	on pc-tanaka smbclient //10.1.1.30/to-core -U SAIDA/sato%sato-training -c ls
}
