"""XML parts of documents: read by expat, whatever their encoding, prefixes and references, and written anew as plain UTF-8. So what comes after
this (our own look for active content, and Office's) sees the same. Nothing is ever expanded: who declares entities is refused."""
import io
import xml.parsers.expat
from xml.sax.saxutils import escape, quoteattr

from .verdict import Refused

MOST_NESTED, MOST_ELEMENTS = 256, 2_000_000
DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


class Unreadable(Exception):
    """No XML."""


def is_xml(name, data):
    """By its name, or as it begins: a list of types may give XML any name."""
    return name.lower().endswith((".xml", ".rels", ".vml", ".rdf")) or data[:256].lstrip().startswith(STARTS)


def local(name):
    """w:instrText → instrText. Every prefix is as good as another."""
    return name.rpartition(":")[2]


class Filter:
    """What a reader does with a part, piece by piece. This one keeps all."""

    def start(self, _name, attributes):
        """[(name, value)] to write, or None: the element goes, with all that it holds."""
        return attributes

    def end(self, _name):
        pass

    def text(self, text):
        return text


class _Writer:
    """expat's handlers: through the filter into UTF-8."""

    def __init__(self, filtering):
        self.filter, self.out = filtering, io.BytesIO()
        self.open, self.depth, self.dropped, self.elements = False, 0, 0, 0
        self.out.write(DECLARATION)

    def _close_tag(self):
        if self.open:
            self.out.write(b">")
            self.open = False

    def start(self, name, flat):
        self.depth += 1
        self.elements += 1
        if self.depth > MOST_NESTED or self.elements > MOST_ELEMENTS:
            raise Refused("a document with too many elements of XML")
        attributes = None if self.dropped else self.filter.start(name, list(zip(flat[::2], flat[1::2])))
        if attributes is None:
            self.dropped += 1
            return
        self._close_tag()
        # Beside line ends, quoteattr also writes tabs as references: a reader would make blanks of them.
        self.out.write(f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes)}".encode())
        self.open = True

    def end(self, name):
        self.depth -= 1
        if self.dropped:
            self.dropped -= 1
            return
        self.filter.end(name)
        self.out.write(b"/>" if self.open else f"</{name}>".encode())
        self.open = False

    def text(self, text):
        if not self.dropped and (text := self.filter.text(text)):
            self._close_tag()
            self.out.write(escape(text, {"\r": "&#13;"}).encode())


def _refuse(*_):
    raise Refused("a document with entities of its own")


def _doctype(_name, _system, _public, internal):
    if internal:
        _refuse()


def rewrite(data, filtering):
    """The part as the filter leaves it. Raises Refused, and Unreadable for what is no XML."""
    writer = _Writer(filtering)
    parser = xml.parsers.expat.ParserCreate()
    parser.ordered_attributes, parser.buffer_text, parser.buffer_size = True, True, 1 << 16
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler, parser.SkippedEntityHandler = _doctype, _refuse, _refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = writer.start, writer.end, writer.text
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as fault:
        raise Unreadable(str(fault)) from fault
    return writer.out.getvalue()
