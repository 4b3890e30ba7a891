"""Skills as JSON Lines: one a row, its text and files in fields with well-known names."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modcli.errors import Location, SourceError
from modcli.skills.files import DEFAULT_LIMITS, Limits, as_text, from_bytes
from modcli.skills.front_matter import read_front, specification_notes
from modcli.skills.layouts import MAINS, main_of, role_of
from modcli.skills.skill import Front, Read, Role, Skill, SkillFile
from modcli.skills.trees import open_regular
from modcli.sources.lines import Line, read_lines
from modcli.sources.post import Problem

#: A longer row is not read: JSON has to be held in memory whole.
MOST_BYTES = 64 << 20
#: Fields that hold the text of a SKILL.md, the first one first; so with the others.
TEXTS = (
    "skill_md",
    "skill_md_content",
    "skillMd",
    "content",
    "body",
    "text",
    "markdown",
    "readme",
    "instructions",
)
NAMES = ("name", "skill_name", "slug", "title", "id")
DESCRIPTIONS = ("description", "summary", "desc")
FILES = ("files", "attachments")
PATHS = ("path", "name", "file", "filename")
CONTENTS = ("content", "text", "body", "data")
_HINT = f"a row is an object with the text of the SKILL.md in one of {', '.join(TEXTS)}, or a list of files"


class _Unusable(ValueError):
    """Why a row is no skill."""


def read_rows(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Skill | Problem]:
    """The skills of a file of JSON Lines, a Problem for each row that is none. Raises nothing."""
    try:
        with open_regular(path) as stream:
            for line in read_lines(stream, str(path), limit=MOST_BYTES):
                if line.head.strip():
                    yield _row(line, path, limits)
    except SourceError as error:
        yield Problem(error.location or Location(str(path)), error.message, error.hint or "")
    except OSError as error:
        yield Problem(Location(str(path)), f"cannot be opened: {(error.strerror or str(error)).lower()}")


def read_json(path: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Skill | Problem]:
    """As `read_rows`, of a JSON file that is one object, or a list of them. Raises nothing."""
    place = Location(str(path))
    try:
        with open_regular(path) as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            yield Problem(
                place, f"is longer than {MOST_BYTES:,} bytes", "write it as JSON Lines, one skill a line"
            )
            return
        rows = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        yield Problem(place, f"cannot be opened: {(error.strerror or str(error)).lower()}")
        return
    except (ValueError, RecursionError) as error:
        yield Problem(place, f"not valid JSON: {error}", _HINT)
        return
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        try:
            if not isinstance(row, dict):
                raise _Unusable("the row is no JSON object")
            yield _skill(row, f"{path}:#{number}", limits)
        except _Unusable as error:
            yield Problem(place, f"element {number}: {error}", _HINT)


def _row(line: Line, path: Path, limits: Limits) -> Skill | Problem:
    try:
        if line.size > len(line.head):
            raise _Unusable(f"a row of {line.size:,} bytes; the most that are read are {len(line.head):,}")
        row = json.loads(line.head.decode("utf-8-sig"))
        if not isinstance(row, dict):
            raise _Unusable("the row is no JSON object")
        return _skill(row, f"{path}:{line.number}", limits)
    except RecursionError:
        why = "JSON nested too deeply"
    except UnicodeDecodeError:
        why = "the row is not UTF-8"
    except json.JSONDecodeError as error:
        why = f"not valid JSON: {error.msg} at column {error.pos + 1}"
    except _Unusable as error:
        why = str(error)
    return Problem(Location(str(path), line.number), why, _HINT)


def _skill(row: Mapping[str, Any], root: str, limits: Limits) -> Skill:
    files, notes = list(_files(row, limits)), []
    text = _first(row, TEXTS)
    main_path = main_of([file.path for file in files])
    name, description = _first(row, NAMES), _first(row, DESCRIPTIONS)
    if text is not None:
        path = MAINS[0] if not main_path else "(row)"
        main = _within(as_text(path, Role.SKILL, text), limits)
        files.insert(0, main)
        if main_path:
            notes.append(f"the row has a text of its own beside {main_path}; both were read")
    elif main_path:
        main = next(file for file in files if file.path == main_path)
    elif description:
        main = as_text(MAINS[0], Role.SKILL, "")
        files.insert(0, main)
        notes.append("the row holds no instructions, but a description alone")
    else:
        raise _Unusable(f"the row has no text of a skill; its fields are {', '.join(list(row)[:20])}")
    front = read_front(main.text or "")
    front = replace(front, notes=(*front.notes, *specification_notes(front))) if front.fields else front
    told = {"name": name, "description": description}
    missing = {key: value for key, value in told.items() if value and not front.text(key)}
    if missing:
        front = Front(
            {**front.fields, **missing},
            {**front.lines, **dict.fromkeys(missing, 0)},
            front.body_line,
            front.notes,
        )
    return Skill(root, main, front, tuple(sorted(files, key=lambda file: file.path)), "row", tuple(notes))


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((row[key] for key in keys if isinstance(row.get(key), str)), None)


def _files(row: Mapping[str, Any], limits: Limits) -> Iterator[SkillFile]:
    found: Any = next((row[key] for key in FILES if row.get(key)), [])
    if isinstance(found, Mapping):
        found = [{"path": path, "content": content} for path, content in found.items()]
    if not isinstance(found, list):
        raise _Unusable("`files` is no list of objects with path and content")
    for number, one in enumerate(found, start=1):
        path = _first(one, PATHS) if isinstance(one, Mapping) else one if isinstance(one, str) else None
        path = path or f"(file {number})"
        content = _first(one, CONTENTS) if isinstance(one, Mapping) else None
        if number > limits.files or content is None:
            why = (
                "the row has no content of it" if content is None else f"only {limits.files:,} files are read"
            )
            yield SkillFile(path, role_of(path), 0, read=Read.SKIPPED, why=why)
            continue
        if isinstance(one, Mapping) and str(one.get("encoding", "")).lower() == "base64":
            try:
                yield _within(from_bytes(path, role_of(path), base64.b64decode(content)), limits)
            except (binascii.Error, ValueError):
                yield SkillFile(path, role_of(path), len(content), read=Read.SKIPPED, why="it is not base64")
            continue
        yield _within(as_text(path, role_of(path), content), limits)


def _within(file: SkillFile, limits: Limits) -> SkillFile:
    """A file, cut where it is longer than is read."""
    if file.size <= limits.file:
        return file
    why = f"{file.size - limits.file:,} of {file.size:,} bytes were not read at its end"
    cut = from_bytes(file.path, file.role, file.content[: limits.file])
    return replace(cut, size=file.size, read=Read.CUT, why=why)
