"""問い合わせ管理: what is reported, who works on it, what was said."""
from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from . import audit, db

blueprint = Blueprint("tickets", __name__)
TITLE = "問い合わせ管理"
MENU = [("tickets.index", "問い合わせ一覧"), ("tickets.new", "新しい問い合わせ")]
STATES = {"open": "受付", "working": "対応中", "waiting": "確認待ち", "closed": "完了"}
SHOWN = 200


def staff():
    return db.rows("select account, name_ja, name_en from staff where active order by account")


@blueprint.route("/tickets")
def index():
    wanted = {key: request.args.get(key, "").strip()[:80] for key in ("q", "state")}
    like = "%" + wanted["q"].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found = db.rows("select * from ticket_list where (%(q)s = '' or title ilike %(like)s or host = %(q)s or assignee = %(q)s or reporter = %(q)s)"
                    " and (%(state)s = '' or state = %(state)s) order by number desc limit %(limit)s", {**wanted, "like": like, "limit": SHOWN})
    return render_template("tickets.html", tickets=found, wanted=wanted, states=STATES)


@blueprint.route("/tickets/new", methods=["GET", "POST"])
def new():
    if request.method == "GET":
        return render_template("ticket_new.html")
    title, host, said = (request.form.get(key, "").strip()[:limit] for key, limit in (("title", 120), ("host", 64), ("text", 4000)))
    if not title or not said:
        abort(400, "A ticket has a title and says what happened.")
    number = db.row("insert into tickets (title, host, reporter) values (%s, %s, %s) returning number", (title, host, g.person["account"]))[0]
    db.change("insert into comments (number, author, text) values (%s, %s, %s)", (number, g.person["account"], said))
    audit.write("ticket.create", number, title)
    db.commit()
    return redirect(url_for("tickets.show", number=number))


@blueprint.route("/tickets/<int:number>", methods=["GET", "POST"])
def show(number):
    ticket = db.row("select * from ticket_list where number = %s", (number,)) or abort(404)
    if request.method == "POST":
        return change(number)
    said = db.rows("select c.*, s.name_ja, s.name_en from comments c join staff s on s.account = c.author where number = %s order by id", (number,))
    return render_template("ticket.html", ticket=ticket, comments=said, states=STATES, staff=staff())


def change(number):
    """State, assignee and a comment, as the form has them."""
    state, assignee, said = (request.form.get(key, "").strip() for key in ("state", "assignee", "text"))
    if state not in STATES or (assignee and assignee not in {person["account"] for person in staff()}):
        abort(400, "state or assignee: not one of those there are")
    db.change("update tickets set state = %s, assignee = %s, changed = date_trunc('second', now()) where number = %s", (state, assignee or None, number))
    if said:
        db.change("insert into comments (number, author, text) values (%s, %s, %s)", (number, g.person["account"], said[:4000]))
    audit.write("ticket.change", number, f"state={state} assignee={assignee or '-'}" + (" comment" if said else ""))
    db.commit()
    return redirect(url_for("tickets.show", number=number))
