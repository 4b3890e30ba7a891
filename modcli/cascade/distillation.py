"""From the full judge's verdicts on a sample to the head of an early stage: distillation.

A head is a logistic regression on the full judge's own probabilities: a post of which it is half sure teaches half of
each answer. A stage's head also hears what the stages before it say, which cost nothing more by then. The numbers were
chosen on the rows named in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Changes whenever the same sample would give another head: a part of every key.
VERSION = 1
#: Groups in which rows are left out.
FOLDS = 5
#: Log-odds beyond which a head is not believed: more than a sample could show.
MOST = 9.0
#: What a nat of an earlier stage is worth beside a feature, whose rows have a mean square length of 1.
_EARLIER = 0.5
_ITERATIONS, _TOLERANCE = 200, 1e-3


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
    sparse = not isinstance(features, np.ndarray)
    mean, scale = (0.0, 1.0) if sparse else _standard(features)
    rows = features if sparse else (features - mean) / scale
    if before:
        rows = _beside(rows, np.hstack(before) * _EARLIER)
    size, categories = features.shape[1], targets.shape[1]
    weights, bias, left_out = (
        np.zeros((rows.shape[1], categories)),
        np.zeros(categories),
        np.zeros(targets.shape),
    )
    fold = np.arange(len(targets)) % FOLDS
    for category in range(categories):
        own = targets[:, category]
        known = ~np.isnan(own)
        for group in range(FOLDS):
            part, constant = _logistic(rows, own, known & (fold != group), strength)
            left_out[fold == group, category] = rows[fold == group] @ part + constant
        found, constant = _logistic(rows, own, known, strength)
        slope, offset = _logistic(left_out[:, [category]], own, known, 1e3)
        # What points the wrong way has learned nothing.
        steep = max(float(slope[0]), 0.0)
        weights[:, category], bias[category] = steep * found, steep * constant + offset
        left_out[:, category] = steep * left_out[:, category] + offset
    earlier = weights[size:] * _EARLIER
    plain = weights[:size] / scale
    bias = bias - (np.zeros(categories) if sparse else mean @ plain)
    head = DistilledHead(np.asarray(plain, np.float32), np.asarray(earlier, np.float32), bias)
    return head, np.clip(left_out, -MOST, MOST)


def _standard(features: NDArray[np.float32]) -> tuple[Floats, float]:
    """The mean of the rows, and the root of their mean square length about it."""
    mean = features.mean(axis=0, dtype=np.float64)
    return mean, max(float(np.sqrt(np.square(features - mean).sum(axis=1).mean())), 1e-9)


def _beside(rows: Any, more: Floats) -> Any:
    from scipy.sparse import csr_matrix, hstack

    return (
        np.hstack([rows, more]) if isinstance(rows, np.ndarray) else hstack([rows, csr_matrix(more)]).tocsr()
    )


def _logistic(rows: Any, targets: Floats, known: NDArray[np.bool_], strength: float) -> tuple[Floats, float]:
    """Weights (features,) and bias. Without a row that is known, nothing."""
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression

    if not known.any():
        return np.zeros(rows.shape[1]), 0.0
    own, share = rows[known], targets[known]
    # What no row has is left out: of many n-grams few occur.
    used = slice(None) if isinstance(own, np.ndarray) else np.unique(own.indices)
    own = own[:, used]
    # A soft label is a yes and a no, each with its weight.
    twice = np.vstack([own, own]) if isinstance(own, np.ndarray) else vstack([own, own]).tocsr()
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, tol=_TOLERANCE)
    model.fit(
        twice,
        np.repeat([True, False], len(share)),
        sample_weight=np.clip(np.concatenate([share, 1 - share]), 1e-9, 1.0),
    )
    weights = np.zeros(rows.shape[1])
    weights[used] = model.coef_[0]
    return weights, float(model.intercept_[0])
