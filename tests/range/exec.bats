#!/usr/bin/env bats
# Guest exec, shells and probes: from the outside, with limits.

load helper

setup_file() {
	load helper
	up rgx 1
}

teardown_file() {
	load helper
	down rgx
}

@test "exit status, both streams and input pass" {
	run "$tool" exec rgx/1/one -i $'hello\n' -- sh -c 'cat; echo " to you" >&2; exit 7'
	echo "$output"
	[ "$status" -eq 7 ]
	[ "$(sort <<<"$output")" = " to you"$'\n'hello ]
	run guest rgx/1/one sh -c 'kill -SEGV $$'
	[ "$status" -eq 139 ]
	[ "$(guest rgx/1/one sh -c 'echo again >/dev/stdout')" = again ]
}

@test "the program is the guest's user, with his groups, home and a small environment" {
	export LEAKED=yes
	run "$tool" exec rgx/1/one -u trainee -- sh -c 'id -un; id -Gn; pwd; env | sort'
	echo "$output"
	[ "${lines[0]}" = trainee ]
	[ "${lines[1]}" = "trainee adm" ]
	[ "${lines[2]}" = /home/trainee ]
	[ "$(printf '%s\n' "${lines[@]:3}" | cut -d= -f1 | tr '\n' ' ')" = "HOME LANG LOGNAME PATH PWD USER " ]
}

@test "no descriptor of ours is open in it, and it cannot see our processes" {
	run guest rgx/1/one sh -c 'ls /proc/self/fd | tr "\n" " "; ls -d /proc/[0-9]* | wc -l'
	echo "$output"
	[[ $output == "0 1 2 3 "* ]] # 3 is the folder that ls reads
	[[ ! $output == "0 1 2 3 4"* ]]
	[ "${output##* }" -lt 30 ]
}

@test "time limit: everything that it started ends, also what left its session" {
	local start=$SECONDS
	run "$tool" exec rgx/1/one -t 1000 -- sh -c 'setsid sleep 4711 & setsid sh -c "setsid sleep 4711" & sleep 4711'
	echo "$output"
	[ "$status" -eq 124 ]
	[[ $output == *"timed out"* ]]
	[ $((SECONDS - start)) -le 5 ]
	run guest rgx/1/one pgrep -f 'sleep 471[1]'
	[ -z "$output" ]
}

@test "time limit: a program that stops, ignores signals and makes processes without end is ended, too" {
	run "$tool" exec rgx/1/one -t 1000 -- sh -c 'trap "" TERM HUP INT; while :; do (setsid sleep 4712 &) 2>/dev/null; done'
	[ "$status" -eq 124 ]
	run guest rgx/1/one pgrep -f 'sleep 471[2]'
	echo "$output"
	[ -z "$output" ]
}

@test "output limit: the rest is read and thrown away, the status is still told" {
	run bash -c "'$tool' exec rgx/1/one -l 100 -- sh -c 'seq 100000; exit 5' 2>/dev/null | wc -c; exit \${PIPESTATUS[0]}"
	echo "$output"
	[ "$status" -eq 5 ]
	[ "$output" -eq 100 ]
}

@test "a daemon started on purpose goes on, does not hold the exec up, and has the guest's limits" {
	local start=$SECONDS
	guest rgx/1/two sh -c 'setsid sleep 4713 & echo started'
	[ $((SECONDS - start)) -le 3 ]
	guest rgx/1/two pgrep -f 'sleep 471[3]'
	guest rgx/1/two sh -c 'grep toride-exec /proc/$(pgrep -f "sleep 471[3]")/cgroup' && return 1
	guest rgx/1/two pkill -f 'sleep 471[3]'
	[ -z "$(find /sys/fs/cgroup -path "*/toride/$site/rgx/*" -name 'toride-exec-*')" ]
}

@test "what is not there is said: program, account, guest, exercise" {
	run guest rgx/1/one no-such-program
	[ "$status" -eq 1 ]
	[[ $output == "error: team 1: host 'one': run 'no-such-program': No such file or directory" ]]
	run "$tool" exec rgx/1/one -u nobody2 -- true
	[ "$status" -eq 1 ]
	[[ $output == "error: team 1: host 'one': it has no account 'nobody2'" ]]
	run guest rgx/1/three true
	[ "$status" -eq 1 ]
	[[ $output == "error: team 1: host 'three': is not running" ]]
	run guest nothing/1/one true
	[ "$status" -eq 1 ]
	[[ $output == "error: team 1: host 'one': is not running" ]]
}

@test "accounts are read inside the guest only, whatever its files are" {
	guest rgx/1/two sh -c 'mv /etc/passwd /etc/passwd.kept; ln -s /proc/1/root/etc/passwd.kept /etc/passwd'
	run "$tool" exec rgx/1/two -u trainee -- id -un
	[ "$status" -eq 1 ]
	guest rgx/1/two sh -c 'rm /etc/passwd; mkfifo /etc/passwd'
	run timeout 10 "$tool" exec rgx/1/two -u trainee -- id -un
	[ "$status" -eq 1 ]
	guest rgx/1/two sh -c 'rm /etc/passwd; ln -s ../../../../../../../../etc/passwd.kept /etc/passwd'
	run "$tool" exec rgx/1/two -u trainee -- id -un
	[ "$output" = trainee ]
	guest rgx/1/two mv /etc/passwd.kept /etc/passwd
}

@test "a shell has a terminal of the guest, and ends with the guest's status" {
	run timeout 20 "$tool" shell rgx/1/one trainee <<<'tty; id -un; echo term=$TERM; test -t 0 && exit 9'
	echo "$output"
	[ "$status" -eq 9 ]
	[[ $output == */dev/pts/[0-9]* ]] && [[ $output == *$'\n'trainee* ]] && [[ $output == *term=xterm-256color* ]]
}

@test "a shell refuses what is no terminal" {
	guest rgx/1/two sh -c 'mkfifo /run/false && mount --bind /run/false /dev/ptmx'
	run timeout 10 "$tool" shell rgx/1/two root </dev/null
	guest rgx/1/two umount /dev/ptmx
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"host 'two': open a terminal"* ]]
}

@test "a probe goes by the guest's network as it is now" {
	run "$tool" probe rgx/1/one 10.66.2.10 7000
	[ "$output" = reached ]
	run "$tool" probe rgx/1/one 10.66.2.10 7999
	[ "$output" = "not reached" ]
	guest rgx/1/hop nft 'add table ip t; add chain ip t f { type filter hook forward priority 0; policy drop; }'
	run "$tool" probe rgx/1/one 10.66.2.10 7000
	[ "$output" = "not reached" ]
	guest rgx/1/hop nft delete table ip t
	run "$tool" probe rgx/1/one 10.66.2.10 7000
	[ "$output" = reached ]
}

# Answers one connection on port 8080 of host two with the given text.
answer() {
	guest rgx/1/two sh -c "printf '$1' >/run/answer; setsid sh -c 'nc -lN 8080 </run/answer >/run/asked' >/dev/null 2>&1 &"
	soon 5 guest rgx/1/two sh -c 'ss -ltn | grep -q :8080'
}

@test "a probe through a proxy: the address's own answer counts, the proxy's refusal does not" {
	answer 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
	run "$tool" probe rgx/1/one 10.66.1.77 80 10.66.2.10 8080
	echo "$output"
	[ "$output" = reached ]
	guest rgx/1/two grep -q '^GET http://10.66.1.77/ HTTP/1.1' /run/asked
	answer 'HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 0\r\n\r\n'
	run "$tool" probe rgx/1/one 10.66.1.77 80 10.66.2.10 8080
	[ "$output" = "not reached" ]
	answer 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'
	run "$tool" probe rgx/1/one 10.66.1.77 80 10.66.2.10 8080
	[ "$output" = "not reached" ]
	answer 'HTTP/1.1 200 OK\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\nContent-Length: 0\r\n\r\n'
	run "$tool" probe rgx/1/one 10.66.1.77 80 10.66.2.10 8080
	[ "$output" = "not reached" ]
	run "$tool" probe rgx/1/one 10.66.1.77 80 10.66.2.10 8081 # no proxy there
	[ "$output" = "not reached" ]
}

@test "a probe from a guest that is gone is no answer at all" {
	run "$tool" probe rgx/1/three 10.66.2.10 7000
	echo "$output"
	[[ $output == *unknown* ]]
	[[ $output == *"team 1: host 'three': is not running"* ]]
}

@test "programs start while threads of ours come and go" {
	run "$tool" race rgx/1/one 3
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *" started, 0 failed" ]]
	[ "${output%% *}" -ge 20 ]
}
