"""What is written down of each file, and where the originals are kept.

/var/log/sanitizer.log    one line a file: TIME id=… route=… from=… to=… name=… sha256=… size=… action=… detail=…
/var/spool/quarantine/ID/    the original, as it came
"""
import hashlib
import json
import os
import pathlib
import re
import time

LOG, QUARANTINE = "/var/log/sanitizer.log", "/var/spool/quarantine"


def safe_name(name):
    """A name for a folder of our own, and for smbclient's command line: no way out of it, no control characters, not too long."""
    name = re.sub(r'[\x00-\x1f\x7f/\\:;"*?<>|]', "_", name).strip(" .") or "file"
    return name.encode()[-200:].decode(errors="ignore")


def _word(value):
    return value if re.fullmatch(r"[^\s\"=\\\x00-\x1f]+", value) else json.dumps(value, ensure_ascii=False)


def write(identity, route, sender, to, name, data, action, details=()):
    """A word that holds blanks or quotes is in quotes, so that a line stays one line and a name cannot forge a field.
    `data`: None where nothing was read."""
    fields = {
        "id": identity,
        "route": route,
        "from": sender or "<>",
        "to": to,
        "name": name,
        "sha256": "" if data is None else hashlib.sha256(data).hexdigest(),
        "size": "" if data is None else len(data),
        "action": action,
        "detail": "; ".join(details)[:500],
    }
    words = (f"{key}={_word(str(value))}" for key, value in fields.items() if value != "")
    line = time.strftime("%Y-%m-%d %H:%M:%S ") + " ".join(words) + "\n"
    with open(LOG, "a", encoding="utf-8", errors="replace") as log:
        log.write(line)


def keep(identity, name, data):
    """Puts an original into quarantine, for good before anything else is done with it."""
    folder = pathlib.Path(QUARANTINE, safe_name(identity))
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / safe_name(name)
    with open(path, "wb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
