"""From a model's name or path to a file that is what it claims to be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modcli.errors import Location, WeightsError
from modcli.settings import is_path
from modcli.weights.digests import DigestRecords
from modcli.weights.fetch import Fetcher, default_transports
from modcli.weights.gguf import check_gguf
from modcli.weights.places import Places
from modcli.weights.registry import Entry, PinnedFile, Registry, load_registry
from modcli.weights.transport import Progress, Silent, Transport


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on this machine.

    `digest` is the SHA-256 of the file (of a folder: of its files' names and digests); `pinned` tells whether
    that is what the registry says, and not merely what was found.
    """

    name: str
    path: Path
    digest: str
    bytes: int
    pinned: bool
    format: str


def locate(name_or_path: str, data_dir: Path, *, registry: Registry | None = None) -> ModelFile:
    """The model of this name (`auto`: the default), or at this path, its digest verified or recorded.

    Raises WeightsError: unknown name, not fetched yet, altered or cut short, no GGUF file.
    """
    registry = registry or load_registry()
    if is_path(name_or_path):
        return _locate_path(Path(name_or_path).expanduser(), data_dir, registry)
    entry = registry.get(name_or_path)
    places = Places(data_dir)
    if not any(places.file(entry, file).exists() for file in entry.files):
        raise WeightsError(f"{entry.name} is not on this machine", hint=f"modcli models pull {entry.name}")
    records = DigestRecords(places.records)
    for file in entry.files:
        check_pinned(entry, file, places, records)
    path = places.handed_out(entry)
    return ModelFile(entry.name, path, pinned_digest(entry), entry.bytes, pinned=True, format=entry.format)


def ensure(
    name_or_path: str,
    data_dir: Path,
    *,
    offline: bool | None = None,
    progress: Progress | None = None,
    transports: Sequence[Transport] | None = None,
    registry: Registry | None = None,
) -> ModelFile:
    """The model, fetched first if it is in the registry, not on this machine, and `offline` is not True.

    A model that is there is never looked up on the network, whatever `offline` says.
    Raises WeightsError as `locate` and `Fetcher.fetch` do.
    """
    registry = registry or load_registry()
    if not is_path(name_or_path):
        entry, places = registry.get(name_or_path), Places(data_dir)
        if not all(places.file(entry, file).exists() for file in entry.files):
            if offline:
                raise WeightsError(
                    f"{entry.name} is not on this machine, and modcli is set to stay offline",
                    hint=f"MODCLI_OFFLINE=false modcli models pull {entry.name}",
                )
            sources = default_transports() if transports is None else transports
            Fetcher(places, sources, progress or Silent()).fetch(entry)
    return locate(name_or_path, data_dir, registry=registry)


def check_pinned(
    entry: Entry, file: PinnedFile, places: Places, records: DigestRecords, *, afresh: bool = False
) -> None:
    """Raises WeightsError where the file is missing, or is not what the registry says."""
    path = places.file(entry, file)
    where, hint = Location(str(path)), f"modcli models pull {entry.name} --force"
    if not path.is_file():
        raise WeightsError(f"{entry.name} is not complete: {file.path} is missing", location=where, hint=hint)
    size = path.stat().st_size
    if size != file.bytes:
        raise WeightsError(
            f"{entry.name} was altered or cut: {size} bytes, expected {file.bytes}", location=where, hint=hint
        )
    digest = records.digest(path, afresh=afresh)
    if digest != file.sha256:
        raise WeightsError(
            f"{entry.name} was altered: digest is {digest}, expected {file.sha256}", location=where, hint=hint
        )


def pinned_digest(entry: Entry) -> str:
    """What stands for the entry: its file's digest, or one over the names and digests of all files."""
    for file in entry.files:
        if file.path == entry.entry:
            return file.sha256
    listing = "".join(f"{file.sha256}  {file.path}\n" for file in sorted(entry.files, key=lambda f: f.path))
    return hashlib.sha256(listing.encode()).hexdigest()


def _locate_path(path: Path, data_dir: Path, registry: Registry) -> ModelFile:
    where = Location(str(path))
    if not path.exists():
        raise WeightsError(
            "no such file", location=where, hint="`modcli models list` shows the models known by name"
        )
    records = DigestRecords(Places(data_dir).records)
    # The header of a file that was hashed before, and is unchanged, was checked then.
    if path.is_dir() or records.known(path) is None:
        check_gguf(path)
    digest = records.digest(path)
    entry = registry.by_digest(digest)
    name = entry.name if entry else path.name
    return ModelFile(name, path, digest, path.stat().st_size, pinned=entry is not None, format="gguf")
