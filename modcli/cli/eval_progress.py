"""How far an evaluation is, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from modcli.reports.terminal_text import printable

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

#: Without a terminal: seconds between two lines.
LINE_SECONDS = 10.0


class RowProgress:
    """Counts rows for people; a context manager, so that the bar is gone when something else is said.

    `total` is None where nobody knows how many rows there are. `clock` gives seconds.
    """

    def __init__(
        self,
        what: str,
        total: int | None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = printable(what)
        self._total = total
        self._stream = stream or sys.stderr
        self._clock = clock
        self._done = 0
        self._told = (clock(), 0)
        self._bar = _bar(self._stream)
        self._task: TaskID | None = None

    def __enter__(self) -> RowProgress:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self._total)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, rows: int) -> None:
        """So many more are done."""
        self._done += rows
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, rows)
        elif self._bar is None:
            self._line()

    def _line(self) -> None:
        since, before = self._told
        seconds = self._clock() - since
        if seconds < LINE_SECONDS:
            return
        self._told = (self._clock(), self._done)
        # Of the last stretch alone: what came from a cache before says nothing of what is left.
        rate = (self._done - before) / seconds
        counted = f"{self._done:,}" + (f" of {self._total:,}" if self._total else "")
        print(
            f"{self._what}: {counted} rows{speed_and_rest(rate, self._total, self._done)}",
            file=self._stream,
            flush=True,
        )


def speed_and_rest(rate: float | None, total: int | None, done: int) -> str:
    """`, 35 rows/s, 0:39 left`, of which what is not known is left out."""
    if not rate:
        return ""
    told = f", {rate:,.0f} rows/s" if rate >= 10 else f", {rate:.2g} rows/s"
    if not total or total < done:
        return told
    seconds = round((total - done) / rate)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    clock = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
    return f"{told}, {clock} left"


def _bar(stream: TextIO) -> Progress | None:
    """The bar, where there is a terminal to draw it on."""
    if not stream.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        return None
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class Counted(progress.ProgressColumn):
        """How many, how fast, and how long it will take."""

        def render(self, task: Task) -> Text:
            counted = f"{task.completed:,.0f}" + (f" of {task.total:,.0f}" if task.total else "")
            total = None if task.total is None else int(task.total)
            return Text(f"{counted} rows{speed_and_rest(task.speed, total, int(task.completed))}", "dim")

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=24),
        Counted(),
        console=Console(file=stream, highlight=False),
        transient=True,
    )
