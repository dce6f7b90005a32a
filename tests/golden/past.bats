# The past (scenarios/history): one story, told by every host and on every day alike, and nothing of it after the exercise has begun.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	mkdir "$BATS_FILE_TMPDIR/facts"
	for host in mail mx proxy file soc orders fw-edge; do
		"${BUILD:-build}/toride" plan scenarios/exercises/usb-stick.yaml --no-capacity --facts "$host" >"$BATS_FILE_TMPDIR/facts/$host"
	done
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit 2
	export PYTHONPATH=scenarios/history:tests/golden/past PYTHONDONTWRITEBYTECODE=1
	facts=$BATS_FILE_TMPDIR/facts
}

check() { python3 -c "import check; check.$1('$facts')"; }

@test "past: holidays, and days off that follow from them" { check holidays; }
@test "past: what happened is the same on all hosts" { check same_on_all_hosts; }
@test "past: the story moves with the day, by working days" { check moves_with_the_day; }
@test "past: all of it lies before the exercise's day, in office hours where people do it" { check before_the_day; }
@test "past: a mail has one Message-ID in every folder and log, proper headers, and replies that follow" { check mails; }
@test "past: documents open: OOXML with all its parts, CSV in UTF-8" { check documents; }
@test "past: orders are approved by somebody else, and their steps follow each other" { check orders; }
@test "past: nothing in a closed network talks out of it, and nobody into it" { check closed; }
@test "past: a call was before the mail that tells of it" { check calls; }
@test "past: Postfix tells the sizes of its mails, and delays that are the sum of their parts" { check deliveries; }
@test "past: mail from outside comes all day long, spam also at night and on days off" { check from_outside; }
@test "past: a document is opened only when it has been saved before" { check opened; }
@test "past: a machine fetches the updates of its own system" { check updates; }
@test "past: tables have rows of working days only" { check dated_rows; }
@test "past: leave and maintenance are as announced" { check announced; }
@test "past: the list of extensions is that of the signatures" { check extensions; }
@test "past: deadlines and appointments are on working days after the mail" { check deadlines; }
