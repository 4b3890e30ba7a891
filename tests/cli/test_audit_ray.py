"""`modcli audit --engine ray` on a cluster of two workers: the same verdicts, item by item, and nothing twice."""

from __future__ import annotations

import importlib.util
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from modcli.audit.store import AuditStore
from tests.cli.test_audit import home, run, spelled, told

pytestmark = pytest.mark.usefixtures("home")
__all__ = ("home",)

WORDS = ("you moron", "a lovely day", "win a prize now", "click here", "what an idiot", "tea")
COUNT = 500


def posts(count: int) -> str:
    rows = ({"text": f"{WORDS[i % len(WORDS)]}, post {spelled(i)}"} for i in range(count))
    return "".join(json.dumps(row) + "\n" for row in rows)


def start(name: str, *, kill: bool = False) -> int:
    """Judge by Ray, as a process of its own, which may be killed when the first batch is done."""
    command = [sys.executable, "-m", "modcli", "audit", "many.jsonl", "--out", name, "--progress", "jsonl"]
    with subprocess.Popen(
        [*command, "--engine", "ray", "--workers", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if kill and '"judging"' in line:
                process.kill()
                break
    return process.returncode


def rows(name: str, judgement: int = 1) -> list[tuple[object, ...]]:
    with sqlite3.connect(name) as connection:
        return connection.execute(
            "SELECT t.digest, v.severity, v.category, v.p, v.scores, v.stage, v.reason, v.read, v.error"
            " FROM verdicts v JOIN texts t ON t.id = v.text WHERE v.judgement = ? ORDER BY 1",
            (judgement,),
        ).fetchall()


@pytest.mark.ray
@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'modcli[ray]'"
)
def test_the_same_verdicts_and_none_twice(home: Path) -> None:
    (home / "many.jsonl").write_text(posts(COUNT))
    assert start("r.db", kill=True) == -signal.SIGKILL
    killed = len(rows("r.db"))
    assert 0 < killed < COUNT
    assert start("r.db") == 1
    assert run("many.jsonl", "--out", "l.db").exit_code == 1
    assert len(rows("r.db")) == COUNT
    assert rows("r.db") == rows("l.db")
    with AuditStore(Path("r.db")) as store:
        judged = store.connection.execute("SELECT outcome, judged FROM runs ORDER BY id").fetchall()
    assert judged == [("unfinished", killed), ("complete", COUNT - killed)]
    # What was read came back as well.
    for name in ("r.db", "l.db"):
        assert told(run("rejudge", name, "-p", "strict"))[0]["items"] == COUNT
    assert rows("r.db", 2) == rows("l.db", 2)


def test_a_cluster_is_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "many.jsonl").write_text(posts(2))
    for words, why in (
        (("--workers", "2"), "add --engine ray"),
        (("--ray-address", "x:1"), "add --engine ray"),
        (("--engine", "slurm"), "slurm"),
    ):
        result = run("many.jsonl", *words)
        assert result.exit_code == 2
        assert why in result.stderr
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run("many.jsonl", "--engine", "ray")
    assert result.exit_code == 2
    assert "pip install 'modcli[ray]'" in result.stderr
    assert not list(home.glob("*.db"))
