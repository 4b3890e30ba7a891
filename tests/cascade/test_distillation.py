"""Heads from soft labels: right on average, and honest about what they have not seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from modcli.cascade.distillation import FOLDS, MOST, DistilledHead, distil
from modcli.judges.judge import probability

ROWS, WIDTH = 120, 12


def sample(seed: int = 0, categories: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Features (rows, width) about 0 with a mean square length of 1, and soft targets that depend on them."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(ROWS, WIDTH))
    features -= features.mean(axis=0)
    features /= np.sqrt(np.square(features).sum(axis=1).mean())
    direction = generator.normal(size=(WIDTH, categories))
    return features, probability(4 * features @ direction - 1.0)


def loss_of(log_odds: np.ndarray, targets: np.ndarray) -> float:
    return float((np.logaddexp(0, log_odds) - targets * log_odds).mean())


def test_a_head_finds_what_soft_labels_teach() -> None:
    features, targets = sample()
    head, left_out = distil(features, [], targets, 30.0)
    shown = np.log(targets) - np.log1p(-targets)
    assert np.corrcoef(left_out[:, 0], shown[:, 0])[0, 1] > 0.95
    assert np.corrcoef(head.log_odds(features, [])[:, 1], shown[:, 1])[0, 1] > 0.95
    # Half a yes teaches half of each: hard labels tell another thing.
    _, hard = distil(features, [], (targets > 0.5).astype(float), 30.0)
    assert loss_of(left_out, targets) < loss_of(hard, targets)


def test_the_fit_is_the_minimum_of_its_objective() -> None:
    features, targets = sample(3, categories=1)
    head, _ = distil(features, [], targets, 2.0)

    def loss(solution: np.ndarray) -> float:
        odds = features @ solution[:-1] + solution[-1]
        return ROWS * loss_of(odds, targets[:, 0]) + float(solution[:-1] @ solution[:-1]) / 4

    best = minimize(loss, np.zeros(WIDTH + 1), options={"gtol": 1e-6}).x
    # But for what left-out rows scale it by.
    scale = head.weights[:, 0] / best[:-1]
    np.testing.assert_allclose(scale, scale.mean(), rtol=1e-2)
    assert 1.0 < scale.mean() < 3.0, "a penalized fit is too timid"


def test_left_out_log_odds_are_right_on_average() -> None:
    features, targets = sample(1)
    _, left_out = distil(features, [], targets, 3.0)
    np.testing.assert_allclose(probability(left_out).mean(axis=0), targets.mean(axis=0), atol=1e-3)


def test_what_has_learned_nothing_says_the_share() -> None:
    generator = np.random.default_rng(2)
    features = generator.normal(size=(100, 40))
    targets = np.where(generator.random((100, 1)) < 0.3, 0.99, 0.01)
    _, left_out = distil(features, [], targets, 1e-6)
    # Left out, a row lies on the other side of the mean of the rest: that points the wrong way.
    np.testing.assert_allclose(probability(left_out).mean(), targets.mean(), atol=5e-3)
    assert np.ptp(left_out) < 0.3


def test_a_left_out_row_is_not_seen() -> None:
    features, targets = sample(4, categories=1)
    _, before = distil(features, [], targets, 3.0)
    changed, row = targets.copy(), 7
    changed[row] = 1 - targets[row]
    _, after = distil(features, [], changed, 3.0)
    believed = (np.abs(before[:, 0]) < MOST) & (np.abs(after[:, 0]) < MOST)
    mine = np.arange(ROWS) % FOLDS == row % FOLDS
    together, others = mine & believed, ~mine & believed
    # All of its group move along one line, by the scale that all rows share; the others learn from it.
    slope, offset = np.polyfit(before[together, 0], after[together, 0], 1)
    np.testing.assert_allclose(slope * before[together, 0] + offset, after[together, 0], atol=1e-9)
    assert np.abs(slope * before[others, 0] + offset - after[others, 0]).max() > 0.01


def test_earlier_stages_help_a_poor_one() -> None:
    features, targets = sample(5)
    _, first = distil(features, [], targets, 30.0)
    poor = np.random.default_rng(6).normal(size=(ROWS, 3))
    _, alone = distil(poor, [], targets, 3.0)
    head, with_it = distil(poor, [first], targets, 3.0)
    assert loss_of(with_it, targets) < loss_of(alone, targets) - 0.02
    assert head.earlier.shape == (2, 2)
    assert head.earlier[0, 0] > 0.2
    moved = head.log_odds(poor, [first + 1.0]) - head.log_odds(poor, [first])
    assert np.abs(moved).max() > 0.1


def test_sparse_and_dense_are_the_same() -> None:
    features, targets = sample(7)
    features[np.abs(features) < 0.1] = 0.0
    features -= features.mean(axis=0)
    features /= np.sqrt(np.square(features).sum(axis=1).mean())
    dense, of_dense = distil(features, [], targets, 3.0)
    sparse, of_sparse = distil(csr_matrix(features), [], targets, 3.0)
    np.testing.assert_allclose(of_sparse, of_dense, atol=1e-2)
    np.testing.assert_allclose(
        sparse.log_odds(csr_matrix(features), []), dense.log_odds(features, []), atol=1e-2
    )


@pytest.mark.parametrize("change", [lambda x: 1000 * x, lambda x: x / 1000, lambda x: x + 5.0])
def test_units_and_the_origin_of_dense_features_do_not_matter(
    change: Callable[[np.ndarray], np.ndarray],
) -> None:
    features, targets = sample(8)
    head, expected = distil(features, [], targets, 3.0)
    other, found = distil(change(features), [], targets, 3.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(other.log_odds(change(features), []), head.log_odds(features, []), atol=1e-3)


def test_features_that_no_row_has_get_no_weight() -> None:
    features, targets = sample(9)
    wide = csr_matrix((features.ravel(), np.tile(np.arange(WIDTH) * 9, ROWS), np.arange(ROWS + 1) * WIDTH))
    wide.resize(ROWS, 1000)
    head, left_out = distil(wide, [], targets, 3.0)
    _, narrow = distil(csr_matrix(features), [], targets, 3.0)
    np.testing.assert_allclose(left_out, narrow, atol=1e-9)
    assert set(np.flatnonzero(np.abs(head.weights).max(axis=1))) == set(range(0, WIDTH * 9, 9))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_side_alone_is_finite_and_believed_no_further(value: float) -> None:
    features, _ = sample(10)
    head, left_out = distil(features, [], np.full((ROWS, 1), value), 30.0)
    assert np.isfinite(head.weights).all()
    assert (np.abs(left_out) <= MOST).all()
    assert (left_out > 5).all() if value else (left_out < -5).all()


def test_rows_whose_target_is_not_known_teach_nothing() -> None:
    features, targets = sample(11)
    partly = targets.copy()
    partly[60:, 1] = np.nan
    other = features.copy()
    other[60:] *= -1
    head, left_out = distil(csr_matrix(features), [], partly, 3.0)
    mirrored, _ = distil(csr_matrix(other), [], partly, 3.0)
    np.testing.assert_allclose(head.weights[:, 1], mirrored.weights[:, 1], atol=1e-6)
    assert np.isfinite(left_out).all()
    nothing, said = distil(features, [], np.full((ROWS, 1), np.nan), 3.0)
    assert not nothing.weights.any()
    assert not said.any()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_hardly_any_rows(count: int) -> None:
    features, targets = sample(12)
    for rows in (features[:count], csr_matrix(features[:count])):
        head, left_out = distil(rows, [targets[:count]], targets[:count], 3.0)
        assert left_out.shape == (count, 2)
        assert np.isfinite(head.log_odds(features, [targets])).all()


def test_it_comes_out_the_same_again() -> None:
    features, targets = sample(13)
    one, other = (distil(csr_matrix(features), [], targets, 30.0) for _ in range(2))
    assert one[0].weights.tobytes() == other[0].weights.tobytes()
    assert one[1].tobytes() == other[1].tobytes()


def test_features_that_are_not_finite_teach_nothing_and_say_nothing() -> None:
    features, targets = sample(14)
    spoiled = features.copy()
    spoiled[3, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        distil(spoiled, [], targets, 3.0)
    head, _ = distil(features, [], targets, 3.0)
    said = head.log_odds(spoiled, [])
    assert np.isnan(said[3]).all()
    assert np.isfinite(np.delete(said, 3, axis=0)).all()


def test_a_head_is_believed_only_so_far() -> None:
    head = DistilledHead(np.full((1, 1), 1e6, np.float32), np.zeros((0, 1), np.float32), np.zeros(1))
    assert head.log_odds(np.array([[1.0], [-1.0]]), []).tolist() == [[MOST], [-MOST]]
