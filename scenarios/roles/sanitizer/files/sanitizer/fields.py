"""Fields and formulas that start programs (DDE) or load by themselves, in the XML parts of documents.

A Word field is an instruction (its first word says what it does) in runs of text between fldChar `begin` and `separate`, with fields within; or
the attribute `instr` of a fldSimple (ECMA-376 part 1, 17.16).
"""
import re

from . import xmlpart

FIELDS = frozenset("DDE DDEAUTO LINK INCLUDE INCLUDETEXT INCLUDEPICTURE IMPORT DATABASE RD".split())
WITHIN = "\0"  # stands in an instruction where a field within is
INSTRUCTIONS = frozenset(["instrText", "delInstrText"])
FORMULAS = frozenset("f formula formula1 formula2 calculatedColumnFormula totalsRowFormula definedName".split())
FUNCTIONS = re.compile(r"\b(DDE|WEBSERVICE|CALL|EXEC|REGISTER(\.ID)?|RTD|IMAGE)\s*\(", re.I)
QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
DROPPED = frozenset("ddeLink event-listener dde-source dde-connection-decl dde-connection-decls dde-link".split())
FIELD, FORMULA = "a field that starts or loads something", "a formula that starts or loads something"
IMAGES = frozenset("imagedata fill stroke".split())  # of VML; those in the document itself are named by a relationship
ELSEWHERE = re.compile(r"\s*([a-z][a-z0-9+.-]+:\S|[\\/]{2})", re.I)
LINKS = re.compile(r"(https?|mailto):|#", re.I)
BUTTONS = re.compile(r"\s*ppaction://(macro|program|ole)", re.I)


def is_active_instruction(text):
    """Also a link that leads neither to a web page nor to a mail address (one to a file server gives a log-in away), and one whose first word is
    made by a field within ({QUOTE 68 68 69 …}), so that nobody reads it here."""
    word = re.match(r"[\s\"\u201c\u201d]*([^\s\"\u201c\u201d\\]*)", text)[1]
    if word.upper() == "HYPERLINK":
        return any(ELSEWHERE.match(target) and not LINKS.match(target) for target in re.findall(r"[^\s\"\u201c\u201d]+", text))
    return word.upper().strip(WITHIN) in FIELDS or (WITHIN in word and not word.startswith("="))


def is_active_formula(text):
    """A bar has no other use in a formula than APPLICATION|TOPIC!ITEM."""
    bare = QUOTED.sub("''", text)
    return "|" in bare or bool(FUNCTIONS.search(bare))


class _Numbered(xmlpart.Filter):
    """Counts the elements that hold an instruction or a formula, so that what was read once is found again."""

    def __init__(self):
        self.count, self.open = -1, []  # of each open element the number that its text belongs to, or None

    def start(self, name, attributes):
        name = xmlpart.local(name)
        if name in INSTRUCTIONS or name in FORMULAS:
            self.count += 1
            self.open.append(self.count)
        else:
            self.open.append(self.open[-1] if self.open else None)
        return attributes

    def end(self, _name):
        self.open.pop()


class Reader(_Numbered):
    """`instructions`, `formulas`: the numbers of those that are active; `taken`: what went already."""

    def __init__(self):
        super().__init__()
        self.instructions, self.formulas, self.taken, self.pieces = set(), set(), set(), []
        self.fields = [([], [], True)]  # of each open field its texts, their numbers, whether its instruction still goes on

    def start(self, name, attributes):
        name = xmlpart.local(name)
        if name in DROPPED:
            self.taken.add(name)
            return None
        super().start(name, attributes)
        if name == "fldChar":
            self._mark(next((value for key, value in attributes if xmlpart.local(key) == "fldCharType"), ""))
        elif name in INSTRUCTIONS:
            self.fields[-1][1].append(self.count)
        elif name in FORMULAS:
            self.pieces = []
        return [(key, self._value(name, xmlpart.local(key), value)) for key, value in attributes]

    def _value(self, name, key, value):
        if key == "instr" and is_active_instruction(value):
            self.taken.add(FIELD)
            return ""
        if key == "action" and BUTTONS.match(value):
            self.taken.add("a button's action")
            return "ppaction://noaction"
        if name in IMAGES and key in ("src", "href", "althref") and ELSEWHERE.match(value):
            self.taken.add("an image that is loaded from elsewhere")
            return ""
        if name == "table" and key == "tableType" and value == "queryTable":
            return "worksheet"  # its query goes (office.py), and its cells stay
        if key == "formula" and is_active_formula(value):
            self.taken.add(FORMULA)
            return ""
        return value

    def text(self, text):
        if self.open and self.open[-1] is not None:
            self.pieces.append(text)
            self.fields[-1][0].append(text)
        return text

    def end(self, name):
        number = self.open[-1]
        super().end(name)
        if xmlpart.local(name) in FORMULAS and is_active_formula("".join(self.pieces)):
            self.formulas.add(number)

    def _mark(self, kind):
        texts, numbers, going = self.fields[-1]
        if kind == "begin":
            if going and len(self.fields) > 1:
                texts.append(WITHIN)
            self.fields.append(([], [], True))
        elif kind == "separate":
            self.fields[-1] = (texts, numbers, False)
        elif kind == "end" and len(self.fields) > 1:
            self._judge(self.fields.pop())

    def _judge(self, field):
        if is_active_instruction("".join(field[0])):
            self.instructions.update(field[1])

    def finish(self):
        """A field that never ended counts, too."""
        for field in self.fields:
            self._judge(field)
        self.taken |= ({FIELD} if self.instructions else set()) | ({FORMULA} if self.formulas else set())


class Eraser(_Numbered):
    def __init__(self, reader):
        super().__init__()
        self.new = {**dict.fromkeys(reader.instructions, ""), **dict.fromkeys(reader.formulas, "#REF!")}

    def text(self, text):
        number = self.open[-1] if self.open else None
        if number not in self.new:
            return text
        new, self.new[number] = self.new[number], ""  # a text may come in pieces
        return new


def clean(data):
    """(the part as plain XML without them, sorted list of what was taken out)"""
    reader = Reader()
    plain = xmlpart.rewrite(data, reader)
    reader.finish()
    if reader.instructions or reader.formulas:
        plain = xmlpart.rewrite(plain, Eraser(reader))
    return plain, sorted(reader.taken)
