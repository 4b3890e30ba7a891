"""What a report is, and what all of them say of a verdict."""

from __future__ import annotations

from typing import Protocol

from modcli.item import Item
from modcli.profile import Action
from modcli.verdict import CategoryVerdict, Verdict


class Report(Protocol):
    """A form of output. Each record has left the program when `write` returns.

    Raises OutputError where a record cannot be written, `output.ReaderGone` where nobody reads it any more.
    """

    def write(self, item: Item, verdict: Verdict) -> None:
        """Add the verdict on an item."""
        ...

    def close(self) -> None:
        """Add what comes after the last record."""
        ...


def leading(verdict: Verdict) -> tuple[str, CategoryVerdict] | None:
    """The category to name first: of those that brought about the action the most probable; else of all."""
    found = list(verdict.categories.items())
    if verdict.action is not Action.ALLOW:
        found = [entry for entry in found if entry[1].action is verdict.action] or found
    return max(found, key=lambda entry: entry[1].probability, default=None)
