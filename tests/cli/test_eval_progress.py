from __future__ import annotations

import io

import pytest

from modcli.cli.eval_progress import RowProgress, speed_and_rest


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_few_lines_and_no_control_characters_without_a_terminal() -> None:
    stream, clock = io.StringIO(), Clock()
    with RowProgress("judging\x1b[31m", 1000, stream, clock) as progress:
        for seconds in (1, 9.9, 10, 11, 20):
            clock.now = seconds
            progress.advance(100)
    assert stream.getvalue().splitlines() == [
        "judging\\x1b[31m: 300 of 1,000 rows, 30 rows/s, 0:23 left",
        "judging\\x1b[31m: 500 of 1,000 rows, 20 rows/s, 0:25 left",
    ]


def test_a_short_run_says_nothing() -> None:
    stream = io.StringIO()
    with RowProgress("judging", None, stream, Clock()) as progress:
        progress.advance(64)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("rate", "total", "done", "told"),
    [
        (None, 10, 1, ""),
        (0.0, 10, 1, ""),
        (0.5, None, 1, ", 0.5 rows/s"),
        (2.0, 7300, 100, ", 2 rows/s, 1:00:00 left"),
        (2.0, 10, 12, ", 2 rows/s"),  # a file that grew
        (12.0, 10, 10, ", 12 rows/s, 0:00 left"),
    ],
)
def test_speed(rate: float | None, total: int | None, done: int, told: str) -> None:
    assert speed_and_rest(rate, total, done) == told
