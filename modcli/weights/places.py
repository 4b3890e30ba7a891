"""Where a model's files lie under the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modcli.weights.registry import Entry, PinnedFile


@dataclass(frozen=True, slots=True)
class Places:
    """Paths under the data folder; nothing here touches the disk."""

    data_dir: Path

    def folder(self, entry: Entry) -> Path:
        """The folder of a model that is complete."""
        return self.data_dir / "models" / entry.name

    def file(self, entry: Entry, file: PinnedFile) -> Path:
        """One of its files."""
        return self.folder(entry) / file.path

    def handed_out(self, entry: Entry) -> Path:
        """What the runtime is given: the entry file, or the folder."""
        return self.folder(entry) / entry.entry

    def partial(self, entry: Entry) -> Path:
        """What was fetched of a model that is not complete."""
        return self.data_dir / "partial" / entry.name

    def lock(self, entry: Entry) -> Path:
        """Held by whoever changes the model's files."""
        return self.data_dir / "locks" / f"{entry.name}.lock"

    @property
    def records(self) -> Path:
        """The digests that were computed, by file."""
        return self.data_dir / "verified.json"
