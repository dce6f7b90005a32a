# For the range's tests. Objects are made by build/range-tool in a state directory of the tests' own; images and layers stay there between runs.
# The folder must be one that guests' users can enter, so it is not in the build tree.

export TORIDE_STATE_DIR=${TORIDE_CHECK_DIR:-/var/tmp/toride-check}
unset RANGE_TOOL_VERBOSE
export VIRSH="virsh -q -c ${TORIDE_URI:-lxc:///system}"
tool=$PWD/${BUILD:-build}/range-tool
lan=tests/range/lan/exercises/tiny.yaml
mkdir -p "$TORIDE_STATE_DIR"
chmod 711 "$TORIDE_STATE_DIR"
mkdir -p "$TORIDE_STATE_DIR"/{exercises,images,layers,histories}
touch "$TORIDE_STATE_DIR"/{lock,cache.lock} "$TORIDE_STATE_DIR"/images/.lock-{base,server}-1 "$TORIDE_STATE_DIR"/images/.lock-slot-{1,2}
site=$(printf %s "$(realpath "$TORIDE_STATE_DIR")" | sha256sum | cut -c1-8)

# First letters of the names of an exercise's interfaces (orchestrator/range/mark.c).
owner() { printf 'td%s' "$(printf '%s %s' "$site" "$1" | sha256sum | cut -c1-6)"; }

# What this host has, one object a line, but for what carries another installation's mark (it may change under us), and images and layers.
snapshot() { # exercise
	local link own
	own=$(owner "$1")
	{
		$VIRSH list --all --name | sed 's/^/domain /'
		$VIRSH net-list --all --name | sed 's/^ */network /'
		for link in /sys/class/net/*; do
			echo "link ${link##*/} $(cat "$link/ifalias" 2>/dev/null)"
		done
		nft list tables netdev
		findmnt -rno TARGET | sed 's/^/mount /'
		find /sys/fs/cgroup -type d \( -path '*/toride/*' -o -name '*toride*' \) | sed 's/^/cgroup /'
		ls /var/log/libvirt/lxc | sed 's/^/log /'
		find "$TORIDE_STATE_DIR" \( -path '*/images/[!.]*' -o -path '*/layers/[!.]*' -o -path '*/histories/[!.]*' \) -prune -o -printf 'file %p\n'
		ps -eo args | grep -F "$TORIDE_STATE_DIR" | grep -Ev '^(grep|find) ' | sed 's/^/process /'
	} 2>/dev/null | sort -u | grep -vP "toride-[a-z0-9-]+-t\d+-[a-z0-9-]+-(?!$site)[0-9a-f]{8}\b|toride1 (?!$site)|/toride(/(?!$site)[0-9a-f]{8}.*)?\$" |
		grep -vP "^(link|table netdev) (toride-)?(?!$own)td[0-9a-f]{13}\b|^link (veth|vnet|cni-)|^mount (?!$TORIDE_STATE_DIR).*/exercises/|\btdimg-"
}

# Fails, and shows them, when there are objects that were not there before.
nothing_left() { # exercise, file of the snapshot before
	local left
	left=$(comm -13 "$2" <(snapshot "$1"))
	[ -z "$left" ] || { printf 'left behind:\n%s\n' "$left"; return 1; }
	left=$(comm -23 "$2" <(snapshot "$1"))
	[ -z "$left" ] || { printf 'taken away, but not ours:\n%s\n' "$left"; return 1; }
}

down() { "$tool" down "$1"; }
up() { "$tool" up "${3:-$lan}" "$1" "${2:-1}"; }
guest() { # EX/TEAM/HOST command…
	local target=$1
	shift
	"$tool" exec "$target" -- "$@"
}
init_of() { # EX TEAM HOST: the host's number of the guest's process 1
	local controller
	controller=$($VIRSH dominfo "toride-$1-t$2-$3-$site" | sed -n 's/^Id: *//p')
	read -r controller _ <"/proc/$controller/task/$controller/children"
	echo "$controller"
}
# Waits up to some seconds for a command to succeed.
soon() { # seconds command…
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
