# dnsmasq as a relay for DHCP, and nothing else: requests from every network but the server's own and the internet go to the server of the option
# `dhcp`. Nothing where there is none.
def number: split(".") | map(tonumber) | reduce .[] as $part (0; . * 256 + $part);
def network($prefix): number / pow(2; 32 - $prefix) | floor;

. as $facts | (.hosts[.options.dhcp // ""].addresses[0] // empty) as $server
| [.nics[] | .prefix as $prefix | select((.address | network($prefix)) != ($server | network($prefix)) and $facts.networks[.network].kind != "internet")]
| "port=0", "bind-interfaces", "user=dnsmasq", "pid-file=", "no-hosts", "no-resolv",
	(.[] | "interface=\(.device)", "dhcp-relay=\(.address),\($server)")
