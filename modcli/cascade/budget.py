"""At most so many judgements in full: which price of the early stages leaves that many, of items that are all known."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from modcli.cascade.early import MOST_BATCH, EarlyStages
from modcli.cascade.parts import parts_of
from modcli.item import Item
from modcli.sources.batches import batches


class Spending(NamedTuple):
    """The price, how many of how many items are judged in full at it, and about how many seconds all takes."""

    price: float
    in_full: int
    items: int
    seconds: float


@dataclass(frozen=True)
class Budget:
    """At most `most` items are judged in full, the most uncertain ones. Equal items count each, as it is not kept which
    they are; what was not read to its end is never decided early, whatever the budget."""

    most: int

    def spending(self, early: EarlyStages, items: Iterable[Item]) -> Spending:
        """The lowest price that keeps it, after all stages have looked at all items. Keeps a number for each item."""
        found = array("d")
        for batch in batches(items, MOST_BATCH):
            parts = [parts_of(item) for item in batch if item.error is None]
            found.extend(early.least_doubts([part for part in parts if part.texts]))
        doubts = np.sort(np.frombuffer(found, np.float64))[::-1] if found else np.zeros(0)
        price = 0.0
        if len(doubts) > self.most:
            # One that doubts as much as the first that is too many is decided early with it.
            price = min(float(np.nextafter(doubts[self.most], np.inf)), sys.float_info.max)
        in_full = int((doubts >= price).sum())
        each = sum(stage.seconds for stage in early.tuned.stages)
        return Spending(price, in_full, len(doubts), in_full * early.tuned.full_seconds + len(doubts) * each)
