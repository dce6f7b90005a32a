"""The sanitising server's cleaning of files and mails, with documents made here: run in such a guest, where qpdf, clamscan and olefile are.
   PYTHONPATH=<where documents.py is> python3 test_files.py"""
import base64
import email
import email.policy
import re
import subprocess
import tempfile
import unittest
from email.message import EmailMessage

from documents import OFFICE, OLE_MAGIC, PACKAGE, compound, members, pdf, word, zipped
from sanitizer import files, kinds, mail, verdict, virus

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Documents(unittest.TestCase):
    def check(self, name, data, action):
        result = files.clean(name, data)
        self.assertEqual(result.action, action, f"{name}: {result.details}")
        return result

    def test_word_loses_its_macro_and_stays_a_document(self):
        result = self.check("見積.docm", word(), verdict.CLEANED)
        self.assertEqual(result.name, "見積.docx")
        parts = members(result.data)
        self.assertNotIn("word/vbaProject.bin", parts)
        self.assertNotIn(b"vbaProject", b"".join(parts.values()))
        self.assertNotIn(b"macroEnabled", parts["[Content_Types].xml"])
        self.assertIn("見積書".encode(), parts["word/document.xml"])
        again = files.clean(result.name, result.data)
        self.assertEqual((again.action, again.data), (verdict.PASSED, result.data))

    def test_a_macro_is_found_by_what_it_is_not_by_its_name(self):
        relation = ("rId9", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "media/picture.png", "")
        result = self.check("a.docx", word(False, [relation], **{"word/media/picture.png": b"\x89PNG not OLE at all"}), verdict.CLEANED)
        self.assertNotIn("word/media/picture.png", members(result.data))
        result = self.check("a.docx", word(False, **{"word/x.dat": OLE_MAGIC + b"..."}), verdict.CLEANED)
        self.assertNotIn("word/x.dat", members(result.data))

    def test_what_loads_by_itself_goes_and_links_to_click_stay(self):
        result = self.check(
            "a.docx",
            word(
                False,
                [
                    ("rId5", f"{OFFICE}/oleObject", "embeddings/oleObject1.bin", ""),
                    ("rId6", f"{OFFICE}/hyperlink", "https://www.saida.example/", ' TargetMode="External"'),
                    ("rId7", f"{OFFICE}/attachedTemplate", "http://203.0.113.66/t.dotm", ' TargetMode="External"'),
                    ("rId8", f"{OFFICE}/hyperlink", "file://203.0.113.66/x", ' TargetMode="External"'),
                ],
                '<w:object><o:OLEObject Type="Embed" r:id="rId5"><o:f/></o:OLEObject></w:object><w:hyperlink r:id="rId6"/>'
                '<w:instrText xml:space="preserve"> DDEA</w:instrText><w:instrText>UTO c:\\\\x </w:instrText>',
                **{"word/embeddings/oleObject1.bin": OLE_MAGIC},
            ),
            verdict.CLEANED,
        )
        everything = b"".join(members(result.data).values())
        for gone in (b"oleObject1", b"rId5", b"203.0.113.66", b"DDEA", b"UTO c"):
            self.assertNotIn(gone, everything)
        self.assertIn(b'<w:hyperlink r:id="rId6"/>', everything)
        self.assertIn(b"https://www.saida.example/", everything)

    def test_relationships_are_found_in_capitals_too(self):
        template = f'<Relationship Id="r" Type="{OFFICE}/attachedTemplate" Target="http://203.0.113.66/t.dotm" TargetMode="External"/>'
        rels = f'<Relationships xmlns="{PACKAGE}/relationships">{template}</Relationships>'
        result = self.check("a.docx", word(False, **{"word/_rels/settings.xml.RELS": rels}), verdict.CLEANED)
        self.assertNotIn(b"203.0.113.66", b"".join(members(result.data).values()))

    def test_a_document_within_is_cleaned_too(self):
        inner = word()
        result = self.check("a.docx", word(False, **{"word/embeddings/Microsoft_Word1.docm": inner}), verdict.CLEANED)
        self.assertNotIn(b"AutoOpen", b"".join(members(members(result.data)["word/embeddings/Microsoft_Word1.docm"]).values()))

    def test_old_documents_pass_without_macros_and_are_refused_with(self):
        self.check("a.doc", compound(), verdict.PASSED)
        self.assertIn("macros", self.check("a.doc", compound("Macros"), verdict.REPLACED).details[0])
        self.assertIn("embedded", self.check("a.doc", compound("ObjectPool"), verdict.REPLACED).details[0])

    def test_pdf_loses_scripts_and_starts_and_keeps_its_page(self):
        active = pdf("/OpenAction 4 0 R /Names << /JavaScript << /Names [(a) 4 0 R] >> /EmbeddedFiles << /Names [(x) 5 0 R] >> >>",
                     ["<< /Type /Action /S /J#61vaScript /J#53 (app.alert\\(1\\)) >>", "<< /Type /Filespec /F (x.exe) /EF << /F 6 0 R >> >>",
                      "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (cmd.exe) >> >>"])  # fmt: skip
        active = active.replace(b"/MediaBox", b"/Annots [6 0 R] /MediaBox")
        result = self.check("請求書.pdf", self.sound(active), verdict.CLEANED)
        plain = self.sound(result.data, "--qdf", "--object-streams=disable")
        for gone in (b"JavaScript", b"alert", b"OpenAction", b"Launch", b"cmd.exe", b"EmbeddedFiles"):
            self.assertNotIn(gone, plain)
        self.assertIn(b"/MediaBox", plain)

    def test_pdf_without_anything_active_is_left_as_it_is(self):
        data = self.sound(pdf(objects=["<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://www.saida.example/) >> >>"]))
        self.assertEqual(self.check("a.pdf", data, verdict.PASSED).data, data)
        self.check("a.pdf", b"%PDF-1.7\nrubbish", verdict.REPLACED)
        self.assertIn("password", self.check("a.pdf", self.sound(data, "--encrypt", "user", "owner", "256", "--"), verdict.REPLACED).details[0])

    def sound(self, data, *options):
        with tempfile.NamedTemporaryFile() as before, tempfile.NamedTemporaryFile() as after:
            before.write(data)
            before.flush()
            done = subprocess.run(["qpdf", "--no-warn", *options, before.name, after.name], check=False)
            self.assertIn(done.returncode, (0, 3))
            return after.read()

    def test_html_keeps_what_shows_and_loses_what_runs(self):
        page = """<html><body onload="x()"><p style="color:red">予定<script>fetch('http://x')</script></p><a href="javascript:x()">a</a>
        <a href="https://www.saida.example/">b</a><iframe src=//x></iframe><img src="http://203.0.113.66/t.gif"><img src=cid:1><form action=x><input></form>
        <svg><script>1</script></svg><scr<script>ipt>alert(1)</script></body></html>"""
        text = self.check("a.html", page.encode(), verdict.CLEANED).data.decode()
        self.assertNotRegex(text, r"(?i)script|onload|iframe|203\.0\.113|<form|<input|<svg|fetch")
        for kept in ("予定", "https://www.saida.example/", "cid:1", "color:red"):
            self.assertIn(kept, text)
        self.check("a.html", b"<html><body><p>plain</p></body></html>", verdict.PASSED)
        self.check("a.svg", b"<svg xmlns='x'><script>1</script></svg>", verdict.REPLACED)

    def test_programs_and_scripts_are_replaced_by_a_notice(self):
        for name, data in {
            "a.exe": b"MZ\x90", "a.pdf": b"MZ\x90", "a.txt": b"#!/bin/sh\n", "a.js": b"alert(1)", "a.exe.": b"text", "a.bat ": b"dir",
            "a.lnk": b"L\0\0\0\x01\x14\x02\0", "a.iso": bytes(40000), "a.bin": bytes(range(256)), "a.slk": b"ID;P", "a.iqy": b"WEB",
            "a.desktop": b"[Desktop Entry]", "a.library-ms": b"<?xml?>", "a.xla": OLE_MAGIC, "a.ppa": OLE_MAGIC, "a.php": b"<?php", "a.7z": b"7z\xbc\xaf\x27\x1c",
            "a.html": b"GIF89a<script>", "a.docx": zipped({"a.txt": "x"}), "a.jar": zipped({"META-INF/MANIFEST.MF": "x"}),
        }.items():  # fmt: skip
            result = self.check(name, data, verdict.REPLACED)
            self.assertTrue(result.name.endswith(".removed.txt"))
            self.assertIn("無害化サーバが取り除きました".encode(), result.data)
            self.assertEqual(kinds.kind_of(result.name, result.data), kinds.TEXT)

    def test_plain_things_pass_as_they_are(self):
        for name, data in {"a.txt": "住民".encode(), "b.csv": "氏名,住所\n".encode("cp932"), "c.png": b"\x89PNG\r\n\x1a\n\0\0", "d": b"text", "e.txt": b""}.items():
            self.assertEqual(self.check(name, data, verdict.PASSED).data, data)

    def test_a_matching_signature_is_final(self):
        self.assertEqual(files.clean("a.txt", b"text", virus="X").action, verdict.REPLACED)


class Archives(unittest.TestCase):
    def test_a_zip_in_a_zip_is_looked_into(self):
        inner = zipped({"a.docm": word(), "run.js": "alert(1)", "note.txt": "x"})
        result = files.clean("a.zip", zipped({"in/inner.zip": inner, "b.txt": "y"}))
        self.assertEqual(result.action, verdict.CLEANED)
        outer = members(result.data)
        self.assertEqual(outer["b.txt"], b"y")
        found = members(outer["in/inner.zip"])
        self.assertEqual(set(found), {"a.docx", "run.js.removed.txt", "note.txt"})
        self.assertNotIn("word/vbaProject.bin", members(found["a.docx"]))
        self.assertEqual(files.clean("a.zip", zipped({"b.txt": "y"})).action, verdict.PASSED)

    def test_names_in_the_code_page_of_japanese_windows_stay_readable(self):
        name = "見積書類集ソ表.docm"  # with the byte of a backslash in it
        place = "n" * len(name.encode("cp932"))
        old = zipped({place: word(), "b.txt": "y"}).replace(place.encode(), name.encode("cp932"))
        result = files.clean("a.zip", old)
        self.assertEqual(set(members(result.data)), {"見積書類集ソ表.docx", "b.txt"})
        self.assertIn("見積書類集ソ表.docx".encode(), result.data)

    def test_two_members_that_would_get_one_name_both_stay(self):
        found = members(files.clean("a.zip", zipped({"d/同じ.docm": word(), "d/同じ.docx": word(False), "D/同じ.DOCX": word(False)})).data)
        self.assertEqual(set(found), {"d/同じ.docx", "d/同じ (2).docx", "D/同じ (3).DOCX"})

    def test_no_name_leads_out_of_the_folder(self):
        result = files.clean("a.zip", zipped({"../../etc/x.txt": "x", "C:\\y.txt": "y", "/z.txt": "z"}))
        self.assertEqual(set(members(result.data)), {"etc/x.txt", "y.txt", "z.txt"})

    def test_a_bomb_is_refused_before_it_unpacks(self):
        bomb = zipped({f"{n}.txt": bytes(5 << 20) for n in range(10)})
        self.assertLess(len(bomb), 100_000)
        result = files.clean("bomb.zip", bomb)
        self.assertEqual(result.action, verdict.REPLACED)
        self.assertIn("MiB", result.details[0])
        # The same in archives in an archive: none of it gets through unread.
        result = files.clean("a.zip", zipped({f"{n}.zip": zipped({"x.txt": b"a" * (5 << 20)}) for n in range(10)}))
        self.assertLess(sum(len(data) for data in members(result.data).values()), 100_000)
        self.assertTrue(any(name.endswith(".removed.txt") for name in members(result.data)))

    def test_too_many_too_deep_or_locked_is_refused(self):
        self.assertEqual(files.clean("a.zip", zipped({f"{n}.txt": "x" for n in range(501)})).action, verdict.REPLACED)
        deep = zipped({"x.js": "alert(1)"})
        for _ in range(8):
            deep = zipped({"in.zip": deep})
        result = files.clean("a.zip", deep)
        self.assertNotIn(b"alert", result.data)
        self.assertEqual(files.clean("a.zip", deep[:-10]).action, verdict.REPLACED)
        locked = bytearray(zipped({"a.txt": "x"}))
        locked[6] |= 1
        locked[locked.index(b"PK\x01\x02") + 8] |= 1
        self.assertIn("password", files.clean("a.zip", bytes(locked)).details[0])


class Mails(unittest.TestCase):
    def mail(self, *attachments):
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"], message["To"], message["Subject"] = "a@partner.example", "tanaka@saida.example", "お見積り"
        message.set_content("本文です。\n")
        for name, data in attachments:
            message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        return message

    def through(self, data):
        message = mail.parse(data)
        judged = mail.clean_message(message, verdict.Budget())
        return email.message_from_bytes(message.as_bytes(), policy=email.policy.SMTP), judged

    def test_attachments_are_cleaned_and_the_rest_stays(self):
        message, judged = self.through(self.mail(("見積.docm", word()), ("run.exe", b"MZ"), ("note.txt", b"x")).as_bytes())
        self.assertEqual([part.get_filename() for part in message.iter_attachments()], ["見積.docx", "run.exe.removed.txt", "note.txt"])
        self.assertEqual(message["Subject"], "お見積り")
        self.assertEqual(message.get_body().get_content().strip(), "本文です。")
        self.assertEqual([result.action for _, _, result in judged], ["cleaned", "replaced", "passed"])

    def test_a_signature_passes_and_stays_one(self):
        oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
        signature = b"\x30\x80" + oid + b"\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x0b" + oid + b"\x01\xa0\x00..."
        sound = signature.replace(b"\x01\xa0\x00", b"\x01\x31\x00")
        message, judged = self.through(self.mail(("smime.p7s", sound)).as_bytes())
        part = next(message.iter_attachments())
        self.assertEqual((part.get_content_type(), part.get_content()), ("application/pkcs7-signature", sound))
        for name, data in (("smime.p7s", signature), ("smime.p7m", sound), ("a", sound), ("smime.p7s", b"MZ"), ("smime.p7s", b"\x30\x80")):
            self.assertEqual(files.clean(name, data).action, verdict.REPLACED)

    def test_a_notice_of_a_held_back_mail_names_no_other_recipient(self):
        sent = []
        usual = mail._send, mail.record.keep, mail.record.write
        mail._send, mail.record.keep, mail.record.write = lambda data, _, to: sent.append((data, to)), lambda *_: None, lambda *_: None
        try:
            mail.filter_mail("ID", "a@partner.example", ["tanaka@saida.example", "sato@saida.example"], b"Content-Type: multipart/mixed\r\n\r\nx")
        finally:
            mail._send, mail.record.keep, mail.record.write = usual
        self.assertEqual([to for _, to in sent], [["tanaka@saida.example"], ["sato@saida.example"]])
        for data, to in sent:
            self.assertEqual(b"sato" in data, to == ["sato@saida.example"])

    def test_a_mail_in_a_mail_and_html_text(self):
        outer = self.mail()
        outer.add_alternative("<p>hello<script>x()</script></p>", subtype="html")
        outer.add_attachment(self.mail(("a.js", b"alert(1)")))
        message, judged = self.through(outer.as_bytes())
        text = message.as_bytes()
        self.assertNotIn(b"<script>", text)
        self.assertIn(b"a.js.removed.txt", text)
        self.assertEqual(len(judged), 2)

    def test_japanese_mail_stays_as_it_was(self):
        text, subject = "本文です。".encode("iso-2022-jp"), b"=?ISO-2022-JP?B?GyRCJCo4KyRRJGobKEI=?="
        old = b"=?ISO-2022-JP?B?" + base64.b64encode("名簿.txt".encode("iso-2022-jp")) + b"?="
        data = b"\r\n".join([
            b"Subject: " + subject, b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=b", b"", b"--b",
            b"Content-Type: text/plain; charset=ISO-2022-JP", b"", text, b"--b", b'Content-Type: text/plain; name="' + old + b'"',
            b'Content-Disposition: attachment; filename="' + old + b'"', b"", b"x", b"--b--", b"",
        ])  # fmt: skip
        message, judged = self.through(data)
        self.assertIn(b"Subject: " + subject + b"\r\n", message.as_bytes())
        self.assertIn(text, message.as_bytes())
        self.assertEqual([name for name, _, _ in judged], ["名簿.txt"])

    def test_a_document_that_says_it_is_text_is_a_document(self):
        for head in ("Content-Type: text/plain", "Content-Type: text/plain\r\nContent-Disposition: inline", "Content-Type: text/plain; charset=utf-16",
                     "Content-Type: text/html", "X-Nothing: x"):
            whole = head.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(word())
            part = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x\r\n" + whole + b"\r\n--x--\r\n"
            for data in (whole, part):
                message, judged = self.through(b"From: a@partner.example\r\nMIME-Version: 1.0\r\n" + data)
                self.assertEqual([(name, result.action) for name, _, result in judged], [(judged[0][0], verdict.CLEANED)], head)
                sent = b"".join(part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart())
                self.assertNotIn(b"vbaProject", sent, head)
                self.assertIn(b"word/document.xml", sent, head)

    def test_text_in_any_charset_stays_text(self):
        texts = dict.fromkeys(("utf-8", "iso-2022-jp", "cp932", "euc-jp", "utf-16", "utf-16-le"), "BM とは何か。\fMZ と PK も。\n") | {"iso-2022-kr": "안녕하세요\n"}
        for charset, text in texts.items():
            message = EmailMessage(policy=email.policy.SMTP)
            message["From"] = "a@partner.example"
            message.set_content(text.encode(charset), maintype="text", subtype="plain", cte="base64")
            message.set_param("charset", charset)
            del message["Content-Disposition"]
            cleaned, judged = self.through(message.as_bytes())
            self.assertEqual(judged, [], charset)
            self.assertEqual(cleaned.get_payload(decode=True), message.get_payload(decode=True))

    def test_signatures_are_found_in_attachments_and_in_archives(self):
        found = virus.scan([b"harmless", EICAR, zipped({"x.txt": b"... toride training beacon ..."})])
        self.assertEqual(found, {1: "EICAR-Test-File", 2: "Toride.TrainingBeacon"})
        message, judged = self.through(self.mail(("a.txt", EICAR)).as_bytes())
        self.assertIn("EICAR-Test-File", judged[0][2].details[0])
        self.assertNotIn(EICAR, b"".join(part.get_payload(decode=True) or b"" for part in message.walk()))

    def test_what_can_be_read_in_two_ways_is_no_mail(self):
        for data in (
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\nno such boundary\r\n",
            b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\na\r\n--x--\r\n",
            b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<script>x()</script>",
            b"Subject: x\r\n\r\nbegin 644 x.exe\r\n#35I0\r\n`\r\nend\r\n",
            b"Content-Type: message/partial; id=a; number=1; total=2\r\n\r\nSubject: x\r\n\r\nx",
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 201 + b"--x--\r\n",
        ):
            with self.assertRaises(mail.Unparsable, msg=data[:60]):
                self.through(data)

    def test_what_takes_too_long_is_given_up(self):
        verdict.MOST_SECONDS, usual = 1, verdict.MOST_SECONDS
        try:
            with self.assertRaises(verdict.TooLong), verdict.limited():
                files.clean("a.xlsx", word(False, **{"xl/sheet.xml": "<a>" + "<b/>" * 1_900_000 + "</a>"}))
        finally:
            verdict.MOST_SECONDS = usual

    def test_whatever_comes_is_judged_or_refused_and_never_crashes(self):
        sound = self.mail(("見積.docm", word()), ("a.pdf", pdf("/OpenAction << /S /JavaScript /JS (x) >>"))).as_bytes()
        for position in range(0, len(sound), max(1, len(sound) // 60)):
            broken = sound[:position] + b"\xff\0=?" + sound[position + 7 :]
            try:
                message, _ = self.through(broken)
            except (mail.Unparsable, ValueError, LookupError):
                continue
            self.assertIsNone(re.search(rb"AutoOpen", b"".join(part.get_payload(decode=True) or b"" for part in message.walk() if not part.is_multipart())))


unittest.main()
