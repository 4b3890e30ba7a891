"""What of a skill was not read, and where its front matter strays: findings beside those of what it holds.

Unread bytes are never taken for harmless. What an agent runs or follows weighs most, pictures least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from modcli.skills.front_matter import MOST_SEARCHED
from modcli.skills.skill import Axis, Finding, Level, Read, Role, Rule, Skill, SkillFile

_AXIS = Axis.COVERAGE
RULES: tuple[Rule, ...] = (
    Rule(
        "coverage-cut",
        _AXIS,
        Level.PROBLEM,
        "a file was not read to its end",
        "what was not read was not judged; padding is a known way to push text out of sight",
        "shorten the file, or look at the rest yourself",
    ),
    Rule(
        "coverage-skipped",
        _AXIS,
        Level.PROBLEM,
        "a file was not read",
        "an agent may be able to read or run what was not read here",
        "make the file readable, replace links by what they lead to, unpack archives, or remove it",
    ),
    Rule(
        "coverage-undecodable",
        _AXIS,
        Level.PROBLEM,
        "a file holds bytes that are no text",
        "an agent may read these bytes otherwise than they were read here",
        "save the file as UTF-8",
    ),
    Rule(
        "coverage-binary",
        _AXIS,
        Level.WARNING,
        "a file is no text, and what it does cannot be read",
        "nobody can see what a compiled program or a packed document holds without tools made for it",
        "ship the source in its place, or say in the skill where the file comes from",
    ),
    Rule(
        "coverage-remark",
        _AXIS,
        Level.NOTE,
        "a file was read, but not as it stands",
        "its encoding was guessed, it is a link, or its name is odd",
        "save text as UTF-8, and replace links by what they lead to",
    ),
    Rule(
        "coverage-path",
        _AXIS,
        Level.PROBLEM,
        "the name of a member of an archive is no plain path",
        "unpacked carelessly it lands elsewhere, or takes the place of another file",
        "pack the archive anew, with plain relative names that occur once",
    ),
    Rule(
        "coverage-name",
        _AXIS,
        Level.WARNING,
        "the name of a file holds characters that are not shown",
        "in a list of files it looks like another name, or steers the terminal that shows it",
        "rename the file",
    ),
    Rule(
        "coverage-unlisted",
        _AXIS,
        Level.PROBLEM,
        "a skill has more files than are looked at",
        "what was not looked at was not judged",
        "remove what the skill does not need",
    ),
    Rule(
        "form-front-matter",
        Axis.FORM,
        Level.NOTE,
        "front matter strays from YAML or from the agentskills specification",
        "clients differ in what they make of it; some skip the skill",
        "follow docs/specification.mdx of agentskills/agentskills",
    ),
)
_RULES = {rule.id: rule for rule in RULES}
#: Findings of one rule and level that are told one by one.
MOST_TOLD = 20
_BY_READ = {
    Read.CUT: "coverage-cut",
    Read.SKIPPED: "coverage-skipped",
    Read.UNDECODABLE: "coverage-undecodable",
    Read.BINARY: "coverage-binary",
}
#: Persian and Indic words, and emoji, are written with these.
_JOINERS = {0x200C: None, 0x200D: None}
#: What the reader says of odd names of members.
_ODD_NAMES = ("its name leads out", "not the first member", "it is more than")


def coverage_findings(skill: Skill) -> list[Finding]:
    """What of a skill was not read, or not as it stands, by file: a problem where an agent would run or follow it, a
    warning for data, a note for pictures and fonts. Of many alike the first are told, and how many more there are."""
    # What is in an archive is told file by file.
    opened = {file.path.rpartition("!")[0] for file in skill.files if "!" in file.path}
    findings: list[Finding] = []
    for file in skill.files:
        if not (file.read is Read.BINARY and file.path in opened):
            findings += _of_file(file, skill.main)
    if skill.unlisted:
        told = f"{skill.unlisted:,} files more were not looked at"
        findings.append(_finding("coverage-unlisted", Level.PROBLEM, "", told))
    return list(_bounded(findings))


def form_findings(skill: Skill) -> list[Finding]:
    """Where the front matter of a skill strays from YAML and the specification; notes all of them."""
    lines = (skill.main.text or "")[:MOST_SEARCHED].split("\n")
    found = []
    for line, told in skill.front.notes:
        excerpt = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
        finding = _finding("form-front-matter", Level.NOTE, skill.main.path, told)
        found.append(replace(finding, line=line, last_line=line, excerpt=excerpt))
    return list(_bounded(found))


def _of_file(file: SkillFile, main: SkillFile) -> Iterator[Finding]:
    is_odd = any(odd in file.why for odd in _ODD_NAMES)
    if is_odd:
        yield _finding("coverage-path", Level.PROBLEM, file.path, file.why)
    if not file.path.translate(_JOINERS).isprintable():
        odd = sorted({c for c in file.path.translate(_JOINERS) if not c.isprintable()})
        told = ", ".join(f"U+{ord(one):04X}" for one in odd[:5])
        yield _finding("coverage-name", Level.WARNING, file.path, f"its name holds {told}")
    if file.read is Read.WHOLE:
        if file.why and not is_odd:
            yield _finding("coverage-remark", Level.NOTE, file.path, file.why)
    elif file.read is Read.BINARY:
        # Somebody has to look into programs and documents; of pictures and fonts it is enough that they are told.
        level = Level.WARNING if file.role in (Role.SCRIPT, Role.DOCUMENT) else Level.NOTE
        told = f"{file.size:,} bytes that are no text" + (f"; {file.why}" if file.why else "")
        yield _finding("coverage-binary", level, file.path, told)
    else:
        level = _level(Role.SKILL if file is main else file.role)
        told = f"{file.read}: {file.why}" if file.why else str(file.read)
        yield _finding(_BY_READ[file.read], level, file.path, told)


def _level(role: Role) -> Level:
    if role is Role.ASSET:
        return Level.NOTE
    return Level.WARNING if role is Role.DATA else Level.PROBLEM


def _finding(rule: str, level: Level, path: str, told: str) -> Finding:
    return Finding(rule, _RULES[rule].axis, level, path, 0, told)


def _bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Findings, of each rule and level so many, and one that says how many more there are."""
    told: Counter[tuple[str, Level]] = Counter()
    for finding in findings:
        kind = finding.rule, finding.level
        told[kind] += 1
        if told[kind] <= MOST_TOLD:
            yield finding
    for (rule, level), count in told.items():
        if count > MOST_TOLD:
            yield _finding(rule, level, "", f"{count - MOST_TOLD:,} more files like these")
