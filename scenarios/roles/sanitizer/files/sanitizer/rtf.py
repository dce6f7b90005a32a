"""Rich Text Format (RTF 1.9.1) is only judged: what is active in it is refused."""
import re

from .fields import WITHIN, is_active_instruction
from .verdict import Refused, Result

MOST_NESTED = 1000
TOKEN = re.compile(rb"\\([a-zA-Z]+)(-?\d+)? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}]+)", re.S)
ACTIVE_WORDS = re.compile(rb"obj(data|ocx|emb|link|autlink|html|update|alias|sub|pub)|template|ddeauto|dde", re.I)
ANYWHERE = re.compile(r"\bDDE(AUTO)?\b|INCLUDE(TEXT|PICTURE)", re.I)


class Refusal(Refused):
    def __init__(self, what):
        super().__init__(f"an RTF document with {what}")


class _Groups:
    """Open groups. Within the instruction of a field (\\fldinst) they gather its text, whatever runs of formatted text it is cut into."""

    def __init__(self):
        self.stack = [None]  # of each open group the bytes of the instruction that it is in, or None

    def open(self):
        if len(self.stack) > MOST_NESTED:
            raise Refusal(f"groups in groups, deeper than {MOST_NESTED}")
        self.stack.append(self.stack[-1])

    def close(self):
        text = self.stack.pop()
        if not self.stack:
            self.stack.append(None)
        if text is not None and text is not self.stack[-1]:
            _judge(bytes(text))

    def instruction(self):
        if self.stack[-1] is not None:
            self.stack[-1].extend(WITHIN.encode())
        self.stack[-1] = bytearray()

    def result(self):
        """What a field within shows is not its surrounding field's instruction."""
        self.stack[-1] = None

    def text(self, data):
        if self.stack[-1] is not None:
            self.stack[-1].extend(data)


def _judge(text):
    for encoding in ("cp932", "latin-1"):
        words = text.decode(encoding, "replace")
        if is_active_instruction(words) or ANYWHERE.search(words):
            raise Refusal("a field that starts or loads something")


def _word(groups, word, number):
    if ACTIVE_WORDS.fullmatch(word):
        raise Refusal("embedded objects or links that load by themselves")
    if word == b"fldinst":
        groups.instruction()
    elif word == b"fldrslt":
        groups.result()
    elif word == b"u" and groups.stack[-1] is not None:
        if -1 < int(number or b"0") < 128:
            raise Refusal("a field whose instruction is written so that nobody can read it")
        groups.text("〓".encode("cp932"))
    elif word in (b"tab", b"par", b"line"):
        groups.text(b" ")


def clean(name, data, _budget):
    groups, position = _Groups(), 0
    while token := TOKEN.match(data, position):
        position = token.end()
        word, number, byte, symbol, brace, text = token.groups()
        if word:
            _word(groups, word, number)
            if word == b"bin":  # so many bytes follow as they are
                position += max(0, int(number or b"0"))
        elif byte:
            groups.text(bytes([int(byte, 16)]))
        elif brace:
            groups.open() if brace == b"{" else groups.close()
        elif text:
            groups.text(text.replace(b"\r", b"").replace(b"\n", b""))
        elif symbol in (b"\\", b"{", b"}"):
            groups.text(symbol)
        elif symbol in (b"~", b"\n", b"\r"):
            groups.text(b" ")
    for left in groups.stack:
        if left is not None:
            _judge(bytes(left))
    return Result(name, data)
