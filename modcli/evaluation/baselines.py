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

#: Parts that train rows are cut into, and rows of a category from which on its threshold is chosen by them, where it is
#: no larger a share: of a common one even odds do, and are more accurate.
_FOLDS, _ENOUGH, _RARE = 5, 10, 0.3
_EVEN_ODDS = 0.5


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
    `trained`: it learns at all; one that does not comes as it is. `folds`: it is fast enough to choose its thresholds
    by learning from parts of its train rows. `categories` are those that it can judge (empty:
    any). Where it cannot be measured on this machine there is no `learn`, and `missing` says why.
    """

    name: str
    learn: Learner | None
    full: bool = True
    few: bool = True
    many: bool = True
    trained: bool = True
    folds: bool = False
    categories: frozenset[str] = frozenset()
    missing: str = ""

    def judges(self, categories: Sequence[str]) -> bool:
        """Whether it has something to say of all of these."""
        return not self.categories or self.categories.issuperset(categories)


def truth_of_rows(rows: Sequence[LabelledRow], categories: Sequence[str]) -> Truth:
    """1 of the category, 0 not, UNKNOWN: shape (rows, categories)."""
    truth = [[row.truth_of(name) for name in categories] for row in rows]
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


def thresholds(learn: Learner, train: Sequence[LabelledRow], categories: Sequence[str], seed: int) -> Floats:
    """From where each category fires, shape (categories,): even odds, but of a rare category the probability with the
    best F1 on train rows, each judged by what the others teach, as a regression gives it small probabilities
    throughout. Even odds too where there are too few rows to choose by."""
    truth = truth_of_rows(train, categories)
    found = np.full(len(categories), _EVEN_ODDS)
    count, known = (truth == 1).sum(axis=0), (truth != UNKNOWN).sum(axis=0)
    rare = np.flatnonzero((count >= _ENOUGH) & (count <= _RARE * known))
    if not len(rare):
        return found
    fold_of = np.random.default_rng([seed, len(train)]).permutation(len(train)) % _FOLDS
    left_out = np.empty(truth.shape)
    for fold in range(_FOLDS):
        inside, outside = (np.flatnonzero(part).tolist() for part in (fold_of != fold, fold_of == fold))
        left_out[outside] = learn([train[i] for i in inside], [train[i] for i in outside], categories, seed)
    for i in rare:
        told = truth[:, i] != UNKNOWN
        found[i] = best_f1_threshold(left_out[told, i], truth[told, i] == 1)
    return found


def best_f1_threshold(probability: Floats, truth: NDArray[np.bool_]) -> float:
    """The threshold with the highest F1, both of shape (rows,): midway between the probabilities that it parts; of
    several as good, the one nearest to even odds."""
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(truth[order])
    # A threshold cannot part equal probabilities.
    ends = np.flatnonzero(np.diff(ranked, append=-np.inf))
    f1 = 2 * hits[ends] / (ends + 1 + truth.sum())
    below = np.append(ranked[1:], 0.0)[ends]
    cuts = (ranked[ends] + below) / 2
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(cuts[best[np.argmin(np.abs(cuts[best] - _EVEN_ODDS))]])


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
