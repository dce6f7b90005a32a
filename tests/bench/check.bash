#!/usr/bin/env bash
# `toride check` of a scenario of over 2,000 lines, against libyaml alone reading the same file. Goal: under 50 ms.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp scenarios/lans/small-office.yaml "$work/"
{
	sed 's|\.\./lans/||; /^solution:/,$d; /^injects:/,$d' scenarios/exercises/first-call.yaml
	echo "injects:"
	for i in $(seq 190); do
		printf '  - id: call-%d\n    at: +%ds\n    from: soc-a\n    text:\n' "$i" $((i % 290))
		printf '      ja: |\n        %d 番目の連絡です。\n        ログを確認してください。\n        以上です。\n' "$i"
		printf '      en: |\n        Message %d.\n        Please look at the log.\n        That is all.\n' "$i"
	done
} >"$work/long.yaml"

median_ms() { # command...: of 21 runs
	for _ in $(seq 21); do
		local from=$EPOCHREALTIME
		"$@" >/dev/null 2>&1 || { echo "error: $* failed" >&2; exit 1; }
		local to=$EPOCHREALTIME
		echo $((${to/./} - ${from/./}))
	done | sort -n | awk 'NR == 11 { printf "%.2f\n", $1 / 1000 }'
}

lines=$(wc -l <"$work/long.yaml")
ours=$(median_ms "$build/toride" check "$work/long.yaml")
least=$(median_ms "$build/bench/yaml" "$work/long.yaml")
awk -v ours="$ours" -v least="$least" -v lines="$lines" \
	'BEGIN { printf "check of %d lines / libyaml alone: %.2f (%s ms and %s ms; goal: under 50 ms)\n", lines, ours / least, ours, least }'
