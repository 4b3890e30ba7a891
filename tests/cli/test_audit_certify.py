"""`modcli audit certify`, as a user gives it."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from modcli.audit import run as audit_run
from modcli.audit.store import AuditStore
from modcli.cascade.certificate import Certificate
from tests.cli.test_audit import audit, home, run, spelled, told

pytestmark = pytest.mark.usefixtures("home")
__all__ = ("home",)


def certified(*words: str, status: int = 0) -> dict[str, object]:
    result = run("certify", "a.db", *words)
    assert result.exit_code == status, result.output
    [record] = told(result)
    return record


def reading_alone() -> None:
    """An audit, and a judgement of it by what was read alone."""
    audit()
    assert run("rejudge", "a.db", "-p", "strict").exit_code == 0


def test_where_all_was_judged_in_full_there_is_nothing_to_certify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_run, "CHECKED_SHARE", 1.0)
    assert audit()["run"]["judged"] == 53  # type: ignore[index]
    record = certified()
    assert record["certificate"] is None
    assert record["prevalence"]["low"] == record["prevalence"]["high"] > 0  # type: ignore[index]
    assert "nothing to certify" in run("certify", "a.db", "--format", "table").stdout


def test_a_certificate_is_printed_kept_and_shown() -> None:
    reading_alone()
    record = certified("--judgement", "2", "--sample", "10")["certificate"]
    certificate = Certificate.from_record(record)  # type: ignore[arg-type]
    assert (certificate.sampled, record["unit"], record["stage"]) == (10, "texts", "auto")  # type: ignore[index]
    shown = told(run("show", "a.db"))[0]["certificates"]
    assert [(one["id"], one["missed_at_most"]) for one in shown] == [(1, certificate.missed)]  # type: ignore[union-attr]
    table = run("show", "a.db", "--format", "table").stdout
    assert "certificate 1 of judgement 2" in table
    assert (
        f"At most {certificate.missed} missed of {certificate.dismissed} dismissed, 95% confidence" in table
    )
    assert "distinct texts" in table
    with AuditStore(Path("a.db")) as store:
        acted = store.connection.execute(
            "SELECT count(*) FROM sampled s JOIN verdicts v USING (judgement, text)"
            " WHERE s.certificate = 1 AND s.severity > 0 AND v.severity = s.severity"
        ).fetchone()[0]
    assert acted == certificate.found


def test_everything_may_be_drawn_and_then_nothing_is_left() -> None:
    reading_alone()
    record = certified("--judgement", "2", "--sample", "99")["certificate"]
    (dismissed, sampled, found) = record["strata"][0]  # type: ignore[index]
    assert dismissed == sampled
    assert record["missed_at_most"] == found  # type: ignore[index]
    assert certified("--judgement", "2")["certificate"] is None


def test_what_is_acted_on_counts_once_it_is_judged_in_full() -> None:
    reading_alone()
    record = certified("--judgement", "2", "--sample", "5")["certificate"]
    assert record["acted"] == 0  # type: ignore[index]
    assert record["guessed"] > 0  # type: ignore[index]
    assert "--acted" in run("show", "a.db", "--format", "table").stdout
    record = certified("--judgement", "2", "--sample", "99", "--acted")["certificate"]
    assert record["guessed"] == 0  # type: ignore[index]
    assert record["acted"] > 0  # type: ignore[index]
    share = record["prevalence"]  # type: ignore[index]
    assert share["low"] == share["high"]
    assert certified("--judgement", "2", "--acted")["certificate"] is None


def test_what_was_found_stays_so_when_an_audit_is_rejudged() -> None:
    reading_alone()
    certified("--judgement", "2", "--sample", "99", "--acted")

    def verdicts() -> list[tuple[object, ...]]:
        with sqlite3.connect("a.db") as connection:
            return connection.execute("SELECT * FROM verdicts WHERE judgement = 2 ORDER BY text").fetchall()

    before = verdicts()
    assert any(row[6] != "reading" for row in before), "the full judge has asked the model"
    assert run("rejudge", "a.db", "-p", "strict").exit_code == 0
    assert verdicts() == before


def test_the_judge_that_asks_the_model_of_every_text() -> None:
    audit()
    record = certified("--stage", "model", "--missed", "5")["certificate"]
    assert record["stage"] == "model"  # type: ignore[index]
    assert record["strata"][0][0] == 44  # type: ignore[index]
    # Which judge a judgement is held against does not change from one certificate to the next.
    refused = run("certify", "a.db", "--stage", "auto")
    assert refused.exit_code == 2
    assert "--stage model" in refused.stderr


def test_what_cannot_be_certified() -> None:
    reading_alone()
    for words, why in (
        (("--sample", "5", "--missed", "2"), "give one"),
        (("--recall", "95"), "between 0 and 1"),
        (("--judgement", "9"), "no judgement 9"),
    ):
        result = run("certify", "a.db", *words)
        assert result.exit_code == 2
        assert why in result.stderr
    with sqlite3.connect("a.db") as connection:
        connection.execute("UPDATE judgements SET method = 'other' WHERE id = 2")
    refused = run("certify", "a.db", "--judgement", "2")
    assert refused.exit_code == 2
    assert "tuned since" in refused.stderr
    assert told(run("show", "a.db"))[0]["certificates"] == []
    with AuditStore(Path("a.db")) as store:
        assert store.connection.execute("SELECT count(*) FROM sampled").fetchone() == (0,)


def test_a_kill_loses_at_most_a_batch_of_the_sample(home: Path) -> None:
    (home / "many.jsonl").write_text(
        "".join(json.dumps({"text": f"post number {spelled(i)}"}) + "\n" for i in range(600))
    )
    assert run("many.jsonl", "--out", "a.db", "--stage", "reading", "-p", "spam-only").exit_code in (0, 1)
    command = [sys.executable, "-m", "modcli", "audit", "certify", "a.db", "--sample", "400"]
    process = subprocess.Popen(
        [*command, "--progress", "jsonl"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"judging"' in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with AuditStore(Path("a.db")) as store:
        kept = dict(store.connection.execute("SELECT text, severity FROM sampled WHERE severity >= 0"))
        texts = {row[0] for row in store.connection.execute("SELECT text FROM sampled")}
    assert len(texts) == 400
    assert kept
    result = run("certify", "a.db", "--sample", "50")
    assert "its size was fixed then" in result.stderr
    assert told(result)[0]["certificate"]["strata"][0][1] == 400  # type: ignore[index]
    with AuditStore(Path("a.db")) as store:
        after = dict(store.connection.execute("SELECT text, severity FROM sampled"))
    assert after.keys() == texts
    assert kept.items() <= after.items()
