"""Judges fitted to few shots of a made-up model, whose states are random but for one direction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modcli.judges.background import Background
from modcli.judges.fitting import LabelScores, Shots, fit_category, fit_label
from modcli.judges.judge import CategoryJudge, Evidence, Judge, probability, shares
from modcli.states.store import normed

TAPS, WIDTH, PUSH = 3, 40, 6.0
States = NDArray[np.float32]


def states(count: int, push: float, seed: int, tap: int | slice = 1) -> States:
    """Random states, pushed along one direction at one tap (or several)."""
    found = np.random.default_rng(seed).normal(size=(count, TAPS, WIDTH)).astype(np.float32)
    found[:, tap, :4] += push
    return normed(found)


BACKGROUND = Background(states(120, 0.0, 1))


def shots(positives: int, negatives: int, ordinary: int = 0, seed: int = 2) -> Shots:
    return Shots(
        positives=BACKGROUND.features_of(states(positives, PUSH, seed)),
        negatives=BACKGROUND.features_of(states(negatives, -1.0, seed + 1)),
        ordinary=BACKGROUND.features_of(states(ordinary, 0.0, seed + 2)),
        others=BACKGROUND.features_of(states(0, 0.0, seed)),
        texts=tuple(f"shot {i}" for i in range(positives)),
    )


NEW = BACKGROUND.features_of(np.concatenate([states(100, PUSH, 50), states(100, -1.0, 51)]))
TRUTH = np.arange(200) < 100


def reading(category: CategoryJudge, features: States) -> NDArray[np.float64]:
    """What a judge of this category alone makes of items with these features."""
    judge = Judge((0, 1, 2), BACKGROUND.mean, BACKGROUND.scale, (category,))
    states = features * BACKGROUND.scale[:, None] + BACKGROUND.mean
    return judge.readings(judge.products(states))[category.name]


def accuracy(log_odds: NDArray[np.float64]) -> float:
    return float(((log_odds > 0) == TRUTH).mean())


@pytest.mark.parametrize(
    ("positives", "negatives", "least"), [(1, 1, 0.6), (4, 4, 0.85), (8, 8, 0.9), (8, 1, 0.8), (2, 12, 0.75)]
)
def test_head_finds_the_direction(positives: int, negatives: int, least: float) -> None:
    judge = fit_category("c", shots(positives, negatives, 8), BACKGROUND, None)
    assert judge.evidence is Evidence.HEAD
    assert len(judge.left_out) == positives + negatives
    assert accuracy(reading(judge, NEW)) >= least


def test_head_weighs_the_tap_that_tells_most() -> None:
    judge = fit_category("c", shots(8, 8), BACKGROUND, None)
    lengths = np.linalg.norm(judge.weights, axis=1)
    assert lengths.argmax() == 1
    assert lengths[1] > 3 * max(lengths[0], lengths[2])


def test_examples_alone_make_a_prototype_that_spares_ordinary_posts() -> None:
    everywhere = slice(None)
    given = Shots(
        positives=BACKGROUND.features_of(states(3, PUSH, 2, everywhere)),
        negatives=shots(0, 0).negatives,
        ordinary=shots(0, 0, 8).ordinary,
        others=shots(0, 0).others,
        texts=("a", "b", "c"),
    )
    judge = fit_category("c", given, BACKGROUND, None)
    assert judge.evidence is Evidence.PROTOTYPE
    assert (reading(judge, BACKGROUND.features_of(states(300, PUSH, 50, everywhere))) > 0).mean() > 0.95
    assert (reading(judge, BACKGROUND.features_of(states(300, 0.0, 77))) > 0).mean() < 0.05


def test_definition_alone_leaves_it_to_the_prompt() -> None:
    judge = fit_category("c", shots(0, 0), BACKGROUND, 0.7)
    assert judge.evidence is Evidence.DEFINITION
    assert judge.threshold == 0.7
    assert judge.is_unsure(reading(judge, NEW)).all()
    fit = fit_label(judge, LabelScores(np.empty(0), np.empty(0), np.array([-2.0, 0.0, 2.0])))
    assert fit.weight == 1.0
    assert fit.offset > 2.0


def test_examples_of_other_categories_hold_a_head_back() -> None:
    given = shots(6, 6)
    other = BACKGROUND.features_of(states(12, PUSH, 9, tap=2))
    alone = fit_category("c", given, BACKGROUND, None)
    beside = fit_category("c", replace(given, others=other[:6]), BACKGROUND, None)
    assert reading(beside, other[6:]).mean() < reading(alone, other[6:]).mean()
    assert accuracy(reading(beside, NEW)) > 0.9


def test_more_shots_make_it_surer() -> None:
    share = [
        fit_category("c", shots(n, n), BACKGROUND, None).is_unsure(np.linspace(-4, 4, 81)).mean()
        for n in (1, 4, 8)
    ]
    assert share[0] > share[1] > share[2]


def test_useless_label_words_lose_their_say() -> None:
    judge = fit_category("c", shots(12, 12), BACKGROUND, None)
    noise = np.random.default_rng(5).normal(scale=4.0, size=24)
    background = np.random.default_rng(6).normal(size=20)
    wrong = fit_label(judge, LabelScores(-np.abs(noise[:12]), np.abs(noise[12:]), background))
    right = fit_label(judge, LabelScores(np.abs(noise[:12]), -np.abs(noise[12:]), background))
    assert wrong.weight < 0.5 <= right.weight


def test_shots_that_stand_in_the_prompt_do_not_count() -> None:
    judge = fit_category("c", shots(4, 4), BACKGROUND, None)
    nothing = np.full(4, np.nan)
    background = np.array([-1.0, 0.0, 1.0])
    all_shown = fit_label(judge, LabelScores(nothing, nothing, background))
    none_there = fit_label(judge, LabelScores(np.empty(0), np.empty(0), background))
    assert all_shown.offset == none_there.offset
    assert np.isfinite(all_shown.offset)


def test_names_the_shots_an_item_resembles() -> None:
    given = shots(5, 5)
    judge = fit_category("c", given, BACKGROUND, None)
    assert judge.resembled(given.positives[3])[0] == "shot 3"
    assert judge.resembled(-given.positives[3]) == () or judge.resembled(-given.positives[3])[0] != "shot 3"


def test_judge_comes_back_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "judge.npz"
    judge = Judge(
        (6, 16, 20), BACKGROUND.mean, BACKGROUND.scale, (fit_category("c", shots(4, 4), BACKGROUND, 0.4),)
    )
    judge.save(file)
    again = Judge.load(file)
    assert again.taps == judge.taps
    assert again.categories[0].example_texts == judge.categories[0].example_texts
    np.testing.assert_array_equal(reading(again.categories[0], NEW), reading(judge.categories[0], NEW))


def test_probability_neither_overflows_nor_leaves_its_range() -> None:
    found = probability(np.array([-1e6, -2.0, 0.0, 2.0, 1e6]))
    np.testing.assert_allclose(found, [0, 1 / (1 + np.e**2), 0.5, 1 / (1 + np.e**-2), 1], atol=1e-12)


def test_shares_leave_the_rest_to_none_of_them() -> None:
    found = shares([np.array([0.0, 5.0]), np.array([0.0, -5.0])])
    np.testing.assert_allclose(found[0][0], 1 / 3)
    assert found[0][1] > 0.98
    assert shares([]) == []


def test_clean_shots_say_where_a_label_score_is_even() -> None:
    judge = fit_category("c", shots(4, 4), BACKGROUND, None)
    shown = np.array([np.nan, np.nan])
    positives, negatives = np.concatenate([shown, [5.0, 7.0]]), np.concatenate([shown, [1.0, 3.0]])
    assert fit_label(judge, LabelScores(positives, negatives, np.array([-9.0, -8.0]))).offset == 4.0
