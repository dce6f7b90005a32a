#!/usr/bin/env bats
# The beacon and the C&C server as they are, each test in a room of its own: new network (loopback only), mount and process namespaces, so
# that nothing is seen by the host, nothing is left, and nothing could get out.

setup_file() {
	export BUILD=$PWD/${BUILD:-build}
}

# Runs the script in a new room; what it starts ends with it.
room() {
	run timeout 60 unshare --mount --net --pid --fork --kill-child --mount-proc bash -c "$(declare -f prelude staged c2 beacon task result wait_for refuses); set -eu; prelude; $1"
	echo "$output"
	[ "$status" -eq 0 ]
}

prelude() {
	ip link set lo up
	mount -t tmpfs none /mnt
	mkdir /mnt/upper /mnt/work
	mount -t overlay -o lowerdir=/usr/lib,upperdir=/mnt/upper,workdir=/mnt/work none /usr/lib
	mount -t tmpfs none /run
	mkdir -p /run/toride /usr/lib/toride/abilities
	cp "$BUILD/guest/beacon" "$BUILD/guest/c2" /usr/lib/toride/
	token=$(printf 'a%.0s' {1..64})
	printf %s "$token" > /run/toride/token
	export token HOME=/tmp
}

staged() { # id: an ability, its text on standard input
	cat > "/usr/lib/toride/abilities/$1"
	chmod 755 "/usr/lib/toride/abilities/$1"
}

c2() {
	/usr/lib/toride/c2 &
	c2_pid=$!
	wait_for "curl -fs -o /dev/null http://127.0.0.1/"
}

beacon() { # NAME=value...: as an ordinary user
	setpriv --reuid 12345 --regid 12345 --clear-groups env c2_ip=127.0.0.1 beacon_id=pc.beacon beacon_interval_ms=500 \
		beacon_until=$(($(date +%s) + 60)) range_token="$token" "$@" /usr/lib/toride/beacon 2> /mnt/beacon.log &
	beacon_pid=$!
}

task() { # id ability args
	echo "{\"task\":\"$1\",\"ability\":\"$2\",\"args\":$3,\"timeout_ms\":${4:-5000}}" > "/run/toride/c2/tasks/.new"
	mv /run/toride/c2/tasks/.new "/run/toride/c2/tasks/pc.beacon@$1.json"
}

result() { # id: prints it
	wait_for "[ -e /run/toride/c2/results/$1.json ]"
	cat "/run/toride/c2/results/$1.json"
	echo
}

refuses() { # a program that must end by itself, with an error
	local status=0
	timeout 5 "$@" || status=$?
	[ $status -ne 0 ] && [ $status -ne 124 ]
}

wait_for() { # condition; up to 8 s
	local turn
	for turn in {1..80}; do
		if eval "$1"; then return 0; fi
		sleep 0.1
	done
	echo "waited in vain for: $1"
	return 1
}

@test "a staged ability is run by the beacon's user with its arguments, and its result arrives" {
	room '
	staged greet <<<"echo hello \$arg_name from \$(id -u) for \$task; exit 3"
	c2; beacon; task step greet "{\"arg_name\":\"invoice\"}"
	r=$(result step); echo "$r"
	[ "$(jq -r .status <<<"$r")" = 3 ]
	[ "$(jq -r .output <<<"$r")" = "hello invoice from 12345 for step" ]
	[ ! -e /run/toride/c2/tasks/pc.beacon@step.json ]
	'
}

@test "an ability that is not staged, is malformed, or is not root's alone is refused" {
	room '
	staged loose <<<"touch /tmp/ran"; chmod 777 /usr/lib/toride/abilities/loose
	staged owned <<<"touch /tmp/ran"; chown 12345 /usr/lib/toride/abilities/owned
	mount -t tmpfs none /tmp; chmod 1777 /tmp
	printf "touch /tmp/ran" > /tmp/evil; chmod 755 /tmp/evil; ln -s /tmp/evil /usr/lib/toride/abilities/linked
	c2; beacon
	n=0
	for ability in unknown ../../../../tmp/evil loose owned linked; do
		n=$((n + 1)); task "t$n" "$ability" "{}"; r=$(result "t$n"); echo "$r"
		[ "$(jq -r .status <<<"$r")" = 125 ]
		[[ $(jq -r .output <<<"$r") == refused:* ]]
	done
	[ ! -e /tmp/ran ]
	'
}

@test "a command from the network is never run: arguments that could be one are refused" {
	room '
	staged show <<<"echo \$arg_name"
	c2; beacon; n=0
	for args in "{\"arg_name\":\"\$(id)\"}" "{\"arg_name\":\"a;b\"}" "{\"arg_name\":\"a\\nb\"}" "{\"PATH\":\"/tmp\"}" "{\"arg_name\":7}"; do
		n=$((n + 1)); task "t$n" show "$args"; r=$(result "t$n"); echo "$r"
		[ "$(jq -r .status <<<"$r")" = 125 ]
	done
	'
}

@test "an ability that takes too long is ended" {
	room '
	staged slow <<<"sleep 31 & sleep 32; echo late"
	c2; beacon; task step slow "{}" 1000
	r=$(result step); echo "$r"
	[ "$(jq -r .status <<<"$r")" = 124 ]
	wait_for "! pgrep -x sleep"
	'
}

@test "an upload arrives whole, and one that is too large or has an odd name does not" {
	room '
	c2
	head -c 3000000 /dev/urandom > /mnt/file
	head -c 17000000 /dev/zero > /mnt/large
	post() { curl -s -o /dev/null -w "%{http_code}" -H "X-Range: $token" -H "X-Task: exfil" --data-binary "@$1" "http://127.0.0.1/upload/$2"; }
	[ "$(post /mnt/file residents.csv)" = 200 ]
	cmp /mnt/file /run/toride/c2/uploads/exfil@residents.csv
	grep -F "POST /upload/residents.csv 200" /run/toride/c2/access.log
	[ "$(post /mnt/large large.bin)" = 413 ]
	[ "$(post /mnt/file ..%2f..%2fx)" = 400 ]
	[ "$(post /mnt/file .hidden)" = 400 ]
	[ "$(ls -A /run/toride/c2/uploads)" = exfil@residents.csv ]
	'
}

@test "a stranger gets the front page and the lures, and nothing else" {
	room '
	c2
	echo "a harmless page" > /run/toride/c2/lures/invoice
	task step greet "{}"
	code() { curl -s -o /dev/null -w "%{http_code}" "$@"; }
	[ "$(code http://127.0.0.1/)" = 200 ]
	[ "$(curl -s http://127.0.0.1/invoice)" = "a harmless page" ]
	[ "$(code "http://127.0.0.1/poll?id=pc.beacon")" = 403 ]
	[ "$(code -H "X-Range: ${token/a/b}" "http://127.0.0.1/poll?id=pc.beacon")" = 403 ]
	[ "$(code -d x http://127.0.0.1/upload/x)" = 403 ]
	[ "$(code -d "{}" http://127.0.0.1/result)" = 403 ]
	[ "$(code --path-as-is http://127.0.0.1/../token)" = 404 ]
	[ "$(code --path-as-is http://127.0.0.1/..%2ftoken)" = 404 ]
	[ -e /run/toride/c2/tasks/pc.beacon@step.json ]
	[ ! -e /run/toride/c2/beacons/pc.beacon ]
	'
}

@test "neither starts without the range token" {
	room '
	rm /run/toride/token
	refuses /usr/lib/toride/c2
	beacon; wait_for "! kill -0 $beacon_pid 2> /dev/null"
	grep "there is no range token" /mnt/beacon.log
	'
}

@test "the beacon ends when the token goes or changes" {
	room '
	c2; beacon; wait_for "[ -e /run/toride/c2/beacons/pc.beacon ]"
	kill -0 $beacon_pid
	rm /run/toride/token
	wait_for "! kill -0 $beacon_pid 2> /dev/null"
	wait_for "! kill -0 $c2_pid 2> /dev/null"
	printf %s "${token//a/b}" > /run/toride/token
	beacon; wait_for "! kill -0 $beacon_pid 2> /dev/null"
	grep "the range token is another" /mnt/beacon.log
	'
}

@test "the beacon ends by its end time, and one signal ends it at once" {
	room '
	c2; beacon beacon_until=$(($(date +%s) + 3))
	sleep 1; kill -0 $beacon_pid
	wait_for "! kill -0 $beacon_pid 2> /dev/null"
	grep "its time is over" /mnt/beacon.log
	beacon; sleep 1; kill $beacon_pid
	wait_for "! pgrep -x beacon"
	'
}

@test "the beacon takes nothing from a server that does not know the token" {
	room '
	staged greet <<<"touch /mnt/ran"; chmod 777 /mnt
	answer="{\"task\":{\"task\":\"t\",\"ability\":\"greet\",\"args\":{},\"timeout_ms\":1000}}"
	# perl-base is on every Debian: a server that answers every request alike.
	perl -MIO::Socket::INET -e "\$|=1; \$s=IO::Socket::INET->new(LocalAddr=>q(127.0.0.1:80),Listen=>5,ReuseAddr=>1) or die;
		while(\$c=\$s->accept){print STDOUT scalar <\$c>; print \$c qq(HTTP/1.0 200 OK\r\n\r\n\$ARGV[0]); close \$c}" "$answer" > /mnt/asked &
	beacon; wait_for "[ \"\$(grep -c \"GET /poll\" /mnt/asked)\" -ge 2 ]"
	[ ! -e /mnt/ran ]
	'
}

@test "without its environment the beacon does not start" {
	room 'refuses /usr/lib/toride/beacon'
}
