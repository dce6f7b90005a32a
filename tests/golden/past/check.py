"""Checks of scenarios/history for past.bats. Each is given the folder of facts; a failed assert says what is wrong."""
import csv
import datetime
import email
import email.policy
import io
import ipaddress
import json
import pathlib
import re
import xml.etree.ElementTree
import zipfile

from toride_history import Chronicle, days, letters, mail_traces, orders as past_orders, outside, papers, traces, visits

DAY = "2026-11-24"


def chronicle(facts, host, day=DAY):
    return Chronicle(json.loads(pathlib.Path(facts, host).read_text(encoding="utf-8")), day)


def holidays(_facts):
    off = days.holidays(2026)
    # The equinoxes, a Sunday's holiday moved on (3 May 2026), a day between two holidays (22 September 2026).
    for month, day in ((1, 1), (1, 12), (3, 20), (5, 6), (7, 20), (8, 11), (9, 21), (9, 22), (9, 23), (10, 12), (11, 3), (11, 23), (12, 31)):
        assert datetime.date(2026, month, day) in off, (month, day)
    for month, day in ((5, 7), (9, 24), (11, 24), (12, 28)):
        assert datetime.date(2026, month, day) not in off, (month, day)
    past = days.past(datetime.date(2026, 11, 24))
    assert [day.iso for day in past if day.work and day.work <= 2] == ["2026-11-19", "2026-11-20"]


def told(of):
    """The whole story in words that do not hang on objects."""
    return ([(l.day.iso, l.second, l.sender, l.to, l.subject, l.id) for l in letters.letters(of)],
            [(day.iso, v.second, v.address, v.url, v.status, v.bytes) for day in of.last(60) for v in visits.visits(of, day)],
            [(day.iso, u.second, u.person.account, u.address, u.share, u.path) for day in of.last(60) for u in papers.uses(of, day)])


def same_on_all_hosts(facts):
    first = told(chronicle(facts, "mail"))
    assert len(first[0]) > 500 and len(first[1]) > 5000 and len(first[2]) > 1000, list(map(len, first))
    for host in ("mx", "proxy", "file", "soc", "fw-edge"):
        assert told(chronicle(facts, host)) == first, host
    # What a host has of itself is what the log server has of it.
    for host, role in (("proxy", "proxy"), ("mail", "mail"), ("mx", "mail-relay"), ("file", "file")):
        own, soc = chronicle(facts, host), chronicle(facts, "soc")
        for day, there in zip(own.last(20), soc.last(20)):
            assert list(traces.SENT[role](own, host, day)) == list(traces.SENT[role](soc, host, there)), (host, day.iso)


def moves_with_the_day(facts):
    """A week later, without a holiday between: the same visits, on the same working day before the exercise."""
    one, other = chronicle(facts, "proxy", "2026-06-30"), chronicle(facts, "proxy", "2026-07-07")
    for work in (1, 5, 20):
        day, moved = (next(day for day in of.days if day.work == work) for of in (one, other))
        assert moved.date - day.date == datetime.timedelta(days=7), work
        dated = lambda url, day: url.replace(day.iso.replace("-", ""), "DAY").partition("&rev=")[0]
        assert [(v.second, v.address, dated(v.url, day)) for v in visits.visits(one, day)] == [(v.second, v.address, dated(v.url, moved)) for v in visits.visits(other, moved)], work
    assert told(one) != told(other)


def before_the_day(facts):
    of = chronicle(facts, "soc")
    assert of.days[-1].iso == "2026-11-23" and len(of.days) > 180
    for name, host in of.staff.hosts.items():
        if host["role"] in traces.SENT:
            for day in of.last(30):
                lines = list(traces.SENT[host["role"]](of, name, day))
                assert all(0 <= line[0] < 86400 for line in lines), (name, day.iso)
                assert [line[0] for line in lines] == sorted(line[0] for line in lines), (name, day.iso)
    for letter in letters.letters(of):
        assert letter.day.work or letter.sender in letters.SPAMMERS, letter.id
        assert not letter.sender.endswith(of.staff.domain) or 28800 <= letter.second <= 72000, letter.id
    for day in of.days:
        if not day.work:
            assert not visits.visits(of, day) and not papers.uses(of, day), day.iso
    people = [v.second for day in of.days for v in visits.visits(of, day) if v.agent.startswith("Mozilla")]
    busy, lunch = (sum(start <= second < start + 3600 for second in people) for start in (36000, 43200))
    assert lunch < busy * 0.6, (busy, lunch)
    night = sum(hit.second < 5 * 3600 for day in of.days for hit in outside.hits(of, day))
    noon = sum(9 * 3600 <= hit.second < 14 * 3600 for day in of.days for hit in outside.hits(of, day))
    assert 0 < night < noon / 2, (night, noon)


def mails(facts):
    of = chronicle(facts, "mail")
    way, past = mail_traces.Way(of), letters.letters(of)
    known = {letter.id: letter for letter in past}
    assert len(known) == len(past)
    for letter in past[::7]:
        copies = [letters.compose(letter)] + [letters.compose(letter, way.received(letter, to)) for to in way.inside(letter)]
        for copy in copies:
            mail = email.message_from_bytes(copy, policy=email.policy.default)
            assert not mail.defects and all(not part.defects for part in mail.walk()), letter.id
            assert mail["Message-ID"] == letter.id and mail["Subject"] == letter.subject, letter.id
            assert mail["From"].addresses[0].addr_spec == letter.sender and [to.addr_spec for to in mail["To"].addresses] == letter.to
            assert mail.get_body().get_content().strip() == letter.text.strip(), letter.id
            assert max(len(line) for line in copy.split(b"\n")) <= 998  # RFC 5322, 2.1.1
        for parent in letter.parents:
            before = known[parent]
            assert (before.day.date, before.second) < (letter.day.date, letter.second), letter.id
    seen = {line[2].partition("message-id=")[2] for day in of.last(28) for line in mail_traces.lines("mail", of, "mail", day) if "message-id=" in line[2]}
    last = {letter.id for letter in past if letter.day in of.last(28) and (way.inside(letter) or not way.comes_in(letter))}
    assert seen == last and len(last) > 50, (len(seen), len(last))
    relayed = {line[2].partition("message-id=")[2] for day in of.last(28) for line in mail_traces.lines("mail-relay", of, "mx", day) if "message-id=" in line[2]}
    assert relayed == {one for one in last if way.comes_in(known[one]) or way.outside(known[one])}


def documents(facts):
    found = papers.documents(chronicle(facts, "file")) + papers.documents(chronicle(facts, "file"), closed=True)
    assert len(found) > 150
    for document in found:
        data = papers.content(document)
        if document.path.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
            assert len(rows) > 2 and len({len(row) for row in rows}) == 1, document.path
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            assert package.testzip() is None
            parts = {name: xml.etree.ElementTree.fromstring(package.read(name)) for name in package.namelist()}
        types = {override.get("PartName") for override in parts["[Content_Types].xml"] if override.get("PartName")}
        assert types and all(name.lstrip("/") in parts for name in types), document.path
        main = "word/document.xml" if document.path.endswith(".docx") else "xl/workbook.xml"
        assert "/" + main in types, document.path


def orders(facts):
    of = chronicle(facts, "orders")
    past = past_orders.orders(of)
    assert 100 < len(past) < 600 and len({order.number for order in past}) == len(past)
    allowed = set(of.options["approvers"])
    for order in past:
        approver = next((step[1] for step in order.steps if step[0] == "approve"), None)
        assert not approver or (approver is not order.requester and approver.account in allowed), order.number
        times = [(step[2].date, step[3]) for step in order.steps]
        assert times == sorted(times), order.number
    assert {order.steps[-1][0] for order in past} >= {"create", "approve", "order", "receive", "pay"}


def closed(facts):
    of = chronicle(facts, "soc")
    nets = [net for net, kind in of.staff.networks.values() if kind == "closed"]
    inside = lambda address: any(ipaddress.ip_address(address) in net for net in nets)
    assert len(nets) == 2
    for day in of.days:
        assert not any(inside(v.address) for v in visits.visits(of, day))
        assert not any(inside(use.address) for use in papers.uses(of, day))
    app = chronicle(facts, "orders")
    assert {inside(entry.address) for day in app.days for entry in past_orders.audit(app, day)} == {True}


def calls(facts):
    past = [letter for letter in letters.letters(chronicle(facts, "mail")) if letter.subject.startswith("電話がありました")]
    assert len(past) > 20
    for letter in past:
        assert int(re.search(r"(\d+)時ごろ", letter.text)[1]) * 3600 <= letter.second, letter.text


def deliveries(facts):
    """What Postfix says of a mail adds up: its delay of its parts, its size of what is in the mailbox."""
    of = chronicle(facts, "mail")
    way = mail_traces.Way(of)
    sizes = {letters.queue_id(letter, "server"): len(letters.compose(letter, way.received(letter, letter.to[0]))) for letter in letters.letters(of)}
    for role, host in (("mail", "mail"), ("mail-relay", "mx"), ("sanitizer", "dmz")):
        delays = 0
        for day in of.last(28):
            for _, _, text in mail_traces.lines(role, of, host, day):
                if found := re.search(r"delay=([0-9.]+), delays=([0-9./]+),", text):
                    delays += 1
                    assert abs(float(found[1]) - sum(map(float, found[2].split("/")))) < 0.006, text
                if (found := re.match(r"([0-9A-F]+): from=<.*>, size=(\d+),", text)) and found[1] in sizes:
                    assert int(found[2]) == sizes[found[1]], text
        assert delays > 20, role


def from_outside(facts):
    """Mail from outside comes all day long; spam also when nobody works."""
    of = chronicle(facts, "mail")
    domain = of.staff.domain
    spam = [letter for letter in letters.letters(of) if letter.sender in letters.SPAMMERS]
    hours = [letter.second // 3600 for letter in letters.letters(of) if not letter.sender.endswith(domain) and letter not in spam]
    assert all(hours.count(hour) > 10 for hour in range(9, 16)) and max(map(hours.count, hours)) < len(hours) / 4, sorted(hours)
    assert any(not letter.day.work for letter in spam) and any(letter.second < 25200 for letter in spam)


def opened(facts):
    """Nothing is opened before it has been saved."""
    of = chronicle(facts, "file")
    for closed_networks in (False, True):
        saved, reads = set(), 0
        for day in of.days:
            for use in papers.uses(of, day, closed_networks):
                if use.operation == "write":
                    saved.add((use.share, use.path))
                elif use.operation == "read":
                    reads += 1
                    assert (use.share, use.path) in saved, (day.iso, use.path)
        assert reads > 100, reads


def updates(facts):
    """A machine looks for the updates of the system that its browser names."""
    of = chronicle(facts, "proxy")
    seen = {("Linux" in v.person.agent, v.agent.split("/")[0]) for day in of.last(20) for v in visits.visits(of, day)
            if v.person and v.url.startswith("http://update.example/") and v.agent != v.person.agent}
    assert seen == {(True, "Debian APT-HTTP"), (False, "Microsoft-Delivery-Optimization")}, seen


def dated_rows(facts):
    """No window is open, no room booked on a day off."""
    dates = [cell for document in papers.documents(chronicle(facts, "file")) for row in papers._rows(document.kind, days.chance(*document.dice), document)
             for cell in row if re.fullmatch(r"\d{4}-\d\d-\d\d", str(cell))]
    assert len(dates) > 500
    assert not [date for date in dates if not days.works(datetime.date.fromisoformat(date))]


def dated(letter):
    """The first day that it names, as a date."""
    month, day = map(int, re.search(r"(\d+)月(\d+)日\(.\)", letter.subject + letter.text).groups())
    return datetime.date(letter.day.date.year + (month < letter.day.date.month), month, day)


def announced(facts):
    """Who is on leave does nothing on that day, and nobody uses what is under maintenance."""
    of = chronicle(facts, "mail")
    past = letters.letters(of)
    by_date = {day.date: day for day in of.days}
    leave = [letter for letter in past if letter.subject.startswith("休暇の連絡")]
    assert len(leave) > 10
    for letter in leave:
        day = by_date[dated(letter)]
        seen = [v.person for v in visits.visits(of, day)] + [use.person for use in papers.uses(of, day)]
        assert letter.sender not in {person.mail for person in seen if person}, letter.text
        assert not any(other.sender == letter.sender and other.day is day for other in past), letter.text
    outages = [by_date[dated(letter)] for letter in past if letter.subject.startswith("【お知らせ】サーバ定期保守") and dated(letter) in by_date]
    assert len(outages) > 5
    for day in outages:
        busy = [line for role in ("mail", "file") for line in traces.SENT[role](of, role, day) if 20 * 3600 <= line[0] < 22 * 3600]
        assert not busy, busy


def extensions(facts):
    """The list on the share has the numbers that the mails are signed with."""
    listed = {(row["課"], row["担当"]): int(row["内線"]) for row in csv.DictReader(open("scenarios/roles/file/files/common/庶務/内線番号表.csv", encoding="utf-8-sig"))}
    people = list(chronicle(facts, "mail").staff.people.values())
    assert any((person.division, person.family) in listed for person in people)
    for person in people:
        assert listed.get((person.division, person.family), person.extension) == person.extension, person.name
        assert person.extension not in [number for who, number in listed.items() if who != (person.division, person.family)], person.name


def deadlines(facts):
    """A first mail speaks of working days to come, at the end of the past of such after the exercise's."""
    of = chronicle(facts, "mail")
    dates = [(letter.day.date, dated(letter)) for letter in letters.letters(of) if not letter.parents and re.search(r"月\d+日\(.\)", letter.subject + letter.text)]
    assert all(sent < date and days.works(date) for sent, date in dates)
    assert any(date > of.today for _, date in dates) and len(dates) > 100
