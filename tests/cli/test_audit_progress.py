"""How far an audit is, told to people and programs."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest

from modcli.audit.run import Done
from modcli.cli.audit_progress import AuditProgress, Progress


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def done(judged: int) -> Done:
    return Done(100, judged, seconds=judged / 10, stages=Counter({"reading": judged - 1, "prompt": 1}))


def test_programs_get_an_object_a_batch() -> None:
    stream = io.StringIO()
    told = AuditProgress(Progress.JSONL, stream)
    told.taken("outbox.json", 5)
    told.judged(done(10))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first == {"step": "reading", "input": "outbox.json", "records": 5}
    assert (second["step"], second["judged"], second["total"]) == ("judging", 10, 100)


def test_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    told = AuditProgress(Progress.PLAIN, io.StringIO(), clock)
    told.judged(done(10))
    clock.now = 11
    told.judged(done(20))
    clock.now = 12
    told.judged(done(30))
    told.judged(done(100))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0] == "judging: 20 of 100 texts, 10/s, about 8 s left (reading 95%, prompt 5%)"
    assert "left" not in lines[1]


def test_a_bar_is_drawn_and_wiped_away() -> None:
    clock, stream = Clock(), io.StringIO()
    told = AuditProgress(Progress.BAR, stream, clock)
    told.judged(done(50))
    assert "[############------------] 50 of 100 texts" in stream.getvalue()
    told.close()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_nothing_is_told_where_nothing_is_wanted() -> None:
    stream = io.StringIO()
    told = AuditProgress(Progress.NONE, stream)
    told.taken("x", 1)
    told.judged(done(50))
    told.close()
    assert stream.getvalue() == ""
