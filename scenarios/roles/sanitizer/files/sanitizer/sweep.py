"""What is in a share `to-NAME` without having been announced (inotify watches the uppermost folder alone): files in folders, empty files, and
what cannot cross, of which a notice tells."""
import os
import pathlib
import stat
import syslog
import time

from . import record
from .notice import left_notice

MOST_DEPTH = 8  # folders in folders
MOST_FILES = 200  # at once: the others next time
MOST_ENTRIES = 5000  # that are looked at
NOTICE = ".not-taken.txt"


class _Sweep:
    def __init__(self, share, is_quiet):
        self.share, self.is_quiet = pathlib.Path(share), is_quiet
        self.files, self.notices, self.entries = [], set(), 0

    def is_full(self):
        return len(self.files) >= MOST_FILES or self.entries >= MOST_ENTRIES

    def folder(self, folder, depth=0):
        found = sorted(folder.iterdir())
        for path in found:
            if self.is_full():
                return
            self.entries += 1
            try:
                self.entry(path, depth)
            except FileNotFoundError:
                continue  # taken away meanwhile
            except PermissionError:
                self.leave(path, "the server may not read or remove it")
        if depth and not found and self.is_quiet(folder.stat()):
            folder.rmdir()
            syslog.syslog(syslog.LOG_INFO, f"removed the empty folder {folder}")

    def entry(self, path, depth):
        status = path.lstat()
        if stat.S_ISDIR(status.st_mode):
            if depth + 1 > MOST_DEPTH:
                self.leave(path, f"folders in folders, deeper than {MOST_DEPTH}")
            else:
                self.folder(path, depth + 1)
        elif status.st_uid == os.getuid() or not self.is_quiet(status, depth == 0 and stat.S_ISREG(status.st_mode) and status.st_size > 0):
            return
        elif not stat.S_ISREG(status.st_mode):
            self.leave(path, "neither a file nor a folder")
        elif not (os.access(path, os.R_OK) and os.access(path.parent, os.W_OK)):
            self.leave(path, "the server may not read or remove it")
        else:
            self.files.append(path)

    def leave(self, path, reason):
        """Told once, in the uppermost folder, where people look."""
        where = str(path.relative_to(self.share)).encode(errors="replace").decode()
        notice = self.share / (record.safe_name(where)[-80:] + NOTICE)
        self.notices.add(notice)
        if not notice.exists():
            notice.write_bytes(left_notice(where, reason))
            notice.chmod(0o660)
            record.write(time.strftime("%Y%m%d-%H%M%S"), self.share.name, "", "", where, None, "left", [reason])

    def drop_notices(self):
        """Of what is no longer there."""
        for path in self.share.glob(f"*{NOTICE}"):
            if path not in self.notices and path.lstat().st_uid == os.getuid():
                path.unlink()


def sweep(share, is_quiet):
    """Files that may be taken, MOST_FILES of them. `is_quiet` tells by a file's status, and whether inotify
    announces its end, whether its writer has finished."""
    one = _Sweep(share, is_quiet)
    try:
        one.folder(one.share)
        if not one.is_full():
            one.drop_notices()
    except OSError as fault:
        syslog.syslog(syslog.LOG_WARNING, f"sweep: {fault}")
    return one.files
