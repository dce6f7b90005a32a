# facts.firewall as an nftables ruleset. Rules keep their order; what none of them takes is logged and dropped.
def set(key): if length == 0 then "" elif length == 1 then "\(key) \(.[0]) " else "\(key) { \(join(", ")) } " end;
def addresses(key): (. // []) | map(strings) | set("ip \(key)");

# One match for each protocol of the rule's services; no service: one match for everything.
def services: (.services // []) | group_by(.protocol) | if length == 0 then [""] else
	map(.[0].protocol as $protocol | if $protocol == "icmp" then "ip protocol icmp " else map(.port) | unique | set("\($protocol) dport") end) end;

# The range's own measurements are no part of the story. They are known by all of this together (orchestrator/range/packet.h): an identification
# of their own, ports that no kernel hands out, and no room for anything. Mark 1: nothing (more) is to be said of the packet.
def quiet: "\t\tip id 0x746f meta length <= 44 th sport 61001-65535 meta mark set 1";

# Logged apart from the verdict, with a limit: a flood fills neither the disk nor the log reader's queue. The limit takes a scan of all common
# ports, with what is sent again; what is beyond it is told once a second, and counted by the rule.
def logged($match; $what; $number): "\t\t\($match)meta mark != 1 limit rate 50/second burst 3000 packets log prefix \"\($what) rule=\($number) \" group 5 meta mark set 1",
	"\t\t\($match)meta mark != 1 limit rate 1/second burst 1 packets log prefix \"\($what) rule=\($number) and more, not logged: \" group 5";
def rule($number): . as $rule | services[] as $service | ((($rule.from | addresses("saddr")) + ($rule.to | addresses("daddr")) + $service) as $match
	| (if $rule.log then logged($match; $rule.action | ascii_upcase; $number) else empty end), "\t\t\($match)counter \($rule.action)");

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
# Rules of this firewall; load after a change: nft -f /etc/nftables.conf
# What it blocks: /var/log/ulog/syslogemu.log; a rule of your own is logged there with: log prefix \"OWN \" group 5
flush ruleset

table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iif lo accept
		ip protocol icmp accept",
relay,
quiet,
"		# broadcasts are everyday noise: dropped and counted, not logged",
logged("meta pkttype host "; "DROP"; "input"),
"		counter drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept",
quiet,
((.firewall // []) | to_entries[] | (.key + 1) as $number | .value | rule($number)),
logged(""; "DROP"; "default"),
"		counter drop
	}
	chain output {
		type filter hook output priority filter; policy accept;
	}
}",
nat
