# The facts as shell assignments for `prepare`: host_name, links (lines for ip -batch), hosts_file, resolver, leased (the interfaces that get
# their address by DHCP), logs (where to send them), access.
# Odd facts give fewer lines, never a broken one: a word that is no address or name is left out.
def items: if type == "array" then .[] else empty end;
def address: strings | select(test("^[0-9]{1,3}([.][0-9]{1,3}){3}$"));
def target: strings | select(test("^([0-9.]+/[0-9]{1,2}|default)$"));
def name: strings | select(test("^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$"));
def device: strings | select(test("^[a-z]+[0-9]{1,3}$"));

def addresses: (if .dhcp == true then empty else .address end), (.more | items) | address;
def nic_lines: (.device | device) as $device
	| (addresses as $address | "address add \($address)/\(.prefix | numbers) broadcast + dev \($device)"), "link set \($device) up";
def route_line: (.to | target) as $to | (.via | address) as $via | "route add \($to) via \($via)";
def host_lines: to_entries[] | (.key | name) as $name | .value | objects | .addresses | items | address | "\(.) \($name)";

def links: ["link set lo up", (.nics | items | objects | nic_lines), (.routes | items | objects | route_line)];
def hosts_file: ["127.0.0.1 localhost", (.hosts | objects | host_lines)];

if type == "object" then . else {} end
| @sh "host_name=\([.host | name] | first // "")",
	@sh "links=\(links | join("\n"))",
	@sh "hosts_file=\(hosts_file | join("\n"))",
	@sh "resolver=\([.resolver | address] | first // "")",
	@sh "leased=\([.nics | items | objects | select(.dhcp == true) | .device | device] | join(" "))",
	@sh "logs=\([.logs | address] | first // "")",
	@sh "access=\([.access | name] | first // "")"
