"""Where items are decided, against every price tried."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.cascade.routing import EAGERNESS, best_plan, cost_of, decided_at, doubts, loss_points

#: Few different values, so that many are equal.
DOUBTS = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, np.inf])


@st.composite
def cascades(draw: st.DrawFn) -> tuple[list[np.ndarray], list[np.ndarray]]:
    stages, items = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    rows = st.lists(DOUBTS, min_size=items, max_size=items).map(np.array)
    masks = st.lists(st.booleans(), min_size=items, max_size=items).map(np.array)
    return [draw(rows) for _ in range(stages)], [draw(masks) for _ in range(stages)]


def every_price(stage_doubts: list[np.ndarray]) -> list[float]:
    """A price of each kind: at every doubt, and just above it."""
    finite = sorted({float(value) for row in stage_doubts for value in row if np.isfinite(value)})
    return sorted({0.0, 9.0, *finite, *(float(np.nextafter(value, np.inf)) for value in finite)})


def one_by_one(stage_doubts: list[np.ndarray], item: int, price: float) -> int:
    for stage, row in enumerate(stage_doubts):
        if row[item] < price:
            return stage
    return len(stage_doubts)


@given(cascades())
def test_the_first_stage_that_doubts_an_item_less_decides_it(
    drawn: tuple[list[np.ndarray], list[np.ndarray]],
) -> None:
    stage_doubts, _ = drawn
    for price in every_price(stage_doubts):
        expected = [one_by_one(stage_doubts, item, price) for item in range(len(stage_doubts[0]))]
        assert decided_at(stage_doubts, price).tolist() == expected


@given(cascades())
def test_no_more_is_left_and_nothing_is_decided_later_at_a_higher_price(
    drawn: tuple[list[np.ndarray], list[np.ndarray]],
) -> None:
    stage_doubts, _ = drawn
    at = [decided_at(stage_doubts, price) for price in every_price(stage_doubts)]
    assert (at[0] == len(stage_doubts)).all(), "at a price of 0 nothing is decided early"
    assert all((later <= before).all() for before, later in pairwise(at))


@given(cascades())
def test_a_loss_point_is_the_least_price_at_which_or_below_which_a_decision_was_wrong(
    drawn: tuple[list[np.ndarray], list[np.ndarray]],
) -> None:
    stage_doubts, wrong = drawn
    points = loss_points(stage_doubts, wrong)
    full = np.zeros(len(points), bool)
    ever = np.zeros(len(points), bool)
    for price in every_price(stage_doubts):
        at = decided_at(stage_doubts, price)
        ever |= np.stack([*wrong, full])[at, np.arange(len(points))]
        # The running maximum over prices is the indicator of the loss point, exactly.
        assert (ever == (points < price)).all()


def test_nan_and_no_category_are_never_decided() -> None:
    assert doubts(np.array([[np.nan], [2.0]])).tolist() == [np.inf, pytest.approx(1 / (1 + np.exp(2)))]
    assert doubts(np.array([[9.0, np.nan]]))[0] == np.inf
    assert doubts(np.empty((2, 0))).tolist() == [np.inf, np.inf]
    assert decided_at([doubts(np.full((3, 1), np.nan))], 1e9).tolist() == [1, 1, 1]


def test_doubt_is_that_of_the_least_sure_category_on_either_side_of_even() -> None:
    found = doubts(np.array([[3.0, -1.0], [-3.0, 1.0], [1e9, -1e9]]))
    assert found[0] == found[1] == pytest.approx(1 / (1 + np.exp(1)))
    assert found[2] == 0.0
    np.testing.assert_allclose(doubts(np.array([[1.0]]), 0.1), 10 * doubts(np.array([[1.0]])))
    for eagerness in (0.0, -1.0):
        with pytest.raises(ValueError, match="eager"):
            doubts(np.zeros((1, 1)), eagerness)


@given(cascades(), st.lists(st.floats(0.0, 5.0), min_size=4, max_size=4))
def test_costs_are_those_of_each_item_one_by_one(
    drawn: tuple[list[np.ndarray], list[np.ndarray]], seconds: list[float]
) -> None:
    stage_doubts, _ = drawn
    own = seconds[: len(stage_doubts)]
    for price in every_price(stage_doubts):
        at = decided_at(stage_doubts, price)
        spent = [sum([*own, seconds[3]][: stage + 1]) for stage in at]
        cost, shares = cost_of(stage_doubts, price, own, seconds[3])
        assert cost == pytest.approx(np.mean(spent))
        assert shares == pytest.approx([(at == stage).mean() for stage in range(len(stage_doubts) + 1)])


def test_nothing_costs_nothing_and_no_stage_is_no_cascade() -> None:
    assert cost_of([np.empty(0)], 0.5, [1.0], 2.0) == (0.0, (0.0, 0.0))
    with pytest.raises(ValueError, match="early stage"):
        decided_at([], 0.5)


def test_the_best_plan_is_the_cheapest_of_all() -> None:
    generator = np.random.default_rng(5)
    log_odds = [generator.normal(scale=scale, size=(60, 2)) for scale in (1.0, 4.0)]
    wrong = [generator.random(60) < share for share in (0.3, 0.05)]
    missed = [mask & (generator.random(60) < 0.5) for mask in wrong]
    seconds, full = [0.01, 0.2], 1.0

    def price_of(of_wrong: np.ndarray, of_missed: np.ndarray) -> float:
        return float(min(np.sort(of_wrong)[4], np.sort(of_missed)[2]))

    plan = best_plan(log_odds, wrong, missed, seconds, full, price_of)
    costs = {}
    for eagerness in product(EAGERNESS, repeat=2):
        rows = [doubts(odds, eager) for odds, eager in zip(log_odds, eagerness, strict=True)]
        price = price_of(loss_points(rows, wrong), loss_points(rows, missed))
        costs[eagerness] = cost_of(rows, price, seconds, full)[0]
    # Plans in which no stage is as eager as can be are the others at another price.
    assert plan.cost == pytest.approx(min(costs.values()))
    assert costs[plan.eagerness] == plan.cost
    assert len(set(costs.values())) > 3, "plans differ"


def test_a_plan_without_a_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="no plan"):
        best_plan([], [], [], [], 1.0, lambda _wrong, _missed: 1.0)
