"""Students of a made-up teacher, on random states that differ in one direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modcli.judges.selftraining import LEAST, mixture, self_train

TAPS, WIDTH, POSTS = 3, 48, 240
States = NDArray[np.float32]


def posts(count: int, share: float, seed: int, push: float = 6.0) -> tuple[States, NDArray[np.bool_]]:
    """States of which a share is pushed along one direction at the second tap."""
    chance = np.random.default_rng(seed)
    truth = np.arange(count) < round(share * count)
    states = chance.normal(size=(count, TAPS, WIDTH)).astype(np.float32)
    states[truth, 1, :3] += push
    return states, truth


def teacher(truth: NDArray[np.bool_], seed: int, noise: float = 1.5) -> NDArray[np.float64]:
    return truth * 2.0 + np.random.default_rng(seed).normal(size=len(truth)) * noise


def ranked(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """The share of pairs in the right order."""
    return float((scores[truth][:, None] > scores[~truth][None, :]).mean())


ORDINARY = posts(100, 0.0, 1)[0]


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5])
def test_the_student_beats_its_teacher(share: float) -> None:
    states, truth = posts(POSTS, share, 2)
    scores = teacher(truth, 3)
    student = self_train(states, scores, ORDINARY)
    assert student.is_sound
    assert student.share == pytest.approx(share, abs=0.1)
    new, new_truth = posts(400, 0.4, 4)
    log_odds = np.einsum("ptw,tw->p", new, student.weights) + student.bias
    assert ranked(log_odds, new_truth) > ranked(scores, truth) + 0.1
    assert ((log_odds > 0) == new_truth).mean() > 0.9
    assert student.ordinary < 0.1


def test_scores_of_nothing_teach_nothing() -> None:
    states, _ = posts(POSTS, 0.0, 5)
    assert not self_train(states, np.random.default_rng(6).normal(size=POSTS), ORDINARY).is_sound


def test_a_sample_without_the_category_is_refused() -> None:
    """What is left for the student to find is what else moves the teacher, here another direction and weakly."""
    states, _ = posts(POSTS, 0.0, 7)
    scores = states[:, 0, 5].astype(np.float64)
    assert not self_train(states, scores, ORDINARY).is_sound


@pytest.mark.parametrize(("count", "spread"), [(LEAST - 1, 1.0), (LEAST, 0.0)])
def test_too_little_to_learn_from(count: int, spread: float) -> None:
    states, _ = posts(count, 0.3, 8)
    with pytest.raises(ValueError, match="to learn from"):
        self_train(states, np.arange(count) * spread, ORDINARY)


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 0.9), st.floats(-50, 50), st.floats(0.01, 100))
def test_two_groups_are_found_whatever_the_unit(seed: int, share: float, shift: float, unit: float) -> None:
    chance = np.random.default_rng(seed)
    truth = chance.random(300) < share
    scores = (chance.normal(size=300) + truth * 8.0) * unit + shift
    found = mixture(scores)
    assert ((found.slope * scores + found.bias > 0) == truth).mean() > 0.97
    assert found.share == pytest.approx(truth.mean(), abs=0.05)
    assert found.separation > 5
