"""`modcli tune` with a scripted model, whose label words follow the words of a text."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modcli.cli.app import app
from tests.cascade.taught import WORDS

PROFILE = "categories:\n  spam:\n    definition: Advertising.\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(PROFILE, "utf-8")
    chance = random.Random(3)
    lines = []
    for i in range(150):
        words = chance.sample(WORDS, 4)
        if i % 3 == 0:
            words += ["spam", "offer", "prize"]
        lines.append(" ".join(words))
    (tmp_path / "posts.txt").write_text("\n".join(dict.fromkeys(lines)), "utf-8")
    return tmp_path


def run(*arguments: str) -> tuple[int, list[dict[str, object]], str]:
    result = CliRunner().invoke(app, [*arguments])
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return result.exit_code, rows, result.stderr


def tune(*arguments: str) -> tuple[int, list[dict[str, object]], str]:
    return run("tune", "-p", "./mine.yaml", "--backend", "scripted", *arguments)


def test_a_definition_learns_and_judges_by_reading_alone(home: Path) -> None:
    status, rows, _ = tune("posts.txt")
    assert status == 0
    assert [(row["category"], row["learned"]) for row in rows] == [("spam", True)]
    assert 0.2 < float(str(rows[0]["share"])) < 0.5
    check = ("check", "-p", "./mine.yaml", "--backend", "scripted", "--stage", "reading")
    status, verdicts, _ = run(*check, "--text", "spam offer prize tram", "--text", "bread garden tram")
    assert status == 1
    assert [verdict["action"] for verdict in verdicts] == ["block", "allow"]
    assert {verdict["stage"] for verdict in verdicts} == {"reading"}


def test_an_edited_profile_is_not_tuned_any_more_and_says_so(home: Path) -> None:
    tune("posts.txt")
    (home / "mine.yaml").write_text(PROFILE.replace("Advertising", "Adverts"), "utf-8")
    status, _, told = run("check", "-p", "./mine.yaml", "--backend", "scripted", "--text", "a swim")
    assert status == 0
    assert "is not as it was when it was tuned" in told
    assert tune("--status")[0] == 1
    # The sample is still there: no file has to be named.
    status, rows, _ = tune()
    assert status == 0
    assert rows[0]["learned"]
    status, _, told = tune("--status")
    assert status == 0
    assert "learning" not in told


def test_forget_says_what_is_left_of_an_edited_profile(home: Path) -> None:
    tune("posts.txt")
    (home / "mine.yaml").write_text(PROFILE.replace("Advertising", "Adverts"), "utf-8")
    told = tune("--forget")[2]
    assert "nothing was kept for mine as it is" in told
    assert f"are left in {home / 'data' / 'tuning'}" in told


def test_forget(home: Path) -> None:
    tune("posts.txt")
    assert "deleted" in tune("--forget")[2]
    assert "nothing was kept" in tune("--forget")[2]
    status, _, told = tune("--status")
    assert status == 2
    assert "has not been tuned" in told


@pytest.mark.parametrize("content", ["", "one post\n" * 500, "\n".join(map(str, range(59)))])
def test_too_few_different_posts(home: Path, content: str) -> None:
    (home / "few.txt").write_text(content, "utf-8")
    status, rows, told = tune("few.txt")
    assert status == 2
    assert not rows
    assert "too few to learn from" in told


def test_nothing_to_learn_is_said_and_changes_nothing(home: Path) -> None:
    chance = random.Random(4)
    same = dict.fromkeys(" ".join(chance.sample(WORDS, 5)) for _ in range(150))
    (home / "plain.txt").write_text("\n".join(same), "utf-8")
    status, rows, _ = tune("plain.txt")
    assert status == 0
    assert not any(row["learned"] for row in rows)
    status, _, told = run(
        "check", "-p", "./mine.yaml", "--backend", "scripted", "--stage", "reading", "--text", "x"
    )
    assert status == 2
    assert "nothing but a definition" in told


def test_unreadable_posts_are_told_and_left_out(home: Path) -> None:
    lines = [json.dumps({"text": line}) for line in (home / "posts.txt").read_text("utf-8").splitlines()]
    (home / "posts.jsonl").write_text("\n".join(["{broken", *lines]), "utf-8")
    status, rows, told = tune("posts.jsonl")
    assert status == 3
    assert rows[0]["learned"]
    assert "posts.jsonl:1" in told


def test_a_model_that_says_the_same_of_every_post_teaches_nothing_and_that_is_said(home: Path) -> None:
    chance = random.Random(5)
    same = dict.fromkeys(" ".join(chance.sample(WORDS, 4)) for _ in range(150))
    (home / "mine.yaml").write_text(PROFILE.replace("spam:", "gossip:"), "utf-8")
    (home / "plain.txt").write_text("\n".join(same), "utf-8")
    for form in ("table", "jsonl"):
        status, rows, told = tune("plain.txt", "--format", form)
        assert (status, rows) == (0, [])
        assert "gossip: nothing learned, as the model says the same of every post" in told


@pytest.mark.usefixtures("home")
def test_a_file_that_is_not_there() -> None:
    status, _, told = tune("nowhere.txt")
    assert status == 2
    assert "nowhere.txt: no such file" in told
    assert "SAMPLE are files of posts" in told
