"""One Newton step beside a fit that is made anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modcli.judges.background import CONTRASTED_EVERY
from modcli.judges.heads import fit
from modcli.judges.influence import MOST_TOGETHER, Floats, Influence, linked

from .drawn import WIDTH, Draw, shots

KINDS = (8, 9, 5)


def influence_of(seed: int) -> tuple[Influence, Draw, np.ndarray]:
    draw = Draw(seed, apart=4.0)
    given_shots = shots(draw.positives(8), draw.negatives(9), draw.negatives(5))
    rows = np.concatenate(
        [
            given_shots.positives,
            given_shots.negatives,
            given_shots.ordinary,
            draw.background.features[::CONTRASTED_EVERY],
        ]
    )
    return Influence(given_shots, draw.background), draw, rows


def refitted(rows: np.ndarray, group: set[int], others: np.ndarray) -> tuple[Floats, Floats]:
    """Log-odds of rows and of others by a head that is fitted without a group, weights given to the rest of a kind."""
    bank = len(rows) - sum(KINDS)
    kind = np.repeat(np.arange(4), (*KINDS, bank))
    flat = np.asarray(rows.reshape(len(rows), -1) / np.sqrt(rows.shape[1]), np.float32)
    kept = np.array([i not in group for i in range(len(rows))])
    importance = np.zeros(len(rows))
    for number, weight in enumerate((1.0, 1.0, 0.25, 0.1)):
        mine = (kind == number) & kept
        importance[mine] = 9 * weight / mine.sum()
    head = fit(flat[kept], (kind == 0)[kept], importance[kept], WIDTH / 16)
    elsewhere = np.asarray(others.reshape(len(others), -1) / np.sqrt(rows.shape[1]), np.float32)
    return head.log_odds(flat), head.log_odds(elsewhere)


@pytest.mark.parametrize("group", [(0,), (8,), (17,), (3, 4), (9, 10, 11), (0, 9), (2, 12, 19)])
def test_log_odds_without_a_group_are_nearly_those_of_a_fit_without_it(group: tuple[int, ...]) -> None:
    influence, draw, rows = influence_of(1)
    others = np.concatenate([draw.positives(3), draw.negatives(3)])
    expected, elsewhere = refitted(rows, set(group), others)
    found = influence.log_odds_without(group)
    np.testing.assert_allclose(found, expected[: sum(KINDS)], atol=0.12)
    np.testing.assert_allclose(influence.on(others).without(group), elsewhere, atol=0.12)
    # The step explains nearly all of what moves.
    moved = expected[: sum(KINDS)] - influence.log_odds_without(())
    assert np.abs(found - expected[: sum(KINDS)]).max() < 0.2 * np.abs(moved).max()


def test_left_out_log_odds_are_nearly_those_of_fits_without_each() -> None:
    influence, _, rows = influence_of(2)
    group = (9, 10)
    expected = [refitted(rows, {i}, rows[:1])[0][i] for i in range(sum(KINDS))]
    np.testing.assert_allclose(influence.left_out, expected, atol=0.15)
    rest = [i for i in range(17) if i not in group]
    both = np.array([refitted(rows, {*group, i}, rows[:1])[0][i] for i in rest])
    one = np.array([expected[i] for i in rest])
    sign = np.where(np.array(rest) < 8, 1, -1)
    grown = np.logaddexp(0, -sign * both) - np.logaddexp(0, -sign * one)
    gained = -(grown[sign > 0].mean() + grown[sign < 0].mean()) / 2 * len(rest)
    effect = influence.effect(group)
    assert effect.gained == pytest.approx(gained, abs=0.05)
    without = refitted(rows, set(group), rows[:1])[0]
    assert effect.margin == pytest.approx(-without[list(group)].mean(), abs=0.15)
    assert effect.evidence == pytest.approx(-effect.margin + 2 * effect.gained)


def some_of(kind: int) -> st.SearchStrategy[set[int]]:
    """No more of a kind than is ever suspected together."""
    start = sum(KINDS[:kind])
    most = int(MOST_TOGETHER * KINDS[kind])
    return st.sets(st.integers(start, start + KINDS[kind] - 1), max_size=most)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), parts=st.tuples(some_of(0), some_of(1), some_of(2)))
def test_whatever_may_be_suspected_the_numbers_without_it_are_near(
    seed: int, parts: tuple[set[int], ...]
) -> None:
    influence, _, rows = influence_of(seed)
    group = set().union(*parts)
    expected, _ = refitted(rows, group, rows[:1])
    found = influence.log_odds_without(tuple(sorted(group)))
    assert np.abs(found - expected[: sum(KINDS)]).max() < 0.4


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), group=st.sets(st.integers(0, 21), min_size=1, max_size=8))
def test_whatever_is_left_out_the_numbers_are_finite(seed: int, group: set[int]) -> None:
    """Near they are not: where one ordinary post is left to weigh what five did, one step of Newton's method is off by as
    much as it moves."""
    influence, _, _ = influence_of(seed)
    chosen = tuple(sorted(group))
    assert np.isfinite(influence.log_odds_without(chosen)).all()
    assert np.isfinite(influence.effect(chosen).evidence)


def test_a_whole_side_left_out_is_no_failure() -> None:
    influence, _, _ = influence_of(3)
    assert np.isfinite(influence.effect(tuple(range(8))).evidence)
    assert np.isfinite(influence.effect(tuple(range(8, 17))).margin)


def test_a_head_needs_both_sides() -> None:
    draw = Draw(0)
    with pytest.raises(ValueError, match="counterexample"):
        Influence(shots(draw.positives(3), draw.negatives(0)), draw.background)


def test_groups_are_single_rows_and_what_is_similar() -> None:
    draw = Draw(4)
    negatives = np.concatenate([draw.negatives(9), draw.near(draw.negatives(1), 3)])
    influence = Influence(shots(draw.positives(8), negatives), draw.background)
    groups = list(influence.groups())
    assert [group for group in groups if len(group) == 1] == [(i,) for i in range(20)]
    assert (17, 18, 19) in groups
    assert max(len(group) for group in groups if group[0] >= 8) <= 4
    assert influence.kind_of(9).tolist() == list(range(8, 20))


def test_average_linkage() -> None:
    points = np.array([0.0, 1.0, 5.0, 7.0, 30.0])
    found = linked(-np.abs(points[:, None] - points[None]))
    assert found == [(0, 1), (2, 3), (0, 1, 2, 3), (0, 1, 2, 3, 4)]
    assert linked(np.ones((1, 1))) == []
    assert linked(np.ones((0, 0))) == []
