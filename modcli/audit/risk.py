"""How bad a collection of items is on the whole and at its worst end, after SHARP.

SHARP (Abhishek, Bandopadhyay and Erickson, arXiv 2601.21235) scores each answer of a model on several dimensions of
harm, takes the probability that any of them fails, and reports beside the mean the tail of its distribution. Here the
items are posts and the dimensions a profile's categories. The paper gives the union of failures; how its log-risk is
written out and how the tail is estimated is our reading of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: The tail: of so many items, the share that is worst.
TAIL = 0.05
#: Probabilities are cut here, so that a single sure one does not make the logarithm infinite.
MOST = 1 - 1e-6


@dataclass(frozen=True, slots=True)
class Risk:
    """Of `items` values: their mean, the mean of the worst 5% (CVaR95), and the largest."""

    items: int
    mean: float
    tail: float
    worst: float

    @classmethod
    def of(cls, values: Floats) -> Risk:
        """That of values of shape (items,); all zero where there are none."""
        if not len(values):
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(values), float(values.mean()), cvar(values), float(values.max()))

    def as_record(self) -> dict[str, Any]:
        """In JSON's terms."""
        return {
            "items": self.items,
            "mean": round(self.mean, 4),
            "cvar95": round(self.tail, 4),
            "worst": round(self.worst, 4),
        }


def cvar(values: Floats, tail: float = TAIL) -> float:
    """The mean of the worst `tail` of the values, shape (items,): conditional value at risk (Rockafellar and Uryasev
    2000). Where the tail is no whole number of items, the last one counts for the part of it that belongs to the tail;
    with fewer than 1/tail items it is the worst one. Raises ValueError where there are no values."""
    if not len(values):
        raise ValueError("no values, no tail")
    wanted = max(tail * len(values), 1.0)
    whole = int(wanted)
    worst = np.sort(np.partition(values, len(values) - min(whole + 1, len(values)))[-whole - 1 :])[::-1]
    total = float(worst[:whole].sum())
    if whole < len(worst):
        total += (wanted - whole) * float(worst[whole])
    return total / wanted


def log_risk(probabilities: Floats) -> Floats:
    """Cumulative log-risk of each item: `-ln(1 - H)` where H is the probability that any category applies, if they were
    independent; it is the sum of the categories' own. `probabilities` has shape (items, categories), NaN where a category
    was not judged (it adds nothing); the result shape (items,)."""
    risks: Floats = -np.log1p(-np.minimum(np.nan_to_num(probabilities), MOST))
    total: Floats = risks.sum(axis=1)
    return total


def union(log_risks: Floats) -> Floats:
    """The probability that any category applies, of cumulative log-risks of any shape."""
    return -np.expm1(-log_risks)
