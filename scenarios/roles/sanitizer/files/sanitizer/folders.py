"""Files that cross into and out of closed networks.

    share to-NAME here    ─► cleaned ─► share `intake` of the closed network's file server
    share from-NAME here  ◄─ cleaned ◄─ share `outbox` there

A file is taken when its writer has closed it (inotify); one in a folder (資料/表.xlsx, which crosses as 資料_表.xlsx), and one that is empty, when
nobody has touched it for a while. A name that is taken gets a number. What could not be handed over waits in the spool and is tried again;
nobody in the closed network can reach this server: it alone opens the connections.
"""
import contextlib
import ctypes
import hashlib
import json
import mmap
import os
import pathlib
import pwd
import select
import struct
import subprocess
import syslog
import tempfile
import time

from . import names, record, shares, sweep, virus
from .notice import notice
from .verdict import MOST_BYTES, PASSED, REPLACED, Result, TooLong, limited

CROSSING, SPOOL, CLOSED = "/srv/crossing", "/var/spool/sanitizer", "/etc/sanitizer/closed.json"
EVERY_SECONDS = 10  # what nobody announces is looked for, and what waits is tried again
QUIET_SECONDS = 20  # nobody has touched it for so long: it is as it will be
OPEN_SECONDS = 60  # the same of a file whose end of writing would be announced
PAUSE_SECONDS = 2  # the same of one that came before we looked: who writes goes on sooner

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

    def fileno(self):
        return self.descriptor

    def finished(self):
        """Paths of files, when there is something to read."""
        data, position, paths = os.read(self.descriptor, 1 << 16), 0, []
        while position < len(data):
            number, _, _, length = self.EVENT.unpack_from(data, position)
            position += self.EVENT.size
            name = data[position : position + length].rstrip(b"\0").decode(errors="surrogateescape")
            position += length
            if number in self.folders and name:
                paths.append(pathlib.Path(self.folders[number], name))
        return paths


def judge(name, path):
    """The file's content, and what came of it."""
    from . import files  # readers of a dozen formats: where nothing crosses, their memory is spared

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


def sanitize(path, where, route, sender, to):
    """Reads, judges and records the file, which was at that place in its share. Returns what goes on instead of it."""
    name = str(where).encode(errors="replace").decode()
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


def is_untouched(status, seconds):
    """For so long. Not the time of the last change: who copies a file may set that to what it was."""
    return abs(time.time() - status.st_ctime) >= seconds


def is_quiet(status, is_announced=False):
    return is_untouched(status, OPEN_SECONDS if is_announced else QUIET_SECONDS)


def came_before(folders):
    """Paths of the files that are there when nobody has looked yet."""
    paths = {}
    for folder, closed in folders.items():
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):
                if is_untouched(entry.stat(follow_symlinks=False), PAUSE_SECONDS):
                    paths[pathlib.Path(entry.path)] = closed
    return paths


def take_in(path, closed):
    """From the share into the spool. An empty file is one that somebody is about to write, unless it stays so; our own are notices."""
    if not path.is_file() or path.is_symlink() or not os.access(path.parent, os.W_OK):
        return
    status = path.stat()
    if status.st_uid == os.getuid() or (status.st_size == 0 and not is_quiet(status)):
        return
    route = f"to-{closed['name']}"
    result = sanitize(path, path.relative_to(pathlib.Path(CROSSING, route)), route, owner(path), closed["host"])
    place(result.data, pathlib.Path(SPOOL, closed["name"]), result.name)
    path.unlink()


def place(data, folder, name, group=None):
    """A new file there, all at once, under a name that is free."""
    partial = folder / ".partial"
    partial.write_bytes(data)
    if group is not None:
        partial.chmod(0o640)
        os.chown(partial, -1, group)
    partial.rename(folder / names.free(record.safe_name(name), os.listdir(folder)))


def hand_over(closed):
    """From the spool to the closed network's intake."""
    for path in sorted(pathlib.Path(SPOOL, closed["name"]).glob("[!.]*")):
        shares.put(closed, "intake", path)
        path.unlink()


def fetch(outbox):
    """From the closed network's outbox to the share here."""
    closed = outbox.closed
    route = f"from-{closed['name']}"
    folder = pathlib.Path(CROSSING, route)
    with tempfile.TemporaryDirectory(dir=SPOOL) as copy:
        for path in outbox.copy(copy):
            result = sanitize(path, path.relative_to(copy), route, closed["host"], route)
            place(result.data, folder, result.name, folder.stat().st_gid)
            outbox.handed_on(path)
        outbox.clear()


def attempt(work, *arguments):
    """False: a fault, which is told. The work is tried again next time: nothing is taken away before it has been handed on."""
    try:
        work(*arguments)
        return True
    except (OSError, subprocess.SubprocessError) as fault:
        syslog.syslog(syslog.LOG_WARNING, f"{work.__name__}: {fault}")
        return False


def wait(watch, outboxes, until):
    """Until then, or until something is announced. Returns the paths of files that are finished."""
    bells = {outbox.bell: outbox for outbox in outboxes if outbox.bell}
    ready = select.select([watch, *bells], [], [], max(0.0, until - time.monotonic()))[0]
    for bell in ready:
        if bell in bells:
            bells[bell].hear()
    return watch.finished() if watch in ready else []


def main():
    syslog.openlog("sanitizer")
    everywhere = json.loads(pathlib.Path(CLOSED).read_text(encoding="utf-8"))
    folders = {pathlib.Path(CROSSING, f"to-{closed['name']}"): closed for closed in everywhere}
    watch = Watch(folders)
    finished, left, pauses = came_before(folders), {}, {}
    due = time.monotonic()
    outboxes = [shares.Outbox(closed) for closed in everywhere]
    while True:
        now = time.monotonic()
        look = now >= due
        if look:
            due = now + EVERY_SECONDS
            finished |= left | {path: closed for folder, closed in folders.items() for path in sweep.sweep(folder, is_quiet)}
            left = {}
        left |= {path: closed for path, closed in sorted(finished.items(), key=str) if not attempt(take_in, path, closed)}
        for closed in everywhere:
            if now >= pauses.get(closed["name"], 0) and not attempt(hand_over, closed):
                pauses[closed["name"]] = time.monotonic() + shares.AGAIN_SECONDS
        for outbox in outboxes:
            if time.monotonic() >= outbox.due:
                attempt(outbox.looked, attempt(fetch, outbox))
        finished = {path: folders[path.parent] for path in wait(watch, outboxes, min([due, *(outbox.due for outbox in outboxes)]))}
