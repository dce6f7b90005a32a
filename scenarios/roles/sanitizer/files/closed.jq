# The servers in closed networks: the shares here are named after the network, or after the host where two are in one.
def number: split(".") | map(tonumber) | ((.[0] * 256 + .[1]) * 256 + .[2]) * 256 + .[3];
.hosts as $hosts | .networks as $networks
| [.options.closed[]? | {host: ., address: $hosts[.].addresses[0]}
	| .address as $address
	| . + {network: ([$networks | to_entries[] | (.value.cidr / "/") as [$base, $prefix] | (32 - ($prefix | tonumber)) as $bits
		| select((($address | number) / pow(2; $bits) | floor) == (($base | number) / pow(2; $bits) | floor)) | .key][0])}]
| . as $all
| map({name: (.network as $network | if ([$all[] | select(.network == $network)] | length) == 1 then $network else .host end), host, address})
