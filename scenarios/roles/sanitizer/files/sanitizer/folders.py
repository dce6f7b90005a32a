"""Files that cross into and out of closed networks.

    share to-NAME here    ─► cleaned ─► share `intake` of the closed network's file server
    share from-NAME here  ◄─ cleaned ◄─ share `outbox` there

A file is taken when its writer has closed it (inotify). What could not be handed over waits in the spool and is tried again; nobody in the
closed network can reach this server: it alone opens the connections.
"""
import ctypes
import hashlib
import json
import mmap
import os
import pathlib
import pwd
import re
import select
import struct
import subprocess
import syslog
import tempfile
import time

from . import files, record, virus
from .notice import notice
from .verdict import MOST_BYTES, PASSED, REPLACED, Result, TooLong, limited

CROSSING, SPOOL, CLOSED, CREDENTIALS = "/srv/crossing", "/var/spool/sanitizer", "/etc/sanitizer/closed.json", "/etc/sanitizer/credentials"
EVERY_SECONDS = 30  # an outbox is looked into, and what waits is tried again
FIRST_SECONDS = 10  # after the start: by then the file servers run, too
MOST_SECONDS = 60  # one conversation with a closed network's server

IN_CLOSE_WRITE, IN_MOVED_TO = 0x8, 0x80


class Watch:
    """inotify(7): the folders in which somebody has finished writing a file."""

    EVENT = struct.Struct("iIII")

    def __init__(self, folders):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self.folders = {self._add(folder): folder for folder in folders}

    def _add(self, folder):
        number = self.libc.inotify_add_watch(self.descriptor, os.fsencode(folder), IN_CLOSE_WRITE | IN_MOVED_TO)
        if number < 0:
            raise OSError(ctypes.get_errno(), f"cannot watch {folder}")
        return number

    def wait(self, seconds):
        """Paths of files that are finished; empty after that time."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return []
        data, position, paths = os.read(self.descriptor, 1 << 16), 0, []
        while position < len(data):
            number, _, _, length = self.EVENT.unpack_from(data, position)
            position += self.EVENT.size
            name = data[position : position + length].rstrip(b"\0").decode(errors="surrogateescape")
            position += length
            if number in self.folders and name:
                paths.append(pathlib.Path(self.folders[number], name))
        return paths


def smbclient(closed, share, commands):
    """Output of smbclient's commands at a share of the closed network's server; raises OSError when they did not all succeed."""
    done = subprocess.run(
        ["smbclient", f"//{closed['address']}/{share}", f"--authentication-file={CREDENTIALS}", "--timeout=10", "--command", "; ".join(commands)],
        check=False, capture_output=True, text=True, errors="replace", timeout=MOST_SECONDS,
    )  # fmt: skip
    if done.returncode and "NT_STATUS_NO_SUCH_FILE listing" not in done.stdout:  # that is an empty share
        raise OSError(f"{closed['host']}: {(done.stdout + done.stderr).strip().splitlines()[-1:]}")
    return done.stdout


def pattern(name):
    """A name in smbclient's command line, where ; ends a command and \" a word."""
    return re.sub(r'[;"\\\x00-\x1f]', "?", name)


def judge(name, path):
    """The file's content, and what came of it."""
    if path.stat().st_size > MOST_BYTES:
        reason = f"larger than {MOST_BYTES >> 20} MiB"
        with path.open("rb") as file:  # not into memory: only hashed, and copied into quarantine
            original = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return original, Result(f"{name}.removed.txt", notice(name, reason), REPLACED, [reason])
    data = path.read_bytes()
    try:
        with limited():
            return data, files.clean(name, data, virus=virus.scan([data]).get(0))
    except TooLong as fault:
        return data, Result(f"{name}.removed.txt", notice(name, str(fault)), REPLACED, [str(fault)])


def sanitize(path, route, sender, to):
    """Reads, judges and records the file. Returns what goes on in its place."""
    name = path.name.encode(errors="replace").decode()
    data, result = judge(name, path)
    identity = time.strftime("%Y%m%d-%H%M%S-") + hashlib.sha256(data).hexdigest()[:8]
    if result.action != PASSED:
        record.keep(identity, name, data)
    record.write(identity, route, sender, to, name, data, result.action, result.details)
    return result


def owner(path):
    try:
        return pwd.getpwuid(path.stat().st_uid).pw_name
    except KeyError:
        return str(path.stat().st_uid)


def take_in(path, closed):
    """From the share into the spool. An empty file is one that somebody is about to write."""
    if not path.is_file() or path.is_symlink() or path.name.startswith(".") or path.stat().st_size == 0:
        return
    result = sanitize(path, path.parent.name, owner(path), closed["host"])
    spool = pathlib.Path(SPOOL, closed["name"])
    waiting = spool / record.safe_name(result.name)
    partial = spool / ".partial"
    partial.write_bytes(result.data)
    partial.rename(waiting)
    path.unlink()


def hand_over(closed):
    """From the spool to the closed network's intake."""
    for path in sorted(pathlib.Path(SPOOL, closed["name"]).glob("[!.]*")):
        smbclient(closed, "intake", [f'put "{path}" "{path.name}"'])
        path.unlink()


def fetch(closed):
    """From the closed network's outbox to the share here."""
    with tempfile.TemporaryDirectory(dir=SPOOL) as folder:
        smbclient(closed, "outbox", ["prompt off", f"lcd {folder}", "mget *"])
        found = sorted(path for path in pathlib.Path(folder).iterdir() if path.is_file())
        for path in found:
            route = f"from-{closed['name']}"
            result = sanitize(path, route, closed["host"], route)
            partial = pathlib.Path(folder, ".partial")
            partial.write_bytes(result.data)
            partial.chmod(0o640)
            os.chown(partial, -1, pathlib.Path(CROSSING, route).stat().st_gid)
            partial.rename(pathlib.Path(CROSSING, route, record.safe_name(result.name)))
        if found:
            smbclient(closed, "outbox", [f'del "{pattern(path.name)}"' for path in found])


def attempt(work, *arguments):
    """False: a fault, which is told. The work is tried again next time: nothing is taken away before it has been handed on."""
    try:
        work(*arguments)
        return True
    except (OSError, subprocess.SubprocessError) as fault:
        syslog.syslog(syslog.LOG_WARNING, f"{work.__name__}: {fault}")
        return False


def main():
    syslog.openlog("sanitizer")
    everywhere = json.loads(pathlib.Path(CLOSED).read_text(encoding="utf-8"))
    folders = {pathlib.Path(CROSSING, f"to-{closed['name']}"): closed for closed in everywhere}
    watch = Watch(folders)
    finished = {path for folder in folders for path in folder.iterdir()}  # what came while nobody looked
    due = time.monotonic() + FIRST_SECONDS
    while True:
        look = time.monotonic() >= due
        if look:
            due = time.monotonic() + EVERY_SECONDS
        left = {path for path in sorted(finished) if not attempt(take_in, path, folders[path.parent])}
        for closed in everywhere:
            if look or finished:
                attempt(hand_over, closed)
            if look:
                attempt(fetch, closed)
        finished = left | set(watch.wait(max(0.0, due - time.monotonic())))
