"""SHA-256 digests of files, remembered for as long as the file's stat is unchanged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from modcli.errors import Location, WeightsError


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when a file is changed. ctime is there since mtime can be set back."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """The file's present fingerprint; raises OSError."""
        stat = path.stat()
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)


class DigestRecords:
    """Digests by path, in a JSON file that several processes may use at once.

    They save time and are no proof: `modcli models verify` hashes in full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self, file: Path) -> str | None:
        """The recorded digest, where the file is still the one that was hashed."""
        record = self._read().get(str(file.resolve()))
        try:
            if isinstance(record, dict) and asdict(Fingerprint.of(file)) == record.get("fingerprint"):
                return str(record["digest"])
        except (OSError, KeyError):
            return None
        return None

    def digest(self, file: Path, *, afresh: bool = False) -> str:
        """The file's digest, recorded or computed now. Raises WeightsError where it cannot be read."""
        known = None if afresh else self.known(file)
        if known is not None:
            return known
        where = Location(str(file))
        try:
            before = Fingerprint.of(file)
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            after = Fingerprint.of(file)
        except OSError as error:
            raise WeightsError(f"cannot be read: {error.strerror or error}", location=where) from error
        if before != after:
            raise WeightsError(
                "is being changed while it is read", location=where, hint="wait, and try again"
            )
        self.keep(file, digest)
        return digest

    def keep(self, file: Path, digest: str) -> None:
        """Record the digest of the file as it is now. A data folder that is read-only costs time, no more."""
        with contextlib.suppress(OSError), self._changing() as records:
            records[str(file.resolve())] = {"fingerprint": asdict(Fingerprint.of(file)), "digest": digest}

    def forget(self, folder: Path) -> None:
        """Drop the records of everything in a folder."""
        inside = f"{folder.resolve()}{os.sep}"
        with contextlib.suppress(OSError), self._changing() as records:
            for name in [name for name in records if name.startswith(inside)]:
                del records[name]

    def _read(self) -> dict[str, object]:
        try:
            records = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return records if isinstance(records, dict) else {}

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, object]]:
        """The records under lock, written back whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), timeout=30):
            records = self._read()
            yield records
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".verified-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(records, stream, indent=1)
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
