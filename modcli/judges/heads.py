"""Heads: small regularized linear maps from a hidden state to the log-odds of a category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_NEWTON_STEPS = 60
_TOLERANCE = 1e-8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """Log-odds = features @ weights + bias. `weights` has shape (features,)."""

    weights: NDArray[np.float32]
    bias: float

    def log_odds(self, features: NDArray[np.float32]) -> Floats:
        """Features of shape (items, features) to log-odds of shape (items,)."""
        return np.asarray(features @ self.weights, np.float64) + self.bias


def fit(features: NDArray[np.float32], labels: NDArray[np.bool_], importance: Floats, penalty: float) -> Head:
    """Logistic regression with an L2 penalty on the weights, none on the bias.

    Features have shape (rows, features), labels and importance (rows,). It minimizes
    sum_i importance_i * log(1 + exp(-y_i f_i)) + penalty / 2 * |weights|^2, with Newton's method in the span of the
    rows, of which there are far fewer than features.
    """
    basis, coordinates = _span(features)
    solution = _newton(coordinates, labels, importance, penalty)
    return Head(np.asarray(basis @ solution[:-1], np.float32), float(solution[-1]))


def leave_one_out(
    features: NDArray[np.float32],
    labels: NDArray[np.bool_],
    importance: Floats,
    penalty: float,
    left_out: NDArray[np.intp],
    folds: int = 24,
) -> Floats:
    """Log-odds of the rows `left_out` by heads that were fitted without them, shape (left_out,).

    One head per row up to `folds` rows; beyond that, rows are left out in `folds` groups.
    """
    _, coordinates = _span(features)
    with_all = _newton(coordinates, labels, importance, penalty)
    scores = np.empty(len(left_out))
    for fold in range(min(folds, len(left_out))):
        members = np.arange(fold, len(left_out), folds)
        kept = np.ones(len(labels), bool)
        kept[left_out[members]] = False
        # What the fold takes from one side is given to the rest of that side, or the bias would tell what is missing.
        weights = importance.copy()
        for side in (True, False):
            total = importance[labels == side].sum()
            rest = importance[(labels == side) & kept].sum()
            if rest > 0:
                weights[labels == side] *= total / rest
        solution = _newton(coordinates[kept], labels[kept], weights[kept], penalty, start=with_all)
        scores[members] = coordinates[left_out[members]] @ solution[:-1] + solution[-1]
    return scores


def _span(features: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """An orthonormal basis of the rows' span, (features, rank), and the rows in it, (rows, rank)."""
    gram = features.astype(np.float64) @ features.T.astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    kept = values > max(values[-1], 1e-12) * 1e-10
    roots = np.sqrt(values[kept])
    coordinates = vectors[:, kept] * roots
    basis = features.T.astype(np.float64) @ (vectors[:, kept] / roots)
    return basis, coordinates


def _newton(
    coordinates: Floats,
    labels: NDArray[np.bool_],
    importance: Floats,
    penalty: float,
    start: Floats | None = None,
) -> Floats:
    rows = np.hstack([coordinates, np.ones((len(coordinates), 1))])
    signs = np.where(labels, 1.0, -1.0)
    ridge = np.full(rows.shape[1], float(penalty))
    ridge[-1] = 1e-6
    solution = np.zeros(rows.shape[1]) if start is None else start
    margins = signs * (rows @ solution)

    def loss(margins: Floats, solution: Floats) -> float:
        return float(importance @ np.logaddexp(0, -margins) + ridge @ np.square(solution) / 2)

    for _ in range(_NEWTON_STEPS):
        miss = 1 / (1 + np.exp(np.clip(margins, -500, 500)))
        gradient = ridge * solution - rows.T @ (importance * signs * miss)
        curvature = (rows * (importance * miss * (1 - miss))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        # Where the curve is flat a full step overshoots: halve it until the loss is no greater.
        moved, size, before = signs * (rows @ step), 1.0, loss(margins, solution)
        while loss(margins - size * moved, solution - size * step) > before * (1 + 1e-12) and size > 1e-6:
            size /= 2
        solution = solution - size * step
        margins = margins - size * moved
        if np.abs(step).max() < _TOLERANCE:
            break
    return solution
