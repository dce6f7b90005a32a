"""Serves the application that /etc/office names, on a socket that nginx asks."""
import gc

gc.disable()  # nothing is given back while a few hundred modules load: a tenth of the start's work would be looking for it

import os

import waitress

from .app import create_app

SOCKET = "/run/office/socket"

with open("/etc/office", encoding="utf-8") as file:
    app = create_app(file.read().strip())
if os.path.exists(SOCKET):
    os.unlink(SOCKET)
gc.freeze()
gc.enable()
waitress.serve(app, unix_socket=SOCKET, unix_socket_perms="666", threads=2, ident=None, clear_untrusted_proxy_headers=False)
