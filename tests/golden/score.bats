# toride score: the numbers of hand-written journals, with every reason.
# UPDATE=1 bats tests/golden/score.bats writes the expected files anew: read the difference before you commit it.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	toride=${BUILD:-build}/toride
	scenario=tests/fixtures/office.yaml
	dir=tests/golden/score
	journal=$BATS_TEST_TMPDIR/journal
}

# play PART...: a journal of the attack and these parts.
play() {
	for part in attack "$@"; do cat "$dir/$part.events"; done >"$BATS_TEST_TMPDIR/events"
	"$dir/chain" "$BATS_TEST_TMPDIR/events" >"$journal"
}

score() { "$toride" score --data-dir tests/fixtures/data --journal "$journal" --scenario "${file:-$scenario}" "$@" 2>"$BATS_TEST_TMPDIR/notes"; }

golden() { # NAME OPTION...
	local expected=$dir/$1.expected
	shift
	score "$@" >"$BATS_TEST_TMPDIR/out"
	if [ -n "${UPDATE:-}" ]; then cp "$BATS_TEST_TMPDIR/out" "$expected"; fi
	diff -u "$expected" "$BATS_TEST_TMPDIR/out"
}

@test "score: the perfect team has 100 %, the idle one 0 %" {
	play perfect
	golden perfect
	score --json >"$BATS_TEST_TMPDIR/json"
	[ "$(jq '.teams[0].percent_milli' "$BATS_TEST_TMPDIR/json")" = 100000 ]
	[ "$(jq '.teams[1].percent_milli' "$BATS_TEST_TMPDIR/json")" = 0 ]
}

@test "score: late, wrong, hinted, adjusted" {
	play mixed
	golden mixed
}

@test "score: the reasons in Japanese" {
	play mixed
	golden mixed-ja --language ja
}

@test "score: JSON" {
	play mixed
	golden mixed-json --json
}

@test "score: --at stops at an event" {
	play perfect
	golden perfect-at-13 --at 13
}

@test "score: the same journal gives the same bytes" {
	play mixed
	score --json >"$BATS_TEST_TMPDIR/one"
	score --json >"$BATS_TEST_TMPDIR/two"
	cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
}

@test "score: a changed text of the scenario is told, another scenario refused" {
	play perfect
	score >/dev/null
	grep -q 'not the one that was played' "$BATS_TEST_TMPDIR/notes"
	sed 's/"scenario":"office"/"scenario":"other"/' "$dir/attack.events" >"$BATS_TEST_TMPDIR/events"
	"$dir/chain" "$BATS_TEST_TMPDIR/events" >"$journal"
	run score
	[ "$status" -eq 1 ]
	grep -q "journal is of scenario 'other'" "$BATS_TEST_TMPDIR/notes"
}

@test "score: a journal that was tampered with is refused" {
	play perfect
	sed -i '12s/pc-sato/pc-other/' "$journal"
	run score
	[ "$status" -eq 1 ]
	grep -q 'event 12' "$BATS_TEST_TMPDIR/notes"
}

@test "score: wrong usage" {
	run "$toride" score
	[ "$status" -eq 2 ]
	run "$toride" score --journal x --scenario y --at z
	[ "$status" -eq 2 ]
	run "$toride" score --journal /nonexistent --scenario "$scenario" --data-dir tests/fixtures/data
	[ "$status" -eq 1 ]
	[[ $output == *"/nonexistent"* ]]
	run "$toride" score --journal /nonexistent --scenario /nonexistent
	[ "$status" -eq 2 ]
}
