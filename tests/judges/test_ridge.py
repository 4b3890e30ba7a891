from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.judges.ridge import fit_ridge


def rows(count: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(count, width))
    return features, chance.normal(size=count) + features[:, 0], chance.uniform(0.2, 3, count)


@given(st.integers(3, 25), st.integers(1, 12), st.integers(0, 10_000), st.floats(0.01, 5))
def test_is_the_least_of_the_penalized_squares(count: int, width: int, seed: int, penalty: float) -> None:
    features, targets, importance = rows(count, width, seed)
    fit = fit_ridge(features @ features.T, targets, importance, penalty)
    # The same by the normal equations, with a bias that is not penalized.
    wide = np.hstack([features, np.ones((count, 1))])
    normal = (wide * importance[:, None]).T @ wide + np.diag([*[penalty] * width, 0.0])
    expected = np.linalg.solve(normal, wide.T @ (importance * targets))
    np.testing.assert_allclose(features.T @ fit.coefficients, expected[:-1], atol=0.05)
    assert fit.bias == pytest.approx(expected[-1], abs=0.05)


@given(st.integers(4, 20), st.integers(0, 10_000))
def test_left_out_predictions_are_those_of_fits_without_the_row(count: int, seed: int) -> None:
    features, targets, importance = rows(count, 6, seed)
    gram = features @ features.T
    fit = fit_ridge(gram, targets, importance, 2.0)
    for i in (0, count - 1):
        kept = np.arange(count) != i
        without = fit_ridge(gram[np.ix_(kept, kept)], targets[kept], importance[kept], 2.0)
        predicted = gram[i, kept] @ without.coefficients + without.bias
        assert fit.left_out[i] == pytest.approx(predicted, abs=0.05)
