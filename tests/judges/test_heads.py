"""Fits against the equations that define them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.judges.heads import Floats, Head, fit, leave_one_out

Features = NDArray[np.float32]
Bools = NDArray[np.bool_]


def rows(count: int, width: int, *, seed: int = 0, scale: float = 1.0) -> Features:
    return (np.random.default_rng(seed).normal(size=(count, width)) * scale).astype(np.float32)


def gradient(head: Head, features: Features, labels: Bools, importance: Floats, penalty: float) -> Floats:
    """Of what `fit` minimizes, by the weights, then by the bias."""
    signs = np.where(labels, 1.0, -1.0)
    scores = features.astype(np.float64) @ head.weights.astype(np.float64) + head.bias
    pull = importance * signs / (1 + np.exp(np.clip(signs * scores, -500, 500)))
    return np.append(penalty * head.weights - features.T.astype(np.float64) @ pull, -pull.sum())


@pytest.mark.parametrize("penalty", [100, 1.0, 1e-3])
@pytest.mark.parametrize(
    ("count", "width", "positives", "scale"),
    [
        (2, 8, 1, 1.0),
        (16, 300, 8, 1.0),
        (60, 20, 3, 1.0),
        (60, 20, 30, 10.0),
        (20, 4, 19, 0.01),
        (30, 64, 15, 30.0),
    ],
)
def test_gradient_is_zero_at_the_solution(
    count: int, width: int, positives: int, scale: float, penalty: float
) -> None:
    """More rows than features and fewer, separable and not, one row a side, sides that differ in size."""
    features = rows(count, width, scale=scale)
    labels = np.arange(count) < positives
    importance = np.random.default_rng(1).uniform(0.1, 2, count)
    head = fit(features, labels, importance, penalty)
    assert head.weights.shape == (width,)
    slope = gradient(head, features, labels, importance, penalty)
    assert np.abs(slope).max() < 2e-5 * max(1.0, scale * scale)


@pytest.mark.parametrize("seed", [0, 4, 5, 10])
def test_separable_rows_with_hardly_a_penalty(seed: int) -> None:
    """Any labels can be told apart here, far out where the curve is flat and a full step of Newton's overshoots."""
    random = np.random.default_rng(seed)
    features = (random.normal(size=(40, 20)) * 10).astype(np.float32)
    labels = random.random(40) < 0.5
    head = fit(features, labels, np.ones(40), 1e-8)
    assert ((head.log_odds(features) > 0) == labels).all()
    assert np.abs(gradient(head, features, labels, np.ones(40), 1e-8)).max() < 1e-4


def test_two_points_in_closed_form() -> None:
    """At +a and -a with a great penalty p: the bias is 0, and the weight solves p w = 2 a / (1 + exp(a w))."""
    a, penalty = 2.0, 50.0
    features = np.array([[a], [-a]], np.float32)
    head = fit(features, np.array([True, False]), np.ones(2), penalty)
    weight = float(head.weights[0])
    assert head.bias == pytest.approx(0, abs=1e-6)
    assert penalty * weight == pytest.approx(2 * a / (1 + np.exp(a * weight)), rel=1e-5)


def test_importance_is_as_good_as_repetition() -> None:
    features, labels = rows(12, 5), np.arange(12) < 4
    counts = np.arange(12) % 3 + 1
    weighed = fit(features, labels, counts.astype(np.float64), 2.0)
    repeated = fit(np.repeat(features, counts, axis=0), np.repeat(labels, counts), np.ones(counts.sum()), 2.0)
    np.testing.assert_allclose(weighed.weights, repeated.weights, atol=1e-6)
    assert weighed.bias == pytest.approx(repeated.bias, abs=1e-5)


def test_features_that_never_vary_have_no_weight() -> None:
    features = rows(20, 6)
    features[:, 2] = 0
    labels = features[:, 0] > 0
    head = fit(features, labels, np.ones(20), 1.0)
    assert abs(float(head.weights[2])) < 1e-7
    assert float(head.weights[0]) > 0.1


def test_rows_that_are_all_alike_tell_nothing_but_the_odds() -> None:
    """All zeros: the weights are zero and the bias is the log-odds of the sides."""
    head = fit(np.zeros((8, 4), np.float32), np.arange(8) < 2, np.ones(8), 1.0)
    assert not head.weights.any()
    assert head.bias == pytest.approx(np.log(2 / 6), abs=1e-4)


@pytest.mark.parametrize("penalty", [1, 1.0])
def test_one_side_alone(penalty: float) -> None:
    """The bias is held by a trace of a penalty, whatever kind of number the other one is."""
    head = fit(rows(6, 3), np.ones(6, bool), np.ones(6), penalty)
    assert 5 < head.bias < 20
    assert np.abs(head.weights).max() < 1e-3


def test_contradicting_rows() -> None:
    features = np.repeat(rows(1, 4), 2, axis=0)
    head = fit(features, np.array([True, False]), np.ones(2), 1.0)
    np.testing.assert_allclose(head.log_odds(features), 0, atol=1e-6)


def naive(
    features: Features, labels: Bools, importance: Floats, penalty: float, out: NDArray[np.intp]
) -> Floats:
    """The rows `out`, by a head that never saw them; what they weighed is given to the rest of their side."""
    kept = np.setdiff1d(np.arange(len(labels)), out)
    weights = importance.copy()
    for side in (True, False):
        rest = importance[kept][labels[kept] == side].sum()
        if rest:
            weights[labels == side] *= importance[labels == side].sum() / rest
    return fit(features[kept], labels[kept], weights[kept], penalty).log_odds(features[out])


@pytest.mark.parametrize("penalty", [50.0, 0.5])
@pytest.mark.parametrize("width", [3, 100])
def test_leave_one_out_is_as_refitting(width: int, penalty: float) -> None:
    features, labels = rows(20, width), np.arange(20) < 6
    importance = np.random.default_rng(2).uniform(0.2, 1, 20)
    shown = np.arange(10)
    found = leave_one_out(features, labels, importance, penalty, shown)
    expected = [naive(features, labels, importance, penalty, np.array([i]))[0] for i in shown]
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_beyond_the_folds_rows_are_left_out_in_groups() -> None:
    features, labels = rows(30, 6), np.arange(30) % 2 == 0
    found = leave_one_out(features, labels, np.ones(30), 1.0, np.arange(30), folds=7)
    for fold in range(7):
        group = np.arange(fold, 30, 7)
        np.testing.assert_allclose(found[group], naive(features, labels, np.ones(30), 1.0, group), atol=2e-5)


def test_one_row_a_side_can_be_left_out() -> None:
    """There is nothing left to learn its side from: the rest speaks for itself."""
    found = leave_one_out(rows(2, 5), np.array([True, False]), np.ones(2), 1.0, np.arange(2))
    assert np.isfinite(found).all()
    assert found[0] < 0 < found[1]


def test_nothing_left_out() -> None:
    assert leave_one_out(rows(4, 2), np.arange(4) < 2, np.ones(4), 1.0, np.arange(0)).shape == (0,)
