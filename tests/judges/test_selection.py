"""The texts chosen are unsure, common, and unlike each other and the shots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.judges.selection import SAME, choose, directions, uncertainty

from .drawn import Draw

NONE = np.zeros((0, 6))


def clouds(sizes: list[int], seed: int = 0, spread: float = 0.15) -> np.ndarray:
    """Directions around as many axes."""
    rng = np.random.default_rng(seed)
    centres = np.eye(6)[np.repeat(np.arange(len(sizes)), sizes)]
    drawn = centres + spread * rng.normal(size=centres.shape)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def test_one_of_each_common_kind_before_a_second_of_any() -> None:
    texts = clouds([12, 12, 12])
    found = choose(texts, np.ones(36), NONE, 3)
    assert sorted(choice.row // 12 for choice in found) == [0, 1, 2]
    assert [choice.stands_for for choice in found] == [12, 12, 12]
    assert found[0].nearest == -1.0
    assert max(choice.nearest for choice in found) < 0.5


def test_an_outlier_is_not_what_the_stream_is_made_of() -> None:
    texts = clouds([12, 12, 1])
    assert 24 not in [choice.row for choice in choose(texts, np.ones(25), NONE, 2)]


def test_the_unsure_ones_come_first_and_the_sure_never() -> None:
    texts = clouds([10, 10])
    unsure = np.where(np.arange(20) < 10, 0.05, 1.0)
    unsure[15:] = 0.0
    found = choose(texts, unsure, NONE, 20)
    assert 10 <= found[0].row < 15
    assert not {choice.row for choice in found} & set(range(15, 20))


def test_what_a_shot_says_already_is_not_asked() -> None:
    texts = clouds([10, 10])
    shots = np.concatenate([texts[:10], texts[:10]])
    found = choose(texts, np.ones(20), shots, 1)
    assert found[0].row >= 10
    same = choose(texts, np.ones(20), texts, 20)
    assert same == []


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    count=st.integers(0, 12),
    size=st.integers(0, 10),
    shown=st.integers(0, 3),
)
def test_no_text_twice_none_like_another_and_all_texts_stood_for(
    seed: int, count: int, size: int, shown: int
) -> None:
    rng = np.random.default_rng(seed)
    texts = clouds([size, 1, size], seed=seed)
    shots = texts[:shown]
    unsure = rng.random(len(texts))
    found = choose(texts, unsure, shots, count)
    rows = [choice.row for choice in found]
    assert len(set(rows)) == len(rows) <= count
    assert all(choice.nearest < SAME for choice in found)
    assert sum(choice.stands_for for choice in found) == (len(texts) if rows else 0)
    near = texts[rows] @ texts[rows].T
    np.fill_diagonal(near, 0)
    assert (near < SAME).all()
    assert rows == [choice.row for choice in choose(texts, unsure, shots, count)]


def test_bits() -> None:
    assert uncertainty(np.array([0.0]))[0] == pytest.approx(1.0)
    assert uncertainty(np.array([2.0]), 2.0)[0] == pytest.approx(1.0)
    found = uncertainty(np.array([-800.0, -3.0, 1.0, 3.0, 800.0]))
    assert np.isfinite(found).all()
    assert found[1] == pytest.approx(found[3])
    assert found[2] > found[3] > found[4] >= 0


def test_inner_products_of_directions_are_cosines() -> None:
    draw = Draw(0)
    features = draw.positives(3)
    found = directions(features)
    assert (found @ found.T).diagonal() == pytest.approx(1.0)
    first, second = features[0], features[1]
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosine = ((first * second).sum(axis=1) / lengths).mean()
    assert found[0] @ found[1] == pytest.approx(cosine, abs=1e-5)
