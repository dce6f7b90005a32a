"""Mail of the past: who wrote what to whom and when, the same on every host that had a part in it."""
import base64
import datetime
import hashlib
from collections import namedtuple
from email.utils import format_datetime
from urllib.parse import quote

from . import papers
from .days import chance, next_working, spoken, working_day
from .letter_texts import CITIZENS, COURSES, GOODS, OUTSIDE, ROOMS, SUPPLIERS, THREADS, TOPICS, TROUBLES

# sender, to: mail addresses; names: address → name as a mail program shows it; parent: Message-IDs before it in the thread
Letter = namedtuple("Letter", "day second sender to names subject text id parents attachment")

SPAMMERS = ("support@account-check.example", "no-reply@security-notice.example")
LEAVE_DAYS = 15  # working days ahead that leave is told of
SPAM_END = 72000  # it comes at any hour, but not while the servers may be under maintenance


class _Cast:
    """Who takes part in one thread, and the words that its texts leave open."""

    def __init__(self, chronicle, thread, day, dice):
        self.chronicle, self.thread, self.dice = chronicle, thread, dice
        self.people = list(chronicle.staff.people.values())
        self.a = self._one(thread.begins)
        self.b = self._one(thread.to, of=self.a)
        self.days_to_go = dice.randint(2, 9)
        outside = next((who for who in (self.a, self.b) if isinstance(who, str)), dice.choice(SUPPLIERS))
        company, person = OUTSIDE.get(outside, ("", ""))
        staff = next((who for who in (self.a, self.b) if who and not isinstance(who, str)), None)
        trouble, cause = dice.choice(TROUBLES)
        self.words = {
            "a": self._called(self.a), "b": self._called(self.b), "adiv": getattr(self.a, "division", ""), "pc": getattr(self.a, "pc", ""), "ext": getattr(self.a, "extension", ""),
            "company": company, "person": person, "month": (day.date.month - 2) % 12 + 1, "hour": dice.choice((9, 10, 11, 13, 14, 15, 16)),
            "room": dice.choice(ROOMS), "goods": dice.choice(GOODS), "topic": dice.choice(TOPICS), "course": dice.choice(COURSES),
            "trouble": trouble, "cause": cause, "n": f"{dice.randint(2, 30)}", "staff": staff}

    def sent(self, day, second):
        """The words that hang on when the first mail is written: dates come after it, also those after the past; calls were before it; leave is on a day
        after it on which the person is out."""
        self.words["date"] = spoken(working_day(day.date + datetime.timedelta(days=self.days_to_go)))
        coming = [later for later in self.chronicle.days if later.work and later.date > day.date][:LEAVE_DAYS]
        self.words["away"] = next((later for later in coming if hasattr(self.a, "hours") and not self.a.hours(later)), None)
        hour = min(second // 3600, 17)
        self.words["called"] = max(8, hour - chance("called", self.thread.name, day.work, second).randrange(3))

    @staticmethod
    def _called(who):
        return getattr(who, "family", "") if not isinstance(who, str) else OUTSIDE.get(who, ("", ""))[1]

    def _one(self, whom, of=None):
        """A person or an address outside; None: there is none."""
        if whom == "supplier":
            return self.dice.choice(SUPPLIERS)
        if whom == "citizen":
            return self.dice.choice(CITIZENS)
        if whom == "spam":
            return self.dice.choice(SPAMMERS)
        if "@" in whom:
            return whom
        fits = [person for person in self.people if person is not of and (
            whom in ("any", "all") or person.department == whom or
            (whom in ("division", "division1") and person.department == getattr(of, "department", None)))]
        return self.dice.choice(fits) if fits else None

    def group(self, word):
        if word == "all":
            return [person for person in self.people if person is not self.a]
        if word == "division":
            return [person for person in self.people if person is not self.a and person.department == self.a.department]
        return [{"a": self.a, "b": self.b}[word]]


def _address(who):
    return who if isinstance(who, str) else who.mail


def _name(who):
    if isinstance(who, str):
        return " ".join(OUTSIDE.get(who, ("", ""))).strip()
    return who.sender


def _signature(who):
    if isinstance(who, str):
        company, person = OUTSIDE.get(who, ("", ""))
        return f"\n\n--\n{company} {person}".rstrip() if company else ""
    return f"\n\n--\n彩田市 {who.division} {who.name}\n電話 000-000-0000 (内線{who.extension})\n{who.mail}"


def _when(chronicle, cast, who, day, second, hours):
    """When that person gets to it: hours of work later; outside at any time of a working day, spam at night, too. None: after the past."""
    if who in SPAMMERS:
        return day, cast.dice.randrange(SPAM_END)
    second = int(second + hours * 3600 * cast.dice.uniform(0.4, 1.5))
    for _ in range(20):
        day = next_working(chronicle.days, day.date, 0) if day else None
        if not day:
            return None
        start, end = (30600, 64800) if isinstance(who, str) else who.hours(day) or (0, 0)
        if second < start:
            second = start + cast.dice.randint(120, 18000 if isinstance(who, str) else 3000)
        if second < end:
            return day, second
        second = 0
        day = next_working(chronicle.days, day.date, 1)
    return None


def _message_id(sender, *names):
    digest = hashlib.sha256("|".join(map(str, names)).encode()).hexdigest()
    return f"<{digest[:8]}-{digest[8:12]}-{digest[12:20]}@{sender.rpartition('@')[2]}>"


def _key(day):
    """What dice know a day by."""
    return day.work or f"off {day.back}"


def _thread(chronicle, thread, day, number):
    dice = chance("letters", thread.name, _key(day), number)
    cast = _Cast(chronicle, thread, day, dice)
    if not cast.a or not cast.b:
        return
    names, parents, second = {}, [], 28800 + dice.randint(1200, 30000)
    for position, (who, hours, text) in enumerate(thread.messages):
        if position and dice.random() < 0.15:
            return  # not everybody answers
        sender, _, receivers = who.partition(">")
        sender = cast.a if sender == "a" else cast.b
        to = cast.group(receivers)
        found = _when(chronicle, cast, sender, day, second, hours)
        if not found or not to:
            return
        day, second = found
        if not position:
            cast.sent(day, second)
            subject = thread.subject.format(**cast.words)
            if thread.name == "leave" and not cast.words["away"]:
                return  # is in on all days to come
        for person in [sender, *to]:
            names[_address(person)] = _name(person)
        message_id = _message_id(_address(sender), thread.name, subject, _key(day), second, position)
        yield Letter(day, second, _address(sender), [_address(person) for person in to], names, ("Re: " if position else "") + subject,
                     text.format(**cast.words) + _signature(sender), message_id, list(parents), None if position else thread.attachment)
        parents.append(message_id)


def letters(chronicle):
    """All mail of the past, by time."""
    found = []
    for day in chronicle.days:
        for thread in THREADS:
            if not day.work and thread.begins != "spam":
                continue
            dice = chance("threads", thread.name, _key(day))
            count = int(thread.rate / 100 + dice.random())
            for number in range(count):
                found += _thread(chronicle, thread, day, number)
    return sorted(found, key=lambda letter: (letter.day.date, letter.second, letter.id))


def queue_id(letter, hop):
    """Postfix's number of a mail at one of the hosts on its way."""
    return hashlib.sha256(f"{letter.id} {hop}".encode()).hexdigest()[:11].upper()


def encoded(text):
    """A header's text: encoded words (RFC 2047) where it is not ASCII, one a line."""
    if text.isascii():
        return text
    words, part = [], ""
    for letter in text:
        if len((part + letter).encode()) > 45:
            words.append(part)
            part = ""
        part += letter
    return "\n ".join(f"=?UTF-8?B?{base64.b64encode(word.encode()).decode()}?=" for word in [*words, part])


def header_name(letter, address):
    name = letter.names.get(address)
    return f"{encoded(name)} <{address}>" if name else address


def compose(letter, received=()):
    """The mail as bytes (RFC 5322, MIME); `received`: trace fields, the last hop first. By hand: the email package takes 3 ms for each."""
    head = [f"Received: {line}" for line in received] + [
        f"Message-ID: {letter.id}", f"Date: {format_datetime(letter.day.when(letter.second))}", "MIME-Version: 1.0",
        f"From: {header_name(letter, letter.sender)}", "To: " + ",\n ".join(header_name(letter, address) for address in letter.to),
        f"Subject: {encoded(letter.subject)}"]
    if letter.parents:
        head += [f"In-Reply-To: {letter.parents[-1]}", "References: " + "\n ".join(letter.parents)]
    body = ["Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit", "", letter.text, ""]
    if not letter.attachment:
        return "\n".join(head + body).encode()
    content, kind = papers.attachment(letter.attachment, letter)
    boundary = "------------" + queue_id(letter, "boundary")
    return "\n".join(head + [f'Content-Type: multipart/mixed; boundary="{boundary}"', "", f"--{boundary}", *body, f"--{boundary}",
                             f"Content-Type: application/{kind}", "Content-Transfer-Encoding: base64", f"Content-Disposition: attachment;\n filename*=UTF-8''{quote(letter.attachment)}", "",
                             base64.encodebytes(content).decode().rstrip(), "", f"--{boundary}--", ""]).encode()
