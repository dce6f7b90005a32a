# toride check: each error that the language knows, with its place and its mend; and what hostile input comes to.
# UPDATE=1 bats tests/golden/check.bats writes the expected files anew: read the difference before you commit it.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	toride=${BUILD:-build}/toride
}

# golden NAME STATUS [DATA]: check errors/NAME.yaml and compare all that it says.
golden() {
	local expected=tests/golden/errors/$1.expected
	run "$toride" check --data-dir "tests/fixtures/${3:-data}" "tests/golden/errors/$1.yaml"
	if [ -n "${UPDATE:-}" ]; then echo "$output" >"$expected"; fi
	diff -u "$expected" <(echo "$output")
	[ "$status" -eq "$2" ]
}

# hostile FILE PATTERN: refused within 2 seconds and 64 MiB, with a message of that pattern.
hostile() {
	run bash -c 'ulimit -v 200000; timeout 2 "$1" check --data-dir tests/fixtures/data "$2" 2>&1' - "$toride" "$1"
	echo "$output" | head -n 5
	[ "$status" -eq "${3:-1}" ]
	[[ $output =~ $2 ]]
	[ "${#output}" -lt 100000 ]
}

@test "check: unknown keys suggest the nearest" { golden unknown-key 1; }
@test "check: wrong types" { golden wrong-type 1; }
@test "check: missing keys" { golden missing-key 1; }
@test "check: duplicate names" { golden duplicate-name 1; }
@test "check: addresses outside their network, taken, special" { golden address 1; }
@test "check: addresses that nobody hands out, and ranges that cannot be" { golden dhcp 1; }
@test "check: logs, flows and secrets that go nowhere" { golden deliveries 1; }
@test "check: simulated use of what is not offered" { golden activities 1; }
@test "check: people and departments named like what is there already" { golden taken-names 1; }
@test "check: rate, delay and loss of a network" { golden quality 1; }
@test "check: overlapping networks" { golden overlap 1; }
@test "check: a host on no network" { golden no-network 1; }
@test "check: a firewall rule that names nothing" { golden firewall 1; }
@test "check: a step after a step that does not exist" { golden step-order 1; }
@test "check: cycles of steps" { golden step-cycle 1; }
@test "check: an ability with missing, unknown and ill-typed arguments" { golden ability 1; }
@test "check: a step through what is no beacon" { golden through 1; }
@test "check: teams' secrets that nobody has, or that would be told" { golden secrets 1; }
@test "check: a target outside the range" { golden outside 1; }
@test "check: objectives that refer to nothing, and points of no worth" { golden objective 1; }
@test "check: accounts that nobody has, and two directories" { golden account 1; golden accounts 1; }
@test "check: floor_at before full_by" { golden times 1; }
@test "check: duties" { golden duty 1; }
@test "check: a solution that answers nothing" { golden solution 1; }
@test "check: texts without a language that is promised" { golden languages 1; }
@test "check: use of a missing file" { golden use-missing 1; }
@test "check: a cycle of use" { golden use-cycle 1; }
@test "check: a used file that overrides" { golden use-part 1; }
@test "check: what is not played yet is refused by name" { golden refused 1; }
@test "check: a broken role, image and ability" { golden broken-data 1 broken-data; }
@test "check: quotes that are never closed" { golden not-yaml 1; }
@test "check: a bracket that is never closed" { golden not-closed 1; }
@test "check: two documents in a file" { golden two-documents 1; }
@test "check: tags" { golden tag 1; }
@test "check: an alias of nothing" { golden alias 1; }
@test "check: control characters" { golden control 1; }
@test "check: a key that is no word" { golden odd-key 1; }
@test "check: a list for a file" { golden a-list 1; }
@test "check: an empty file" { golden empty 1; }
@test "check: what is legal but odd is a warning" { golden oddities 0; }
@test "check: logs and flows that a firewall drops" { golden dropped 0; }
@test "check: a scenario that scores nothing" { golden nothing-scored 0; }

@test "check: a tab in the indentation is named, with the mend" {
	printf 'toride: 1\nhosts:\n\tweb: { role: web }\n' >"$BATS_TEST_TMPDIR/tab.yaml"
	hostile "$BATS_TEST_TMPDIR/tab.yaml" 'tab.yaml:3:1: error: a tab in the indentation: YAML indents with spaces'
	printf 'toride: 1\nhosts:\n  \tweb: { role: web }\n' >"$BATS_TEST_TMPDIR/tab.yaml"
	hostile "$BATS_TEST_TMPDIR/tab.yaml" 'tab.yaml:3:3: error: a tab in the indentation'
}

@test "check: a tab inside a block of text is no fault" {
	sed 's/^briefing:.*/briefing: |\n  run:\n  \tls/' tests/fixtures/office.yaml >"$BATS_TEST_TMPDIR/office.yaml"
	sed -i "s#lans/office.yaml#lan.yaml#" "$BATS_TEST_TMPDIR/office.yaml"
	cp tests/fixtures/lans/office.yaml "$BATS_TEST_TMPDIR/lan.yaml"
	run "$toride" check --data-dir tests/fixtures/data "$BATS_TEST_TMPDIR/office.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "check: bad UTF-8 is named by byte and place" {
	printf 'toride: 1\ntitle: \xe8\xa8\x93\xff\n' >"$BATS_TEST_TMPDIR/bytes.yaml"
	hostile "$BATS_TEST_TMPDIR/bytes.yaml" 'bytes.yaml:2:9: error: byte 0xff is not UTF-8; save the file as UTF-8'
	printf 'title: \xed\xa0\x80\n' >"$BATS_TEST_TMPDIR/bytes.yaml" # a surrogate
	hostile "$BATS_TEST_TMPDIR/bytes.yaml" 'byte 0xed is not UTF-8'
	printf 'title: \xc0\xaf\n' >"$BATS_TEST_TMPDIR/bytes.yaml" # overlong
	hostile "$BATS_TEST_TMPDIR/bytes.yaml" 'byte 0xc0 is not UTF-8'
	printf 'title: \xe8\xa8' >"$BATS_TEST_TMPDIR/bytes.yaml" # cut off
	hostile "$BATS_TEST_TMPDIR/bytes.yaml" 'byte 0xe8 is not UTF-8'
}

@test "check: 10 MB of aliases" {
	{ echo 'a: &a [x]' && echo -n 'b: [' && yes '*a,' | head -c 10000000 && echo ']'; } >"$BATS_TEST_TMPDIR/aliases.yaml"
	hostile "$BATS_TEST_TMPDIR/aliases.yaml" 'it has over 1048576 bytes' 2
}

@test "check: aliases that unfold to billions" {
	{
		echo 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
		for i in 1 2 3 4 5 6 7 8 9; do
			echo "a$i: &a$i [*a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1)), *a$((i - 1))]"
		done
	} >"$BATS_TEST_TMPDIR/laughs.yaml"
	hostile "$BATS_TEST_TMPDIR/laughs.yaml" 'error: over 200000 values \(with every alias'
}

@test "check: an alias of what it stands in" {
	echo 'a: &a [*a]' >"$BATS_TEST_TMPDIR/self.yaml"
	hostile "$BATS_TEST_TMPDIR/self.yaml" 'refers to nothing before it, or to itself'
}

@test "check: a 100,000-deep list, on one line and on many" {
	head -c 100000 /dev/zero | tr '\0' '[' >"$BATS_TEST_TMPDIR/deep.yaml"
	hostile "$BATS_TEST_TMPDIR/deep.yaml" 'deep.yaml:1:26: error: over 24 lists and maps inside each other; make it flatter'
	yes -- - | head -n 100000 | tr '\n' ' ' >"$BATS_TEST_TMPDIR/deep.yaml"
	hostile "$BATS_TEST_TMPDIR/deep.yaml" 'error: over 24 lists and maps'
}

@test "check: 60,000 errors are counted, and the first shown" {
	{ echo 'objectives:' && yes ' - { id: A, phase: x }' | head -n 900; } >"$BATS_TEST_TMPDIR/many.yaml"
	hostile "$BATS_TEST_TMPDIR/many.yaml" '`objectives` has 900 entries; 100 are the limit'
	{ echo 'objectives:' && yes ' - { id: A, phase: x }' | head -n 100; } >"$BATS_TEST_TMPDIR/many.yaml"
	hostile "$BATS_TEST_TMPDIR/many.yaml" 'and [0-9]+ more, not shown'
	seq 1 60000 | sed 's/^/k/; s/$/: x/' >"$BATS_TEST_TMPDIR/keys.yaml"
	hostile "$BATS_TEST_TMPDIR/keys.yaml" 'and [0-9]+ more, not shown'
}

@test "check: one line of a megabyte" {
	{ echo -n 'title: "' && head -c 1000000 /dev/zero | tr '\0' 'x' && echo '"'; } >"$BATS_TEST_TMPDIR/long.yaml"
	hostile "$BATS_TEST_TMPDIR/long.yaml" 'a text of over 65536 bytes'
}

@test "check: the author's escape sequences do not reach the terminal" {
	printf 'title: "\xc2\x9b31m"\nh\xe2\x80\xaex: 1\n' >"$BATS_TEST_TMPDIR/escape.yaml"
	run "$toride" check --data-dir tests/fixtures/data "$BATS_TEST_TMPDIR/escape.yaml"
	[ "$status" -eq 1 ]
	run grep -q $'\xc2\x9b\|\xe2\x80\xae' <<<"$output"
	[ "$status" -eq 1 ]
}

@test "check: a FIFO, a folder and a file that is not there end with status 2" {
	mkfifo "$BATS_TEST_TMPDIR/fifo.yaml"
	hostile "$BATS_TEST_TMPDIR/fifo.yaml" 'it is not a file' 2
	hostile "$BATS_TEST_TMPDIR" 'it is not a file' 2
	hostile "$BATS_TEST_TMPDIR/none.yaml" 'error: cannot read .*none.yaml: No such file' 2
	run "$toride" check
	[ "$status" -eq 2 ]
	run "$toride" check --wrong
	[ "$status" -eq 2 ]
}

@test "check: several files at once; the worst status counts" {
	run "$toride" check --data-dir tests/fixtures/data tests/fixtures/office.yaml tests/golden/errors/tag.yaml
	[ "$status" -eq 1 ]
	[[ $output =~ "office.yaml: ok (5 hosts, 2 networks, 3 steps, 1 inject, 4 objectives, 1 duty)" ]]
	[[ $output =~ "tag.yaml: 1 error, 0 warnings" ]]
}

@test "check: every exercise in the tree is sound" {
	for file in scenarios/exercises/*.yaml; do
		run "$toride" check --data-dir . "$file"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ ! $output =~ warning ]]
	done
}

@test "check: every role, image and ability in the tree is sound" {
	{
		echo 'toride: 1'
		echo 'id: all'
		echo 'title: All'
		echo 'duration: 1h'
		echo 'networks: { lan: { cidr: 10.0.0.0/24 } }'
		echo 'people: { sato: { name: Sato } }'
		echo 'hosts:'
		n=1
		for role in scenarios/roles/*/role.yaml; do
			role=$(basename "$(dirname "$role")")
			echo "  h$n: { role: $role, nics: { lan: 10.0.0.$n } }"
			n=$((n + 1))
		done
		echo 'attack:'
		for ability in attacker/abilities/*.yaml; do
			echo "  - { id: s-$((n += 1)), technique: T1000, ability: $(basename "$ability" .yaml), on: h1, at: +1m }"
		done
	} >"$BATS_TEST_TMPDIR/all.yaml"
	run "$toride" check --data-dir . "$BATS_TEST_TMPDIR/all.yaml"
	echo "$output"
	# Faults of this made-up scenario (options and arguments not given) are none of theirs.
	run grep -E '^[^ ]*(role|scenarios/images/.*|attacker/abilities/.*)\.yaml:[0-9]+:[0-9]+: error|there is no' <<<"$output"
	[ "$status" -eq 1 ]
}

@test "schema: the reference page is current" {
	diff -u docs/scenario-reference.md <("$toride" schema --reference)
}

@test "schema: is JSON Schema that names every key of the language" {
	run bash -c '"$1" schema | jq -r ".properties | keys[]"' - "$toride"
	[ "$status" -eq 0 ]
	for key in toride id title duration use networks hosts firewalls people desk attack injects objectives duties solution; do
		grep -qx "$key" <<<"$output"
	done
	# Every reference leads to a definition.
	for name in scenario part role image ability; do
		run bash -c '"$1" schema "$2" | jq -e "([.. | .\"\$ref\"? // empty | ltrimstr(\"#/\$defs/\")] | unique) - (.\"\$defs\" | keys) == []"' - "$toride" $name
		[ "$status" -eq 0 ]
	done
	run "$toride" schema nothing
	[ "$status" -eq 2 ]
}
