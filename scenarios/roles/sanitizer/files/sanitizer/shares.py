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
SETTLE_SECONDS = 2  # what is as it was so long ago is finished, and nothing was announced for so long: who writes there has paused
EMPTY_SECONDS = 20  # a file or folder that is empty for so long stays so: nobody is about to fill it
AGAIN_SECONDS = 30  # what is not finished, or could not be had, is looked at again; announcements without a pause wait no longer
UNASKED_SECONDS = 300  # for what nobody announces: somebody on the file server itself put it into a folder of the share
REST = 10  # times as long as fetching took there is no other look: who rings all the time does not keep us from the rest
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


EMPTY, FOLDER = hashlib.sha256().digest(), b"an empty folder"


def _digest(path):
    """None: a folder with something in it."""
    if path.is_dir():
        return None if any(path.iterdir()) else FOLDER
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
    """An outbox, and when to look into it. Somebody may be writing what was not there, or was different, at the look before; and what was handed
    on, but could not be deleted, does not come out twice."""

    def __init__(self, closed):
        self.closed, self.folder, self.bell = closed, None, None
        self.seen, self.gone, self.handed = {}, [], {}  # by their paths in the share: (digest, since when), -, digest
        self.due = self.rested = time.monotonic()
        self.latest = None  # when to look at the latest, since something was announced
        self.wait = AGAIN_SECONDS

    def hear(self):
        """The bell has said something."""
        now = time.monotonic()
        try:
            if self.bell.rang():
                self.latest = self.latest or now + AGAIN_SECONDS
                self.due = max(self.rested, min(self.latest, now + SETTLE_SECONDS))
        except EOFError:
            self.due = max(now + SETTLE_SECONDS, self.bell.since + AGAIN_SECONDS)
            self.bell = None

    def looked(self, well):
        """When to look again: soon where the bell has not been there for long, for something may have come before it. Raises OSError: no bell."""
        now, needs_bell = time.monotonic(), well and self.bell is None
        if not well:
            self.wait = AGAIN_SECONDS
        elif needs_bell:
            self.wait = SETTLE_SECONDS
        elif now - self.bell.since < AGAIN_SECONDS:
            self.wait = min(self.wait, AGAIN_SECONDS)
        self.due, self.latest = max(self.rested, now + self.wait), None
        if needs_bell:
            self.bell = Bell(self.closed, "outbox")

    def _is_finished(self, where, now):
        digest, since = self.seen[where]
        return now - since >= (EMPTY_SECONDS if digest in (EMPTY, FOLDER) else SETTLE_SECONDS)

    def copy(self, folder):
        """Fetches all into that folder. Yields the files that are to be handed on."""
        self.folder, began = pathlib.Path(folder), time.monotonic()
        _smbclient(self.closed, "outbox", ["recurse on", "prompt off", f"lcd {folder}", "mget *"])
        before, self.seen, now = self.seen, {}, time.monotonic()
        self.rested = now + REST * (now - began)
        for path in self.folder.rglob("*"):
            where, digest = path.relative_to(self.folder), _digest(path)
            if digest is not None:
                self.seen[where] = before[where] if where in before and before[where][0] == digest else (digest, now)
        self.handed = {where: digest for where, digest in self.handed.items() if self.seen.get(where, [None])[0] == digest}
        finished = sorted(where for where in self.seen if where not in self.handed and self._is_finished(where, now))
        self.gone = [where for where in finished if self.seen[where][0] == FOLDER]
        files = [self.folder / where for where in finished if where not in self.gone]
        if len(files) > MOST_FILES or any(since == now and digest not in (EMPTY, FOLDER) for digest, since in self.seen.values()):
            self.wait = SETTLE_SECONDS
        else:
            self.wait = AGAIN_SECONDS if self.seen else UNASKED_SECONDS
        yield from files[:MOST_FILES]

    def handed_on(self, path):
        where = path.relative_to(self.folder)
        self.handed[where] = self.seen[where][0]

    def clear(self):
        """Deletes there what was handed on, and folders that stayed empty. What is gone may come again, though it be the same."""
        patterns = {where: _pattern(where) for where in [*self.handed, *self.gone]}
        commands = [f'rmdir "{pattern}"' if where in self.gone else f'del "{pattern}"' for where, pattern in patterns.items()]
        said = []
        for start in range(0, len(commands), 50):  # a command line has its limits
            said += _smbclient(self.closed, "outbox", commands[start : start + 50]).splitlines()
        faults = [line for line in said if line.startswith("NT_STATUS_") and not line.startswith("NT_STATUS_NO_SUCH_FILE")]
        stays = {where for where, pattern in patterns.items() if "?" in pattern or any(line.endswith("\\" + pattern) for line in faults)}
        if all(any(line.endswith("\\" + patterns[where]) for where in stays) for line in faults):  # else: of what, is not known
            self.handed = {where: digest for where, digest in self.handed.items() if where in stays}
