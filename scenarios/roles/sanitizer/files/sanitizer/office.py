"""Office documents. OOXML (ECMA-376) and ODF are zip archives: macros, controls, embedded objects and links that load by themselves are taken
out, with what refers to them. The old OLE formats (MS-CFB) are only judged: what is active in them is refused."""
import io
import posixpath
import re
import struct
import xml.etree.ElementTree as ET

import olefile

from . import archive, fields, xmlpart
from .verdict import CLEANED, PASSED, Refused, Result

RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# By the last word of a relationship's type, whatever the part is called.
ACTIVE_RELATIONSHIPS = frozenset(
    "vbaProject vbaProjectSignature vbaProjectSignatureAgile vbaProjectSignatureV3 wordVbaData oleObject control activeXControlBinary "
    "attachedTemplate aFChunk frame subDocument xlMacrosheet xlIntlMacrosheet extensibility attachedToolbars webextension "
    "webextensiontaskpanes recipientData connections queryTable".split()
)
ACTIVE_PARTS = re.compile(r"(^|/)(vba[^/]*\.(bin|xml)|activeX/.*|macrosheets/.*|customUI[^/]*/.*|webextensions/.*|attachedToolbars\.bin)$", re.I)

ENDINGS = {
    "docm": "docx", "dotm": "dotx", "xlsm": "xlsx", "xltm": "xltx", "pptm": "pptx", "ppsm": "ppsx", "potm": "potx", "ppam": "pptx",
}  # fmt: skip
MAIN_TYPES = {
    "ms-word.document.macroEnabled": "openxmlformats-officedocument.wordprocessingml.document",
    "ms-word.template.macroEnabledTemplate": "openxmlformats-officedocument.wordprocessingml.template",
    "ms-excel.sheet.macroEnabled": "openxmlformats-officedocument.spreadsheetml.sheet",
    "ms-excel.template.macroEnabled": "openxmlformats-officedocument.spreadsheetml.template",
    "ms-powerpoint.presentation.macroEnabled": "openxmlformats-officedocument.presentationml.presentation",
    "ms-powerpoint.slideshow.macroEnabled": "openxmlformats-officedocument.presentationml.slideshow",
    "ms-powerpoint.template.macroEnabled": "openxmlformats-officedocument.presentationml.template",
    "ms-powerpoint.addin.macroEnabled": "openxmlformats-officedocument.presentationml.presentation",
}


def _document(data, namespace):
    """Of a part that was read (read_xml): no entities, no other encodings."""
    ET.register_namespace("", namespace)
    return ET.fromstring(data)


def _text(root):
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + ET.tostring(root, encoding="utf-8")


def _owner(rels):
    """word/_rels/document.xml.rels → word/document.xml"""
    folder, base = posixpath.split(rels)
    return posixpath.join(posixpath.dirname(folder), base.removesuffix(".rels"))


def _target(rels, target):
    """The part that a relationship leads to, as it is called in the archive."""
    if target.startswith("/"):
        return target[1:]
    return posixpath.normpath(posixpath.join(posixpath.dirname(_owner(rels)), target))


def _without_elements(xml, identity):
    """The XML without the elements that refer to a relationship that is gone: Office takes a document with such a one for damaged."""
    reference = re.compile(rb'<([\w:]+)(?=[\s/>])[^<>]*\s[\w]+:(?:id|embed|link|pict)="' + re.escape(identity.encode()) + rb'"[^<>]*>')
    while found := reference.search(xml):
        end = found.end()
        if not found[0].endswith(b"/>"):
            depth = 1
            for tag in re.finditer(rb"<(/?)" + re.escape(found[1]) + rb"(?=[\s/>])[^<>]*?(/?)>", xml[end:]):
                depth += -1 if tag[1] else 0 if tag[2] else 1
                if depth == 0:
                    end += tag.end()
                    break
            else:
                raise Refused("an Office document that is no sound XML")
        xml = xml[: found.start()] + xml[end:]
    return xml


class Ooxml:
    """The parts of a document, and what was taken out of them."""

    def __init__(self, members):
        self.parts, self.taken = dict(members), []
        if len(self.parts) != len(members):
            raise Refused("an Office document with two parts of one name")

    def read_xml(self):
        """All XML as plain UTF-8, without fields and formulas that start something. Old Excel writes drawings (.vml) that are no sound XML: they go."""
        for name, data in list(self.parts.items()):
            if not xmlpart.is_xml(name, data):
                continue
            try:
                self.parts[name], taken = fields.clean(data)
            except xmlpart.Unreadable as fault:
                if not name.lower().endswith(".vml"):
                    raise Refused(f"an Office document whose part {name} is no XML ({fault})") from fault
                self.take(name)
            else:
                self.taken += [f"{name}: {what}" for what in taken]

    def take_parts(self, budget):
        """Active parts by their place and by what they are; embedded documents are cleaned in their turn."""
        from .files import clean

        for name, data in list(self.parts.items()):
            if ACTIVE_PARTS.search(name) or (data.startswith(OLE_MAGIC) and not name.endswith(".rels")):
                self.take(name)
            elif "/embeddings/" in name.lower():
                with budget:
                    result = clean(posixpath.basename(name), data, budget)
                if result.action == CLEANED:
                    self.parts[name] = result.data
                    self.taken.append(f"{name}: {', '.join(result.details)}")
                elif result.action != PASSED:
                    self.take(name)

    def take(self, name):
        if self.parts.pop(name, None) is not None:
            self.taken.append(name)

    def take_relationships(self):
        for rels in [name for name in self.parts if name.lower().endswith(".rels")]:  # names of parts are the same in capitals (ECMA-376 part 2)
            root = _document(self.parts[rels], RELATIONSHIPS)
            gone = [one for one in root if self.is_active(rels, one)]
            for one in gone:
                root.remove(one)
                owner = _owner(rels)
                if owner in self.parts:
                    self.parts[owner] = _without_elements(self.parts[owner], one.get("Id", ""))
            if gone:
                self.parts[rels] = _text(root)

    def is_active(self, rels, one):
        kind, target = one.get("Type", "").rpartition("/")[2], one.get("Target", "")
        if one.get("TargetMode") == "External":
            if kind == "hyperlink" and re.match(r"(https?|mailto):|#", target, re.I):
                return False
            self.taken.append(f"{kind} {target[:100]}")
            return True
        part = _target(rels, target)
        if kind in ACTIVE_RELATIONSHIPS:
            self.take(part)
            return True
        return bool(target) and part not in self.parts and not target.startswith("#") and part in self.taken

    def mend_types(self):
        """[Content_Types].xml names the parts that are left, and a document without macros is of the type without."""
        root = _document(self.parts["[Content_Types].xml"], CONTENT_TYPES)
        for one in list(root):
            content_type = one.get("ContentType", "")
            if one.get("PartName") and one.get("PartName")[1:] not in self.parts:
                root.remove(one)
            elif "vbaProject" in content_type or "activeX" in content_type:
                root.remove(one)
            for old, new in MAIN_TYPES.items():
                if content_type == f"application/vnd.{old}.main+xml":
                    one.set("ContentType", f"application/vnd.{new}.main+xml")
                    self.taken.append("the type of a document with macros")
            if "binary.macroEnabled" in content_type:
                raise Refused("a binary workbook (.xlsb), which cannot be judged")
        self.parts["[Content_Types].xml"] = _text(root)

    def take_names(self):
        """Names that are called when a sheet of macros opens."""
        if any("macrosheets/" in name for name in self.taken) and "xl/workbook.xml" in self.parts:
            book = self.parts["xl/workbook.xml"]
            self.parts["xl/workbook.xml"] = re.sub(rb"<((?:\w+:)?definedNames)>.*?</\1>", b"", book, flags=re.S)


def clean_ooxml(name, data, budget):
    document = Ooxml(archive.read(data, budget))
    document.read_xml()
    document.take_parts(budget)
    document.take_relationships()
    document.mend_types()
    document.take_names()
    if not document.taken:
        return Result(name, data)
    stem, _, ending = name.rpartition(".")
    new = ENDINGS.get(ending.lower())
    return Result(f"{stem}.{new}" if new else name, archive.write(document.parts.items()), CLEANED, document.taken)


def clean_odf(name, data, budget):
    """Basic and other scripts live in folders of their own; events in the content call them."""
    taken, members = [], []
    for path, content in archive.read(data, budget):
        if re.match(r"(Basic|Scripts)/|.*Object \d+$|ObjectReplacements/\.\./", path):
            taken.append(path)
            continue
        if xmlpart.is_xml(path, content):
            try:
                content, found = fields.clean(content)
            except xmlpart.Unreadable as fault:
                raise Refused(f"an Office document whose part {path} is no XML ({fault})") from fault
            taken += [f"{path}: {what}" for what in found]
        members.append((path, content))
    if not taken:
        return Result(name, data)
    gone = re.compile(rb'<manifest:file-entry\b[^>]*manifest:full-path="(Basic|Scripts)/[^>]*/>')
    members = [(path, gone.sub(b"", content) if path == "META-INF/manifest.xml" else content) for path, content in members]
    return Result(name, archive.write(members), CLEANED, taken)


def _has_macro_sheet(book):
    """A BOUNDSHEET record of type 1 (MS-XLS 2.4.28) among the workbook's globals."""
    position = 0
    while position + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, position)
        if kind == 0x0085 and size >= 6 and book[position + 9] == 1:
            return True
        if kind == 0x000A:  # the end of the globals
            return False
        position += 4 + size
    return False


MACRO_STORAGES = frozenset(["macros", "vba", "_vba_project", "_vba_project_cur", "_vba_project_cur_1"])
OBJECT_STREAMS = frozenset(["\x01ole10native", "\x01ole", "package", "equation native", "objectpool", "\x03oleobject", "contents"])


def clean_ole(name, data, _budget):
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        words = {word.lower() for path in ole.listdir(streams=True, storages=True) for word in path}
        if words & MACRO_STORAGES:
            raise Refused("an old Office document with macros")
        if words & OBJECT_STREAMS or any(word.startswith("mbd") for word in words):
            raise Refused("an old Office document with embedded objects")
        if {"encryptedpackage", "encryptioninfo"} & words:
            raise Refused("an Office document with a password")
        book = next((stream for stream in ("Workbook", "Book") if ole.exists(stream)), None)
        if book:
            if _has_macro_sheet(ole.openstream(book).read()):
                raise Refused("an old Excel document with a sheet of macros")
        elif ole.exists("PowerPoint Document"):
            # RT_VBAInfo (MS-PPT 2.4.11): version 15, type 0x03ff
            if b"\x0f\x00\xff\x03" in ole.openstream("PowerPoint Document").read():
                raise Refused("an old PowerPoint document with macros")
        elif not ole.exists("WordDocument"):
            raise Refused("a compound file that is no document of Word, Excel or PowerPoint")
    return Result(name, data)
