"""The pictures and videos that an export carries, read one by one within limits: nothing is unpacked, and neither a name
nor a link leads out of the export."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modcli.errors import Location, SourceError
from modcli.sources.containers import is_key, is_traversal, open_container

#: The bytes of a file that is read.
MOST_BYTES = 256 << 20
#: More members of an archive are not looked at.
MOST_MEMBERS = 2_000_000
OUTSIDE = "its path leads out of the export: not followed"
KEY = "it is a private key, which is never opened"
LINK = "it is a link: not followed"
LINK_OUTSIDE = "it is a link that leads out of the export: not followed"
_BROKEN = (EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file by the name under which it was wanted: its bytes, or why there are none."""

    name: str
    data: bytes = b""
    error: str = ""


class Wanted(Protocol):
    """The names of the files that are wanted, within the export."""

    def __iter__(self) -> Iterator[str]:
        """All of them, each once."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Whether a file is wanted."""
        ...


class MediaFiles(Protocol):
    """Where the files of an export are. `holds_any`: whether there is any that holds no records."""

    @property
    def holds_any(self) -> bool:
        """Whether it may hold media at all; an export of texts alone does not."""
        ...

    def read(self, wanted: Wanted) -> Iterator[MediaFile]:
        """Those of the files that there are, one after the other, in any order. Raises SourceError where the export
        cannot be opened any more."""
        ...


def media_of(path: Path) -> MediaFiles:
    """The files of the export at a path. Raises SourceError as `open_container`."""
    container = open_container(path)
    if container.kind == "zip":
        return Zipped(path, container.media > 0)
    if container.kind == "tar":
        return Tarred(path, container.media > 0)
    # Pictures that rows name are beside the file.
    return InFolder(path if container.kind == "folder" else path.parent, container.media > 0)


@dataclass(frozen=True, slots=True)
class InFolder:
    """Files in a folder. See `MediaFiles`."""

    folder: Path
    holds_any: bool = True

    def read(self, wanted: Wanted) -> Iterator[MediaFile]:
        """See `MediaFiles.read`."""
        root = self.folder.resolve()
        for name in wanted:
            if refused := _refused(name):
                yield MediaFile(name, error=refused)
            elif (found := _in_folder(root, name)) is not None:
                yield found


@dataclass(frozen=True, slots=True)
class Zipped:
    """Files in a zip archive. See `MediaFiles`."""

    path: Path
    holds_any: bool = True

    def read(self, wanted: Wanted) -> Iterator[MediaFile]:
        """See `MediaFiles.read`."""
        try:
            archive = zipfile.ZipFile(self.path)
        except (*_BROKEN, OSError, ValueError) as error:
            raise _unopened(self.path, error) from error
        with archive:
            for name in wanted:
                if refused := _refused(name):
                    yield MediaFile(name, error=refused)
                elif name in archive.NameToInfo:
                    yield _zipped(archive, archive.NameToInfo[name], name)


@dataclass(frozen=True, slots=True)
class Tarred:
    """Files in a tar archive, which is read once from its start to its end. See `MediaFiles`."""

    path: Path
    holds_any: bool = True

    def read(self, wanted: Wanted) -> Iterator[MediaFile]:
        """See `MediaFiles.read`."""
        # What leads out of it is in no archive under that name that may be read.
        yield from (MediaFile(name, error=refused) for name in wanted if (refused := _refused(name)))
        try:
            archive = tarfile.open(self.path)  # noqa: SIM115 -- closed below; what it raises is told
        except (*_BROKEN, OSError, ValueError) as error:
            raise _unopened(self.path, error) from error
        with archive:
            for _ in range(MOST_MEMBERS):
                try:
                    info = archive.next()
                except (*_BROKEN, OSError):
                    return  # it is cut off: what is behind that is missing
                if info is None:
                    return
                name = info.name.removeprefix("./")
                if name in wanted and not _refused(name):
                    yield _tarred(archive, info, name)
                archive.members = []  # type: ignore[attr-defined]  # the list would grow with the archive


def _refused(name: str) -> str:
    """Why a name is not looked for; empty for most."""
    return OUTSIDE if is_traversal(name) else KEY if is_key(name) else ""


def _in_folder(root: Path, name: str) -> MediaFile | None:
    try:
        path = root / name
        found = path.stat()
        if not path.resolve().is_relative_to(root):
            return MediaFile(name, error=LINK_OUTSIDE)
        if not stat.S_ISREG(found.st_mode):
            return MediaFile(name, error="it is no regular file")
        if found.st_size > MOST_BYTES:
            return MediaFile(name, error=_too_long(found.st_size))
        with path.open("rb") as stream:
            return _bounded(name, stream.read(MOST_BYTES + 1))
    except FileNotFoundError:
        # A link whose target is not there may still lead out of it.
        return MediaFile(name, error=LINK_OUTSIDE) if _dangles(root, name) else None
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
        return MediaFile(name, error=f"it cannot be read: {_reason(error)}")


def _dangles(root: Path, name: str) -> bool:
    path = root / name
    return path.is_symlink() and not path.resolve().is_relative_to(root)


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> MediaFile:
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        return MediaFile(name, error=LINK)
    if info.flag_bits & 1:
        return MediaFile(name, error="it is encrypted")
    if info.file_size > MOST_BYTES:
        return MediaFile(name, error=_too_long(info.file_size))
    try:
        with archive.open(info) as stream:
            return _bounded(name, stream.read(MOST_BYTES + 1))
    except (*_BROKEN, OSError, ValueError) as error:
        return MediaFile(name, error=f"it cannot be read: {_reason(error)}")


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> MediaFile:
    if info.issym() or info.islnk():
        return MediaFile(name, error=LINK)
    if not info.isreg():
        return MediaFile(name, error="it is no regular file")
    if info.size > MOST_BYTES:
        return MediaFile(name, error=_too_long(info.size))
    try:
        stream = archive.extractfile(info)
        data = stream.read() if stream is not None else b""
    except (*_BROKEN, OSError, ValueError) as error:
        return MediaFile(name, error=f"it cannot be read: {_reason(error)}")
    if len(data) < info.size:
        return MediaFile(name, error="it cannot be read: the archive is cut off there")
    return _bounded(name, data)


def _bounded(name: str, data: bytes) -> MediaFile:
    if not data:
        return MediaFile(name, error="it is empty")
    return MediaFile(name, data) if len(data) <= MOST_BYTES else MediaFile(name, error=_too_long(len(data)))


def _too_long(size: int) -> str:
    return f"it has {size:,} bytes, more than {MOST_BYTES:,}"


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or "it is cut off"


def _unopened(path: Path, error: BaseException) -> SourceError:
    return SourceError(
        f"its media cannot be read: {_reason(error)}",
        location=Location(str(path)),
        hint="it may have been moved or changed since the audit was made",
    )
