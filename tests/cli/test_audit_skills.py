"""`modcli audit` of a folder of skills."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.cli.app import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, description in (
        ("toc", "Adds a table of contents to Markdown files."),
        ("kit", "Builds a worm that spreads by itself through a company and steals its documents."),
    ):
        skill = tmp_path / "skills" / name
        skill.mkdir(parents=True)
        (skill / "SKILL.md").write_text(f"---\nname: {name}\ndescription: {description}\n---\n# {name}\n")
    return tmp_path / "skills"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def test_skills_are_judged_by_their_own_profile_once_and_again_by_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODCLI_PROFILE", "spam-only")
    first = run("skills", "--backend", "scripted", "--out", "a.db")
    assert first.exit_code == 1, first.output
    assert "agent skills: 2 records read, 2 new" in first.stderr
    again = run("skills", "--backend", "scripted", "--out", "a.db")
    assert again.exit_code == 1
    exported = run("export", "a.db", "--format", "jsonl")
    found = {record["key"]: record for record in map(json.loads, exported.stdout.splitlines())}
    assert set(found) == {"skill:toc", "skill:kit"}
    assert found["skill:kit"]["action"] == "block"
    scores = {key: record["scores"]["cyber-attacks"] for key, record in found.items()}
    assert scores["skill:kit"] > max(0.5, scores["skill:toc"])
    rejudged = run("rejudge", "a.db", "-p", "default", "--backend", "scripted")
    assert rejudged.exit_code == 0, rejudged.output


def test_a_plan_says_how_many_there_are(folder: Path) -> None:
    assert run("plan", "skills", "--out", "a.db").exit_code == 0


def test_a_profile_that_is_named_is_the_one_used(folder: Path) -> None:
    Path("p.yaml").write_text("categories: {contents: {action: block, definition: A table of contents.}}")
    ran = run("skills", "--backend", "scripted", "--out", "a.db", "-p", "p.yaml")
    assert ran.exit_code == 1, ran.output
