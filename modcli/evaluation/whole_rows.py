"""What is measured of rows as a whole: one class out of many, or the set of a row's categories."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sklearn import metrics

from modcli.evaluation.intervals import percentile_interval, wilson
from modcli.evaluation.measurement import MultiClassMeasure, MultiLabelMeasure
from modcli.evaluation.predictions import UNKNOWN, Predictions
from modcli.evaluation.weighted import Flags, Floats, Numbers, ratio

#: The class of a row that is of none of the categories.
NONE = "none"


def class_numbers(flags: Flags) -> Numbers:
    """The one category of each row, by number; their count for none. `flags` has shape (rows, categories)."""
    return np.asarray(np.where(flags.any(axis=1), flags.argmax(axis=1), flags.shape[1]), np.int64)


def classified(predictions: Predictions) -> Flags:
    """The rows of which it is known which one class, or none, they are of. Shape (rows,)."""
    of = predictions.truth == 1
    known = ~(predictions.truth == UNKNOWN).any(axis=1)
    return np.asarray((of.sum(axis=1) == 1) | (known & ~of.any(axis=1)), bool)


@dataclass
class ClassTally:
    """Takes in weightings of the rows, and measures one class out of many."""

    predictions: Predictions
    _f1: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._used = classified(self.predictions)
        self._classes = self.predictions.truth.shape[1] + 1
        self._truth = class_numbers(self.predictions.truth == 1)
        self._found = class_numbers(self.predictions.fired)
        # Rows of which the class is not known go to a cell of their own, which is dropped.
        pairs = self._truth * self._classes + self._found
        self._cell = np.where(self._used, pairs, self._classes**2)

    def add(self, weights: Floats) -> None:
        """Weights of shape (weightings, rows)."""
        size = self._classes**2
        tables = np.stack([np.bincount(self._cell, one, minlength=size + 1)[:size] for one in weights])
        self._f1.append(class_f1(tables.reshape(-1, self._classes, self._classes).astype(np.float64)))

    def measure(self) -> MultiClassMeasure | None:
        """What was found; None where there is no row."""
        truth, found = self._truth[self._used], self._found[self._used]
        if not len(truth):
            return None
        table = metrics.confusion_matrix(truth, found, labels=range(self._classes)).tolist()
        right = sum(table[i][i] for i in range(self._classes))
        weighted, macro = (
            float(metrics.f1_score(truth, found, average=average, zero_division=0.0))
            for average in ("weighted", "macro")
        )
        resampled = np.concatenate(self._f1, axis=1) if self._f1 else np.zeros((2, 0))
        return MultiClassMeasure(
            rows=len(truth),
            classes=(*self.predictions.categories, NONE),
            confusion=tuple(tuple(row) for row in table),
            accuracy=wilson(right, len(truth)),
            weighted_f1=percentile_interval(weighted, resampled[0]),
            macro_f1=percentile_interval(macro, resampled[1]),
        )


def class_f1(tables: Floats) -> Floats:
    """F1 as a mean over classes, weighted by their rows and plain, shape (2, weightings), from tables of shape
    (weightings, truth, found). Of a class that is neither true nor found there is none, and it is in no mean."""
    right = np.diagonal(tables, axis1=1, axis2=2)
    support = tables.sum(axis=2)
    f1 = ratio(2 * right, support + tables.sum(axis=1))
    weighted = ratio((np.nan_to_num(f1) * support).sum(axis=1), support.sum(axis=1))
    plain = ratio(np.nan_to_num(f1).sum(axis=1), (~np.isnan(f1)).sum(axis=1).astype(np.float64))
    return np.stack([weighted, plain])


@dataclass
class LabelSetTally:
    """Takes in weightings of the rows, and measures the sets of their categories."""

    predictions: Predictions
    _means: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._used = ~(self.predictions.truth == UNKNOWN).any(axis=1)
        truth, fired = self.predictions.truth == 1, self.predictions.fired
        self._wrong = (truth != fired).mean(axis=1)
        # Where neither names any category, all that is said is right.
        union = (truth | fired).sum(axis=1)
        self._shared = np.where(union > 0, (truth & fired).sum(axis=1) / np.maximum(union, 1), 1.0)

    def add(self, weights: Floats) -> None:
        """Weights of shape (weightings, rows)."""
        rows = weights @ self._used
        self._means.append(
            np.stack([ratio(weights @ (each * self._used), rows) for each in (self._wrong, self._shared)])
        )

    def measure(self) -> MultiLabelMeasure | None:
        """What was found; None where there is no row."""
        truth, fired = self.predictions.truth[self._used] == 1, self.predictions.fired[self._used]
        if not len(truth):
            return None
        right = round(metrics.accuracy_score(truth, fired) * len(truth))
        jaccard = metrics.jaccard_score(truth, fired, average="samples", zero_division=1.0)
        resampled = np.concatenate(self._means, axis=1) if self._means else np.zeros((2, 0))
        return MultiLabelMeasure(
            rows=len(truth),
            subset_accuracy=wilson(right, len(truth)),
            hamming_loss=percentile_interval(float(metrics.hamming_loss(truth, fired)), resampled[0]),
            jaccard=percentile_interval(float(jaccard), resampled[1]),
        )
