"""What happened, as the software of each role writes it: (second, program, message). A role's own log has the message alone or after time and program; the log
server has it after time, host and program. The formats are those of scenarios/roles/ROLE/files."""
import hashlib
import zlib

from . import orders as past_orders
from . import mail_traces, outside, papers, visits
from .days import chance
from .logs import process
from .staff import mac


def proxy(chronicle, _host, day):
    for v in visits.visits(chronicle, day):
        yield v.second, "squid", f'{v.address} [{day.stamp(v.second)}] "{v.method} {v.url}" {v.status} {v.bytes} "{v.agent}" {v.way}'


def web(chronicle, host, day):
    site = (chronicle.staff.hosts.get(host, {}).get("sites") or chronicle.staff.sites or ["-"])[0]
    for h in outside.hits(chronicle, day):
        yield h.second, "nginx", f'{h.address} [{day.iso}T{day.stamp(h.second)[11:]}+09:00] {site} "GET {h.path} HTTP/1.1" {h.status} {h.bytes} "{h.referer}" "{h.agent}"'


# ---- firewalls ----

def _packet(day, host, packet, rule, devices, link):
    """`devices`: the interfaces in and out. `link`: the network that it comes in on, and the machine there that sends it."""
    dice = chance("packet", *packet[1:6])  # tried again, it is the same packet
    way_in, way_out = devices
    network, sender = link
    flags = f"SEQ={dice.randrange(1 << 32)} ACK=0 WINDOW={64240 if packet.ttl == 63 else dice.choice((1024, 14600, 29200, 65535))} SYN URGP=0" if packet.protocol == "TCP" else f"LEN={packet.length - 20}"
    stamp = day.when(packet.second).strftime("%b %e %H:%M:%S")
    return packet.second, "firewall", (
        f"{stamp} {host} DROP rule={rule}  IN={way_in} OUT={way_out} MAC={mac(host, network)}:{mac(sender, network)}:08:00 SRC={packet.source} DST={packet.to} "
        f"LEN={packet.length} TOS=00 PREC=0x00 TTL={packet.ttl} ID={(dice.randrange(65536) + packet.second % 8) % 65536} {'DF ' if packet.protocol == 'TCP' and packet.ttl < 128 else ''}PROTO={packet.protocol} SPT={packet.sport} DPT={packet.dport} {flags} MARK=0x0 ")


def _devices(chronicle, host):
    """network → interface, as a guest's are numbered."""
    staff = chronicle.staff
    addresses = staff.hosts.get(host, {}).get("addresses") or []
    networks = sorted({staff.network_of(address) for address in addresses} - {None})
    return {network: f"eth{i}" for i, network in enumerate(networks)}


def _last_rule(chronicle, host):
    """The number of the rule that drops and logs everything; only the firewall itself has its rules, and most end without such a rule."""
    rules = chronicle.facts.get("firewall") if chronicle.facts.get("host") == host else None
    for number, rule in enumerate(rules or [], 1):
        if rule.get("log") and rule.get("action") == "drop" and not (rule.get("from") or rule.get("to") or rule.get("services")):
            return number
    return "default"


def _edge(chronicle, host, day, devices, rule):
    staff = chronicle.staff
    internet = next(network for network in devices if staff.networks[network][1] == "internet")
    public = [address for name, other in sorted(staff.hosts.items()) for address in other.get("addresses") or []
              if other["role"] in ("web", "dns", "mail-relay", "proxy") and staff.network_of(address) in devices]
    own = [address for address in staff.hosts[host]["addresses"] if staff.network_of(address) == internet]
    world = next((name for name, other in sorted(chronicle.facts["hosts"].items()) if other["role"] == "internet"), "world")
    for packet in outside.noise(day, public + own):
        if packet.dport == 53:
            continue
        inside = staff.network_of(packet.to)
        ways = (devices[internet], "" if packet.to in own else devices[inside])
        yield _packet(day, host, packet, "input" if packet.to in own else rule, ways, (internet, world))


def _inner(chronicle, host, day, devices, rule):
    """Machines that try the internet or each other by themselves, where they should not."""
    staff = chronicle.staff
    inside = {person.address: person for person in staff.people.values() if person.address and staff.network_of(person.address) in devices}
    inside |= {person.closed_address: person for person in staff.people.values() if person.closed_address and staff.network_of(person.closed_address) in devices}
    way_out = next((network for network in devices if not any(staff.network_of(address) == network for address in inside)), None)
    for address, person in sorted(inside.items()):
        dice = chance("inner", host, address, day.back)
        network, machine = staff.network_of(address), person.pc if address == person.address else person.closed_pc
        hours = person.hours(day)
        if not hours or not way_out or network == way_out:
            continue
        for second in [hours[0] + dice.randint(30, 90), *person.moments(day, dice, 2)]:
            port, protocol = dice.choice(((123, "UDP"), (443, "TCP"), (443, "TCP"), (53, "UDP")))
            to = visits.site_address(chronicle, dice.choice(("update.example", "antivirus.example", "weather.example"))) or "203.0.113.10"
            packet = outside.Packet(second, address, to, protocol, dice.randint(32768, 60999), port, 63, 60 if protocol == "TCP" else 76)
            for again in range(3 if protocol == "TCP" else 1):
                yield _packet(day, host, packet._replace(second=second + (0, 1, 3)[again]), rule, (devices[network], devices[way_out]), (network, machine))


def firewall(chronicle, host, day):
    devices = _devices(chronicle, host)
    edge = any(chronicle.staff.networks[network][1] == "internet" for network in devices)
    lines = (_edge if edge else _inner)(chronicle, host, day, devices, _last_rule(chronicle, host))
    return sorted(lines)


# ---- files and log-ins ----

def file(chronicle, host, day):
    """Samba's full_audit: account|address|share|operation|result|what."""
    staff = chronicle.staff
    address = (staff.hosts.get(host, {}).get("addresses") or [""])[0]
    closed = staff.networks.get(staff.network_of(address) if address else "", (None, "lan"))[1] == "closed"
    own = staff.network_of(address) if address else None
    for use in papers.uses(chronicle, day, closed):
        if closed and staff.network_of(use.address) != own:
            continue
        head = f"{use.person.account}|{use.address}|{use.share}|"
        path = f"/srv/shares/{use.share}/{use.path}"
        if use.operation in ("connect", "disconnect"):
            yield use.second, "smbd_audit", f"{head}{use.operation}|ok|{use.share}"
        else:
            yield use.second, "smbd_audit", f"{head}openat|ok|r|/srv/shares/{use.share}"
            yield use.second, "smbd_audit", f"{head}openat|ok|{'w' if use.operation == 'write' else 'r'}|{path}"


def ad(chronicle, _host, day):
    """Samba's auth_audit: tickets in the morning and after the lunch, now and then a password typed wrong, and the mail server's look-ups."""
    try:
        from toride_directory import Directory  # of the image; where it is not, nobody is a member of a directory
    except ImportError:
        return
    staff, found = chronicle.staff, []
    name, address = staff.servers["ad"]
    directory = Directory({**chronicle.facts, "role": "", "options": {"directory": name}})
    numbers = {account: 1103 + i for i, account in enumerate(sorted(staff.people))}  # in the order in which the accounts are made
    number = process(f"samba {name}", day)

    def said(second, person, how, user, remote, local, wrong=False):
        dice = chance("auth", person.account, day.back, second, how)
        when = day.when(second)
        became = "" if wrong else f" became [{directory.workgroup}]\\[{person.account}] [{directory.sid}-{numbers[person.account]}]."
        found.append((second, f"samba[{number}]", f"Auth: [{how[0]}] user {user} at [{when:%a, %d %b %Y %H:%M:%S}.{dice.randrange(1000000):06d} JST] with [{how[1]}] status "
                      f"[{'NT_STATUS_WRONG_PASSWORD' if wrong else 'NT_STATUS_OK'}] workstation [{how[2]}] remote host [ipv4:{remote}:{dice.randint(32768, 60999)}]{became} local host [{local}] "))

    kerberos = ("Kerberos KDC,ENC-TS Pre-authentication", "aes256-cts-hmac-sha1-96", "(null)")
    bind = ("LDAP,simple bind/TLS", "Plaintext", name.upper())
    for person in staff.people.values():
        hours = person.hours(day)
        if hours and person.address:
            dice = chance("ticket", person.account, day.work)
            user = f"[(null)]\\[{person.account}@{directory.realm}]"
            if dice.random() < 0.05:
                said(hours[0] + 22, person, kerberos, user, person.address, "NULL", wrong=True)
            for second in (hours[0] + 40, 46800 + dice.randint(0, 900)):
                said(second, person, kerberos, user, person.address, "NULL")
    if "mail" in staff.servers:
        for person, seconds in mail_traces.mail_checks(chronicle, day):
            for second in seconds:
                said(second, person, bind, f"[{directory.workgroup}]\\[{person.account}@{directory.domain}]", staff.servers["mail"][1], f"ipv4:{address}:389")
    yield from sorted(found)


def dhcp(chronicle, _host, day):
    """Kea's lease log: each machine of the division segments asks when it is switched on, and again every 20 minutes."""
    staff = chronicle.staff
    served = set(chronicle.facts.get("leases") or {}) or {person.department for person in staff.people.values()}
    found = []
    for person in staff.people.values():
        hours = person.hours(day)
        if not hours or not person.address or staff.network_of(person.address) not in served:
            continue
        address, dice = mac(person.pc, staff.network_of(person.address)), chance("lease", person.account, day.work)
        second, step = hours[0] - dice.randint(20, 90), 1200
        transaction = lambda: f"{dice.randrange(1 << 32):#010x}"  # noqa: E731
        client = f"[hwtype=1 {address}], cid=[01:{address}]"
        found.append((second, "kea", f"DHCP4_LEASE_ADVERT {client}, tid={transaction()}: lease {person.address} will be advertised"))
        while second < hours[1]:
            found.append((second, "kea", f"DHCP4_LEASE_ALLOC {client}, tid={transaction()}: lease {person.address} has been allocated for 3600 seconds"))
            second += step
    return [(second, program, f"{day.stamp(second)} {message}") for second, program, message in sorted(found)]


def login(host, day):
    """The process number of that day's session at a terminal, in auth.log as in wtmp."""
    return process(f"login {host} {day.back}", day, 1)


def terminal(chronicle, host, day):
    """The person's sessions at a terminal."""
    in_directory = "ad" in chronicle.staff.servers and not any(person.terminal == host and person.closed_pc for person in chronicle.staff.people.values())
    for position, person in enumerate(chronicle.staff.people.values()):
        hours = person.hours(day) if person.terminal == host else None
        if hours:
            number = login(host, day)
            yield hours[0] + 40, f"login[{number}]", f"pam_unix(login:session): session opened for user {person.account}(uid={10000 + position if in_directory else 1000}) by LOGIN(uid=0)"
            yield hours[1], f"login[{number}]", f"pam_unix(login:session): session closed for user {person.account}"


def dns(chronicle, host, day):
    """BIND's query log: what the proxy and the mail relay look up for the staff; a name once in five minutes, as it is remembered."""
    staff = chronicle.staff
    asked, found = {}, []
    own = (staff.hosts.get(host, {}).get("addresses") or [""])[0]
    client = staff.servers.get("proxy", (None, None))[1]
    if client:
        for v in visits.visits(chronicle, day):
            site = v.url.removeprefix("http://").partition("/")[0].partition(":")[0]
            if v.second - asked.get(site, -1000) >= 300:
                asked[site] = v.second
                found.append((v.second, "named", _query(day, v.second, client, site, "A", own)))
    for h in outside.hits(chronicle, day):
        if h.path in ("/", "/robots.txt") and zlib.crc32(h.address.encode()) % 3 == 0 and staff.sites:
            found.append((h.second, "named", _query(day, h.second, h.address, staff.sites[0], "A", own, "-E(0)")))
    return sorted(found)


def _query(day, second, client, name, kind, own, flags="+E(0)K"):
    dice = chance("query", day.back, second, client, name)
    return (f"{day.iso}T{day.stamp(second)[11:]}.{dice.randrange(1000):03d} client @0x7f{dice.randrange(1 << 40):010x} {client}#{dice.randint(32768, 60999)} ({name}): "
            f"query: {name} IN {kind} {flags} ({own})")


def orders(chronicle, _host, day):
    for entry in past_orders.audit(chronicle, day):
        yield entry.second, "orders", f"{day.stamp(entry.second)} {entry.account} {entry.address} {entry.action} {entry.subject or '-'} {entry.detail or '-'}"


def _mail(role):
    return lambda chronicle, host, day: mail_traces.lines(role, chronicle, host, day)


def sanitizer_files(chronicle, host, day):
    """The sanitising server's own log: one line for each file that came by mail or out of a closed network; none had anything in it."""
    return sorted([*_mailed_files(chronicle, host, day), *_crossed_files(chronicle, host, day)], key=lambda line: line[0])


def _crossed_files(chronicle, _host, day):
    for crossing in papers.crossings(chronicle):
        if crossing.document.day.date == day.date:
            content = papers.content(crossing.document)
            digest = hashlib.sha256(content).hexdigest()
            yield crossing.second, "sanitizer", (f"{day.stamp(crossing.second)} id={day.when(crossing.second):%Y%m%d-%H%M%S}-{digest[:8]} route={crossing.share} from={crossing.host} to={crossing.share} "
                                                 f"name={crossing.document.path} sha256={digest} size={len(content)} action=passed")


def _mailed_files(chronicle, _host, day):
    from . import letters

    way = mail_traces.Way(chronicle)
    for letter in mail_traces.by_day(chronicle).get(day.date, []):
        if letter.attachment and way.comes_in(letter):
            content, _ = papers.attachment(letter.attachment, letter)
            second = min(letter.second + way.delay(letter, "filter") + 1, 86399)
            yield second, "sanitizer", (f"{day.stamp(second)} id={letters.queue_id(letter, 'filter')} route=mail from={letter.sender} to={','.join(way.inside(letter))} "
                                        f"name={letter.attachment} sha256={hashlib.sha256(content).hexdigest()} size={len(content)} action=passed")


def sanitizer(chronicle, host, day):
    return sorted([*mail_traces.lines("sanitizer", chronicle, host, day), *sanitizer_files(chronicle, host, day)], key=lambda line: line[0])


# role → what the log server has of such a host
SENT = {"proxy": proxy, "web": web, "firewall": firewall, "file": file, "dhcp": dhcp, "dns": dns, "terminal": terminal, "sanitizer": sanitizer,
        "ad": ad, "mail": _mail("mail"), "mail-relay": _mail("mail-relay"), "business-app": orders}


def own_lines(trace, chronicle, stamped=False):
    """For logs.write: the lines of this host's own log; `stamped`: as its rsyslog writes them (time and program first), not the software itself."""
    host = chronicle.facts.get("host")

    def lines(day):
        for second, program, message in trace(chronicle, host, day):
            yield f"{day.stamp(second)} {program}: {message}\n" if stamped else f"{message}\n"

    return lines
