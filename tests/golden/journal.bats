# toride journal: what it prints, what it proves, and what it refuses. The events are those of the score's golden tests.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	toride=${BUILD:-build}/toride
	exported=$BATS_TEST_TMPDIR/journal.jsonl
	tests/golden/score/chain tests/golden/score/attack.events >"$exported"
	count=$(wc -l <"$exported")
	last=$(tail -1 "$exported" | jq -r .hash)
}

# The SQLite file of the same events, as the orchestrator would have written it.
make_database() {
	mkdir -p "$BATS_TEST_TMPDIR/state/exercises/drill"
	database=$BATS_TEST_TMPDIR/state/exercises/drill/journal.db
	{
		echo "CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT NOT NULL, hash TEXT NOT NULL);"
		echo "PRAGMA application_id = 0x54724a6e; PRAGMA user_version = 1; BEGIN;"
		jq -cS 'del(.prev, .hash) | {seq, text: tojson}' "$exported" | paste - <(jq -r .hash "$exported") |
			while IFS=$'\t' read -r event hash; do
				text=$(jq -r .text <<<"$event" | sed "s/'/''/g")
				echo "INSERT INTO events VALUES ($(jq .seq <<<"$event"), '$text', '$hash');"
			done
		echo "COMMIT;"
	} | sqlite3 "$database"
}

@test "journal: prints exported lines again, byte for byte" {
	"$toride" journal "$exported" | cmp - "$exported"
}

@test "journal: prints a database as the same lines, found by the exercise's name" {
	make_database
	"$toride" journal drill --state-dir "$BATS_TEST_TMPDIR/state" | cmp - "$exported"
	"$toride" journal "$database" --after 2 | cmp - <(tail -n +3 "$exported")
}

@test "journal: --verify says how many events, and the last hash" {
	make_database
	run "$toride" journal drill --state-dir "$BATS_TEST_TMPDIR/state" --verify
	[ "$status" -eq 0 ]
	[ "$output" = "drill: the chain of $count events is whole; it ends in $last" ]
	run "$toride" journal "$exported" --verify
	[ "$output" = "$exported: the chain of $count events is whole; it ends in $last" ]
}

@test "journal: --verify names the first event that was changed" {
	make_database
	sqlite3 "$database" "UPDATE events SET event = replace(event, '\"team\":1', '\"team\":2') WHERE seq = 3"
	run "$toride" journal "$database" --verify
	[ "$status" -eq 1 ]
	[[ "$output" == "error: journal '$database': event 3: the hash does not fit"* ]]
	sed -i 3d "$exported"
	run "$toride" journal "$exported" --verify
	[ "$status" -eq 1 ]
	[[ "$output" == *"event 3 is missing: event 4 stands in its place"* ]]
}

@test "journal: follows a journal that grows" {
	make_database
	timeout 2 "$toride" journal "$database" --follow >"$BATS_TEST_TMPDIR/out" || true
	cmp "$BATS_TEST_TMPDIR/out" "$exported"
}

@test "journal: one clear line for what it cannot do" {
	run "$toride" journal nothing --state-dir "$BATS_TEST_TMPDIR"
	[ "$status" -eq 1 ]
	[ "$output" = "error: exercise 'nothing' has no journal in $BATS_TEST_TMPDIR; --state-dir names another place" ]
	run "$toride" journal README.md
	[ "$status" -eq 1 ]
	[[ "$output" == "error: journal 'README.md': "* ]]
	run "$toride" journal "$exported" --follow
	[ "$status" -eq 1 ]
	run "$toride" journal
	[ "$status" -eq 2 ]
	run "$toride" journal "$exported" --after x
	[ "$status" -eq 2 ]
	run "$toride" journal "$exported" --verify --after 3
	[ "$status" -eq 2 ]
}
