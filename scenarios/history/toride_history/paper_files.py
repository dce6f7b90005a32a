"""Documents that open in office programs: text, CSV, and minimal OOXML (ECMA-376) made with zipfile."""
import datetime
import io
import zipfile
from xml.sax.saxutils import escape

WORD, SHEET = "wordprocessingml.document", "spreadsheetml.sheet"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
          '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/>{more}'
          '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>')
_RELATION = '<Relationship Id="{id}" Type="{type}" Target="{target}"/>'
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CORE = ('<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
         'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title><dc:creator>{author}</dc:creator>'
         '<dcterms:created xsi:type="dcterms:W3CDTF">{when}</dcterms:created></cp:coreProperties>')


def _package(part, kind, parts, title, author, when, more=""):
    core = _CORE.format(title=escape(title), author=escape(author), when=when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    relations = _RELATIONS.format(_RELATION.format(id="rId1", type=f"{_OFFICE}/officeDocument", target=part) + _RELATION.format(
        id="rId2", type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", target="docProps/core.xml"))
    files = {"[Content_Types].xml": _TYPES.format(part=part, kind=kind, more=more), "_rels/.rels": relations, "docProps/core.xml": core, **parts}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, when.timetuple()[:6]), (_HEAD + text).encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(title, paragraphs, author, when):
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>' for text in [title, *paragraphs])
    document = f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}<w:sectPr/></w:body></w:document>'
    return _package("word/document.xml", WORD, {"word/document.xml": document}, title, author, when)


def _cell(value):
    if isinstance(value, (int, float)):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def xlsx(title, rows, author, when):
    data = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts = {
        "xl/workbook.xml": f'<workbook {space} xmlns:r="{_OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _RELATIONS.format(_RELATION.format(id="rId1", type=f"{_OFFICE}/worksheet", target="worksheets/sheet1.xml")),
        "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{data}</sheetData></worksheet>",
    }
    more = '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    return _package("xl/workbook.xml", "spreadsheetml.sheet", parts, title, author, when, more)


def csv(rows):
    return "".join(",".join(map(str, row)) + "\r\n" for row in rows).encode("utf-8-sig")


def text(title, lines):
    return "\r\n".join([title, "", *lines, ""]).encode()
