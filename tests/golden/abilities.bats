#!/usr/bin/env bats
# The catalogue: every ability is sound, is exercised by the range's test, and stands in docs/abilities.md as it is.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	toride=${BUILD:-build}/toride
}

# field FILE KEY: the rest of the line `KEY: …`
field() { sed -n "s/^$2: //p" "$1"; }

@test "a scenario that uses every ability is sound" {
	run "$toride" check tests/range/attack.yaml
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(sed -n 's/.*ability: \([a-z-]*\),.*/\1/p' tests/range/attack.yaml | sort)" = \
		"$(for file in attacker/abilities/*.yaml; do field "$file" ability; done | sort)" ]
}

@test "docs/abilities.md lists every ability with its techniques, its summary and its traces" {
	[ "$(grep -c '^| `' docs/abilities.md)" -eq "$(ls attacker/abilities/*.yaml | wc -l)" ]
	for file in attacker/abilities/*.yaml; do
		id=$(field "$file" ability)
		techniques=$(field "$file" techniques | tr -d '[]')
		english=$(field "$file" summary | sed 's/.* en: "\{0,1\}\(.*[^" ]\)"\{0,1\} }$/\1/')
		row=$(grep -F "| \`$id\` | $techniques | $english / " docs/abilities.md) || { echo "no row: $id | $techniques | $english"; false; }
		while read -r path; do
			grep -qF "$path\`" <<<"$row" || { echo "$id: no trace $path"; false; }
		done < <(sed -n 's/^  - { host: .* file: "\{0,1\}\([^",]*\)"\{0,1\}, contains.*/\1/p' "$file")
	done
}

@test "the scripts of every ability are POSIX shell, never hold \${...} of ours, and can be taken back" {
	for file in attacker/abilities/*.yaml; do
		for part in run undo undone; do
			script=$(sed -n "/^$part: |/,/^[a-z]/{/^  /s/^  //p}" "$file")
			[ -n "$script" ] || { echo "$file: no $part"; false; }
			sh -n <<<"$script"
			! grep -qE '\$\{(on|to|via|as|home|arg)[.}]' <<<"$script" || { echo "$file: $part holds a reference"; false; }
			! grep -qE '\beval\b|\bsh -c\b|base64|\bwget\b' <<<"$script" || { echo "$file: $part evaluates text"; false; }
		done
	done
}
