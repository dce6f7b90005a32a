#!/usr/bin/env bats
# Per-team secrets: each team has others, they reach the hosts that are given them, and nobody else.

load helper

setup_file() {
	load helper
	snapshot scrt >"$BATS_FILE_TMPDIR/before"
	mkdir -p "$BATS_FILE_TMPDIR/exercises"
	cp -r tests/range/lan/roles "$BATS_FILE_TMPDIR/"
	sed 's/two: {/two: { secrets: [flag1, flag2],/' "$lan" >"$BATS_FILE_TMPDIR/exercises/tiny.yaml"
	up scrt 2 "$BATS_FILE_TMPDIR/exercises/tiny.yaml"
}

teardown_file() {
	load helper
	for exercise in scrt scrt-two; do down $exercise; done
	nothing_left scrt "$BATS_FILE_TMPDIR/before"
}

secrets() { guest "$1/$2/two" cat /etc/toride/secrets.json; }
all_values() { for team in 1 2; do for name in flag1 flag2; do "$tool" secret scrt $team $name; done; done; }

@test "each team has its own, as the orchestrator knows them: 24 letters and digits" {
	local team name values
	for team in 1 2; do
		for name in flag1 flag2; do
			[ "$(secrets scrt $team | jq -r .$name)" = "$("$tool" secret scrt $team $name)" ]
		done
	done
	values=$(all_values)
	[ "$(grep -cxE '[a-z0-9]{24}' <<<"$values")" -eq 4 ]
	[ "$(sort -u <<<"$values" | wc -l)" -eq 4 ]
}

@test "only the guest's root reads them, and hosts that are given none have none" {
	[ "$(guest scrt/1/two stat -c '%a %U' /etc/toride/secrets.json)" = '600 root' ]
	run "$tool" exec scrt/1/two -u trainee -- cat /etc/toride/secrets.json
	[ "$status" -ne 0 ]
	for host in one hop; do
		run guest scrt/1/$host test -e /etc/toride/secrets.json
		[ "$status" -eq 1 ]
	done
}

@test "no layer, history, plan or fact holds them; the key is root's alone" {
	local values
	values=$(all_values)
	run grep -rqFf <(echo "$values") "$TORIDE_STATE_DIR/layers" "$TORIDE_STATE_DIR/histories"
	[ "$status" -eq 1 ]
	"${BUILD:-build}/toride" plan --no-capacity "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --json >"$BATS_TEST_TMPDIR/told"
	guest scrt/1/two cat /etc/toride/facts.json >>"$BATS_TEST_TMPDIR/told"
	grep -q '"host": *"two"' "$BATS_TEST_TMPDIR/told"
	run grep -qFf <(echo "$values") "$BATS_TEST_TMPDIR/told"
	[ "$status" -eq 1 ]
	[ "$(stat -c '%a %s' "$TORIDE_STATE_DIR/exercises/scrt/secrets.key")" = '600 32' ]
}

@test "a guest that starts again has the same, whatever its root made of the file" {
	local before
	before=$(secrets scrt 1)
	guest scrt/1/two sh -c 'rm /etc/toride/secrets.json; ln -s /etc/hosts /etc/toride/secrets.json'
	kill -9 "$(init_of scrt 1 two)"
	run up scrt 2 "$BATS_FILE_TMPDIR/exercises/tiny.yaml"
	[[ $output == [12]" changed"* ]] # 2: libvirt had not noticed its end yet, and it was taken away first
	[ "$(secrets scrt 1)" = "$before" ]
	run guest scrt/1/two test -L /etc/toride/secrets.json
	[ "$status" -eq 1 ]
}

@test "a link in place of the folder leads nowhere: the start is refused" {
	guest scrt/2/two sh -c 'mv /etc/toride /etc/was; ln -s / /etc/toride'
	kill -9 "$(init_of scrt 2 two)"
	run up scrt 2 "$BATS_FILE_TMPDIR/exercises/tiny.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"team 2: guest 'two': secrets: open its /etc/toride: "* ]]
	[ ! -e /secrets.json ]
	down scrt
	up scrt 2 "$BATS_FILE_TMPDIR/exercises/tiny.yaml"
}

@test "neither the journal nor what the orchestrator says of an exercise holds them, and another exercise has others" {
	load serve
	local value
	serve_start
	"$TORIDE" up "$BATS_FILE_TMPDIR/exercises/tiny.yaml" --name scrt-two --no-verify >"$BATS_TEST_TMPDIR/said" 2>&1
	"$TORIDE" status >>"$BATS_TEST_TMPDIR/said"
	"$TORIDE" journal scrt-two >>"$BATS_TEST_TMPDIR/said"
	value=$(secrets scrt-two 1 | jq -r .flag1)
	[ ${#value} -eq 24 ]
	[ "$value" != "$("$tool" secret scrt 1 flag1)" ]
	run grep -qF "$value" "$BATS_TEST_TMPDIR/said" "$SERVE_LOG" "$TORIDE_STATE_DIR/exercises/scrt-two/journal.db" \
		"$TORIDE_STATE_DIR/exercises/scrt-two/exercise.json"
	[ "$status" -eq 1 ]
	"$TORIDE" down scrt-two
	[ ! -e "$TORIDE_STATE_DIR/exercises/scrt-two/secrets.key" ]
	serve_stop
	rm -r "$TORIDE_STATE_DIR/exercises/scrt-two"
}
