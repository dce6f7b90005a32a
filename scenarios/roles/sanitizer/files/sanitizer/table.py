"""Tables as text (CSV, TSV): a spreadsheet that opens one takes a cell which begins with = + - or @ for a formula, and a formula can start a
program (APPLICATION|TOPIC!ITEM, DDE). Such cells become text."""
import re

from .fields import FUNCTIONS
from .verdict import CLEANED, Refused, Result

ENCODINGS = ("utf-8", "cp932", "euc-jp", "iso-2022-jp")  # as kinds.is_text
# The beginning of a cell that is no number: whatever the delimiter is, and whether or not it is in quotes.
FORMULA = re.compile(r"(^|[,;\t])([ ]*\"?[ ]*)(?=[=@]|[+-](?![\d.,]*[ %\"]*($|[,;\t\r])))", re.M)


def clean(name, data, _budget):
    encoding = next(encoding for encoding in ENCODINGS if _decodes(data, encoding))
    text = data.decode(encoding)
    if text.lstrip("\ufeff").startswith("ID;"):
        raise Refused("a table in SYLK, which may hold formulas")
    if not ("|" in text and "!" in text) and not FUNCTIONS.search(text):
        return Result(name, data)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text, count = FORMULA.subn(r"\1\2'", text.removeprefix(mark) if mark else text)
    if not count:
        return Result(name, data)
    return Result(name, (mark + text).encode(encoding), CLEANED, [f"{count} cells that would be formulas"])


def _decodes(data, encoding):
    try:
        data.decode(encoding)
        return True
    except UnicodeDecodeError:
        return False
