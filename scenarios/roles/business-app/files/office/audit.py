"""Who did what, when, from where: a table for the people, and the same as lines of a log."""
import json
import logging
import re
from logging.handlers import WatchedFileHandler

from flask import Blueprint, abort, g, render_template, request

from . import db

blueprint = Blueprint("audit", __name__)
log = logging.getLogger("office.audit")
SHOWN = 200


def init_app(app, path):
    handler = WatchedFileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    app.extensions["office_audit"] = handler


def one_line(value):
    return "".join(c if c.isprintable() else "?" for c in str(value))[:200]


def word(value):
    """As a field of the line: in quotes where it holds blanks or quotes, so that an account that somebody types cannot forge the fields after it."""
    return value if re.fullmatch(r'[^\s"\\]+', value) else json.dumps(value, ensure_ascii=False) if value else "-"


def write(action, subject="", detail="", account=None):
    """In the request's transaction: what is not committed has no row. The line stands as soon as it is tried."""
    account = one_line(account or g.person["account"]) or "-"
    entry = (account, request.remote_addr or "-", action, one_line(subject), one_line(detail))
    db.change("insert into audit (account, address, action, object, detail) values (%s, %s, %s, %s, %s)", entry)
    *fields, detail = entry  # the detail goes on to the line's end
    log.info("%s %s %s %s %s", *map(word, fields), detail or "-")


@blueprint.route("/audit")
def show():
    if not g.person["approver"]:
        abort(403)
    query = request.args.get("q", "")[:80]
    entries = db.rows("select * from audit where %(q)s = '' or account = %(q)s or object = %(q)s or action = %(q)s"
                      " order by id desc limit %(limit)s", {"q": query, "limit": SHOWN})
    return render_template("audit.html", entries=entries, q=query)
