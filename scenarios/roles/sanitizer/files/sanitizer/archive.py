"""Zip archives: read within the budget, each member cleaned, written anew."""
import io
import posixpath
import zipfile

from . import names
from .verdict import CLEANED, PASSED, Refused, Result

CHUNK = 1 << 16
ENCRYPTED, IS_UTF8 = 0x1, 0x800


def _name(info):
    """Windows writes names in the code page of its language, in Japan cp932, some others UTF-8, and neither says so; zipfile takes such a name
    for cp437 (APPNOTE.TXT, appendix D)."""
    if not info.flag_bits & IS_UTF8:
        for encoding in ("utf-8", "cp932"):
            try:
                return info.filename.encode("cp437").decode(encoding)
            except UnicodeError:
                continue
    return info.filename


def read(data, budget):
    """[(name, bytes)] of a zip archive's files. Counts what really comes out, whatever the archive's directory says."""
    members = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            budget.take_file()
            if info.flag_bits & ENCRYPTED:
                raise Refused("an archive with a password")
            if info.is_dir():
                continue
            parts = []
            with archive.open(info) as member:
                while chunk := member.read(CHUNK):
                    budget.take(len(chunk))
                    parts.append(chunk)
            members.append((_name(info), b"".join(parts)))
    return members


def write(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _inside(name):
    """The name without a way out of the folder where somebody unpacks it."""
    name = name.replace("\\", "/")
    return "/".join(part for part in posixpath.normpath(name).split("/") if part not in ("", ".", "..") and ":" not in part) or "file"


def clean(name, data, budget):
    from .files import clean as clean_file

    members, used, details, renamed = [], set(), [], False
    with budget:
        for path, content in read(data, budget):
            folder, base = posixpath.split(_inside(path))
            result = clean_file(base, content, budget)
            inside = names.free(posixpath.join(folder, result.name), used)
            used.add(inside)
            members.append((inside, result.data))
            renamed = renamed or inside != path
            if result.action != PASSED:
                details.append(f"{path}: {result.action}: {', '.join(result.details)}")
    if not details and not renamed:
        return Result(name, data)
    return Result(name, write(members), CLEANED, details or ["names of members mended"])
