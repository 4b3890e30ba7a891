"""The tail, and the union of categories."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.risk import Risk, cvar, log_risk, union

shares = st.lists(st.floats(0, 1), min_size=1, max_size=200)


def test_the_tail_is_the_mean_of_the_worst_twentieth() -> None:
    values = np.linspace(0, 0.99, 100)
    assert cvar(values) == pytest.approx(np.mean([0.95, 0.96, 0.97, 0.98, 0.99]))


def test_a_part_of_an_item_counts_for_a_part() -> None:
    values = np.array([1.0, 0.5] + [0.0] * 28)
    assert cvar(values) == pytest.approx((1.0 + 0.5 * 0.5) / 1.5)


def test_of_a_few_it_is_the_worst() -> None:
    assert cvar(np.array([0.1, 0.7, 0.3])) == pytest.approx(0.7)
    with pytest.raises(ValueError, match="no tail"):
        cvar(np.zeros(0))


@given(shares)
def test_the_tail_lies_between_mean_and_worst(values: list[float]) -> None:
    found = Risk.of(np.array(values))
    assert found.mean - 1e-9 <= found.tail <= found.worst + 1e-9


@given(shares, st.randoms())
def test_order_does_not_matter(values: list[float], chance: object) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cvar(np.array(values)) == pytest.approx(cvar(np.array(shuffled)))


def test_a_rare_severe_tail_shows_where_the_mean_hides_it() -> None:
    even, severe = np.full(100, 0.05), np.array([0.0] * 95 + [1.0] * 5)
    assert Risk.of(even).mean == pytest.approx(Risk.of(severe).mean)
    assert Risk.of(severe).tail == pytest.approx(1.0)
    assert Risk.of(even).tail == pytest.approx(0.05)


def test_log_risk_is_that_of_any_category() -> None:
    found = log_risk(np.array([[0.5, 0.5], [0.2, np.nan], [0.0, 0.0]]))
    assert union(found) == pytest.approx([0.75, 0.2, 0.0])
    assert found[0] == pytest.approx(2 * math.log(2))


def test_certainty_is_cut_off_and_finite() -> None:
    assert log_risk(np.array([[1.0]]))[0] == pytest.approx(6 * math.log(10))


def test_nothing_has_no_risk() -> None:
    assert Risk.of(np.zeros(0)).as_record() == {"items": 0, "mean": 0.0, "cvar95": 0.0, "worst": 0.0}
