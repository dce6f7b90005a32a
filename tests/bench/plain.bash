# Shared by the benches: our guests again, as plain libvirt or podman would run them.
# shellcheck shell=bash disable=SC2154 # site and tool come from the range tests' helper

# A domain as the range made it, less what is ours: the same root file system, ids and memory limit, one interface, a `sleep` instead of the services.
plainly() {
	perl -0pe 's/<metadata>.*?<\/metadata>//s; s/<uuid>.*?<\/uuid>//s; s/<init>.*?<\/init>/<init>\/bin\/sleep<\/init><initarg>infinity<\/initarg>/s;
		s/<target dev=.td.*?\/>//g; my $n = 0; s/<interface.*?<\/interface>/$n++ ? "" : $&/gse; s/<console.*?<\/console>/<console type="pty"\/>/s;
		s/<name>toride-/<name>plain-/'
}

# Takes the exercise's running guests (of one team, or all) away and leaves their definitions in a folder; their networks stay, and their disks, mounted.
make_plain() { # exercise, folder, [team]
	local domain
	rm -f "$2"/*.xml
	for domain in $($VIRSH list --name | grep -- "^toride-$1-t${3:-[0-9]*}-.*-$site$"); do
		$VIRSH dumpxml "$domain" | plainly >"$2/$domain.xml"
		$VIRSH destroy "$domain" >/dev/null
	done
	"$tool" mount "$1" ${3:+"$3"}
}

# Waits until the processors have little to do (20 s at most): what was started before is then at rest, and is not measured along with what comes.
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
calm() {
	local before limit=$((SECONDS + 20))
	until before=$(busy_ticks) && sleep 1 && [ $(($(busy_ticks) - before)) -lt $(($(nproc) * 10)) ]; do
		[ $SECONDS -lt $limit ] || return 0
	done
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
ms_of() { sed -n 's/^\(.* \)\{0,1\}\([0-9]*\) ms$/\2/p'; }
