"""The metrics of a category under many weightings of its rows at once, which is what a bootstrap asks for.

With all weights 1 they are scikit-learn's, with whole numbers those of rows repeated so often (a test holds them
against it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

#: Beyond so many different scores, those next to each other are taken together when rows are resampled.
_LEVELS = 4096
#: Bins of the calibration error: at most so many, of at least so many rows each.
MOST_BINS, ROWS_A_BIN = 10, 10
#: Share of false positives at which `recall_at_1_percent_fpr` is read.
FEW_FALSE_POSITIVES = 0.01


@dataclass(frozen=True)
class Cells:
    """The rows of a category, put together where score, truth and answer are the same, by falling score.

    `of_row` (rows,): the cell of each row; the number of cells for a row that is not used. Of each cell: `positive`
    and `fired`, the mean of `squared` errors, the mean `gap` (probability less truth), the `bin` of its probability.
    `levels`: the cell with which each score begins.
    """

    of_row: Numbers
    positive: Flags
    fired: Flags
    squared: Floats
    gap: Floats
    bin: Numbers
    levels: Numbers

    def __len__(self) -> int:
        """How many cells."""
        return len(self.positive)

    def weigh(self, weights: Floats) -> Floats:
        """From weights of rows, shape (weightings, rows), to those of cells, shape (weightings, cells)."""
        cells = len(self)
        return np.stack([np.bincount(self.of_row, one, minlength=cells + 1)[:cells] for one in weights])


@dataclass(frozen=True)
class Counts:
    """Weights of rows by truth and answer, and of squared errors, each of shape (weightings,)."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats
    squared: Floats

    @property
    def rows(self) -> Floats:
        """All of them."""
        return self.tp + self.fp + self.fn + self.tn


def cells_of(truth: Flags, probability: Floats, fired: Flags, used: Flags) -> Cells:
    """Cells of rows; all arguments have shape (rows,)."""
    p, positive, found = probability[used], truth[used], fired[used]
    bins = equal_mass_bins(p)
    _, rank, count = np.unique(-p, return_inverse=True, return_counts=True)
    level = rank
    if len(count) > _LEVELS:
        level = ((np.cumsum(count) - count) * _LEVELS // len(p))[rank]
    key = ((level * MOST_BINS + bins) * 2 + positive) * 2 + found
    cells, of_used, rows = np.unique(key, return_inverse=True, return_counts=True)
    of_row = np.full(len(truth), len(cells))
    of_row[used] = of_used
    gap = p - positive
    level_of_cell = cells // (MOST_BINS * 4)
    return Cells(
        of_row=of_row,
        positive=cells // 2 % 2 == 1,
        fired=cells % 2 == 1,
        squared=np.bincount(of_used, gap**2, minlength=len(cells)) / rows,
        gap=np.bincount(of_used, gap, minlength=len(cells)) / rows,
        bin=cells // 4 % MOST_BINS,
        levels=np.flatnonzero(np.diff(level_of_cell, prepend=-1)),
    )


def equal_mass_bins(probability: Floats) -> Numbers:
    """The bin of each probability: as many rows in each as can be, rows with the same probability in the same. At most
    MOST_BINS; of few rows fewer, so that ROWS_A_BIN are in each. Shape (rows,); a bin may be empty."""
    if not len(probability):
        return np.zeros(0, np.int64)
    bins = min(MOST_BINS, max(1, len(probability) // ROWS_A_BIN))
    _, rank, count = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    return np.asarray((middle * bins / len(probability)).astype(np.int64)[rank])


def counts_of(cells: Cells, weights: Floats) -> Counts:
    """Counts from weights of cells, shape (weightings, cells)."""
    positive, fired = cells.positive, cells.fired
    return Counts(
        tp=weights @ (positive & fired),
        fp=weights @ (~positive & fired),
        fn=weights @ (positive & ~fired),
        tn=weights @ (~positive & ~fired),
        squared=weights @ cells.squared,
    )


def pooled(counts: Sequence[Counts]) -> Counts:
    """Counts of several categories, as if their rows were one category's."""
    names = ("tp", "fp", "fn", "tn", "squared")
    return Counts(*(np.sum([getattr(one, name) for one in counts], axis=0) for name in names))


def metrics_of_counts(counts: Counts) -> dict[str, Floats]:
    """The metrics that depend on the answers alone, and the Brier score; NaN where one is not defined."""
    recall = ratio(counts.tp, counts.tp + counts.fn)
    specificity = ratio(counts.tn, counts.tn + counts.fp)
    return {
        "accuracy": ratio(counts.tp + counts.tn, counts.rows),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": ratio(counts.tp, counts.tp + counts.fp),
        "recall": recall,
        "specificity": specificity,
        "false_positive_rate": ratio(counts.fp, counts.tn + counts.fp),
        "f1": ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn),
        "brier": ratio(counts.squared, counts.rows),
    }


def metrics_of_scores(cells: Cells, weights: Floats) -> dict[str, Floats]:
    """The metrics that depend on the probabilities; NaN where one is not defined. `weights` are of cells."""
    if not len(cells):
        undefined = np.full(len(weights), np.nan)
        return dict.fromkeys(("auroc", "auprc", "recall_at_1_percent_fpr", "calibration_error"), undefined)
    hits = np.add.reduceat(weights * cells.positive, cells.levels, axis=1)
    alarms = np.add.reduceat(weights * ~cells.positive, cells.levels, axis=1)
    found, alarmed = np.cumsum(hits, axis=1), np.cumsum(alarms, axis=1)
    positives, negatives = found[:, -1], alarmed[:, -1]
    both = (positives > 0) & (negatives > 0)
    # A pair in which the positive has the higher score counts 1, a tie one half.
    won = (hits * (negatives[:, None] - alarmed + alarms / 2)).sum(axis=1)
    precision = np.divide(found, found + alarmed, out=np.zeros_like(found), where=found + alarmed > 0)
    # The last score at which there are few enough false positives; none of them means that nothing is found.
    share = np.divide(alarmed, negatives[:, None], out=np.ones_like(alarmed), where=negatives[:, None] > 0)
    few = (share <= FEW_FALSE_POSITIVES).sum(axis=1)
    at_few = np.where(few > 0, np.take_along_axis(found, np.maximum(few - 1, 0)[:, None], axis=1)[:, 0], 0.0)
    gaps = weights @ (cells.gap[:, None] * (cells.bin[:, None] == np.arange(MOST_BINS)))
    return {
        "auroc": ratio(won, positives * negatives),
        "auprc": np.where(both, ratio((hits * precision).sum(axis=1), positives), np.nan),
        "recall_at_1_percent_fpr": np.where(both, ratio(at_few, positives), np.nan),
        "calibration_error": ratio(np.abs(gaps).sum(axis=1), weights.sum(axis=1)),
    }


def ratio(part: Floats, whole: Floats) -> Floats:
    """Part of whole, NaN where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0), np.float64)


def mean_of_defined(values: Sequence[Floats]) -> Floats:
    """The mean of arrays of the same shape, place by place, without NaN; NaN where there is nothing else."""
    if not values:
        return np.zeros(0)
    stacked = np.stack(values)
    defined = ~np.isnan(stacked)
    return ratio(np.where(defined, stacked, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64))
