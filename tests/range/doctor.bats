# toride doctor on this host, and on hosts that lack something: those are made of namespaces of our own (mounts, processes, network), in which
# the running libvirtd is neither seen nor touched.

bats_require_minimum_version 1.5.0

setup() {
	toride=$PWD/${BUILD:-build}/toride
}

# Runs a script as root of a host on which nothing has been started: no systemd, no daemon, mounts private, an /etc of its own.
on_fresh_host() { # script
	cp -a /etc "$BATS_TEST_TMPDIR/etc"
	export toride BATS_TEST_TMPDIR
	timeout 120 unshare --mount --net --pid --fork --mount-proc --kill-child --propagation private bash -c '
		set -eu
		mount --bind "$BATS_TEST_TMPDIR/etc" /etc
		for folder in /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do mount -t tmpfs none "$folder"; done
		ip link set lo up
		'"$1" 3>&- 4>&-
}

state_of() { jq -r --arg id "$1" '.checks[] | select(.id == $id) | .state' <<<"$output"; }

@test "doctor: a host that can run a range is told so, and every check says what it saw" {
	run --separate-stderr "$toride" doctor --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.ready, .failed' <<<"$output" | paste -sd' ')" = "true 0" ]
	[ "$(jq -c '[.checks[].id]' <<<"$output")" = '["root","packages","account","memory","disk","state","namespaces","sharing","cgroups","layers","links","nftables","bridge-nf","shared-limits","netem","virtlogd","libvirtd","containers"]' ]
	jq -e 'all(.checks[]; (.what | length > 0) and (.state | IN("ok", "note", "warn")) and (.mend == null) == (.state == "ok") and has("fixed"))' <<<"$output"
}

@test "doctor --fix: a running libvirtd stays as it is" {
	before=$(cat /run/libvirtd.pid 2>/dev/null || systemctl show -p MainPID libvirtd)
	run "$toride" doctor --fix
	[ "$status" -eq 0 ]
	[ "$(cat /run/libvirtd.pid 2>/dev/null || systemctl show -p MainPID libvirtd)" = "$before" ]
}

@test "doctor: without root it says so, and looks no further" {
	run --separate-stderr setpriv --reuid 65534 --clear-groups "$toride" doctor --json
	[ "$status" -eq 1 ]
	[ "$(state_of root)" = FAIL ]
	[ "$(state_of containers)" = note ]
}

@test "doctor: a program that is missing is named with its package" {
	run --separate-stderr on_fresh_host 'mount --bind /dev/null /usr/bin/mmdebstrap; "$toride" doctor --json'
	[ "$status" -eq 1 ]
	[ "$(state_of packages)" = FAIL ]
	[ "$(jq -r '.checks[] | select(.id == "packages") | .what' <<<"$output")" = "not installed: mmdebstrap" ]
}

@test "doctor: a fresh host without systemd lacks the account, shared mounts and the daemons" {
	run --separate-stderr on_fresh_host 'userdel toride-board 2>/dev/null || :; "$toride" doctor --json'
	[ "$status" -eq 1 ]
	for id in account sharing virtlogd libvirtd containers; do
		echo "$id"
		[ "$(state_of "$id")" = FAIL ]
	done
}

@test "doctor --fix: makes a fresh host without systemd ready, and has nothing to do the second time" {
	run --separate-stderr on_fresh_host '
		userdel toride-board 2>/dev/null || :
		"$toride" doctor --fix --json >/run/first || { cat /run/first; exit 1; }
		"$toride" doctor --fix --json >/run/second || { cat /run/second; exit 1; }
		virsh -q -c lxc:///system version >&2
		getent passwd toride-board >&2
		jq -s . /run/first /run/second'
	echo "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -c '.[0].checks | map(select(.fixed) | .id) | map(select(IN("bridge-nf", "shared-limits") | not))' <<<"$output")" = '["account","sharing","virtlogd","libvirtd"]' ]
	[ "$(jq '.[1].checks | map(select(.fixed)) | length' <<<"$output")" = 0 ]
	[ "$(jq '.[1].ready' <<<"$output")" = true ]
}

@test "doctor --fix: a libvirtd that cannot see the range's mounts is named, and left to its owner" {
	run --separate-stderr on_fresh_host '
		virtlogd -d
		unshare --mount --propagation private libvirtd -d
		for i in $(seq 100); do [ -S /run/libvirt/libvirt-sock ] && break; sleep 0.05; done
		before=$(cat /run/libvirtd.pid)
		status=0; "$toride" doctor --fix --json || status=$?
		[ "$(cat /run/libvirtd.pid)" = "$before" ] || exit 9
		kill -0 "$before" || exit 9
		exit $status'
	[ "$status" -eq 1 ]
	[ "$(state_of libvirtd)" = FAIL ]
	jq -e '.checks[] | select(.id == "libvirtd") | .failure | test("stop it yourself")' <<<"$output"
}

@test "doctor: wrong usage is 2" {
	run "$toride" doctor --bogus
	[ "$status" -eq 2 ]
	run "$toride" doctor now
	[ "$status" -eq 2 ]
}
