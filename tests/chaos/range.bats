#!/usr/bin/env bats
# kill -9 at any moment, then `down` from a fresh process: the host is as it was.

load ../range/helper

setup_file() {
	load ../range/helper
	"$tool" bake "$lan" rgc 2
}

teardown_file() {
	load ../range/helper
	down rgc
}

# Some milliseconds as seconds for sleep.
moment() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# Starts the command and kills it after so many milliseconds; it may have been done by then.
kill_after() { # ms command…
	local ms=$1 pid
	shift
	"$@" >/dev/null 2>&1 &
	pid=$!
	sleep "$(moment "$ms")"
	kill -9 $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
}

@test "kill -9 at 20 random moments of up, then down: nothing is left" {
	local before=$BATS_TEST_TMPDIR/before round ms reached=0
	snapshot rgc >"$before"
	for round in $(seq 20); do
		# Every other time the layers have to be made, too.
		[ $((round % 2)) -eq 0 ] || rm -rf "$TORIDE_STATE_DIR"/layers/{box,hop}-*
		ms=$((RANDOM % 700))
		kill_after $ms "$tool" up "$lan" rgc 2
		snapshot rgc >"$BATS_TEST_TMPDIR/killed"
		cmp -s "$before" "$BATS_TEST_TMPDIR/killed" || reached=$((reached + 1))
		run down rgc
		echo "round $round, killed after $ms ms: $output"
		[ "$status" -eq 0 ]
		nothing_left rgc "$before"
	done
	echo "$reached of 20 left something to clean"
	[ $reached -ge 5 ]
}

@test "kill -9 of up, then up again: it goes on from what is there" {
	kill_after 200 "$tool" up "$lan" rgc 2
	up rgc 2
	run up rgc 2
	[[ $output == "0 changed"* ]]
	[ "$("$tool" status rgc | jq '[.guests[] | select(.state == "running")] | length')" -eq 6 ]
	"$tool" probe rgc/2/one 10.66.2.10 7000
	down rgc
}

@test "kill -9 of down at 5 random moments, then down again: nothing is left" {
	local before=$BATS_TEST_TMPDIR/before round ms
	snapshot rgc >"$before"
	for round in $(seq 5); do
		up rgc 2
		ms=$((RANDOM % 350))
		kill_after $ms "$tool" down rgc
		run down rgc
		echo "round $round, killed after $ms ms: $output"
		[ "$status" -eq 0 ]
		nothing_left rgc "$before"
	done
}

@test "kill -9 while the image is made: everything that was started ends, and down removes what there was of it" {
	local small=$TORIDE_STATE_DIR-image
	mkdir -p -m 711 "$small/images" "$small/layers" "$small/exercises"
	kill_after 3000 env TORIDE_STATE_DIR="$small" "$tool" up "$lan" rgc-image 1
	[ -n "$(ls -A "$small/images" | grep tmp-)" ] # it had begun
	soon 5 bash -c "! pgrep -f '$small/images/[.]tmp'"
	run env TORIDE_STATE_DIR="$small" "$tool" down rgc-image
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(find "$small" -mindepth 2 ! -name '.lock-*')" ]
	[ -z "$(findmnt -rno TARGET | grep -F "$small")" ]
	rm -r "$small"
}
