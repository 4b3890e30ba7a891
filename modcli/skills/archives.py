"""Archives as trees: zip, tar, and what packs a single file. They are read member by member and never unpacked into files
with names; what they say of their sizes is not believed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import posixpath
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any, cast

from modcli.skills.trees import Entry, Kind
from modcli.sources.containers import DENSEST, GRACE, MOST_MEMBERS, is_traversal

#: What opening and reading of a damaged or hostile archive may raise.
BROKEN = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile),
    *(NotImplementedError, RuntimeError, ValueError, KeyError, OverflowError, MemoryError),
)
#: What is packed as one piece is unpacked so far, into an unnamed temporary file.
MOST_UNPACKED = 4 << 30
#: Folders within folders, in the name of a member.
DEEPEST = 100
#: Endings of names of archives that hold skills.
ENDINGS = (".zip", ".skill", ".plugin", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

_PACKERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}
_UNOPENED = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"MSCF": "cabinet",
    b"!<arch>": "ar",
    b"xar!": "xar",
}


@dataclass
class ArchiveTree:
    """The members of an archive, as folders. `notes` say what was left alone in the whole of it; `size` counts the
    members. Its `streams` are closed at its end."""

    notes: list[str] = field(default_factory=list)
    size: int = 0
    streams: list[IO[bytes]] = field(default_factory=list)
    _folders: dict[str, list[Entry]] = field(default_factory=lambda: {"": []})
    _seen: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> ArchiveTree:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self.streams:
            stream.close()

    def children(self, folder: str) -> list[Entry]:
        """What is in a folder of it (empty for the topmost), by name."""
        return sorted(self._folders.get(folder, ()), key=lambda entry: entry.path)

    def entries(self) -> Iterator[Entry]:
        """All that is no folder."""
        for found in self._folders.values():
            yield from (entry for entry in found if entry.kind is not Kind.FOLDER)

    def add(self, name: str, make: Callable[[str, str], Entry]) -> None:
        """Add a member; `make` makes its entry of a path and a remark."""
        folder, path, remark = "", name.replace("\\", "/"), ""
        if is_traversal(name):
            remark = "its name leads out of the archive: unpacked carelessly, it lands elsewhere"
        elif path.count("/") > DEEPEST:
            remark = f"it is more than {DEEPEST} folders deep"
        else:
            path = posixpath.normpath(path)
            folder = self._folder(posixpath.dirname(path))
        self._seen[path] += 1
        if (times := self._seen[path]) > 1:
            remark = "not the first member of this name: which of them is unpacked is open"
            path = f"{path} ({times})"
        self._folders[folder].append(make(path, remark))
        self.size += 1

    def _folder(self, path: str) -> str:
        if path not in self._folders:
            self._folders[path] = []
            self._folders[self._folder(posixpath.dirname(path))].append(Entry(path, Kind.FOLDER))
        return path


def archive_kind(head: bytes) -> str:
    """What the first bytes (512 or more) of a file say it is: zip, tar, packed (one file or a tar file, packed), the name
    of a kind that is not opened here, or empty for no archive."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    if head.startswith(tuple(_PACKERS)):
        return "packed"
    return next((name for start, name in _UNOPENED.items() if head.startswith(start)), "")


def open_archive(
    stream: IO[bytes], kind: str, name: str, size: int, most: int = MOST_UNPACKED
) -> ArchiveTree:
    """The members of an archive in a stream, which stays open as long as they are read. `kind` is what `archive_kind`
    says; `size` its bytes, `most` how many are unpacked of what is packed as one piece. Raises one of BROKEN."""
    if kind == "zip":
        return _zip(stream)
    if kind == "tar":
        return _tar(stream)
    packer = next(pack for start, pack in _PACKERS.items() if _starts_with(stream, start))
    unpacked, note = _unpacked(packer(stream), min(most, max(GRACE, DENSEST * size)))
    try:
        tree = _packed(unpacked, name)
    except BaseException:
        unpacked.close()
        raise
    tree.streams.append(unpacked)
    tree.notes += [note] if note else []
    return tree


def _packed(unpacked: IO[bytes], name: str) -> ArchiveTree:
    unpacked.seek(257)
    if unpacked.read(5) == b"ustar":
        unpacked.seek(0)
        return _tar(unpacked)
    tree, length = ArchiveTree(), unpacked.seek(0, io.SEEK_END)
    opening = partial(_again, unpacked)
    stem = PurePosixPath(name.rpartition("!")[2]).stem or "contents"
    tree.add(stem, lambda path, remark: Entry(path, Kind.FILE, length, opening, remark=remark))
    return tree


def _starts_with(stream: IO[bytes], start: bytes) -> bool:
    stream.seek(0)
    found = stream.read(len(start)) == start
    stream.seek(0)
    return found


def _unpacked(packed: Any, most: int) -> tuple[IO[bytes], str]:
    """What is packed, in a temporary file, and what is to be said of its rest."""
    file = tempfile.TemporaryFile(prefix="modcli-")  # noqa: SIM115 -- read as long as its members are
    done = 0
    try:
        # Not `read`: what comes before a cut would be lost with it.
        while data := packed.read1(1 << 20):
            done += len(data)
            if done > most:
                file.write(data[: most - done])
                return file, f"it unpacks to more than {most:,} bytes: the rest was not read"
            file.write(data)
    except BROKEN as error:
        if not done:
            file.close()
            raise
        return file, f"it is cut off or damaged ({error}): the rest was not read"
    return file, ""


def _again(stream: IO[bytes]) -> IO[bytes]:
    """The same file from its start; closing it closes nothing."""
    return cast(IO[bytes], io.BufferedReader(_Shared(stream)))


class _Shared(io.RawIOBase):
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._position = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._stream.seek(self._position)
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


def _zip(stream: IO[bytes]) -> ArchiveTree:
    archive, tree = zipfile.ZipFile(stream), ArchiveTree()
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        tree.notes.append(f"{len(members):,} members: those behind {MOST_MEMBERS:,} were not looked at")
    for info in members[:MOST_MEMBERS]:
        if not info.is_dir():
            tree.add(info.filename, partial(_zipped, archive, info))
    return tree


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, remark: str) -> Entry:
    mode = info.external_attr >> 16
    shape = stat.S_IFMT(mode)
    if shape == stat.S_IFLNK:
        try:
            with archive.open(info) as opened:
                told = opened.read(4096).decode("utf-8", "surrogateescape")
        except BROKEN:
            told = "?"
        return _link(path, told)
    if shape not in (0, stat.S_IFREG):
        return Entry(path, Kind.OTHER, why="no regular file, but a pipe or a device")
    if info.flag_bits & 1:
        return Entry(path, Kind.OTHER, info.file_size, why="it is encrypted")
    if info.file_size > max(GRACE, DENSEST * info.compress_size):
        why = f"an archive bomb: {info.compress_size:,} bytes are to unpack to {info.file_size:,}"
        return Entry(path, Kind.OTHER, info.file_size, why=why)
    opening = partial(archive.open, info)
    return Entry(path, Kind.FILE, info.file_size, opening, remark=remark, runs=bool(mode & 0o111))


def _link(path: str, told: str) -> Entry:
    """A link in an archive, to a path as it is told."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), told))
    if target.startswith(("../", "/")) or target == ".." or told.startswith("/"):
        return Entry(path, Kind.LINK, why=f"a link out of the archive, to {told}")
    if f"{path}/".startswith(f"{target}/") or target == ".":
        return Entry(path, Kind.LINK, why="a link to a folder that it is in itself, or to itself: a loop")
    return Entry(path, Kind.LINK, why=f"a link to {target}", target=target)


def _tar(stream: IO[bytes]) -> ArchiveTree:
    tree = ArchiveTree()
    archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 -- read as long as its members are
    for _ in range(MOST_MEMBERS):
        try:
            info = archive.next()
        except BROKEN as error:
            tree.notes.append(f"it is cut off or damaged ({error}): what is behind that was not read")
            return tree
        if info is None:
            return tree
        # Nothing is looked up again: the list of what was met would grow with the archive.
        archive.members = []  # type: ignore[attr-defined]
        if not info.isdir():
            tree.add(info.name.removeprefix("./"), partial(_tarred, archive, info))
    tree.notes.append(f"what is behind {MOST_MEMBERS:,} members was not looked at")
    return tree


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo, path: str, remark: str) -> Entry:
    if info.issym():
        return _link(path, info.linkname)
    if info.islnk():
        return Entry(
            path, Kind.LINK, why=f"a second name of {info.linkname}", target=posixpath.normpath(info.linkname)
        )
    if not info.isreg():
        return Entry(path, Kind.OTHER, why="no regular file, but a pipe or a device")
    runs = bool(info.mode & 0o111)
    return Entry(path, Kind.FILE, info.size, partial(_extracted, archive, info), remark=remark, runs=runs)


def _extracted(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    opened = archive.extractfile(info)
    if opened is None:
        raise OSError("it is no regular file")
    return opened
