from __future__ import annotations

import numpy as np
import pytest

from modcli.judges.background import LABELLED_EVERY, Background, bank, bank_digest
from modcli.prompts.normalization import normalize
from modcli.prompts.windows import SIZE

STATES = (
    np.random.default_rng(0)
    .normal(3.0, [[[2.0]], [[0.1]]], size=(2, 50, 8))
    .transpose(1, 0, 2)
    .astype(np.float32)
)


def test_bank_is_a_few_hundred_different_posts_that_are_read_whole() -> None:
    """As they stand: normalization changes none, and none needs a second window."""
    posts = bank()
    assert 200 <= len(posts) <= 500
    assert len(set(posts)) == len(posts)
    assert all(post and normalize(post) == post and len(post.encode()) <= SIZE for post in posts)
    assert len(posts[::LABELLED_EVERY]) >= 20


def test_digest_goes_with_posts_and_order() -> None:
    assert bank_digest(bank()) == bank_digest(bank())
    assert len({bank_digest(posts) for posts in (["a", "b"], ["b", "a"], ["a"], [])}) == 4


def test_features_are_centred_and_of_one_scale_at_every_tap() -> None:
    background = Background(STATES)
    assert background.mean.shape == (2, 8)
    np.testing.assert_allclose(background.mean, STATES.mean(axis=0), rtol=1e-5)
    assert background.scale == pytest.approx([2.0, 0.1], rel=0.1)
    np.testing.assert_allclose(background.features.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.square(background.features).mean(axis=(0, 2)), 1, rtol=1e-3)


def test_features_of_other_states_go_by_the_same_measure() -> None:
    background = Background(STATES)
    np.testing.assert_array_equal(background.features_of(STATES[:3]), background.features[:3])
    assert not background.features_of(background.mean[None]).any()
    assert background.features_of(STATES[:0]).shape == (0, 2, 8)
