"""What a file is. The first bytes decide; a name that says something else is a reason to refuse."""
import io
import re
import zipfile

from .verdict import Refused

PROGRAM, SCRIPT, PDF, RTF, OLE, OOXML, ODF, ZIP, ARCHIVE = "program", "script", "pdf", "rtf", "ole", "ooxml", "odf", "zip", "archive"
IMAGE, HTML, MARKUP, TEXT, TABLE, MESSAGE, UNKNOWN = "image", "html", "markup", "text", "table", "message", "unknown"
SIGNATURE = "signature"

MAGIC = [
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"\xce\xfa\xed\xfe", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"L\0\0\0\x01\x14\x02\0", PROGRAM),  # a Windows link
    (b"!<arch>", PROGRAM),
    (b"#!", SCRIPT),
    (b"{\\rt", RTF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"7z\xbc\xaf\x27\x1c", ARCHIVE),
    (b"Rar!", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
    (b"\x1f\x9d", ARCHIVE),
    (b"BZh", ARCHIVE),
    (b"\xfd7zXZ", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
    (b"MSCF", ARCHIVE),
    (b"ITSF", ARCHIVE),
    (b"\x89PNG\r\n\x1a\n", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF87a", IMAGE),
    (b"GIF89a", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
    (b"BM", IMAGE),
]

SIGNED = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # signedData (RFC 5652)

# What a system would start when somebody opens it, whatever is in it.
STARTED = frozenset(
    "ade adp app apk appx application appref-ms asp aspx bas bat chm cmd com cpl csh desktop dif diagcab dll dmg dqy exe gadget hlp hta img inf "
    "ins iqy iso jar jnlp job js jse jsp ksh library-ms lnk mde mht mhtml msc msh msi msix msp mst ocx odc one oqy php phtml pif pl ppa ps1 "
    "ps1xml ps2 psc1 psd1 psm1 py pyc pyw rb rdp reg rqy scf scr sct search-ms searchconnector-ms settingcontent-ms sh shb shs slk sylk sys "
    "tcsh udl url vb vbe vbs vhd vhdx vxd website wll ws wsc wsf wsh xla xlam xlm xll xlw zsh".split()
)

# What may be in a file of that name. A name that is not here says nothing.
NAMES = {
    PDF: "pdf",
    OOXML: "docx docm dotx dotm xlsx xlsm xltx xltm pptx pptm ppsx ppsm potx potm xlsb",
    OLE: "doc dot xls xlt ppt pps pot",
    RTF: "rtf doc",
    ODF: "odt ods odp odg ott ots otp",
    ZIP: "zip",
    IMAGE: "png jpg jpeg gif bmp tif tiff webp",
    HTML: "html htm xhtml shtml",
    MARKUP: "svg xml xsl",
    MESSAGE: "eml",
    SIGNATURE: "p7s",
    TEXT: "txt csv tsv md log json yaml yml ics vcf ini conf css",
}
TABLES = frozenset("csv tsv tab prn".split())  # whatever a text of that name says, a spreadsheet opens it
ALLOWED = {}
for _kind, _endings in NAMES.items():
    for _ending in _endings.split():
        ALLOWED.setdefault(_ending, set()).add(_kind)


def ending(name):
    """The last part of a name, as Windows would take it: a point or a space at the end does not count."""
    name = name.rstrip(". \t\0")
    return name.rpartition(".")[2].lower() if "." in name else ""


def _of_zip(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()[:5000]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as fault:
        raise Refused(f"a damaged zip archive ({fault})") from fault
    if "[Content_Types].xml" in names:
        return OOXML
    if "mimetype" in names and "META-INF/manifest.xml" in names:
        return ODF
    if any(name.endswith(".class") or name == "META-INF/MANIFEST.MF" for name in names):
        return PROGRAM
    return ZIP


def is_text(data):
    if b"\0" in data:
        return False
    for encoding in ("utf-8", "cp932", "euc-jp", "iso-2022-jp"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)
    return False


def _of_bytes(data):
    for magic, kind in MAGIC:
        if data.startswith(magic):
            return _of_zip(data) if kind == ZIP else kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return IMAGE
    if data.startswith(b"\x30") and SIGNED in data[:24]:
        return SIGNATURE
    if b"%PDF-" in data[:1024]:
        return PDF
    if data[257:262] == b"ustar":
        return ARCHIVE
    if not is_text(data.removeprefix(b"\xef\xbb\xbf")):
        return UNKNOWN
    head = data[:4096].lower()
    if re.search(rb"<(!doctype html|html|head|body|script|iframe)\b", head):
        return HTML
    return MARKUP if re.match(rb"\s*(\xef\xbb\xbf)?<(\?xml|svg)", head) else TEXT


def kind_of(name, data):
    """Raises Refused when the name says something else than the bytes."""
    end = ending(name)
    found = _of_bytes(data)
    if found in (TEXT, HTML, MARKUP) and end in TABLES:
        return TABLE
    if found in (PROGRAM, SCRIPT):
        return found
    if end in STARTED:
        return SCRIPT if found in (TEXT, HTML, MARKUP) else PROGRAM
    allowed = ALLOWED.get(end)
    if not allowed or found in allowed:
        return found
    if found in (TEXT, HTML, MARKUP) and allowed & {HTML, MARKUP, MESSAGE}:
        return min(allowed)  # text of that kind: the name decides how it will be shown
    if found in (HTML, MARKUP) and TEXT in allowed:
        return TEXT
    raise Refused(f"is called .{end}, but is {found}")
