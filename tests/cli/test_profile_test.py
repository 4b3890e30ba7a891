"""`modcli profile test`, with the scripted backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import modcli.cli.assemble_skills
import modcli.cli.profile_test
from modcli.backends.scripted import Scripted
from modcli.cascade.moderator import Moderator
from modcli.cli.app import app
from modcli.verdict import Verdict

Run = Callable[..., Result]

MINE = """\
categories:
  crypto:
    definition: Coins.
    examples: [to the moon with this coin, wen lambo coin, buy the coin now]
    counterexamples: [a coin for the trolley, my cat sleeps all day]
  rude:
    definition: Insults.
    examples: [you absolute moron, shut up you fool, what an idiot you are]
    counterexamples: [you are so kind, what a lovely day]
tests:
  - {text: this coin goes to the moon, category: crypto, action: block, but: the moon is lovely tonight}
  - {text: you moron idiot, category: rude, action: block}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli profile test` in a folder with the profile `mine.yaml`."""
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["profile", "test", *arguments])

    return run


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_all_pass(run: Run) -> None:
    result = run("./mine.yaml")
    assert result.exit_code == 0, result.stderr
    assert [(one["test"], one["action"], one["passed"]) for one in records(result)] == [
        ("tests[1]", "block", True),
        ("tests[1].but", "allow", True),
        ("tests[2]", "block", True),
    ]
    assert "mine: 3 tests" in run("-p", "./mine.yaml", "--format", "table").stdout


def test_one_fails(run: Run) -> None:
    Path("mine.yaml").write_text(MINE + "  - {text: hello there, action: warn}\n")
    result = run("./mine.yaml")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "exit status 1: 1 of 4 tests failed"
    assert "should be warned of, is allowed" in records(result)[-1]["why"]


def test_a_second_run_asks_the_model_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """States, label scores and what is fitted come from the stores, at every stage."""
    for stage in ("auto", "model", "reading"):
        assert run("./mine.yaml", "--stage", stage).exit_code == 0

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(Scripted, "read", refuse)
    for stage in ("auto", "model", "reading"):
        result = run("./mine.yaml", "--stage", stage)
        assert result.exit_code == 0, result.exception


def test_an_edit_is_followed_or_moves_what_it_must_not(run: Run) -> None:
    run("./mine.yaml")
    edited = MINE.replace("[to the moon with this coin, ", "[the moon is lovely coin, ")
    Path("mine.yaml").write_text(edited)
    result = run("./mine.yaml")
    assert result.exit_code == 1
    assert "mine: edited since the last run: crypto" in result.stderr
    moved = records(result)[1]["moved"]
    assert [(one["category"], one["followed_the_edit"]) for one in moved] == [("crypto", True)]
    # The same edit again is none; and a category that another one pulls along has moved without reason.
    assert records(run("./mine.yaml"))[1]["moved"] == []
    Path("mine.yaml").write_text(edited.replace("[the moon is lovely coin, ", "[you idiot of a moron, "))
    moved = [move for record in records(run("./mine.yaml")) for move in record["moved"]]
    assert {one["category"] for one in moved if one["followed_the_edit"]} == {"crypto"}


def test_without_a_cache_there_is_nothing_to_compare_with(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        result = run("./mine.yaml", "--no-cache")
        assert (result.exit_code, "moved" in records(result)[0]) == (0, False)
    assert not (tmp_path / "cache").exists()


def test_a_run_that_cannot_be_kept_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "tests").write_text("in the way")
    result = run("./mine.yaml")
    assert result.exit_code == 0
    assert "this run cannot be kept to compare the next one with" in result.stderr


def test_several_profiles_are_tested_one_by_one(run: Run) -> None:
    Path("broken.yaml").write_text("categories: {t: {acton: block}}\n")
    Path("bare.yaml").write_text("categories: {t: {examples: [a]}}\n")
    Path("child.yaml").write_text("extends: ./mine.yaml\ncategories: {rude: {action: warn}}\n")
    result = run("./broken.yaml", "./bare.yaml", "-p", "./child.yaml", "./missing.yaml")
    assert result.exit_code == 2
    assert [one["profile"] for one in records(result)] == ["child", "child"]
    assert "broken.yaml:1:18: unknown key 'acton'" in result.stderr
    assert "bare: no tests; write some under `tests:`" in result.stderr
    assert "1 inherited test left out: 'rude' was block, and is warn" in result.stderr
    assert "missing.yaml is not there" in result.stderr
    assert run("./bare.yaml").exit_code == 0


def test_a_test_that_is_an_example_is_told(run: Run) -> None:
    Path("mine.yaml").write_text(MINE + "  - {text: wen lambo coin, action: block}\n")
    result = run("./mine.yaml")
    assert "tests[3]" in result.stderr
    assert "is an example as well, so it shows nothing" in result.stderr


def test_what_cannot_be_judged_is_status_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Moderator.judge

    def fail_at_the_last(self: Moderator, items: Any) -> list[Verdict]:
        *verdicts, last = judge(self, items)
        return [*verdicts, Verdict(last.id, last.action, error="the runtime failed")]

    monkeypatch.setattr(Moderator, "judge", fail_at_the_last)
    result = run("./mine.yaml")
    assert result.exit_code == 3
    assert "1 could not be judged" in result.stderr
    assert "the runtime failed" in result.stderr
    assert records(result)[-1]["error"] == "the runtime failed"


def test_only_the_reading_cannot_judge_a_definition(run: Run) -> None:
    Path("mine.yaml").write_text("categories: {t: {definition: d}}\ntests: [{text: a, action: allow}]\n")
    result = run("./mine.yaml", "--stage", "reading")
    assert result.exit_code == 2
    assert "t: nothing but a definition" in result.stderr


def test_label_words_that_are_one_are_the_profiles_fault(run: Run) -> None:
    Path("mine.yaml").write_text(
        MINE.replace("    definition: Coins.\n", "    definition: Coins.\n    label: ordinary\n")
    )
    result = run("./mine.yaml")
    assert result.exit_code == 2
    assert "cannot tell the label words" in result.stderr


def test_the_model_is_loaded_for_tests_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model was opened")

    monkeypatch.setattr(modcli.cli.profile_test, "build_workbench", refuse)
    Path("bare.yaml").write_text("categories: {t: {examples: [a]}}\n")
    assert run("./bare.yaml").exit_code == 0


def test_cards_of_skills_are_judged_as_skills_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    purpose_judging = modcli.cli.assemble_skills.purpose_judging

    def noted(*arguments: Any, **options: Any) -> Any:
        made.append(arguments[2].name)
        return purpose_judging(*arguments, **options)

    monkeypatch.setattr(modcli.cli.assemble_skills, "purpose_judging", noted)
    assert run("./mine.yaml").exit_code == 0
    assert made == []
    assert len(records(run("./mine.yaml", "--skill"))) == 3
    Path("skills.yaml").write_text(MINE)
    assert len(records(run("./skills.yaml"))) == 3
    assert made == ["mine", "skills"]
