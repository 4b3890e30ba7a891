"""What is kept on disk to save time: how much there is, what may go, and what has grown too old to keep.

Only files that modcli itself writes are counted and deleted, by their names: the folder may be a shared one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modcli.cascade.cache import count as count_verdicts
from modcli.states.database import number

#: Unfinished files of an age, in seconds, at which whoever wrote them is surely gone.
ABANDONED = 24 * 3600.0

_DIGEST = "[0-9a-f]{64}"
_DATABASE = r"\.db(?:-wal|-shm|-journal|\.damaged)?"
#: The files of each kind, by the whole of their names.
_FILES = {
    "verdicts": re.compile(rf"verdicts{_DATABASE}"),
    "states": re.compile(rf"(?:states|scores){_DATABASE}|states-[0-9a-f]+\.i8"),
    "judges": re.compile(rf"\.?{_DIGEST}\.(?:npz|json)(?:\.\d+)?"),
    "prefixes": re.compile(rf"\.?{_DIGEST}\.kv(?:\.\d+)?"),
    "models": re.compile(rf"{_DIGEST}\.json"),
    "tests": re.compile(rf"\.?{_DIGEST}\.json(?:\.\d+)?"),
}
_UNFINISHED = re.compile(r"\..*")

KINDS = tuple(_FILES)


@dataclass(frozen=True, slots=True)
class Stock:
    """One kind of what is kept. `path` is its folder, or its file; `entries` counts verdicts, states, judges, ..."""

    kind: str
    path: Path
    entries: int
    bytes: int


def take_stock(kind: str, path: Path) -> Stock:
    """What there is of one kind. Reads names and sizes, and for the databases their number of entries."""
    files = list(_own_files(kind, path))
    if kind in _COUNTED:
        entries = _COUNTED[kind](path)
    else:
        # A judge is two files of the same stem.
        entries = len({file.stem for file in files if not _UNFINISHED.fullmatch(file.name)})
    return Stock(kind, path, entries, sum(map(_size, files)))


def clear(kind: str, path: Path) -> int:
    """Delete all of one kind; how many bytes that were. Raises OSError where that is not allowed."""
    freed = 0
    for file in _own_files(kind, path):
        size = _size(file)
        file.unlink(missing_ok=True)
        freed += size
    return freed


def prune(kind: str, folder: Path, keep_bytes: int) -> int:
    """Delete the files used least recently (by their modification time) beyond `keep_bytes`; the bytes freed.

    For kinds of one file an entry: judges, prefixes, models, tests. The newest file stays whatever its size. One look
    at the folder, and never an error: what cannot be deleted stays. Left-overs of a crash go after a day.
    """
    aged = []
    for file in _own_files(kind, folder):
        with suppress(OSError):
            facts = file.stat()
            aged.append((facts.st_mtime, facts.st_size, file))
    kept = freed = 0
    for i, (when, size, file) in enumerate(sorted(aged, reverse=True)):
        unfinished = _UNFINISHED.fullmatch(file.name) is not None
        kept += size
        too_old = time.time() - when > ABANDONED if unfinished else i > 0 and kept > keep_bytes
        if too_old:
            with suppress(OSError):
                file.unlink()
                freed += size
    return freed


def _own_files(kind: str, path: Path) -> Iterator[Path]:
    """The files of one kind; `path` is the folder that holds them or, where it has a suffix, one of them."""
    folder = path.parent if path.suffix else path
    if folder.is_dir():
        for file in sorted(folder.iterdir()):
            if _FILES[kind].fullmatch(file.name) and file.is_file() and not file.is_symlink():
                yield file


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def _count_states(folder: Path) -> int:
    """States kept: one for each text and tap."""
    return number(folder / "states.db", "SELECT TOTAL(rows) FROM spaces")


_COUNTED: dict[str, Callable[[Path], int]] = {"verdicts": count_verdicts, "states": _count_states}
