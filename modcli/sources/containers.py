"""What an export comes in: an archive, a folder, or a single file; and the members of it that may hold records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from modcli.errors import Location, SourceError

#: Endings of names of what may hold records.
ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".car")


@dataclass(frozen=True)
class Member:
    """A file, or a member of an archive, that may hold records. `name` is within the export, with forward slashes; `size`
    the bytes of it unpacked, 0 where that is not known; `opening` opens it anew, from its start, each time."""

    name: str
    size: int
    opening: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Container:
    """An export as it is packed. `kind` is zip, tar, folder, or file; `members` are in its order; `notes` say what was left
    alone, and why; `media` counts the files that hold no records."""

    kind: str
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()
    media: int = 0


def open_container(path: Path) -> Container:
    """The container at a path. Raises SourceError for what is no file or folder, or holds nothing of use."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file())
        return Container("folder", tuple(_of_file(file, file.relative_to(path).as_posix()) for file in files))
    if not path.is_file():
        raise SourceError("no such file", location=Location(str(path)))
    return Container("file", (_of_file(path, path.name),))


def _of_file(path: Path, name: str) -> Member:
    return Member(name, path.stat().st_size, lambda: path.open("rb"))
