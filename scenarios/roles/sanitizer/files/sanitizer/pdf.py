"""PDF (ISO 32000): scripts, actions that start something, and files within are taken out, by qpdf, which reads the objects for us."""
import json
import pathlib
import re
import resource
import subprocess
import tempfile

from .verdict import CLEANED, Refused, Result

QPDF = "/usr/bin/qpdf"
MOST_SECONDS, MOST_MEMORY, MOST_JSON = 15, 512 << 20, 48 << 20
WARNED = 3  # qpdf mended what was wrong

ACTIVE_KEYS = frozenset(
    "/OpenAction /AA /JS /JavaScript /EmbeddedFiles /EF /FS /XFA /RichMediaContent /RichMediaSettings /Collection".split()
)
HARMLESS_ACTIONS = frozenset(["/GoTo", "/URI", "/Named"])
ACTIONS = frozenset(
    "/JavaScript /Launch /SubmitForm /ImportData /GoToR /GoToE /Rendition /Movie /Sound /RichMediaExecute /Thread /Trans /ResetForm /Hide "
    "/SetOCGState /GoTo3DView".split()
)


def _limit():
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


def _qpdf(*arguments):
    done = subprocess.run(
        [QPDF, "--no-warn", *map(str, arguments)], check=False, capture_output=True, text=True, errors="replace", timeout=4 * MOST_SECONDS, preexec_fn=_limit
    )
    if done.returncode not in (0, WARNED):
        fault = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        if "password" in fault:
            raise Refused("a PDF file with a password")
        raise Refused(f"a PDF file that qpdf cannot read ({fault.rpartition(': ')[2][:100]})")


def _strip(value, taken):
    """The value without what is active, and whether something was."""
    if isinstance(value, list):
        return [_strip(item, taken) for item in value]
    if not isinstance(value, dict):
        return value
    action = value.get("/S")
    active = action in ACTIONS or (value.get("/Type") == "/Action" and action not in HARMLESS_ACTIONS)
    if active or (action and re.fullmatch(r"\d+ \d+ R", str(action))):  # a name that hides behind a reference
        taken.append(f"action {action}")
        return {}
    kept = {}
    for key, item in value.items():
        if key in ACTIVE_KEYS:
            taken.append(key)
        else:
            kept[key] = _strip(item, taken)
    return kept


def _changes(objects):
    """The objects that must be other than they are, in qpdf's JSON, and what was taken out of them."""
    changes, taken = {}, []
    for name, one in objects.items():
        before = len(taken)
        if "value" in one:
            new = {"value": _strip(one["value"], taken)}
        elif "stream" in one:
            new = {"stream": {"dict": _strip(one["stream"]["dict"], taken)}}
        else:
            continue
        if len(taken) > before:
            changes[name] = new
    return changes, taken


def clean(name, data, _budget):
    with tempfile.TemporaryDirectory() as folder:
        before, found, change, after = (pathlib.Path(folder, part) for part in ("before.pdf", "found.json", "change.json", "after.pdf"))
        before.write_bytes(data)
        _qpdf("--json=2", "--json-key=qpdf", "--json-stream-data=none", before, found)
        if found.stat().st_size > MOST_JSON:
            raise Refused("a PDF file with too many objects")
        header, objects = json.loads(found.read_bytes())["qpdf"]
        changes, taken = _changes(objects)
        if not changes:
            return Result(name, data)
        change.write_text(json.dumps({"qpdf": [header, changes]}), encoding="utf-8")
        _qpdf("--decrypt", before, f"--update-from-json={change}", after)
        return Result(name, after.read_bytes(), CLEANED, sorted(set(taken)))
