# What each host works out of its facts about the organisation's directory (the image's module toride_directory).

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	export PYTHONPATH=scenarios/images/base/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
}

name_of() { python3 -c 'import sys; from toride_directory import machine_name; print(machine_name(sys.argv[1]))' "$1"; }

@test "directory: hosts whose long names begin alike have different NetBIOS names of 15 letters at most" {
	[ "$(name_of pc-tanaka)" = PC-TANAKA ]
	[ "$(name_of fifteen-letters)" = FIFTEEN-LETTERS ]
	first=$(name_of file-residents-1)
	second=$(name_of file-residents-2)
	echo "$first $second"
	[ "$first" != "$second" ]
	[ ${#first} -le 15 ] && [ ${#second} -le 15 ]
}

