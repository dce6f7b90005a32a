"""What came of a file, and how much of it is looked at."""
from dataclasses import dataclass, field

PASSED, CLEANED, REPLACED = "passed", "cleaned", "replaced"

MOST_BYTES = 32 << 20  # unpacked, of all that one file holds
MOST_FILES = 500
MOST_DEPTH = 3  # archives in archives


class Refused(Exception):
    """The file cannot be cleaned: a notice goes in its place. The text says why."""


@dataclass
class Result:
    name: str
    data: bytes
    action: str = PASSED
    details: list = field(default_factory=list)


class Budget:
    """How much may still be unpacked of one file, at whatever depth: a bomb meets it before memory ends."""

    def __init__(self, most_bytes=MOST_BYTES, most_files=MOST_FILES):
        self.bytes_left, self.files_left, self.depth = most_bytes, most_files, 0

    def take(self, size):
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise Refused(f"unpacks to more than {MOST_BYTES >> 20} MiB")

    def take_file(self):
        self.files_left -= 1
        if self.files_left < 0:
            raise Refused(f"holds more than {MOST_FILES} files")

    def __enter__(self):
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Refused(f"archives in archives, deeper than {MOST_DEPTH}")
        return self

    def __exit__(self, *_):
        self.depth -= 1
