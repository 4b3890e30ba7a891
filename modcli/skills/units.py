"""Which folders of a tree are skills and plugins, found one by one, and which files are of each.

A file is of the innermost skill or plugin that it stands in. Commands and agents of a plugin are read for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from modcli.errors import Location
from modcli.skills.archives import ENDINGS
from modcli.skills.layouts import MANIFESTS, PLUGIN_FOLDERS, SETTINGS, main_of, part_of_plugin
from modcli.skills.skill import Role
from modcli.skills.trees import Entry, Kind, Tree
from modcli.sources.post import Problem

#: Folders within folders.
DEEPEST = 100


@dataclass
class Unit:
    """A skill, plugin, command or agent that is to be read. `folder` is that of its files, `main` the path of the file
    that makes it one (empty for a plugin without a manifest), `entries` all its files; `unlisted` counts those that are
    more than are listed. Paths are within the tree."""

    kind: str
    folder: str
    main: str
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlisted: int = 0


def units_of(tree: Tree, root: str, *, most: int) -> Iterator[Unit | Entry | Problem]:
    """What there is to read in a tree, in order: skills and plugins, archives that stand outside of these, and a Problem
    for what cannot be looked into. `most` files of one are listed. Holds one folder and one unit at a time."""
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            children = tree.children(folder)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            yield Problem(
                Location(f"{root}/{folder}".rstrip("/")),
                f"cannot be looked into: {why}",
                "see its permissions",
            )
            continue
        unit, has_parts = _unit(tree, folder, children)
        if unit is None:
            yield from _loose(children, root)
            below = [one.path for one in children if one.kind is Kind.FOLDER and one.name != ".git"]
        else:
            collected = _Collected(tree, unit, has_parts, most)
            collected.collect(children)
            yield unit
            yield from collected.parts
            below = collected.below
        if folder.count("/") >= DEEPEST and below:
            yield Problem(Location(f"{root}/{folder}"), f"more than {DEEPEST} folders deep: not looked into")
            continue
        pending += reversed(below)


def _loose(children: list[Entry], root: str) -> Iterator[Entry | Problem]:
    """What is to be told of a folder that is no skill: archives in it, and links to folders out of it."""
    for entry in children:
        if entry.kind is Kind.FILE and entry.name.lower().endswith(ENDINGS):
            yield entry
        elif entry.kind is Kind.LINK and entry.to_folder and entry.target is None:
            hint = "if there are skills behind it, name that folder itself"
            yield Problem(Location(f"{root}/{entry.path}"), f"{entry.why}: not followed", hint)


def _unit(tree: Tree, folder: str, children: list[Entry]) -> tuple[Unit | None, bool]:
    """What a folder is, and whether commands and agents in it are read for themselves."""
    # A link or a pipe in its place makes a folder a skill as well: it is told that it was not read.
    names = [one.name for one in children if one.kind is not Kind.FOLDER]
    folders = {one.name for one in children if one.kind is Kind.FOLDER}
    inner = {name: _names(tree, folder, name) for name in (".claude-plugin", "hooks") if name in folders}
    there = {*names, *(f"{name}/{one}" for name, found in inner.items() for one in found)}
    manifest = next((one for one in MANIFESTS if one in there), "")
    if not manifest and (folders & set(PLUGIN_FOLDERS) or folder.rpartition("/")[2] == ".claude"):
        manifest = next((one for one in SETTINGS if one in there), "")
    is_client = folder.rpartition("/")[2] == ".claude" and bool(folders & {"commands", "agents"})
    prefix = f"{folder}/" if folder else ""
    if main := main_of(names):
        return Unit("skill", folder, prefix + main), bool(manifest)
    if manifest or is_client:
        return Unit("plugin", folder, prefix + manifest if manifest else ""), True
    return None, False


def _names(tree: Tree, folder: str, name: str) -> list[str]:
    try:
        return [one.name for one in tree.children(f"{folder}/{name}" if folder else name)]
    except OSError:
        return []


class _Collected:
    """The files of a unit, what is within it but for itself (`parts`), and the folders of units `below` it."""

    def __init__(self, tree: Tree, unit: Unit, has_parts: bool, most: int) -> None:
        self.parts: list[Unit] = []
        self.below: list[str] = []
        self._tree, self._unit, self._has_parts, self._most = tree, unit, has_parts, most

    def collect(self, children: list[Entry]) -> None:
        """Gather from what is in the folder of the unit, and from all folders below."""
        pending = self._keep(children)
        while pending:
            entry = pending.pop()
            try:
                inside = self._tree.children(entry.path)
            except OSError as error:
                why = f"cannot be looked into: {(error.strerror or str(error)).lower()}"
                self._add(Entry(f"{entry.path}/", Kind.OTHER, why=why))
                continue
            if entry.name == ".git":
                self._git(entry.path, inside)
                continue
            if _unit(self._tree, entry.path, inside)[0] is not None:
                self.below.append(entry.path)
            elif entry.path.count("/") - self._unit.folder.count("/") > DEEPEST:
                self._add(Entry(f"{entry.path}/", Kind.OTHER, why=f"more than {DEEPEST} folders deep"))
            else:
                pending += self._keep(inside)
        self.below.sort()

    def _keep(self, children: list[Entry]) -> list[Entry]:
        """Keep files; the folders are left to look into, the first one last."""
        for entry in children:
            if entry.kind is not Kind.FOLDER:
                self._add(entry)
        return [entry for entry in reversed(children) if entry.kind is Kind.FOLDER]

    def _add(self, entry: Entry) -> None:
        inner = entry.path[len(self._unit.folder) :].lstrip("/") if self._unit.folder else entry.path
        part = part_of_plugin(inner) if self._has_parts else None
        if part is not None and len(self.parts) < self._most:
            kind = "command" if part is Role.COMMAND else "agent"
            self.parts.append(Unit(kind, self._unit.folder, entry.path, [entry]))
        elif len(self._unit.entries) < self._most or entry.path == self._unit.main:
            self._unit.entries.append(entry)
        else:
            self._unit.unlisted += 1

    def _git(self, folder: str, children: list[Entry]) -> None:
        """Of what git keeps for itself, what it runs."""
        why = "the history that git keeps; of it, config and hooks were read"
        self._add(Entry(f"{folder}/", Kind.OTHER, why=why))
        try:
            hooks = self._tree.children(f"{folder}/hooks")
        except OSError:
            hooks = []
        for entry in (*children, *hooks):
            is_hook = entry in hooks and not entry.name.endswith(".sample")
            if entry.kind is not Kind.FOLDER and (is_hook or entry.name == "config"):
                self._add(entry)
