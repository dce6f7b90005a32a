#!/usr/bin/env bats
# The enterprise LAN as `verify` sees it: every service answers where the plan says, and the closed networks are closed.

# shellcheck disable=SC2154 # run and the helpers set them
bats_require_minimum_version 1.5.0
load helper
load serve

setup_file() {
	load helper
	load serve
	rm -rf "$TORIDE_STATE_DIR/exercises/rge"
	serve_start
	"$TORIDE" up tests/bench/enterprise.yaml --name rge >"$BATS_FILE_TMPDIR/up" 2>&1 || { cat "$BATS_FILE_TMPDIR/up" >&3; return 1; }
}

teardown_file() {
	load serve
	"$TORIDE" down rge >/dev/null 2>&1 || true
	serve_stop
	rm -rf "$TORIDE_RUN_DIR"
}

# What verify found from one host to another: its letter (include/orchestrator/verify.h).
letter() { # from, to
	local host n=0 from to
	for host in "${hosts[@]}"; do
		[ "$host" != "$1" ] || from=$n
		[ "$host" != "$2" ] || to=$n
		n=$((n + 1))
	done
	printf %s "${rows[$from]:$to:1}"
}

@test "it comes up as planned, every service answering" {
	cat "$BATS_FILE_TMPDIR/up"
	grep -qE '^rge: verified in [0-9.]+ s: [0-9]{3} pairs of hosts and services as planned, 1 team, 2[0-9] guests isolated$' "$BATS_FILE_TMPDIR/up"
}

@test "core and research let nothing in or out but by the sanitizer's path" {
	run --separate-stderr "$TORIDE" verify rge --json
	[ "$status" -eq 0 ]
	local core="orders core-file pc-kato" research="research-data research-env pc-mori" inside outside host hosts rows
	mapfile -t hosts < <(jq -r '.hosts[]' <<<"$output")
	mapfile -t rows < <(jq -r '.teams[0].rows[]' <<<"$output")
	outside=$(printf '%s\n' "${hosts[@]}" | grep -vxE "fw-core|fw-research|${core// /|}|${research// /|}")
	[ "$(wc -w <<<"$outside")" -ge 15 ]
	for inside in $core $research; do
		for host in $outside; do
			echo "$host $inside '$(letter "$host" "$inside")' '$(letter "$inside" "$host")'"
			case "$host $inside" in
			"sanitizer core-file" | "sanitizer research-data") [ "$(letter "$host" "$inside")" = + ] ;;
			*) [[ "$(letter "$host" "$inside")" == [.\ ] ]] ;;
			esac
			[[ "$(letter "$inside" "$host")" == [.\ ] ]]
		done
	done
	for inside in $research; do
		for host in $core; do
			[[ "$(letter "$inside" "$host")" == [.\ ] && "$(letter "$host" "$inside")" == [.\ ] ]]
		done
	done
	[ "$(letter pc-kato core-file)" = + ] # inside they work
	[ "$(letter pc-mori research-data)" = + ]
}
