#!/usr/bin/env bash
# A running orchestrator with 4 teams: what it costs while nothing happens, and how fast its scoreboard hands out the board, against
# nginx with a file of that size (same machine, same run, in turns). Goals: under 2 % of one core; at least half of nginx.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
toride=$build/toride
TORIDE_RUN_DIR=$(mktemp -d /tmp/toride-bench.XXXXXX)
export TORIDE_RUN_DIR TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}

"$toride" serve --listen 127.0.0.1:0 >"$TORIDE_RUN_DIR/log" 2>&1 &
serve=$!
finish() {
	"$toride" down bench-serve >/dev/null 2>&1 && rm -rf "$TORIDE_STATE_DIR/exercises/bench-serve" # its journal, which `down` keeps
	kill "$serve" 2>/dev/null || true
	[ ! -e "$TORIDE_RUN_DIR/nginx.pid" ] || kill "$(cat "$TORIDE_RUN_DIR/nginx.pid")" 2>/dev/null || true
	wait "$serve" 2>/dev/null || true
	rm -rf "$TORIDE_RUN_DIR"
}
trap finish EXIT
for _ in $(seq 100); do
	"$toride" status >/dev/null 2>&1 && break
	sleep 0.1
done
"$toride" up scenarios/exercises/first-call.yaml --name bench-serve --teams 4 >/dev/null 2>&1
url=$("$toride" status --json | jq -r .url)

cpu_ticks() { # of the orchestrator and its scoreboard
	local pid
	for pid in "$serve" $(pgrep -P "$serve"); do awk '{ print $14 + $15 }' "/proc/$pid/stat"; done | awk '{ sum += $1 } END { print sum }'
}
cpu_percent() { # over so many seconds
	local before after
	before=$(cpu_ticks)
	sleep "$1"
	after=$(cpu_ticks)
	awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$1" 'BEGIN { printf "%.2f", 100 * ticks / hz / s }'
}
echo "idle orchestrator and scoreboard, 4 teams, clocks not started: $(cpu_percent 20) % of one core (goal: under 2)"
"$toride" start bench-serve >/dev/null
sleep 20 # the first steps of the attack
echo "the same while the exercise runs and nobody plays: $(cpu_percent 20) %"

curl -sf "${url}api/x/bench-serve/board" >"$TORIDE_RUN_DIR/board.json"
port=$((20000 + RANDOM % 20000))
cat >"$TORIDE_RUN_DIR/nginx.conf" <<CONF
worker_processes 2; pid $TORIDE_RUN_DIR/nginx.pid; error_log $TORIDE_RUN_DIR/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; keepalive_requests 1000000; types { application/json json; }
       client_body_temp_path $TORIDE_RUN_DIR; proxy_temp_path $TORIDE_RUN_DIR; fastcgi_temp_path $TORIDE_RUN_DIR; uwsgi_temp_path $TORIDE_RUN_DIR; scgi_temp_path $TORIDE_RUN_DIR;
       server { listen 127.0.0.1:$port; root $TORIDE_RUN_DIR; } }
CONF
chmod 755 "$TORIDE_RUN_DIR" && chmod 644 "$TORIDE_RUN_DIR/board.json"
nginx -c "$TORIDE_RUN_DIR/nginx.conf"
requests() { wrk -t1 -c32 -d4s "$1" | awk '/^Requests\/sec/ { print $2 } /Non-2xx|Socket errors/ { print > "/dev/stderr" }'; }
for _ in 1 2 3 4 5; do
	echo "$(requests "${url}api/x/bench-serve/board") $(requests "http://127.0.0.1:$port/board.json")"
done | awk -v size="$(stat -c %s "$TORIDE_RUN_DIR/board.json")" '{ printf "%.3f %d %d %d\n", $1 / $2, $1, $2, size }' | sort -n | awk '{ line[NR] = $0 } END {
	split(line[int((NR + 1) / 2)], m, " ")
	printf "board JSON of %d bytes / nginx: %.2f (median of %d: %d and %d requests a second; goal: at least 0.5)\n", m[4], m[1], NR, m[2], m[3] }'
