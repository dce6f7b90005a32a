#!/usr/bin/env bash
# `up` of 4 teams with image and layers at hand, against plain libvirt starting as many idle containers over 8 connections, in the same run:
# the same root file systems, user namespaces and memory limits, one interface each, and a `sleep` instead of the services. Goal: at most 1.5.
set -eu
cd "$(dirname "$0")/../.."
source tests/range/helper.bash
source tests/bench/plain.bash
plain=${BUILD:-build}/bench/plain
scenario=scenarios/exercises/first-call.yaml exercise=bench-up teams=4 rounds=${1:-5}
work=$(mktemp -d)
trap '"$tool" down $exercise >/dev/null; rm -rf "$work" /var/log/libvirt/lxc/plain-"$exercise"-*' EXIT

"$tool" bake "$scenario" $exercise $teams >/dev/null
for round in $(seq "$rounds"); do
	ours=$("$tool" up "$scenario" $exercise $teams | sed -n 's/.* \([0-9]*\) ms$/\1/p')
	make_plain $exercise "$work"
	theirs=$("$plain" "$work"/*.xml)
	"$tool" down $exercise >/dev/null
	echo "round $round: $(ls "$work"/*.xml | wc -l) guests: up $ours ms, plain libvirt $theirs ms" >&2
	echo "$ours $theirs"
done | awk '{ printf "%.3f %d %d\n", $1 / $2, $1, $2 }' | sort -n | awk '{ ratio[NR] = $1; ours[NR] = $2; theirs[NR] = $3 } END {
	m = int((NR + 1) / 2)
	printf "up of 4 teams / plain libvirt: %.2f (median of %d: %d ms and %d ms; goal: 1.5)\n", ratio[m], NR, ours[m], theirs[m] }'
