#!/usr/bin/env bash
# What podman needs for idle containers on the given root file systems, one after the other and 8 at a time: prints both times in milliseconds.
# podman.bash FOLDER ROOT…   (its state is kept in FOLDER; all of it is gone at the end)
set -eu
if [ "${PODMAN_BENCH_INSIDE:-}" != 1 ]; then
	# A mount namespace of its own: where cgroup v1 is mounted together with /sys/fs/cgroup/unified, crun fails unless that is taken away.
	export PODMAN_BENCH_INSIDE=1
	exec unshare -m --propagation private bash -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec bash "$0" "$@"' "$0" "$@"
fi
folder=$1
shift
pod() { podman --root "$folder/root" --runroot "$folder/run" --tmpdir "$folder/tmp" --cgroup-manager=cgroupfs "$@" 2>>"$folder/log"; }
start() { pod run -d --network toride-bench --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --rootfs "$1:O" sleep infinity >/dev/null; }
all_run() { [ "$(pod ps -q | wc -l)" -eq "$1" ] || { echo "podman: not all started: $(tail -n 1 "$folder/log")" >&2; exit 1; }; }
clean() {
	pod rm -fa -t 0 >/dev/null || true
	pod network rm -f toride-bench >/dev/null || true
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
trap clean EXIT
mkdir -p "$folder"
pod network create --internal toride-bench >/dev/null

began=$(now_ms)
for root in "$@"; do start "$root"; done
one=$(($(now_ms) - began))
all_run $#
pod rm -fa -t 0 >/dev/null
began=$(now_ms) running=0
for root in "$@"; do
	start "$root" &
	running=$((running + 1))
	[ $((running % 8)) -ne 0 ] || wait
done
wait
side=$(($(now_ms) - began))
all_run $#
echo "$one $side"
