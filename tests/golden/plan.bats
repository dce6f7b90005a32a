# toride plan: text, JSON and facts of a small scenario, and that nothing else than the scenario moves them.
# UPDATE=1 bats tests/golden/plan.bats writes the expected files anew: read the difference before you commit it.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	toride=${BUILD:-build}/toride
	scenario=tests/fixtures/office.yaml
	dir=tests/golden/plan
}

plan() { "$toride" plan --data-dir tests/fixtures/data --no-capacity --day 2026-11-24 "$@"; }

golden() { # NAME OPTION...
	local expected=$dir/$1.expected
	shift
	plan "$scenario" "$@" >"$BATS_TEST_TMPDIR/out"
	if [ -n "${UPDATE:-}" ]; then cp "$BATS_TEST_TMPDIR/out" "$expected"; fi
	diff -u "$expected" "$BATS_TEST_TMPDIR/out"
}

@test "plan: text" { golden text --teams 2; }
@test "plan: JSON" { golden json --teams 2 --json; }
@test "plan: facts of a terminal" { golden facts-pc-sato --facts pc-sato; }
@test "plan: facts of a firewall" { golden facts-fw --facts fw; }

# closed HOST: the facts of a host of the LAN with closed networks, DHCP, logs, flows, secrets.
closed() {
	local expected=$dir/closed-$1.expected
	plan tests/fixtures/closed.yaml --facts "$1" >"$BATS_TEST_TMPDIR/out"
	if [ -n "${UPDATE:-}" ]; then cp "$BATS_TEST_TMPDIR/out" "$expected"; fi
	diff -u "$expected" "$BATS_TEST_TMPDIR/out"
}

@test "plan: facts of a DHCP server: ranges, router, reservations" { closed dhcp; }
@test "plan: facts of a terminal with an address by DHCP: no routes of its own" { closed pc-sato; }
@test "plan: facts of a proxy: where its log goes, names of its secrets" { closed proxy; }
@test "plan: facts of an edge firewall: logs and flows to the SOC" { closed fw-edge; }
@test "plan: facts of a host with many addresses" { closed world; }
@test "plan: facts in a closed network: no resolver, no default route" { closed pc-kato; }
@test "plan: addresses by DHCP and further ones are shown" {
	run plan tests/fixtures/closed.yaml
	[[ $output == *"tax 10.1.13.107 (dhcp)"* ]]
	[[ $output == *"internet 203.0.113.1 and 2 more"* ]]
}
@test "plan: an address by DHCP stays when other hosts come and go" {
	mkdir "$BATS_TEST_TMPDIR/lans"
	cp tests/fixtures/closed.yaml "$BATS_TEST_TMPDIR"
	sed '/^  pc-ito:/d; /^  ito:/d; /from: pc-ito/d; s/^  safe:/  aa: { role: file, nics: { tax: dhcp } }\n  safe:/' \
		tests/fixtures/lans/closed.yaml >"$BATS_TEST_TMPDIR/lans/closed.yaml"
	run plan "$BATS_TEST_TMPDIR/closed.yaml"
	echo "$output"
	[[ $output == *"tax 10.1.13.107 (dhcp)"* ]]
}

@test "plan: another name of the exercise moves names and digests, not layers" {
	plan "$scenario" --json >"$BATS_TEST_TMPDIR/one"
	plan "$scenario" --json --name other >"$BATS_TEST_TMPDIR/two"
	layers='[.resources[] | select(.team == 0)]'
	cmp <(jq "$layers" "$BATS_TEST_TMPDIR/one") <(jq "$layers" "$BATS_TEST_TMPDIR/two")
	[ "$(jq '[.resources[] | select(.team > 0 and (.name | startswith("other/t1/")))] | length' "$BATS_TEST_TMPDIR/two")" = 12 ]
	[ -z "$(comm -12 <(jq -r '.resources[] | select(.team > 0) | .digest' "$BATS_TEST_TMPDIR/one" | sort) \
		<(jq -r '.resources[] | select(.team > 0) | .digest' "$BATS_TEST_TMPDIR/two" | sort))" ]
}

@test "plan: the order of keys does not matter" {
	for host in attacker file fw pc-sato proxy; do
		cmp <(plan "$scenario" --facts $host) <(plan "$dir/shuffled.yaml" --facts $host)
	done
	cmp <(plan "$scenario" --teams 3 --json) <(plan "$dir/shuffled.yaml" --teams 3 --json)
}

@test "plan: another day moves the histories and what stands on them, nothing else" {
	plan "$scenario" --json >"$BATS_TEST_TMPDIR/one"
	"$toride" plan --data-dir tests/fixtures/data --no-capacity --day 2027-01-05 "$scenario" --json >"$BATS_TEST_TMPDIR/two"
	moved=$(jq -rn --slurpfile one "$BATS_TEST_TMPDIR/one" --slurpfile two "$BATS_TEST_TMPDIR/two" \
		'[$one[0].resources, $two[0].resources] | transpose[] | select(.[0].digest != .[1].digest) | .[0] | "\(.kind) \(.host)"')
	echo "$moved"
	[ "$moved" = "$(printf '%s\n' 'history pc-sato' 'disk pc-sato' 'guest pc-sato')" ]
	[ "$(jq -r .day "$BATS_TEST_TMPDIR/two")" = 2027-01-05 ]
}

# moved SED-EXPRESSION KIND: the hosts whose layer or history another enterprise LAN, or exercise on it, needs anew; "all" for all of them.
moved() {
	local work=$BATS_TEST_TMPDIR/scenarios one=$BATS_TEST_TMPDIR/one two=$BATS_TEST_TMPDIR/two file changed=
	mkdir -p "$work"
	cp -R scenarios/lans scenarios/people scenarios/exercises "$work"
	"$toride" plan --no-capacity --day 2026-11-24 "$work/exercises/usb-stick.yaml" --json >"$one" || return 1
	for file in lans/enterprise.yaml exercises/usb-stick.yaml; do
		sed -i -E "$1" "$work/$file"
		cmp -s "scenarios/$file" "$work/$file" || changed=yes
	done
	[ "$changed" ] || return 1
	"$toride" plan --no-capacity --day 2026-11-24 "$work/exercises/usb-stick.yaml" --json >"$two" || return 1
	jq -rn --slurpfile one "$one" --slurpfile two "$two" --arg kind "$2" '
		def digests: .[0].resources | map(select(.kind == $kind) | {key: .host, value: .digest}) | from_entries;
		($one | digests) as $before | ($two | digests) as $after
		| [$after | to_entries[] | select(.value != $before[.key]) | .key] as $moved
		| if ($moved | length) == ($after | length) then "all" else $moved | sort | join(" ") end'
}

@test "plan: a change of one host bakes that host anew, and who goes by what has changed" {
	while IFS='|' read -r change layers histories; do
		echo "$change"
		diff <(echo "$layers") <(moved "$change" layer)
		diff <(echo "$histories") <(moved "$change" history)
	done <<-'END'
		s/^id: usb-stick/id: another/||
		/^  web: /s/access: root/access: root, size: 96MiB/||
		/^  web: /s/label: .* \}/label: web }/||
		/^  analyst: /s/access: root/access: user/|analyst|
		/^  pc-sato: /s/weather.example/rail.example/;/^  pc-sato: /s/maps.example/rail.example/|pc-sato|pc-sato
		/^  orders: /s/approvers: .*\], /approvers: [suzuki], /|orders|orders
		/^  ad: /s/svc-backup/svc-copy/|ad|ad
		/^  file: /s/common\]/common, plans]/|file pc-sato pc-tanaka|file pc-sato pc-tanaka
		/^  proxy: /s/nics/port: 8080, nics/;s/3128.tcp/8080\/tcp/|analyst fw-office pc-sato pc-tanaka proxy|fw-office pc-sato pc-tanaka proxy
		/^  analyst: /s/10.1.1.99/10.1.1.98/|ad analyst soc|all
		/^  dns: /s/198.51.100.53/198.51.100.54/|ad dns fw-edge fw-office proxy soc world|all
		/^  web: /s/www.saida.example/web.saida.example/|dns pc-kato pc-mori pc-sato pc-tanaka research-env web world|all
	END
}

@test "plan: without --day it is today in Japan" {
	before=$(TZ=Asia/Tokyo date +%F)
	run "$toride" plan --data-dir tests/fixtures/data --no-capacity "$scenario"
	[[ ${lines[0]} == *", day $before" || ${lines[0]} == *", day $(TZ=Asia/Tokyo date +%F)" ]]
}

@test "plan: limits, unknown hosts and broken scenarios are refused" {
	run plan "$scenario" --teams 31
	[ "$status" -eq 1 ]
	[[ $output == *"31 teams: an exercise has 1 to 30"* ]]
	run plan "$scenario" --teams 0
	[ "$status" -eq 1 ]
	run plan "$scenario" --name 'Bad name'
	[ "$status" -eq 1 ]
	for day in 2026-02-29 2026-13-01 2026-1-1 tomorrow 2026-11-24x 1999-12-31 2100-01-01 ''; do
		run plan "$scenario" --day "$day"
		[ "$status" -eq 1 ]
		[[ $output == *"day '$day': there is no such day; write it as 2026-11-24, from 2000 to 2099"* ]]
	done
	plan "$scenario" --day 2028-02-29
	run plan "$scenario" --facts nobody
	[ "$status" -eq 1 ]
	[[ $output == *"no host 'nobody'"* ]]
	run plan tests/golden/errors/unknown-key.yaml
	[ "$status" -eq 1 ]
	[[ $output == *"did you mean"* ]]
	run plan "$scenario" --teams many
	[ "$status" -eq 2 ]
	run plan
	[ "$status" -eq 2 ]
}

@test "plan: refuses when the host is short, after printing the plan" {
	mkdir "$BATS_TEST_TMPDIR/lans"
	sed 's/role: \([a-z]*\),/role: \1, size: 64GiB,/' tests/fixtures/lans/office.yaml >"$BATS_TEST_TMPDIR/lans/office.yaml"
	cp "$scenario" "$BATS_TEST_TMPDIR/large.yaml"
	run "$toride" plan --data-dir tests/fixtures/data "$BATS_TEST_TMPDIR/large.yaml" --teams 30 --state-dir "$BATS_TEST_TMPDIR/not/yet"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"networks of each team"* ]]
	[[ $output == *"this host is short for 30 teams of 'office': memory: "*" needed, "*" available, "*" short"* ]]
	run plan "$BATS_TEST_TMPDIR/large.yaml"
	[ "$status" -eq 0 ]
}
