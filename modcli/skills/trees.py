"""Folders, listed one at a time: what is in them, of what nothing is followed, and nothing but files is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Protocol

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class Kind(StrEnum):
    """What an entry of a tree is. OTHER is never opened."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a tree. `path` is within the tree, with forward slashes. `opening` opens a file anew, each time.

    `why` says why it is not to be read, `remark` what is odd of a file that is. `target` is where a link leads to within
    the tree, None for out of it or nowhere; `to_folder` whether that is a folder. `packed` are the bytes that it takes in
    an archive, 0 for none.
    """

    path: str
    kind: Kind
    size: int = 0
    opening: Callable[[], IO[bytes]] | None = None
    why: str = ""
    remark: str = ""
    target: str | None = None
    to_folder: bool = False
    runs: bool = False
    packed: int = 0

    @property
    def name(self) -> str:
        """The last step of its path."""
        return self.path.rpartition("/")[2]


class Tree(Protocol):
    """A folder or an archive. `notes` say what was left alone in the whole of it."""

    notes: list[str]

    def children(self, folder: str) -> list[Entry]:
        """What is in a folder of it (empty for the topmost), by name. Raises OSError where it cannot be listed."""
        ...


class FolderTree:
    """A folder of this machine. Links are told and not followed; nothing but regular files is opened."""

    def __init__(self, root: Path) -> None:
        self.notes: list[str] = []
        self._root = root
        self._real = os.path.realpath(root)

    def children(self, folder: str) -> list[Entry]:
        """See Tree."""
        with os.scandir(self._root / folder) as found:
            names = sorted(one.name for one in found)
        return [self.entry(f"{folder}/{name}" if folder else name) for name in names]

    def entry(self, path: str) -> Entry:
        """What there is at a path within the folder."""
        where = f"{self._root}/{path}"
        try:
            status = os.lstat(where)
        except OSError as error:
            return Entry(path, Kind.OTHER, why=_reason(error))
        if stat.S_ISLNK(status.st_mode):
            return self._link(where, path)
        if stat.S_ISDIR(status.st_mode):
            return Entry(path, Kind.FOLDER)
        if stat.S_ISREG(status.st_mode):
            runs = bool(status.st_mode & 0o111)
            return Entry(path, Kind.FILE, status.st_size, partial(open_regular, where), runs=runs)
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no regular file")
        return Entry(path, Kind.OTHER, why=f"{kind}, which is never opened")

    def _link(self, where: str, path: str) -> Entry:
        try:
            told = os.readlink(where)  # noqa: PTH115 -- names that are no UTF-8 stay what they are
            real = os.path.realpath(where, strict=True)
        except OSError as error:
            circle = (
                "a link that leads in a circle" if "symbolic links" in str(error) else "a link to nothing"
            )
            return Entry(path, Kind.LINK, why=circle)
        inner = os.path.relpath(real, self._real)
        to_folder = os.path.isdir(real)  # noqa: PTH112
        if inner == ".." or inner.startswith("../"):
            return Entry(path, Kind.LINK, why=f"a link out of the folder, to {told}", to_folder=to_folder)
        inner = "" if inner == "." else inner
        if not inner or f"{path}/".startswith(f"{inner}/"):
            why = "a link to a folder that it is in itself: a loop"
            return Entry(path, Kind.LINK, why=why, target=inner, to_folder=True)
        return Entry(path, Kind.LINK, why=f"a link to {inner}", target=inner, to_folder=to_folder)


def open_regular(where: str | Path) -> BinaryIO:
    """A file, opened without ever waiting for it or following a link. Raises OSError."""
    descriptor = os.open(where, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no regular file any more")
    return os.fdopen(descriptor, "rb")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
