"""The model files that modcli knows by name: `registry.toml`, read into frozen values and validated."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from modcli.errors import Location, WeightsError

#: The name that means: the registry's default.
AUTO = "auto"
SOURCES = ("hub", "index", "npm")


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file of a model: its path within the model's folder, its size, its SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository on the hub at a pinned revision; `file` is a pattern with `{path}`."""

    repository: str
    revision: str
    file: str

    def name_of(self, file: PinnedFile) -> str:
        """The file's name in the repository."""
        return self.file.format(path=file.path)


@dataclass(frozen=True, slots=True)
class IndexSource:
    """Wheels on the package index; the patterns take `{part}` (from 1) and `{path}`."""

    package: str
    version: str
    member: str
    parts: int

    def requirement(self, part: int) -> str:
        """The exact requirement, `name==version`."""
        return f"{self.package.format(part=part)}=={self.version}"

    def member_of(self, file: PinnedFile, part: int) -> str:
        """The member of the wheel that holds the file, or this part of it."""
        return self.member.format(part=part, path=file.path)


@dataclass(frozen=True, slots=True)
class NpmSource:
    """A package of npm; `member` is a pattern with `{path}`."""

    package: str
    version: str
    member: str

    @property
    def requirement(self) -> str:
        """The exact requirement, `name@version`."""
        return f"{self.package}@{self.version}"

    def member_of(self, file: PinnedFile) -> str:
        """The member of the package that holds the file."""
        return self.member.format(path=file.path)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the registry. `tested` is False where we have not run this very file."""

    name: str
    task: str
    format: str
    licence: str
    upstream: str
    entry: str
    sources: tuple[str, ...]
    tested: bool
    note: str
    files: tuple[PinnedFile, ...]
    hub: HubSource | None
    index: IndexSource | None
    npm: NpmSource | None = None

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def label(self, file: PinnedFile) -> str:
        """How a file of it is called in messages: by the model's name alone where it is the only one."""
        return self.name if len(self.files) == 1 else f"{self.name}: {file.path}"


@dataclass(frozen=True, slots=True)
class GuardRow:
    """A guard model of the hub, not pinned. `gigabytes` is about what its weights take; a `gated` one is behind a licence
    that each user has to accept."""

    repository: str
    licence: str
    gigabytes: float
    gated: bool
    tested: bool
    note: str


@dataclass(frozen=True, slots=True)
class Registry:
    """All entries, the name of the default one, and the guards of the hub that modcli knows how to ask."""

    entries: tuple[Entry, ...]
    default: str
    guards: tuple[GuardRow, ...] = ()

    def find(self, name: str) -> Entry | None:
        """The entry of this name (`auto`: the default), or None."""
        wanted = self.default if name == AUTO else name
        return next((entry for entry in self.entries if entry.name == wanted), None)

    def get(self, name: str) -> Entry:
        """The entry of this name; raises WeightsError with near names."""
        entry = self.find(name)
        if entry is None:
            names = [entry.name for entry in self.entries]
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known models: {', '.join(names)}"
            raise WeightsError(
                f"no model is called {name!r}",
                hint=f"{hint} (a file of your own is named by its path: ./model.gguf)",
            )
        return entry

    def by_digest(self, digest: str) -> Entry | None:
        """The entry whose own file has this digest."""
        for entry in self.entries:
            if any(file.sha256 == digest and file.path == entry.entry for file in entry.files):
                return entry
        return None


def load_registry() -> Registry:
    """The registry that ships with modcli."""
    return parse_registry(resources.files("modcli.weights").joinpath("registry.toml").read_text("utf-8"))


def parse_registry(text: str, name: str = "registry.toml") -> Registry:
    """A registry from TOML. Raises WeightsError where it is not valid."""
    try:
        table = tomllib.loads(text)
        if table["schema"] != 1:
            raise ValueError("schema must be 1")
        guards = tuple(GuardRow(**row) for row in table.get("guard", ()))
        registry = Registry(tuple(_entry(row) for row in table["model"]), table["default"], guards)
        if len({entry.name for entry in registry.entries}) != len(registry.entries):
            raise ValueError("two models have the same name")
        if registry.find(AUTO) is None:
            raise ValueError("the default is no model of it")
    except (KeyError, TypeError, ValueError) as error:
        problem = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the registry is not valid: {problem}", location=Location(name)) from error
    return registry


def _entry(row: Mapping[str, Any]) -> Entry:
    entry = Entry(
        name=row["name"],
        task=row["task"],
        format=row["format"],
        licence=row["licence"],
        upstream=row["upstream"],
        entry=row["entry"],
        sources=tuple(row["sources"]),
        tested=row["tested"],
        note=row["note"],
        files=tuple(PinnedFile(**file) for file in row["files"]),
        hub=HubSource(**row["hub"]) if "hub" in row else None,
        index=IndexSource(**row["index"]) if "index" in row else None,
        npm=NpmSource(**row["npm"]) if "npm" in row else None,
    )
    if found := _complaints(entry):
        raise ValueError(f"{entry.name}: {'; '.join(found)}")
    return entry


def _complaints(entry: Entry) -> list[str]:
    found = []
    if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*", entry.name) or entry.name == AUTO:
        found.append("name must be of small letters, digits, dots and hyphens")
    if not entry.files:
        found.append("it has no files")
    if entry.entry != "." and entry.entry not in {file.path for file in entry.files}:
        found.append("entry is none of its files")
    for file in entry.files:
        if file.bytes <= 0 or not re.fullmatch(r"[0-9a-f]{64}", file.sha256):
            found.append(f"{file.path} has no size or no SHA-256")
        parts = PurePosixPath(file.path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\\" in file.path:
            found.append(f"{file.path} leads out of the model's folder")
    if not entry.sources or any(
        name not in SOURCES or getattr(entry, name) is None for name in entry.sources
    ):
        found.append(f"sources must be of {', '.join(SOURCES)}, each with its table")
    if entry.hub and not re.fullmatch(r"[0-9a-f]{40}", entry.hub.revision):
        found.append("the hub's revision is not a commit")
    if entry.index and (entry.index.parts < 1 or (entry.index.parts > 1 and len(entry.files) > 1)):
        found.append("only a single file can be cut into parts")
    return found
