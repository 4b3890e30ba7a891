"""Baselines: what a person could train instead, measured on the same rows as modcli.

A baseline learns from labelled rows and gives probabilities for others. Several categories are learned one against the
rest, each from the rows in which it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modcli.evaluation.predictions import UNKNOWN, LabelledRow

Floats = NDArray[np.float64]
Truth = NDArray[np.int8]


class Learner(Protocol):
    """Learns from rows, and judges others."""

    def __call__(
        self, train: Sequence[LabelledRow], test: Sequence[LabelledRow], categories: Sequence[str], seed: int
    ) -> Floats:
        """The probability of each category in each row of `test`, shape (rows, categories); the same for the same
        seed. Raises BackendError where a runtime fails."""
        ...


@dataclass(frozen=True)
class Baseline:
    """A baseline and how it is called in a table.

    `full`: it is worth measuring on a whole train split; `few`: on a few shots; `many`: on some hundred examples.
    `trained`: it learns at all; one that does not comes as it is. `categories` are those that it can judge (empty:
    any). Where it cannot be measured on this machine there is no `learn`, and `missing` says why.
    """

    name: str
    learn: Learner | None
    full: bool = True
    few: bool = True
    many: bool = True
    trained: bool = True
    categories: frozenset[str] = frozenset()
    missing: str = ""

    def judges(self, categories: Sequence[str]) -> bool:
        """Whether it has something to say of all of these."""
        return not self.categories or self.categories.issuperset(categories)


def truth_of_rows(rows: Sequence[LabelledRow], categories: Sequence[str]) -> Truth:
    """1 of the category, 0 not, UNKNOWN: shape (rows, categories)."""
    truth = [
        [1 if name in row.labels else UNKNOWN if name in row.unknown else 0 for name in categories]
        for row in rows
    ]
    return np.array(truth, np.int8).reshape(len(rows), len(categories))


def each_against_rest(
    train: Sequence[LabelledRow],
    tested: int,
    categories: Sequence[str],
    learn: Callable[[NDArray[np.intp], Truth], Floats],
) -> Floats:
    """Probabilities of `tested` rows, shape (rows, categories), each category by itself: `learn` is given the indices
    of the train rows in which it is known, and their labels. Where these are all alike there is nothing to learn."""
    found = np.empty((tested, len(categories)))
    for i, column in enumerate(truth_of_rows(train, categories).T):
        known = np.flatnonzero(column != UNKNOWN)
        labels = column[known]
        found[:, i] = learn(known, labels) if len(np.unique(labels)) == 2 else _share(labels)
    return found


def majority(
    train: Sequence[LabelledRow],
    test: Sequence[LabelledRow],
    categories: Sequence[str],
    seed: int,  # noqa: ARG001 -- the protocol
) -> Floats:
    """The share of each category in the train rows, whatever the text."""
    return each_against_rest(
        train, len(test), categories, lambda _, labels: np.full(len(test), _share(labels))
    )


def _share(labels: Truth) -> float:
    """Of ones; of no label at all, an even chance."""
    return float(labels.mean()) if len(labels) else 0.5


MAJORITY = Baseline("majority class", majority, few=False, many=False)
