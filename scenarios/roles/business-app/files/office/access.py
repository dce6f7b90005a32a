"""Log-in, log-out, and the guard in front of every page: a session, and for what changes something the session's token."""
import hmac
import secrets

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash

from . import audit, db

blueprint = Blueprint("access", __name__)
OPEN = {"access.login", "static"}
# Compared with where there is no such account, so that a wrong name takes as long as a wrong password.
NOBODY = "pbkdf2:sha256:20000$0000000000000000$" + 64 * "0"


def init_app(app):
    app.before_request(guard)
    app.after_request(headers)
    app.context_processor(lambda: {"person": g.get("person"), "token": token})


def token():
    return session.setdefault("token", secrets.token_urlsafe(24))


def guard():
    g.person = None
    if "\0" in request.path or any("\0" in text for field in request.values.items(multi=True) for text in field):
        abort(400, "A text holds a NUL, which the database does not take.")
    if "account" in session:
        g.person = db.row("select * from staff where account = %s and active", (session["account"],))
    if request.method == "POST" and not hmac.compare_digest(request.form.get("token", "").encode(), session.get("token", "-").encode()):
        abort(400, "The form is too old; go back, reload the page and try again.")
    if not g.person and request.endpoint not in OPEN:
        return redirect(url_for("access.login", next=request.full_path if request.method == "GET" else None))
    return None


def headers(response):
    response.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'; form-action 'self'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def own_page(target):
    """Only a path of this server's own: no //host, no scheme."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


@blueprint.route("/login", methods=["GET", "POST"])
def login():
    wrong = False
    if request.method == "POST":
        account = request.form.get("account", "").strip()[:64]
        person = db.row("select * from staff where account = %s and active", (account,))
        if check_password_hash(person["password"] if person else NOBODY, request.form.get("password", "")) and person:
            session.clear()
            session["account"] = account
            audit.write("login", account=account)
            db.commit()
            return redirect(own_page(request.args.get("next", "/")))
        audit.write("login-failed", account=account)
        db.commit()
        wrong = True
    return render_template("login.html", wrong=wrong), 401 if wrong else 200


@blueprint.route("/logout", methods=["POST"])
def logout():
    audit.write("logout")
    db.commit()
    session.clear()
    return redirect(url_for("access.login"))
