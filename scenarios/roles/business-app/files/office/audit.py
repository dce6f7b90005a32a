"""Who did what, when, from where: a table for the people, and the same as lines of a log."""
import logging
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


def write(action, subject="", detail="", account=None):
    """In the request's transaction: what is not committed has no row. The line stands as soon as it is tried."""
    account = one_line(account or g.person["account"]) or "-"
    entry = (account, request.remote_addr or "-", action, one_line(subject), one_line(detail))
    db.change("insert into audit (account, address, action, object, detail) values (%s, %s, %s, %s, %s)", entry)
    log.info("%s %s %s %s %s", *(field or "-" for field in entry))


@blueprint.route("/audit")
def show():
    if not g.person["approver"]:
        abort(403)
    query = request.args.get("q", "")[:80]
    entries = db.rows("select * from audit where %(q)s = '' or account = %(q)s or object = %(q)s or action = %(q)s"
                      " order by id desc limit %(limit)s", {"q": query, "limit": SHOWN})
    return render_template("audit.html", entries=entries, q=query)
