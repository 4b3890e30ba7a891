"""`check --print`: the original records, byte for byte, in place of verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from modcli.item import Item
from modcli.profile import Action
from modcli.reports.output import Output
from modcli.sources.lines import raw_chunks
from modcli.verdict import Verdict

#: How many unreadable records are told one by one.
MOST_TOLD = 20


class Print(StrEnum):
    """Which records pass. Warned ones pass as allowed; blocked and allowed together are all."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    ALL = "all"


class PassThrough:
    """A report that hands on the records themselves.

    A record that could not be judged goes the way of its action (`--on-error`, here `block` by default); as no
    verdict is printed that could say so, each is told, the first few by name.
    """

    def __init__(self, output: Output, which: Print, tell: Callable[[str], None]) -> None:
        self._output = output
        self._which = which
        self._tell = tell
        self._unfinished = False
        self._errors = 0

    def write(self, item: Item, verdict: Verdict) -> None:
        """Hand the record on if it is one of those asked for."""
        blocked = verdict.action is Action.BLOCK
        passes = self._which is Print.ALL or blocked == (self._which is Print.BLOCKED)
        if verdict.error is not None:
            self._tell_error(item, verdict.error, "passed on" if passes else "held back")
        if passes:
            for chunk in self._chunks(item):
                self._output.write(chunk)

    def close(self) -> None:
        """How many more could not be judged than were told."""
        if self._errors > MOST_TOLD:
            self._tell(f"{self._errors - MOST_TOLD:,} more could not be judged")

    def _chunks(self, item: Item) -> Iterator[bytes]:
        # The last line of one file may lack its ending; what follows from the next file must not be joined to
        # it.
        if self._unfinished:
            yield b"\n"
        self._unfinished = False
        for chunk in raw_chunks(item):
            if chunk:
                self._unfinished = not chunk.endswith(b"\n")
                yield chunk

    def _tell_error(self, item: Item, error: str, outcome: str) -> None:
        self._errors += 1
        if self._errors <= MOST_TOLD:
            self._tell(f"{item.location}: not judged, {outcome}: {error}")
