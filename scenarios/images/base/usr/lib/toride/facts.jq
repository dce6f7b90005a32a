# The facts as shell assignments for `prepare`: host_name, leased (the interfaces that get their address by DHCP), logs (where to send them), access.
# Odd facts give less, never a broken line: a word that is no address or name is left out.
def items: if type == "array" then .[] else empty end;
def address: strings | select(test("^[0-9]{1,3}([.][0-9]{1,3}){3}$"));
def name: strings | select(test("^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$"));
def device: strings | select(test("^[a-z]+[0-9]{1,3}$"));

if type == "object" then . else {} end
| @sh "host_name=\([.host | name] | first // "")",
	@sh "leased=\([.nics | items | objects | select(.dhcp == true) | .device | device] | join(" "))",
	@sh "logs=\([.logs | address] | first // "")",
	@sh "access=\([.access | name] | first // "")"
