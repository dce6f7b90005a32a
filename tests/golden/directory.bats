# What each host works out of its facts about the organisation's directory (the image's module toride_directory).

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	export PYTHONPATH=scenarios/images/base/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
}

name_of() { python3 -c 'import sys; from toride_directory import machine_name; print(machine_name(sys.argv[1]))' "$1"; }

mail_domain() { # DOMAIN OF THE DIRECTORY, HOSTS (JSON)
	python3 - "$@" <<-'END'
		import json, sys
		from toride_directory import Directory
		hosts = {"ad": {"role": "ad", "addresses": ["10.0.0.1"], "domain": sys.argv[1]}, **json.loads(sys.argv[2])}
		print(Directory({"exercise": "x", "host": "ad", "role": "ad", "hosts": hosts}).mail_domain)
	END
}

@test "directory: hosts whose long names begin alike have different NetBIOS names of 15 letters at most" {
	[ "$(name_of pc-tanaka)" = PC-TANAKA ]
	[ "$(name_of fifteen-letters)" = FIFTEEN-LETTERS ]
	first=$(name_of file-residents-1)
	second=$(name_of file-residents-2)
	echo "$first $second"
	[ "$first" != "$second" ]
	[ ${#first} -le 15 ]
	[ ${#second} -le 15 ]
}

@test "directory: mail addresses are of the mail host's domain, where the facts have one" {
	mail='{"post": {"role": "mail", "addresses": ["10.0.0.2"], "domain": "saida.example"}}'
	[ "$(mail_domain office.saida.example "$mail")" = saida.example ]
	[ "$(mail_domain ad.saida.example '{}')" = saida.example ]
	[ "$(mail_domain office.saida.example '{}')" = office.saida.example ]
}
