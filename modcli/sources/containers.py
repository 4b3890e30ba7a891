"""What an export comes in: an archive, a folder, or a single file; and the members of it that may hold records.

Archives are read member by member and never unpacked: no name in them becomes a path on this machine.
"""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from modcli.errors import Location, SourceError

#: Endings of names of what may hold records.
ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".car")
#: Nothing that people write is packed more densely, once it is longer than the first of these: it is made to fill disks.
GRACE, DENSEST = 64 << 20, 200
#: More members of an archive, or files of a folder, are not looked at.
MOST_MEMBERS = 2_000_000
#: Notes of one kind that are told one by one.
_TOLD = 3
_LEFTOVERS = ("__MACOSX/", ".DS_Store", "Thumbs.db", ".git/")
_BROKEN = (EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Member:
    """A file, or a member of an archive, that may hold records. `name` is within the export, with forward slashes; `size`
    the bytes of it unpacked, 0 where that is not known; `opening` opens it anew, from its start, each time."""

    name: str
    size: int
    opening: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Container:
    """An export as it is packed. `kind` is zip, tar, folder, or file; `members` are in its order; `notes` say what was
    left alone, and why; `media` counts the files that hold no records."""

    kind: str
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()
    media: int = 0


def open_container(path: Path) -> Container:
    """The container at a path. Raises SourceError for what is no file or folder, cannot be read, or is a damaged
    archive of which nothing can be read."""
    place = Location(str(path))
    try:
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            raise SourceError(
                "no such file or folder", location=place, hint="name an export: a file or a folder"
            )
        with path.open("rb") as stream:
            head = stream.read(512)
        if not head:
            raise SourceError(
                "is empty", location=place, hint="the export may not have been downloaded to its end"
            )
        if head.startswith(b"PK"):
            return _zip(path)
        if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or head[257:262] == b"ustar":
            return _tar(path)
        return Container("file", (Member(path.name, path.stat().st_size, lambda: path.open("rb")),))
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(
            f"cannot be opened: {reason}", location=place, hint="its permissions may be why"
        ) from error


class _Gathered:
    """Members as they are met, and what is to be said of the others."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.media = 0
        self._notes: dict[str, list[str]] = {}

    def wants(self, name: str) -> bool:
        """Whether a regular file of this name is to be looked at. A key is never opened, whatever it holds."""
        if any(part in name for part in _LEFTOVERS):
            return False
        if is_key(name):
            self.note("a private key was left alone; whoever has it can act as the account", name)
            return False
        if is_traversal(name):
            self.note("a name that leads out of the archive was refused", name)
            return False
        if name.lower().endswith(ENDINGS):
            return True
        self.media += 1
        return False

    def note(self, what: str, name: str) -> None:
        """Remember something to say of a member."""
        self._notes.setdefault(what, []).append(name)

    def container(self, kind: str) -> Container:
        """What was gathered."""
        told = []
        for what, names in self._notes.items():
            more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
            told.append(f"{what}: {', '.join(names[:_TOLD])}{more}" if any(names) else what)
        return Container(kind, tuple(self.members), tuple(told), self.media)


def is_key(name: str) -> bool:
    """Whether a name is that of a private key, which is never opened."""
    steps = PurePosixPath(name.lower()).parts
    return bool(steps) and (steps[-1].endswith((".pem", ".key")) or "key" in steps[:-1])


def is_traversal(name: str) -> bool:
    """Whether a name of a member would lead out of the folder that it is unpacked in."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or "\0" in name or (len(name) > 1 and name[1] == ":")


def _folder(path: Path) -> Container:
    found = _Gathered()
    count = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            inner = file.relative_to(path).as_posix()
            count += 1
            if count > MOST_MEMBERS:
                found.note(f"more than {MOST_MEMBERS:,} files: the others were not looked at", "")
                return found.container("folder")
            if file.is_symlink() and not file.resolve().is_relative_to(path.resolve()):
                found.note("a link that leads out of the folder was not followed", inner)
            elif file.is_file() and found.wants(inner):
                found.members.append(Member(inner, file.stat().st_size, partial(_open_file, file)))
    return found.container("folder")


def _open_file(file: Path) -> BinaryIO:
    return file.open("rb")


def _zip(path: Path) -> Container:
    found = _Gathered()
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[:MOST_MEMBERS]:
                if info.is_dir():
                    continue
                if (info.external_attr >> 16) & 0o170000 == 0o120000:
                    found.note("a link was not followed", info.filename)
                elif info.flag_bits & 1:
                    found.note("is encrypted and was not read", info.filename)
                elif found.wants(info.filename):
                    size = info.file_size
                    found.members.append(
                        Member(info.filename, size, partial(_open_zipped, path, info.filename))
                    )
    except (*_BROKEN, ValueError) as error:
        raise SourceError(
            f"is a damaged zip archive: {error}",
            location=Location(str(path)),
            hint="it may not have been downloaded to its end; `zip -FF` may mend it",
        ) from error
    return found.container("zip")


def _open_zipped(path: Path, name: str) -> BinaryIO:
    def begin() -> tuple[Any, int]:
        archive = zipfile.ZipFile(path)
        try:
            info = archive.getinfo(name)
            return archive.open(info), info.compress_size
        except BaseException:
            archive.close()
            raise

    return _packed(begin)


def _tar(path: Path) -> Container:
    found = _Gathered()
    try:
        for info in _tar_members(path, found):
            if info.issym() or info.islnk():
                found.note("a link was not followed", info.name)
            elif not info.isreg():
                if not info.isdir():
                    found.note("what is no regular file was left alone", info.name)
            elif found.wants(info.name.removeprefix("./")):
                name = info.name.removeprefix("./")
                opening = partial(_open_tarred, path, info.offset_data, info.size)
                found.members.append(Member(name, info.size, opening))
    except (*_BROKEN, OSError, ValueError) as error:
        raise SourceError(
            f"is a damaged archive: {error}",
            location=Location(str(path)),
            hint="it may not have been downloaded to its end",
        ) from error
    return found.container("tar")


def _tar_members(path: Path, found: _Gathered) -> Iterator[tarfile.TarInfo]:
    """The members, as far as the archive goes: of one that is cut off, those before the cut, and the one that is cut."""
    with tarfile.open(path) as archive:
        for _ in range(MOST_MEMBERS):
            try:
                info = archive.next()
            except (*_BROKEN, OSError) as error:
                found.note(f"the archive is cut off ({error}): what is behind that was not read", "")
                return
            if info is None:
                return
            yield info
            # Nothing is looked up again: the list of what was met would grow with the archive.
            archive.members = []  # type: ignore[attr-defined]


def _open_tarred(path: Path, start: int, size: int) -> BinaryIO:
    def begin() -> tuple[Any, int]:
        stream = _decompressed(path)
        stream.seek(start)
        return io.BufferedReader(_Slice(stream, size), 1 << 16), path.stat().st_size

    return _packed(begin)


def _decompressed(path: Path) -> Any:
    """The bytes of a tar file, whatever packs it."""
    archive = tarfile.open(path)  # noqa: SIM115 -- closed with the stream that is taken from it
    return archive.fileobj


class _Slice(io.RawIOBase):
    """The next bytes of another stream, so many."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream, self._left = stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        wanted = min(len(buffer), self._left)
        data = self._stream.read(wanted) if wanted else b""
        if wanted and not data:
            raise EOFError("it is cut off there")
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _packed(begin: Callable[[], tuple[Any, int]]) -> BinaryIO:
    return cast(BinaryIO, _Packed(begin))


class _Packed(io.RawIOBase):
    """A stream of what is packed, within limits. To go back in it, it is begun anew.

    Raises nothing but OSError, with words of what is wrong, and only after all that can be read has been.
    """

    def __init__(self, begin: Callable[[], tuple[Any, int]]) -> None:
        self._begin = begin
        self._position = 0
        self._stream, self._packed_size = self._begun()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("seek from the end of what is packed")
        target = max(0, offset + (self._position if whence == io.SEEK_CUR else 0))
        if target < self._position:
            self._stream.close()
            self._position = 0
            self._stream, self._packed_size = self._begun()
        while self._position < target and self.read(min(1 << 20, target - self._position)):
            pass
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        wanted = 1 << 20 if size < 0 else size
        try:
            data = bytes(self._stream.read(wanted))
        except _BROKEN as error:
            raise OSError(str(error) or "it is cut off there") from error
        self._position += len(data)
        if self._position > max(GRACE, DENSEST * self._packed_size):
            raise OSError(f"it unpacks to more than {DENSEST} times its size: an archive bomb")
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _begun(self) -> tuple[Any, int]:
        try:
            return self._begin()
        except (*_BROKEN, KeyError) as error:
            raise OSError(str(error) or "it is cut off") from error
