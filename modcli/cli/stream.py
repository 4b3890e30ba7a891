"""The loop of `check`: items come as they come, verdicts leave at once, and every way to end is told."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from modcli.errors import ModcliError, OutputError
from modcli.item import Item
from modcli.profile import Action
from modcli.reports.base import Report
from modcli.reports.output import ReaderGone
from modcli.reports.summary import (
    INTERRUPTED,
    NOT_JUDGED,
    OK,
    Figures,
    Tally,
    statistics_lines,
    status_line,
    summary_line,
)
from modcli.reports.terminal_text import printable
from modcli.sources.batches import batches
from modcli.verdict import Verdict

WAIT_SECONDS = 0.05
#: The moderator's name for the time that a profile's first use takes.
PREPARING = "preparing"


class Judging(Protocol):
    """The part of a moderator that the loop uses."""

    @property
    def batch(self) -> int:
        """How many items it wants at once."""
        ...

    def judge(self, items: Sequence[Item]) -> list[Verdict]:
        """One verdict per item, in order."""
        ...

    def explain(self, item: Item, verdict: Verdict) -> Verdict:
        """The verdict with the model's rationale."""
        ...

    @property
    def statistics(self) -> Figures:
        """What has been counted until now."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What `check` was asked for, beyond what to judge and by which profile.

    `fail_on` is the mildest action that makes the exit status 1, None for none. `stop_at_error` ends the run
    at the first item that cannot be judged. `observe` makes the exit status 0 whatever is found. `summary`
    says that a person is watching, who is told the counts of a run that went well, too.
    """

    fail_on: Action | None = Action.BLOCK
    stop_at_error: bool = False
    explain: bool = False
    observe: bool = False
    stats: bool = False
    summary: bool = False


def tell(line: str) -> None:
    """Say something to the person, on stderr. Nobody to hear it is no reason to fail."""
    with suppress(OSError, ValueError):
        print(printable(line), file=sys.stderr, flush=True)


def run_check(items: Iterable[Item], moderator: Judging, report: Report, options: Options) -> int:
    """Judge every item, write every verdict, say what it came to; return the exit status (DESIGN, section 7).

    Ctrl-C: what has been judged is written, then 130. A reader that goes away (`| head`) ends the run with
    the status of what was judged until then, without figures: it saw what it wanted, and 0 must not be said
    of blocked items. Raises SourceError where an input fails, OutputError where a result cannot be written,
    and what the moderator raises; how many items were done is said before.
    """
    run = _Run(moderator, report, options)
    with interruptible() as interrupt:
        try:
            run.through(items, interrupt)
            report.close()
        except KeyboardInterrupt:
            with suppress(OutputError):
                report.close()
            return run.finish(INTERRUPTED)
        except ReaderGone:
            return run.end(run.tally.status(options.fail_on))
        except ModcliError as error:
            tell(status_line(run.tally, error.exit_code))
            raise
    return run.finish(run.tally.status(options.fail_on))


@dataclass(slots=True)
class _Run:
    """One run over one stream of items."""

    moderator: Judging
    report: Report
    options: Options
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    def through(self, items: Iterable[Item], interrupt: Interrupt) -> None:
        """Judge and write until the items end, or one cannot be judged and that is to end the run."""
        stream = batches(items, self.moderator.batch, WAIT_SECONDS)
        try:
            for batch in stream:
                for item, verdict in self._judged(batch):
                    with interrupt.shield():
                        self.report.write(item, verdict)
                        self.tally.add(item, verdict)
                    if verdict.error is not None and self.options.stop_at_error:
                        return
                interrupt.check()
        finally:
            stream.close()

    def finish(self, status: int) -> int:
        """Say what it came to; the exit status."""
        figures = self.moderator.statistics
        # What is done once for a profile says nothing of the speed of the next items.
        seconds = max(0.0, self.seconds - figures.seconds.get(PREPARING, 0.0))
        if self.options.stats:
            for line in statistics_lines(self.tally, figures, seconds):
                tell(line)
        elif self.options.summary:
            tell(summary_line(self.tally, seconds))
        return self.end(status)

    def end(self, status: int) -> int:
        """Say why the exit status is not 0, if so; the exit status."""
        why = status_line(self.tally, status)
        if self.options.observe and status != INTERRUPTED:
            if why:
                tell(f"observing only, so exit status 0, not {why.removeprefix('exit status ')}")
            return OK
        if status == NOT_JUDGED and self.options.stop_at_error:
            why += "; stopped there"
        if why:
            tell(why)
        return status

    def _judged(self, batch: list[Item]) -> Iterator[tuple[Item, Verdict]]:
        start = time.perf_counter()
        verdicts = self.moderator.judge(batch)
        self.seconds += time.perf_counter() - start
        for item, verdict in zip(batch, verdicts, strict=True):
            if self.options.explain and verdict.action is Action.BLOCK and verdict.error is None:
                yield item, self.moderator.explain(item, verdict)
            else:
                yield item, verdict


class Interrupt:
    """Ctrl-C: a KeyboardInterrupt at once, or, where a record is being written, after it."""

    def __init__(self) -> None:
        self._pressed = False
        self._shielded = False

    def press(self, *_: object) -> None:
        """Handle the signal. A second one no longer waits for anything."""
        waits = self._shielded and not self._pressed
        self._pressed = True
        if not waits:
            raise KeyboardInterrupt

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Let what stands within be completed."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if it is due: a runtime that calls back into Python may have swallowed
        it."""
        if self._pressed:
            raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Handle Ctrl-C by an Interrupt."""
    interrupt = Interrupt()
    # A job in the background has SIGINT ignored, and a caller may have its own handler: neither is touched.
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    signal.signal(signal.SIGINT, interrupt.press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
