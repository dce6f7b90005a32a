"""Names of files: one that is taken gets a number, as Windows does it, so that nothing overwrites anything."""
import posixpath

MOST_NUMBERS = 1000


def candidates(name):
    """同名.txt, 同名 (2).txt, 同名 (3).txt, …"""
    yield name
    stem, ending = posixpath.splitext(name)
    for number in range(2, MOST_NUMBERS + 1):
        yield f"{stem} ({number}){ending}"


def free(name, taken):
    """The first of them that is not among those; small and capital letters are one, as on a share. Raises OSError when there are too many."""
    taken = {other.casefold() for other in taken}
    for candidate in candidates(name):
        if candidate.casefold() not in taken:
            return candidate
    raise OSError(f"{MOST_NUMBERS} files are called {name}")
