"""The application of /etc/office, put together of its parts."""
import importlib
import os
import secrets

from flask import Flask, redirect, render_template, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from . import access, audit, db, text


def create_app(name):
    """The application `name`: the module of that name gives `blueprint`, `TITLE` and `MENU` (endpoints and their words)."""
    module = importlib.import_module(f".{name}", __package__)
    app = Flask(__package__)
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # sessions end with the process
        SESSION_COOKIE_NAME="office",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=64 * 1024,
        OFFICE_NAME=name,
    )
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # nginx alone reaches the socket
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    audit.init_app(app, os.path.join("/var/log", name, "audit.log"))
    db.init_app(app)
    text.init_app(app)
    access.init_app(app)
    app.register_blueprint(access.blueprint)
    app.register_blueprint(audit.blueprint)
    app.register_blueprint(module.blueprint)
    app.context_processor(lambda: {"app_title": module.TITLE, "menu": module.MENU})
    app.add_url_rule("/", "home", lambda: redirect(url_for(module.MENU[0][0])))
    for code in (400, 403, 404, 409):
        app.register_error_handler(code, error_page)
    return app


def error_page(error):
    return render_template("error.html", error=error), error.code
