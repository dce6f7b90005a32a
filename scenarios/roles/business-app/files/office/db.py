"""The database: one connection for each request that needs one, one transaction for each request."""
import psycopg2
import psycopg2.extras
from flask import g


def init_app(app):
    app.teardown_appcontext(close)


def cursor():
    if "db" not in g:
        g.db = psycopg2.connect("dbname=office user=office host=/run/postgresql connect_timeout=3",
                                cursor_factory=psycopg2.extras.DictCursor)
    return g.db.cursor()


def rows(query, values=()):
    with cursor() as answer:
        answer.execute(query, values)
        return answer.fetchall()


def row(query, values=()):
    """The first row, or None."""
    with cursor() as answer:
        answer.execute(query, values)
        return answer.fetchone()


def change(query, values=()):
    """How many rows it changed. Nothing is kept before commit()."""
    with cursor() as answer:
        answer.execute(query, values)
        return answer.rowcount


def commit():
    g.db.commit()


def close(_error):
    connection = g.pop("db", None)
    if connection:
        connection.close()
