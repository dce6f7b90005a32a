"""Documents for the tests of the sanitising server, active and not, made here."""
import io
import struct
import zipfile

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zipped(members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def relationships(*lines):
    body = "".join(f'<Relationship Id="{identity}" Type="{kind}" Target="{target}"{more}/>' for identity, kind, target, more in lines)
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{body}</Relationships>'


def word(macro=True, more_relationships=(), body="", **parts):
    main = "application/vnd.ms-word.document.macroEnabled.main+xml" if macro else (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    )
    vba = [("rId1", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin", "")] if macro else []
    document = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": relationships(("rId1", f"{OFFICE}/officeDocument", "word/document.xml", "")),
        "word/document.xml": '<w:document xmlns:w="urn:w" xmlns:r="urn:r" xmlns:o="urn:o"><w:body><w:p><w:r><w:t>見積書</w:t></w:r></w:p>'
        f"{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": relationships(*vba, *more_relationships),
    }
    if macro:
        document["word/vbaProject.bin"] = OLE_MAGIC + b"Sub AutoOpen()"
    document.update(parts)
    return zipped(document)


def pdf(catalog="", objects=()):
    """A PDF of one page; qpdf puts its cross-references right."""
    everything = [f"<< /Type /Catalog /Pages 2 0 R {catalog} >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                  "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>", *objects]  # fmt: skip
    out, offsets = b"%PDF-1.7\n", []
    for number, text in enumerate(everything, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(everything) + 1}\n0000000000 65535 f \n".encode() + b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    return out + f"trailer\n<< /Size {len(everything) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


def compound(*names):
    """A compound file (MS-CFB) with one empty storage of each name, beside a stream WordDocument."""
    free, end, no = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF

    def entry(name, kind, right=no, child=no, start=end, size=0):
        text = name.encode("utf-16-le")
        return text.ljust(64, b"\0") + struct.pack("<HBBIII16xI16xIQ", len(text) + 2, kind, 1, no, right, child, 0, start, size)

    everything = ["WordDocument", *names]
    directory = entry("Root Entry", 5, child=1)
    for index, name in enumerate(everything, 1):
        right = index + 1 if index < len(everything) else no
        directory += entry(name, 2 if index == 1 else 1, right=right, start=2 if index == 1 else 0, size=4096 if index == 1 else 0)
    directory = directory.ljust(512, b"\0")
    assert len(directory) == 512
    fat = struct.pack("<IIIIIIIIII", 0xFFFFFFFD, end, 3, 4, 5, 6, 7, 8, 9, end).ljust(512, b"\xff")
    header = OLE_MAGIC + bytes(16) + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    return header + struct.pack("<I", 0) + struct.pack("<I", free) * 108 + fat + directory + b"text".ljust(4096, b"\0")
