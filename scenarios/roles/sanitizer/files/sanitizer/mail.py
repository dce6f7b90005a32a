"""A mail's way through the server: Postfix's content filter (FILTER_README, "simple content filter").

Postfix keeps the mail in its queue until this program has said that it is done: a mail whose cleaning cannot be finished (no room, clamscan
away) is tried again later. One that cannot be parsed goes to quarantine whole, and a notice in its place.
"""
import email
import email.errors
import email.policy
import mimetypes
import re
import subprocess
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from . import files, markup, record, virus
from .notice import mail_notice, notice
from .verdict import CLEANED, PASSED, REPLACED, Budget, Refused, TooLong, limited

mimetypes.add_type("application/pkcs7-signature", ".p7s")
POLICY = email.policy.SMTP.clone(refold_source="none")
MOST_PARTS, MOST_NESTED = 200, 8
TEMPORARY_FAULT = 75  # EX_TEMPFAIL: Postfix tries again

# Of these a mail program may make something else than we: where a part begins, and where it ends.
AMBIGUOUS = (
    email.errors.NoBoundaryInMultipartDefect,
    email.errors.StartBoundaryNotFoundDefect,
    email.errors.MultipartInvariantViolationDefect,
    email.errors.InvalidMultipartContentTransferEncodingDefect,
    email.errors.MalformedHeaderDefect,
    email.errors.MissingHeaderBodySeparatorDefect,
    email.errors.FirstHeaderLineIsContinuationDefect,
)


# A mail within a mail, and the parts of a report; other kinds (message/partial, message/external-body) come together elsewhere.
MESSAGES = frozenset(["message/rfc822", "message/delivery-status", "message/disposition-notification"])
UUENCODED = re.compile(rb"^begin(-base64)? [0-7]{3,4} \S", re.M)
BINARY = re.compile(rb"[\x00-\x06\x10-\x19\x1c-\x1f]|\A\s*(%PDF-|\{\\rt)")  # in no text that somebody writes; ISO 2022 has its shifts (0e, 0f, 1b)
SHOWN_AS_TEXT = frozenset(["text/plain", "text/rfc822-headers", "text/calendar", "text/csv", "text/markdown"])


class Unparsable(Exception):
    """Not to be judged as a mail at all."""


def _leaves(part, depth=0):
    """The parts that hold something, in their order."""
    if depth > MOST_NESTED:
        raise Unparsable(f"parts in parts, deeper than {MOST_NESTED}")
    for defect in part.defects:
        if isinstance(defect, AMBIGUOUS):
            raise Unparsable(f"a mail that can be read in more than one way ({type(defect).__name__})")
    for header in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
        if len(part.get_all(header, [])) > 1:
            raise Unparsable(f"a part with two {header} headers")
    kind = part.get_content_type()
    if part.get_content_maintype() == "message" and kind not in MESSAGES:
        raise Unparsable(f"a part of the kind {kind}")
    if part.is_multipart():
        for inner in part.get_payload():
            yield from _leaves(inner, depth + 1)
    else:
        yield part


def _is_text(part, data):
    """Whatever the part says of itself: a mail program may offer a document to be opened also where it was sent as text."""
    charset = part.get_content_charset() or ""
    if charset.startswith(("utf-16", "utf-32")):  # the only ones with zeros in them
        try:
            data = data.decode(charset).encode()
        except (UnicodeError, LookupError):
            return False
    return not BINARY.search(data)


def _name(part, index, data):
    name = part.get_filename()
    if name:
        return record.safe_name(name)
    if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
        return None if _is_text(part, data) else f"part-{index}.bin"  # None: the mail's own text
    return f"part-{index}{mimetypes.guess_extension(part.get_content_type()) or '.bin'}"


def _content(part):
    data = part.get_payload(decode=True)
    return data if data is not None else b""


def _put(part, name, data):
    """Makes the part an attachment that is just what was judged: its type from its name, its encoding ours."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    main, _, sub = kind.partition("/")
    identity, inline = part["Content-ID"], part.get_content_disposition() == "inline" or part["Content-ID"]
    for header in [header for header in part.keys() if header.lower().startswith("content-")]:
        del part[header]
    part.set_content(data, maintype=main, subtype=sub, filename=name, disposition="inline" if inline and main == "image" else "attachment")
    if identity:
        part["Content-ID"] = identity


def _put_text(part, data, subtype):
    for header in [header for header in part.keys() if header.lower().startswith("content-")]:
        del part[header]
    part.set_content(data.decode("utf-8", "replace"), subtype=subtype, charset="utf-8", cte="base64" if b"\r" in data else None)


def _clean_text(part, data, budget):
    """The text that a mail program shows by itself. None: nothing to say about it."""
    kind = part.get_content_type()
    if kind in SHOWN_AS_TEXT:
        if UUENCODED.search(data):
            raise Unparsable("a file in the text itself (uuencode)")
        return None
    if kind != "text/html":
        reason = f"a text of the kind {kind}"
        return files.Result("text.removed.txt", notice("text", reason), REPLACED, [reason])
    result = markup.clean("text.html", data, budget, part.get_content_charset())
    for header in [header for header in part.keys() if header.lower().startswith("content-")]:
        del part[header]
    part.set_content(result.data.decode(), subtype="html", charset="utf-8")
    return result if result.action != PASSED else None


def _clean_part(part, name, data, budget, found):
    """(name, Result), or None for a text that is as it should be."""
    if name is None and not found:
        result = _clean_text(part, data, budget)
        if result and result.action == REPLACED:
            _put(part, result.name, result.data)
        return result and ("text", result)
    name = name or "text"
    result = files.clean(name, data, budget, found)
    _put(part, result.name, result.data)
    return name, result


def clean_message(message, budget, scan=virus.scan):
    """Cleans the mail in place. Returns [(name, original, Result)] of what was looked at, and raises Unparsable."""
    leaves = list(_leaves(message))
    if len(leaves) > MOST_PARTS:
        raise Unparsable(f"more than {MOST_PARTS} parts")
    contents = [_content(part) for part in leaves]
    found = scan(contents)
    judged = []
    for index, (part, data) in enumerate(zip(leaves, contents)):
        said = _clean_part(part, _name(part, index, data), data, budget, found.get(index))
        if said:
            judged.append((said[0], data, said[1]))
    return judged


def parse(data):
    try:
        message = email.message_from_bytes(data, policy=POLICY)
        for _, value in message.items():
            str(value)
    except Exception as fault:  # pylint: disable=broad-except # the parser meets what its authors did not think of
        raise Unparsable(f"a mail that cannot be parsed ({type(fault).__name__})") from fault
    return message


def clean_attached(name, data, budget):
    """A mail that is a file (.eml)."""
    with budget:
        try:
            message = parse(data)
            judged = clean_message(message, budget, scan=lambda contents: {})  # scanned with the file that it is in
        except Unparsable as fault:
            raise Refused(str(fault)) from fault
    details = [f"{inner}: {result.action}" for inner, _, result in judged if files.changed(result)]
    return files.Result(name, message.as_bytes(), CLEANED, details) if details else files.Result(name, data)


def _send(data, sender, recipients):
    command = ["/usr/sbin/sendmail", "-G", "-i", "-f", sender, "--", *recipients]
    if subprocess.run(command, input=data, check=False, timeout=60).returncode:
        raise OSError("sendmail did not take the cleaned mail")


def _held_back(identity, data, sender, recipients, reason):
    """The whole mail to quarantine, and a notice of it to each of those for whom it was: none need know of the others."""
    record.keep(identity, "message.eml", data)
    for recipient in recipients:
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = f"postmaster@{recipient.rpartition('@')[2]}"
        message["To"] = recipient
        message["Subject"] = f"[無害化] メールを隔離しました ({identity})"
        message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="sanitizer.invalid")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail_notice(sender, reason, identity))
        _send(message.as_bytes(), "", [recipient])
    record.write(identity, "mail", sender, ",".join(recipients), "message.eml", data, "quarantined", [reason])


def filter_mail(identity, sender, recipients, data):
    try:
        with limited():
            message = parse(data)
            judged = clean_message(message, Budget())
            touched = [(name, original) for name, original, result in judged if files.changed(result)]
            message["X-Sanitizer"] = f"id={identity} files={len(judged)} changed={len(touched)}"
            cleaned = message.as_bytes()
    except OSError:
        raise
    except (Exception, TooLong) as fault:  # pylint: disable=broad-except # whatever it is: not passed, and not lost
        reason = str(fault) if isinstance(fault, (Unparsable, TooLong)) else f"a mail that cannot be cleaned ({type(fault).__name__}: {fault})"
        _held_back(identity, data, sender, recipients, reason)
        return
    if touched:
        record.keep(identity, "message.eml", data)
        for index, (name, original) in enumerate(touched, 1):
            record.keep(identity, f"{index}-{name}", original)
    _send(cleaned, sender, recipients)
    for name, original, result in judged:
        record.write(identity, "mail", sender, ",".join(recipients), name, original, result.action, result.details)


def main():
    """sanitize-mail QUEUE-ID SENDER -- RECIPIENT…, the mail on standard input."""
    identity, sender, _, *recipients = sys.argv[1:]
    try:
        filter_mail(identity, sender, recipients, sys.stdin.buffer.read())
    except (OSError, subprocess.SubprocessError) as fault:
        print(f"cannot clean now: {fault}", file=sys.stderr)
        sys.exit(TEMPORARY_FAULT)
