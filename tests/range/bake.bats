#!/usr/bin/env bats
# Baking beforehand, and removing what nobody needs any more. With a state directory of its own: pruning takes all that is not needed.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
	load helper
	TORIDE_STATE_DIR=$(mktemp -d /var/tmp/toride-bake.XXXXXX)
	export OWN_STATE=$TORIDE_STATE_DIR BASE=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
	chmod 711 "$TORIDE_STATE_DIR"
	TORIDE_STATE_DIR=$BASE "$tool" bake "$lan" bake 1 # the image, for all suites
	mkdir -m 700 "$TORIDE_STATE_DIR"/{images,layers,histories}
	cp -al "$BASE"/images/base-* "$TORIDE_STATE_DIR/images/"
	export TORIDE_RUN_DIR=$BATS_FILE_TMPDIR/run SCENARIO=$BATS_FILE_TMPDIR/exercises/tiny.yaml
	mkdir -p "$BATS_FILE_TMPDIR/exercises" "$TORIDE_RUN_DIR"
	cp -r tests/range/lan/roles "$BATS_FILE_TMPDIR/"
	cp "$lan" "$BATS_FILE_TMPDIR/exercises/"
	printf '#!/bin/sh\necho "$TORIDE_DAY" >/var/log/past\n' >"$BATS_FILE_TMPDIR/roles/box/history"
	chmod +x "$BATS_FILE_TMPDIR/roles/box/history"
}

teardown_file() {
	load helper
	load serve
	serve_stop
	TORIDE_STATE_DIR=$OWN_STATE down bake || :
	rm -rf --one-file-system "$OWN_STATE"
}

setup() {
	load serve
	TORIDE_STATE_DIR=$OWN_STATE
	roles=$BATS_FILE_TMPDIR/roles
}

made() { jq -r '.parts[] | select(.made) | "\(.kind) \(.host // .name)"'; }
cached() { (cd "$TORIDE_STATE_DIR" && find layers histories -mindepth 1 -maxdepth 1 -name "${1:-*}" | sort); }
no_draft() { [ -z "$(find "$TORIDE_STATE_DIR"/{images,layers,histories} -maxdepth 1 -name '.tmp-*')" ]; }

@test "without an orchestrator: what is missing is made, told by host; what is there is at hand" {
	run --separate-stderr "$TORIDE" bake "$SCENARIO" --day 2026-11-24
	echo "$output / $stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -coE '(layer|history) (one|two)$' <<<"$stderr")" -eq 4 ]
	[ "$(grep -cE '^  (layer|history) +(one|two|hop) +made in [0-9.]+ s$' <<<"$output")" -eq 5 ]
	[[ $output == *"  image    base  at hand"* && ${lines[-1]} == "tiny, day 2026-11-24: 5 made, 1 at hand, in "*" s" ]]
	mkdir "$TORIDE_STATE_DIR/layers/.tmp-killed" # by a bake that was killed when another had made all
	run "$TORIDE" bake "$SCENARIO" --day 2026-11-24
	[[ ${lines[-1]} == "tiny, day 2026-11-24: 0 made, 6 at hand, in "* ]]
	no_draft
	run env RANGE_TOOL_VERBOSE=1 "$tool" up "$SCENARIO" bake 1
	[[ $output != *"create layer"* && $output != *"create history"* ]]
	down bake
	no_draft
}

@test "a change of one host's YAML bakes that host alone; another day the histories alone" {
	sed 's/mark: changed/mark: other/' "$SCENARIO" >"$BATS_FILE_TMPDIR/exercises/other.yaml"
	run made < <("$TORIDE" bake "$BATS_FILE_TMPDIR/exercises/other.yaml" --day 2026-11-24 --json 2>/dev/null)
	[ "$output" = "$(printf 'layer two\nhistory two')" ]
	run made < <("$TORIDE" bake "$SCENARIO" --day 2026-11-25 --json 2>/dev/null)
	[ "$output" = "$(printf 'history one\nhistory two')" ]
}

@test "a role that fails: its reason and its log's place; the rest is made" {
	cp -p "$roles/box/setup" "$BATS_TEST_TMPDIR/"
	printf 'case $(cat /etc/box-mark) in changed) echo this is the reason; exit 3 ;; esac\n: >/etc/other\n' >>"$roles/box/setup"
	run "$TORIDE" bake "$SCENARIO" --day 2026-11-24
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"setup of role 'box' ended with status 3; its last lines (all in '$TORIDE_STATE_DIR/layers/box-two.log')"*"this is the reason"* ]]
	grep -q 'this is the reason' "$TORIDE_STATE_DIR/layers/box-two.log"
	sed -i 's/exit 3/:/' "$roles/box/setup"
	run made < <("$TORIDE" bake "$SCENARIO" --day 2026-11-24 --json 2>/dev/null)
	[ "$(sort <<<"$output")" = "$(printf '%s\n' 'history one' 'history two' 'layer one' 'layer two')" ] # the role's folder is another for both
	cp -p "$BATS_TEST_TMPDIR/setup" "$roles/box/setup"
}

# In a mount namespace of its own: no test beside this one sees the file system.
on_small_disk() { # MEBIBYTES COMMAND...: with a state directory on a disk of that size, in $SMALL
	export SMALL=$BATS_TEST_TMPDIR/small
	truncate -s "$1M" "$SMALL.img" && mkfs.ext4 -q -m 0 "$SMALL.img" && mkdir -p "$SMALL" || return 1
	shift
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c 'mount -o loop "$SMALL.img" "$SMALL" && mkdir "$SMALL/images" && mount --bind "$0/images" "$SMALL/images" && exec "$@"' \
		"$TORIDE_STATE_DIR" env TORIDE_STATE_DIR="$SMALL" TORIDE_RUN_DIR="$SMALL.run" "$@"
}

@test "a disk that is too full: one line with the mend, and nothing is begun" {
	run on_small_disk 100 sh -c '"$1" bake "$2" --day 2026-11-24; status=$?; ls -A "$SMALL"/layers "$SMALL"/histories; exit $status' - "$TORIDE" "$SCENARIO"
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(grep -c 'error: .*too full to bake on: .* MiB of disk left; make room for 512 MiB (`toride bake --prune`' <<<"$output")" -eq 1 ]
	[[ $output != *setup* ]]
	! grep -qE '^(box|hop)-' <<<"$output"
}

@test "a disk that runs full meanwhile: what a script does not notice is not kept" {
	printf 'head -c 1G /dev/zero >/var/much 2>/dev/null || :\n' >"$roles/hop/setup"
	run on_small_disk 700 sh -c '"$1" bake "$2" --day 2026-11-24; status=$?; ls -A "$SMALL"/layers; exit $status' - "$TORIDE" "$SCENARIO"
	rm "$roles/hop/setup"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"layer 'hop-"*"the disk ran full meanwhile, so it is not kept"* ]]
	! grep -qE '^(hop-|\.tmp-)' <<<"$output"
}

killed_in() { # ROLE/SCRIPT: a bake, while that runs
	local bake
	cp -p "$roles/$1" "$BATS_TEST_TMPDIR/script"
	printf 'echo begun >/var/begun; exec sleep 4715\n' >"$roles/$1"
	"$TORIDE" bake "$SCENARIO" --day 2026-11-24 >/dev/null 2>&1 3>&- &
	bake=$!
	soon 20 pgrep -fx 'sleep 4715'
	kill -9 $bake
	wait $bake || :
	soon 5 sh -c '! pgrep -fx "sleep 4715"'
	cp -p "$BATS_TEST_TMPDIR/script" "$roles/$1"
}
drafts() { find "$TORIDE_STATE_DIR/$1" -maxdepth 1 -name '.tmp-*'; }

@test "what a killed bake leaves goes with the next bake, or the next up that makes something; what is being made stays" {
	killed_in box/setup
	[ -n "$(drafts layers)" ]
	mkdir "$TORIDE_STATE_DIR/layers/.tmp-making"
	exec {making}<"$TORIDE_STATE_DIR/layers/.tmp-making"
	flock -n "$making" # as who makes a layer does
	"$TORIDE" bake "$SCENARIO" --day 2026-11-24
	[ "$(drafts layers)" = "$TORIDE_STATE_DIR/layers/.tmp-making" ]
	exec {making}<&-
	killed_in box/history
	[ -n "$(drafts histories)" ]
	"$TORIDE" bake "$SCENARIO" --day 2026-11-24
	no_draft
	killed_in box/history
	[ -n "$(drafts histories)" ]
	rm -r --one-file-system "$TORIDE_STATE_DIR"/histories/box-*
	RANGE_TOOL_DAY=2026-11-24 "$tool" up "$SCENARIO" bake 1
	no_draft
	down bake
}

@test "Ctrl-C stops it, here and at the orchestrator: no program goes on, no half layer stays" {
	local where bake
	printf 'exec sleep 4711\n' >"$roles/hop/setup"
	for where in here orchestrator; do
		[ $where = here ] || serve_start --no-scoreboard
		env --default-signal=INT "$TORIDE" bake "$SCENARIO" --day 2026-11-24 >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
		bake=$! status=0
		soon 10 pgrep -f 'sleep 4711'
		kill -INT $bake
		wait $bake || status=$?
		[ "$status" -ne 0 ]
		soon 5 sh -c '! pgrep -f "sleep 471[1]"'
		soon 5 no_draft
		[ $where = orchestrator ] || grep -q '^error: .*cancelled' "$BATS_TEST_TMPDIR/said"
	done
	rm "$roles/hop/setup"
	run "$TORIDE" status
	[ "$status" -eq 0 ]
	run --separate-stderr "$TORIDE" bake "$SCENARIO" --day 2026-11-24
	[[ ${lines[-1]} == "tiny, day 2026-11-24: 0 made, 6 at hand, in "* ]]
	run "$TORIDE" bake "$BATS_TEST_TMPDIR/nothing.yaml"
	[ "$status" -eq 1 ]
	[[ $output == error:* ]]
	serve_stop
}

@test "prune: what an exercise stands on and what installed exercises and the given one need stays; all else goes" {
	local installed
	installed=$(cached)
	mkdir "$TORIDE_STATE_DIR/images/base-0000" "$TORIDE_STATE_DIR/layers/.tmp-dead00"
	echo x >"$TORIDE_STATE_DIR/layers/box-two.log"
	RANGE_TOOL_DAY=2026-11-25 "$tool" up "$BATS_FILE_TMPDIR/exercises/other.yaml" bake 1
	run "$TORIDE" bake "$SCENARIO" --prune --day 2026-11-24
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"removed  images/base-0000"* ]]
	[ "$(cached 'box-*' | wc -l)" -lt "$(grep -c box- <<<"$installed")" ]
	no_draft
	[ ! -e "$TORIDE_STATE_DIR/layers/box-two.log" ]
	# the given scenario's are at hand, and the exercise's host comes back from its own
	run "$TORIDE" bake "$SCENARIO" --day 2026-11-24 --json
	[ -z "$(made <<<"$output")" ]
	RANGE_TOOL_DAY=2026-11-25 "$tool" reset "$BATS_FILE_TMPDIR/exercises/other.yaml" bake 1 1
	[ "$(guest bake/1/two cat /etc/box-mark /var/log/past)" = "$(printf 'other\n2026-11-25')" ]
	# without the exercise, and without a scenario, only what installed exercises need
	down bake
	run "$TORIDE" bake --prune --day 2026-11-24
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(cached)" ]
	[ "$(find "$TORIDE_STATE_DIR/images" -mindepth 1 -maxdepth 1 -name 'base-*' | wc -l)" -eq 1 ]
	run "$TORIDE" bake --prune
	[ "$output" = "0 removed, 0 MiB" ]
}

@test "prune removes nothing when it cannot know what an installed exercise needs" {
	mkdir -p "$BATS_TEST_TMPDIR/data/scenarios/exercises"
	echo 'toride: 2' >"$BATS_TEST_TMPDIR/data/scenarios/exercises/broken.yaml"
	mkdir "$TORIDE_STATE_DIR/images/base-0000"
	run "$TORIDE" bake --prune --data-dir "$BATS_TEST_TMPDIR/data"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"what the installed exercises need cannot be known, so nothing is removed"*broken.yaml* ]]
	[ -d "$TORIDE_STATE_DIR/images/base-0000" ]
	for wrong in "" "--day x --prune" "$SCENARIO $SCENARIO"; do
		run "$TORIDE" bake $wrong
		[ "$status" -ne 0 ]
	done
}
