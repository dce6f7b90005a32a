# The analyst's terminal (role analyst) where trainees work as `trainee`. As root: network-roles.bats.

bats_require_minimum_version 1.5.0
load helper

setup_file() {
	load helper
	up analyst-test 1 tests/range/scenarios/analyst.yaml
}
teardown_file() {
	load helper
	down analyst-test
}

as_trainee() { timeout 60 "$tool" exec analyst-test/1/analyst -u trainee -- "$@"; }

@test "analyst: without root there are a README, a place for evidence, and the right to record" {
	as_trainee grep -qx '  ~/evidence' /home/trainee/README.txt
	as_trainee touch /home/trainee/evidence/note
	as_trainee sh -c '{ sleep 1; ping -c 2 10.1.1.101 >/dev/null; } & timeout 10 tcpdump -ni lo -c 1 -w ~/evidence/seen.pcap icmp 2>/dev/null; wait'
	[ "$(as_trainee tshark -r /home/trainee/evidence/seen.pcap -T fields -e ip.dst 2>/dev/null)" = 10.1.1.101 ]
	as_trainee sh -c '{ sleep 2; ping -c 2 10.1.1.101 >/dev/null; } & tshark -i lo -f icmp -a duration:6 -c 1 -T fields -e ip.dst 2>/dev/null >/tmp/live; wait; grep -qx 10.1.1.101 /tmp/live'
}
