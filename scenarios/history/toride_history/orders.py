"""Purchase orders of the past: who drafted, approved, ordered, received and paid. Suppliers and items are those of roles/business-app/files."""
import zlib
from collections import namedtuple

from .days import chance, next_working

# steps: [(action, person, day, second)] from the draft on; lines: [(item, quantity, price)]
Order = namedtuple("Order", "number title department requester supplier needed_by steps lines")
Entry = namedtuple("Entry", "second account address action subject detail")

ACTIONS = ("create", "approve", "order", "receive", "pay")
WAITS_DAYS = (1, 2, 5, 18)  # until the next action, about
# title, supplier, items (code, price, usual quantity), departments that need it
NEEDS = (
    ("コピー用紙の補充", 1, (("P-A4", 2480, 20), ("P-A3", 3120, 4)), None), ("複合機トナーの購入", 1, (("T-BK", 14800, 3), ("T-CL", 42600, 1)), None),
    ("事務用品の購入", 2, (("B-PN", 780, 6), ("B-FL", 620, 10), ("B-ST", 1150, 3)), None), ("窓付き封筒の購入", 2, (("B-EN", 6900, 8),), ("tax", "residents")),
    ("業務用端末の追加", 3, (("S-PC", 148000, 2), ("S-MN", 23800, 2)), ("policy",)), ("文書作成ソフトウェアの更新", 3, (("S-LIC", 16500, 12),), ("policy",)),
    ("フロアスイッチの交換", 3, (("S-SW", 58000, 1),), ("policy",)), ("納税通知書の印刷", 4, (("R-TAX", 38500, 12), ("R-EN", 9800, 6)), ("tax",)),
    ("窓口案内の印刷", 4, (("R-PR", 46200, 2),), ("residents", "policy")), ("避難所備蓄品の入替え", 5, (("D-WT", 2640, 60), ("D-RC", 17800, 10), ("D-BL", 21500, 6)), ("procurement",)),
    ("空調機の点検", 6, (("M-AC", 86000, 1),), ("procurement",)), ("無停電電源装置の電池交換", 6, (("M-UPS", 54000, 2),), ("policy",)),
    ("窓口用衛生用品の購入", 7, (("H-SP", 5200, 4), ("H-MK", 980, 20)), ("residents", "tax")), ("分析用試薬の購入", 8, (("L-RG", 67000, 1), ("L-GL", 2150, 10)), ("research",)),
)
PER_DAY = 1.7


def _fiscal_year(date):
    return date.year - (date.month < 4)


def _step(chronicle, dice, person, day, wait):
    """When that person does it: some days later, within the hours of work. None: not yet."""
    for _ in range(10):
        day = next_working(chronicle.days, day.date, wait)
        if not day:
            return None
        moments = person.moments(day, dice, 6)
        if moments:
            return day, dice.choice(moments)
        wait = 1
    return None


def _order(chronicle, day, number, approvers, buyers):
    dice = chance("order", day.work, number)
    people = [person for person in chronicle.staff.people.values() if person.hours(day)]
    fits = [(need, person) for need in NEEDS for person in people if not need[3] or person.department in need[3]]
    if not fits:
        return None
    (title, supplier, items, _), requester = dice.choice(fits)
    others = [person for person in approvers if person is not requester]
    if not others:
        return None
    actors = [requester, dice.choice(others)] + 3 * [dice.choice(buyers or [requester])]
    steps, at = [], (day, dice.choice(requester.moments(day, dice, 6) or [36000]))
    last = 1 if dice.random() < 0.04 else len(ACTIONS)
    for position, (action, person) in enumerate(zip(ACTIONS[:last], actors)):
        if position:
            at = _step(chronicle, dice, person, at[0], max(1, int(WAITS_DAYS[position - 1] * dice.uniform(0.6, 1.7))))
            if not at:
                break
        steps.append((action, person, *at))
    if last == 1:
        at = _step(chronicle, dice, requester, day, 1)
        if at:
            steps.append(("cancel", requester, *at))
    needed = next_working(chronicle.days, day.date, 14)
    lines = [(code, max(1, int(usual * dice.uniform(0.5, 1.5))), price) for code, price, usual in items[:dice.randint(1, len(items))]]
    return title, requester, supplier, (needed or chronicle.days[-1]).date, steps, lines


def orders(chronicle):
    """All orders, numbered in the order of their drafts. Made once and kept with the chronicle."""
    if hasattr(chronicle, "orders"):
        return chronicle.orders
    people = chronicle.staff.people
    approvers = [people[account] for account in chronicle.options.get("approvers") or sorted(people) if account in people]
    buyers = [person for person in people.values() if person.department == "procurement"]
    drafts = []
    for day in chronicle.days:
        if day.work:
            count = int(PER_DAY + chance("orders", day.work).random())
            drafts += filter(None, (_order(chronicle, day, number, approvers, buyers) for number in range(count)))
    drafts.sort(key=lambda draft: (draft[4][0][2].date, draft[4][0][3]))
    numbers, chronicle.orders = {}, []
    for title, requester, supplier, needed, steps, lines in drafts:
        year = _fiscal_year(steps[0][2].date)
        # The books were begun in April, before our past.
        numbers[year] = numbers.get(year, 0 if steps[0][2].date.month in (4, 5) else 147) + 1
        chronicle.orders.append(Order(f"{year}-{numbers[year]:04d}", title, requester.department, requester, supplier, needed, steps, lines))
    return chronicle.orders


def _address(chronicle, person):
    """Where people use the application: in its own network, where that is closed; who has no terminal there uses the one at the counter."""
    staff = chronicle.staff
    own = staff.network_of(staff.servers["business-app"][1]) if "business-app" in staff.servers else None
    net, kind = staff.networks.get(own, (None, None))
    if kind != "closed":
        return person.address or "-"
    if person.closed_address and staff.network_of(person.closed_address) == own:
        return person.closed_address
    return str(net[110 + zlib.crc32(person.department.encode()) % 40])


def audit(chronicle, day):
    """What was done on a day in the application, by time: log-ins and the steps of orders."""
    found, seen = [], set()
    for order in orders(chronicle):
        for action, person, when, second in order.steps:
            if when.date == day.date:
                found.append(Entry(second, person.account, _address(chronicle, person), f"order.{action}", order.number, order.title))
                seen.add((person, second // 7200))
    for person, span in seen:
        first = min(entry.second for entry in found if entry.account == person.account and entry.second // 7200 == span and entry.action != "login")
        found.append(Entry(first - 40, person.account, _address(chronicle, person), "login", "", ""))
    return sorted(found)
