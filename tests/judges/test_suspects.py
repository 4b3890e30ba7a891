"""What was filed wrongly is found, and what was not is left in peace: over many draws."""

from __future__ import annotations

import numpy as np
import pytest

from modcli.judges.fitting import Shots
from modcli.judges.influence import Influence
from modcli.judges.suspects import Suspect, alike, suspects, suspects_by_answers, without
from modcli.judges.suspects import testing as not_choosing

from .drawn import Draw, shots

DRAWS = range(20)


def rows_of(found: list[Suspect]) -> set[int]:
    return {row for suspect in found for row in suspect.group}


def clean(draw: Draw, side: int = 12) -> Shots:
    return shots(draw.positives(side), draw.negatives(side), draw.negatives(4))


def with_one_mislabelled(draw: Draw, side: int = 12) -> tuple[Shots, set[int]]:
    """An example that stands among the counterexamples; as the last of them."""
    negatives = np.concatenate([draw.negatives(side - 1), draw.positives(1)])
    return shots(draw.positives(side), negatives), {2 * side - 1}


def with_poison(draw: Draw, side: int = 12) -> tuple[Shots, set[int]]:
    """Three counterexamples that hardly differ, and are typical examples."""
    positives = draw.positives(side)
    negatives = np.concatenate([draw.negatives(side), draw.near(draw.positives(1), 3)])
    return shots(positives, negatives), {2 * side, 2 * side + 1, 2 * side + 2}


def test_untouched_shots_are_not_suspected() -> None:
    wrongly = [seed for seed in DRAWS if suspects(clean(draw := Draw(seed)), draw.background)]
    assert len(wrongly) <= 1


def test_a_mislabelled_shot_is_found() -> None:
    hits = others = 0
    for seed in DRAWS:
        draw = Draw(seed)
        given, bad = with_one_mislabelled(draw)
        found = rows_of(suspects(given, draw.background))
        hits += bad <= found
        others += len(found - bad)
    assert hits >= 16
    assert others <= 2


def test_poison_that_hides_behind_its_likes_is_found_as_one_group() -> None:
    hits = 0
    for seed in DRAWS:
        draw = Draw(seed)
        given, bad = with_poison(draw)
        influence = Influence(given, draw.background)
        found = suspects(given, draw.background)
        hits += any(set(suspect.group) == bad for suspect in found)
        if hits == 1 and found:
            # One by one each is covered by the two others.
            together = influence.effect(tuple(sorted(bad)))
            assert max(influence.effect((row,)).evidence for row in bad) < together.evidence
            assert found[0].chance < together.gained
    assert hits >= 15


def test_mislabelled_ordinary_posts_are_found() -> None:
    hits = 0
    for seed in DRAWS:
        draw = Draw(seed)
        ordinary = np.concatenate([draw.negatives(4), draw.near(draw.positives(1), 2)])
        given = shots(draw.positives(12), draw.negatives(12), ordinary)
        hits += {28, 29} <= rows_of(suspects(given, draw.background))
    assert hits >= 13


def test_several_findings_each_with_its_own_rows_the_strongest_first() -> None:
    hits = 0
    for seed in DRAWS:
        draw = Draw(seed)
        positives = np.concatenate([draw.positives(11), draw.negatives(1)])
        negatives = np.concatenate([draw.near(draw.positives(1), 2), draw.negatives(12)])
        found = suspects(shots(positives, negatives), draw.background)
        assert found == suspects(shots(positives, negatives), draw.background)
        evidence = [suspect.effect.evidence for suspect in found]
        assert evidence == sorted(evidence, reverse=True)
        hits += {suspect.group for suspect in found} == {(11,), (12, 13)}
    assert hits >= 8


@pytest.mark.parametrize("side", [1, 2, 3])
def test_too_few_shots_tell_nothing(side: int) -> None:
    draw = Draw(0)
    given = shots(draw.positives(side), draw.positives(side))
    assert suspects(given, draw.background) == []
    truth = np.arange(80) < 40
    features = np.concatenate([draw.positives(40), draw.negatives(40)])
    assert suspects_by_answers(given, draw.background, features, truth) == []


def test_answers_find_what_hurts_and_nothing_in_untouched_shots() -> None:
    hits = wrongly = 0
    truth = np.arange(120) < 60
    for seed in DRAWS:
        draw = Draw(seed)
        given, bad = with_poison(draw)
        features = np.concatenate([draw.positives(60), draw.negatives(60)])
        found = suspects_by_answers(given, draw.background, features, truth)
        hits += bool(rows_of(found) & bad)
        assert all(suspect.by_answers for suspect in found)
        wrongly += bool(suspects_by_answers(clean(draw), draw.background, features, truth))
    assert hits >= 17
    assert wrongly <= 1


def test_few_answers_choose_nothing() -> None:
    draw = Draw(0)
    given, _ = with_poison(draw)
    features = np.concatenate([draw.positives(30), draw.negatives(6)])
    assert suspects_by_answers(given, draw.background, features, np.arange(36) < 30) == []


def test_every_other_answer_of_a_side_tests() -> None:
    truth = np.array([True, True, False, True, False, False])
    assert not_choosing(truth).tolist() == [False, True, False, False, True, False]


def test_shots_without_some_rows() -> None:
    draw = Draw(0)
    given = clean(draw, side=5)
    rest = without(given, [0, 6, 11])
    assert (len(rest.positives), len(rest.negatives), len(rest.ordinary)) == (4, 4, 3)
    assert rest.texts == given.texts[1:]
    np.testing.assert_array_equal(rest.negatives, given.negatives[[0, 2, 3, 4]])


def test_pairs_that_are_alike_the_nearest_first() -> None:
    draw = Draw(0)
    positives = draw.positives(5)
    negatives = np.concatenate([draw.negatives(4), draw.near(positives[0], 1, far=0.05)])
    negatives = np.concatenate([negatives, negatives[:1]])
    found = alike(Influence(shots(positives, negatives), draw.background), 0.95)
    assert [(i, j) for i, j, _ in found] == [(5, 10), (0, 9)]
    assert found[0][2] == pytest.approx(1.0)
