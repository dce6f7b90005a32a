"""The organisation's directory (role `ad`), as each host works it out of its own facts while it is baked.

A host cannot talk to another one then, so nothing is joined live: the domain's SID, the numbers of accounts and groups and the password
of each member's computer account follow from the facts, and are the same wherever they are asked for. The directory's layer and a
member's can be made anew, or reset, one without the other, and the trust between them holds.
"""
import hashlib
import json

FIRST_USER, FIRST_SERVICE, STAFF, FIRST_DEPARTMENT = 10000, 19000, 20000, 20001
STAFF_GROUP = "domain users"


def read_facts(path="/etc/toride/facts.json"):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def machine_name(host):
    """The host's name for Samba, 15 letters at most (NetBIOS); hosts whose long names begin alike have different ones."""
    if len(host) > 15:
        host = f"{host[:10]}-{hashlib.sha256(host.encode()).hexdigest()[:4]}"
    return host.upper()


class Directory:
    """Of the facts' own host (role `ad`), or of the one that their option `directory` names."""

    def __init__(self, facts):
        self.host = facts["host"] if facts["role"] == "ad" else facts["options"].get("directory")
        if not self.host:
            raise ValueError("the option `directory` names no host")
        server = facts["hosts"][self.host]
        if "domain" not in server:
            raise ValueError(f"`{self.host}`, which the option `directory` names, has no option `domain`; its role must be `ad`")
        self.domain = server["domain"].lower()
        self.address = server["addresses"][0]
        self.people = facts.get("people") or {}
        # The organisation's own name: ad.saida.example is a part of saida.example, for the directory alone.
        self.organisation = self.domain.removeprefix("ad.")
        # Where the staff's mail goes: not every host's facts tell, and only the directory has to know.
        mail_hosts = (about for _, about in sorted(facts["hosts"].items()) if about["role"] == "mail")
        self.mail_domain = next((about["domain"] for about in mail_hosts if "domain" in about), self.organisation)
        self.realm = self.domain.upper()
        self.workgroup = self.organisation.split(".")[0].upper()[:15]
        self.base = ",".join(f"DC={label}" for label in self.domain.split("."))

    def _digest(self, *words):
        return hashlib.sha256("\n".join([self.domain, *words]).encode())

    def _sid(self, *words):
        digest = self._digest("sid", *words).digest()
        return "S-1-5-21-" + "-".join(str(int.from_bytes(digest[i : i + 4], "big")) for i in (0, 4, 8))

    @property
    def sid(self):
        return self._sid()

    def host_sid(self, host):
        """Of a member's own, local accounts."""
        return self._sid(host)

    def machine_password(self, host):
        return self._digest("machine", host).hexdigest()[:32]

    def machine_dn(self, host):
        return f"CN={machine_name(host)},CN=Computers,{self.base}"

    def users(self):
        """Account → uidNumber of each person."""
        return {account: FIRST_USER + i for i, account in enumerate(sorted(self.people))}

    def departments(self):
        """Name of each department, which is its group's, too → gidNumber."""
        names = sorted({person["department"] for person in self.people.values() if person.get("department")})
        return {name: FIRST_DEPARTMENT + i for i, name in enumerate(names)}
