#!/usr/bin/env bash
# The enterprise LAN with its layers baked: what one more team costs, against plain libvirt and podman starting as many idle containers on
# the same root file systems in the same run; resets; ten teams; down. lan.bash [SCENARIO] [TEAMS]
set -eu
cd "$(dirname "$0")/../.."
source tests/range/helper.bash
source tests/bench/plain.bash
plain=${BUILD:-build}/bench/plain
scenario=${1:-tests/bench/enterprise.yaml} teams=${2:-10} exercise=bench-lan rounds=${ROUNDS:-5}
work=$(mktemp -d)
trap '"$tool" down $exercise >/dev/null; rm -rf "$work" /var/log/libvirt/lxc/plain-"$exercise"-*' EXIT

# "WALL PROCESSORS", in ms: all that the processors did meanwhile. What the machine's own host takes from them makes the first longer, not the second.
up() { # teams
	local before wall
	before=$(busy_ticks)
	wall=$("$tool" up "$scenario" $exercise "$1" | ms_of)
	echo "$wall $((($(busy_ticks) - before) * 1000 / $(getconf CLK_TCK)))"
}
# The last team beside the others, which are at rest: sets `ours` and `ours_work`; and its guests again as plain libvirt starts them: `theirs`.
up_last() { # team
	calm
	read -r ours ours_work < <(up "$1")
}
plain_last() { # team
	make_plain $exercise "$work" "$1"
	calm
	theirs=$("$plain" "$work"/*.xml)
}
# Sets `answered` (how many planned services) and `answer_ms` (from now until the last one did); shows what does not hold.
verify() { # teams
	local line
	line=$("$tool" verify "$scenario" $exercise "$1" 2>"$work/failures") || sed 's/^/    not as planned: /' "$work/failures" >&2
	answered=$(sed -n 's/.* \([0-9]*\) planned services.*/\1/p' <<<"$line")
	answer_ms=$(sed -n 's/.* within \([0-9]*\) ms.*/\1/p' <<<"$line")
	differ=$(sed -n 's/.* \([0-9]*\) differ.*/\1/p' <<<"$line")
}
available_mib() { awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo; }
cgroups_mib() { "$tool" status $exercise | jq '[.guests[].memory_bytes] | add / 1048576 | floor'; }

"$tool" down $exercise >/dev/null
"$tool" bake "$scenario" $exercise 1 >/dev/null
"$tool" up "$scenario" $exercise 1 >/dev/null
guests=$("$tool" status $exercise | jq '.guests | length')

# ---- one more team ----
for round in $(seq "$rounds"); do
	up_last 2
	verify 2
	plain_last 2
	echo "$ours $theirs $ours_work" >>"$work/beside-1"
	pods="0 0"
	if command -v podman >/dev/null; then
		calm
		pods=$(bash tests/bench/podman.bash "$work/podman" "$TORIDE_STATE_DIR"/exercises/$exercise/guests/t2-*/root) || pods="0 0"
	fi
	up 1 >/dev/null # takes team 2 away again
	echo "round $round: up $ours ms ($ours_work of processors), services $answer_ms ms after it; plain libvirt $theirs ms; podman (one by one, in parallel) $pods ms" >&2
	awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.3f ", a / b }'
	echo "$ours $theirs $answer_ms $pods"
done | sort -n | awk -v guests="$guests" '{ line[NR] = $0 } END {
	split(line[int((NR + 1) / 2)], m, " ")
	printf "one more team of %d guests / plain libvirt over 8 connections: %.2f (median of %d: %d ms and %d ms; goal: at most 2)\n", guests, m[1], NR, m[2], m[3]
	printf "  the last planned service answered %d ms after that\n", m[4]
	if (m[5]) printf "  / podman one after the other: %.2f (%d ms); in parallel: %.2f (%d ms)\n", m[2] / m[5], m[5], m[2] / m[6], m[6] }'

verify 1 # when all have been at rest for long: what the measurement itself takes
echo "  (for a team that is at rest the same question takes $answer_ms ms)"

# ---- resets ----
reset() { for _ in 1 2 3 4 5; do "$tool" reset "$scenario" $exercise 1 1 "$@" | ms_of; done | median; }
has() { "$tool" status $exercise | jq -e --arg host "$1" 'any(.guests[]; .host == $host)' >/dev/null; }
for host in web proxy file ad; do
	if has $host; then echo "reset of $host: $(reset $host) ms (goal: under $([ $host = ad ] && echo 5 || echo 1) s)"; fi
done
echo "reset of a team: $(reset) ms (goal: under 6 s)"

# ---- team after team, each when those before are at rest: does the next one cost more? What of it is libvirt's own? ----
for team in $(seq 2 "$teams"); do
	calm
	before=$(cgroups_mib)
	read -r took processors < <(up "$team")
	echo "$team $took $(($(cgroups_mib) - before)) $processors"
done | awk '{ n++; x += $1; y += $2; m += $3; p += $4; xx += $1 * $1; xy += $1 * $2; xm += $1 * $3; xp += $1 * $4
	printf "  team %d: %d ms (%d of processors), %d MiB\n", $1, $2, $4, $3 } END {
	d = n * xx - x * x; if (n < 2) exit
	printf "each further team, 2 to %d: %.0f ms (%.0f of processors) and %.0f MiB on average; from one to the next it grows by %.1f ms (%.1f) and %.2f MiB\n",
		n + 1, y / n, p / n, m / n, (n * xy - x * y) / d, (n * xp - x * p) / d, (n * xm - x * m) / d }'
# The last one again, as often as the second one above, and what plain libvirt takes for its guests beside the same others.
for round in $(seq "$rounds"); do
	up $((teams - 1)) >/dev/null
	up_last "$teams"
	plain_last "$teams"
	echo "$ours $theirs $ours_work" >>"$work/beside-others"
	echo "beside $((teams - 1)), round $round: up $ours ms ($ours_work of processors); plain libvirt $theirs ms" >&2
done
column() { cut -d' ' -f"$2" "$work/$1" | median; }
growth() { # WHO, column
	awk -v who="$1" -v one="$(column beside-1 "$2")" -v all="$(column beside-others "$2")" -v teams="$teams" 'BEGIN {
		printf "  %s: %d ms beside one team, %d ms beside %d: %.1f ms from one to the next\n", who, one, all, teams - 1, (all - one) / (teams > 2 ? teams - 2 : 1) }'
}
ratio() { awk '{ printf "%.3f\n", $1 / $2 }' "$work/$1" | median; }
growth "a team, medians of $rounds" 1
growth "its work of processors" 3
growth "plain libvirt" 2
echo "  a team / plain libvirt: $(ratio beside-1) beside one team, $(ratio beside-others) beside $((teams - 1))"
"$tool" down $exercise >/dev/null

# ---- all at once ----
sleep 3
before=$(available_mib)
read -r took _ < <(up "$teams")
verify "$teams"
used=$((before - $(available_mib)))
echo "all at once: $((took / teams)) ms for each team"
echo "$teams teams, $((guests * teams)) guests: up in $((took / 1000)).$((took % 1000 / 100)) s (goal: 3 min); the last of $answered planned services answered $answer_ms ms after that, $differ pairs not as planned"
echo "  memory: $used MiB less available, $(cgroups_mib) MiB in the guests' control groups (goal: at most 12 GiB)"
took=$("$tool" down $exercise | ms_of)
echo "  down in $((took / 1000)).$((took % 1000 / 100)) s (goal: under 30 s)"
