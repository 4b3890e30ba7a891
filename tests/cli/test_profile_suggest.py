"""`modcli profile suggest`: what is picked, and what becomes of answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from modcli.cli import profile_suggest
from modcli.cli.app import app
from modcli.cli.keys import Keys

Run = Callable[..., Result]

MINE = """\
# mine
categories:
  ads:
    examples: [coin moon profit, wallet token coin]
    counterexamples: [lake swim sun, boat water lake]
  games:
    action: warn
    examples: [chess board queen]
"""
POSTS = ("chess coin lake", "queen boat wallet", "profit swim clock", "sun water token")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"MODCLI_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE)
    Path("posts.txt").write_text("".join(f"{post}\n" for post in POSTS))

    def run(*arguments: str, typed: str | None = None, stdin: str = "") -> Result:
        if typed is not None:
            monkeypatch.setattr(profile_suggest, "_keyboard", lambda *_: Keys(io.StringIO(typed)))
        return CliRunner().invoke(app, ["profile", "suggest", "-p", "./mine.yaml", *arguments], input=stdin)

    return run


def written() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(Path("mine.yaml").read_text())
    return found


def test_suggestions_are_records_that_can_be_labelled_and_learned(run: Run) -> None:
    result = run("posts.txt", "-n", "3")
    assert result.exit_code == 0, result.stderr
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 3
    assert {record["text"] for record in records} <= set(POSTS)
    assert all(record["id"].startswith("posts.txt:") for record in records)
    assert set(records[0]["categories"]) == {"ads", "games"}
    labelled = "".join(json.dumps(record | {"labels": ["ads"]}) + "\n" for record in records)
    Path("labelled.jsonl").write_text(labelled)
    learned = CliRunner().invoke(app, ["profile", "learn", "labelled.jsonl", "-p", "./mine.yaml"])
    assert "3 answers learned" in learned.stderr
    # What was answered is not asked again.
    again = run("posts.txt", "-n", "4")
    assert len(again.stdout.splitlines()) == 1


def test_a_table_for_a_person(run: Run) -> None:
    table = run("posts.txt", "--format", "table").stdout
    assert table.startswith("  1  ")
    assert "posts.txt:" in table


def test_json_lines_and_standard_input(run: Run) -> None:
    lines = "".join(json.dumps({"body": post}) + "\n" for post in POSTS) + "broken\n"
    result = run("-", "--text-field", "body", stdin=lines)
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 4
    assert result.stderr.splitlines()[-1] == "exit status 3: 1 post could not be read"


def test_answers_are_written_at_once(run: Run) -> None:
    result = run("posts.txt", "--ask", typed="12\nn\ns\n2\n")
    assert result.exit_code == 0, result.stderr
    shots = written()["shots"]
    assert isinstance(shots, list)
    assert [shot["labels"] for shot in shots] == [["ads", "games"], [], ["games"]]
    assert f"3 answers written to {Path('mine.yaml').resolve()}" in result.stderr
    assert Path("mine.yaml").read_text().startswith(MINE)
    assert "1 ads  2 games  n none  s skip  q quit" in result.stdout


@pytest.mark.parametrize("typed", ["q", "", "1\nq"])
def test_somebody_has_enough(run: Run, typed: str) -> None:
    result = run("posts.txt", "--ask", typed=typed)
    assert result.exit_code == 0
    shots = written().get("shots", [])
    assert isinstance(shots, list)
    assert len(shots) == typed.count("1")


def test_of_one_category_a_yes_is_an_example_and_a_no_a_counterexample(run: Run) -> None:
    result = run("posts.txt", "--ask", "--category", "ads", typed="y\nn\ns\nq\n")
    assert result.exit_code == 0, result.stderr
    assert "2 answers written" in result.stderr
    categories = written()["categories"]
    assert isinstance(categories, dict)
    assert len(categories["ads"]["examples"]) == 3
    assert len(categories["ads"]["counterexamples"]) == 3
    assert categories["games"] == {"action": "warn", "examples": ["chess board queen"]}


def test_of_several_classes_one_key_is_enough(run: Run) -> None:
    Path("mine.yaml").write_text("task: multi-class\n" + MINE)
    result = run("posts.txt", "--ask", "-n", "2", typed="2n")
    assert result.exit_code == 0, result.stderr
    shots = written()["shots"]
    assert isinstance(shots, list)
    assert [shot["labels"] for shot in shots] == [["games"], []]


def test_a_profile_that_ships_gets_a_file_of_the_users(run: Run, tmp_path: Path) -> None:
    result = run("-p", "spam-only", "posts.txt", "--ask", "-n", "1", typed="1")
    assert result.exit_code == 0, result.stderr
    assert "labels: [spam]" in (tmp_path / "config" / "profiles" / "spam-only.yaml").read_text()


def test_a_pool_is_drawn_of_many(run: Run) -> None:
    result = run("posts.txt", "--pool", "2")
    assert len(result.stdout.splitlines()) == 2
    assert "chosen among 2 of 4 posts, drawn at random (--pool)" in result.stderr


def test_nothing_to_choose_from_is_said(run: Run) -> None:
    Path("empty.txt").write_text("")
    result = run("empty.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "there is no post\n")
    Path("known.txt").write_text("coin moon profit\n")
    assert run("known.txt").stderr == "there is no post that is not a shot already\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope.txt"], "error: nope.txt: no such file"),
        (
            ["posts.txt", "--category", "adz"],
            "error: the profile has no category 'adz'\nhint: did you mean ads?",
        ),
        (["posts.txt", "--ask"], "error: nobody can be asked: the output is no terminal"),
        (["posts.txt", "-p", "nope"], "error: there is no profile 'nope'"),
    ],
)
def test_what_cannot_be_done_is_an_error(run: Run, arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert Path("mine.yaml").read_text() == MINE
