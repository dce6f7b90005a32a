"""One file, whatever it is: clean(name, data) → Result."""
from . import archive, kinds, markup, office, pdf, rtf, table
from .notice import notice
from .verdict import PASSED, REPLACED, Budget, Refused, Result

SIGNED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"  # id-data, the kind of what a mail's signature signs


def _pass(name, data, _budget):
    return Result(name, data)


def _refuse(reason):
    def refuse(_name, _data, _budget):
        raise Refused(reason)

    return refuse


def _message(name, data, budget):
    from . import mail  # a mail holds files, and a file may be a mail

    return mail.clean_attached(name, data, budget)


def _signature(name, data, _budget):
    """S/MIME's smime.p7s: certificates and numbers. One that holds what it signs (RFC 5652, eContent, [0]) might hold anything."""
    _, found, after = data.partition(SIGNED_DATA)
    if kinds.ending(name) != "p7s" or not found or after.startswith(b"\xa0"):
        raise Refused("a signed file, which cannot be looked into")
    return Result(name, data)


HANDLERS = {
    kinds.PROGRAM: _refuse("a program"),
    kinds.SCRIPT: _refuse("a script"),
    kinds.PDF: pdf.clean,
    kinds.RTF: rtf.clean,
    kinds.OLE: office.clean_ole,
    kinds.OOXML: office.clean_ooxml,
    kinds.ODF: office.clean_odf,
    kinds.ZIP: archive.clean,
    kinds.ARCHIVE: _refuse("an archive that cannot be looked into (only zip can)"),
    kinds.IMAGE: _pass,
    kinds.HTML: markup.clean,
    kinds.MARKUP: _refuse("an XML or SVG file, which may hold scripts"),
    kinds.TEXT: _pass,
    kinds.TABLE: table.clean,
    kinds.MESSAGE: _message,
    kinds.SIGNATURE: _signature,
    kinds.UNKNOWN: _refuse("of an unknown kind"),
}


def clean(name, data, budget=None, virus=None):
    """`virus`: the signature that matched. Never raises for what is in the file."""
    budget = budget or Budget()
    depth = budget.depth
    try:
        if virus:
            raise Refused(f"malware ({virus})")
        budget.take_file()
        if not data:
            return Result(name, data)
        return HANDLERS[kinds.kind_of(name, data)](name, data, budget)
    except Refused as refusal:
        reason = str(refusal)
    except Exception as fault:  # pylint: disable=broad-except # a damaged file must not stop the server, nor get through
        reason = f"cannot be read ({type(fault).__name__}: {fault})"
    budget.depth = depth
    return Result(f"{name}.removed.txt", notice(name, reason), REPLACED, [reason])


def changed(result):
    return result.action != PASSED
