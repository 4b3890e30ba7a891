"""What was not read, as findings: what an agent runs or follows weighs most."""

from __future__ import annotations

import pytest

from modcli.skills.coverage import MOST_TOLD, RULES, coverage_findings, form_findings
from modcli.skills.skill import Axis, Front, Level, Read, Role, Skill, SkillFile

MAIN = SkillFile("SKILL.md", Role.SKILL, 4, b"# Hi", "# Hi", "utf-8")


def skill(*files: SkillFile, **more: object) -> Skill:
    return Skill("x", MAIN, Front(), (MAIN, *files), **more)  # type: ignore[arg-type]


def test_rules_have_ids_of_their_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.why and rule.fix for rule in RULES)


def test_what_was_read_is_no_finding() -> None:
    assert coverage_findings(skill(SkillFile("a.py", Role.SCRIPT, 1, b"1", "1", "utf-8"))) == []


@pytest.mark.parametrize(
    ("role", "level"),
    [
        (Role.SCRIPT, Level.PROBLEM),
        (Role.DOCUMENT, Level.PROBLEM),
        (Role.HOOKS, Level.PROBLEM),
        (Role.DATA, Level.WARNING),
        (Role.ASSET, Level.NOTE),
    ],
)
@pytest.mark.parametrize("read", [Read.CUT, Read.SKIPPED, Read.UNDECODABLE])
def test_levels(role: Role, level: Level, read: Read) -> None:
    (found,) = coverage_findings(skill(SkillFile("a", role, 9, read=read, why="so")))
    assert (found.level, found.axis, found.rule) == (
        level,
        Axis.COVERAGE,
        f"coverage-{read}".replace("-read", ""),
    )
    assert found.told.endswith(": so")


def test_the_file_that_makes_a_skill_weighs_most_whatever_it_is() -> None:
    main = SkillFile("settings.x", Role.DATA, 9, read=Read.SKIPPED)
    (found,) = coverage_findings(Skill("x", main, Front(), (main,)))
    assert found.level is Level.PROBLEM


@pytest.mark.parametrize(("role", "level"), [(Role.SCRIPT, Level.WARNING), (Role.ASSET, Level.NOTE)])
def test_binary_files(role: Role, level: Level) -> None:
    (found,) = coverage_findings(skill(SkillFile("a", role, 9, b"\0", read=Read.BINARY)))
    assert (found.rule, found.level) == ("coverage-binary", level)


def test_an_archive_is_told_by_what_is_in_it() -> None:
    archive = SkillFile("a.zip", Role.DATA, 9, b"\0", read=Read.BINARY)
    member = SkillFile("a.zip!b.py", Role.SCRIPT, 1, b"1", "1", "utf-8")
    assert coverage_findings(skill(archive, member)) == []


def test_many_alike_are_counted() -> None:
    files = [SkillFile(f"{n}.py", Role.SCRIPT, 9, read=Read.SKIPPED) for n in range(MOST_TOLD + 5)]
    found = coverage_findings(skill(*files))
    assert len(found) == MOST_TOLD + 1
    assert found[-1].told == "5 more files like these"
    assert found[-1].level is Level.PROBLEM


def test_files_that_were_not_listed() -> None:
    (found,) = coverage_findings(skill(unlisted=1234))
    assert (found.rule, found.level, found.told) == (
        "coverage-unlisted",
        Level.PROBLEM,
        "1,234 files more were not looked at",
    )


@pytest.mark.parametrize(
    ("name", "odd"), [("a\nb.py", True), ("x\u202egnp.exe", True), ("نمی\u200cشود.md", False)]
)
def test_names_that_are_not_what_they_look_like(name: str, odd: bool) -> None:
    found = coverage_findings(skill(SkillFile(name, Role.SCRIPT, 1, b"1", "1", "utf-8")))
    assert [one.rule for one in found] == ["coverage-name"] * odd


def test_form_findings_have_lines() -> None:
    main = SkillFile("SKILL.md", Role.SKILL, 9, b"", "---\nname: A B\n---\n", "utf-8")
    front = Front({"name": "A B"}, {"name": 2}, 4, ((2, "odd"), (0, "`description` is missing")))
    first, second = form_findings(Skill("x", main, front, (main,)))
    assert (first.axis, first.level, first.line, first.excerpt) == (Axis.FORM, Level.NOTE, 2, "name: A B")
    assert (second.line, second.excerpt) == (0, "")
