#!/usr/bin/env bats
# What a trainee who is root in his guests tries against the range itself: other teams, the host, and what comes from the host into a guest.

load helper

setup_file() {
	load helper
	up rgh 2
}

teardown_file() {
	load helper
	down rgh
}

bridge_of() { # team network
	grep -l "toride1 $site network rgh t$1 $2 " /sys/class/net/td*/ifalias | cut -d/ -f5
}

@test "a guest that sends from ever new addresses does not fill the bridge's table, and the bridge still knows every guest" {
	local bridge
	bridge=$(bridge_of 1 left)
	guest rgh/1/one perl -e '
		socket(my $socket, 17, 3, 0x300) or die; # AF_PACKET, SOCK_RAW
		open(my $file, "<", "/sys/class/net/eth0/ifindex"); my $index = <$file> + 0;
		my $to = pack("SnISCCa8", 17, 3, $index, 1, 0, 6, "");
		for (1 .. 5000) {
			send($socket, pack("H*", "020000000001") . "\x02\x77" . pack("N", $_) . "\x88\xb5" . ("x" x 46), 0, $to) or die $!;
		}'
	bridge fdb show br "$bridge" | head -20
	[ "$(bridge fdb show br "$bridge" | wc -l)" -lt 100 ]
	for port in $(ls "/sys/class/net/$bridge/brif"); do
		[ "$(cat "/sys/class/net/$port/brport/learning")" = 0 ]
		bridge fdb show br "$bridge" brport "$port" | grep -q 'static'
	done
	[ "$("$tool" probe rgh/1/one 10.66.2.10 7000)" = reached ]
}

@test "a guest sees no other guest's control group, and cannot change its own" {
	guest rgh/1/one sh -c '
		find /sys/fs/cgroup -name "*toride*" 2>/dev/null | grep . && exit 1
		unshare -C sh -c "mount -t cgroup -o pids none /mnt 2>/dev/null || exit 0
			find /mnt -name \"*toride-rgh*\" | grep . && exit 1
			echo 100000 >/mnt/pids.max && exit 1
			exit 0" 2>/dev/null || exit 2
		exit 0'
}

# What `up` puts into a guest before it starts, the guest's root can have put there himself.
@test "a host ends and starts again whatever its root left under the name of the file that holds its interfaces" {
	local left
	for left in 'mkdir -p /.toride-hold/a/b; ln -s /etc /.toride-hold/etc; touch /.toride-hold/a/-rf' 'ln -s /etc /.toride-hold' \
		'ln -s /nowhere /.toride-hold' 'mkfifo /.toride-hold'; do
		guest rgh/1/one sh -c "$left"
		kill -9 "$(init_of rgh 1 one)"
		soon 10 sh -c "! $VIRSH dominfo toride-rgh-t1-one-$site"
		run up rgh 2
		echo "after $left: $output"
		[ "$status" -eq 0 ]
		run guest rgh/1/one sh -c '[ ! -e /.toride-hold ] && [ ! -L /.toride-hold ] && [ -s /etc/passwd ] && cat /sys/class/net/eth0/operstate'
		[ "$output" = up ]
	done
	[ "$("$tool" probe rgh/1/one 10.66.2.10 7000)" = reached ]
	[ -s /etc/passwd ]
}

@test "once doctor has raised what all guests share, one guest cannot use it up for another" {
	"${BUILD:-build}/toride" doctor --json | jq -e '.checks[] | select(.id == "shared-limits") | .what | length > 0'
	[ "$(cat /proc/sys/fs/inotify/max_user_instances)" -ge 1048576 ] && [ "$(cat /proc/sys/net/ipv4/neigh/default/gc_thresh3)" -ge 131072 ] ||
		skip "this host's limits are one guest's to use up (toride doctor --fix raises them)"
	guest rgh/1/one perl -e 'for (1 .. 300) { my $fd = syscall(294, 0); exit 3 if $fd < 0 } exit 0' # inotify_init1
	guest rgh/1/one sh -c 'for i in 1 2 3 4 5; do for j in $(seq 250); do
		echo "neigh replace 10.66.1.$((i * 40 % 256)) lladdr 02:00:00:00:0$i:01 nud reachable dev eth0"
		echo "neigh replace 10.199.$i.$j lladdr 02:00:00:00:00:01 nud reachable dev eth0"; done; done | ip -force -batch -' || :
	guest rgh/2/one ip neigh replace 10.66.1.77 lladdr 02:00:00:00:00:09 nud reachable dev eth0
	guest rgh/1/one ip neigh flush dev eth0
}

# A program in the place of the scoreboard, which a trainee has taken over.
taken_over() { # perl
	local folder=$BATS_TEST_TMPDIR/bin
	mkdir -p "$folder"
	cp "${BUILD:-build}/toride" "$folder/toride"
	printf '%s\n' '#!/usr/bin/perl' 'open(my $peer, "+<&=", 3); $| = 1; select($peer); $| = 1;' '$SIG{TERM} = $SIG{HUP} = "IGNORE";' \
		"open(my \$log, '>>', '$BATS_TEST_TMPDIR/pids'); syswrite(\$log, \"\$\$\\n\");" \
		'print $peer "{\"listening\":{\"address\":\"127.0.0.1\",\"port\":9}}\n";' "$1" 'sleep 1 while 1;' >"$folder/toride-scoreboard"
	chmod 755 "$folder/toride-scoreboard"
	TORIDE_DATA_DIR=$PWD TORIDE_PROGRAMS_DIR=$PWD/${BUILD:-build}/guest TORIDE_STATE_DIR=$BATS_TEST_TMPDIR/state TORIDE_RUN_DIR=$BATS_TEST_TMPDIR/run \
		"$folder/toride" serve --listen 127.0.0.1:9 >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	orchestrator=$!
}

ended() { ! kill -0 "$1" 2>/dev/null; }
lines_in() { [ "$(wc -l <"$1")" -ge "$2" ]; }

@test "a scoreboard that breaks the protocol is ended, though it does not want to, and another one started" {
	taken_over 'print $peer "[" x 5000, "\n";'
	soon 20 lines_in "$BATS_TEST_TMPDIR/pids" 3
	soon 5 ended "$(head -1 "$BATS_TEST_TMPDIR/pids")"
	kill -TERM $orchestrator
	soon 10 ended $orchestrator
}

@test "a scoreboard that asks and never reads costs the orchestrator no more than its queue, and does not hold up its end" {
	taken_over 'print $peer "{\"id\":\"" . ("x" x 20000) . "\",\"op\":\"resume\",\"session\":\"\"}\n" for 1 .. 5000;'
	soon 20 lines_in "$BATS_TEST_TMPDIR/pids" 2 # 100 MB of answers: more than the queue holds, so it was ended
	[ "$(awk '/VmHWM/ { print $2 }' /proc/$orchestrator/status)" -lt 300000 ]
	kill -TERM $orchestrator
	soon 10 ended $orchestrator
}

@test "who has followed an exercise and gone away is not in the next one's way" {
	load serve
	export TORIDE_RUN_DIR=$BATS_TEST_TMPDIR/run
	mkdir "$TORIDE_RUN_DIR"
	serve_start
	"$TORIDE" up tests/range/lan/exercises/tiny.yaml --teams 1
	local name answer
	name=$("$TORIDE" status | awk '$2 == "(up," { print $1 }')
	for _ in 1 2; do
		answer=$(perl -MIO::Socket::UNIX -e '
			my $peer = IO::Socket::UNIX->new(Peer => "$ENV{TORIDE_RUN_DIR}/control.sock") or die;
			print $peer qq({"id":1,"op":"follow","exercise":"$ARGV[0]"}\n); $peer->flush;
			$SIG{ALRM} = sub { exit }; alarm 1; print <$peer> // ""' "$name")
		[ -z "$answer" ]
	done
	"$TORIDE" down "$name"
	serve_stop
}
