"""How much of what `check` is given is judged in full, where the user says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modcli.cascade.budget import Budget
from modcli.cascade.early import EarlyStages
from modcli.cli.assemble_cascade import bounds
from modcli.cli.stream import tell
from modcli.errors import BackendError, UsageError
from modcli.item import Item
from modcli.reports.summary import spoken
from modcli.settings import Settings


@dataclass(frozen=True)
class Depth:
    """How much is judged in full, where the user says so: what an item may take, or how many; and whether one of
    near-duplicates does for all. `detail` is told what only some want to know."""

    seconds: float | None = None
    budget: Budget | None = None
    group: bool = False
    detail: Callable[[str], None] | None = None


def depth_of(throughput: str | None, budget: int | None, settings: Settings) -> Depth:
    """What was asked for. Raises UsageError for what is no throughput, and for what contradicts itself."""
    if throughput is None and budget is None:
        return Depth()
    if throughput is not None and budget is not None:
        raise UsageError("--throughput and --budget each say how much is judged in full: give one of them")
    if settings.stage != "auto":
        option = "--budget" if throughput is None else "--throughput"
        raise UsageError(
            f"{option} says how much is judged in full, and --stage {settings.stage} as well",
            hint=f"leave out one of them (--stage is from {settings.origin('stage')})",
        )
    if throughput is None:
        return Depth(budget=Budget(budget or 0))
    given = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(?:/\s*s)?", throughput.strip(), re.ASCII)
    if given is None or float(given[1]) <= 0:
        raise UsageError(f"--throughput is a number of items a second, not {throughput!r}", hint="50/s")
    return Depth(seconds=1 / float(given[1]))


def spend(budget: Budget, early: EarlyStages, items: Iterator[Item]) -> None:
    """Set the price that a budget allows, and say what that comes to."""
    spending = budget.spending(early, items)
    if early.failed and spending.in_full > budget.most:
        raise BackendError("--budget cannot be kept, as an early stage failed", hint="see the line above")
    early.price = spending.price
    tell(
        f"{spending.in_full:,} of {spending.items:,} items are judged in full; all together that takes "
        f"{spoken(spending.seconds)}; {bounds(early.tuned, spending.price)}"
    )
    if spending.in_full > budget.most:
        tell(
            f"that is more than {budget.most:,}: early stages have no answer to the others, which may be too long"
        )
