# facts.firewall as an nftables ruleset. Rules keep their order; what none of them takes is logged and dropped.
def set(key): if length == 0 then "" elif length == 1 then "\(key) \(.[0]) " else "\(key) { \(join(", ")) } " end;
def addresses(key): (. // []) | map(strings) | set("ip \(key)");

# One match for each protocol of the rule's services; no service: one match for everything.
def services: (.services // []) | group_by(.protocol) | if length == 0 then [""] else
	map(.[0].protocol as $protocol | if $protocol == "icmp" then "ip protocol icmp " else map(.port) | unique | set("\($protocol) dport") end) end;

# Logged apart from the verdict, with a limit: a flood fills neither the disk nor the log reader's queue. The range's own measurements come from
# ports that no kernel hands out; they are no part of the story.
def logged($what; $number): "th sport != 61001-65535 limit rate 50/second burst 200 packets log prefix \"\($what) rule=\($number) \" group 5";
def rule($number): . as $rule | services[] as $service | ((($rule.from | addresses("saddr")) + ($rule.to | addresses("daddr")) + $service) as $match
	| (if $rule.log then "\t\t\($match)\(logged($rule.action | ascii_upcase; $number))" else empty end), "\t\t\($match)counter \($rule.action)");

# DHCP: clients call everybody, the server answers the relay.
def relay: (.hosts[.options.dhcp // ""].addresses // []) | if length == 0 then empty else
	"\t\tudp sport 68 udp dport 67 accept", "\t\t\(addresses("saddr"))udp dport 67 accept" end;

# Towards the internet, private addresses (RFC 1918) take this firewall's own; public ones are routed.
def nat: . as $facts | [.nics[]? | select($facts.networks[.network].kind == "internet") | .device] | if length == 0 then empty else
	"table inet nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		\(set("oifname"))ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } masquerade
	}
}" end;

"#!/usr/sbin/nft -f
# Rules of this firewall; load after a change: nft -f /etc/nftables.conf (what it blocks: /var/log/ulog/syslogemu.log)
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iif lo accept
		ip protocol icmp accept",
relay,
"		meta pkttype host \(logged("DROP"; "input"))
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept",
((.firewall // []) | to_entries[] | (.key + 1) as $number | .value | rule($number)),
"		\(logged("DROP"; "default"))
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}",
nat
