"""`modcli profile backtest`, with the scripted backend."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import modcli.cli.profile_backtest
from modcli.backends.scripted import Scripted
from modcli.cli.app import app

Run = Callable[..., Result]

OLD = """\
categories:
  crypto:
    definition: Coins.
    examples: [to the moon with this coin, wen lambo coin, buy the coin now]
    counterexamples: [a coin for the trolley, my cat sleeps all day]
  rude:
    definition: Insults.
    examples: [you absolute moron, shut up you fool, what an idiot you are]
    counterexamples: [you are so kind, what a lovely day]
"""
#: Cats are crypto now, and coins are warned of.
NEW = OLD.replace("[to the moon", "[the cat sleeps in the coin, cats and cat food coin, to the moon").replace(
    "    definition: Coins.", "    definition: Coins and cats.\n    action: warn"
)
POSTS = "buy this coin to the moon\ncat food cats\nyou fool you idiot\nhello there\nlovely day\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `modcli profile backtest` in a folder with two versions of a profile and some posts."""
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.setenv("MODCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MODCLI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text(OLD)
    Path("new.yaml").write_text(NEW)
    Path("posts.txt").write_text(POSTS)

    def run(*arguments: str, stdin: str | bytes = b"") -> Result:
        return CliRunner().invoke(app, ["profile", "backtest", *arguments], input=stdin)

    return run


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_what_flips_in_a_file(run: Run) -> None:
    result = run("old.yaml", "new.yaml", "posts.txt")
    assert result.exit_code == 0, result.stderr
    whole, crypto, rude, *rest = records(result)
    assert (whole["items"], whole["flipped"], whole["newly"], whole["no_longer"]) == (5, 2, 1, 0)
    assert (crypto["category"], crypto["before"], crypto["after"]) == ("crypto", 1, 2)
    assert (rude["before"], rude["after"]) == (1, 1)
    assert {(one["from"], one["to"], one["items"]) for one in rest if one["what"] == "actions"} == {
        ("block", "warn", 1),
        ("allow", "warn", 1),
    }
    assert {one["id"]: one["text"] for one in rest if one["what"] == "flip"} == {
        "posts.txt:1": "buy this coin to the moon",
        "posts.txt:2": "cat food cats",
    }
    table = run("old.yaml", "new.yaml", "posts.txt", "--format", "table", "--show", "1").stdout
    assert table.startswith("old.yaml -> new.yaml: 5 items, --stage reading\n")
    assert "the 1 surest of them" in table


def test_what_has_to_be_read_is_told_and_read_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the model has to read 5 texts first, once" in run("old.yaml", "new.yaml", "posts.txt").stderr
    expected = run("old.yaml", "new.yaml", "posts.txt").stdout

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(Scripted, "read", refuse)
    again = run("old.yaml", "new.yaml", "posts.txt")
    assert (again.stdout, again.stderr) == (expected, "")


def test_without_data_all_that_was_ever_read_is_counted(run: Run) -> None:
    empty = run("old.yaml", "new.yaml", "--format", "table")
    assert empty.exit_code == 0
    assert "0 stored texts" in empty.stdout
    assert "no item was judged" in empty.stderr
    CliRunner().invoke(app, ["check", "-p", "old.yaml", "posts.txt"])
    whole, crypto, *rest = records(run("old.yaml", "new.yaml"))
    # Two more than items: what is left of one that may ask to be let through is read as further windows.
    assert (whole["items"], whole["unit"], whole["flipped"], crypto["newly"]) == (7, "window", 2, 1)
    assert [one["what"] for one in rest] == ["category", "actions", "actions"]
    told = run("old.yaml", "new.yaml", "--stage", "auto")
    assert (told.exit_code, "name files as DATA" in told.stderr) == (2, True)


def test_deeper_stages_ask_the_model(run: Run) -> None:
    Path("posts.txt").write_text("a crypto cat\n")
    result = run("old.yaml", "new.yaml", "posts.txt", "--stage", "model")
    assert result.exit_code == 0
    assert records(result)[0]["stage"] == "model"
    assert "preparing the profile prompt" in result.stderr


def test_standard_input_is_looked_through_as_well(run: Run) -> None:
    result = run("old.yaml", "new.yaml", "-", stdin=POSTS)
    assert records(result)[0]["items"] == 5
    assert [one["id"] for one in records(result) if one["what"] == "flip"] == ["1", "2"]
    rows = '{"id": "a", "post": {"text": "cat food cats"}}\n'
    result = run("old.yaml", "new.yaml", "-", "--text-field", "post.text", stdin=rows)
    assert [one["id"] for one in records(result) if one["what"] == "flip"] == ["a"]


def test_labels_tell_which_flips_were_right(run: Run) -> None:
    rows = [
        {"text": "cat food cats", "labels": ["cryptic"]},
        {"text": "cats and cat food", "labels": []},
        {"text": "cat food, cats, cats"},
        {"text": "you fool you idiot", "labels": "rude"},
    ]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("old.yaml", "new.yaml", "rows.jsonl", "--map", "cryptic=crypto")
    assert result.exit_code == 0, result.stderr
    whole, crypto, rude = records(result)[:3]
    assert (whole["newly"], whole["right"], whole["labelled"]) == (3, 1, 2)
    assert (crypto["right"], crypto["labelled"]) == (1, 2)
    assert "right" not in rude
    assert (
        "1 of 2"
        in run("old.yaml", "new.yaml", "rows.jsonl", "--map", "cryptic=crypto", "--format", "table").stdout
    )
    told = run("old.yaml", "new.yaml", "rows.jsonl")
    assert "labels that are no category of the profile count as none: 'cryptic' (1 row)" in told.stderr


def test_labels_of_which_none_is_known_are_an_error(run: Run) -> None:
    Path("rows.jsonl").write_text('{"text": "a", "kind": "toxic"}\n')
    result = run("old.yaml", "new.yaml", "rows.jsonl", "--label-field", "kind")
    assert result.exit_code == 2
    assert "none of the labels is a category of the profile: 'toxic'" in result.stderr
    assert run("old.yaml", "new.yaml", "rows.jsonl").exit_code == 0
    for written, message in (("toxic", "write it as theirs=ours"), ("toxic=rud", "did you mean rude?")):
        result = run("old.yaml", "new.yaml", "rows.jsonl", "--map", written)
        assert result.exit_code == 2
        assert message in result.stderr


@pytest.mark.parametrize(("most", "status"), [("0.4", 0), ("0.39", 1), ("0", 1), ("1", 0)])
def test_more_flips_than_allowed(run: Run, most: str, status: int) -> None:
    result = run("old.yaml", "new.yaml", "posts.txt", "--max-flips", most)
    assert result.exit_code == status
    assert ("exit status 1: 40.00% of the items flip" in result.stderr) is (status == 1)


def test_items_that_cannot_be_read_are_left_out_and_told(run: Run) -> None:
    Path("posts.txt").write_bytes(b"cat food cats\n\xff\nhello\n")
    result = run("old.yaml", "new.yaml", "posts.txt", "--max-flips", "0")
    assert result.exit_code == 3
    assert (records(result)[0]["items"], records(result)[0]["not_judged"]) == (2, 1)
    assert (
        "exit status 3: 1 of 3 items could not be judged; the first: posts.txt:2: not valid" in result.stderr
    )


def test_profiles_that_say_the_same(run: Run) -> None:
    Path("new.yaml").write_text("# the same\n" + OLD)
    result = run("old.yaml", "new.yaml", "posts.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "say the same: nothing can flip" in result.stderr


def test_what_only_the_profile_prompt_can_judge_is_left_out(run: Run) -> None:
    Path("new.yaml").write_text(NEW + "  vague:\n    definition: Something.\n")
    result = run("old.yaml", "new.yaml", "posts.txt")
    assert (records(result)[0]["left_out"], records(result)[0]["items"]) == (["vague"], 5)
    assert "vague" not in [one.get("category") for one in records(result)]
    deep = records(run("old.yaml", "new.yaml", "posts.txt", "--stage", "auto"))
    assert "vague" in [one.get("category") for one in deep]
    Path("old.yaml").write_text("categories: {vague: {definition: Something.}}\n")
    Path("new.yaml").write_text("categories: {vague: {definition: Something else.}}\n")
    result = run("old.yaml", "new.yaml", "posts.txt")
    assert result.exit_code == 2
    assert "vague: nothing but a definition" in result.stderr


def test_several_categories_judged_as_one(run: Run) -> None:
    Path("old.yaml").write_text("task: binary\n" + OLD)
    Path("new.yaml").write_text("task: binary\n" + NEW)
    found = records(run("old.yaml", "new.yaml", "posts.txt"))
    assert [one["category"] for one in found if one["what"] == "category"] == ["harmful"]


WRONG = [
    (["old.yaml", "nothing", "posts.txt"], "there is no profile 'nothing'"),
    (["old.yaml", "new.yaml", "missing.txt"], "missing.txt: no such file"),
    (["old.yaml", "new.yaml", "."], "is a folder"),
    (
        ["old.yaml", "new.yaml", "posts.txt", "--stage", "deep"],
        "must be one of auto, prefilter, reading, model",
    ),
    (
        ["old.yaml", "new.yaml", "posts.txt", "--input-format", "text", "--text-field", "a"],
        "is for JSON Lines",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_what_is_wrong_is_told_before_a_model_is_opened(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a model was opened")

    monkeypatch.setattr(modcli.cli.profile_backtest, "build_workbench", refuse)
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_without_a_cache_nothing_is_stored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODCLI_CACHE", "false")
    result = run("old.yaml", "new.yaml")
    assert result.exit_code == 2
    assert "no states are kept" in result.stderr
    assert records(run("old.yaml", "new.yaml", "posts.txt"))[0]["flipped"] == 2


def test_an_interrupt_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Scripted, "read", interrupt)
    result = run("old.yaml", "new.yaml", "posts.txt")
    assert result.exit_code == 130
    assert "interrupted; what was read is kept" in result.stderr


def test_the_old_version_may_come_through_a_pipe(run: Run) -> None:
    """As with `<(git show HEAD:new.yaml)`."""
    os.mkfifo("pipe.yaml")
    writer = threading.Thread(target=lambda: Path("pipe.yaml").write_text(OLD))
    writer.start()
    result = run("./pipe.yaml", "new.yaml", "posts.txt")
    writer.join()
    assert records(result)[0]["flipped"] == 2


def test_content_cannot_steer_the_terminal(run: Run) -> None:
    Path("rows.jsonl").write_text(json.dumps({"id": "\x1b[2J", "text": "cat food \x1b]0;x\x07 cats"}) + "\n")
    for form in ("table", "jsonl"):
        result = run("old.yaml", "new.yaml", "rows.jsonl", "--format", form)
        assert not {"\x1b", "\x07"} & set(result.stdout)
        assert "cat food" in result.stdout
