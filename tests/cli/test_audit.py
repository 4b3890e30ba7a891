"""`modcli audit`, as a user gives it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modcli.audit.store import AuditStore
from modcli.cli.app import app
from modcli.sources.post import RecordKind

EXAMPLE = Path(__file__).parents[2] / "examples" / "archive"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"MODCLI_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setenv("MODCLI_BACKEND", "scripted")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


def told(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def audit(*more: str, status: int = 1) -> dict[str, object]:
    result = run(str(EXAMPLE), "--out", "a.db", *more)
    assert result.exit_code == status, result.output
    return told(result)[0]


def test_an_archive_is_judged_and_nothing_twice() -> None:
    first = audit()
    assert first["items"] == 43
    assert first["not_judged"] == {"waiting": 0, "nothing_to_judge": 7, "unreadable": 0, "failed": 0}
    assert first["private"] == 2
    assert first["near_duplicates"] == 2
    assert first["run"]["judged"] >= 51  # type: ignore[index]
    assert audit()["run"]["judged"] == 0  # type: ignore[index]
    assert told(run("a.db"))[0]["run"]["judged"] == 0  # type: ignore[index]


def test_a_part_at_a_time() -> None:
    assert audit("--limit", "3", status=0)["not_judged"]["waiting"] == 33  # type: ignore[index]
    sample = {row["id"] for row in judged_after("--sample", "5")}
    larger = {row["id"] for row in judged_after("--sample", "12")}
    assert sample <= larger
    assert len(larger) >= 12
    assert run(str(EXAMPLE), "--out", "a.db", "--since", "2025-06", "--until", "2025-07").exit_code in (0, 1)
    assert audit()["not_judged"]["waiting"] == 0  # type: ignore[index]


def judged_after(*more: str) -> list[dict[str, object]]:
    assert run(str(EXAMPLE), "--out", "a.db", *more).exit_code in (0, 1)
    return [row for row in told(run("query", "a.db", "--limit", "99")) if row["action"]]


def test_plan_judges_nothing() -> None:
    result = run("plan", str(EXAMPLE), "--out", "a.db")
    [record] = told(result)
    assert result.exit_code == 0
    assert record["to_judge"] == 51
    assert record["visibility"]["public"] == 36  # type: ignore[index]
    assert record["actions"] == {"allow": 0, "warn": 0, "block": 0}
    assert audit()["run"]["judged"] >= 51  # type: ignore[index]


def test_the_verdict_says_which_part_it_came_from() -> None:
    audit()
    with sqlite3.connect("a.db") as connection:
        text = connection.execute("SELECT id FROM texts WHERE text LIKE 'A sketch.%'").fetchone()[0]
        connection.execute("UPDATE verdicts SET severity = 0")
        connection.execute("UPDATE verdicts SET severity = 2, p = 0.99 WHERE text = ?", (text,))
    [row] = told(run("query", "a.db", "--action", "block"))
    assert row["part"] == "alt text"
    assert row["url"] == "https://village.example/@ada/15"


def test_another_profile_is_not_mixed_in() -> None:
    audit()
    refused = run(str(EXAMPLE), "--out", "a.db", "-p", "strict")
    assert refused.exit_code == 2
    assert "rejudge" in refused.stderr
    assert len(judgements()) == 1
    audit("-p", "strict", "--another")
    assert [one["profile"] for one in judgements()] == ["default", "strict"]
    assert audit("-p", "strict")["judgement"] == 2


def judgements() -> list[dict[str, str]]:
    return told(run("show", "a.db"))[0]["judgements"]  # type: ignore[return-value]


def test_another_export_is_not_mixed_in(home: Path) -> None:
    audit()
    (home / "other.jsonl").write_text('{"text": "hello"}\n')
    refused = run("other.jsonl", "--out", "a.db")
    assert refused.exit_code == 2
    assert "--out" in refused.stderr


def test_two_do_not_write_to_one_file() -> None:
    audit()
    with AuditStore(Path("a.db"), write=True):
        refused = run(str(EXAMPLE), "--out", "a.db")
    assert refused.exit_code == 2
    assert "another process" in refused.stderr


def test_what_cannot_be_read_leaves_no_file(home: Path) -> None:
    for name, content in (
        ("none.zip", None),
        ("empty.json", b""),
        ("x.json", b"{}"),
        ("cut.zip", b"PK\x03\x04abc"),
    ):
        if content is not None:
            (home / name).write_bytes(content)
        result = run(name)
        assert result.exit_code == 2, name
        assert "hint:" in result.stderr
    assert not list(home.glob("*.db"))


def test_damaged_places_are_told_and_the_rest_is_done(home: Path) -> None:
    text = (EXAMPLE / "outbox.json").read_text()
    (home / "outbox.json").write_text(text.replace('"type": "Create"', '"type": Create', 1))
    result = run("outbox.json", "--out", "b.db")
    assert told(result)[0]["not_judged"]["unreadable"] == 1  # type: ignore[index]
    [error] = told(run("errors", "b.db"))
    assert error["place"] == "outbox.json#1"


def spelled(number: int) -> str:
    """A word of its own for each number."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def test_a_kill_loses_at_most_a_batch(home: Path) -> None:
    (home / "many.jsonl").write_text(
        "".join(json.dumps({"text": f"post number {spelled(i)}"}) + "\n" for i in range(3000))
    )
    command = [sys.executable, "-m", "modcli", "audit", "many.jsonl", "--out", "m.db", "--progress", "jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if '"judging"' in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(0.1)
    with AuditStore(Path("m.db")) as store:
        before = {row[0] for row in store.connection.execute("SELECT text FROM verdicts")}
    assert before
    result = run("many.jsonl", "--out", "m.db")
    record = told(result)[0]
    assert record["run"]["judged"] + len(before) == 3000  # type: ignore[index,operator]
    assert record["not_judged"]["waiting"] == 0  # type: ignore[index]


def test_rejudge_and_compare_need_no_model() -> None:
    audit()
    result = run("rejudge", "a.db", "-p", "strict", "--show", "1")
    assert result.exit_code == 0, result.output
    overall = told(result)[0]
    assert overall["items"] == 51
    assert overall["old"] == "default"
    assert [one["depth"] for one in judgements()] == ["full", "reading"]
    assert told(run("query", "a.db", "--judgement", "2", "--action", "block", "--limit", "99"))
    assert run("rejudge", "a.db", "-p", "spam-only", "--dry-run").exit_code == 0
    assert len(judgements()) == 2
    for more in (
        ["-p", "strict"],
        ["-p", "strict", "-p", "family"],
        ["--judgement", "1", "--judgement", "2"],
        ["a.db"],
    ):
        compared = run("compare", "a.db", *more)
        assert compared.exit_code == 0, compared.output
        assert told(compared)[0]["what"] == "overall"
    assert run("compare", "a.db").exit_code == 2


def test_an_audit_holds_what_was_read_though_the_verdicts_were_known() -> None:
    audit()
    assert run(str(EXAMPLE), "--out", "b.db").exit_code == 1
    assert told(run("rejudge", "b.db", "-p", "strict"))[0]["items"] == 51


def test_exports_leave_private_posts_out_unless_asked_for(home: Path) -> None:
    audit()
    assert len(told(run("export", "a.db"))) == 41
    everything = told(run("export", "a.db", "--include-private"))
    assert len(everything) == 43
    assert {row["kind"] for row in everything} == {kind.value for kind in RecordKind}
    assert run("export", "a.db", "--format", "csv", "-o", "x.csv").exit_code == 0
    header = (home / "x.csv").read_text().splitlines()[0]
    assert header.startswith("id,key,kind,action,category,p,")
    assert header.endswith("p:toxicity,p:spam,p:negative-sentiment,text")
    assert "text" not in told(run("export", "a.db", "--no-text"))[0]
    assert run("export", "a.db", "--format", "parquet").exit_code == 2


def test_parquet_has_types(home: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    audit()
    assert run("export", "a.db", "--format", "parquet", "-o", "x.parquet").exit_code == 0
    table = parquet.read_table("x.parquet")
    assert table.num_rows == 41
    assert str(table.schema.field("published").type) == "timestamp[ms, tz=UTC]"


def test_formulas_stay_text(home: Path) -> None:
    (home / "x.jsonl").write_text('{"text": "=HYPERLINK(1)"}\n')
    run("x.jsonl", "--out", "x.db")
    assert "'=HYPERLINK" in run("export", "x.db", "--format", "csv").stdout


def test_questions_that_cannot_be_answered() -> None:
    audit()
    assert run("query", "a.db", "--since", "yesterday").exit_code == 2
    assert run("show", "a.db", "--judgement", "9").exit_code == 2
    assert run("query", str(EXAMPLE / "actor.json")).exit_code == 2
