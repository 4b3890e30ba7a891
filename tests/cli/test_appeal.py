"""`modcli appeal`: recorded with its reason, judged again, and nothing changes unless somebody says so."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from modcli.cli import appeal as command
from modcli.cli.app import app
from modcli.profile import Action

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive"
MINE = """\
# mine
categories:
  spam: {action: block, examples: ["free offer, buy now", "cheap watches, buy now"]}   # a classic
  rude: {action: warn, examples: ["you are a liar", "you clown"]}
"""
CRUISE = "https://village.example/@ada/10"


@pytest.fixture(autouse=True)
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(MINE)
    made = CliRunner().invoke(app, ["audit", str(EXAMPLE), "-p", "./mine.yaml", "--out", "a.db"])
    assert made.exit_code in (0, 1), made.output
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["appeal", "a.db", *words])


def told(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def set_verdict(action: str, p: float = 0.99) -> None:
    """Whatever was found, the cruise was judged so."""
    severity = ("allow", "warn", "block").index(action)
    with sqlite3.connect("a.db") as connection:
        connection.execute(
            "UPDATE verdicts SET severity = ?, category = 'spam', p = ? WHERE text IN"
            " (SELECT text FROM parts JOIN items ON items.id = item WHERE url = ?)",
            (severity, p, CRUISE),
        )
    connection.close()


def row_of() -> dict[str, Any]:
    query = CliRunner().invoke(app, ["audit", "query", "a.db", "--contains", "cruise", "--format", "jsonl"])
    return told(query)[0]


def log() -> list[dict[str, Any]]:
    return told(CliRunner().invoke(app, ["review", "a.db", "--log"]))


def shots() -> list[dict[str, Any]]:
    return list(yaml.safe_load(Path("mine.yaml").read_text()).get("shots", []))


def test_an_appeal_is_recorded_and_changes_nothing() -> None:
    set_verdict("block")
    result = run(CRUISE, "--why", "a joke", "-p", "./mine.yaml")
    assert result.exit_code == 0, result.stderr
    [record] = told(result)
    assert (record["url"], record["why"], record["after"]) == (CRUISE, "a joke", None)
    assert record["before"]["action"] == "block"
    assert record["again"]["part"] == "text"
    assert set(record["again"]["categories"]) == {"spam", "rude"}
    [entry] = log()
    assert (entry["answer"], entry["source"], entry["why"], entry["before"]) == (
        "appeal",
        "appeal",
        "a joke",
        "block",
    )
    assert (row_of()["action"], row_of()["decision"]) == ("block", "appeal")


def test_a_person_allows_it() -> None:
    set_verdict("block")
    number = str(row_of()["id"])
    assert told(run(number, "--why", "a joke", "--accept"))[0]["after"] == "allow"
    assert row_of()["action"] == "allow"
    # Another one that is not granted leaves that as it is.
    assert told(run(number, "--why", "once more"))[0]["before"]["action"] == "allow"
    assert row_of()["action"] == "allow"


def test_a_new_verdict_holds_where_somebody_says_so() -> None:
    judged = told(run(CRUISE, "--why", "what is it?"))[0]["again"]["action"]
    set_verdict("warn" if judged != "warn" else "block")
    assert told(run(CRUISE, "--why", "x"))[0]["after"] is None
    assert told(run(CRUISE, "--why", "x", "--rejudged"))[0]["after"] == judged
    assert row_of()["action"] == judged
    # It is what holds already.
    assert told(run(CRUISE, "--why", "x", "--rejudged"))[0]["after"] is None


def test_on_a_terminal_the_person_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    one = type("One", (), {"settled": Action.BLOCK})()
    again = type("Again", (), {"action": Action.ALLOW})()
    asked: list[str] = []
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    for answer in (True, False):
        monkeypatch.setattr(
            "typer.confirm", lambda question, err, answer=answer: (asked.append(question), answer)[1]
        )
        found = command._after(one, again, accept=False, rejudged=False)  # type: ignore[arg-type]
        assert found is (Action.ALLOW if answer else None)
    assert asked[0] == "It was block and is judged allow now. Is that to hold?"


def test_it_becomes_a_counterexample_with_its_effect_shown() -> None:
    set_verdict("block")
    result = run(CRUISE, "--why", "a joke", "--accept", "--shot")
    assert result.exit_code == 0, result.stderr
    _, effect, learned = told(result)
    assert effect["what"] == "effect"
    assert (learned["new"], learned["written"]) == (1, True)
    [shot] = shots()
    assert shot["text"].startswith("CONGRATULATIONS!")
    assert shot["labels"] == []
    assert "# a classic" in Path("mine.yaml").read_text()
    review = CliRunner().invoke(app, ["review", "a.db", "--learn"])
    assert "nothing to learn any more" in review.stderr


def test_it_overrules_what_an_earlier_answer_taught() -> None:
    set_verdict("block")
    line = json.dumps({"id": row_of()["id"], "answer": "right"}) + "\n"
    taught = CliRunner().invoke(app, ["review", "a.db", "--answers", "-", "--learn"], input=line)
    assert taught.exit_code == 0, taught.stderr
    assert [shot["labels"] for shot in shots()] == [["spam"]]
    assert run(CRUISE, "--why", "a joke", "--accept", "--shot").exit_code == 0
    assert [shot["labels"] for shot in shots()] == [[]]


def test_what_was_drawn_for_a_certificate_becomes_no_shot() -> None:
    set_verdict("block")
    with sqlite3.connect("a.db") as connection:
        connection.execute(
            "INSERT INTO sampled (judgement, text, stage, severity) SELECT 1, text, 'x', 2 FROM parts JOIN items"
            " ON items.id = item WHERE url = ?",
            (CRUISE,),
        )
    connection.close()
    result = run(CRUISE, "--why", "a joke", "--accept", "--shot")
    assert result.exit_code == 0
    assert "1 decision is on what was drawn for a certificate" in result.stderr
    assert not shots()
    assert row_of()["action"] == "allow"


def test_without_the_model_it_is_recorded_and_that_is_said() -> None:
    set_verdict("block")
    result = run(CRUISE, "--why", "x", "--backend", "llama-cpp", "--offline")
    assert result.exit_code == 3
    [record] = told(result)
    assert record["again"] is None
    assert "offline" in record["problem"]
    assert "could not be judged again" in result.stderr
    assert len(log()) == 1
    assert run(CRUISE, "--why", "x", "--backend", "llama-cpp", "--offline", "--accept").exit_code == 3
    assert row_of()["action"] == "allow"


def test_a_profile_as_it_is_now_may_judge() -> None:
    set_verdict("block")
    Path("other.yaml").write_text(
        'categories:\n  dull: {action: warn, examples: ["free cruise", "a prize"]}\n'
    )
    [record] = told(run(CRUISE, "--why", "x", "-p", "./other.yaml"))
    assert set(record["again"]["categories"]) == {"dull"}


def test_for_people_it_is_a_few_lines() -> None:
    set_verdict("block")
    text = run(CRUISE, "--why", "a joke", "--accept", "--format", "table").stdout
    assert f"({CRUISE})" in text
    assert "before: block" in text
    assert "now:    allow" in text
    assert "recorded as decision 1" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["999", "--why", "x"], "no item 999"),
        (["https://nowhere.example/1", "--why", "x"], "no item https://nowhere.example/1"),
        ([CRUISE, "--why", " "], "an appeal has a reason"),
        ([CRUISE, "--why", "x", "--shot"], "is to be allowed"),
        ([CRUISE, "--why", "x", "-p", "./nowhere.yaml"], "is not there"),
        ([CRUISE, "--why", "x", "--judgement", "5"], "no judgement 5"),
        (["BOOST", "--why", "x"], "an address alone (boost)"),
    ],
)
def test_what_cannot_be_done_records_nothing(words: list[str], says: str) -> None:
    if words[0] == "BOOST":
        with sqlite3.connect("a.db") as connection:
            words[0] = str(connection.execute("SELECT id FROM items WHERE kind = 'boost'").fetchone()[0])
        connection.close()
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert log() == []
