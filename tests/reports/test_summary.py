"""What a run came to, in words and as an exit status."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from modcli.profile import Action
from modcli.reports.summary import Tally, spoken, statistics_lines, status_line, summary_line
from modcli.verdict import Verdict
from tests.reports.examples import ALLOWED, BLOCKED, ERROR, item

WARNED = replace(BLOCKED, action=Action.WARN)


def tally(*verdicts: Verdict) -> Tally:
    found = Tally()
    for verdict in verdicts:
        found.add(item(), verdict)
    return found


@pytest.mark.parametrize(
    ("verdicts", "fail_on", "status", "line"),
    [
        ([], Action.BLOCK, 0, ""),
        ([ALLOWED, WARNED], Action.BLOCK, 0, ""),
        ([ALLOWED, BLOCKED], Action.BLOCK, 1, "exit status 1: 1 of 2 items blocked"),
        ([WARNED], Action.WARN, 1, "exit status 1: 1 of 1 item warned"),
        ([BLOCKED, WARNED, WARNED], Action.WARN, 1, "exit status 1: 1 of 3 items blocked, 2 warned"),
        ([BLOCKED], None, 0, ""),
        (
            [BLOCKED, ERROR, ALLOWED, ERROR],
            Action.BLOCK,
            3,
            "exit status 3: 2 of 4 items could not be judged (1 blocked); "
            "the first: posts.txt:1: not valid UTF-8: byte 0xff at position 1",
        ),
        (
            [ERROR],
            None,
            3,
            "exit status 3: 1 of 1 item could not be judged; "
            "the first: posts.txt:1: not valid UTF-8: byte 0xff at position 1",
        ),
    ],
)
def test_the_exit_status_and_why(
    verdicts: list[Verdict], fail_on: Action | None, status: int, line: str
) -> None:
    found = tally(*verdicts)
    assert found.status(fail_on) == status
    assert status_line(found, status) == line


def test_interrupted() -> None:
    line = status_line(tally(ALLOWED), 130)
    assert line == "exit status 130: interrupted with 1 item done"


def test_the_summary() -> None:
    found = tally(ALLOWED, ALLOWED, BLOCKED, ERROR, replace(WARNED, cached=True, read=0.5))
    assert summary_line(found, 0.1) == (
        "5 items: 2 allowed, 1 warned, 1 blocked, 1 not judged, 1 read in part, 1 from the cache; 50 items/s"
    )
    assert summary_line(Tally(), 0.0) == "0 items: 0 allowed, 0 warned, 0 blocked"


@dataclass
class Counted:
    stages: dict[str, int] = field(default_factory=lambda: {"reading": 3, "prompt": 1})
    tokens: int = 1234
    seconds: dict[str, float] = field(default_factory=lambda: {"model": 1.5})
    early: dict[str, float] = field(default_factory=dict)


def test_the_statistics() -> None:
    found = tally(ALLOWED, ALLOWED, BLOCKED, replace(ALLOWED, cached=True))
    assert statistics_lines(found, Counted(), 2.0) == [
        "4 items: 3 allowed, 0 warned, 1 blocked, 1 from the cache; 2 items/s",
        "cache:  1 (25%) of the items",
        "stages: reading 3 (75%), prompt 1 (25%)",
        "tokens: 1,234, 308.5 an item",
        "time:   judging 2.00 s, model 1.50 s",
    ]
    assert statistics_lines(Tally(), Counted({}, 0, {}), 0.0)[2] == "tokens: 0"


def test_the_statistics_of_a_cascade_are_a_table() -> None:
    found = tally(*[ALLOWED] * 16, *[BLOCKED] * 3, replace(ALLOWED, cached=True))
    counted = Counted(
        {"ngrams": 12, "embedding": 4, "reading": 1, "prompt": 2, "cache": 1},
        seconds={"early": 1.1, "reading": 1.0, "asking": 2.0},
        early={"ngrams": 0.001, "embedding": 0.1},
    )
    lines = statistics_lines(found, counted, 4.0)
    assert lines[3:7] == [
        "stage          items  share   seconds   items/s",
        "ngrams            12    60%      0.00    19,000",
        "embedding          4    20%      0.10        70",
        "in full            3    15%      3.00         1",
    ]


def test_a_cascade_that_was_given_nothing() -> None:
    lines = statistics_lines(Tally(), Counted({}, 0, {}, {"ngrams": 0.0}), 0.0)
    assert [line.split() for line in lines[3:5]] == [["ngrams", "0", "0.00"], ["in", "full", "0", "0.00"]]


def test_times_to_wait() -> None:
    told = [spoken(seconds) for seconds in (0.01, 75, 100, 3000, 20_000)]
    assert told == ["about 1 s", "about 75 s", "about 1.7 minutes", "about 50 minutes", "about 5.6 hours"]
