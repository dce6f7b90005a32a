# dnsmasq as a relay for DHCP, and nothing else: requests from every network but the server's own and the internet go to the server of the option
# `dhcp`. Nothing where there is none. Of several relays on a network the one with the lowest address does it: else each request would come twice.
def number: split(".") | map(tonumber) | reduce .[] as $part (0; . * 256 + $part);
def network($prefix): number / pow(2; 32 - $prefix) | floor;

. as $facts | (.options.dhcp // "") as $name | (.hosts[$name].addresses[0] // empty) as $server
| [.hosts[] | select(.dhcp == $name) | .addresses[]] as $relays
| [.nics[] | .prefix as $prefix | (.address | network($prefix)) as $here
	| select($here != ($server | network($prefix)) and $facts.networks[.network].kind != "internet")
	| select(.address == ([$relays[] | select(network($prefix) == $here)] | min_by(number)))]
| if length == 0 then empty else "port=0", "bind-interfaces", "user=dnsmasq", "pid-file=", "no-hosts", "no-resolv",
	(.[] | "interface=\(.device)", "dhcp-relay=\(.address),\($server)") end
