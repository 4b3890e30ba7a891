"""Skills as records of an audit."""

from __future__ import annotations

from pathlib import Path

from modcli.skills.export import skills_export
from modcli.sources.post import Post, Problem


def write(folder: Path, name: str, body: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "SKILL.md").write_text(f"---\nname: {name}\ndescription: About {name}.\n---\n{body}\n")


def test_each_skill_is_one_record_that_keeps_its_key_when_it_changes(tmp_path: Path) -> None:
    write(tmp_path, "one", "the body")
    write(tmp_path, "two", "another body")
    export = skills_export(tmp_path)
    [skills] = export.inputs
    found = {record.found.text: record.found for record in skills.read() if isinstance(record.found, Post)}
    assert set(found) == {"one: About one.\n\nthe body", "two: About two.\n\nanother body"}
    (tmp_path / "one" / "SKILL.md").write_text("changed")
    keys = {record.found.key for record in skills.read() if isinstance(record.found, Post)}
    assert keys == {post.key for post in found.values()}
    assert "modcli check --skill" in export.notes[0]


def test_reading_goes_on_behind_a_position(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path, name, "text")
    [skills] = skills_export(tmp_path).inputs
    whole = list(skills.read())
    assert list(skills.read(whole[0].position)) == whole[1:]
    assert list(skills.read(whole[-1].position)) == []


def test_a_skill_that_is_too_long_is_judged_in_part_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "long", "\n".join(f"line {i} " + "word " * 170 for i in range(100)))
    [skills] = skills_export(tmp_path).inputs
    problem, post = (record.found for record in skills.read())
    assert isinstance(problem, Problem)
    assert "of its text" in problem.message
    assert isinstance(post, Post)
    assert "line 0 " in post.text
    assert "line 99 " in post.text
    first = next(iter(skills.read()))
    assert any(isinstance(record.found, Post) for record in skills.read(first.position))


def test_a_folder_without_a_skill_is_a_problem(tmp_path: Path) -> None:
    [skills] = skills_export(tmp_path).inputs
    assert [type(record.found) for record in skills.read()] == [Problem]
