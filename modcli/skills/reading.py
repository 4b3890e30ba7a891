"""Reading agent skills, wherever they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from modcli.errors import Location
from modcli.skills.skill import Front, Read, Role, Skill, SkillFile
from modcli.sources.post import Problem

MAINS = ("SKILL.md", "skill.md", "skills.md")


def read_skills(path: Path) -> Iterator[Skill | Problem]:
    """The skills at a path, one by one, in constant memory; a Problem for what could not be read at all. Raises
    nothing."""
    path = path.absolute()
    if path.is_file():
        main = SkillFile(path.name, Role.SKILL, path.stat().st_size, *_read(path))
        yield Skill(str(path), main, _front(main.text or ""), (main,))
        return
    found = False
    for folder, _, names in os.walk(path):
        main_name = next((name for name in MAINS if name in names), None)
        if main_name:
            found = True
            yield _skill(Path(folder), main_name)
    if not found:
        yield Problem(
            Location(str(path)),
            "holds no skill",
            "a skill is a folder with a SKILL.md, a ZIP of it, or JSON Lines",
        )


def _skill(folder: Path, main_name: str) -> Skill:
    files = []
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place) / name
            inner = file.relative_to(folder).as_posix()
            role = (
                Role.SKILL if inner == main_name else Role.DOCUMENT if name.endswith(".md") else Role.SCRIPT
            )
            files.append(SkillFile(inner, role, file.stat().st_size, *_read(file)))
    main = next(file for file in files if file.path == main_name)
    return Skill(str(folder), main, _front(main.text or ""), tuple(files))


def _read(file: Path) -> tuple[bytes, str | None, str, Read]:
    content = file.read_bytes()
    try:
        return content, content.decode(), "utf-8", Read.WHOLE
    except UnicodeDecodeError:
        return content, None, "", Read.BINARY


def _front(text: str) -> Front:
    lines = text.split("\n")
    if lines[0].strip() != "---" or "---" not in lines[1:]:
        return Front()
    end = lines.index("---", 1)
    fields = yaml.safe_load("\n".join(lines[1:end]))
    places = {line.partition(":")[0]: i + 1 for i, line in enumerate(lines[:end]) if ":" in line}
    return Front(fields, places, end + 2)
