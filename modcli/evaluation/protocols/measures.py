"""What is measured of one condition: a value for each draw of the shots, and an interval over draws and rows.

The metrics are written for many weightings of the rows at once, because the interval needs them so; with all weights 1
they are scikit-learn's (a test holds them against it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modcli.evaluation.intervals import CONFIDENCE, wilson
from modcli.evaluation.predictions import UNKNOWN, Predictions
from modcli.evaluation.weighted import (
    Counts,
    equal_mass_bins,
    mean_of_defined,
    metrics_of_counts,
    ratio,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Resamples behind an interval.
RESAMPLES = 500
#: Shares of rows: where every row of every draw agrees, resampling says that nothing else is possible, which is wrong.
_SHARES = ("accuracy", "precision", "recall", "false positives", "found")
#: Too high in a resample by about as much as in the rows themselves.
_RAISED = ("calibration error",)


@dataclass(frozen=True)
class Answers:
    """What was said of the rows under one draw, each of shape (rows, categories): `truth` is 1, 0 or UNKNOWN, `score`
    a probability or anything that ranks (NaN: could not be judged), `fired` whether the category was found."""

    truth: NDArray[np.int8]
    score: Floats
    fired: Flags

    def __len__(self) -> int:
        """How many rows."""
        return len(self.truth)

    @property
    def failed(self) -> int:
        """Rows that could not be judged."""
        return int(np.isnan(self.score).any(axis=1).sum())

    @property
    def known(self) -> Flags:
        """Where there is a truth and an answer, shape (rows, categories)."""
        return np.asarray((self.truth != UNKNOWN) & ~np.isnan(self.score), bool)

    @classmethod
    def of(cls, predictions: Predictions) -> Answers:
        """The answers in predictions."""
        return cls(predictions.truth, predictions.probability, predictions.fired)

    @classmethod
    def binary(cls, truth: NDArray[np.int8], score: Floats, fired: Flags) -> Answers:
        """Of one category: three arrays of shape (rows,)."""
        return cls(truth[:, None], score[:, None], fired[:, None])


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one condition: its value in each draw, and the ends of the interval of their mean."""

    values: tuple[float, ...]
    low: float
    high: float

    @property
    def mean(self) -> float:
        """The mean over draws; NaN where the metric is not defined in some draw."""
        return float(np.mean(self.values)) if self.values else float("nan")


#: Answers and weights of shape (weightings, rows) to a value for each weighting; NaN where it is not defined.
Metric = Callable[[Answers, Floats], Floats]


def measure(
    draws: Sequence[Answers], metrics: Sequence[str], *, same_rows: bool = True, seed: int = 0
) -> dict[str, Measured]:
    """The metrics of these names, with their intervals.

    Interval: the middle 95% of the mean over draws when draws and rows are both resampled with replacement, each
    independently of the other (the pigeonhole bootstrap, Owen 2007, arXiv 0712.1111); so it allows for other shots and
    for other rows, and is somewhat wide rather than narrow. One draw: rows alone. Without `same_rows` each draw has
    rows of its own, which are resampled for it alone. Raises ValueError for draws of different lengths unless so.
    """
    if same_rows and len({len(answers) for answers in draws}) > 1:
        raise ValueError("draws over the same rows differ in length")
    generator = np.random.default_rng([seed, len(draws)])
    said = (
        generator.multinomial(len(draws), np.full(len(draws), 1 / len(draws)), RESAMPLES) if draws else None
    )
    weights: Floats | None = None
    values: dict[str, list[float]] = {name: [] for name in metrics}
    resampled: dict[str, list[Floats]] = {name: [] for name in metrics}
    for answers in draws:
        if weights is None or not same_rows:
            weights = _resampled(len(answers), generator)
        ones = np.ones((1, len(answers)))
        for name in metrics:
            values[name].append(float(METRICS[name](answers, ones)[0]))
            resampled[name].append(METRICS[name](answers, weights))
    return {
        name: Measured(
            tuple(values[name]),
            *(
                _at_the_end(name, draws, values[name])
                or _interval(resampled[name], said, float(np.mean(values[name])) if name in _RAISED else None)
            ),
        )
        for name in metrics
    }


def _at_the_end(name: str, draws: Sequence[Answers], values: Sequence[float]) -> tuple[float, float] | None:
    """The interval of a share that is 0 or 1 in all draws."""
    if name not in _SHARES or set(values) not in ({0.0}, {1.0}) or draws[0].truth.shape[1] != 1:
        return None
    counted = max(
        int((answers.known[:, 0] & _counting(name, answers.truth[:, 0], answers.fired[:, 0])).sum())
        for answers in draws
    )
    ends = wilson(round(values[0] * counted), counted)
    return ends.low, ends.high


def _counting(name: str, truth: NDArray[np.int8], fired: Flags) -> Flags:
    """The rows that a share is a share of."""
    match name:
        case "precision":
            return fired
        case "recall":
            return np.asarray(truth == 1, bool)
        case "false positives":
            return np.asarray(truth == 0, bool)
    return np.ones(len(truth), bool)


def _resampled(rows: int, generator: np.random.Generator) -> Floats:
    """How often each row is in each resample, shape (resamples, rows)."""
    if not rows:
        return np.zeros((RESAMPLES, 0))
    return np.asarray(generator.multinomial(rows, np.full(rows, 1 / rows), RESAMPLES), np.float64)


def _interval(
    resampled: Sequence[Floats], said: NDArray[np.int64] | None, value: float | None
) -> tuple[float, float]:
    """The ends of the middle of the resampled means; of a figure with a `value`, moved so that their mean is there."""
    if said is None:
        return float("nan"), float("nan")
    # A resample in which the metric of a chosen draw is not defined says nothing.
    means = np.where(said > 0, np.stack(resampled, axis=1) * said, 0.0).sum(axis=1) / said.sum(axis=1)
    means = means[~np.isnan(means)]
    if not len(means):
        return float("nan"), float("nan")
    if value is not None:
        means = np.maximum(means - (means.mean() - value), 0.0)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _counted(truth: Any, fired: Any, known: Any, weights: Floats) -> Counts:
    """The flags have shape (rows,)."""
    return Counts(
        tp=weights @ (truth & fired & known),
        fp=weights @ (~truth & fired & known),
        fn=weights @ (truth & ~fired & known),
        tn=weights @ (~truth & ~fired & known),
        squared=np.zeros(len(weights)),  # of no use here
    )


def _share(of: Counts) -> Floats:
    """Of all rows, the share in which the category was found."""
    return ratio(of.tp + of.fp, of.rows)


def _f1(of: Counts) -> Floats:
    return metrics_of_counts(of)["f1"]


def _counts_metric(name: str) -> Callable[[Counts], Floats]:
    return lambda of: metrics_of_counts(of)[name]


def _over_categories(of_one: Callable[[Counts], Floats]) -> Metric:
    """A metric of counts, mean over the categories (of one: its own)."""

    def metric(answers: Answers, weights: Floats) -> Floats:
        return _mean(
            [
                of_one(_counted(answers.truth[:, i] == 1, answers.fired[:, i], answers.known[:, i], weights))
                for i in range(answers.truth.shape[1])
            ],
            weights,
        )

    return metric


def _mean(columns: Sequence[Floats], weights: Floats) -> Floats:
    """Mean over the categories in which a metric is defined."""
    return mean_of_defined(columns) if columns else np.full(len(weights), np.nan)


@dataclass(frozen=True)
class _Ranked:
    """Weights of positives and negatives by falling score, ties together: shape (weightings, distinct scores)."""

    positives: Floats
    negatives: Floats


def _ranked(truth: Flags, score: Floats, known: Flags, weights: Floats) -> _Ranked:
    _, group = np.unique(-score[known], return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    used = weights[:, known][:, order]
    positive = truth[known][order]
    if not len(starts):
        return _Ranked(np.zeros((len(weights), 0)), np.zeros((len(weights), 0)))
    return _Ranked(
        np.add.reduceat(used * positive, starts, axis=1), np.add.reduceat(used * ~positive, starts, axis=1)
    )


def _auroc_of(ranked: _Ranked) -> Floats:
    """The share of pairs in which the positive has the higher score, ties counting half."""
    below = ranked.negatives.sum(axis=1, keepdims=True) - np.cumsum(ranked.negatives, axis=1)
    won = (ranked.positives * (below + ranked.negatives / 2)).sum(axis=1)
    return ratio(won, ranked.positives.sum(axis=1) * ranked.negatives.sum(axis=1))


def _auprc_of(ranked: _Ranked) -> Floats:
    """Average precision: precision at each distinct score, weighted by the recall that it adds."""
    hits = np.cumsum(ranked.positives, axis=1)
    all_found = hits + np.cumsum(ranked.negatives, axis=1)
    precision = np.divide(hits, all_found, out=np.zeros_like(hits), where=all_found > 0)
    return ratio((ranked.positives * precision).sum(axis=1), ranked.positives.sum(axis=1))


def _of_ranks(of_one: Callable[[_Ranked], Floats]) -> Metric:
    def metric(answers: Answers, weights: Floats) -> Floats:
        return _mean(
            [
                of_one(_ranked(answers.truth[:, i] == 1, answers.score[:, i], answers.known[:, i], weights))
                for i in range(answers.truth.shape[1])
            ],
            weights,
        )

    return metric


def _calibration_error(answers: Answers, weights: Floats) -> Floats:
    """Expected calibration error, in the bins of `modcli eval`: |mean probability - share of positives|, weighted by the
    rows in a bin; mean over categories. Of probabilities only."""
    errors = []
    for i in range(answers.truth.shape[1]):
        known = answers.known[:, i]
        score, positive = answers.score[known, i], answers.truth[known, i] == 1
        used = weights[:, known]
        bins = equal_mass_bins(score)
        gaps = (used * (score - positive)) @ (bins[:, None] == np.arange(bins.max(initial=0) + 1))
        errors.append(ratio(np.abs(gaps).sum(axis=1), used.sum(axis=1)))
    return _mean(errors, weights)


def _any_f1(answers: Answers, weights: Floats, *, known_only: bool = False) -> Floats:
    """F1 of "of any category" against "of none". A row without a known label counts as of none, as in the published
    figures, or, `known_only`, is left out where some of its labels are unknown."""
    truth = (answers.truth == 1).any(axis=1)
    counted = ~np.isnan(answers.score).any(axis=1)
    if known_only:
        counted &= truth | ~(answers.truth == UNKNOWN).any(axis=1)
    return _f1(_counted(truth, answers.fired.any(axis=1), counted, weights))


def _classes(answers: Answers, weights: Floats) -> tuple[Floats, Floats]:
    """F1 and support of each class and, last, of none of them: shapes (weightings, classes + 1)."""
    judged = answers.known.all(axis=1)
    truth = np.hstack([answers.truth == 1, ~(answers.truth == 1).any(axis=1, keepdims=True)])
    fired = np.hstack([answers.fired, ~answers.fired.any(axis=1, keepdims=True)])
    counts = [_counted(truth[:, i], fired[:, i], judged, weights) for i in range(truth.shape[1])]
    return (
        np.stack([_f1(of) for of in counts], axis=1),
        np.stack([of.tp + of.fn for of in counts], axis=1),
    )


def _weighted_f1(answers: Answers, weights: Floats) -> Floats:
    f1, support = _classes(answers, weights)
    return ratio((np.nan_to_num(f1) * support).sum(axis=1), support.sum(axis=1))


def _macro_class_f1(answers: Answers, weights: Floats) -> Floats:
    return _mean(list(_classes(answers, weights)[0].T), weights)


def _class_accuracy(answers: Answers, weights: Floats) -> Floats:
    judged = answers.known.all(axis=1)
    right = ((answers.truth == 1) == answers.fired).all(axis=1) & judged
    return ratio(weights @ right, weights @ judged)


#: By name. Where there are several categories, the mean over those in which the metric is defined, except for the
#: last five: `any f1` joins the categories to one, and the `class` metrics take exactly one class, or none, for a row.
METRICS: Mapping[str, Metric] = {
    "accuracy": _over_categories(_counts_metric("accuracy")),
    "precision": _over_categories(_counts_metric("precision")),
    "recall": _over_categories(_counts_metric("recall")),
    "f1": _over_categories(_counts_metric("f1")),
    "false positives": _over_categories(_counts_metric("false_positive_rate")),
    "found": _over_categories(_share),
    "auroc": _of_ranks(_auroc_of),
    "auprc": _of_ranks(_auprc_of),
    "calibration error": _calibration_error,
    "any f1": _any_f1,
    "any f1, labels known": partial(_any_f1, known_only=True),
    "class weighted f1": _weighted_f1,
    "class macro f1": _macro_class_f1,
    "class accuracy": _class_accuracy,
}
