#!/usr/bin/env bats
# The past of a host: a layer of its own between the host's layer and its disk, for each day.

load helper

setup_file() {
	load helper
	snapshot hist >"$BATS_FILE_TMPDIR/before"
	mkdir -p "$BATS_FILE_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_FILE_TMPDIR/"
	cp "$lan" "$BATS_FILE_TMPDIR/exercises/"
	cat >"$BATS_FILE_TMPDIR/roles/box/history" <<-'EOF'
		#!/bin/sh
		set -eu
		test -f "$TORIDE_ROLE/setup"
		printf '%s %s %s\n' "$TORIDE_DAY" "$(jq -r .host /etc/toride/facts.json)" "$(cat /etc/box-mark)" >/var/log/past
		chown trainee: /var/log/past
		rm /etc/skel/only
		python3 -c 'import toride_history; print(toride_history.Chronicle().days[-1].iso)' >/var/log/yesterday
	EOF
	chmod +x "$BATS_FILE_TMPDIR/roles/box/history"
	mkdir "$BATS_FILE_TMPDIR/roles/box/activities"
	printf '#!/bin/sh\necho done\n' >"$BATS_FILE_TMPDIR/roles/box/activities/browse"
	past hist
}

teardown_file() {
	load helper
	for exercise in hist hist-bad hist-day; do down $exercise; done
	nothing_left hist "$BATS_FILE_TMPDIR/before"
}

past() { RANGE_TOOL_DAY=${2:-2026-11-24} up "$1" 2 "$BATS_FILE_TMPDIR/exercises/tiny.yaml"; }
made() { find "$TORIDE_STATE_DIR/$1" -mindepth 1 -maxdepth 1 -name "${2:-box}-*" ! -name '*.log' | sort; }

@test "a guest has its role's past over its setup's work: files, owners, deletions" {
	for team in 1 2; do
		[ "$(guest hist/$team/one cat /var/log/past)" = '2026-11-24 one plain' ]
		[ "$(guest hist/$team/two cat /var/log/past)" = '2026-11-24 two changed' ]
	done
	[ "$(guest hist/1/one stat -c %U /var/log/past)" = trainee ]
	run guest hist/1/one test -e /etc/skel/only
	[ "$status" -ne 0 ]
	guest hist/1/one test -d /etc/skel
	run guest hist/1/hop test -e /var/log/past
	[ "$status" -ne 0 ]
}

@test "a history has the module of the organisation's past; the guest does not" {
	[ "$(guest hist/1/one cat /var/log/yesterday)" = 2026-11-23 ]
	run guest hist/1/one python3 -c 'import toride_history'
	[ "$status" -ne 0 ]
	[[ $output == *"No module named"* ]]
}

@test "a role's activities are programs in the guest" {
	[ "$(guest hist/1/one stat -c %a /usr/lib/toride/activities/browse)" = 755 ]
	[ "$(guest hist/1/one /usr/lib/toride/activities/browse)" = done ]
}

@test "the same day again changes nothing; another day makes the guests with a past anew, on the layers that are there" {
	run past hist
	[[ $output == "0 changed"* ]]
	local layers hop
	layers=$(made layers) hop=$(init_of hist 1 hop)
	run past hist 2027-01-05
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(made layers)" = "$layers" ]
	[ "$(init_of hist 1 hop)" = "$hop" ]
	[ "$(guest hist/2/one cat /var/log/past)" = '2027-01-05 one plain' ]
	past hist
}

@test "a changed history makes histories anew and no layer" {
	local layers histories
	layers=$(made layers) histories=$(made histories | wc -l)
	echo 'echo more >>/var/log/past' >>"$BATS_FILE_TMPDIR/roles/box/history"
	past hist
	[ "$(made layers)" = "$layers" ]
	[ "$(made histories | wc -l)" -eq $((histories + 2)) ]
	[ "$(guest hist/1/one tail -n 1 /var/log/past)" = more ]
}

@test "a history that fails: its last lines and its log's path are shown, the rest is built" {
	cp -r "$BATS_FILE_TMPDIR/." "$BATS_TEST_TMPDIR/"
	echo 'case $(cat /etc/box-mark) in changed) echo "this is the reason"; exit 3 ;; esac' >>"$BATS_TEST_TMPDIR/roles/box/history"
	run up hist-bad 1 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"history of role 'box' ended with status 3; its last lines (all in '"*"/histories/box-two.log')"*"this is the reason"* ]]
	grep -q 'this is the reason' "$TORIDE_STATE_DIR/histories/box-two.log"
	guest hist-bad/1/one true
	down hist-bad
}

@test "a history that cannot be run is named with the mend" {
	cp -r "$BATS_FILE_TMPDIR/." "$BATS_TEST_TMPDIR/"
	echo '# other' >>"$BATS_TEST_TMPDIR/roles/box/history"
	chmod -x "$BATS_TEST_TMPDIR/roles/box/history"
	run up hist-bad 1 "$BATS_TEST_TMPDIR/exercises/tiny.yaml"
	down hist-bad
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"/roles/box/history' cannot be run; chmod +x it"* ]]
}

@test "an exercise keeps the day of its first up, also after a restart, until up is told another" {
	load serve
	local scenario=$BATS_FILE_TMPDIR/exercises/tiny.yaml
	serve_start
	"$TORIDE" up "$scenario" --name hist-day --no-verify --day 2026-01-15
	run "$TORIDE" up "$scenario" --name hist-day --no-verify
	[[ $output == *"nothing to change"* ]]
	serve_kill
	serve_start
	run "$TORIDE" up "$scenario" --name hist-day --no-verify
	[[ $output == *"nothing to change"* ]]
	[[ $(guest hist-day/1/one head -n 1 /var/log/past) == 2026-01-15* ]]
	"$TORIDE" up "$scenario" --name hist-day --no-verify --day 2026-01-16
	[[ $(guest hist-day/1/one head -n 1 /var/log/past) == 2026-01-16* ]]
	run "$TORIDE" up "$scenario" --name hist-day --no-verify --day yesterday
	[ "$status" -eq 1 ]
	[[ $output == *"day 'yesterday': there is no such day"* ]]
	run "$TORIDE" up "$scenario" --name hist-day --no-verify
	[[ $output == *"nothing to change"* ]]
	"$TORIDE" down hist-day
	serve_stop
	rm -r "$TORIDE_STATE_DIR/exercises/hist-day"
}
