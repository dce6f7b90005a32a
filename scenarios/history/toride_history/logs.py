"""Writes logs as the software of a host leaves them: today's file, older ones rotated by the week and compressed."""
import gzip
import os
import shutil
import zlib

TODAY_DAYS = 7


def _touch(path):
    """A log that the role has not made belongs to root and adm, as rsyslog makes it."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            os.chmod(path, 0o640)
        shutil.chown(path, "root", "adm")


def _keep(path, like):
    """Mode and owner of the current log."""
    shutil.copymode(like, path)
    status = os.stat(like)
    os.chown(path, status.st_uid, status.st_gid)


def write(path, days, lines_of):
    """`lines_of(day)`: the day's lines, each with its end, in order. The last week goes into `path` (before what is there), the weeks before into
    `path`.1.gz, .2.gz, …"""
    weeks = []
    for i in range(len(days), 0, -TODAY_DAYS):
        weeks.append(days[max(0, i - TODAY_DAYS):i])
    _touch(path)
    for number, week in enumerate(weeks):
        text = "".join("".join(lines_of(day)) for day in week)
        last = week[-1].epoch + 86399
        target = f"{path}.{number}.gz" if number else path
        if number and not text:
            continue
        if number:
            with open(target, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=last, filename="") as file:
                file.write(text.encode())
            _keep(target, path)
        else:
            with open(path, "rb") as file:
                before = file.read()
            with open(path, "wb") as file:
                file.write(text.encode() + before)
        os.utime(target, (last, last))


def process(name, day, span=7):
    """A process number as a program that is restarted every `span` days has it."""
    return 300 + zlib.crc32(f"{name} {day.back // span}".encode()) % 29000
