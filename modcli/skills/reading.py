"""Reading agent skills, wherever they are kept: folders, files, archives, plugins, registries, JSON Lines.

Whatever a skill is made of is hostile: nothing in it is run, followed or unpacked, all is read within limits, and what is
not read is told, file by file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from modcli.errors import Location
from modcli.skills.archives import BROKEN, archive_kind, open_archive
from modcli.skills.files import DEFAULT_LIMITS, FileReader, Limits, importance
from modcli.skills.front_matter import read_front, read_manifest, specification_notes
from modcli.skills.layouts import IGNORES, MAINS, role_of
from modcli.skills.rows import read_json, read_rows
from modcli.skills.skill import Front, Read, Role, Skill, SkillFile
from modcli.skills.trees import Entry, FolderTree, Kind, Tree
from modcli.skills.units import Unit, units_of
from modcli.sources.post import Problem

_NO_SKILL = (
    "a skill is a folder with a SKILL.md, such a file, an archive of them, or JSON Lines with one a row"
)
#: Archives of skills within archives of skills.
_DEEPEST = 2


def read_skills(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[Skill | Problem]:
    """The skills at a path, one by one, in constant memory: a folder of one or of thousands, a SKILL.md, an archive, a
    plugin, or JSON Lines. A Problem for what could not be read at all, also where there is no skill. Raises nothing."""
    found = False
    for one in _read(path, limits):
        found = True
        yield one
    if not found:
        yield Problem(Location(str(path)), "holds no skill", _NO_SKILL)


def _read(path: Path, limits: Limits) -> Iterator[Skill | Problem]:
    try:
        # A link that somebody names is followed; none that is met is.
        real = Path(os.path.realpath(path, strict=True))
        folder = path.name if path.name not in ("", "..") else real.name
        if real.is_dir():
            yield from _in_tree(FolderTree(real), str(path if path.name else real), folder, limits)
            return
        entry = FolderTree(real.parent).entry(real.name)
    except (OSError, ValueError, RuntimeError) as error:
        why = (getattr(error, "strerror", "") or str(error)).lower()
        yield Problem(
            Location(str(path)), f"cannot be opened: {why}", "name a folder, a file or an archive of skills"
        )
        return
    if entry.kind is not Kind.FILE:
        yield Problem(Location(str(path)), f"is {entry.why}", _NO_SKILL)
    elif entry.name.lower().endswith((".jsonl", ".ndjson")):
        yield from read_rows(real, limits)
    elif entry.name.lower().endswith(".json"):
        yield from read_json(real, limits)
    else:
        yield from _in_file(entry, path, limits)


def _in_file(entry: Entry, path: Path, limits: Limits) -> Iterator[Skill | Problem]:
    """A skill that is a single file, or the skills of an archive."""
    kind = _kind(entry)
    if kind in ("zip", "tar", "packed"):
        yield from _in_archive(entry, str(path), kind, limits, 1)
        return
    if kind:
        yield Problem(
            Location(str(path)), f"is a {kind} archive, which is not opened", "unpack it, or pack it as zip"
        )
        return
    root = str(path.parent) if path.parent.name else str(path.absolute().parent)
    unit = Unit("skill", "", entry.path, [entry], ["a single file: what stands beside it was not looked at"])
    skill = _skill(unit, root, "", limits)
    if skill.main.text is None and skill.main.role is not Role.SKILL:
        yield Problem(Location(str(path)), f"is no text: {skill.main.why or 'a binary file'}", _NO_SKILL)
    else:
        yield skill


def _kind(entry: Entry) -> str:
    try:
        assert entry.opening is not None  # noqa: S101 -- a file has one
        with entry.opening() as stream:
            return archive_kind(stream.read(512))
    except BROKEN:
        return ""


def _in_archive(entry: Entry, root: str, kind: str, limits: Limits, depth: int) -> Iterator[Skill | Problem]:
    place = Location(root)
    if depth > _DEEPEST:
        yield Problem(
            place, f"was not looked into: an archive {depth} deep in others", "unpack the outer ones"
        )
        return
    with ExitStack() as stack:
        try:
            assert entry.opening is not None  # noqa: S101 -- a file has one
            stream = stack.enter_context(entry.opening())
            tree = stack.enter_context(open_archive(stream, kind, root, entry.size))
        except BROKEN as error:
            why = " ".join(str(error).split()) or type(error).__name__
            yield Problem(place, f"cannot be read: {why}", "it may be damaged, or not downloaded to its end")
            return
        for note in tree.notes:
            yield Problem(place, note, "pack it anew")
        found = False
        for one in _in_tree(tree, root, "", limits, depth):
            found = True
            yield one
        if not found:
            yield Problem(place, "holds no skill", _NO_SKILL)


def _in_tree(tree: Tree, root: str, folder: str, limits: Limits, depth: int = 0) -> Iterator[Skill | Problem]:
    """The skills of a tree; `folder` is the name of its topmost folder, where it has one."""
    joint = "!" if depth else "/"
    for found in units_of(tree, root, most=limits.listed):
        if isinstance(found, Problem):
            yield found
        elif isinstance(found, Entry):
            kind = _kind(found)
            if kind in ("zip", "tar", "packed"):
                yield from _in_archive(found, f"{root}{joint}{found.path}", kind, limits, depth + 1)
        elif found.entries:
            where = f"{root}{joint}{found.folder}" if found.folder else root
            yield _skill(found, where, found.folder.rpartition("/")[2] or folder, limits)


def _skill(unit: Unit, root: str, folder: str, limits: Limits) -> Skill:
    """A skill, with its files read. `folder` is the name of its folder."""
    start = len(unit.folder) + 1 if unit.folder else 0
    reader = FileReader(limits)
    main_path = unit.main or min(unit.entries, key=lambda one: importance(one.path, one.runs)).path

    def order(entry: Entry) -> tuple[bool, int, str]:
        return (entry.path != main_path, *importance(entry.path[start:], entry.runs))

    files: list[SkillFile] = []
    for entry in sorted(unit.entries, key=order):
        inner, role = entry.path[start:], None
        if entry.path == main_path:
            role = _ROLES.get(unit.kind) or role_of(inner)
        if entry.target is not None and not f"{entry.target}/".startswith(
            f"{unit.folder}/" if unit.folder else ""
        ):
            entry = replace(entry, target=None, why=f"{entry.why}, which is out of the skill")
        files += reader.read(entry, inner, role)
    main = files[0]
    notes = [*unit.notes]
    twins = [
        file.path
        for file in files
        if file is not main and "/" not in file.path and file.path.lower() in _MAINS
    ]
    if unit.kind == "skill" and twins:
        notes.append(
            f"there is {', '.join(twins)} beside {main.path}: clients differ in which of them they take"
        )
    notes += [
        f"{file.path} names files to leave out; it was not obeyed"
        for file in files
        if file.path.rpartition("/")[2] in IGNORES
    ]
    ordered = tuple(sorted(files, key=lambda file: file.path))
    front = _front(main, unit, folder)
    return Skill(root, main, front, ordered, unit.kind, tuple(notes), unlisted=unit.unlisted)


_MAINS = {main.lower() for main in MAINS}
_ROLES = {"skill": Role.SKILL, "command": Role.COMMAND, "agent": Role.AGENT}


def _front(main: SkillFile, unit: Unit, folder: str) -> Front:
    """The front matter of what makes a skill one."""
    if unit.kind == "plugin":
        return read_manifest(main.text) if main.text and main.path.endswith(".json") else Front()
    front = read_front(main.text or "")
    if unit.kind == "skill":
        told = () if main.read is Read.SKIPPED else specification_notes(front, folder)
        return replace(front, notes=tuple(sorted((*front.notes, *told))))
    if not front.text("name"):
        # Clients name a command after its file.
        stem = main.path.rpartition("/")[2].rpartition(".")[0]
        return replace(front, fields={**front.fields, "name": stem}, lines={**front.lines, "name": 0})
    return front
