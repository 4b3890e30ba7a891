"""How far an audit is, on stderr: a bar on a terminal, a line now and then elsewhere, or JSON Lines for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TextIO

from modcli.audit.media import MediaDone
from modcli.audit.run import Done
from modcli.cli.stream import tell
from modcli.reports.summary import rate, spoken

#: Seconds between two lines, and between two pictures of the bar.
LINE_SECONDS, BAR_SECONDS = 10.0, 0.2
_WIDTH = 24


class Progress(StrEnum):
    """How it is told."""

    AUTO = "auto"
    BAR = "bar"
    PLAIN = "plain"
    JSONL = "jsonl"
    NONE = "none"


class AuditProgress:
    """Tells of batches as they are kept. `clock` gives seconds."""

    def __init__(
        self, form: Progress, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        if form is Progress.AUTO:
            form = Progress.BAR if self._stream.isatty() else Progress.PLAIN
        self._form = form
        self._clock = clock
        self._start = clock()
        self._told = float("-inf") if form is Progress.BAR else self._start
        self._drawn = False

    def taken(self, what: str, records: int) -> None:
        """So many records were taken in."""
        if self._form is Progress.JSONL:
            self._json({"step": "reading", "input": what, "records": records})
        elif self._is_time():
            speed = records / max(self._clock() - self._start, 1e-9)
            self._say(f"reading {what}: {records:,} records, {rate(speed)}/s")

    def judged(self, done: Done) -> None:
        """So many texts were judged."""
        if self._form is Progress.JSONL:
            self._json({"step": "judging"} | done.figures())
        elif self._is_time() or done.judged == done.total:
            self._say(_line(done, bar=self._form is Progress.BAR))

    def seen(self, done: MediaDone) -> None:
        """So many pictures and videos were judged."""
        if self._form is Progress.JSONL:
            self._json({"step": "media"} | done.figures())
        elif self._is_time() or done.judged == done.total:
            speed = done.judged / max(self._clock() - self._start, 1e-9)
            left = f", {spoken((done.total - done.judged) / speed)} left" if done.judged < done.total else ""
            self._say(f"pictures and videos: {done.judged:,} of {done.total:,}, {rate(speed)}/s{left}")

    def begin(self) -> None:
        """The next step begins: its speed counts from here."""
        self._start = self._clock()

    def close(self) -> None:
        """Leave the line of the bar."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False

    def _is_time(self) -> bool:
        if self._form is Progress.NONE:
            return False
        now = self._clock()
        if now - self._told < (BAR_SECONDS if self._form is Progress.BAR else LINE_SECONDS):
            return False
        self._told = now
        return True

    def _say(self, line: str) -> None:
        if self._form is Progress.BAR:
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
            self._drawn = True
        elif self._form is Progress.PLAIN:
            tell(line)

    def _json(self, record: dict[str, object]) -> None:
        print(json.dumps(record), file=self._stream, flush=True)


def _line(done: Done, *, bar: bool) -> str:
    """`[####----] 1,200 of 5,000 texts, 8.9/s, about 7 minutes left (reading 80%, prompt 20%)`."""
    speed = done.judged / done.seconds if done.seconds else 0.0
    told = f"{done.judged:,} of {done.total:,} texts"
    if speed:
        told += f", {rate(speed)}/s"
        if done.judged < done.total:
            told += f", {spoken((done.total - done.judged) / speed)} left"
    if done.stages:
        shares = (f"{name} {count / done.judged:.0%}" for name, count in done.stages.most_common(4))
        told += f" ({', '.join(shares)})"
    if not bar:
        return f"judging: {told}"
    filled = round(_WIDTH * done.judged / max(done.total, 1))
    return f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {told}"
