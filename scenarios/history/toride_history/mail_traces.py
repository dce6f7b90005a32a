"""Mail on its way, as Postfix and Dovecot log it at each host: (second, program, message)."""
from . import letters
from .days import chance
from .logs import process

FILTER_UID = 998  # the account `sanitizer`


def server_of(address):
    return "mail." + address.rpartition("@")[2]


class Way:
    """The hosts that mail passes: relay (mail-relay), filter (sanitizer), server (mail); each (name, address) or None."""

    def __init__(self, chronicle):
        servers = chronicle.staff.servers
        self.chronicle, self.domain = chronicle, chronicle.staff.domain
        self.relay, self.filter, self.server = (servers.get(role) for role in ("mail-relay", "sanitizer", "mail"))
        self.staff = {person.mail: person for person in chronicle.staff.people.values()}
        self.outside_address = None
        for net, kind in chronicle.staff.networks.values():
            if kind == "internet":
                self.outside_address = str(net[25])

    def inside(self, letter):
        return [address for address in letter.to if address in self.staff]

    def outside(self, letter):
        return [address for address in letter.to if address not in self.staff]

    def comes_in(self, letter):
        return letter.sender not in self.staff

    def delay(self, letter, hop):
        """Seconds until it is at that hop, counted from the Date of the mail."""
        return {"relay": 1, "filter": 2, "server": 4}[hop] if self.comes_in(letter) else {"server": 0, "relay": 1}[hop]

    def client(self, address, name=None):
        """A client as Postfix shows it: /etc/hosts knows the hosts of the facts, DNS those outside."""
        known = next((host for host, facts in self.chronicle.staff.hosts.items() if address in (facts.get("addresses") or [])), name)
        return f"{known or 'unknown'}[{address}]"

    def from_pc(self, letter):
        person = self.staff[letter.sender]
        return person.pc, person.address or "127.0.0.1"

    def received(self, letter, to):
        """Trace fields (RFC 5321, 4.4) as the mail has them in the mailbox of `to`; the last hop first. Empty: it came no further than the sender's folder."""
        name, _address = self.server
        server, lines = f"{name}.{self.domain}", []
        stamp = lambda hop: letters.format_datetime(letter.day.when(min(letter.second + self.delay(letter, hop), 86399))) + " (JST)"  # noqa: E731
        number = letters.queue_id

        def shown(address, name=None):
            known, _, rest = self.client(address, name).partition("[")
            return f"({known} [{rest})"

        if not self.comes_in(letter):
            pc, address = self.from_pc(letter)
            return [f"from {pc} {shown(address)}\n\tby {server} (Postfix) with ESMTPSA id {number(letter, 'server')}\n\tfor <{to}>; {stamp('server')}"]
        if self.filter:
            lines.append(f"from {self.filter[0]}.{self.domain} {shown(self.filter[1])}\n\tby {server} (Postfix) with ESMTP id {number(letter, 'server')}\n\tfor <{to}>; {stamp('server')}")
            lines.append(f"by {self.filter[0]}.{self.domain} (Postfix, from userid {FILTER_UID})\n\tid {number(letter, 'filtered')}; {stamp('server')}")
        if self.relay:
            by = f"{self.filter[0]}.{self.domain}" if self.filter else server
            lines.append(f"from {self.relay[0]}.{self.domain} {shown(self.relay[1])}\n\tby {by} (Postfix) with ESMTP id {number(letter, 'filter' if self.filter else 'server')}\n\tfor <{to}>; {stamp('filter')}")
            lines.append(f"from {server_of(letter.sender)} {shown(self.outside_address, server_of(letter.sender))}\n\tby {self.relay[0]}.{self.domain} (Postfix) with ESMTP id {number(letter, 'relay')}\n\tfor <{to}>; {stamp('relay')}")
        return lines

    def size(self, letter, hops):
        """Bytes of the mail where it has that many trace fields. What is below them is composed once."""
        sizes = self.chronicle.__dict__.setdefault("letter_sizes", {})
        if letter.id not in sizes:
            sizes[letter.id] = len(letters.compose(letter))
        return sizes[letter.id] + sum(len(f"Received: {line}\n".encode()) for line in self.received(letter, letter.to[0])[-hops:])


class _Log:
    """Lines of one Postfix; a pass of a mail through it is taken(), then sent() for each next hop, then done()."""

    def __init__(self, host, day):
        self.host, self.day, self.lines = host, day, []

    def say(self, second, program, text):
        self.lines.append((min(second, 86399), f"{program}[{process(f'{self.host} {program} {second // 1800}', self.day, 1)}]", text))

    def taken(self, second, letter, size, number, client, count, login="", service="postfix/smtpd"):
        self.say(second, service, f"connect from {client}")
        self.say(second, service, f"{number}: client={client}{login}")
        self.say(second, "postfix/cleanup", f"{number}: message-id={letter.id}")
        self.say(second, "postfix/qmgr", f"{number}: from=<{letter.sender}>, size={size}, nrcpt={count} (queue active)")
        self.say(second, service, f"disconnect from {client} ehlo=1 {'auth=1 ' if login else ''}mail=1 rcpt={count} data=1 quit=1 commands={count + 4 + bool(login)}")

    def sent(self, second, number, to, program, relay, answer):
        dice = chance(number, to)
        parts = dice.randint(1, 9), 1, dice.randint(1, 9), dice.randint(10, 60)  # hundredths of a second
        self.say(second, f"postfix/{program}", f"{number}: to=<{to}>, relay={relay}, delay={sum(parts) / 100:.2g}, delays={'/'.join(f'{part / 100:.2g}' for part in parts)}, "
                         f"dsn=2.0.0, status=sent ({answer})")

    def done(self, second, number):
        self.say(second, "postfix/qmgr", f"{number}: removed")


def _at_server(way, log, letter):
    second, number, inside, out = letter.second + way.delay(letter, "server"), letters.queue_id(letter, "server"), way.inside(letter), way.outside(letter)
    size = way.size(letter, 4)  # all that it has
    if way.comes_in(letter):
        _, address = way.filter or way.relay or (None, way.outside_address or "unknown")  # where nothing stands before it
        log.taken(second, letter, size, number, way.client(address), len(inside))
    else:
        address = way.from_pc(letter)[1]
        account = letter.sender.partition("@")[0]
        log.taken(second, letter, size, number, way.client(address), len(letter.to), f", sasl_method=PLAIN, sasl_username={account}", "postfix/submission/smtpd")
    for to in inside:
        log.sent(second, number, to, "virtual", "virtual", "delivered to maildir")
    for to in out:
        relay = way.relay[1] if way.relay else "none"
        log.sent(second + 1, number, to, "smtp", f"{relay}[{relay}]:25", f"250 2.0.0 Ok: queued as {letters.queue_id(letter, 'relay')}")
    log.done(second + bool(out), number)


def _at_relay(way, log, letter):
    number, second = letters.queue_id(letter, "relay"), letter.second + way.delay(letter, "relay")
    if way.comes_in(letter):
        name, address = way.filter or way.server
        log.taken(second, letter, way.size(letter, 1), number, way.client(way.outside_address, server_of(letter.sender)), len(way.inside(letter)))
        for to in way.inside(letter):
            log.sent(second + 1, number, to, "relay/smtp", f"{address}[{address}]:25", f"250 2.0.0 Ok: queued as {letters.queue_id(letter, 'filter')}")
    else:
        if not way.outside(letter):
            return
        log.taken(second, letter, way.size(letter, 1), number, way.client(way.server[1]), len(way.outside(letter)))
        for to in way.outside(letter):
            log.sent(second + 1, number, to, "smtp", f"{server_of(to)}[{way.outside_address}]:25", "250 2.0.0 Ok: queued as " + letters.queue_id(letter, "outside"))
    log.done(second + 1, number)


def _at_filter(way, log, letter):
    if not way.comes_in(letter):
        return
    number, second = letters.queue_id(letter, "filter"), letter.second + way.delay(letter, "filter")
    again = letters.queue_id(letter, "filtered")
    log.taken(second, letter, way.size(letter, 2), number, way.client(way.relay[1] if way.relay else way.outside_address), len(way.inside(letter)))
    for to in way.inside(letter):
        log.sent(second + 1, number, to, "pipe", "sanitize", "delivered via sanitize service")
    log.done(second + 1, number)
    log.say(second + 1, "postfix/pickup", f"{again}: uid={FILTER_UID} from=<{letter.sender}>")
    log.say(second + 1, "postfix/cleanup", f"{again}: message-id={letter.id}")
    log.say(second + 1, "postfix/qmgr", f"{again}: from=<{letter.sender}>, size={way.size(letter, 3)}, nrcpt={len(way.inside(letter))} (queue active)")
    for to in way.inside(letter):
        log.sent(second + 2, again, to, "relay/smtp", f"{way.server[1]}[{way.server[1]}]:25", f"250 2.0.0 Ok: queued as {letters.queue_id(letter, 'server')}")
    log.done(second + 2, again)


def mail_checks(chronicle, day):
    """(person, seconds): when the person's mail program asks for new mail."""
    for person in chronicle.staff.people.values():
        hours = person.hours(day)
        if not hours or not person.address:
            continue
        dice, seconds = chance("imap", person.account, day.work), []
        second = hours[0] + dice.randint(30, 240)
        while second < hours[1]:
            seconds.append(second)
            second += 3600 + dice.randint(-90, 90)
        yield person, seconds


def _reading(way, log, day):
    """The staff's mail programs ask for new mail: in the morning and then every hour."""
    for person, seconds in mail_checks(way.chronicle, day):
        dice = chance("imap", person.account, day.work, "sessions")
        for second in seconds:
            session = f"{dice.randrange(1 << 64):016x}"
            log.lines.append((second, "dovecot", f"imap-login: Login: user=<{person.account}>, method=PLAIN, rip={person.address}, lip={way.server[1]}, mpid={dice.randint(900, 30000)}, session=<{session}>"))
            log.lines.append((second + 2, "dovecot", f"imap({person.account})<{dice.randint(900, 30000)}><{session}>: Disconnected: Logged out in={dice.randint(90, 300)} out={dice.randint(900, 20000)} "
                              f"deleted=0 expunged=0 trashed=0 hdr_count={dice.randint(0, 9)} hdr_bytes={dice.randint(0, 4000)} body_count={dice.randint(0, 3)} body_bytes={dice.randint(0, 9000)}"))


HOPS = {"mail": _at_server, "mail-relay": _at_relay, "sanitizer": _at_filter}


def by_day(chronicle):
    """date → the letters of that day; made once and kept with the chronicle."""
    if not hasattr(chronicle, "letters_by_day"):
        chronicle.letters_by_day = {}
        for letter in letters.letters(chronicle):
            chronicle.letters_by_day.setdefault(letter.day.date, []).append(letter)
    return chronicle.letters_by_day


def lines(role, chronicle, host, day):
    way = Way(chronicle)
    if not way.server:
        return []
    log = _Log(host, day)
    for letter in by_day(chronicle).get(day.date, []):
        HOPS[role](way, log, letter)
    if role == "mail":
        _reading(way, log, day)
    return sorted(log.lines, key=lambda line: line[0])
