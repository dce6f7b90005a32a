"""The shares of a closed network's file server, by smbclient: `intake` takes files, `outbox` has what comes out."""
import hashlib
import pathlib
import re
import subprocess

from . import names

CREDENTIALS = "/etc/sanitizer/credentials"
MOST_SECONDS = 60  # one conversation
MOST_FILES = 200  # fetched at once: the others next time
TRIES = 5
PARTIAL = ".partial"  # a file on its way
LISTED = re.compile(r"^  (.+?) +[A-Z]+ +\d+  [A-Z][a-z]{2} ", re.M)


class Taken(OSError):
    """A file of that name is there."""


def _smbclient(closed, share, commands):
    """Output of smbclient's commands at a share; raises OSError when the last did not succeed."""
    done = subprocess.run(
        ["smbclient", f"//{closed['address']}/{share}", f"--authentication-file={CREDENTIALS}", "--timeout=10", "--command", "; ".join(commands)],
        check=False, capture_output=True, text=True, errors="replace", timeout=MOST_SECONDS,
    )  # fmt: skip
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


class Outbox:
    """What was seen in an outbox when somebody last looked: an empty file or folder is one that somebody is about to fill, unless it is so again;
    and what was handed on, but could not be deleted, does not come out twice."""

    def __init__(self, closed):
        self.closed, self.folder = closed, None
        self.empty, self.gone, self.handed = set(), [], {}  # by their paths in the share

    def copy(self, folder):
        """Fetches all into that folder. Yields the files that are to be handed on."""
        self.folder = pathlib.Path(folder)
        _smbclient(self.closed, "outbox", ["recurse on", "prompt off", f"lcd {folder}", "mget *"])
        files, empty = [], set()
        for path in sorted(self.folder.rglob("*")):
            where = path.relative_to(self.folder)
            if path.stat().st_size == 0 if path.is_file() else not any(path.iterdir()):
                empty.add(where)
            if path.is_file() and (where not in empty or where in self.empty):
                files.append(path)
        self.gone = [where for where in empty & self.empty if (self.folder / where).is_dir()]
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
