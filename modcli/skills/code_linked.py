"""Flows across the scripts of one skill: what one of them reads and another, which imports it, sends or runs.

The scripts that import each other are taken for one program, each with a scope of its own; a call of `module.function`
is joined to that function of that module. Flows within one file are told elsewhere.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modcli.skills.capabilities import Flow
from modcli.skills.capabilities_calls import Effect
from modcli.skills.code import BUILDERS, language_of, parse_into
from modcli.skills.code_program import Program
from modcli.skills.flows import Analysis
from modcli.skills.skill import SkillFile

#: Files and bytes of one skill that are judged together; of more, the first.
MOST_FILES = 60
MOST_BYTES = 2 << 20
_IMPORTS = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\s+([^\n#]+)|import\s+([\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*))"
    r"|(?:require\s*\(|\bfrom|\bimport\s*\(?)\s*[\"'](\.{1,2}/[^\"'\n]{1,200})[\"']",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class LinkedFlow:
    """A flow from one file into another: `flow` has the line of each in its own file."""

    source_path: str
    path: str
    flow: Flow


def linked_flows(files: Iterable[SkillFile]) -> list[LinkedFlow]:
    """The flows that lead from one script of a skill into another one that it imports, or that imports it.

    Raises MissingExtraError where tree-sitter or a grammar is not installed.
    """
    found: list[LinkedFlow] = []
    groups: dict[str, list[SkillFile]] = {"python": [], "javascript": []}
    for file in files:
        language = language_of(file) if file.text else ""
        if language in groups:
            groups[language].append(file)
    for language, members in groups.items():
        linked = _importing(members)
        if len(linked) > 1:
            found += _judged(language, linked)
    return found


def _stem(path: str) -> str:
    parts = path.rpartition("!")[2].rpartition("/")
    stem = parts[2].partition(".")[0]
    return parts[0].rpartition("/")[2] if stem in ("__init__", "index") else stem


def _importing(members: list[SkillFile]) -> list[SkillFile]:
    """Those that import another one, or are imported, by the names of files."""
    stems: dict[str, list[str]] = {}
    for file in members:
        stems.setdefault(_stem(file.path), []).append(file.path)
    kept: set[str] = set()
    for file in members:
        for match in _IMPORTS.finditer(file.text or ""):
            names = re.findall(r"[\w-]+", " ".join(part for part in match.groups() if part))
            paths = {path for name in names for path in stems.get(name, ()) if path != file.path}
            kept |= {file.path, *paths} if paths else set()
    linked: list[SkillFile] = []
    size = 0
    for file in members:
        size += len(file.text or "") if file.path in kept else 0
        if file.path in kept and len(linked) < MOST_FILES and size <= MOST_BYTES:
            linked.append(file)
    return linked


def _judged(language: str, members: list[SkillFile]) -> list[LinkedFlow]:
    program = Program()
    effects: list[Effect] = []
    firsts: list[int] = []
    first = 1
    for file in members:
        builder = BUILDERS[language](program, first)
        builder.scope = builder.top = program.scope(file.path, -1)
        program.modules[_stem(file.path)] = builder.top
        parse_into(language, file.text or "", program, effects, builder)
        firsts.append(first)
        first += (file.text or "").count("\n") + 2
    analysis = Analysis(program, effects)
    analysis.run()
    found = []
    for one in analysis.flows:
        source, sink = (bisect_right(firsts, line) - 1 for line in (one.source_line, one.line))
        if source != sink:
            flow = replace(
                one,
                source_line=one.source_line - firsts[source] + 1,
                line=one.line - firsts[sink] + 1,
            )
            found.append(LinkedFlow(members[source].path, members[sink].path, flow))
    return found
