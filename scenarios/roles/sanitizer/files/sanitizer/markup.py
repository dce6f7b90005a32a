"""HTML: written anew from what Python's parser found, with only the elements and attributes that show something."""
import html
import re
from html.parser import HTMLParser

from .verdict import CLEANED, PASSED, Result

KEPT = frozenset(
    "html head body title p br hr div span a b i u s em strong small sub sup big tt font center h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table thead "
    "tbody tfoot tr td th caption col colgroup pre code blockquote q cite abbr address section article header footer nav main figure "
    "figcaption img label".split()
)
VOID = frozenset("br hr img col".split())
SILENT = frozenset("meta link base wbr".split())  # dropped without a word: they show nothing
WITH_CONTENT = frozenset("script style object applet svg math template noscript iframe frameset select textarea xml".split())
HARMLESS_CONTENT = frozenset(["style", "noscript"])
ATTRIBUTES = frozenset(
    "align alt bgcolor border cellpadding cellspacing class color colspan dir face height href id lang name noshade nowrap rowspan size span "
    "src start style summary title type valign width".split()
)
LINKS = re.compile(r"\s*(https?:|mailto:|tel:|#)", re.I)
PICTURES = re.compile(r"\s*(cid:|data:image/(png|gif|jpeg);)", re.I)
LOADS = re.compile(r"url\s*\(|expression\s*\(|@import|behavior|\\", re.I)
CHECKS = {"href": LINKS.match, "src": PICTURES.match, "style": lambda value: not LOADS.search(value)}


class Rewriter(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.out, self.taken, self.dropping, self.depth = [], [], None, 0

    def handle_starttag(self, tag, attrs):
        if self.dropping:
            self.depth += tag == self.dropping
            return
        if tag in WITH_CONTENT:
            self.dropping, self.depth = tag, 1
            if tag not in HARMLESS_CONTENT:
                self.taken.append(f"<{tag}>")
            return
        if tag not in KEPT:
            if tag not in SILENT or any(name == "http-equiv" and value and "refresh" in value.lower() for name, value in attrs):
                self.taken.append(f"<{tag}>")
            return
        kept = "".join(f' {name}="{html.escape(value or "", quote=True)}"' for name, value in attrs if self.keeps(tag, name, value or ""))
        self.out.append(f"<{tag}{kept}>")

    def keeps(self, tag, name, value):
        check = CHECKS.get(name)
        kept = name in ATTRIBUTES and (not check or check(value))
        if not kept and (name.startswith("on") or check):
            self.taken.append(f"{name} of <{tag}>")
        return kept

    def handle_startendtag(self, tag, attrs):
        if self.dropping or tag not in WITH_CONTENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if self.dropping:
            self.depth -= tag == self.dropping
            if self.depth == 0:
                self.dropping = None
        elif tag in KEPT and tag not in VOID:
            self.out.append(f"</{tag}>")

    def handle_data(self, data):
        if not self.dropping:
            self.out.append(html.escape(data, quote=False))


def _decode(data, charset):
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:2048])
    for encoding in (charset, declared and declared[1].decode(), "utf-8", "cp932"):
        try:
            if encoding and encoding.lower() not in ("utf-7", "utf7"):
                return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")


def clean(name, data, _budget, charset=None):
    """UTF-8, whatever it was in; without a word when nothing active was there."""
    rewriter = Rewriter()
    rewriter.feed(_decode(data, charset))
    rewriter.close()
    text = '<!DOCTYPE html>\n<meta charset="utf-8">\n' + "".join(rewriter.out)
    taken = sorted(set(rewriter.taken))
    return Result(name, text.encode(), CLEANED if taken else PASSED, taken)
