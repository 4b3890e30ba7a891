"""What is on this machine of the registry: look, verify, remove."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from modcli.errors import Location, WeightsError
from modcli.weights.child import bytes_below
from modcli.weights.digests import DigestRecords
from modcli.weights.locate import check_pinned
from modcli.weights.places import Places
from modcli.weights.registry import Entry


@dataclass(frozen=True, slots=True)
class Presence:
    """What is there of an entry: verified, unverified, altered, incomplete, partial or absent."""

    state: str
    bytes: int

    @property
    def is_there(self) -> bool:
        """Whether a file of it is in place, good or not."""
        return self.state not in ("partial", "absent")


def presence(entry: Entry, data_dir: Path) -> Presence:
    """What is there, by size and by the digests on record: quick, nothing is hashed."""
    places = Places(data_dir)
    records = DigestRecords(places.records)
    found = [(file, places.file(entry, file)) for file in entry.files if places.file(entry, file).is_file()]
    size = sum(path.stat().st_size for _, path in found)
    digests = [records.known(path) for _, path in found]
    if not found:
        fetched = bytes_below(places.partial(entry))
        return Presence("partial" if fetched else "absent", fetched)
    if any(path.stat().st_size != file.bytes for file, path in found) or any(
        digest not in (None, file.sha256) for (file, _), digest in zip(found, digests, strict=True)
    ):
        return Presence("altered", size)
    if len(found) < len(entry.files):
        return Presence("incomplete", size)
    return Presence("unverified" if None in digests else "verified", size)


def verify(entry: Entry, data_dir: Path) -> None:
    """Hash every file of the entry in full. Raises WeightsError at the first that is missing or altered."""
    places = Places(data_dir)
    records = DigestRecords(places.records)
    for file in entry.files:
        check_pinned(entry, file, places, records, afresh=True)


def remove(entry: Entry, data_dir: Path) -> int:
    """Delete the entry's files, and what was fetched of them; how many bytes that were.

    Waits for whoever is fetching it. Raises WeightsError where it cannot be deleted.
    """
    places = Places(data_dir)
    folders = (places.folder(entry), places.partial(entry))
    if not any(folder.exists() for folder in folders):
        return 0
    try:
        places.lock(entry).parent.mkdir(parents=True, exist_ok=True)
        with FileLock(places.lock(entry)):
            freed = sum(bytes_below(folder) for folder in folders)
            for folder in folders:
                if folder.exists():
                    shutil.rmtree(folder)
            DigestRecords(places.records).forget(places.folder(entry))
    except OSError as error:
        raise WeightsError(
            f"{entry.name} cannot be removed: {error.strerror or error}",
            location=Location(str(error.filename or data_dir)),
        ) from error
    return freed
