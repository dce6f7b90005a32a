"""受発注管理: purchase orders. A draft is approved by somebody else, then ordered, received, paid."""
import csv
import datetime
import io

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for

from . import audit, db

blueprint = Blueprint("orders", __name__)
TITLE = "受発注管理システム"
MENU = [("orders.index", "発注一覧"), ("orders.new", "新規発注"), ("orders.suppliers", "取引先"), ("orders.items", "品目")]
STATES = {"draft": "起案", "approved": "承認済", "ordered": "発注済", "received": "検収済", "paid": "支払済", "cancelled": "取消"}
PAGE, EXPORT_MAX, LINES = 25, 5000, 5


def may_approve(order):
    return g.person["approver"] and order["requester"] != g.person["account"]


def is_own_or_buyer(order):
    return order["requester"] == g.person["account"] or g.person["department"] in (order["department"], "procurement")


# action: from, to, word, who may
ACTIONS = {
    "approve": ("draft", "approved", "承認する", may_approve),
    "cancel": ("draft", "cancelled", "取り消す", is_own_or_buyer),
    "order": ("approved", "ordered", "発注する", is_own_or_buyer),
    "receive": ("ordered", "received", "検収する", is_own_or_buyer),
    "pay": ("received", "paid", "支払済にする", is_own_or_buyer),
}


def search(limit, offset=0):
    """Rows of the search in the address line, and how many there are in all."""
    wanted = {key: request.args.get(key, "").strip()[:80] for key in ("q", "state", "department")}
    like = "%" + wanted["q"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    where = ("(%(q)s = '' or number = %(q)s or title ilike %(like)s or supplier_name ilike %(like)s or requester = %(q)s)"
             " and (%(state)s = '' or state = %(state)s) and (%(department)s = '' or department = %(department)s)")
    values = {**wanted, "like": like, "limit": limit, "offset": offset}
    found = db.rows(f"select * from order_list where {where} order by created desc, number desc limit %(limit)s offset %(offset)s", values)
    return wanted, found, db.row(f"select count(*) from order_list where {where}", values)[0]


@blueprint.route("/orders")
def index():
    page = max(1, min(request.args.get("page", 1, type=int), 10000))
    wanted, found, count = search(PAGE, (page - 1) * PAGE)
    return render_template("orders.html", orders=found, count=count, page=page, pages=-(-count // PAGE), wanted=wanted, states=STATES)


def harmless(value):
    """A spreadsheet takes a cell that begins so as a formula."""
    value = str(value if value is not None else "")
    return "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


@blueprint.route("/orders.csv")
def export():
    wanted, found, _ = search(EXPORT_MAX)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["発注番号", "件名", "所属", "起案者", "承認者", "取引先", "状態", "金額", "納期", "起案日"])
    for o in found:
        table.writerow(map(harmless, [o["number"], o["title"], o["department"], o["requester_ja"], o["approver_ja"], o["supplier_name"],
                                      STATES[o["state"]], o["total"], o["needed_by"], o["created"].strftime("%Y-%m-%d")]))
    audit.write("order.export", f"{len(found)}", " ".join(f"{k}={v}" for k, v in wanted.items() if v))
    db.commit()
    return Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=orders.csv"})


@blueprint.route("/orders/<number>")
def show(number):
    order = db.row("select * from order_list where number = %s", (number,)) or abort(404)
    lines = db.rows("select l.*, i.name, i.unit from order_lines l join items i on i.code = l.item where number = %s order by position", (number,))
    trail = db.rows("select * from audit where object = %s order by id", (number,))
    actions = [(name, word) for name, (before, _, word, may) in ACTIONS.items() if before == order["state"] and may(order)]
    return render_template("order.html", order=order, lines=lines, trail=trail, actions=actions, states=STATES)


@blueprint.route("/orders/<number>/<action>", methods=["POST"])
def act(number, action):
    before, after, _, may = ACTIONS.get(action) or abort(404)
    order = db.row("select * from orders where number = %s for update", (number,)) or abort(404)
    if order["state"] != before:
        abort(409, f"The order is not in the state '{before}' any more.")
    if not may(order):
        abort(403)
    db.change("update orders set state = %s, changed = date_trunc('second', now()), approver = case when %s then %s else approver end where number = %s",
              (after, action == "approve", g.person["account"], number))
    audit.write(f"order.{action}", number, order["title"])
    db.commit()
    return redirect(url_for("orders.show", number=number))


def read_form():
    """The order in the form: title, supplier, date, lines. A fault ends the request with its reason."""
    form = request.form
    title = form.get("title", "").strip()[:120]
    supplier = form.get("supplier", type=int)
    try:
        needed_by = datetime.date.fromisoformat(form.get("needed_by", ""))
    except ValueError:
        abort(400, "needed_by: not a date")
    known = {row["code"]: row for row in db.rows("select * from items where supplier = %s", (supplier,))}
    lines = []
    for item, quantity in zip(form.getlist("item")[:LINES], form.getlist("quantity")[:LINES]):
        if not item:
            continue
        if item not in known:
            abort(400, "item: not of this supplier")
        if not quantity.isdecimal() or not 1 <= int(quantity) <= 9999:
            abort(400, "quantity: 1 to 9999")
        lines.append((item, int(quantity), known[item]["price"]))
    if not title or not lines:
        abort(400, "An order has a title and at least one item.")
    return title, supplier, needed_by, lines


def next_number():
    """Year of the accounts (from April) and a running number; the row's lock makes it unique."""
    today = datetime.date.today()
    year = today.year - (today.month < 4)
    last = db.row("insert into numbers values (%s, 1) on conflict (year) do update set last = numbers.last + 1 returning last", (year,))[0]
    return f"{year}-{last:04d}"


@blueprint.route("/orders/new", methods=["GET", "POST"])
def new():
    if request.method == "GET":
        return render_template("order_new.html", suppliers=db.rows("select * from suppliers order by id"),
                               items=db.rows("select * from items order by supplier, code"), lines=LINES,
                               needed_by=datetime.date.today() + datetime.timedelta(days=14))
    title, supplier, needed_by, lines = read_form()
    number = next_number()
    db.change("insert into orders (number, title, department, requester, supplier, needed_by) values (%s, %s, %s, %s, %s, %s)",
              (number, title, g.person["department"], g.person["account"], supplier, needed_by))
    for position, line in enumerate(lines, 1):
        db.change("insert into order_lines values (%s, %s, %s, %s, %s)", (number, position, *line))
    audit.write("order.create", number, title)
    db.commit()
    return redirect(url_for("orders.show", number=number))


@blueprint.route("/suppliers")
def suppliers():
    return render_template("suppliers.html", suppliers=db.rows("select * from suppliers order by id"))


@blueprint.route("/items")
def items():
    return render_template("items.html", items=db.rows("select i.*, s.name as supplier_name from items i join suppliers s on s.id = i.supplier order by code"))
