"""Heads over made-up features, where what is right is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.embedders.base import unit_rows
from modcli.images.heads import (
    ImageShots,
    Reach,
    TextDirection,
    fit_image_head,
    measure_reach,
    word_head,
)

WIDTH = 32
NONE = np.empty((0, WIDTH), np.float32)


def rows(seed: int, count: int, towards: int | None = None, strength: float = 3) -> np.ndarray:
    """Unit rows around a common direction, as the features of networks are; some lean towards an axis."""
    found = np.random.default_rng(seed).normal(0, 0.1, (count, WIDTH)) + 1
    if towards is not None:
        found[:, towards] += strength
    return unit_rows(found.astype(np.float32))


BANK = rows(0, 64)


@pytest.mark.parametrize("examples", [1, 2, 5])
@pytest.mark.parametrize("others", [0, 8])
def test_what_is_like_the_examples_counts_and_the_rest_does_not(examples: int, others: int) -> None:
    shots = ImageShots(rows(1, examples, 3), NONE, rows(2, others, 5))
    head = fit_image_head("knives", shots, BANK)
    assert (head.probability(rows(3, 40, 3)) > 0.5).mean() > 0.9
    assert (head.probability(rows(4, 40)) > 0.5).mean() < 0.1
    assert (head.probability(rows(5, 40, 5)) > 0.5).mean() < 0.1
    assert head.recognised is None if examples == 1 else head.recognised >= examples - 1


@pytest.mark.parametrize("seed", range(8))
def test_a_single_example_is_like_itself(seed: int) -> None:
    shown = rows(seed, 1)
    assert fit_image_head("a", ImageShots(shown, NONE, NONE), BANK).probability(shown)[0] > 0.5


def test_counterexamples_push_away() -> None:
    near = rows(6, 6, 3) + 0.5 * np.eye(WIDTH, dtype=np.float32)[7]
    shots = ImageShots(rows(1, 4, 3), NONE, rows(2, 8, 5))
    without = fit_image_head("a", shots, BANK).log_odds(near)
    with_them = fit_image_head("a", shots._replace(negatives=near[:3]), BANK).log_odds(near)
    assert with_them[3:].max() < without[3:].min()


def test_examples_with_nothing_in_common_are_known_as_such() -> None:
    """Each leans another way."""
    shown = np.concatenate([rows(seed, 1, seed) for seed in range(4, 10)])
    assert fit_image_head("a", ImageShots(shown, NONE, rows(2, 8)), BANK).recognised == 0


def test_the_nearest_example_by_its_place() -> None:
    shown = np.concatenate([rows(1, 1, 3), rows(2, 1, 9)])
    head = fit_image_head("a", ImageShots(shown, NONE, NONE), BANK)
    first, second = head.nearest(np.concatenate([rows(3, 1, 9), shown[:1]]))
    assert (first.place, second.place) == (1, 0)
    assert second.cosine == pytest.approx(1, abs=1e-5)
    assert 0 < first.cosine < 1


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    sizes=st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(0, 6)),
    same=st.booleans(),
)
def test_any_shots_give_finite_probabilities(seed: int, sizes: tuple[int, int, int], same: bool) -> None:
    """Also where the same picture is an example, a counterexample and drawn."""
    kinds = [rows(0 if same else seed + place, size) for place, size in enumerate(sizes)]
    head = fit_image_head("a", ImageShots(*kinds), BANK[:2] if same else BANK)
    chances = head.probability(np.concatenate([BANK, *kinds]))
    assert np.isfinite(chances).all()
    assert ((chances >= 0) & (chances <= 1)).all()


def test_a_head_takes_an_example_and_a_bank() -> None:
    for shots, bank in ((ImageShots(NONE, BANK, BANK), BANK), (ImageShots(BANK, NONE, NONE), BANK[:1])):
        with pytest.raises(ValueError, match="an example and a bank"):
            fit_image_head("a", shots, bank)


LABELS = ("hen", "owl", "crane", "jay", "finch", "gull", "sofa", "lamp", "chair", "table", "stove", "knife")


def reach() -> Reach:
    """Six labels are birds (axis 1), five are furniture (axis 2), and one alone is a knife (axis 3)."""
    labels = np.concatenate([rows(1, 6, 1, 3), rows(2, 5, 2, 3), rows(3, 1, 3, 3)])
    found = measure_reach(labels, np.concatenate([rows(4, 2, 1, 3), rows(5, 2, 2, 3)]), rows(6, 6, 9, 3))
    assert found is not None
    return found


def test_words_are_told_by_the_labels_that_are_kinds_of_them() -> None:
    head = word_head("birds", rows(7, 1, 1, 3), reach(), LABELS)
    assert head is not None
    assert set(head.kinds(6)) == set(LABELS[:6])
    classes = np.zeros((3, 12), np.float32)
    classes[0, [0, 3]] = 0.5
    classes[1, 7] = 1
    classes[2, [2, 6]] = 0.5
    owl, lamp, half = head.probability(classes)
    assert owl > 0.8
    assert lamp < 0.2
    assert lamp < half < owl
    told = head.told(classes)
    assert told[2].name == "crane"
    assert told[2].probability == 0.5


def test_of_words_that_no_label_is_a_kind_of_no_model_can_tell() -> None:
    assert word_head("politics", rows(8, 1, 12, 3), reach(), LABELS) is None


def test_a_single_label_has_to_be_very_near() -> None:
    measured = reach()._replace(low=0.1, high=0.4)
    exact = unit_rows((measured.labels[-1:] + measured.centre).astype(np.float32))
    head = word_head("knife", exact, measured, LABELS)
    assert head is not None
    assert head.kinds() == ["knife"]


def test_a_text_embedder_that_tells_nothing_apart() -> None:
    assert measure_reach(rows(1, 12), rows(2, 4), rows(3, 4)) is None


def test_a_category_by_texts_in_the_pictures_own_space() -> None:
    axes = np.eye(3, dtype=np.float32)
    head = TextDirection("a", axes[:1], axes[1:])
    chances = head.probability(np.stack([axes[0], axes[1], unit_rows(axes[:1] + axes[1:2])[0]]))
    assert chances[0] > 0.99
    assert chances[1] < 0.01
    assert chances[2] == pytest.approx(0.5)
