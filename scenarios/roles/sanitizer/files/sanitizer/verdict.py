"""What came of a file, and how much is spent on it."""
import contextlib
import resource
import signal
from dataclasses import dataclass, field

PASSED, CLEANED, REPLACED = "passed", "cleaned", "replaced"

MOST_BYTES = 32 << 20  # unpacked, of all that one file holds
MOST_FILES = 500
MOST_DEPTH = 3  # archives in archives
MOST_SECONDS = 60  # for one mail or file with all that it holds
MOST_MEMORY = 192 << 20  # of the program


class Refused(Exception):
    """The file cannot be cleaned: a notice goes in its place. The text says why."""


class TooLong(BaseException):
    """MOST_SECONDS are over. No Exception, so that nobody on the way takes it for a fault of one part, and goes on."""


@contextlib.contextmanager
def limited():
    """Within: no more than MOST_SECONDS and MOST_MEMORY, for our own work and each program that it starts."""

    def end(_signal, _frame):
        raise TooLong(f"takes longer than {MOST_SECONDS} s")

    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGALRM, end)
    signal.alarm(MOST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


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
