"""The shares of a closed network's file server, by smbclient: `intake` takes files, `outbox` has what comes out."""
import hashlib
import os
import pathlib
import re
import subprocess
import time

from . import names

CREDENTIALS = "/etc/sanitizer/credentials"
MOST_SECONDS = 60  # one conversation
MOST_FILES = 200  # fetched at once: the others next time
TRIES = 5
EMPTY_SECONDS = 20  # a file or folder that is empty for so long stays so: nobody is about to fill it
SETTLE_SECONDS = 2  # nothing was announced for so long: who writes there has finished
AGAIN_SECONDS = 30  # what is empty, or could not be had, is looked at again; announcements without a pause wait no longer
UNASKED_SECONDS = 300  # for what nobody announces: somebody on the file server itself put it into a folder of the share
PARTIAL = ".partial"  # a file on its way
LISTED = re.compile(r"^  (.+?) +[A-Z]+ +\d+  [A-Z][a-z]{2} ", re.M)


class Taken(OSError):
    """A file of that name is there."""


def _command(closed, share, commands):
    # A server that was reset says nothing: who only listens has to ask.
    alive = "TCP_NODELAY SO_KEEPALIVE TCP_KEEPIDLE=30 TCP_KEEPINTVL=10 TCP_KEEPCNT=3"
    words = ["smbclient", f"//{closed['address']}/{share}", f"--authentication-file={CREDENTIALS}", "--timeout=10", f"--socket-options={alive}"]
    return [*words, "--command", "; ".join(commands)]


def _smbclient(closed, share, commands):
    """Output of smbclient's commands at a share; raises OSError when the last did not succeed."""
    done = subprocess.run(_command(closed, share, commands), check=False, capture_output=True, text=True, errors="replace", timeout=MOST_SECONDS)
    if done.returncode and "NT_STATUS_NO_SUCH_FILE listing" not in done.stdout:  # that is an empty share
        kind = Taken if "NT_STATUS_OBJECT_NAME_COLLISION" in done.stdout else OSError
        raise kind(f"{closed['host']}: {(done.stdout + done.stderr).strip().splitlines()[-1:]}")
    return done.stdout


def put(closed, share, path):
    """A new file there, all at once. The listing says which names are taken; the server, who refuses to rename to one that is, has the last word."""
    _smbclient(closed, share, [f'put "{path}" "{PARTIAL}"'])
    taken = set(LISTED.findall(_smbclient(closed, share, ["ls"])))
    for _ in range(TRIES):
        name = names.free(path.name, taken)
        try:
            _smbclient(closed, share, [f'rename "{PARTIAL}" "{name}"'])
            return
        except Taken:
            taken.add(name)
    raise OSError(f"{closed['host']}: no free name for {path.name}")


def _pattern(where):
    """A path in smbclient's command line, where ; ends a command and \\" a word."""
    return "\\".join(re.sub(r'[;"\\\x00-\x1f]', "?", part) for part in where.parts)


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class Bell:
    """Rings when something is put into a share: an smbclient that stays there to hear of changes ([MS-SMB2] CHANGE_NOTIFY)."""

    REMOVED = b"0002 "  # FILE_ACTION_REMOVED: that is mostly us

    def __init__(self, closed, share):
        listen = ["setpriv", "--pdeathsig", "TERM", "stdbuf", "--output=L", *_command(closed, share, ['notify ""'])]
        self.since = time.monotonic()
        self.process = subprocess.Popen(listen, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def fileno(self):
        return self.process.stdout.fileno()

    def rang(self):
        """To be asked when there is something to read. Raises EOFError when it will not ring again."""
        lines = os.read(self.fileno(), 1 << 16).splitlines()
        if not lines:
            self.process.stdout.close()
            self.process.wait()
            raise EOFError
        return not all(line.startswith(self.REMOVED) for line in lines)


class Outbox:
    """What was seen in an outbox: since when a file or folder is empty, for somebody may be about to fill it; and what was handed on, but could
    not be deleted, so that it does not come out twice."""

    def __init__(self, closed):
        self.closed, self.folder = closed, None
        self.empty, self.gone, self.handed = {}, [], {}  # by their paths in the share
        self.bell, self.due, self.latest = None, time.monotonic(), None  # when to look; and when at the latest, since something was announced

    def hear(self):
        """The bell has said something."""
        now = time.monotonic()
        try:
            if self.bell.rang():
                self.latest = self.latest or now + AGAIN_SECONDS
                self.due = min(self.latest, now + SETTLE_SECONDS)
        except EOFError:
            self.due = max(now + SETTLE_SECONDS, self.bell.since + AGAIN_SECONDS)
            self.bell = None

    def looked(self, well):
        """When to look again. Without a bell soon: something may have come before there was one."""
        soon = not well or self.empty or self.handed
        self.due, self.latest = time.monotonic() + (AGAIN_SECONDS if soon else UNASKED_SECONDS), None
        if self.bell is None:
            self.bell, self.due = Bell(self.closed, "outbox"), time.monotonic() + SETTLE_SECONDS

    def copy(self, folder):
        """Fetches all into that folder. Yields the files that are to be handed on."""
        self.folder = pathlib.Path(folder)
        _smbclient(self.closed, "outbox", ["recurse on", "prompt off", f"lcd {folder}", "mget *"])
        files, empty, now = [], {}, time.monotonic()
        for path in sorted(self.folder.rglob("*")):
            where = path.relative_to(self.folder)
            if path.stat().st_size == 0 if path.is_file() else not any(path.iterdir()):
                empty[where] = self.empty.get(where, now)
            if path.is_file() and (where not in empty or now - empty[where] >= EMPTY_SECONDS):
                files.append(path)
        self.gone = [where for where, since in empty.items() if now - since >= EMPTY_SECONDS and (self.folder / where).is_dir()]
        self.empty = empty
        self.handed = {where: digest for where, digest in self.handed.items() if (self.folder / where).is_file() and _digest(self.folder / where) == digest}
        yield from [path for path in files if path.relative_to(self.folder) not in self.handed][:MOST_FILES]

    def handed_on(self, path):
        self.handed[path.relative_to(self.folder)] = _digest(path)

    def clear(self):
        """Deletes there what was handed on, and folders that stayed empty."""
        commands = [f'del "{_pattern(where)}"' for where in self.handed] + [f'rmdir "{_pattern(where)}"' for where in self.gone]
        for start in range(0, len(commands), 50):  # a command line has its limits
            _smbclient(self.closed, "outbox", commands[start : start + 50])
