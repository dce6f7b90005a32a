# facts.leases as Kea's configuration. A lease is short, so that the log shows through the day which machines are on. Raw sockets: a client of the
# server's own segment has no address yet, so only they hear and reach it; what relays send comes by them as well.
def option($name; $data): if $data == null or $data == "" then empty else { name: $name, data: $data } end;

. as $facts
| ([.hosts[]? | select(.role == "ad") | .domain // empty] | first) as $domain
| { Dhcp4: {
	"interfaces-config": { interfaces: ["*"], "dhcp-socket-type": "raw" },
	"lease-database": { type: "memfile", name: "/var/lib/kea/leases.csv", "lfc-interval": 0 },
	"multi-threading": { "enable-multi-threading": false },
	"valid-lifetime": 3600, "renew-timer": 1200, "rebind-timer": 2700,
	"host-reservation-identifiers": ["hw-address"],
	"option-data": [option("domain-name-servers"; $facts.resolver), option("domain-name"; $domain)],
	subnet4: [.leases // {} | to_entries | to_entries[] | (.key + 1) as $id | .value | {
		id: $id, subnet: $facts.networks[.key].cidr,
		pools: [{ pool: "\(.value.first) - \(.value.last)" }],
		"option-data": [option("routers"; .value.router)],
		reservations: [.value.hosts // {} | to_entries[] | { hostname: .key, "hw-address": .value.mac, "ip-address": .value.address }]
	}],
	loggers: [
		{ name: "kea-dhcp4", severity: "WARN", output_options: [{ output: "stdout" }] },
		{ name: "kea-dhcp4.leases", severity: "INFO", output_options: [{ output: "/var/log/kea/leases.log", maxver: 0, pattern: "%D{%Y-%m-%d %H:%M:%S} %m\n" }] }
	] } }
