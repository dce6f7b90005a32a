"""Who works here, at which machine, with which address; who is in on a day. From the facts that all hosts share."""
import hashlib
import ipaddress
import zlib

from .days import chance

DEPARTMENTS = {"residents": "市民課", "tax": "税務課", "procurement": "契約課", "research": "産業研究所", "policy": "情報政策課"}
# a desk's; its people have those from 10 on. The same as in roles/file/files/common and roles/web/files/site/contact.html
EXTENSIONS = {"residents": 2100, "tax": 2200, "procurement": 2300, "policy": 2400, "research": 3100}
BROWSERS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
            "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0")
AWAY = 0.06


class Person:
    """`pc`, `address`: where the person reads mail and looks at the web; `closed_pc`, `closed_address`: a terminal in a closed network, or None."""

    def __init__(self, account, facts, domain):
        name = facts.get("name") or account
        name = name if isinstance(name, dict) else {"ja": name, "en": name}
        self.account = account
        self.name = name.get("ja") or name.get("en") or account
        self.english = name.get("en") or self.name
        self.family = self.name.split()[0]
        self.department = facts.get("department") or "office"
        self.division = DEPARTMENTS.get(self.department, self.department)
        self.mail = f"{account}@{domain}"
        self.terminal = facts.get("terminal")
        self.pc, self.address, self.closed_pc, self.closed_address = f"pc-{account}", None, None, None
        self.agent = BROWSERS[1 if self.terminal else 0]
        self.extension = EXTENSIONS.get(self.department, 2900) + 10 + zlib.crc32(account.encode()) % 90

    @property
    def sender(self):
        return f"{self.division} {self.name}"

    def hours(self, day):
        """(from, to) in seconds, or None: not in on that day. Where work begins at 8:30."""
        if not day.work:
            return None
        dice = chance("hours", self.account, day.work)
        if dice.random() < AWAY:
            return None
        return int(dice.triangular(28800, 30900, 30000)), int(dice.triangular(61800, 71000, 63500))

    def moments(self, day, dice, count):
        """About `count` times of work on that day: less at lunch, none when the person is out. Sorted."""
        hours = self.hours(day)
        if not hours:
            return []
        start, end = hours
        times = []
        for _ in range(int(count * dice.uniform(0.7, 1.3))):
            second = int(dice.uniform(start, end))
            if not 43200 <= second < 46800 or dice.random() < 0.25:
                times.append(second)
        return sorted(times)


def mac(host, network):
    """The hardware address that the plan gives a host's interface (orchestrator/plan/facts.c): all hosts' logs know a machine by the same."""
    digits = hashlib.sha256(f"mac\0{host}\0{network}\0".encode()).hexdigest()
    return "02:" + ":".join(digits[i:i + 2] for i in range(0, 10, 2))


class Staff:
    """`people`: by account. `servers`: role → (name, address) of the first such host."""

    def __init__(self, facts):
        hosts = facts.get("hosts") or {}
        self.hosts = {name: host for name, host in sorted(hosts.items()) if host.get("role") not in ("internet", "attacker")}
        self.servers = {}
        for name, host in self.hosts.items():
            if host.get("addresses"):
                self.servers.setdefault(host["role"], (name, host["addresses"][0]))
        self.networks = {name: (ipaddress.ip_network(net["cidr"]), net.get("kind")) for name, net in sorted((facts.get("networks") or {}).items())}
        self.sites = [site for host in self.hosts.values() if host["role"] == "web" for site in host.get("sites") or []]
        self.domain = self._domain()
        self.people = {account: Person(account, person, self.domain) for account, person in sorted((facts.get("people") or {}).items())}
        self._give_machines()

    def _domain(self):
        for role in ("mail", "mail-relay", "sanitizer"):
            for host in self.hosts.values():
                if host["role"] == role and host.get("domain"):
                    return host["domain"]
        return self.sites[0].removeprefix("www.") if self.sites else "office.example"

    def network_of(self, address):
        return next((name for name, (net, _) in self.networks.items() if ipaddress.ip_address(address) in net), None)

    def _give_machines(self):
        """Those without a terminal of the exercise have machines, too, which are off today; so have those whose terminal is in a closed network."""
        taken = {address for host in self.hosts.values() for address in host.get("addresses") or []}
        servers = [self.servers[role][1] for role in ("file", "mail", "ad") if role in self.servers]
        servers = [address for address in servers if self.networks.get(self.network_of(address), (None, "closed"))[1] != "closed"]
        home = self.network_of(servers[0]) if servers else None
        for person in self.people.values():
            host = self.hosts.get(person.terminal or "", {})
            address = (host.get("addresses") or [None])[0]
            if address and self.networks.get(self.network_of(address), (None, None))[1] == "closed":
                person.pc, person.closed_pc, person.closed_address = f"{person.terminal}-2", person.terminal, address
            elif address:
                person.pc, person.address = person.terminal, address
            if not person.address:
                network = person.department if self.networks.get(person.department, (None, "closed"))[1] == "lan" else home
                person.address = network and self._free(network, person.account, taken)
                taken.add(person.address)

    def _free(self, network, account, taken):
        """In the part of a network where machines are: .100 to .199."""
        net = self.networks[network][0]
        if net.num_addresses < 256:
            return None
        last = zlib.crc32(account.encode()) % 100
        while str(net[100 + last]) in taken:
            last = (last + 1) % 100
        return str(net[100 + last])
