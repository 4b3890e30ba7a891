"""`modcli review` without a terminal: what would be asked, answers from a file, what is learned, the log."""

from __future__ import annotations

import importlib
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from modcli.cli import review as command
from modcli.cli.app import app
from modcli.errors import MissingExtraError, UsageError

POSTS = (
    "you are a clown and a liar",
    "what a lovely morning by the sea",
    "buy cheap watches now, free offer",
    "a clown at the circus made us laugh",
    "the ferry was late again",
)
MINE = """\
# mine
categories:
  spam:
    action: block
    examples: ["free offer, buy now", "cheap watches, buy now"]   # a classic
  rude:
    action: warn
    examples: ["you are a liar", "you clown"]
"""


@pytest.fixture(autouse=True)
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE)
    rows = ({"id": f"p{i}", "text": text} for i, text in enumerate(POSTS))
    Path("posts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = CliRunner().invoke(app, ["audit", "posts.jsonl", "-p", "./mine.yaml", "--out", "a.db"])
    assert made.exit_code in (0, 1), made.output
    # What the verdicts are does not matter here; that they are known does.
    with sqlite3.connect("a.db") as connection:
        for text, severity, category, scores in (
            (1, 1, "rude", {"spam": 0.1, "rude": 0.8}),
            (2, 0, "spam", {"spam": 0.0, "rude": 0.0}),
            (3, 2, "spam", {"spam": 0.6, "rude": 0.1}),
            (4, 0, "rude", {"spam": 0.0, "rude": 0.45}),
            (5, 1, "rude", {"spam": 0.0, "rude": 0.9}),
        ):
            connection.execute(
                "UPDATE verdicts SET severity = ?, category = ?, p = ?, scores = ? WHERE text = ?",
                (severity, category, scores[category], json.dumps(scores), text),
            )
        connection.execute("UPDATE judgements SET thresholds = ?", ('{"spam": 0.5, "rude": 0.5}',))
    connection.close()
    return tmp_path


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["review", "a.db", *words], input=stdin)


def told(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def answers(*rows: dict[str, Any] | str) -> str:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    Path("answers.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return "answers.jsonl"


def answered(*rows: tuple[int, str], learn: bool = False) -> Result:
    given = ({"id": id, "answer": answer} for id, answer in rows)
    return run("--answers", answers(*given), *(["--learn"] if learn else []))


def shots() -> list[dict[str, Any]]:
    return list(yaml.safe_load(Path("mine.yaml").read_text()).get("shots", []))


def log() -> list[dict[str, Any]]:
    return told(run("--log"))


def test_what_would_be_asked_the_most_uncertain_first() -> None:
    found = told(run("--list"))
    assert [row["id"] for row in found] == [4, 3, 1, 5]
    assert (found[0]["nearest"], found[0]["distance"], found[0]["action"]) == ("rude", 0.05, "allow")
    assert found[0]["thresholds"] == {"spam": 0.5, "rude": 0.5}
    assert [row["id"] for row in told(run("--list", "--action", "block"))] == [3]
    assert [row["id"] for row in told(run("--list", "--category", "rude", "--limit", "1"))] == [1]
    assert [row["id"] for row in told(run("--list", "--within", "0"))] == [3, 1, 5]
    assert told(run("--list", "--author", "nobody")) == []


def test_answers_are_written_and_what_is_decided_is_not_asked_again() -> None:
    result = answered((3, "right"), (1, "wrong"), (4, "wrong"), (5, "skip"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "4 answers taken" in result.stderr
    assert [(row["answer"], row["labels"], row["before"], row["after"]) for row in log()] == [
        ("right", ["spam"], "block", "block"),
        ("wrong", [], "warn", "allow"),
        ("wrong", ["rude"], "allow", "warn"),
        ("skip", [], "warn", None),
    ]
    assert [(row["id"], row["skipped"]) for row in told(run("--list"))] == [(5, True)]
    query = CliRunner().invoke(app, ["audit", "query", "a.db", "--format", "jsonl"])
    assert [row["decision"] for row in told(query)] == ["wrong", None, "right", "wrong", None]


def test_the_same_answers_are_taken_once() -> None:
    first = next(row for row in told(run("--list")) if row["id"] == 1)
    rows = (
        {"id": 3, "answer": "right"},
        {"id": first["key"], "answer": "other", "labels": ["spam"], "why": "ad"},
    )
    assert "2 answers taken" in run("--answers", answers(*rows)).stderr
    assert "0 answers taken, 2 given before" in run("--answers", answers(*rows)).stderr
    assert "1 answer taken" in answered((3, "wrong")).stderr
    assert len(log()) == 3
    assert log()[1]["why"] == "ad"


def test_bad_lines_are_told_by_place_and_the_rest_goes_on() -> None:
    rows = answers(
        {"id": 3, "answer": "maybe"},
        '{"id": 3, "answer": ',
        {"answer": "right"},
        {"id": 99, "answer": "right"},
        {"id": 3, "answer": "other"},
        {"id": 3, "answer": "other", "labels": ["nope"]},
        {"id": 3, "answer": "other", "labels": [1]},
        {"id": 3, "answer": "right", "labels": ["spam"]},
        {"id": 3, "answer": "right", "why": 4},
        {"id": 3.5, "answer": "right"},
        {"id": 1, "answer": "right"},
    )
    result = run("--answers", rows)
    assert result.exit_code == 3
    assert [f"answers.jsonl:{i}:" in result.stderr for i in range(1, 12)] == [True] * 10 + [False]
    assert result.stderr.count("hint:") == 10
    assert [row["id"] for row in log()] == [1]


def test_answers_from_standard_input() -> None:
    assert run("--answers", "-", stdin='{"id": 3, "answer": "right"}\n').exit_code == 0
    assert len(log()) == 1


def test_answers_become_shots_when_that_is_asked_for() -> None:
    assert not shots()
    result = answered((3, "right"), (1, "wrong"), (4, "right"), learn=True)
    assert result.exit_code == 0, result.stderr
    effect, learned = told(result)
    assert effect["texts"] == 5
    assert sum(effect["moves"].values()) == effect["changed"]
    assert (learned["new"], learned["written"]) == (3, True)
    assert shots() == [
        {"text": POSTS[2], "labels": ["spam"], "unknown": "*"},
        {"text": POSTS[0], "labels": []},
        {"text": POSTS[3], "labels": []},
    ]
    assert Path("mine.yaml").read_text().startswith("# mine\n")
    assert "# a classic" in Path("mine.yaml").read_text()


def test_nothing_is_learned_twice() -> None:
    answered((3, "right"), learn=True)
    Path("mine.yaml").write_text(MINE)
    again = run("--learn")
    assert "nothing to learn any more" in again.stderr
    assert not shots()
    assert len(shots_in("other.yaml")) == 1


def shots_in(name: str) -> list[Any]:
    Path(name).write_text(MINE)
    assert run("--learn", "-p", f"./{name}").exit_code == 0
    return list(yaml.safe_load(Path(name).read_text()).get("shots", []))


def test_a_rehearsal_writes_nothing_and_remembers_nothing() -> None:
    answered((3, "right"))
    result = run("--learn", "--dry-run")
    assert told(result)[-1] == {
        "what": "learned",
        "profile": str(Path("mine.yaml").resolve()),
        "new": 1,
        "known": 0,
        "contradicting": 0,
        "kept_apart": 0,
        "unclear": 0,
        "written": False,
    }
    assert Path("mine.yaml").read_text() == MINE
    assert told(run("--learn"))[-1]["new"] == 1


def test_what_was_drawn_for_a_certificate_never_becomes_a_shot() -> None:
    with sqlite3.connect("a.db") as connection:
        connection.execute("INSERT INTO sampled (judgement, text, stage, severity) VALUES (1, 3, 'x', 2)")
    connection.close()
    result = answered((3, "right"), (1, "wrong"), learn=True)
    assert told(result)[-1]["kept_apart"] == 1
    assert "1 decision is on what was drawn for a certificate" in result.stderr
    assert [shot["text"] for shot in shots()] == [POSTS[0]]


def test_what_contradicts_the_profile_is_left_out_unless_it_is_to_overrule() -> None:
    answered((3, "right"), learn=True)
    answered((3, "wrong"))
    result = run("--learn")
    assert result.exit_code == 3
    assert "a.db decision 2" in result.stderr
    assert shots()[0]["labels"] == ["spam"]
    assert run("--learn", "--overrule").exit_code == 0
    assert shots() == [{"text": POSTS[2], "labels": []}]


def test_another_profile_learns_what_it_can() -> None:
    Path("other.yaml").write_text(
        'categories:\n  spam: {examples: ["buy now"]}\n  dull: {examples: ["late again"]}\n'
    )
    answered((3, "right"), (1, "right"), (4, "right"))
    result = run("--learn", "-p", "./other.yaml")
    assert told(result)[-1]["unclear"] == 1
    written = yaml.safe_load(Path("other.yaml").read_text())["shots"]
    assert [(shot["labels"], shot["unknown"]) for shot in written] == [(["spam"], "*"), ([], ["dull"])]


def test_what_cannot_be_measured_is_not_learned_unless_one_says_so() -> None:
    with sqlite3.connect("a.db") as connection:
        connection.execute("UPDATE judgements SET model = 'other', model_name = 'other-model'")
    connection.close()
    answered((3, "right"))
    result = run("--learn")
    assert result.exit_code == 2
    assert "--model other-model" in result.stderr
    assert not shots()
    assert run("--learn", "--unmeasured").exit_code == 0
    assert len(shots()) == 1


def test_the_log_has_all_rows_and_a_form_for_people() -> None:
    answered((3, "right"), (1, "wrong"))
    assert [row["decision"] for row in log()] == [1, 2]
    table = run("--log", "--format", "table").stdout
    assert "right: spam" in table
    assert "wrong" in table


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "there is no terminal"),
        (["--list", "--log"], "one at a time"),
        (["--list", "--learn"], "one at a time"),
        (["--answers", "nowhere.jsonl"], "no such file"),
        (["--list", "--since", "yesterday"], "not a date"),
        (["--list", "--judgement", "9"], "no judgement 9"),
        (["--learn", "-p", "./nowhere.yaml"], "is not there"),
    ],
)
def test_what_cannot_be_done_is_refused(words: list[str], says: str) -> None:
    if "--learn" in words:
        answered((3, "right"))
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.fixture
def no_textual(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.split(".")[0] == "textual" or name.endswith("review_screen")
    ]:
        monkeypatch.delitem(sys.modules, name)

    def load(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name}", name="textual")

    monkeypatch.setattr(importlib, "import_module", load)


def test_without_textual_the_extra_is_named(no_textual: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        command._screen()
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(MissingExtraError) as raised:
        command._screen()
    assert "modcli[review]" in str(raised.value.hint)
