#!/usr/bin/env bats
# The state `account-disabled`: seen on the directory itself, for the team that did it and no other.

load serve

setup_file() {
	load serve
	serve_start
	"$TORIDE" up "$BATS_TEST_DIRNAME/scenarios/accounts.yaml" --name check-accounts --teams 2 --bot 1 >"$BATS_FILE_TMPDIR/up" 2>&1 ||
		{ cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
	"$TORIDE" start check-accounts
	wait_for 120 ended
	"$TORIDE" journal check-accounts >"$BATS_FILE_TMPDIR/journal"
	export JOURNAL=$BATS_FILE_TMPDIR/journal
}

teardown_file() {
	load serve
	"$TORIDE" down check-accounts >&3 2>&1
	serve_stop
}

ended() { [ "$("$TORIDE" journal check-accounts | jq -s 'map(select(.kind == "clock.ended")) | length')" -eq 2 ]; }

# seen TEAM OBJECTIVE: what the probe wrote, in order
seen() { jq -sc "map(select(.kind == \"state.probe\" and .team == $1 and .body.objective == \"$2\") | .body.holds)" "$JOURNAL"; }

@test "an account that is locked, and one that is gone, are seen as such, only in the team that did it" {
	cat "$JOURNAL"
	[ "$(seen 1 service)" = '[false,true,true]' ]
	[ "$(seen 1 person)" = '[false,true,true]' ]
	[ "$(seen 2 service)" = '[false]' ]
	[ "$(seen 2 person)" = '[false]' ]
}

@test "who locked them has all points, who did nothing has none" {
	run "$TORIDE" score --journal "$JOURNAL" --scenario "$BATS_TEST_DIRNAME/scenarios/accounts.yaml" --json
	[ "$(jq -c '[.teams[].percent_milli]' <<<"$output")" = '[100000,0]' ]
}

@test "no alarm is raised: the look never fails" {
	run jq -e 'select(.kind == "alarm.raised")' "$JOURNAL"
	[ -z "$output" ]
}
