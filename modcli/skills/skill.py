"""What an agent skill is, as it was read, and what was found in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


class Read(StrEnum):
    """How far a file was read. Bytes that were not read are never taken for harmless."""

    WHOLE = "read"
    CUT = "cut"
    SKIPPED = "skipped"
    UNDECODABLE = "undecodable"
    BINARY = "binary"


class Role(StrEnum):
    """What a file is in its skill."""

    SKILL = "skill"  # SKILL.md itself
    COMMAND = "command"
    AGENT = "agent"
    HOOKS = "hooks"
    MCP = "mcp"
    MANIFEST = "manifest"
    SCRIPT = "script"
    DOCUMENT = "document"
    DATA = "data"
    ASSET = "asset"


@dataclass(frozen=True)
class SkillFile:
    """A file of a skill. `path` is within the skill, with forward slashes; a member of a nested archive is
    `archive.zip!member`. `content` are the bytes that were read, `size` how many there are; `text` is what they say in
    `encoding`, None where they are no text. `why` says why it was not read whole."""

    path: str
    role: Role
    size: int
    content: bytes = b""
    text: str | None = None
    encoding: str = ""
    read: Read = Read.WHOLE
    why: str = ""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes that were read, hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Front:
    """The front matter of a Markdown file, read as leniently as need be. `fields` are its keys and values, `lines` the
    line of each top-level key (from 1), `body_line` the line on which the body begins. `notes` say where it strays from
    the specification, or from YAML, each with its line (0: none)."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    body_line: int = 1
    notes: tuple[tuple[int, str], ...] = ()

    def text(self, key: str) -> str:
        """The value of a key as text; lists are joined by spaces; empty where there is none."""
        value = self.fields.get(key)
        if value is None or isinstance(value, Mapping):
            return ""
        return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


@dataclass(frozen=True)
class Skill:
    """A skill: its `root` (where it was found, for people), the file that makes it one (SKILL.md, or a command or agent
    of a plugin), its front matter, and all its files, that one included. `notes` are said of the whole of it; `kind`
    names the layout (skill, command, agent, plugin, row). `unlisted` counts files that were not even listed."""

    root: str
    main: SkillFile
    front: Front
    files: tuple[SkillFile, ...]
    kind: str = "skill"
    notes: tuple[str, ...] = ()
    unlisted: int = 0

    @property
    def name(self) -> str:
        """The name that it gives itself, else that of its folder."""
        return self.front.text("name") or self.root.rstrip("/").rpartition("/")[2]

    @property
    def description(self) -> str:
        """What it says that it is for: this reaches a model before anybody chose the skill."""
        return self.front.text("description")

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names and contents of all files, hex."""
        total = hashlib.sha256()
        for file in sorted(self.files, key=lambda one: one.path):
            total.update(f"{file.path}\0{file.read}\0{file.digest}\0".encode("utf-8", "surrogatepass"))
        return total.hexdigest()


class Axis(StrEnum):
    """Of which answer a finding is a part; a skill's purpose is judged by the profile and has no findings."""

    HIDDEN = "hidden"
    DANGEROUS = "dangerous"
    COVERAGE = "coverage"
    FORM = "form"


class Level(StrEnum):
    """How much a finding weighs: a `problem` makes the answer yes, a `warning` asks for a look, a `note` says what is
    so."""

    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable id (`hidden-comment`), one line on what it finds, why that matters, and how to fix it."""

    id: str
    axis: Axis
    level: Level
    title: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: in which file, on which lines (from 1; 0 for the whole file), and what stands there. `level`
    may be lower than the rule's. `near` are lines elsewhere that belong to it (a source, a sink): (file, line, what)."""

    rule: str
    axis: Axis
    level: Level
    path: str
    line: int
    told: str
    excerpt: str = ""
    last_line: int = 0
    near: tuple[tuple[str, int, str], ...] = ()

    def fingerprint(self) -> str:
        """Stays the same where lines are added elsewhere: of the rule, the path and what stands there. 16 hex digits."""
        parts = "\0".join((self.rule, self.path, " ".join(self.excerpt.split()) or self.told))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
