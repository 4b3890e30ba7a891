"""From the full judge's verdicts on a sample to the head of an early stage: distillation.

A head is a logistic regression on the full judge's own probabilities: a post of which it is half sure teaches half of
each answer. A stage's head also hears what the stages before it say, which cost nothing more by then. The numbers were
chosen on the rows named in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from modcli.judges.judge import probability

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Changes whenever the same sample would give another head: a part of every key.
VERSION = 2
#: Groups in which rows are left out.
FOLDS = 5
#: Log-odds beyond which a head is not believed: more than a sample could show.
MOST = 9.0
#: What a nat of an earlier stage is worth beside a feature, whose rows have a mean square length of 1.
_EARLIER = 0.5
#: Length of the gradient at which a fit is done: log-odds are right to 0.01 then.
_TOLERANCE = 1e-2
_NEWTON_STEPS, _CONJUGATE_STEPS = 50, 200
#: What scales left-out log-odds has next to no penalty.
_PLATT_STRENGTH = 1e3


@dataclass(frozen=True)
class DistilledHead:
    """Log-odds of each category are features @ `weights` (features, categories), plus the log-odds of the stages before @
    `earlier` (stages * categories, categories), plus `bias` (categories,)."""

    weights: NDArray[np.float32]
    earlier: NDArray[np.float32]
    bias: Floats

    def log_odds(self, features: Any, before: Sequence[Floats]) -> Floats:
        """From features (items, features), an array or a sparse matrix, and the log-odds (items, categories) of each
        stage before to log-odds (items, categories)."""
        found = np.asarray(features @ self.weights, np.float64) + self.bias
        if before:
            found = found + np.hstack(before) @ self.earlier
        return np.asarray(np.clip(found, -MOST, MOST), np.float64)


def distil(
    features: Any, before: Sequence[Floats], targets: Floats, strength: float
) -> tuple[DistilledHead, Floats]:
    """A head from features (rows, features), dense or sparse, the log-odds of each stage before, left out as what is
    returned here, and the full judge's probabilities (rows, categories), NaN where they are not known. `strength` is the
    inverse of the penalty. Returns it with each row's log-odds by a head that was fitted without it (rows, categories).

    Its log-odds are scaled so that those of left-out rows are right on average (Platt 1999).
    """
    if not len(targets):
        return _nothing(features.shape[1], len(before), targets.shape[1]), np.zeros(targets.shape)
    rows, used, mean, scale = _scaled(features)
    if before:
        rows = _beside(rows, np.hstack(before) * _EARLIER)
    size, categories = features.shape[1], targets.shape[1]
    found, bias = np.zeros((rows.shape[1], categories)), np.zeros(categories)
    left_out = np.zeros(targets.shape)
    fold = np.arange(len(targets)) % FOLDS
    # Nothing is believed beyond MOST, a target neither: of one side alone there would be no finite fit.
    believed = np.clip(targets, *probability(np.array([-MOST, MOST])))
    # The products are so small that threads wait for each other longer than they work.
    with threadpool_limits(1, user_api="blas"):
        for category in range(categories):
            own = believed[:, category]
            known = ~np.isnan(own)
            for group in range(FOLDS):
                part, constant = _logistic(rows, own, known & (fold != group), strength)
                left_out[fold == group, category] = (rows @ part)[fold == group] + constant
            weights, constant = _logistic(rows, own, known, strength)
            slope, offset = _platt(left_out[:, category], own, known)
            found[:, category], bias[category] = slope * weights, slope * constant + offset
            left_out[:, category] = slope * left_out[:, category] + offset
    kinds = found.shape[0] - (categories * len(before))
    plain = np.zeros((size, categories))
    plain[used] = found[:kinds] / scale
    head = DistilledHead(
        np.asarray(plain, np.float32),
        np.asarray(found[kinds:] * _EARLIER, np.float32),
        bias - mean @ plain,
    )
    return head, np.clip(left_out, -MOST, MOST)


def _nothing(size: int, stages: int, categories: int) -> DistilledHead:
    """What is learned from no rows."""
    return DistilledHead(
        np.zeros((size, categories), np.float32),
        np.zeros((stages * categories, categories), np.float32),
        np.zeros(categories),
    )


def _scaled(features: Any) -> tuple[Any, Any, Floats, float]:
    """Rows to fit to; of which features they are; and the mean that was taken from them and the length that they were
    divided by. Of a sparse matrix neither (its rows have about one length), and what no row has is left out: of many
    n-grams few occur. Raises ValueError for what is not finite."""
    if isinstance(features, np.ndarray):
        if not np.isfinite(features).all():
            raise ValueError("features to learn from have to be finite")
        mean, scale = _standard(features)
        return (features - mean) / scale, slice(None), mean, scale
    used = np.unique(features.indices)
    return features[:, used], used, np.zeros(features.shape[1]), 1.0


def _standard(features: NDArray[np.float32]) -> tuple[Floats, float]:
    """The mean of the rows, and the root of their mean square length about it."""
    mean = features.mean(axis=0, dtype=np.float64)
    return mean, max(float(np.sqrt(np.square(features - mean).sum(axis=1).mean())), 1e-9)


def _beside(rows: Any, more: Floats) -> Any:
    from scipy.sparse import csr_matrix, hstack

    return (
        np.hstack([rows, more]) if isinstance(rows, np.ndarray) else hstack([rows, csr_matrix(more)]).tocsr()
    )


def _platt(left_out: Floats, targets: Floats, known: Mask) -> tuple[float, float]:
    """Slope and offset that make left-out log-odds (rows,) right on average (Platt 1999). A slope of 0 where they point
    the wrong way: what does that has learned nothing."""
    slope, offset = _logistic(left_out[:, None], targets, known, _PLATT_STRENGTH)
    if slope[0] >= 0:
        return float(slope[0]), offset
    _, offset = _logistic(np.zeros((len(targets), 1)), targets, known, _PLATT_STRENGTH)
    return 0.0, offset


def _logistic(rows: Any, targets: Floats, known: Mask, strength: float) -> tuple[Floats, float]:
    """Weights (features,) and bias of a logistic regression on the known rows; without one, zeros.

    It minimizes sum_i -t_i log p_i - (1 - t_i) log(1 - p_i) + |weights|^2 / (2 strength), by Newton's method with steps
    from conjugate gradients (Lin, Weng and Keerthi 2008, JMLR 9:627), always from 0: of a row that is not known there is
    no trace.
    """
    solution = np.zeros(rows.shape[1] + 1)
    if not known.any():
        return solution[:-1], 0.0
    wanted = np.where(known, targets, 0.5)
    columns, penalty = rows.T, np.append(np.full(rows.shape[1], 1 / strength), 0.0)

    def odds_of(way: Floats) -> Floats:
        return np.asarray(rows @ way[:-1] + way[-1], np.float64)

    def back(values: Floats) -> Floats:
        return np.append(columns @ values, values.sum())

    def loss(odds: Floats, at: Floats) -> float:
        return float((np.logaddexp(0, odds) - wanted * odds)[known].sum() + _dot(penalty * at, at) / 2)

    odds = odds_of(solution)
    for _ in range(_NEWTON_STEPS):
        chance = probability(odds)
        gradient = back(np.where(known, chance - wanted, 0.0)) + penalty * solution
        length = np.sqrt(_dot(gradient, gradient))
        if length < _TOLERANCE:
            break
        spread = np.where(known, chance * (1 - chance), 0.0)
        step = _newton_step(
            lambda way, spread=spread: back(spread * odds_of(way)) + penalty * way,  # type: ignore[misc]
            gradient,
            min(0.1, np.sqrt(length)) * length,
        )
        moved, size, before, falls = odds_of(step), 1.0, loss(odds, solution), _dot(gradient, step)
        while (
            size > 1e-6 and loss(odds + size * moved, solution + size * step) > before + 1e-4 * size * falls
        ):
            size /= 2
        solution, odds = solution + size * step, odds + size * moved
    return solution[:-1], float(solution[-1])


def _newton_step(curved: Callable[[Floats], Floats], gradient: Floats, close: float) -> Floats:
    """What solves curved(step) = -gradient, to a residual of this length."""
    step, residual = np.zeros_like(gradient), -gradient
    way, square = residual, _dot(residual, residual)
    for _ in range(_CONJUGATE_STEPS):
        if np.sqrt(square) <= close:
            break
        bent = curved(way)
        size = square / _dot(way, bent)
        step, residual = step + size * way, residual - size * bent
        last, square = square, _dot(residual, residual)
        way = residual + square / last * way
    return step


def _dot(one: Floats, other: Floats) -> float:
    # Not `@`: of vectors this long, several threads of a library wait for each other longer than they work.
    return float((one * other).sum())
