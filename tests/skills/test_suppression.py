"""Suppressions with a reason and a last day, and baselines."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from modcli.errors import SettingsError
from modcli.skills.suppression import Known, Mark, baseline_bytes, read_baseline, read_suppressions

TODAY = date(2031, 5, 20)
PRINT, DIGEST = "0123456789abcdef", hashlib.sha256(b"x").hexdigest()
MARK = Mark("toc", "hidden-comment", "SKILL.md", PRINT, DIGEST)
ENTRY = f"""\
suppressions:
  - rule: hidden-comment
    path: SKILL.md
    fingerprint: {PRINT}
    reason: A licence note, read by me.
    expires: 2031-05-20
"""


def known(tmp_path: Path, text: str, today: date = TODAY) -> Known:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    return Known(read_suppressions(file), today=today)


def test_it_lets_one_finding_stand_until_the_end_of_its_day(tmp_path: Path) -> None:
    let = known(tmp_path, ENTRY).let(MARK)
    assert let is not None
    assert (let.kind, let.reason, let.expires) == ("suppressed", "A licence note, read by me.", TODAY)
    assert let.location is not None
    assert let.location.line == 2
    late = known(tmp_path, ENTRY, TODAY + timedelta(1))
    assert late.let(MARK) is None
    assert late.expired(MARK) is not None
    assert [one.rule for one in late.lapsed] == ["hidden-comment"]


@pytest.mark.parametrize(
    "other",
    [
        replace(MARK, rule="hidden-other"),
        replace(MARK, path="b.md"),
        replace(MARK, fingerprint="f" * 16),
    ],
)
def test_anything_else_counts(tmp_path: Path, other: Mark) -> None:
    suppressions = known(tmp_path, ENTRY)
    assert suppressions.let(other) is None
    assert len(suppressions.unused) == 1
    suppressions.let(MARK)
    assert suppressions.unused == []


def test_a_hash_of_the_file_holds_as_long_as_the_file_is_the_same(tmp_path: Path) -> None:
    by_file = known(tmp_path, ENTRY.replace(PRINT, DIGEST))
    assert by_file.let(replace(MARK, fingerprint="f" * 16)) is not None
    assert by_file.let(replace(MARK, file_digest="0" * 64)) is None


def test_one_of_a_skill_is_of_no_other(tmp_path: Path) -> None:
    own = known(tmp_path, ENTRY + "    skill: toc\n")
    assert own.let(MARK) is not None
    assert own.let(replace(MARK, skill="other")) is None


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (ENTRY.replace("    reason: A licence note, read by me.\n", ""), "needs reason", 2),
        (ENTRY.replace("    expires: 2031-05-20\n", ""), "needs expires", 2),
        (ENTRY.replace("2031-05-20", "never"), "'never', not a day", 2),
        (ENTRY.replace(PRINT, "0x12"), "no fingerprint", 2),
        (ENTRY + "    because: x\n", "unknown key 'because'", 2),
        ("suppressions: all\n", "is not a list", 1),
        ("- a\n", "is not a list", 1),
        ("suppressions: [a]\n", "a suppression is a mapping", 1),
        ("suppressions:\n  - rule: [\n", "expected node content", 3),
    ],
)
def test_half_a_suppression_is_an_error_with_its_line(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    with pytest.raises(SettingsError, match=message) as raised:
        known(tmp_path, text)
    assert raised.value.location is not None
    assert raised.value.location.line == line


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "suppressions:\n", "suppressions: []\n"])
def test_an_empty_file_suppresses_nothing(tmp_path: Path, text: str) -> None:
    assert known(tmp_path, text).let(MARK) is None


def test_a_file_that_is_missing_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_suppressions(tmp_path / "none.yaml")
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_suppressions(tmp_path / "b")


def test_aliases_do_not_blow_up(tmp_path: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
    )
    with pytest.raises(SettingsError):
        known(tmp_path, bomb)


def test_a_baseline_comes_back_as_it_was_written_and_lets_the_same_findings_stand(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    other = replace(MARK, path='odd"\n.md')
    file.write_bytes(baseline_bytes([other, MARK, MARK]))
    marks = read_baseline(file)
    assert {(m.path, m.fingerprint) for m in marks} == {(MARK.path, PRINT), (other.path, PRINT)}
    suppressions = Known((), marks, today=TODAY)
    let = suppressions.let(replace(MARK, file_digest="changed elsewhere"))
    assert let is not None
    assert let.kind == "baseline"
    assert suppressions.let(replace(MARK, skill="other")) is None
    assert baseline_bytes(marks) == file.read_bytes()
    file.write_bytes(baseline_bytes([]))
    assert read_baseline(file) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1}', "[" * 9999]
)
def test_what_is_no_baseline_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(SettingsError, match="no baseline"):
        read_baseline(file)
