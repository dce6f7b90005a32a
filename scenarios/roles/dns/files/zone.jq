# The public zone's file, out of the facts: this server, the mail host of the option `mail`, and every site of a host that lies in the zone.
.options.zone as $zone | .hosts as $hosts | .options.mail as $mail
| def relative: if . == $zone then "@" else rtrimstr(".\($zone)") end;
"$TTL 300",
"@ SOA ns.\($zone). hostmaster.\($zone). ( 1 3600 600 604800 60 )",
"@ NS ns",
"ns A \(.nics[0].address)",
($mail | strings | "@ MX 10 \(.)", "\(.) A \($hosts[.].addresses[0])", "@ TXT \"v=spf1 mx -all\"",
	"_dmarc TXT \"v=DMARC1; p=none; rua=mailto:postmaster@\($zone)\""),
($hosts[] | .addresses[0] as $address | .sites[]? | select(. == $zone or endswith(".\($zone)")) | "\(relative) A \($address)")
