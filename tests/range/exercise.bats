#!/usr/bin/env bats
# A whole exercise on real containers: built, attacked, defended by the bot in team 1 and by nobody in team 2, scored, taken down.

setup_file() {
	load helper
	load serve
	rm -rf "$TORIDE_STATE_DIR/exercises/short"
	snapshot short >"$BATS_FILE_TMPDIR/before"
	serve_start
	"$TORIDE" up "$BATS_TEST_DIRNAME/scenarios/short.yaml" --teams 2 --bot 1 >"$BATS_FILE_TMPDIR/up" 2>&1 || { cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
}

teardown_file() {
	load serve
	"$TORIDE" down short >/dev/null 2>&1 || true
	serve_stop
	rm -rf "$TORIDE_RUN_DIR"
}

setup() {
	load serve
	JOURNAL=$TORIDE_STATE_DIR/exercises/short/journal.db
	PASSWORDS=$BATS_FILE_TMPDIR/up
}

ended() {
	"$TORIDE" status --json | jq -e '[.exercises[] | select(.name == "short") | .teams[].state] | length == 2 and all(. == "ended")'
}

# outcome TEAM STEP
outcome() {
	"$TORIDE" journal short | jq -r --argjson team "$1" --arg step "$2" \
		'select(.kind == "truth.step" and .team == $team and .body.step == $step and .body.phase == "end") | .body.outcome'
}

@test "up prints an account for the instructor and for each team, once" {
	for account in instructor team1 team2; do
		grep -qE "^  $account +[a-z0-9]{4}(-[a-z0-9]{4}){3}$" "$PASSWORDS"
	done
	run "$TORIDE" up "$BATS_TEST_DIRNAME/scenarios/short.yaml" --teams 2
	[ "$status" -eq 0 ]
	[[ $output == *"nothing to change"* ]]
	[[ $output != *password* ]]
}

@test "status shows every guest of every team running" {
	run "$TORIDE" status --json
	[ "$status" -eq 0 ]
	[ "$(jq '[.exercises[0].guests[] | select(.state == "running")] | length' <<<"$output")" -eq 18 ]
	run "$TORIDE" status
	[[ $output == *"t2/pc-tanaka"* ]]
}

@test "passwords are not in clear on the disk" {
	password=$(awk '$1 == "team2" { print $2 }' "$PASSWORDS")
	[ -n "$password" ]
	# Not `! grep`: bats would pass over it in the middle of a test.
	run grep -lF -d skip -- "$password" "$TORIDE_STATE_DIR"/exercises/short/*
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(stat -c %a "$TORIDE_STATE_DIR/exercises/short/exercise.json")" = 600 ]
}

@test "the orchestrator opens no TCP or UDP port; its scoreboard alone listens, at one" {
	pid=$(cat "$TORIDE_RUN_DIR/serve.pid")
	[ "$(ss -Hltunp | grep -c "pid=$pid,")" -eq 0 ]
	[ "$(ss -Hltunp | grep -c "pid=$(pgrep -P "$pid" toride-score),")" -eq 1 ]
}

@test "exec returns output and exit status, and keeps its limits" {
	run "$TORIDE" exec short/1/proxy -- sh -c 'id -u; hostname; exit 7'
	[ "$status" -eq 7 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = proxy ]
	run "$TORIDE" exec --user tanaka short/t1/pc-tanaka -- id -un
	[ "$output" = tanaka ]
	run "$TORIDE" exec --timeout 0.5 short/1/proxy -- sleep 30
	[ "$status" -eq 124 ]
	run bash -c '"$0" exec --max-output 1000 short/1/proxy -- head -c 100000 /dev/zero 2>/dev/null | wc -c' "$TORIDE"
	[ "$output" -eq 1000 ]
	run bash -c 'echo from outside | "$0" exec short/1/proxy -- cat' "$TORIDE"
	[ "$output" = "from outside" ]
	run "$TORIDE" exec short/1/nowhere -- true
	[ "$status" -eq 1 ]
	[[ $output == *"no host 'nowhere'"*proxy* ]]
	run "$TORIDE" exec short/9/proxy -- true
	[ "$status" -eq 1 ]
	[[ $output == *"teams 1 to 2"* ]]
	run "$TORIDE" exec short/1/proxy
	[ "$status" -eq 2 ]
}

@test "a program stopped by its time limit leaves no process in the guest" {
	run "$TORIDE" exec --timeout 0.5 short/1/proxy -- sh -c 'sleep 4321 & sleep 4321'
	[ "$status" -eq 124 ]
	run "$TORIDE" exec short/1/proxy -- pgrep -f 'sleep 4321'
	[ "$status" -eq 1 ]
}

@test "shell is a terminal of the guest" {
	run bash -c "printf 'tty; stty size >/dev/null && echo sized; hostname; exit 5\n' | '$TORIDE' shell short/1/fw-edge"
	[ "$status" -eq 5 ]
	[[ $output == */dev/pts/* ]]
	[[ $output == *sized* ]]
	[[ $output == *fw-edge* ]]
}

@test "what is refused is told in both languages, and who sends too much is told when to go on" {
	local url password csrf jar=$BATS_TEST_TMPDIR/jar body=$BATS_TEST_TMPDIR/body code
	url=$("$TORIDE" status --json | jq -r .url)api/x/short
	password=$(awk '$1 == "team2" { print $2 }' "$PASSWORDS")
	csrf=$(curl -sf -c "$jar" -H "Origin: ${url%/api/*}" --json "{\"account\":\"team2\",\"password\":\"$password\"}" "$url/login" | jq -r .csrf)
	send() {
		curl -s -b "$jar" -D "$BATS_TEST_TMPDIR/head" -o "$body" -w '%{http_code}' -H "Origin: ${url%/api/*}" -H "X-CSRF-Token: $csrf" \
			--json '{"command":"claim","args":{"objective":"patient-zero","value":{"host":"x"}}}' "$url/command"
	}
	[ "$(send)" = 422 ]
	jq -e '.code == "refused" and .error == {"ja":"演習はまだ始まっていません。","en":"the exercise has not begun yet"} and (has("retry_s") | not)' "$body"
	for _ in $(seq 40); do
		code=$(send)
		[ "$code" = 422 ] || break
	done
	cat "$body"
	[ "$code" = 429 ]
	jq -e '.code == "limited" and (.retry_s | . >= 1 and . <= 2) and (.error.ja | startswith("送信が多すぎます。"))' "$body"
	grep -qi "^retry-after: [12]" "$BATS_TEST_TMPDIR/head"
}

@test "the exercise is played: the bot's block really stops the attack, and only in its team" {
	run "$TORIDE" start short
	[ "$status" -eq 0 ]
	wait_for 110 ended
	for step in lure open beacon look; do
		[ "$(outcome 1 $step)" = "done" ]
		[ "$(outcome 2 $step)" = "done" ]
	done
	[ "$(outcome 1 collect)" = blocked ]
	[ "$(outcome 1 exfil)" = skipped ]
	[ "$(outcome 2 collect)" = "done" ]
	[ "$(outcome 2 exfil)" = "done" ]
}

@test "the theft was seen at the C&C of the idle team, not at the other's, and is taken back at the end" {
	stolen() { "$TORIDE" journal short | jq -s --argjson team "$1" \
		'[.[] | select(.kind == "truth.trace" and .team == $team and .body.step == "exfil" and .body.host == "attacker" and .body.found)] | length'; }
	[ "$(stolen 2)" -ge 1 ]
	[ "$(stolen 1)" -eq 0 ]
	undone() { "$TORIDE" journal short | jq -se \
		'[.[] | select(.kind == "truth.undone" and .team == 2)] | length == 6 and all(.body.clean == true)'; }
	wait_for 20 undone
	run "$TORIDE" exec short/2/attacker -- sh -c 'find / -xdev -name "*residents*" -size +0 2>/dev/null | grep -c .'
	[ "$output" -eq 0 ]
}

@test "what follows a right claim comes to the team that made it, and to no other" {
	[ "$("$TORIDE" journal short | jq -s 'map(select(.kind == "inject.sent" and .body.inject == "thanks") | .team)' -c)" = "[1]" ]
}

@test "a step that was cut off is taken back like one that was done; one that never began is not" {
	undone() { "$TORIDE" journal short | jq -r 'select(.kind == "truth.undone" and .team == 1 and .body.clean) | .body.step' | sort | xargs; }
	all() { [ "$(undone)" = "beacon collect look lure open" ]; }
	wait_for 20 all || { undone; return 1; }
}

@test "every step that was done left the traces that its ability promises" {
	run bash -c '"$0" journal short | jq -c "select(.kind == \"truth.trace\" and .body.found != true)"' "$TORIDE"
	echo "$output"
	[ -z "$output" ]
	[ "$("$TORIDE" journal short | jq -c 'select(.kind == "truth.trace")' | wc -l)" -ge 6 ]
}

@test "journal --verify accepts the chain, and notices one changed byte" {
	run "$TORIDE" journal short --verify
	[ "$status" -eq 0 ]
	"$TORIDE" journal short >"$BATS_TEST_TMPDIR/copy.jsonl"
	run "$TORIDE" journal "$BATS_TEST_TMPDIR/copy.jsonl" --verify
	[ "$status" -eq 0 ]
	sed -i '0,/pc-tanaka/s//pc-tanakb/' "$BATS_TEST_TMPDIR/copy.jsonl"
	run "$TORIDE" journal "$BATS_TEST_TMPDIR/copy.jsonl" --verify
	[ "$status" -eq 1 ]
}

@test "the bot's team has everything, the idle team nothing" {
	run bash -c '"$0" score --journal "$1" --scenario "$2" --json' "$TORIDE" "$JOURNAL" "$BATS_TEST_DIRNAME/scenarios/short.yaml"
	[ "$status" -eq 0 ]
	[ "$(jq '.teams[] | select(.team == 1) | .percent_milli' <<<"$output")" -eq 100000 ]
	[ "$(jq '.teams[] | select(.team == 2) | .points_milli' <<<"$output")" -eq 0 ]
}

@test "the score recomputed offline is the board's, to the last digit" {
	url=$("$TORIDE" status --json | jq -r .url)
	"$TORIDE" journal short >"$BATS_TEST_TMPDIR/journal.jsonl"
	curl -sf "${url}api/x/short/board" | jq -c '[.teams[] | {team, points_milli, measured_milli}]' >"$BATS_TEST_TMPDIR/board"
	"$TORIDE" score --journal "$BATS_TEST_TMPDIR/journal.jsonl" --scenario "$BATS_TEST_DIRNAME/scenarios/short.yaml" --json |
		jq -c '[.teams[] | {team, points_milli, measured_milli}]' >"$BATS_TEST_TMPDIR/offline"
	cat "$BATS_TEST_TMPDIR/board"
	diff "$BATS_TEST_TMPDIR/board" "$BATS_TEST_TMPDIR/offline"
}

@test "a killed guest is told in one line, and up makes it anew" {
	load helper
	pid=$($VIRSH list | awk -v name="toride-short-t2-web-$site" '$2 == name { print $1 }')
	[ -n "$pid" ]
	kill -9 "$(pgrep -P "$pid" | head -1)"
	wait_for 15 grep -q "team 2: host 'web' has stopped" "$SERVE_LOG"
	[ "$(grep -c "host 'web' has stopped" "$SERVE_LOG")" -eq 1 ]
	"$TORIDE" journal short | jq -se 'any(.kind == "range.lost" and .team == 2 and .body.host == "web")'
	run "$TORIDE" up "$BATS_TEST_DIRNAME/scenarios/short.yaml" --teams 2
	echo "$output"
	[ "$status" -eq 0 ]
	run "$TORIDE" exec short/2/web -- true
	[ "$status" -eq 0 ]
}

@test "an orchestrator that was killed takes the exercise up again" {
	events=$("$TORIDE" journal short | wc -l)
	serve_kill
	run "$TORIDE" status
	[ "$status" -eq 1 ]
	[[ $output == *"toride serve"* ]]
	serve_start
	run "$TORIDE" status --json
	[ "$(jq -r '.exercises[0].name' <<<"$output")" = short ]
	[ "$(jq '[.exercises[0].guests[] | select(.state == "running")] | length' <<<"$output")" -eq 18 ]
	[ "$("$TORIDE" journal short | wc -l)" -ge "$events" ]
	"$TORIDE" journal short --verify
	run "$TORIDE" exec short/1/proxy -- true
	[ "$status" -eq 0 ]
}

@test "down leaves the host as it was, and keeps the journal" {
	load helper
	run "$TORIDE" down short
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$TORIDE_STATE_DIR/exercises/short/exercise.json" ]
	"$TORIDE" journal short --verify
	serve_stop
	rm -rf "$TORIDE_STATE_DIR"/exercises/short # the journal stays after `down`; it is this test's
	nothing_left short "$BATS_FILE_TMPDIR/before"
}
