# The names of the outside world, as lines for dnsmasq, or as `NAME ADDRESS [default_server]` for each site here. The first
# address is the name server's; where there are more, the sites go round them and mail is on the last.
(.nics[0] | [.address] + (.more // [])) as $addresses
| (if $addresses[1] then $addresses[1:] else $addresses end) as $others
| [.hosts[]? | select(.zone and .addresses[0])] as $name_servers
| (.options.sites // [] | to_entries | map({name: .value, address: $others[.key % ($others | length)], first: (.key < ($others | length))})) as $sites
| def elsewhere: . as $name | any($name_servers[]; .zone as $zone | $name == $zone or ($name | endswith(".\($zone)")));
if $mode == "sites" then
	$sites[] | "\(.name) \(.address)\(if .first then " default_server" else "" end)"
else
	# First of its address, so that the address is called after it.
	(.options.mail[]? | "mx-host=\(.),mail.\(.),10", "host-record=mail.\(.),\($others[-1])", "txt-record=\(.),\"v=spf1 mx -all\""),
	($sites[] | "host-record=\(.name),\(.address)"),
	(.hosts[]? | .addresses[0] as $address | .sites[]? | select($address and ([.] | inside([$sites[].name]) | not) and (elsewhere | not)) | "host-record=\(.),\($address)"),
	($name_servers[] | "server=/\(.zone)/\(.addresses[0])")
end
