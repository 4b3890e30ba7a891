"""Skills as JSON Lines: the well-known fields, and a clear word for rows that are none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from modcli.skills import rows
from modcli.skills.files import Limits
from modcli.skills.rows import TEXTS, read_json, read_rows
from modcli.skills.skill import Read, Role, Skill
from modcli.sources.post import Problem

TEXT = "---\nname: tidy\ndescription: Sorts.\n---\n# Hi\n"


def read(path: Path, *found: Any, limits: Limits | None = None) -> list[Skill | Problem]:
    file = path / "s.jsonl"
    file.write_text("".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in found))
    return list(read_rows(file, limits) if limits else read_rows(file))


def skill(path: Path, row: Any, **more: Any) -> Skill:
    (found,) = read(path, row, **more)
    assert isinstance(found, Skill)
    return found


@pytest.mark.parametrize("field", TEXTS)
def test_the_text_under_any_of_its_names(tmp_path: Path, field: str) -> None:
    found = skill(tmp_path, {"id": 7, field: TEXT})
    assert (found.name, found.description, found.front.body_line) == ("tidy", "Sorts.", 5)
    assert found.main.path == "SKILL.md"
    assert found.root == f"{tmp_path}/s.jsonl:1"


def test_name_and_description_of_the_row_where_the_text_has_none(tmp_path: Path) -> None:
    found = skill(tmp_path, {"content": "# Hi", "slug": "tidy", "summary": "Sorts."})
    assert (found.name, found.description) == ("tidy", "Sorts.")
    assert found.front.lines == {"name": 0, "description": 0}
    assert skill(tmp_path, {"content": TEXT, "name": "other"}).name == "tidy"


def test_a_description_alone(tmp_path: Path) -> None:
    found = skill(tmp_path, {"name": "tidy", "description": "Sorts."})
    assert found.notes == ("the row holds no instructions, but a description alone",)
    assert found.main.text == ""


@pytest.mark.parametrize("kind", ["list", "mapping"])
def test_files(tmp_path: Path, kind: str) -> None:
    files: Any = {"SKILL.md": TEXT, "run.py": "print(1)"}
    if kind == "list":
        files = [{"path": path, "content": content} for path, content in files.items()]
    found = skill(tmp_path, {"files": files})
    assert found.main.text == TEXT
    assert [(file.path, file.role) for file in found.files] == [
        ("SKILL.md", Role.SKILL),
        ("run.py", Role.SCRIPT),
    ]


def test_files_without_contents_are_unread(tmp_path: Path) -> None:
    packed = base64.b64encode(b"\x89PNG\0\0").decode()
    files = ["run.py", {"path": "a.sh"}, {"path": "b.png", "content": packed, "encoding": "base64"}, 5]
    found = skill(tmp_path, {"body": TEXT, "files": files})
    reads = {file.path: file.read for file in found.files}
    assert reads == {
        "SKILL.md": Read.WHOLE,
        "run.py": Read.SKIPPED,
        "a.sh": Read.SKIPPED,
        "b.png": Read.BINARY,
        "(file 4)": Read.SKIPPED,
    }


def test_two_texts_are_both_read(tmp_path: Path) -> None:
    found = skill(tmp_path, {"body": "# Other", "files": {"SKILL.md": TEXT}})
    assert {file.text for file in found.files} == {TEXT, "# Other"}
    assert "both were read" in found.notes[0]


def test_limits_hold_for_rows(tmp_path: Path) -> None:
    found = skill(
        tmp_path, {"body": "x" * 100, "files": {"a": "1", "b": "2"}}, limits=Limits(file=10, files=1)
    )
    assert (found.main.read, found.main.size, len(found.main.content)) == (Read.CUT, 100, 10)
    assert [file.read for file in found.files if file.path == "b"] == [Read.SKIPPED]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{\n", "not valid JSON: Expecting property name"),
        ("[1, 2]\n", "the row is no JSON object"),
        ('{"a": 1, "b": 2}\n', "the row has no text of a skill; its fields are a, b"),
        ('{"body": 5}\n', "the row has no text of a skill"),
        ('{"body": "x", "files": 5}\n', "`files` is no list"),
        ("[" * 200_000 + "\n", "JSON nested too deeply"),
    ],
)
def test_rows_that_are_none(tmp_path: Path, row: str, why: str) -> None:
    problem, found = read(tmp_path, row, {"body": TEXT})
    assert isinstance(problem, Problem)
    assert problem.message.startswith(why)
    assert problem.location.line == 1
    assert "skill_md" in problem.hint
    assert isinstance(found, Skill), "the rest is read"


def test_a_row_that_is_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_BYTES", 50)
    (problem,) = read(tmp_path, {"body": "x" * 100})
    assert isinstance(problem, Problem)
    assert "the most that are read" in problem.message


def test_what_is_not_utf8_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"body": "\xff"}\n')
    (problem,) = read_rows(tmp_path / "a.jsonl")
    assert isinstance(problem, Problem)
    assert problem.message == "the row is not UTF-8"
    (problem,) = read_rows(tmp_path / "none.jsonl")
    assert isinstance(problem, Problem)
    assert problem.message == "cannot be opened: no such file or directory"


def test_halves_of_surrogate_pairs_are_no_reason_to_fail(tmp_path: Path) -> None:
    found = skill(tmp_path, '{"body": "a\\ud800b"}\n')
    assert len(found.digest) == 64


@pytest.mark.parametrize(
    ("content", "expected"), [([{"body": TEXT}, 5, {"body": TEXT}], 2), ({"body": TEXT}, 1)]
)
def test_json_that_is_no_json_lines(tmp_path: Path, content: Any, expected: int) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content, indent=2))
    found = list(read_json(path))
    assert [one.root for one in found if isinstance(one, Skill)] == [f"{path}:#1", f"{path}:#3"][:expected]
    assert [one.message for one in found if isinstance(one, Problem)] == [
        "element 2: the row is no JSON object"
    ] * (expected - 1)


def test_json_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("{")
    assert "not valid JSON" in str(list(read_json(path)))
    monkeypatch.setattr(rows, "MOST_BYTES", 0)
    assert "is longer than" in str(list(read_json(path)))
    assert "no such file" in str(list(read_json(tmp_path / "none")))
