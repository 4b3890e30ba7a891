"""How far a transfer is, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from modcli.reports.terminal_text import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Without a terminal: the least time between two lines, and the least step.
LINE_SECONDS = 2.0
LINE_SHARE = 0.1


class TransferProgress:
    """A `weights.transport.Progress` for people; a context manager, so that the bar is left whole."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar = _bar(self._stream)
        self._tasks: dict[str, TaskID] = {}
        self._told: dict[str, tuple[float, float]] = {}

    def __enter__(self) -> TransferProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, done_bytes: int, total_bytes: int, what: str) -> None:
        """Move the bar, or say a line if it is time for one."""
        if self._bar is None:
            self._line(done_bytes, total_bytes, what)
            return
        if what not in self._tasks:
            self._bar.start()
            self._tasks[what] = self._bar.add_task(printable(what), total=total_bytes)
        self._bar.update(self._tasks[what], completed=done_bytes)

    def note(self, text: str) -> None:
        """One line, above the bar."""
        line = f"note: {printable(text)}"
        if self._bar is None:
            print(line, file=self._stream, flush=True)
        else:
            self._bar.console.print(line, markup=False)

    def _line(self, done: int, total: int, what: str) -> None:
        share, now = done / total if total else 1.0, time.monotonic()
        last_share, last_time = self._told.get(what, (-1.0, float("-inf")))
        ended = share >= 1 > last_share
        if ended or (share - last_share >= LINE_SHARE and now - last_time >= LINE_SECONDS):
            self._told[what] = (share, now)
            text = f"{printable(what)}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB ({share:.0%})"
            print(text, file=self._stream, flush=True)


def _bar(stream: TextIO) -> Progress | None:
    """The bar, where there is a terminal to draw it on; only then is its library loaded."""
    if not stream.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        return None
    from rich import progress
    from rich.console import Console

    console = Console(file=stream, highlight=False, soft_wrap=True)
    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
    )
